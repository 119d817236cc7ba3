/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The input is all that a client sends; every answer must be one line of
 * valid JSON, and not one may be more than there are lines.  The gateway
 * here runs calls on the spot and gives arguments back.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "config/scope.h"
#include "mcp/mcp.h"
#include "tools/approvalform.h"
#include "tools/instructions.h"
#include "tools/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Answers hold what came in, escaped, twice. */
static const struct json_bounds answer_bounds = {
	.bytes = 64 << 20, .depth = 64, .values = 1000000
};

/* Without what it does; calls of it give arguments back, too. */
const struct tool approval_form_row = {
	.name = "ibkr_approvals_create",
	.scope = "ibkr:health:read",
};

static char thing; /* stands for a gateway and for a call */

struct call *
gateway_call_new(const struct gateway *gateway, const struct tool *tool)
{
	(void)tool;
	(void)gateway;
	return (void *)&thing;
}

void
call_unref(struct call *call)
{
	(void)call;
}

void
call_cancel(struct call *call)
{
	(void)call;
}

int
gateway_run(struct gateway *gateway, void (*run)(void *arg), void *arg)
{
	(void)gateway;
	run(arg);
	return 0;
}

bool
gateway_is_idle(struct gateway *gateway)
{
	(void)gateway;
	return true;
}

bool
gateway_lend(struct gateway *gateway)
{
	(void)gateway;
	return true;
}

void
gateway_take_back(struct gateway *gateway)
{
	(void)gateway;
}

int
gateway_run_reserved(struct gateway *gateway, void (*run)(void *arg), void *arg)
{
	return gateway_run(gateway, run, arg);
}

int
gateway_call(struct gateway *gateway, const struct tool_request *request,
    struct tool_result *result)
{
	(void)gateway;
	result->is_unknown_tool = strcmp(request->name, "ibkr_none") == 0;
	result->is_error = strcmp(request->name, "ibkr_fail") == 0;
	if (request->arguments)
		json_write(&result->json, request->arguments, 0);
	else
		buf_str(&result->json, "{}");
	return result->is_error
		   ? err_set(&result->err, ERR_INTERNAL_ERROR, "as asked for")
		   : 0;
}

void
tool_result_init(struct tool_result *result)
{
	*result = (struct tool_result){ .is_error = false };
}

void
tool_result_fini(struct tool_result *result)
{
	buf_fini(&result->json);
	err_fini(&result->err);
}

const struct tool *
tool_find(const char *name)
{
	static const struct tool tool = { .scope = "ibkr:health:read" };

	return *name ? &tool : NULL;
}

const struct config *
gateway_config(const struct gateway *gateway)
{
	(void)gateway;
	return NULL;
}

void
instructions_write(
    struct buf *out, const struct config *config, uint64_t scopes)
{
	(void)config;
	(void)scopes;
	buf_str(out, "as it is told");
}

void
schema_tool_list(struct buf *out, const struct config *config, uint64_t scopes,
    unsigned flags)
{
	(void)config;
	(void)scopes;
	(void)flags;
	buf_str(out, "[]");
}

static size_t
count_lines(const uint8_t *data, size_t size)
{
	size_t count = size > 0 && data[size - 1] != '\n';

	for (size_t i = 0; i < size; i++)
		count += data[i] == '\n';
	return count;
}

static void
check_answers(int fd, size_t most)
{
	off_t size = lseek(fd, 0, SEEK_END);
	CLEANUP_FREE char *text = malloc((size_t)size + 1);
	const char *line = text;
	const char *end = text + size;

	if (!text || pread(fd, text, (size_t)size, 0) != size)
		abort();
	for (; line < end; most--) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));

		if (!newline || most == 0 ||
		    json_check(line, (size_t)(newline - line), &answer_bounds,
			NULL) < 0)
			abort();
		line = newline + 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct principal principal = { .name = "agent:fuzz",
		.kind = PRINCIPAL_AGENT,
		.scopes = UINT64_MAX };
	CLEANUP_CLOSE int in = memfd_create("in", MFD_CLOEXEC);
	CLEANUP_CLOSE int out = memfd_create("out", MFD_CLOEXEC);

	if (in < 0 || out < 0 || pwrite(in, data, size, 0) != (ssize_t)size)
		abort();
	if (mcp_serve(&registry_gateway, (void *)&thing, &principal, in, out,
		-1, NULL) != 0)
		abort();
	check_answers(out, count_lines(data, size));
	return 0;
}

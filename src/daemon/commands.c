/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "daemon/commands.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/secret.h"
#include "daemon/program.h"
#include "gateway/credential.h"
#include "mcp/answer.h"
#include "mcp/lifecycle.h"
#include "mcp/task.h"
#include "sidecar/operations.h"

static void
call_answer(
    struct buf *out, const struct task *task, const struct tool_result *result)
{
	answer_begin(out, task->message.id, task->era);
	answer_member(out, "isError");
	buf_str(out, result->is_error ? "true" : "false");
	answer_member(out, "result");
	buf_add(out, buf_text(&result->json), result->json.len);
	answer_end(out);
}

/* What only the operator has; NULL: a tool, or nothing. */
static const struct tool *
operation_find(const char *name)
{
	if (strcmp(name, program_operation.name) == 0)
		return &program_operation;
	for (size_t i = 0; i < operation_count; i++) {
		if (strcmp(operation_table[i].name, name) == 0)
			return &operation_table[i];
	}
	for (size_t i = 0; i < sidecar_operation_count; i++) {
		if (strcmp(sidecar_operations[i].name, name) == 0)
			return &sidecar_operations[i];
	}
	return NULL;
}

/* Short and visible, since it goes into the record. */
static bool
take_request_id(struct task_extra *extra, const char *id)
{
	size_t len = strlen(id);

	if (len >= sizeof extra->request_id)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (id[i] < 0x21 || id[i] > 0x7e)
			return false;
	}
	memcpy(extra->request_id, id, len + 1);
	return true;
}

/* The operator says to be at a terminal, or shows what stands for one. */
static void
take_place(const struct session *session, struct json_object *params,
    struct task_extra *extra)
{
	const char *shown = json_get_str(params, "credential", NULL);
	struct secret *secret = NULL;

	if (!shown) {
		extra->is_local = json_get_bool(params, "local", false);
		return;
	}
	secret = secret_new(shown, strlen(shown));
	extra->is_local =
	    secret && credential_check(gateway_config(session->gateway), secret,
			  &extra->local_fault) == 0;
	secret_free(secret);
}

/* Flags only narrow; what widens is for operators. */
static struct task_extra *
extra_new(const struct session *session, struct json_object *params)
{
	struct json_object *flags = json_get(params, "flags");
	struct task_extra *extra = calloc(1, sizeof *extra);
	bool is_operator = session->principal.kind == PRINCIPAL_OPERATOR;

	if (!extra)
		return NULL;
	extra->flags = order_flags_none;
	if (flags) {
		extra->flags.preview = json_get_bool(flags, "preview", false);
		extra->flags.paper = json_get_bool(flags, "paper", false);
		extra->flags.live = json_get_bool(flags, "live", false);
		extra->flags.acknowledged =
		    is_operator && json_get_bool(flags, "acknowledged", false);
	}
	if (is_operator)
		take_place(session, params, extra);
	return extra;
}

static void
call_handle(struct session *session, struct request *request, struct buf *out)
{
	struct json_object *params = request->message->params;
	struct json_object *arguments = json_get(params, "arguments");
	const char *name = json_get_str(params, "name", NULL);
	struct task_extra *extra;

	if (!name ||
	    (arguments && !json_object_is_type(arguments, json_type_object))) {
		answer_error(out, request->message->id, RPC_INVALID_PARAMS,
		    NULL, "'name' must be a string and 'arguments' an object");
		return;
	}
	extra = extra_new(session, params);
	if (!extra) {
		answer_error(out, request->message->id, RPC_INTERNAL_ERROR,
		    NULL, "no memory for the call");
		return;
	}
	if (!take_request_id(extra, json_get_str(params, "request_id", ""))) {
		task_extra_free(extra);
		answer_error(out, request->message->id, RPC_INVALID_PARAMS,
		    NULL,
		    "'request_id' must be at most 128 visible ascii "
		    "characters");
		return;
	}
	task_start_extra(session, request, name, operation_find(name),
	    json_object_get(arguments), extra, call_answer, out);
}

static const struct method methods[] = {
	{ COMMANDS_CALL, ERA_LEGACY, call_handle, true },
};

const struct registry registry_socket = {
	.methods = methods,
	.method_count = ARRAY_COUNT(methods),
	.base = &registry_gateway,
	.hello_legacy = lifecycle_hello,
	.hello_modern = lifecycle_hello,
	.instruct = lifecycle_instruct,
	.call = gateway_call,
};

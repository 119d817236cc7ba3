/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Answers of plugins.  The first byte chooses the tool, the second how the
 * answer is given; the rest is the answer.  What the host takes is JSON, and
 * what the tool table lets through passes it a second time unchanged.  The
 * same bytes as an error text must come out as one line of valid UTF-8.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "host/context.h"
#include "tools/schema.h"
#include "tools/tool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int ok)
{
	if (!ok)
		abort();
}

static const struct plugin *
make_plugin(void)
{
	static struct plugin plugin;

	plugin.desc.kind = IAG_KIND_BACKEND;
	plugin.desc.name = "fuzz";
	return &plugin;
}

/* Nothing of the table may break on a second look. */
static void
check_twice(const struct tool *tool, struct json_object *root)
{
	CLEANUP_JSON struct json_object *again = NULL;
	CLEANUP_BUF struct buf first = BUF_INIT;
	CLEANUP_BUF struct buf second = BUF_INIT;

	if (schema_check_output(tool, root, NULL) != 0)
		return;
	json_write(&first, root, 0);
	must(json_parse(buf_text(&first), first.len, &json_bounds_default,
		 &again, NULL) == 0);
	must(schema_check_output(tool, again, NULL) == 0);
	json_write(&second, again, 0);
	must(first.len == second.len &&
	     memcmp(first.data, second.data, first.len) == 0);
}

static void
check_answer(const struct iag_ctx *ctx, const struct tool *tool)
{
	CLEANUP_JSON struct json_object *root = NULL;

	if (!ctx->answer.json)
		return;
	must(ctx->answer.receipt_ns != 0);
	must(ctx->answer.len <= CONTEXT_REPLY_MAX);
	must(json_parse(ctx->answer.json, ctx->answer.len, &json_bounds_default,
		 &root, NULL) == 0);
	if (json_object_is_type(root, json_type_object))
		check_twice(tool, root);
}

static void
check_error(struct iag_ctx *ctx, const char *text)
{
	CLEANUP_BUF struct buf quoted = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;
	const char *p;
	int32_t r = services_table.fail(ctx, IAG_AUTH, text, "%s", text);

	must(r == IAG_AUTH);
	(void)context_result(ctx, r, &err);
	must(err.code != ERR_NONE);
	for (p = err_text(&err); *p; p++)
		must((unsigned char)*p >= 0x20);
	json_write_string(&quoted, err_text(&err), strlen(err_text(&err)));
	must(json_check(buf_text(&quoted), quoted.len, NULL, NULL) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct iag_reply_meta meta = { .struct_size = sizeof meta };
	struct iag_ctx *ctx;
	const struct tool *tool;
	char *text;

	if (size < 2)
		return 0;
	ctx = context_new(make_plugin(), "fuzz", NULL, UINT64_MAX);
	text = malloc(size - 1);
	must(ctx && text);
	memcpy(text, data + 2, size - 2);
	text[size - 2] = '\0';
	tool = &tool_table[data[0] % tool_count];
	ctx->takes_reply = true;
	/* a table of another minor: shorter or longer than ours */
	meta.struct_size = data[1] & 1 ? sizeof meta : data[1] % 24;
	meta.flags = data[1];
	(void)services_table.reply(
	    ctx, data[1] & 2 ? NULL : &meta, text, size - 2);
	check_answer(ctx, tool);
	if (data[1] & 4)
		must(services_table.reply(ctx, NULL, text, size - 2) ==
		     IAG_INVAL);
	check_error(ctx, text);
	free(text);
	context_unref(ctx);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* See judge.h: the gateway's own way with an answer, without a gateway. */

#include "tools/judge.h"

#include <string.h>

#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/nearest.h"
#include "config/config.h"
#include "tools/answer.h"
#include "tools/tool.h"

static const struct tool *
find_tool(const char *operation)
{
	for (size_t i = 0; i < tool_count; i++) {
		const struct tool *tool = &tool_table[i];

		if (tool->operation && !tool->handler &&
		    strcmp(tool->operation, operation) == 0)
			return tool;
	}
	return NULL;
}

/* A value for an argument that an operation needs. */
static const char *
sample_of(const struct field *field)
{
	static const struct {
		const char *name, *value;
	} samples[] = {
		{ "account_id", "DU1234567" },
		{ "contract_id", "265598" },
		{ "symbol", "AAPL" },
		{ "query", "AAPL" },
		{ "duration", "1d" },
		{ "bar_size", "1h" },
		{ "expiry", "2027-01-15" },
		{ "broker_order_id", "no-such-order" },
		{ "article_id", "no-such-article" },
		{ "base_currency", "USD" },
		{ "quote_currency", "EUR" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(samples); i++)
		if (strcmp(samples[i].name, field->name) == 0)
			return samples[i].value;
	return NULL;
}

static void
sample_arguments(const char *operation, struct buf *out)
{
	const struct tool *tool = find_tool(operation);
	const char *comma = "";

	buf_char(out, '{');
	for (const struct field *f = tool ? tool->input : NULL; f && f->name;
	     f++) {
		const char *value = sample_of(f);

		if (!(f->flags & FIELD_REQUIRED) || !value)
			continue;
		buf_printf(out, "%s\"%s\":\"%s\"", comma, f->name, value);
		comma = ",";
	}
	buf_char(out, '}');
}

/* Members that are taken out of the answer, each once. */
static void
say_strangers(
    const struct field *fields, struct json_object *object, struct buf *out)
{
	json_object_object_foreach (object, key, member) {
		struct nearest nearest = NEAREST_INIT(key);
		const struct field *f = fields;

		for (; f->name && strcmp(f->name, key) != 0; f++)
			nearest_add(&nearest, f->name);
		if (!f->name) {
			buf_printf(out, "%s'%.64s'", out->len ? ", " : "", key);
			nearest_write(&nearest, out);
			continue;
		}
		if (f->fields && json_object_is_type(member, json_type_array) &&
		    json_object_array_length(member))
			member = json_object_array_get_idx(member, 0);
		if (f->fields && json_object_is_type(member, json_type_object))
			say_strangers(f->fields, member, out);
	}
}

static int
judge_answer(const char *operation, const struct answer *answer,
    struct buf *strangers, struct err *err)
{
	const struct tool *tool = find_tool(operation);
	struct json_object *told CLEANUP_JSON = NULL;
	struct json_object *result CLEANUP_JSON = NULL;
	struct json_object *arguments CLEANUP_JSON = json_object_new_object();
	struct config *config = config_new();
	struct tool_house house = { .config = config };
	struct tool_call call = {
		.house = &house, .tool = tool, .arguments = arguments
	};
	int ret = 0;

	if (tool && config && arguments)
		ret = answer_accept(&call, answer, &result, err);
	/* late or sparse market data are no fault of the plugin's form */
	if (ret && err->code != ERR_BROKER_RESPONSE_INVALID) {
		err_fini(err);
		ret = 0;
	}
	if (tool &&
	    json_parse(answer->json, answer->len, &json_bounds_default, &told,
		NULL) == 0 &&
	    json_object_is_type(told, json_type_object))
		say_strangers(tool->output, told, strangers);
	config_free(config);
	return ret;
}

static bool
is_known(const char *operation)
{
	/* of a preview, and no tool's */
	if (strcmp(operation, "order_whatif") == 0)
		return true;
	for (size_t i = 0; i < tool_count; i++)
		if (tool_table[i].operation &&
		    strcmp(tool_table[i].operation, operation) == 0)
			return true;
	return false;
}

const struct plugin_judge tools_judge = {
	.is_known = is_known,
	.arguments = sample_arguments,
	.answer = judge_answer,
};

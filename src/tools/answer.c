/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A backend is not trusted with more than its data: completeness, ages and
 * account hashes are the host's, and nothing passes that the tool table does
 * not name.
 */

#include "tools/answer.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "ibkr-agent/plugin.h"
#include "tools/policy.h"
#include "tools/schema.h"

const char *
answer_backend_name(const struct tool_house *house)
{
	return house->backend ? plugin_name(instance_plugin(house->backend))
			      : "none";
}

/*
 * A backend that only says that something does not exist means what the call
 * names most closely; these are its codes (reference.md section 5).
 */
static const struct {
	const char *field, *noun;
	enum err_code code;
} named[] = {
	{ "broker_order_id", "order", ERR_BROKER_CAPABILITY_UNAVAILABLE },
	{ "contract_id", "contract", ERR_INPUT_INVALID_CONTRACT },
	{ "symbol", "symbol", ERR_INPUT_INVALID_CONTRACT },
	{ "article_id", "article", ERR_INPUT_INVALID },
	{ "account_id", "account", ERR_INPUT_UNAUTHORIZED_ACCOUNT },
};

static int
missing_failed(const struct tool_call *call, int class, struct err *err)
{
	for (size_t i = 0; i < ARRAY_COUNT(named); i++) {
		const char *value =
		    json_get_str(call->arguments, named[i].field, NULL);

		if (!value)
			continue;
		class = err_set(err, named[i].code,
		    "the broker knows no %s '%s': %s", named[i].noun, value,
		    err_text(err));
		if (err)
			err->missing = true;
		break;
	}
	return class;
}

/* Say whose fault it is, where the host has not said so already. */
static int
query_failed(const struct tool_call *call, int class, struct err *err)
{
	if (strncmp(err_text(err), "backend '", 9) != 0)
		(void)err_wrap(
		    err, "backend '%s'", answer_backend_name(call->house));
	return class;
}

int
answer_query(const struct tool_call *call, const char *arguments,
    struct answer *ret_answer, struct err *err)
{
	const struct tool_house *house = call->house;
	const char *operation = call->tool->operation;
	int ret;

	if (!house->backend && house->backend_fault)
		return err_set(err, house->backend_fault->code,
		    "the backend could not be opened: %s",
		    err_text(house->backend_fault));
	if (!house->backend)
		return err_set(
		    err, ERR_BROKER_BACKEND_UNAVAILABLE, "no backend is open");
	if (!backend_has(house->backend, operation))
		return err_set(err, ERR_BROKER_CAPABILITY_UNAVAILABLE,
		    "the backend '%s' does not offer '%s'",
		    answer_backend_name(house), operation);
	ret = backend_query(
	    house->backend, call->call, operation, arguments, ret_answer, err);
	if (ret == 0)
		return 0;
	if (err && err->missing && err->code == ERR_INPUT_INVALID)
		ret = missing_failed(call, ret, err);
	return query_failed(call, ret, err);
}

static const struct field *
output_find(const struct field *fields, const char *name)
{
	for (; fields->name; fields++) {
		if (strcmp(fields->name, name) == 0)
			return fields;
	}
	return NULL;
}

/*
 * A first read, or one with pages behind it, is never shown as complete
 * (invariant 11); a result that could not say so is not shown.
 */
static int
complete_fill(const struct tool *tool, const struct answer *answer,
    struct json_object *result, struct err *err)
{
	bool cold = answer->flags & IAG_REPLY_COLD;
	bool complete = answer->flags & IAG_REPLY_COMPLETE && !cold &&
			json_get_bool(result, "complete", true) &&
			!json_get(result, "next");

	if (output_find(tool->output, "complete")) {
		if (json_add_bool(result, "complete", complete))
			return err_no_memory(err);
		return 0;
	}
	if (cold && tool->flags & TOOL_MARKET_DATA)
		return err_set(err, ERR_MARKET_DATA_INCOMPLETE,
		    "the first read of this market data is not complete yet; "
		    "repeat the call");
	if (cold)
		return err_set(err, ERR_BROKER_BACKEND_UNAVAILABLE,
		    "the broker's first answer is not complete yet; repeat "
		    "the call");
	return 0;
}

/* Only the host can name an account as the audit does. */
static void
hash_fill(const struct tool_call *call, struct json_object *row)
{
	const char *account = json_get_str(row, "account_id", NULL);
	char hex[HASH_HEX_SIZE];

	json_object_object_del(row, "account_id_hash");
	if (!account)
		return;
	if (call->house->journal)
		journal_account_hash(call->house->journal, account, hex);
	else /* a plugin is judged, nobody is shown it */
		(void)snprintf(hex, sizeof(hex), "%064d", 0);
	(void)json_add_str(row, "account_id_hash", hex);
}

static void
hashes_fill(const struct tool_call *call, struct json_object *result)
{
	for (const struct field *f = call->tool->output; f->name; f++) {
		struct json_object *list = json_get(result, f->name);
		size_t count;

		if (f->type != FIELD_ARRAY || !f->fields ||
		    !output_find(f->fields, "account_id_hash") ||
		    !json_object_is_type(list, json_type_array))
			continue;
		count = json_object_array_length(list);
		for (size_t i = 0; i < count; i++) {
			struct json_object *row =
			    json_object_array_get_idx(list, i);

			if (json_object_is_type(row, json_type_object))
				hash_fill(call, row);
		}
	}
}

static bool
names_other(struct json_object *object, const char *account)
{
	const char *told = json_get_str(object, "account_id", NULL);

	return told && strcmp(told, account) != 0;
}

/* An answer about another account than asked must not reach a caller. */
static int
account_check(
    const struct tool_call *call, struct json_object *result, struct err *err)
{
	const char *asked = json_get_str(call->arguments, "account_id", NULL);
	bool other = asked && names_other(result, asked);

	for (const struct field *f = call->tool->output; asked && f->name;
	     f++) {
		struct json_object *list = json_get(result, f->name);

		if (f->type != FIELD_ARRAY || !f->fields || !list)
			continue;
		for (size_t i = 0; i < json_object_array_length(list); i++)
			other |= names_other(
			    json_object_array_get_idx(list, i), asked);
	}
	if (other)
		return err_set(err, ERR_BROKER_RESPONSE_INVALID,
		    "the answer is about another account than the one asked "
		    "for");
	return 0;
}

static int
result_settle(const struct tool_call *call, const struct answer *answer,
    struct json_object *result, struct err *err)
{
	const struct tool *tool = call->tool;
	int ret;

	if (!json_object_is_type(result, json_type_object))
		return err_set(
		    err, ERR_BROKER_RESPONSE_INVALID, "expected an object");
	ret = complete_fill(tool, answer, result, err);
	if (ret)
		return ret;
	hashes_fill(call, result);
	if (tool->flags & TOOL_MARKET_DATA) {
		ret = policy_apply(call->house->config, tool, answer,
		    clock_real_ns(), result, err);
		if (ret)
			return ret;
	}
	ret = schema_check_output(tool, result, err);
	return ret ? ret : account_check(call, result, err);
}

int
answer_accept(const struct tool_call *call, const struct answer *answer,
    struct json_object **ret_result, struct err *err)
{
	CLEANUP_JSON struct json_object *result = NULL;
	int ret;

	ret = json_parse(
	    answer->json, answer->len, &json_bounds_default, &result, err);
	if (ret)
		ret = err_set(err, ERR_BROKER_RESPONSE_INVALID, "%s",
		    err ? err_text(err) : "no JSON");
	else
		ret = result_settle(call, answer, result, err);
	if (ret) {
		(void)err_wrap(err, "backend '%s': answer to '%s'",
		    answer_backend_name(call->house), call->tool->operation);
		return ret;
	}
	*ret_result = result;
	result = NULL;
	return 0;
}

int
answer_read(const struct tool_call *call, const char *arguments,
    struct json_object **ret_result, struct err *err)
{
	struct answer answer = { .json = NULL };
	int ret = answer_query(call, arguments, &answer, err);

	if (ret)
		return ret;
	ret = answer_accept(call, &answer, ret_result, err);
	answer_fini(&answer);
	return ret;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "orders/whatif.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

static const char operation[] = "order_whatif";

static int
arguments_write(const struct order *order, struct buf *out, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	const struct {
		const char *name, *text;
	} members[] = {
		{ "account_id", order->account },
		{ "contract_id", order->contract_id },
		{ "symbol", order->symbol },
		{ "asset_class", order->asset_class },
		{ "exchange", order->exchange },
		{ "currency", order->currency },
		{ "side", order_side_name(order->side) },
		{ "order_type", order_type_name(order->type) },
		{ "time_in_force", order_tif_name(order->tif) },
		{ "quantity", order->quantity },
		{ "limit_price", order->limit_price },
		{ "stop_price", order->stop_price },
		{ "trailing_amount", order->trailing_amount },
		{ "trailing_percent", order->trailing_percent },
	};
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < ARRAY_COUNT(members); i++)
		ret = json_add_str(obj, members[i].name, members[i].text);
	ret = ret ? ret : json_canon(out, obj, err);
	return ret || out->failed ? err_set(err, ERR_OUT_OF_MEMORY,
					"no memory to ask about an order")
				  : 0;
}

static int
invalid(struct err *err, const char *name, const char *expected)
{
	return err_set(err, ERR_BROKER_RESPONSE_INVALID,
	    "the backend's answer to '%s' has a %s that is not %s", operation,
	    name, expected);
}

static int
money_check(struct json_object *answer, const char *name, struct err *err)
{
	struct json_object *money = json_get(answer, name);
	const char *amount = json_get_str(money, "amount", "");
	const char *currency = json_get_str(money, "currency", "");

	if (!money || (dec_is_text(amount) && strlen(currency) == 3))
		return 0;
	return invalid(err, name, "an amount and a currency");
}

/* Each item is a text, or has the member as a text. */
static int
list_check(struct json_object *answer, const char *name, const char *member,
    struct err *err)
{
	struct json_object *list = json_get(answer, name);
	size_t count = 0;

	if (json_object_is_type(list, json_type_array))
		count = json_object_array_length(list);
	else if (list)
		return invalid(err, name, "a list");
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (member)
			item = json_get(item, member);
		if (!json_object_is_type(item, json_type_string))
			return invalid(err, name, "a list of texts");
	}
	return 0;
}

int
whatif_check(struct json_object *answer, struct err *err)
{
	struct json_object *refusal = json_get(answer, "refusal");
	int ret;

	if (!json_object_is_type(answer, json_type_object))
		return invalid(err, "form", "an object");
	if (refusal && !json_object_is_type(refusal, json_type_string))
		return invalid(err, "refusal", "a text");
	ret = money_check(answer, "commission", err);
	ret = ret ? ret : money_check(answer, "margin_impact", err);
	ret = ret ? ret : list_check(answer, "warnings", NULL, err);
	ret = ret ? ret : list_check(answer, "questions", "message_id", err);
	return ret ? ret : list_check(answer, "questions", "text", err);
}

int
whatif_ask(struct instance *backend, struct call *call,
    const struct order *order, struct json_object **ret_answer, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct answer answer = { .json = NULL };
	int ret;

	*ret_answer = NULL;
	if (!backend || !backend_has(backend, operation))
		return 0;
	ret = arguments_write(order, &text, err);
	if (ret == 0)
		ret = backend_query(
		    backend, call, operation, buf_text(&text), &answer, err);
	/* one that asks another machine may find it out late */
	if (ret && err && err->code == ERR_BROKER_CAPABILITY_UNAVAILABLE) {
		err_fini(err);
		*err = (struct err)ERR_INIT;
		return 0;
	}
	if (ret)
		return ret;
	ret = json_parse(
	    answer.json, answer.len, &json_bounds_default, &obj, err);
	answer_fini(&answer);
	ret = ret ? ret : whatif_check(obj, err);
	if (ret == 0)
		*ret_answer = STEAL(obj);
	return ret;
}

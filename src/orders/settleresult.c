/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What callers read: the lifecycle record of a write, and the fault of one
 * that did not come to be.  Members stand in the order of the tools' output
 * fields, so that the audit's hash is over what the caller gets.
 */

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "orders/settle.h"
#include "orders/settlement.h"

static int
notional_add(struct json_object *obj, const struct order *order)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_DEC struct dec price, notional;
	int ret = 0;

	dec_init(&price);
	dec_init(&notional);
	/* what cannot be told is left out */
	if (order->limit_price &&
	    dec_parse(&price, order->limit_price, NULL) == 0 &&
	    order_notional(order, &price, &notional, NULL) == 0 &&
	    dec_format(&text, &notional, NULL) == 0)
		ret = json_add_str(obj, "notional", buf_text(&text));
	return text.failed ? IAG_NOMEM : ret;
}

static int
row_add(struct json_object *obj, const struct order_row *row)
{
	int ret = json_add_str(obj, "status", order_status_name(row->status));

	if (ret == 0)
		ret = json_add_str(obj, "broker_status", row->broker_status);
	if (ret == 0)
		ret =
		    json_add_str(obj, "filled_quantity", row->filled_quantity);
	if (ret == 0)
		ret =
		    json_add_str(obj, "average_fill_price", row->average_price);
	return ret;
}

static int
who_add(struct json_object *obj, const struct intent *intent,
    const struct order_row *row)
{
	int ret = json_add_str(obj, "account_id", intent->account);

	if (ret == 0)
		ret = json_add_str(obj, "broker_order_id",
		    row ? row->broker_order_id : intent->broker_order_id);
	if (ret == 0)
		ret = json_add_str(obj, "client_order_id", intent->client_ref);
	if (ret == 0)
		ret = json_add_str(obj, "idempotency_key", intent->key);
	if (ret == 0)
		ret = json_add_str(obj, "mode", order_mode_name(intent->mode));
	if (ret == 0)
		ret = json_add_str(
		    obj, "operation", order_operation_name(intent->operation));
	return ret;
}

static int
rest_add(struct json_object *obj, const struct intent *intent)
{
	char time[CLOCK_TEXT_SIZE];
	int ret = json_add_str(obj, "writer", intent->writer);

	if (ret == 0 && intent->simulated)
		ret = json_add_bool(obj, "simulated", true);
	if (ret == 0)
		ret = json_add_str(obj, "separation", intent->separation);
	clock_format(
	    intent->settled_ns ? intent->settled_ns : intent->recorded_ns,
	    time);
	return ret ? ret : json_add_str(obj, "updated_at", time);
}

int
settle_result(const struct intent *intent, const struct order_row *row,
    struct buf *out, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	int ret = obj ? who_add(obj, intent, row) : IAG_NOMEM;

	if (ret == 0 && row)
		ret = row_add(obj, row);
	if (ret == 0 && intent->has_order)
		ret = notional_add(obj, &intent->order);
	if (ret == 0)
		ret = rest_add(obj, intent);
	if (ret)
		return err_no_memory(err);
	json_write(out, obj, 0);
	return 0;
}

static void
member(struct buf *out, const char *name, const char *text)
{
	if (!text)
		return;
	buf_printf(out, ",\"%s\":", name);
	json_write_string(out, text, strlen(text));
}

void
settlement_fault_write(struct buf *out, const struct err *fault)
{
	buf_printf(out, "{\"code\":\"%s\"", err_kind(fault->code)->name);
	member(out, "message", err_text(fault));
	member(out, "action", err_user_action(fault));
	member(out, "details", fault->details);
	buf_char(out, '}');
}

int
settlement_fault_read(const char *text, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	const char *code, *action, *details;

	if (!text ||
	    json_parse(text, strlen(text), &json_bounds_default, &obj, NULL))
		return err_set(err, ERR_INTERNAL_ERROR,
		    "the write failed, and nothing more is known");
	code = json_get_str(obj, "code", "INTERNAL_ERROR");
	action = json_get_str(obj, "action", NULL);
	details = json_get_str(obj, "details", NULL);
	err_set(err, err_code_find(code), "%s",
	    json_get_str(obj, "message", "the write failed"));
	if (action)
		err_action(err, "%s", action);
	if (details)
		err_details(err, details);
	if (err)
		err->retryable = false; /* it is told again, not done again */
	return err_class(err);
}

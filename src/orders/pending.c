/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * `orders pending`: what is not settled, and orders that the broker does not
 * show any more, from the journal alone, with what may have happened and what
 * to do about it.
 */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "orders/departed.h"
#include "orders/pass.h"

/* More than anybody reads; an answer has to end somewhere. */
#define ROWS_MAX 1000

struct pending {
	struct order_call *call;
	const char *account; /* NULL: all */
	struct intent_list list;
	struct order_row_list unshown;
};

/* A bracket is shown by its legs, but when it waits for their cancels. */
static bool
is_shown(const struct intent *intent)
{
	return intent->operation != OPERATION_GROUP ||
	       (intent->state == INTENT_UNKNOWN && intent->error);
}

static int
pending_take(struct intent *intent, void *arg, struct err *err)
{
	struct pending *pending = arg;

	if (!is_shown(intent) ||
	    (pending->account &&
		strcmp(pending->account, intent->account) != 0))
		return 0;
	return intent_list_take(intent, &pending->list, err);
}

static int
unshown_take(struct order_row *row, void *arg, struct err *err)
{
	struct pending *pending = arg;

	if (!row->unshown_ns ||
	    (pending->account && strcmp(pending->account, row->account) != 0))
		return 0;
	return order_row_list_take(row, &pending->unshown, err);
}

static int
pending_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct pending *pending = arg;
	int ret;

	intent_list_fini(&pending->list);
	order_row_list_fini(&pending->unshown);
	ret = intent_walk_unsettled(txn, NULL, pending_take, pending, err);
	return ret ? ret
		   : order_row_walk_working(
			 txn, NULL, unshown_take, pending, err);
}

/* Is somebody still at it?  What cannot be told is said so. */
static const char *
sender_word(const struct order_call *call, const struct intent *intent)
{
	bool gone = true;

	if (intent->state == INTENT_UNKNOWN)
		return "over";
	if (intent->incarnation !=
	    journal_incarnation(desk_journal(call->desk)))
		return "gone";
	if (desk_owner_is_gone(call->desk, intent->owner, &gone, NULL))
		return "unknown";
	return gone ? "gone" : "working";
}

static const char *
what_may_be(const struct intent *intent, const char *sender)
{
	if (strcmp(sender, "working") == 0)
		return "it is being sent now";
	switch (intent->operation) {
	case OPERATION_CANCEL:
		return "the order may be cancelled, or may still work and fill";
	case OPERATION_MODIFY:
		return "the order may have the old or the new size and prices";
	case OPERATION_GROUP:
		return "what was placed of the bracket is being cancelled, and "
		       "may fill until it is";
	default:
		return "the broker may have the order, and it may fill; or it "
		       "never got it";
	}
}

static void
what_to_do(const struct intent *intent, const char *sender, struct buf *out)
{
	if (strcmp(sender, "working") == 0) {
		buf_str(out, "wait until it ends; a process that hangs can be "
			     "stopped, then resolve it");
		return;
	}
	if (intent->operation == OPERATION_GROUP) {
		buf_printf(out,
		    "send nothing in its place; run: ibkr-agent reconcile; of "
		    "an order that the broker does not show any more: "
		    "ibkr-agent orders resolve %s --account %s",
		    intent->key, intent->account);
		return;
	}
	buf_printf(out,
	    "send nothing in its place; run: ibkr-agent orders resolve %s "
	    "--account %s",
	    intent->key, intent->account);
	if (intent->mode == IAG_MODE_LIVE && intent->absent_ns)
		buf_str(out,
		    "; it was not found there: if the broker's own screen "
		    "does not show it either, add --accept-absent --reason "
		    "TEXT");
}

static int
time_add(struct json_object *obj, const char *name, uint64_t ns)
{
	char time[CLOCK_TEXT_SIZE];

	clock_format(ns, time);
	return json_add_str(obj, name, ns ? time : NULL);
}

static int
order_add(struct json_object *obj, const struct order *order)
{
	int ret = json_add_str(obj, "side", order_side_name(order->side));

	if (ret == 0)
		ret = json_add_str(obj, "symbol", order->symbol);
	if (ret == 0)
		ret = json_add_str(obj, "quantity", order->quantity);
	if (ret == 0)
		ret = json_add_str(obj, "limit_price", order->limit_price);
	return ret ? ret : json_add_str(obj, "stop_price", order->stop_price);
}

static int
request_add(struct json_object *obj, const struct intent *intent)
{
	int ret = json_add_str(obj, "account_id", intent->account);

	if (ret == 0)
		ret = json_add_str(obj, "idempotency_key", intent->key);
	if (ret == 0 && *intent->leg)
		ret = json_add_str(obj, "leg", intent->leg);
	if (ret == 0)
		ret = json_add_str(
		    obj, "operation", order_operation_name(intent->operation));
	if (ret == 0)
		ret = json_add_str(obj, "mode", order_mode_name(intent->mode));
	if (ret == 0)
		ret = json_add_str(
		    obj, "state", intent_state_name(intent->state));
	return ret;
}

static int
row_build(const struct order_call *call, const struct intent *intent,
    struct json_object *obj)
{
	const char *sender = sender_word(call, intent);
	CLEANUP_BUF struct buf action = BUF_INIT;
	int ret = request_add(obj, intent);

	what_to_do(intent, sender, &action);
	if (ret == 0)
		ret = json_add_str(obj, "sender", sender);
	if (ret == 0)
		ret = intent->has_order ? order_add(obj, &intent->order) : 0;
	if (ret == 0)
		ret = json_add_str(obj, "client_order_id", intent->client_ref);
	if (ret == 0)
		ret = json_add_str(
		    obj, "broker_order_id", intent->broker_order_id);
	if (ret == 0)
		ret = json_add_str(obj, "writer", intent->writer);
	if (ret == 0)
		ret = time_add(obj, "recorded_at", intent->recorded_ns);
	if (ret == 0)
		ret = time_add(obj, "not_found_at", intent->absent_ns);
	if (ret == 0)
		ret = json_add_str(
		    obj, "what_may_have_happened", what_may_be(intent, sender));
	return ret ? ret : json_add_str(obj, "what_to_do", buf_text(&action));
}

/* As the request that it comes from, which is done. */
static int
unshown_build(const struct order_row *row, struct json_object *obj)
{
	CLEANUP_BUF struct buf action = BUF_INIT;
	const struct {
		const char *name, *text;
	} texts[] = {
		{ "account_id", row->account },
		{ "idempotency_key", row->key },
		{ "leg", *row->leg ? row->leg : NULL },
		{ "operation", order_operation_name(OPERATION_SUBMIT) },
		{ "mode", order_mode_name(row->mode) },
		{ "state", intent_state_name(INTENT_DONE) },
		{ "sender", "over" },
		{ "client_order_id", row->client_ref },
		{ "broker_order_id", row->broker_order_id },
		{ "writer", row->writer },
		{ "what_may_have_happened",
		    "the broker does not show the order any more, nor how it "
		    "ended: it may have filled" },
	};
	int ret = order_add(obj, &row->order);

	departed_action(&action, row);
	for (size_t i = 0; i < ARRAY_COUNT(texts) && ret == 0; i++)
		ret = json_add_str(obj, texts[i].name, texts[i].text);
	if (ret == 0)
		ret = json_add_str(obj, "what_to_do", buf_text(&action));
	if (ret == 0)
		ret = time_add(obj, "recorded_at", row->created_ns);
	return ret ? ret : time_add(obj, "not_found_at", row->unshown_ns);
}

static size_t
shown(size_t count, size_t room)
{
	return count < room ? count : room;
}

/* A new object of the list, which has it; NULL: no memory. */
static struct json_object *
row_new(struct json_object *rows)
{
	struct json_object *row = json_object_new_object();

	if (!row || json_object_array_add(rows, row)) {
		(void)json_object_put(row);
		return NULL;
	}
	return row;
}

static int
rows_build(
    const struct pending *pending, struct json_object *rows, bool *ret_complete)
{
	size_t intents = shown(pending->list.count, ROWS_MAX);
	size_t orders = shown(pending->unshown.count, ROWS_MAX - intents);
	struct json_object *row;

	for (size_t i = 0; i < intents; i++) {
		row = row_new(rows);
		if (!row ||
		    row_build(pending->call, &pending->list.items[i], row))
			return IAG_NOMEM;
	}
	for (size_t i = 0; i < orders; i++) {
		row = row_new(rows);
		if (!row || unshown_build(&pending->unshown.items[i], row))
			return IAG_NOMEM;
	}
	*ret_complete =
	    intents == pending->list.count && orders == pending->unshown.count;
	return 0;
}

int
reconcile_pending(struct order_call *call, const char *account, struct buf *out,
    struct err *err)
{
	struct pending pending = { .call = call, .account = account };
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	struct json_object *rows = json_object_new_array();
	bool is_complete = false;
	int ret =
	    journal_view(desk_journal(call->desk), pending_step, &pending, err);

	if (ret == 0 && (json_add(obj, "pending", rows) || !rows ||
			    rows_build(&pending, rows, &is_complete) ||
			    json_add_bool(obj, "complete", is_complete)))
		ret = err_no_memory(err);
	else if (ret)
		(void)json_object_put(rows);
	intent_list_fini(&pending.list);
	order_row_list_fini(&pending.unshown);
	if (ret == 0)
		json_write(out, obj, 0);
	return ret;
}

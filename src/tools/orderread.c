/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The tools that read orders: the backend's answer, and what the gateway has
 * placed itself (ruling 33).  Where it has placed nothing, the backend's
 * answer is all.
 */

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "tools/answer.h"
#include "tools/handlers.h"
#include "tools/ownorders.h"
#include "tools/schema.h"

/* What ended so long ago belongs to the history alone. */
#define SESSION_NS (UINT64_C(24) * 3600 * NS_PER_S)

enum { LIST_MAX = 1000 };

/* A time argument; def where it is not given. */
static uint64_t
time_argument(const struct tool_call *call, const char *name, uint64_t def)
{
	const char *text = json_get_str(call->arguments, name, NULL);
	uint64_t ns = def;

	if (text && clock_parse(text, &ns, NULL))
		return def;
	return ns;
}

static uint64_t
session_start(void)
{
	uint64_t now = clock_real_ns();

	return now > SESSION_NS ? now - SESSION_NS : 0;
}

/* Spelt as rows have it; NULL: all. */
static const char *
wanted_status(const struct tool_call *call)
{
	const char *status = json_get_str(call->arguments, "status", NULL);

	return status && strcmp(status, "canceled") == 0 ? "cancelled" : status;
}

/* The backend's answer to all of the session: the state is chosen here. */
static int
read_any_status(const struct tool_call *call, struct json_object **ret_result,
    struct err *err)
{
	CLEANUP_JSON struct json_object *arguments = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (json_object_deep_copy(call->arguments, &arguments, NULL))
		return err_no_memory(err);
	json_object_object_del(arguments, "status");
	json_write(&text, arguments, 0);
	if (text.failed)
		return err_no_memory(err);
	return answer_read(call, buf_text(&text), ret_result, err);
}

/* Keep rows of that state, most of them at most; true: some were cut off. */
static bool
rows_keep(struct json_object *rows, const char *status, size_t most)
{
	bool cut = false;

	for (size_t i = json_object_array_length(rows); status && i-- > 0;) {
		if (strcmp(json_get_str(json_object_array_get_idx(rows, i),
			       "status", ""),
			status) != 0)
			(void)json_object_array_del_idx(rows, i, 1);
	}
	if (json_object_array_length(rows) > most) {
		(void)json_object_array_del_idx(
		    rows, most, json_object_array_length(rows) - most);
		cut = true;
	}
	return cut;
}

/* The result with its new list, held to the tool's fields once more. */
static int
result_finish(const struct tool_call *call, const char *member,
    struct json_object *rows, bool complete, struct json_object *result,
    struct err *err)
{
	if (json_add(result, member, rows) ||
	    json_add_bool(result, "complete",
		complete && json_get_bool(result, "complete", false)))
		return err_no_memory(err);
	return schema_check_output(call->tool, result, err);
}

int
orders_list_read(const struct tool_call *call, const char *arguments,
    struct json_object **ret_result, struct err *err)
{
	CLEANUP_OWN_ORDERS struct own_orders own;
	CLEANUP_JSON struct json_object *result = NULL;
	struct json_object *rows = NULL;
	bool cut;
	int ret;

	own_orders_init(&own);
	ret = own_orders_load(call, session_start(), UINT64_MAX, &own, err);
	if (ret)
		return ret;
	if (ledger_is_empty(&own.ledger))
		return answer_read(call, arguments, ret_result, err);
	ret = read_any_status(call, &result, err);
	if (ret == 0)
		ret =
		    merge_orders(&own, json_get(result, "orders"), &rows, err);
	if (ret)
		return ret;
	cut = rows_keep(rows, wanted_status(call), LIST_MAX);
	ret = result_finish(
	    call, "orders", rows, own.complete && !cut, result, err);
	if (ret == 0)
		*ret_result = STEAL(result);
	return ret;
}

static int
by_change(const void *a, const void *b)
{
	uint64_t first = merge_changed_ns(*(struct json_object *const *)a);
	uint64_t second = merge_changed_ns(*(struct json_object *const *)b);

	return first < second ? 1 : first > second ? -1 : 0;
}

/*
 * What still works at a real broker is for its own history to tell, which was
 * asked with the filters of the call.
 */
static void
ledger_drop_working(struct ledger *ledger)
{
	size_t kept = 0;

	for (size_t i = 0; i < ledger->count; i++) {
		struct order_row *row = &ledger->rows[i];

		if (row->simulated || order_status_is_terminal(row->status))
			ledger->rows[kept++] = *row;
		else
			order_row_fini(row);
	}
	ledger->count = kept;
}

/* Rows of the span and state that were asked for, the newest first. */
static void
history_keep(const struct tool_call *call, const struct own_orders *own,
    struct json_object *rows, bool *ret_cut)
{
	for (size_t i = json_object_array_length(rows); i-- > 0;) {
		uint64_t ns =
		    merge_changed_ns(json_object_array_get_idx(rows, i));

		if (ns && (ns < own->from_ns || ns > own->to_ns))
			(void)json_object_array_del_idx(rows, i, 1);
	}
	json_object_array_sort(rows, by_change);
	*ret_cut = rows_keep(rows, wanted_status(call),
	    (size_t)json_get_int(call->arguments, "limit", 100));
}

int
orders_history_read(const struct tool_call *call, const char *arguments,
    struct json_object **ret_result, struct err *err)
{
	CLEANUP_OWN_ORDERS struct own_orders own;
	CLEANUP_JSON struct json_object *result = NULL;
	struct json_object *rows = NULL;
	bool cut = false;
	int ret;

	own_orders_init(&own);
	ret = own_orders_load(call, time_argument(call, "from", 0),
	    time_argument(call, "to", UINT64_MAX), &own, err);
	if (ret == 0)
		ret = answer_read(call, arguments, &result, err);
	if (ret)
		return ret;
	ledger_drop_working(&own.ledger);
	if (!ledger_is_empty(&own.ledger)) {
		ret =
		    merge_orders(&own, json_get(result, "orders"), &rows, err);
		if (ret)
			return ret;
		history_keep(call, &own, rows, &cut);
		if (cut)
			(void)json_add_bool(result, "truncated", true);
		ret = result_finish(
		    call, "orders", rows, own.complete && !cut, result, err);
	}
	if (ret == 0)
		*ret_result = STEAL(result);
	return ret;
}

/* What the writer or the journal has of it; *ret_row NULL: nothing. */
static int
status_of_own(struct own_orders *own, const char *id,
    struct json_object **ret_row, struct err *err)
{
	const struct order_row *row =
	    own->ledger.count ? &own->ledger.rows[0] : NULL;
	struct json_object *listed =
	    merge_find(own, row ? row->broker_order_id : id);

	if (!listed && row && row->client_ref)
		listed = merge_find(own, row->client_ref);
	if (row)
		return merge_row(row, listed, ret_row, err);
	*ret_row = json_object_get(listed);
	return 0;
}

/* Nobody knows the order: say where ids of orders come from. */
static int
none_such(const struct tool_call *call, struct err *missing)
{
	err_action(missing,
	    "take the id from `ibkr-agent orders list --account %s` or, for an "
	    "older order, from `ibkr-agent orders history`; the broker shows "
	    "orders of the last day or session only; one whose outcome is unknown is in "
	    "`ibkr-agent orders pending`",
	    json_get_str(call->arguments, "account_id", "ACCOUNT"));
	return err_class(missing);
}

/* The backend has not got it: missing is what it said. */
static int
status_without(const struct tool_call *call, struct own_orders *own,
    struct json_object **ret_row, struct err *missing)
{
	const char *id = json_get_str(call->arguments, "broker_order_id", "");
	CLEANUP_JSON struct json_object *row = NULL;
	CLEANUP_ERR struct err fault = ERR_INIT;
	int ret = status_of_own(own, id, &row, &fault);

	if (ret == 0 && row)
		ret = schema_check_output(call->tool, row, &fault);
	if (ret == 0 && row)
		*ret_row = STEAL(row);
	else if (ret == 0 && own->complete)
		return none_such(call, missing);
	else if (ret == 0)
		ret = err_set(&fault, ERR_BROKER_BACKEND_UNAVAILABLE,
		    "the broker knows no order '%s', and a writer that may "
		    "know it cannot be asked by this process",
		    id);
	err_move(missing, &fault);
	return ret;
}

int
order_status_read(const struct tool_call *call, const char *arguments,
    struct json_object **ret_result, struct err *err)
{
	const char *id = json_get_str(call->arguments, "broker_order_id", "");
	CLEANUP_OWN_ORDERS struct own_orders own;
	CLEANUP_JSON struct json_object *theirs = NULL;
	const struct order_row *row;
	int ret;

	own_orders_init(&own);
	ret = own_orders_find(call, id, &own, err);
	if (ret)
		return ret;
	row = own.ledger.count ? &own.ledger.rows[0] : NULL;
	/* of orders that were only simulated the backend knows nothing */
	if (row && row->simulated)
		return status_without(call, &own, ret_result, err);
	ret = answer_read(call, arguments, &theirs, err);
	if (ret && err && err->missing)
		return status_without(call, &own, ret_result, err);
	if (ret == 0 && row)
		return merge_row(row, theirs, ret_result, err);
	if (ret == 0)
		*ret_result = STEAL(theirs);
	return ret;
}

/* ---- fills */

static bool
is_filled(const char *quantity)
{
	return quantity && strpbrk(quantity, "123456789");
}

/* A real broker's fills are in its own list. */
static void
own_keep_simulated(struct own_orders *own)
{
	struct ledger *ledger = &own->ledger;
	size_t kept = 0;

	for (size_t i = 0; i < ledger->count; i++) {
		if (ledger->rows[i].simulated)
			ledger->rows[kept++] = ledger->rows[i];
		else
			order_row_fini(&ledger->rows[i]);
	}
	ledger->count = kept;
	kept = 0;
	for (size_t i = 0; i < own->listed_count; i++) {
		if (own->listed[i].simulated)
			own->listed[kept++] = own->listed[i];
		else
			(void)json_object_put(own->listed[i].row);
	}
	own->listed_count = kept;
}

static const char *
class_of(const struct ledger *ledger, const char *id)
{
	for (size_t i = 0; i < ledger->count; i++) {
		if (strcmp(ledger->rows[i].broker_order_id, id) == 0)
			return ledger->rows[i].order.asset_class;
	}
	return NULL;
}

/* Takes row, also on failure. */
static int
list_add(struct json_object *list, struct json_object *row, struct err *err)
{
	if (json_object_array_add(list, row) == 0)
		return 0;
	(void)json_object_put(row);
	return err_no_memory(err);
}

/* The fill of a simulated order as one execution. */
static int
execution_add(struct json_object *list, const struct ledger *ledger,
    struct json_object *order, struct err *err)
{
	static const struct {
		const char *to, *from;
	} same[] = {
		{ "account_id", "account_id" },
		{ "broker_order_id", "broker_order_id" },
		{ "client_order_id", "client_order_id" },
		{ "contract_id", "contract_id" },
		{ "symbol", "symbol" },
		{ "side", "side" },
		{ "quantity", "filled_quantity" },
		{ "price", "average_fill_price" },
		{ "currency", "currency" },
		{ "trade_time", "updated_at" },
	};
	const char *id = json_get_str(order, "broker_order_id", "");
	CLEANUP_JSON struct json_object *row = json_object_new_object();
	CLEANUP_BUF struct buf name = BUF_INIT;
	int ret;

	buf_printf(&name, "%s.fill", id);
	ret = json_add_str(row, "execution_id", buf_text(&name));
	for (size_t i = 0; i < ARRAY_COUNT(same) && ret == 0; i++)
		ret = json_add_str(
		    row, same[i].to, json_get_str(order, same[i].from, NULL));
	if (ret == 0)
		ret = json_add_str(row, "asset_class", class_of(ledger, id));
	if (ret == 0)
		ret = json_add_str(
		    row, "description", "simulated: no broker was involved");
	if (ret || name.failed)
		return err_no_memory(err);
	return list_add(list, STEAL(row), err);
}

/* Our fills in front of the backend's. */
static int
executions_merge(struct own_orders *own, struct json_object *theirs,
    struct json_object *list, struct err *err)
{
	CLEANUP_JSON struct json_object *orders = NULL;
	int ret = merge_orders(own, NULL, &orders, err);

	for (size_t i = 0; ret == 0 && i < json_object_array_length(orders);
	     i++) {
		struct json_object *order =
		    json_object_array_get_idx(orders, i);

		if (is_filled(json_get_str(order, "filled_quantity", NULL)))
			ret = execution_add(list, &own->ledger, order, err);
	}
	for (size_t i = 0; ret == 0 && i < json_object_array_length(theirs);
	     i++)
		ret = list_add(list,
		    json_object_get(json_object_array_get_idx(theirs, i)), err);
	return ret;
}

int
executions_list_read(const struct tool_call *call, const char *arguments,
    struct json_object **ret_result, struct err *err)
{
	CLEANUP_OWN_ORDERS struct own_orders own;
	CLEANUP_JSON struct json_object *result = NULL, *list = NULL;
	bool cut;
	int ret;

	own_orders_init(&own);
	ret =
	    own_orders_load(call, time_argument(call, "from", session_start()),
		UINT64_MAX, &own, err);
	if (ret == 0)
		ret = answer_read(call, arguments, &result, err);
	if (ret)
		return ret;
	own_keep_simulated(&own);
	list = json_object_new_array();
	ret = list ? executions_merge(
			 &own, json_get(result, "executions"), list, err)
		   : err_no_memory(err);
	if (ret)
		return ret;
	cut = rows_keep(
	    list, NULL, (size_t)json_get_int(call->arguments, "limit", 100));
	ret = result_finish(
	    call, "executions", STEAL(list), own.complete && !cut, result, err);
	if (ret == 0)
		*ret_result = STEAL(result);
	return ret;
}

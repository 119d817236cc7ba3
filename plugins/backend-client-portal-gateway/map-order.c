/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The list and the status name the same things differently, and neither uses
 * the words of the order ticket.
 */

#include "map-order.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "ibkr-agent/plugin.h"
#include "scalar.h"
#include "text.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Names of the members in one of the two forms. */
struct names {
	const char *id, *state, *type, *quantity, *filled;
	const char *symbol, *tif, *currency, *average;
	const char *limit, *stop;
};

static const struct names row_names = {
	.id = "orderId",
	.state = "status",
	.type = "orderType",
	.quantity = "totalSize",
	.filled = "filledQuantity",
	.symbol = "ticker",
	.tif = "timeInForce",
	.currency = "cashCcy",
	.average = "avgPrice",
	.limit = "price",
	.stop = "auxPrice",
};

static const struct names status_names = {
	.id = "order_id",
	.state = "order_status",
	.type = "order_type",
	.quantity = "total_size",
	.filled = "cum_fill",
	.symbol = "symbol",
	.tif = "tif",
	.currency = "currency",
	.average = "average_price",
	.limit = "limit_price",
	.stop = "stop_price",
};

struct word {
	const char *from, *to;
};

/* Pending and pre-cancelled orders can still be filled. */
static const struct word states[] = {
	{ "PendingSubmit", "open" },
	{ "PreSubmitted", "open" },
	{ "Submitted", "open" },
	{ "PendingCancel", "open" },
	{ "PreCancelled", "open" },
	{ "Filled", "filled" },
	{ "Cancelled", "cancelled" },
	{ "Canceled", "cancelled" },
};

static const struct word types[] = {
	{ "Limit", "limit" },
	{ "LIMIT", "limit" },
	{ "LMT", "limit" },
	{ "Market", "market" },
	{ "MARKET", "market" },
	{ "MKT", "market" },
	{ "Stop", "stop" },
	{ "STOP", "stop" },
	{ "STP", "stop" },
	{ "Stop Limit", "stop_limit" },
	{ "STOP_LIMIT", "stop_limit" },
	{ "STP LMT", "stop_limit" },
	{ "Trailing Stop", "trailing_stop" },
	{ "TRAILING_STOP", "trailing_stop" },
	{ "TRAIL", "trailing_stop" },
	{ "Trailing Stop Limit", "trailing_stop_limit" },
	{ "TRAILING_STOP_LIMIT", "trailing_stop_limit" },
	{ "TRAILLMT", "trailing_stop_limit" },
	{ "MidPrice", "midprice" },
	{ "MIDPRICE", "midprice" },
};

static const char *
word_find(const struct word *words, size_t count, const struct node *value,
    const char *other)
{
	for (size_t i = 0; i < count; i++) {
		if (node_equals(value, words[i].from))
			return words[i].to;
	}
	return other;
}

const char *
order_state(const struct node *word)
{
	return word_find(states, COUNT(states), word, "unknown");
}

/* What a price means depends on the type of the order. */
static void
prices_put(struct map *map, const struct node *row, const struct names *n,
    const char *type)
{
	const struct node *stop = node_get(row, "stop_price");
	char text[SCALAR_SIZE];

	if (!scalar_decimal(stop, text, NULL))
		stop = node_get(row, n->stop);
	if (strcmp(type, "stop") == 0 && !scalar_decimal(stop, text, NULL))
		stop = node_get(row, n->limit);
	if (strcmp(type, "limit") == 0 || strcmp(type, "stop_limit") == 0 ||
	    strcmp(type, "trailing_stop_limit") == 0)
		emit_decimal(map->out, "limit_price", node_get(row, n->limit));
	if (strstr(type, "stop"))
		emit_nonzero(map->out, "stop_price", stop);
}

static const char *
tif_word(const struct node *value)
{
	if (node_equals(value, "DAY"))
		return "day";
	if (node_equals(value, "GTC"))
		return "good_till_cancelled";
	return node_is(value, NODE_STRING) && value->len ? "other" : NULL;
}

/* A type that nobody knows is passed on in the broker's word. */
static const char *
type_put(struct map *map, const struct node *value)
{
	const char *type = word_find(types, COUNT(types), value, NULL);

	if (type)
		emit_str(map->out, "order_type", type);
	else
		emit_word(map->out, "order_type", value);
	return type ? type : "";
}

static const struct node *
account_of(const struct node *row)
{
	const struct node *account = node_get(row, "account");

	return node_is(account, NODE_STRING) ? account : node_get(row, "acct");
}

static void
order_put(struct map *map, const struct node *row, const struct names *n)
{
	const struct node *state = node_get(row, n->state);
	const char *type;

	emit_id(map->out, "account_id", account_of(row));
	emit_id(map->out, "broker_order_id", node_get(row, n->id));
	emit_id(map->out, "client_order_id", node_get(row, "order_ref"));
	emit_str(map->out, "status", order_state(state));
	emit_text(map->out, "broker_status", state);
	emit_side(map->out, "side", node_get(row, "side"));
	emit_decimal(map->out, "quantity", node_get(row, n->quantity));
	emit_decimal(map->out, "filled_quantity", node_get(row, n->filled));
	emit_contract(map->out, "contract_id", node_get(row, "conid"));
	emit_text(map->out, "symbol", node_get(row, n->symbol));
	type = type_put(map, node_get(row, n->type));
	prices_put(map, row, n, type);
	emit_str(map->out, "time_in_force", tif_word(node_get(row, n->tif)));
	emit_code(map->out, "currency", node_get(row, n->currency));
	emit_when(map->out, "created_at", node_get(row, "order_time"));
	emit_when(map->out, "updated_at",
	    node_get(row, "lastExecutionTime_r")
		? node_get(row, "lastExecutionTime_r")
		: node_get(row, "lastExecutionTime"));
	emit_nonzero(map->out, "average_fill_price", node_get(row, n->average));
}

static int
holds(const struct node *row, const struct names *n)
{
	char id[SCALAR_ID_SIZE];

	return scalar_id(node_get(row, n->id), id) &&
	       scalar_id(account_of(row), id) &&
	       scalar_contract(node_get(row, "conid"), id) &&
	       emit_side_word(node_get(row, "side"));
}

/* ---- the list */

/* The rows, or a failure: not every empty list is one. */
static int32_t
list_open(struct map *map, const struct reply *reply, int last,
    const struct node **ret_list)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);

	if (ret)
		return ret;
	*ret_list = node_get(map->root, "orders");
	if (!node_is(*ret_list, NODE_ARRAY))
		return map_invalid(map, "the broker's answer holds no orders");
	map->flags |= IAG_REPLY_COMPLETE;
	if ((*ret_list)->count ||
	    scalar_bool(node_get(map->root, "snapshot")) == 1)
		return IAG_OK;
	map->flags = IAG_REPLY_COLD;
	if (last)
		return IAG_OK;
	(void)map_fail(map, 0, "BROKER_BACKEND_UNAVAILABLE",
	    "the broker has not collected the orders yet");
	map->hints = MAP_RETRY;
	return IAG_AGAIN;
}

/* The last change, by which a history is sorted; 0: not told. */
static uint64_t
changed_at(const struct node *row)
{
	return scalar_time(node_get(row, "lastExecutionTime_r"));
}

static int
is_within(const struct node *row, const struct order_want *want)
{
	uint64_t at_ns = changed_at(row);

	if (!want->from_ns && !want->to_ns)
		return 1;
	return at_ns && at_ns >= want->from_ns &&
	       (!want->to_ns || at_ns <= want->to_ns);
}

static int
is_wanted(const struct node *row, const struct order_want *want)
{
	const struct node *account = account_of(row);

	/* without an account it is somebody's, and cannot be shown */
	if (node_is(account, NODE_STRING) &&
	    !node_equals(account, want->account))
		return 0;
	if (want->status &&
	    strcmp(order_state(node_get(row, "status")), want->status) != 0)
		return 0;
	return is_within(row, want);
}

static void
row_put(struct map *map, const struct node *row, const struct order_want *want)
{
	size_t mark = map_row_begin(map);

	order_put(map, row, &row_names);
	if (want->history)
		emit_text(map->out, "cancel_reason",
		    node_get(row, "order_cancellation_by_system_reason"));
	map_row_end(map, mark, holds(row, &row_names));
}

/* Of the past, the broker keeps this session's orders alone. */
static void
history_end(struct map *map, int cut)
{
	emit_flag(map->out, "truncated", cut);
	map->flags &= ~IAG_REPLY_COMPLETE;
}

static int
newest_first(const void *a, const void *b)
{
	const struct node *const *left = a, *const *right = b;
	uint64_t left_ns = changed_at(*left), right_ns = changed_at(*right);

	if (left_ns != right_ns)
		return left_ns < right_ns ? 1 : -1;
	/* otherwise as they came */
	return *left < *right ? -1 : *left > *right;
}

/* The rows that are wanted, in the order that they are shown in. */
static const struct node **
rows_collect(
    const struct node *list, const struct order_want *want, size_t *ret_count)
{
	const struct node **rows = calloc(list->count + 1, sizeof(*rows));
	const struct node *row = node_first(list);

	*ret_count = 0;
	for (uint32_t i = 0; rows && i < list->count; i++) {
		if (is_wanted(row, want))
			rows[(*ret_count)++] = row;
		row = node_next(row);
	}
	if (rows && want->history)
		qsort(rows, *ret_count, sizeof(*rows), newest_first);
	return rows;
}

int32_t
map_orders(struct map *map, const struct reply *reply,
    const struct order_want *want, int last)
{
	const struct node *list, **rows;
	int32_t ret = list_open(map, reply, last, &list);
	size_t count, shown;

	if (ret)
		return ret;
	rows = rows_collect(list, want, &count);
	if (!rows)
		return map_fail(map, IAG_NOMEM, NULL, "out of memory");
	shown = want->limit && count > want->limit ? want->limit : count;
	emit_open(map->out, NULL, '{');
	if (want->history)
		emit_str(map->out, "account_id", want->account);
	map_list_open(map, "orders", want->history ? 500 : 1000);
	for (size_t i = 0; i < shown; i++)
		row_put(map, rows[i], want);
	free(rows);
	emit_close(map->out, ']');
	if (want->history)
		history_end(map, shown < count);
	emit_close(map->out, '}');
	if (map->dropped || shown < count)
		map->flags &= ~IAG_REPLY_COMPLETE;
	return map_rows_end(map, "orders");
}

static int
is_named(const struct node *row, const char *id)
{
	char told[SCALAR_ID_SIZE];

	return (scalar_id(node_get(row, "orderId"), told) &&
		   strcmp(told, id) == 0) ||
	       (scalar_id(node_get(row, "order_ref"), told) &&
		   strcmp(told, id) == 0);
}

int32_t
map_order_find(struct map *map, const struct reply *reply, const char *account,
    const char *id, int last)
{
	const struct node *list, *row;
	int32_t ret = list_open(map, reply, last, &list);

	if (ret)
		return ret;
	row = node_first(list);
	for (uint32_t i = 0; i < list->count; i++, row = node_next(row)) {
		if (!is_named(row, id) ||
		    !node_equals(account_of(row), account))
			continue;
		if (!holds(row, &row_names))
			return map_invalid(
			    map, "the broker's order '%s' is incomplete", id);
		emit_open(map->out, NULL, '{');
		order_put(map, row, &row_names);
		emit_close(map->out, '}');
		map->flags = IAG_REPLY_COMPLETE;
		return IAG_OK;
	}
	if (map->flags & IAG_REPLY_COLD)
		return map_fail(map, IAG_AGAIN, "BROKER_BACKEND_UNAVAILABLE",
		    "the broker has not collected the orders yet");
	ret = map_fail(map, IAG_NOTFOUND, "BROKER_CAPABILITY_UNAVAILABLE",
	    "the broker has no order '%s' of this account in this session", id);
	map->hints = MAP_ABSENT;
	return ret;
}

int32_t
map_order_status(struct map *map, const struct reply *reply,
    const char *account, const char *id)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	char told[SCALAR_ID_SIZE];

	if (ret)
		return ret;
	if (!scalar_id(node_get(map->root, "order_id"), told) ||
	    strcmp(told, id) != 0)
		return map_invalid(
		    map, "the broker's answer is about another order");
	if (!node_equals(node_get(map->root, "account"), account)) {
		ret =
		    map_fail(map, IAG_NOTFOUND, "BROKER_CAPABILITY_UNAVAILABLE",
			"the order '%s' is not of this account", id);
		map->hints = MAP_ABSENT;
		return ret;
	}
	if (!holds(map->root, &status_names))
		return map_invalid(
		    map, "the broker's order '%s' is incomplete", id);
	emit_open(map->out, NULL, '{');
	order_put(map, map->root, &status_names);
	emit_close(map->out, '}');
	map->flags |= IAG_REPLY_COMPLETE;
	return IAG_OK;
}

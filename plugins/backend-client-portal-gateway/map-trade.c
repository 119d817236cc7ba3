/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Trades come in no order that is promised; they are shown newest first. */

#include "map-trade.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "ibkr-agent/plugin.h"
#include "scalar.h"
#include "text.h"

static const struct emit_field fields[] = {
	{ "execution_id", "execution_id", emit_id },
	{ "broker_order_id", "order_id", emit_id },
	{ "client_order_id", "order_ref", emit_id },
	{ "contract_id", "conid", emit_contract },
	{ "symbol", "symbol", emit_text },
	{ "asset_class", "sec_type", emit_class },
	{ "side", "side", emit_side },
	{ "quantity", "size", emit_decimal },
	{ "price", "price", emit_decimal },
	{ "commission", "commission", emit_decimal },
	{ "net_amount", "net_amount", emit_decimal },
	{ "exchange", "exchange", emit_code },
	{ "description", "order_description", emit_text },
};

struct trade {
	const struct node *row;
	uint64_t at_ns; /* 0: not told */
};

static int
newest_first(const void *a, const void *b)
{
	const struct trade *left = a, *right = b;

	if (left->at_ns != right->at_ns)
		return left->at_ns < right->at_ns ? 1 : -1;
	/* otherwise as they came */
	return left->row < right->row ? -1 : left->row > right->row;
}

static uint64_t
time_of(const struct node *row)
{
	uint64_t at_ns = scalar_time(node_get(row, "trade_time_r"));

	return at_ns ? at_ns : scalar_time(node_get(row, "trade_time"));
}

/* Whose trade it is; NULL: not told, so it cannot be shown to anybody. */
static const struct node *
account_of(const struct node *row)
{
	const struct node *told = node_get(row, "account");

	if (!node_is(told, NODE_STRING) || !told->len)
		told = node_get(row, "accountCode");
	return node_is(told, NODE_STRING) && told->len ? told : NULL;
}

/* Those of the account and time, sorted; NULL: no memory. */
static struct trade *
trades_collect(
    struct map *map, const struct trade_want *want, size_t *ret_count)
{
	struct trade *trades = calloc(map->root->count + 1, sizeof(*trades));
	const struct node *row = node_first(map->root);

	*ret_count = 0;
	if (!trades)
		return NULL;
	for (uint32_t i = 0; i < map->root->count; i++, row = node_next(row)) {
		const struct node *account = account_of(row);
		uint64_t at_ns = time_of(row);

		map->rows += !account;
		map->dropped += !account;
		if (account && node_equals(account, want->account) &&
		    (!want->from_ns || at_ns >= want->from_ns))
			trades[(*ret_count)++] = (struct trade){ row, at_ns };
	}
	qsort(trades, *ret_count, sizeof(*trades), newest_first);
	return trades;
}

static void
trade_put(
    struct map *map, const struct trade *trade, const struct trade_want *want)
{
	const struct node *row = trade->row;
	char id[SCALAR_ID_SIZE];
	size_t mark = map_row_begin(map);

	emit_str(map->out, "account_id", want->account);
	EMIT(map->out, row, fields);
	emit_moment(map->out, "trade_time", trade->at_ns);
	map_row_end(map, mark,
	    scalar_id(node_get(row, "execution_id"), id) &&
		scalar_contract(node_get(row, "conid"), id) &&
		emit_side_word(node_get(row, "side")));
}

static int32_t
trades_put(struct map *map, const struct trade_want *want)
{
	struct trade *trades;
	size_t count;

	trades = trades_collect(map, want, &count);
	if (!trades)
		return map_fail(map, IAG_NOMEM, NULL, "out of memory");
	emit_open(map->out, NULL, '{');
	map_list_open(map, "executions", 500);
	for (size_t i = 0; i < count && i < want->limit; i++)
		trade_put(map, &trades[i], want);
	emit_close(map->out, ']');
	emit_close(map->out, '}');
	free(trades);
	if (count <= want->limit && !map->dropped)
		map->flags |= IAG_REPLY_COMPLETE;
	return map_rows_end(map, "trades");
}

int32_t
map_trades(struct map *map, const struct reply *reply,
    const struct trade_want *want, int warm)
{
	int32_t ret = map_open(map, reply, MAP_ARRAY);

	if (ret)
		return ret;
	if (map->root->count || warm)
		return trades_put(map, want);
	(void)map_fail(map, 0, "BROKER_BACKEND_UNAVAILABLE",
	    "the broker has not collected the trades yet");
	map->hints = MAP_RETRY;
	return IAG_AGAIN;
}

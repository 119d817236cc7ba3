/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The first read of an account has 21 members to a row, later ones up to 25
 * more; the same member changes its type between the two.
 */

#include "map-position.h"

#include <string.h>

#include "emit.h"
#include "ibkr-agent/types.h"
#include "scalar.h"
#include "text.h"

static const struct emit_field fields[] = {
	{ "contract_id", "conid", emit_contract },
	{ "currency", "currency", emit_code },
	{ "quantity", "position", emit_decimal },
	{ "market_price", "mktPrice", emit_decimal },
	{ "market_value", "mktValue", emit_decimal },
	{ "average_cost", "avgCost", emit_decimal },
	{ "average_price", "avgPrice", emit_decimal },
	{ "realized_pnl", "realizedPnl", emit_decimal },
	{ "unrealized_pnl", "unrealizedPnl", emit_decimal },
	{ "multiplier", "multiplier", emit_nonzero },
	{ "expiry", "expiry", emit_date },
	{ "strike", "strike", emit_nonzero },
	{ "right", "putOrCall", emit_right },
	{ "underlying_contract_id", "undConid", emit_contract },
	{ "listing_exchange", "listingExchange", emit_code },
	{ "sector", "sector", emit_text },
};

/* The first of two members that says something. */
static const struct node *
either(const struct node *row, const char *first, const char *second)
{
	const struct node *value = node_get(row, first);

	return node_is(value, NODE_STRING) && value->len
		   ? value
		   : node_get(row, second);
}

static void
row_put(struct map *map, const struct node *row)
{
	const struct node *class = node_get(row, "assetClass");
	char id[SCALAR_ID_SIZE], quantity[SCALAR_SIZE];
	size_t mark = map_row_begin(map);

	EMIT(map->out, row, fields);
	/* portfolio2 has other names for two of them */
	if (!node_get(row, "mktPrice"))
		emit_decimal(
		    map->out, "market_price", node_get(row, "marketPrice"));
	if (!node_get(row, "mktValue"))
		emit_decimal(
		    map->out, "market_value", node_get(row, "marketValue"));
	emit_class(map->out, "asset_class",
	    node_equals(node_get(row, "type"), "ETF") ? node_get(row, "type")
						      : class);
	emit_text(map->out, "symbol", either(row, "ticker", "contractDesc"));
	emit_text(map->out, "description", either(row, "name", "description"));
	map_row_end(map, mark,
	    scalar_contract(node_get(row, "conid"), id) &&
		scalar_decimal(node_get(row, "position"), quantity, NULL));
}

static int
is_foreign(const struct node *row, const char *account)
{
	const struct node *id = node_get(row, "acctId");

	return node_is(id, NODE_STRING) && !node_equals(id, account);
}

int32_t
map_positions(
    struct map *map, const struct reply *reply, struct position_page *page)
{
	int32_t ret = map_open(map, reply, MAP_ARRAY);
	const struct node *row;

	if (ret)
		return ret;
	page->ret_count = map->root->count;
	page->ret_cold = 0;
	row = node_first(map->root);
	for (uint32_t i = 0; i < map->root->count; i++, row = node_next(row)) {
		if (is_foreign(row, page->account))
			return map_invalid(map,
			    "the broker's answer is about another account");
		page->ret_cold |= !node_get(row, "ticker");
		if (i >= page->skip && i - page->skip < page->take)
			row_put(map, row);
	}
	return map_rows_end(map, "positions");
}

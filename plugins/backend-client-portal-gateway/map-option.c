/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* One strike has several contracts: a month holds weekly expiries, too. */

#include "map-option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "decimal.h"
#include "emit.h"
#include "ibkr-agent/types.h"
#include "text.h"

void
option_month(const char *date, char ret_month[6])
{
	static const char names[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
	int month = (date[5] - '0') * 10 + (date[6] - '0');

	if (month < 1 || month > 12)
		month = 1;
	memcpy(ret_month, names + (month - 1) * 3, 3);
	ret_month[3] = date[2];
	ret_month[4] = date[3];
	ret_month[5] = '\0';
}

/* The months of the option section; NULL: it has none. */
static const struct node *
months_find(const struct node *row)
{
	const struct node *sections = node_get(row, "sections");
	const struct node *section = node_first(sections);

	if (!node_is(sections, NODE_ARRAY))
		return NULL;
	for (uint32_t i = 0; i < sections->count; i++) {
		const struct node *months = node_get(section, "months");

		if (node_equals(node_get(section, "secType"), "OPT") &&
		    node_is(months, NODE_STRING) && months->len)
			return months;
		section = node_next(section);
	}
	return NULL;
}

int32_t
map_option_root(struct map *map, const struct reply *reply, const char *symbol,
    struct option_root *ret_root)
{
	int32_t ret = map_open(map, reply, MAP_ARRAY);
	const struct node *row;

	*ret_root = (struct option_root){ .id = "" };
	if (ret)
		return ret;
	row = node_first(map->root);
	for (uint32_t i = 0; i < map->root->count; i++, row = node_next(row)) {
		const struct node *months = months_find(row);
		char id[SCALAR_ID_SIZE], name[40];

		if (!months || !scalar_contract(node_get(row, "conid"), id) ||
		    !node_text(node_get(row, "symbol"), name, sizeof(name)) ||
		    strcasecmp(name, symbol) != 0 ||
		    !node_text(
			months, ret_root->months, sizeof(ret_root->months)))
			continue;
		(void)snprintf(ret_root->id, sizeof(ret_root->id), "%.15s", id);
		return IAG_OK;
	}
	return map_fail(map, IAG_NOTFOUND, NULL,
	    "the broker has no options on '%s'", symbol);
}

static int
is_wanted(const struct chain_want *want, const char *strike)
{
	if (want->strike_min && decimal_compare(strike, want->strike_min) < 0)
		return 0;
	return !want->strike_max ||
	       decimal_compare(strike, want->strike_max) <= 0;
}

static struct strike *
strike_of(struct strikes *strikes, const char *price)
{
	struct strike *strike = NULL;

	for (size_t i = 0; i < strikes->count; i++) {
		if (decimal_compare(strikes->list[i].price, price) == 0)
			return &strikes->list[i];
	}
	if (strikes->count == STRIKE_MAX) {
		strikes->cut = 1;
		return NULL;
	}
	strike = &strikes->list[strikes->count++];
	*strike = (struct strike){ .call = 0 };
	(void)snprintf(strike->price, sizeof(strike->price), "%s", price);
	return strike;
}

static void
strikes_add(struct strikes *strikes, const struct chain_want *want,
    const struct node *list, const char *right)
{
	const struct node *value = node_first(list);
	char price[SCALAR_SIZE];

	if (!node_is(list, NODE_ARRAY) ||
	    (want->right && strcmp(want->right, right) != 0))
		return;
	for (uint32_t i = 0; i < list->count; i++, value = node_next(value)) {
		struct strike *strike;

		if (!scalar_decimal(value, price, NULL) ||
		    !is_wanted(want, price))
			continue;
		strike = strike_of(strikes, price);
		if (strike && *right == 'c')
			strike->call = 1;
		else if (strike)
			strike->put = 1;
	}
}

static int
strike_order(const void *a, const void *b)
{
	return decimal_compare(((const struct strike *)a)->price,
	    ((const struct strike *)b)->price);
}

int32_t
map_strikes(struct map *map, const struct reply *reply,
    const struct chain_want *want, struct strikes *ret_strikes)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	const struct node *calls, *puts;

	ret_strikes->count = 0;
	ret_strikes->cut = 0;
	if (ret)
		return ret;
	calls = node_get(map->root, "call");
	puts = node_get(map->root, "put");
	if (!node_is(calls, NODE_ARRAY) || !node_is(puts, NODE_ARRAY))
		return map_invalid(map, "the broker's answer holds no strikes");
	if (calls->count == 0 && puts->count == 0) {
		(void)map_fail(map, 0, "BROKER_BACKEND_UNAVAILABLE",
		    "the broker has no strikes for this month yet");
		map->hints = MAP_RETRY;
		return IAG_AGAIN;
	}
	strikes_add(ret_strikes, want, calls, "call");
	strikes_add(ret_strikes, want, puts, "put");
	qsort(ret_strikes->list, ret_strikes->count,
	    sizeof(ret_strikes->list[0]), strike_order);
	return IAG_OK;
}

static const struct emit_field row_fields[] = {
	{ "contract_id", "conid", emit_contract },
	{ "expiration", "maturityDate", emit_date },
	{ "strike", "strike", emit_decimal },
	{ "right", "right", emit_right },
	{ "exchange", "exchange", emit_code },
	{ "multiplier", "multiplier", emit_nonzero },
};

static int
row_holds(const struct node *row)
{
	char id[SCALAR_ID_SIZE], strike[SCALAR_SIZE], date[12];

	return scalar_contract(node_get(row, "conid"), id) &&
	       scalar_decimal(node_get(row, "strike"), strike, NULL) &&
	       scalar_date(node_get(row, "maturityDate"), date) &&
	       (node_equals(node_get(row, "right"), "C") ||
		   node_equals(node_get(row, "right"), "P"));
}

int32_t
map_option_rows(struct map *map, const struct reply *reply,
    const struct chain_want *want, size_t limit, char ret_currency[8])
{
	int32_t ret = map_open(map, reply, MAP_ARRAY);
	const struct node *row;
	char date[12];

	if (ret)
		return ret;
	row = node_first(map->root);
	for (uint32_t i = 0; i < map->root->count; i++, row = node_next(row)) {
		size_t mark;

		if (want->expiration &&
		    scalar_date(node_get(row, "maturityDate"), date) &&
		    strcmp(date, want->expiration) != 0)
			continue;
		if (map->rows - map->dropped >= limit)
			break;
		mark = map_row_begin(map);
		emit_str(map->out, "underlying_symbol", want->symbol);
		EMIT(map->out, row, row_fields);
		map_row_end(map, mark, row_holds(row));
		if (!*ret_currency)
			map_line(node_get(row, "currency"), ret_currency, 8);
	}
	return IAG_OK;
}

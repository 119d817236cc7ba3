/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A search knows neither currency nor kind, so nothing is decided before the
 * definitions are there.
 */

#include "map-contract.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "emit.h"
#include "ibkr-agent/plugin.h"
#include "scalar.h"
#include "text.h"

/* Note an id once; what has none makes the list incomplete. */
static void
candidate_add(struct candidates *found, const struct node *conid)
{
	char id[SCALAR_ID_SIZE];

	if (!scalar_contract(conid, id)) {
		found->nameless = 1;
		return;
	}
	for (size_t i = 0; i < found->count; i++) {
		if (strcmp(found->ids[i], id) == 0)
			return;
	}
	if (found->count == CANDIDATE_MAX)
		found->cut = 1;
	else
		(void)snprintf(found->ids[found->count++], 16, "%.15s", id);
}

/* How the broker says in words that a search found nothing. */
static int
says_nothing(const struct map *map)
{
	static const char *const words[] = { "No symbol found", "not found",
		"No results", "no results", "No contracts" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strstr(map->why, words[i]))
			return 1;
	}
	return 0;
}

int32_t
map_search(
    struct map *map, const struct reply *reply, struct candidates *ret_found)
{
	int32_t ret = map_open(map, reply, MAP_ARRAY);
	const struct node *row;

	*ret_found = (struct candidates){ .count = 0 };
	if (ret)
		return reply->status == 200 && says_nothing(map) ? IAG_OK : ret;
	row = node_first(map->root);
	for (uint32_t i = 0; i < map->root->count; i++, row = node_next(row))
		candidate_add(ret_found, node_get(row, "conid"));
	return IAG_OK;
}

int32_t
map_stock(struct map *map, const struct reply *reply, const char *symbol,
    char ret_id[16])
{
	int32_t ret = map_open(map, reply, MAP_ARRAY);
	const struct node *row;

	*ret_id = '\0';
	if (ret && !(reply->status == 200 && says_nothing(map)))
		return ret;
	row = ret ? NULL : node_first(map->root);
	for (uint32_t i = 0; row && i < map->root->count; i++) {
		char id[SCALAR_ID_SIZE], name[40];

		if (scalar_contract(node_get(row, "conid"), id) &&
		    node_text(node_get(row, "symbol"), name, sizeof(name)) &&
		    strcasecmp(name, symbol) == 0) {
			(void)snprintf(ret_id, 16, "%.15s", id);
			return IAG_OK;
		}
		row = node_next(row);
	}
	return map_fail(map, IAG_NOTFOUND, "INPUT_AMBIGUOUS_CONTRACT",
	    "the broker knows no stock '%s'", symbol);
}

/* A map of lists: each row of each list. */
static int32_t
lists_open(struct map *map, const struct reply *reply)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	const struct node *key;
	int lists = 0, others = 0;

	if (ret)
		return ret;
	key = node_first(map->root);
	for (uint32_t i = 0; i < map->root->count; i++) {
		lists |= node_is(key + 1, NODE_ARRAY);
		others |= !node_is(key + 1, NODE_ARRAY) &&
			  !node_is(key + 1, NODE_NULL);
		key = node_next(key + 1);
	}
	return lists || !others
		   ? IAG_OK
		   : map_invalid(map, "the broker's answer is no map of lists");
}

/* What is no list has none. */
static uint32_t
rows_of(const struct node *list)
{
	return node_is(list, NODE_ARRAY) ? list->count : 0;
}

/* The rows of that symbol; NULL: all. */
static int32_t
lists_map(struct map *map, const struct reply *reply, const char *symbol,
    struct candidates *ret_found)
{
	int32_t ret = lists_open(map, reply);
	const struct node *key, *row;
	char name[40];

	*ret_found = (struct candidates){ .count = 0 };
	if (ret)
		return ret;
	key = node_first(map->root);
	for (uint32_t i = 0; i < map->root->count; i++) {
		row = node_first(key + 1);
		/* what is no list tells nothing */
		ret_found->nameless |= !node_is(key + 1, NODE_ARRAY);
		for (uint32_t j = 0; j < rows_of(key + 1); j++) {
			const struct node *told = node_get(row, "symbol");

			if (!symbol || (node_text(told, name, sizeof(name)) &&
					   strcasecmp(name, symbol) == 0))
				candidate_add(
				    ret_found, node_get(row, "conid"));
			row = node_next(row);
		}
		key = node_next(key + 1);
	}
	return IAG_OK;
}

int32_t
map_futures(
    struct map *map, const struct reply *reply, struct candidates *ret_found)
{
	return lists_map(map, reply, NULL, ret_found);
}

int32_t
map_pairs(struct map *map, const struct reply *reply, const char *symbol,
    struct candidates *ret_found)
{
	return lists_map(map, reply, symbol, ret_found);
}

/* ---- definitions */

static const struct node *
definition_find(const struct map *map, const char *id)
{
	const struct node *list = node_get(map->root, "secdef");
	const struct node *row = node_first(list);
	char told[SCALAR_ID_SIZE];

	if (!node_is(list, NODE_ARRAY))
		return NULL;
	for (uint32_t i = 0; i < list->count; i++, row = node_next(row)) {
		if (scalar_contract(node_get(row, "conid"), told) &&
		    strcmp(told, id) == 0)
			return row;
	}
	return NULL;
}

static int32_t
definitions_open(struct map *map, const struct reply *reply)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);

	if (ret)
		return ret;
	if (!node_is(node_get(map->root, "secdef"), NODE_ARRAY))
		return map_invalid(
		    map, "the broker's answer holds no definitions");
	return IAG_OK;
}

/* The kind: an ETF is a stock of that type. */
static const char *
class_of(const struct node *row)
{
	char word[16];

	if (node_equals(node_get(row, "type"), "ETF"))
		return "etf";
	if (!node_text(node_get(row, "assetClass"), word, sizeof(word)))
		return "other";
	return emit_class_word(word);
}

static int
is_text(const struct node *value, const char *want)
{
	char text[40];

	return node_text(value, text, sizeof(text)) &&
	       strcasecmp(text, want) == 0;
}

/* Is it listed or traded there? */
static int
is_at(const struct node *row, const char *exchange)
{
	size_t len = strlen(exchange);
	char all[2000];
	const char *at;

	if (is_text(node_get(row, "listingExchange"), exchange))
		return 1;
	if (!node_text(node_get(row, "allExchanges"), all, sizeof(all)))
		return 0;
	for (at = all; *at; at += *at == ',') {
		size_t word = strcspn(at, ",");

		if (word == len && memcmp(at, exchange, len) == 0)
			return 1;
		at += word;
	}
	return 0;
}

static int
fits(const struct node *row, const struct narrowing *n)
{
	if (n->symbol && !is_text(node_get(row, "ticker"), n->symbol))
		return 0;
	if (n->class && strcmp(class_of(row), n->class) != 0)
		return 0;
	if (n->currency && !is_text(node_get(row, "currency"), n->currency))
		return 0;
	return !n->exchange || is_at(row, n->exchange);
}

static const struct emit_field definition_fields[] = {
	{ "contract_id", "conid", emit_contract },
	{ "symbol", "ticker", emit_text },
	{ "currency", "currency", emit_code },
	{ "exchange", "listingExchange", emit_code },
	{ "expiration", "expiry", emit_date },
	{ "strike", "strike", emit_nonzero },
	{ "right", "putOrCall", emit_right },
};

static void
definition_put(struct map *map, const struct node *row, int unique)
{
	const struct node *name = node_get(row, "fullName");

	EMIT(map->out, row, definition_fields);
	if (!node_is(name, NODE_STRING) || !name->len ||
	    node_get(row, "name") != NULL)
		name = node_get(row, "name");
	emit_text(map->out, "description", name);
	emit_str(map->out, "asset_class", class_of(row));
	emit_flag(map->out, "is_unique_match", unique);
}

/* Those that fit, in the order of the search; *ret_lost: not defined. */
static size_t
fitting(const struct map *map, const struct narrowing *narrowing,
    const struct candidates *candidates, const struct node **ret_rows,
    int *ret_lost)
{
	size_t count = 0;

	*ret_lost = 0;
	for (size_t i = 0; i < candidates->count; i++) {
		const struct node *row =
		    definition_find(map, candidates->ids[i]);
		const struct node *ticker = node_get(row, "ticker");

		if (!node_is(ticker, NODE_STRING) || !ticker->len)
			*ret_lost = 1;
		else if (fits(row, narrowing))
			ret_rows[count++] = row;
	}
	return count;
}

int32_t
map_definitions(struct map *map, const struct reply *reply,
    const struct narrowing *narrowing, size_t limit,
    const struct candidates *candidates)
{
	const struct node *rows[CANDIDATE_MAX];
	int32_t ret = definitions_open(map, reply);
	size_t count, shown;
	int lost;

	if (ret)
		return ret;
	count = fitting(map, narrowing, candidates, rows, &lost);
	if (count == 0 && lost)
		return map_invalid(map,
		    "the broker did not define the contracts that it found");
	shown = count < limit ? count : limit;
	emit_open(map->out, NULL, '{');
	map_list_open(map, "contracts", CANDIDATE_MAX);
	for (size_t i = 0; i < shown; i++) {
		size_t mark = map_row_begin(map);

		definition_put(map, rows[i], count == 1 && !lost);
		map_row_end(map, mark, 1);
	}
	emit_close(map->out, ']');
	emit_close(map->out, '}');
	if (shown == count && !lost && !candidates->cut &&
	    !candidates->nameless)
		map->flags |= IAG_REPLY_COMPLETE;
	return IAG_OK;
}

static int32_t
ambiguous(struct map *map, const struct narrowing *narrowing,
    const struct node **rows, size_t count)
{
	char text[MAP_WHY_SIZE - 80] = "";
	size_t len = 0;

	for (size_t i = 0; i < count && i < 4; i++) {
		char id[SCALAR_ID_SIZE] = "", exchange[20] = "",
		     currency[8] = "";

		(void)scalar_contract(node_get(rows[i], "conid"), id);
		map_line(node_get(rows[i], "listingExchange"), exchange,
		    sizeof(exchange));
		map_line(
		    node_get(rows[i], "currency"), currency, sizeof(currency));
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%s (%s, %s)", i ? ", " : "", id, exchange, currency);
	}
	return map_fail(map, IAG_INVAL, "INPUT_AMBIGUOUS_CONTRACT",
	    "%zu contracts fit '%s': %s%s", count, narrowing->symbol, text,
	    count > 4 ? ", ..." : "");
}

int32_t
map_resolve(struct map *map, const struct reply *reply,
    const struct narrowing *narrowing, const struct candidates *candidates,
    char ret_id[16])
{
	const struct node *rows[CANDIDATE_MAX];
	int32_t ret = definitions_open(map, reply);
	char id[SCALAR_ID_SIZE];
	size_t count;
	int lost;

	if (ret)
		return ret;
	count = fitting(map, narrowing, candidates, rows, &lost);
	/* one that could not be read might fit as well */
	if (lost)
		return map_invalid(map,
		    "the broker did not define all contracts that it found");
	if (count == 0)
		return map_fail(map, IAG_NOTFOUND, "INPUT_AMBIGUOUS_CONTRACT",
		    "no contract fits '%s' and what narrows it",
		    narrowing->symbol);
	if (count > 1 || candidates->cut)
		return ambiguous(map, narrowing, rows, count);
	(void)snprintf(ret_id, 16, "%.15s",
	    scalar_contract(node_get(rows[0], "conid"), id) ? id : "");
	emit_open(map->out, NULL, '{');
	definition_put(map, rows[0], 1);
	emit_code(
	    map->out, "listing_exchange", node_get(rows[0], "listingExchange"));
	emit_contract(
	    map->out, "underlying_contract_id", node_get(rows[0], "undConid"));
	emit_nonzero(map->out, "multiplier", node_get(rows[0], "multiplier"));
	map->flags |= IAG_REPLY_COMPLETE;
	return IAG_OK;
}

static const struct emit_field rule_fields[] = {
	{ "price_magnifier", "priceMagnifier", emit_nonzero },
	{ "price_increment", "increment", emit_nonzero },
	{ "size_increment", "sizeIncrement", emit_nonzero },
};

int32_t
map_rules(struct map *map, const struct reply *reply, const char *id)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	const struct node *rules;
	char told[SCALAR_ID_SIZE];

	if (ret)
		return ret;
	if (!scalar_contract(node_get(map->root, "con_id"), told) ||
	    strcmp(told, id) != 0)
		return map_invalid(
		    map, "the broker's answer is about another contract");
	rules = node_get(map->root, "rules");
	if (!node_is(rules, NODE_OBJECT))
		return map_invalid(
		    map, "the broker's answer holds no trading rules");
	EMIT(map->out, rules, rule_fields);
	return IAG_OK;
}

int32_t
map_currency(struct map *map, const struct reply *reply, const char *id,
    char ret_currency[8])
{
	int32_t ret = definitions_open(map, reply);

	*ret_currency = '\0';
	if (ret)
		return ret;
	map_line(
	    node_get(definition_find(map, id), "currency"), ret_currency, 8);
	return IAG_OK;
}

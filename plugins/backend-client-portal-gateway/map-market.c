/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A field without data stays absent for ever, so a row is taken as soon as
 * it says something; sizes are easily mixed up: 88 is the bid's, 85 the
 * ask's.
 */

#include "map-market.h"

#include <string.h>

#include "emit.h"
#include "ibkr-agent/plugin.h"
#include "scalar.h"
#include "text.h"

/* A price; "-1" is how the broker writes that there is none. */
static void
put_quote(struct text *out, const char *key, const struct node *value)
{
	char text[SCALAR_SIZE];

	if (scalar_decimal(value, text, NULL) && strcmp(text, "-1") != 0 &&
	    strcmp(text, "-1.00") != 0)
		emit_str(out, key, text);
}

static const struct emit_field quote_fields[] = {
	{ "bid", "84", put_quote },
	{ "bid_size", "88", put_quote },
	{ "ask", "86", put_quote },
	{ "ask_size", "85", put_quote },
	{ "last_size", "7059", put_quote },
	{ "prior_close", "7741", put_quote },
};

static const struct emit_field greek_fields[] = {
	{ "delta", "7308", emit_decimal },
	{ "gamma", "7309", emit_decimal },
	{ "theta", "7310", emit_decimal },
	{ "vega", "7311", emit_decimal },
};

static int32_t
again(struct map *map, const char *why)
{
	(void)map_fail(map, 0, "MARKET_DATA_INCOMPLETE", "%s", why);
	map->hints = MAP_RETRY;
	return IAG_AGAIN;
}

/* The row of one contract; the order of rows need not be that asked for. */
static const struct node *
row_find(const struct map *map, const char *contract)
{
	const struct node *row = node_first(map->root);
	char id[SCALAR_ID_SIZE];

	for (uint32_t i = 0; i < map->root->count; i++, row = node_next(row)) {
		if (scalar_contract(node_get(row, "conid"), id) &&
		    strcmp(id, contract) == 0)
			return row;
	}
	return NULL;
}

/* "RpB" and the like: real-time, delayed, frozen, not subscribed. */
static const char *
availability(const struct node *value, uint32_t *flags)
{
	char word[16];

	if (!node_text(value, word, sizeof(word)))
		return NULL;
	switch (*word) {
	case 'R':
		return "live";
	case 'D':
		*flags |= IAG_REPLY_DELAYED;
		return "delayed";
	case 'Z':
	case 'Y':
		*flags |= IAG_REPLY_STALE;
		return "stale";
	case 'N':
	case 'O':
		return "unavailable";
	default:
		return NULL;
	}
}

/* Of the codes in this list, how many does the row have? */
static int
has_codes(const struct node *row, const char *codes)
{
	char code[8];
	int count = 0;

	while (*codes) {
		size_t len = strcspn(codes, ",");

		memcpy(code, codes, len);
		code[len] = '\0';
		if (strcmp(code, "6509") != 0)
			count += node_get(row, code) != NULL;
		codes += len + (codes[len] == ',');
	}
	return count;
}

/* The row, once it says something. */
static int32_t
row_open(struct map *map, const struct reply *reply, const char *contract,
    const char *codes, int last, const struct node **ret_row)
{
	int32_t ret = map_open(map, reply, MAP_ARRAY);
	const struct node *row;
	const char *status;
	uint32_t flags = 0;

	if (ret)
		return ret;
	row = row_find(map, contract);
	if (!row)
		return again(map, "the broker has no row for this contract");
	status = availability(node_get(row, "6509"), &flags);
	if (has_codes(row, codes) == 0 &&
	    !(last && status && strcmp(status, "unavailable") == 0))
		return again(map, "the broker has not begun to tell quotes");
	*ret_row = row;
	return IAG_OK;
}

/* Status and times, which end both kinds of answers. */
static void
status_put(struct map *map, const struct node *row, const char *time_key)
{
	const char *status = availability(node_get(row, "6509"), &map->flags);

	map->source_ns = scalar_time(node_get(row, "_updated"));
	emit_moment(map->out, time_key, map->source_ns);
	emit_str(map->out, "data_status", status ? status : "stale");
	if (status)
		return;
	map->flags |= IAG_REPLY_STALE;
	emit_open(map->out, "warnings", '[');
	emit_item(map->out, "the broker does not say how timely this is");
	emit_close(map->out, ']');
}

static void
last_put(struct map *map, const struct node *row)
{
	char text[SCALAR_SIZE];
	unsigned marks = 0;

	if (!scalar_decimal(node_get(row, "31"), text, &marks) ||
	    strcmp(text, "-1") == 0)
		return;
	emit_str(map->out, "last", text);
	emit_flag(map->out, "is_halted", (marks & SCALAR_HALTED) != 0);
	emit_flag(map->out, "last_is_close", (marks & SCALAR_CLOSE) != 0);
}

int32_t
map_quote(struct map *map, const struct reply *reply, const char *contract,
    const char *currency, int last)
{
	const struct node *row;
	int32_t ret = row_open(map, reply, contract, QUOTE_FIELDS, last, &row);

	if (ret)
		return ret;
	emit_open(map->out, NULL, '{');
	emit_str(map->out, "contract_id", contract);
	EMIT(map->out, row, quote_fields);
	last_put(map, row);
	/* 87 is rounded ("1.2M"), 7762 is not */
	put_quote(map->out, "volume",
	    node_get(row, "7762") ? node_get(row, "7762")
				  : node_get(row, "87"));
	emit_str(map->out, "currency", *currency ? currency : NULL);
	status_put(map, row, "source_timestamp");
	emit_moment(map->out, "received_at", reply->receipt_ns);
	emit_close(map->out, '}');
	map->flags |= IAG_REPLY_COMPLETE;
	return IAG_OK;
}

int32_t
map_greeks(
    struct map *map, const struct reply *reply, const char *contract, int last)
{
	const struct node *row;
	int32_t ret = row_open(map, reply, contract, GREEK_FIELDS, last, &row);
	char text[SCALAR_SIZE], fraction[SCALAR_SIZE];
	unsigned marks = 0;

	if (ret)
		return ret;
	emit_open(map->out, NULL, '{');
	emit_str(map->out, "contract_id", contract);
	EMIT(map->out, row, greek_fields);
	if (scalar_decimal(node_get(row, "7633"), text, &marks))
		emit_str(map->out, "implied_volatility",
		    marks & SCALAR_PERCENT ? scalar_shift(text, 2, fraction)
					   : text);
	emit_str(map->out, "model_source", "broker");
	status_put(map, row, "timestamp");
	emit_close(map->out, '}');
	map->flags |= IAG_REPLY_COMPLETE;
	return IAG_OK;
}

/* A day as one, or in the broker's own words. */
static void
put_day(struct text *out, const char *key, const struct node *value)
{
	char day[12];

	if (scalar_date(value, day))
		emit_str(out, key, day);
	else
		emit_word(out, key, value);
}

static const struct emit_field fundamental_fields[] = {
	{ "company", "7051", emit_text },
	{ "industry", "7280", emit_text },
	{ "category", "7281", emit_text },
	{ "market_cap", "7289", emit_decimal },
	{ "pe_ratio", "7290", emit_decimal },
	{ "eps", "7291", emit_decimal },
	{ "beta", "7718", emit_decimal },
	{ "dividend_amount", "7286", emit_decimal },
	{ "dividend_yield", "7287", emit_decimal }, /* percent */
	{ "dividends_next_12m", "7671", emit_decimal },
	{ "dividends_last_12m", "7672", emit_decimal },
	{ "ex_dividend_date", "7288", put_day },
	{ "high_52w", "7293", put_quote },
	{ "low_52w", "7294", put_quote },
	{ "average_volume_90d", "7282", put_quote },
};

int32_t
map_fundamentals(struct map *map, const struct reply *reply, const char *symbol,
    const char *contract, int last)
{
	const struct node *row;
	int32_t ret =
	    row_open(map, reply, contract, FUNDAMENTAL_FIELDS, last, &row);

	if (ret)
		return ret;
	map->source_ns = scalar_time(node_get(row, "_updated"));
	emit_open(map->out, NULL, '{');
	emit_str(map->out, "symbol", symbol);
	emit_moment(map->out, "as_of", map->source_ns);
	emit_open(map->out, "fields", '{');
	emit_str(map->out, "contract_id", contract);
	EMIT(map->out, row, fundamental_fields);
	emit_close(map->out, '}');
	emit_close(map->out, '}');
	map->flags |= IAG_REPLY_COMPLETE;
	return IAG_OK;
}

int32_t
map_rate(struct map *map, const struct reply *reply, const char *base,
    const char *quote)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	char rate[SCALAR_SIZE];

	if (ret)
		return ret;
	if (!scalar_decimal(node_get(map->root, "rate"), rate, NULL) ||
	    scalar_is_zero(rate) || *rate == '-')
		return map_invalid(
		    map, "the broker's answer holds no exchange rate");
	emit_open(map->out, NULL, '{');
	emit_str(map->out, "base", base);
	emit_str(map->out, "quote", quote);
	emit_str(map->out, "rate", rate);
	emit_close(map->out, '}');
	map->flags |= IAG_REPLY_COMPLETE;
	return IAG_OK;
}

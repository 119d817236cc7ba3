/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Quotes, bars, scans, rates and calendars. */

#include <stdio.h>
#include <string.h>

#include "emit.h"
#include "map-bars.h"
#include "map-calendar.h"
#include "map-market.h"
#include "map-scan.h"
#include "memory.h"
#include "ops.h"
#include "text.h"

#define NS_PER_MS UINT64_C(1000000)
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct patience streaming = { 5, 700 * NS_PER_MS };
static const struct patience charting = { 3, 2000 * NS_PER_MS };

struct quote_want {
	const char *contract;
	char currency[8];
	const char *size; /* of bars */
};

/* ---- quotes */

static int32_t
quote_map(struct query *q, const struct reply *reply, int last)
{
	const struct quote_want *want = q->want;

	return map_quote(&q->map, reply, want->contract, want->currency, last);
}

static int32_t
greeks_map(struct query *q, const struct reply *reply, int last)
{
	const struct quote_want *want = q->want;

	return map_greeks(&q->map, reply, want->contract, last);
}

static int32_t
snapshot_answer(struct query *q, const char *fields, query_map *map,
    struct quote_want *want)
{
	const struct ask ask = {
		.route = ROUTE_SNAPSHOT,
		.query = { "conids", want->contract, "fields", fields },
	};
	int32_t ret = query_primed(q);

	if (ret)
		return query_fail(q, ret);
	query_line(q, want->contract);
	q->want = want;
	return query_answer(q, &ask, streaming, map);
}

int32_t
op_market_snapshot(struct query *q)
{
	struct quote_want want = { .contract = query_str(q, "contract_id") };

	query_currency(q, want.contract, want.currency);
	return snapshot_answer(q, QUOTE_FIELDS, quote_map, &want);
}

int32_t
op_option_greeks(struct query *q)
{
	struct quote_want want = { .contract = query_str(q, "contract_id") };

	return snapshot_answer(q, GREEK_FIELDS, greeks_map, &want);
}

/* ---- bars */

static int32_t
bars_map(struct query *q, const struct reply *reply, int last)
{
	const struct quote_want *want = q->want;

	(void)last;
	return map_bars(
	    &q->map, reply, want->contract, want->size, want->currency);
}

int32_t
op_historical_bars(struct query *q)
{
	struct quote_want want = {
		.contract = query_str(q, "contract_id"),
		.size = query_str(q, "bar_size"),
	};
	const char *duration = query_str(q, "duration");
	const struct ask ask = {
		.route = ROUTE_HISTORY,
		.query = { "conid", want.contract, "period", duration, "bar",
		    want.size, "outsideRth",
		    query_bool(q, "outside_rth") ? "true" : "false" },
	};
	const char *refusal = bars_refusal(duration, want.size);

	if (refusal)
		return q->host->fail(q->ctx, IAG_INVAL, "INPUT_INVALID",
		    "duration '%s' with bar_size '%s': %s", duration, want.size,
		    refusal);
	query_currency(q, want.contract, want.currency);
	q->want = &want;
	return query_answer(q, &ask, charting, bars_map);
}

/* ---- scans */

static int32_t
scan_map(struct query *q, const struct reply *reply, int last)
{
	(void)last;
	return map_scan(&q->map, reply, q->want);
}

/* The arguments are of A-Z 0-9 . _ , which the host has checked. */
int32_t
op_scanner_run(struct query *q)
{
	const struct scan_want want = {
		.code = query_str(q, "scanner_code"),
		.instrument = query_str(q, "instrument"),
		.location = query_str(q, "location"),
		.limit = (size_t)query_int(q, "limit", 25),
	};
	char body[400];
	const struct ask ask = { .route = ROUTE_SCANNER, .body = body };

	(void)snprintf(body, sizeof(body),
	    "{\"instrument\":\"%s\",\"type\":\"%s\",\"location\":\"%s\","
	    "\"filter\":[]}",
	    want.instrument, want.code, want.location);
	q->want = &want;
	return query_answer(q, &ask, PATIENCE_NONE, scan_map);
}

/* ---- rates */

struct rate_want {
	const char *base, *quote;
};

static int32_t
rate_map(struct query *q, const struct reply *reply, int last)
{
	const struct rate_want *want = q->want;

	(void)last;
	return map_rate(&q->map, reply, want->base, want->quote);
}

int32_t
op_currency_rate(struct query *q)
{
	const struct rate_want want = {
		.base = query_str(q, "base"),
		.quote = query_str(q, "quote"),
	};
	const struct ask ask = {
		.route = ROUTE_RATE,
		.query = { "source", want.base, "target", want.quote },
	};

	q->want = &want;
	return query_answer(q, &ask, PATIENCE_NONE, rate_map);
}

/* ---- calendars */

/* A calendar is asked for by a contract; these are known for each exchange. */
static const struct {
	const char *exchange, *id, *symbol;
} venues[] = {
	{ "SMART", "265598", "AAPL" },
	{ "NASDAQ", "265598", "AAPL" },
	{ "NYSE", "8314", "IBM" },
	{ "ARCA", "756733", "SPY" },
};

struct venue {
	const char *exchange;
	char id[16], symbol[40];
	int64_t year;
};

static int32_t
venue_map(struct query *q, const struct reply *reply, int last)
{
	struct venue *venue = (struct venue *)q->want;

	(void)last;
	return map_any_contract(&q->map, reply, venue->id, venue->symbol);
}

static int32_t
venue_find(struct query *q, struct venue *venue)
{
	const struct ask ask = {
		.route = ROUTE_ALL_CONTRACTS,
		.query = { "exchange", venue->exchange, "assetClass", "STK" },
	};
	int32_t ret;

	for (size_t i = 0; i < COUNT(venues); i++) {
		if (strcmp(venues[i].exchange, venue->exchange) != 0)
			continue;
		(void)snprintf(venue->id, 16, "%s", venues[i].id);
		(void)snprintf(venue->symbol, 40, "%s", venues[i].symbol);
		return IAG_OK;
	}
	if (memory_venue(q->memory, venue->exchange, venue->id, venue->symbol))
		return IAG_OK;
	ret = query_read(q, &ask, PATIENCE_NONE, venue_map);
	if (ret == IAG_OK)
		memory_note_venue(
		    q->memory, venue->exchange, venue->id, venue->symbol);
	return ret;
}

static int32_t
hours_map(struct query *q, const struct reply *reply, int last)
{
	const struct venue *venue = q->want;

	(void)last;
	return map_hours(
	    &q->map, reply, venue->exchange, q->host->real_ns(q->ctx));
}

static int32_t
holidays_map(struct query *q, const struct reply *reply, int last)
{
	const struct venue *venue = q->want;

	(void)last;
	return map_holidays(&q->map, reply, venue->exchange, venue->year);
}

int32_t
op_market_session(struct query *q)
{
	struct venue venue = { .exchange = query_str(q, "exchange") };
	const struct ask ask = {
		.route = ROUTE_HOURS,
		.query = { "conid", venue.id, "exchange", venue.exchange },
	};
	int32_t ret;

	q->want = &venue;
	ret = venue_find(q, &venue);
	return ret ? query_fail(q, ret)
		   : query_answer(q, &ask, PATIENCE_NONE, hours_map);
}

int32_t
op_market_holidays(struct query *q)
{
	struct venue venue = {
		.exchange = query_str(q, "exchange"),
		.year = query_int(q, "year", 0),
	};
	const struct ask ask = {
		.route = ROUTE_SCHEDULE,
		.query = { "assetClass", "STK", "symbol", venue.symbol,
		    "exchange", venue.exchange },
	};
	int32_t ret;

	q->want = &venue;
	ret = venue_find(q, &venue);
	return ret ? query_fail(q, ret)
		   : query_answer(q, &ask, PATIENCE_NONE, holidays_map);
}

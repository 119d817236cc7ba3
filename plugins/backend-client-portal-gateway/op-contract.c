/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Contracts are searched by what they are: stocks, indexes and funds by
 * ticker or name, futures by ticker, currency pairs as "EUR.USD".  Options
 * have a chain.
 */

#include <stdio.h>
#include <string.h>

#include "emit.h"
#include "map-contract.h"
#include "map-option.h"
#include "ops.h"
#include "text.h"

#define NS_PER_MS UINT64_C(1000000)

static const struct patience short_while = { 2, 700 * NS_PER_MS };

/* Room for CANDIDATE_MAX ids and their commas. */
enum { IDS_SIZE = CANDIDATE_MAX * 17 };

struct hunt {
	const char *text;
	struct narrowing narrowing;
	struct candidates found;
	size_t limit;
	char id[16];
};

static int32_t
search_map(struct query *q, const struct reply *reply, int last)
{
	struct hunt *hunt = (struct hunt *)q->want;

	(void)last;
	return map_search(&q->map, reply, &hunt->found);
}

static int32_t
futures_map(struct query *q, const struct reply *reply, int last)
{
	struct hunt *hunt = (struct hunt *)q->want;

	(void)last;
	return map_futures(&q->map, reply, &hunt->found);
}

static int32_t
pairs_map(struct query *q, const struct reply *reply, int last)
{
	struct hunt *hunt = (struct hunt *)q->want;

	(void)last;
	return map_pairs(&q->map, reply, hunt->text, &hunt->found);
}

/* The broker's word for what is searched; NULL: it is not narrowed. */
static const char *
search_kind(const char *class)
{
	if (!class)
		return NULL;
	if (strcmp(class, "stock") == 0 || strcmp(class, "etf") == 0)
		return "STK";
	return strcmp(class, "index") == 0 ? "IND" : NULL;
}

static int32_t
hunt_by_name(struct query *q, struct hunt *hunt, const char *name)
{
	const struct ask ask = {
		.route = ROUTE_SEARCH,
		.query = { "symbol", hunt->text, "name", name, "secType",
		    search_kind(hunt->narrowing.class) },
	};

	return query_read(q, &ask, PATIENCE_NONE, search_map);
}

static int32_t
pairs_of(struct query *q, const char *currency)
{
	const struct ask ask = {
		.route = ROUTE_PAIRS,
		.query = { "currency", currency },
	};

	return query_read(q, &ask, PATIENCE_NONE, pairs_map);
}

/* "EUR.USD" may be among the pairs of either currency. */
static int32_t
hunt_pair(struct query *q, struct hunt *hunt)
{
	const char *dot = strchr(hunt->text, '.');
	char first[8];
	int32_t ret;

	hunt->narrowing.symbol = NULL;
	if (!dot || dot - hunt->text != 3 || strlen(dot) != 4)
		return map_fail(&q->map, IAG_INVAL, "INPUT_INVALID",
		    "'%s' is no pair of currencies, such as 'EUR.USD'",
		    hunt->text);
	(void)snprintf(first, sizeof(first), "%.3s", hunt->text);
	ret = pairs_of(q, dot + 1);
	return ret || hunt->found.count ? ret : pairs_of(q, first);
}

static int32_t
hunt_ids(struct query *q, struct hunt *hunt)
{
	const char *class = hunt->narrowing.class;
	const struct ask futures = {
		.route = ROUTE_FUTURES,
		.query = { "symbols", hunt->text },
	};
	int32_t ret;

	q->want = hunt;
	if (class && strcmp(class, "future") == 0)
		return query_read(q, &futures, PATIENCE_NONE, futures_map);
	if (class && strcmp(class, "fx") == 0)
		return hunt_pair(q, hunt);
	if (class && strstr(class, "option"))
		return map_fail(&q->map, IAG_NOTSUP,
		    "BROKER_CAPABILITY_UNAVAILABLE",
		    "the broker does not search for options; their chain "
		    "(options_chain) has them");
	ret = hunt_by_name(q, hunt, NULL);
	/* a ticker first; a part of a name only where one may be meant */
	if (ret == IAG_OK && !hunt->found.count && !hunt->narrowing.symbol)
		ret = hunt_by_name(q, hunt, "true");
	return ret;
}

static void
ids_join(const struct candidates *found, char ids[IDS_SIZE])
{
	size_t len = 0;

	*ids = '\0';
	for (size_t i = 0; i < found->count; i++)
		len += (size_t)snprintf(ids + len, IDS_SIZE - len, "%s%s",
		    i ? "," : "", found->ids[i]);
}

static int32_t
definitions_map(struct query *q, const struct reply *reply, int last)
{
	const struct hunt *hunt = q->want;

	(void)last;
	return map_definitions(
	    &q->map, reply, &hunt->narrowing, hunt->limit, &hunt->found);
}

static int32_t
resolve_map(struct query *q, const struct reply *reply, int last)
{
	struct hunt *hunt = (struct hunt *)q->want;

	(void)last;
	return map_resolve(
	    &q->map, reply, &hunt->narrowing, &hunt->found, hunt->id);
}

static int32_t
definitions_read(struct query *q, const struct hunt *hunt, query_map *map)
{
	char ids[IDS_SIZE];
	const struct ask ask = {
		.route = ROUTE_DEFINITIONS,
		.query = { "conids", ids },
	};

	ids_join(&hunt->found, ids);
	return query_read(q, &ask, PATIENCE_NONE, map);
}

static void
hunt_init(struct query *q, struct hunt *hunt)
{
	*hunt = (struct hunt){
		.narrowing.class = query_str(q, "asset_class"),
		.narrowing.currency = query_str(q, "currency"),
		.narrowing.exchange = query_str(q, "exchange"),
		.limit = (size_t)query_int(q, "limit", 25),
	};
}

int32_t
op_contracts_search(struct query *q)
{
	struct hunt hunt;
	int32_t ret;

	hunt_init(q, &hunt);
	hunt.text = query_str(q, "query");
	ret = hunt_ids(q, &hunt);
	if (ret == IAG_OK && hunt.found.count)
		return query_end(
		    q, definitions_read(q, &hunt, definitions_map));
	if (ret == IAG_OK) {
		text_str(q->out, "{\"contracts\":[]}");
		q->map.flags = hunt.found.nameless ? 0 : IAG_REPLY_COMPLETE;
	}
	return query_end(q, ret);
}

static int32_t
rules_map(struct query *q, const struct reply *reply, int last)
{
	const struct hunt *hunt = q->want;

	(void)last;
	return map_rules(&q->map, reply, hunt->id);
}

/* What cannot be traded (an index) has no rules. */
static int32_t
rules_read(struct query *q, const struct hunt *hunt)
{
	const struct ask ask = {
		.route = ROUTE_RULES,
		.holes = { hunt->id },
		.query = { "isBuy", "true" },
	};
	uint32_t flags = q->map.flags;
	int32_t ret = query_read(q, &ask, PATIENCE_NONE, rules_map);

	q->map.flags = flags;
	return ret && q->map.hints & MAP_ABSENT ? IAG_OK : ret;
}

int32_t
op_contract_resolve(struct query *q)
{
	struct hunt hunt;
	int32_t ret;

	hunt_init(q, &hunt);
	hunt.text = query_str(q, "symbol");
	hunt.narrowing.symbol = hunt.text;
	ret = hunt_ids(q, &hunt);
	if (ret == IAG_OK && !hunt.found.count)
		ret =
		    map_fail(&q->map, IAG_NOTFOUND, "INPUT_AMBIGUOUS_CONTRACT",
			"no contract fits '%s'", hunt.text);
	if (ret == IAG_OK)
		ret = definitions_read(q, &hunt, resolve_map);
	if (ret == IAG_OK)
		ret = rules_read(q, &hunt);
	emit_close(q->out, '}');
	return query_end(q, ret);
}

/* ---- chains */

/* Requests for one chain; with ten a second, as many as seconds allow. */
enum { CHAIN_REQUESTS = 60 };

struct chain {
	struct chain_want want;
	struct option_root root;
	struct strikes strikes;
	size_t limit;
	unsigned requests;
	int cut;
	char currency[8];
};

static int32_t
root_map(struct query *q, const struct reply *reply, int last)
{
	struct chain *chain = (struct chain *)q->want;

	(void)last;
	return map_option_root(
	    &q->map, reply, chain->want.symbol, &chain->root);
}

static int32_t
strikes_map(struct query *q, const struct reply *reply, int last)
{
	struct chain *chain = (struct chain *)q->want;

	(void)last;
	return map_strikes(&q->map, reply, &chain->want, &chain->strikes);
}

static int32_t
rows_map(struct query *q, const struct reply *reply, int last)
{
	struct chain *chain = (struct chain *)q->want;

	(void)last;
	return map_option_rows(
	    &q->map, reply, &chain->want, chain->limit, chain->currency);
}

/* All expiries of one month, strike and right. */
static int32_t
chain_contracts(struct query *q, struct chain *chain, const char *month,
    const char *strike, const char *right)
{
	const struct ask ask = {
		.route = ROUTE_OPTION,
		.query = { "conid", chain->root.id, "sectype", "OPT", "month",
		    month, "strike", strike, "right", right },
	};
	uint32_t before = q->map.rows, dropped = q->map.dropped;
	uint32_t shown = before - dropped;
	size_t limit = chain->limit;
	int32_t ret;

	if (shown >= limit || chain->requests == CHAIN_REQUESTS) {
		chain->cut = 1;
		return IAG_OK;
	}
	chain->requests++;
	chain->limit = limit - shown;
	q->map.rows = 0;
	q->map.dropped = 0;
	ret = query_read(q, &ask, PATIENCE_NONE, rows_map);
	chain->limit = limit;
	q->map.rows += before;
	q->map.dropped += dropped;
	return ret;
}

static int32_t
chain_month(struct query *q, struct chain *chain, const char *month)
{
	const struct ask ask = {
		.route = ROUTE_STRIKES,
		.query = { "conid", chain->root.id, "sectype", "OPT", "month",
		    month },
	};
	uint32_t rows = q->map.rows, dropped = q->map.dropped;
	int32_t ret = query_read(q, &ask, short_while, strikes_map);

	q->map.rows = rows;
	q->map.dropped = dropped;
	chain->cut |= chain->strikes.cut;
	for (size_t i = 0;
	     ret == IAG_OK && !chain->cut && i < chain->strikes.count; i++) {
		const struct strike *strike = &chain->strikes.list[i];

		if (strike->call)
			ret = chain_contracts(
			    q, chain, month, strike->price, "C");
		if (ret == IAG_OK && strike->put)
			ret = chain_contracts(
			    q, chain, month, strike->price, "P");
	}
	return ret;
}

/* The months that may have what is wanted, until the limit is reached. */
static int32_t
chain_months(struct query *q, struct chain *chain)
{
	const char *at = chain->root.months;
	char only[6] = "", month[8];
	int32_t ret = IAG_OK;

	if (chain->want.expiration)
		option_month(chain->want.expiration, only);
	while (*at && ret == IAG_OK && !chain->cut) {
		size_t len = strcspn(at, ";");

		(void)snprintf(month, sizeof(month), "%.*s",
		    len < sizeof(month) ? (int)len : 0, at);
		at += len + (at[len] == ';');
		if (*month && (!*only || strcmp(only, month) == 0))
			ret = chain_month(q, chain, month);
	}
	return ret;
}

static void
chain_end(struct query *q, const struct chain *chain)
{
	emit_close(q->out, ']');
	emit_str(q->out, "currency", *chain->currency ? chain->currency : NULL);
	emit_str(q->out, "data_status", "live");
	emit_moment(q->out, "timestamp", q->host->real_ns(q->ctx));
	emit_close(q->out, '}');
	q->map.flags = chain->cut || q->map.dropped ? 0 : IAG_REPLY_COMPLETE;
}

int32_t
op_options_chain(struct query *q)
{
	struct chain chain = {
		.want.symbol = query_str(q, "symbol"),
		.want.expiration = query_str(q, "expiration"),
		.want.right = query_str(q, "right"),
		.want.strike_min = query_str(q, "strike_min"),
		.want.strike_max = query_str(q, "strike_max"),
		.limit = (size_t)query_int(q, "limit", 100),
	};
	const struct ask ask = {
		.route = ROUTE_SEARCH,
		.query = { "symbol", chain.want.symbol },
	};
	int32_t ret;

	q->want = &chain;
	ret = query_read(q, &ask, PATIENCE_NONE, root_map);
	if (ret)
		return query_fail(q, ret);
	emit_open(q->out, NULL, '{');
	emit_str(q->out, "underlying_symbol", chain.want.symbol);
	map_list_open(&q->map, "entries", 500);
	ret = chain_months(q, &chain);
	if (ret == IAG_OK)
		chain_end(q, &chain);
	return query_end(q, ret);
}

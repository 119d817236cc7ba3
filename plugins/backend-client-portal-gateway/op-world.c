/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * News and fundamentals.  The broker's published interface has neither; what
 * it serves all the same is asked for only where that is configured: headlines
 * of its own pages, and the field codes of older documents.
 */

#include <stdio.h>

#include "map-contract.h"
#include "map-market.h"
#include "map-news.h"
#include "ops.h"

#define NS_PER_MS UINT64_C(1000000)
#define SWITCH "broker.undocumented_endpoints"

static const struct patience streaming = { 5, 700 * NS_PER_MS };

static int32_t
switched_on(struct query *q, const char *what)
{
	uint32_t on = 0;

	if (q->host->option_bool(q->ctx, "undocumented_endpoints", &on) ==
		IAG_OK &&
	    on)
		return query_primed(q);
	return map_fail(&q->map, IAG_NOTSUP, "BROKER_CAPABILITY_UNAVAILABLE",
	    "the broker's published REST interface has no %s; what it serves "
	    "without publishing it is read where " SWITCH " is true",
	    what);
}

/* ---- news */

struct news_want {
	const char *symbol, *article;
	size_t limit;
};

static int32_t
news_map(struct query *q, const struct reply *reply, int last)
{
	const struct news_want *want = q->want;

	(void)last;
	return want->article
		   ? map_article(&q->map, reply, want->article)
		   : map_news(&q->map, reply, want->symbol, want->limit);
}

static int32_t
news_answer(struct query *q, const struct news_want *want)
{
	const struct ask ask = { .route = ROUTE_NEWS };
	int32_t ret = switched_on(q, "news");

	q->want = want;
	return ret ? query_fail(q, ret)
		   : query_answer(q, &ask, PATIENCE_NONE, news_map);
}

int32_t
op_news_list(struct query *q)
{
	const struct news_want want = {
		.symbol = query_str(q, "symbol"),
		.limit = (size_t)query_int(q, "limit", 20),
	};

	return news_answer(q, &want);
}

int32_t
op_news_article(struct query *q)
{
	const struct news_want want = {
		.article = query_str(q, "article_id"),
	};

	return news_answer(q, &want);
}

/* ---- fundamentals */

struct company {
	const char *symbol;
	char id[16];
};

static int32_t
company_map(struct query *q, const struct reply *reply, int last)
{
	struct company *company = (struct company *)q->want;

	(void)last;
	return map_stock(&q->map, reply, company->symbol, company->id);
}

static int32_t
fundamentals_map(struct query *q, const struct reply *reply, int last)
{
	const struct company *company = q->want;

	return map_fundamentals(
	    &q->map, reply, company->symbol, company->id, last);
}

int32_t
op_fundamentals_get(struct query *q)
{
	struct company company = { .symbol = query_str(q, "symbol") };
	const struct ask search = {
		.route = ROUTE_SEARCH,
		.query = { "symbol", company.symbol, "secType", "STK" },
	};
	const struct ask figures = {
		.route = ROUTE_SNAPSHOT,
		.query = { "conids", company.id, "fields", FUNDAMENTAL_FIELDS },
	};
	int32_t ret = switched_on(q, "fundamentals");

	q->want = &company;
	if (ret == IAG_OK)
		ret = query_read(q, &search, PATIENCE_NONE, company_map);
	if (ret)
		return query_fail(q, ret);
	query_line(q, company.id);
	return query_answer(q, &figures, streaming, fundamentals_map);
}

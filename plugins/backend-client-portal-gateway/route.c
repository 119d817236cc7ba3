/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Everything that this backend can send.  The POSTs among the reads ask, too:
 * a scan, a what-if, the end of a market data stream that a read began.
 */

#include "query.h"

#define NS_PER_S UINT64_C(1000000000)

#define READ(m, p, b)                                                          \
	{                                                                      \
		.method = m, .pattern = p, .bucket = b, .flags = IAG_HTTP_READ \
	}
#define SESSION(p, b, more)                                  \
	{                                                    \
		.method = "POST", .pattern = p, .bucket = b, \
		.flags = IAG_HTTP_SESSION | (more)           \
	}

const struct iag_route routes[ROUTE_COUNT] = {
	[ROUTE_STATUS] = SESSION("/iserver/auth/status", NULL, 0),
	[ROUTE_TICKLE] = SESSION("/tickle", "tickle", 0),
	[ROUTE_OPEN] =
	    SESSION("/iserver/auth/ssodh/init", NULL, IAG_HTTP_OPENING),
	[ROUTE_LOGIN] = READ("GET", "/iserver/accounts", NULL),
	[ROUTE_ACCOUNTS] = READ("GET", "/portfolio/accounts", "accounts"),
	[ROUTE_META] = READ("GET", "/portfolio/{account}/meta", NULL),
	[ROUTE_TOTALS] = READ("GET", "/portfolio/{account}/summary", NULL),
	[ROUTE_LEDGER] = READ("GET", "/portfolio/{account}/ledger", NULL),
	[ROUTE_ALLOCATION] =
	    READ("GET", "/portfolio/{account}/allocation", NULL),
	[ROUTE_POSITIONS] =
	    READ("GET", "/portfolio/{account}/positions/{page}", NULL),
	[ROUTE_SUMMARY] =
	    READ("GET", "/iserver/account/{account}/summary", NULL),
	[ROUTE_PNL] = READ("GET", "/iserver/account/pnl/partitioned", "pnl"),
	[ROUTE_SEARCH] = READ("GET", "/iserver/secdef/search", NULL),
	[ROUTE_STRIKES] = READ("GET", "/iserver/secdef/strikes", NULL),
	[ROUTE_OPTION] = READ("GET", "/iserver/secdef/info", NULL),
	[ROUTE_DEFINITIONS] = READ("GET", "/trsrv/secdef", NULL),
	[ROUTE_FUTURES] = READ("GET", "/trsrv/futures", NULL),
	[ROUTE_ALL_CONTRACTS] = READ("GET", "/trsrv/all-conids", NULL),
	[ROUTE_SCHEDULE] = READ("GET", "/trsrv/secdef/schedule", NULL),
	[ROUTE_HOURS] = READ("GET", "/contract/trading-schedule", NULL),
	[ROUTE_RULES] =
	    READ("GET", "/iserver/contract/{contract}/info-and-rules", NULL),
	[ROUTE_PAIRS] = READ("GET", "/iserver/currency/pairs", NULL),
	[ROUTE_RATE] = READ("GET", "/iserver/exchangerate", NULL),
	[ROUTE_SNAPSHOT] =
	    READ("GET", "/iserver/marketdata/snapshot", "snapshot"),
	[ROUTE_UNSUBSCRIBE] =
	    READ("POST", "/iserver/marketdata/unsubscribe", NULL),
	[ROUTE_HISTORY] = READ("GET", "/iserver/marketdata/history", "history"),
	[ROUTE_SCANNER] = READ("POST", "/iserver/scanner/run", "scanner"),
	/* documented nowhere */
	[ROUTE_NEWS] = READ("GET", "/iserver/news/portfolio", NULL),
	[ROUTE_ORDERS] = READ("GET", "/iserver/account/orders", "orders"),
	[ROUTE_ORDER] =
	    READ("GET", "/iserver/account/order/status/{order}", NULL),
	[ROUTE_TRADES] = READ("GET", "/iserver/account/trades", "trades"),
	[ROUTE_WHATIF] =
	    READ("POST", "/iserver/account/{account}/orders/whatif", NULL),
};

/* The broker's own limits; what is kept back is for cancels and sessions. */
const struct iag_bucket buckets[BUCKET_COUNT] = {
	{ .name = "all", .window_ns = NS_PER_S, .tokens = 10, .reserve = 3 },
	{ .name = "snapshot", .window_ns = NS_PER_S, .tokens = 10 },
	{ .name = "history", .concurrent = 5 },
	{ .name = "orders", .window_ns = 5 * NS_PER_S, .tokens = 1 },
	{ .name = "trades", .window_ns = 5 * NS_PER_S, .tokens = 1 },
	{ .name = "pnl", .window_ns = 5 * NS_PER_S, .tokens = 1 },
	{ .name = "accounts", .window_ns = 5 * NS_PER_S, .tokens = 1 },
	{ .name = "tickle", .window_ns = NS_PER_S, .tokens = 1 },
	{ .name = "scanner", .window_ns = NS_PER_S, .tokens = 1 },
};

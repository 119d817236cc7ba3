/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Trading hours and currencies: cpapi.md section 6. */

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "sim/num.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/world.h"

#define DAY_S INT64_C(86400)
#define OPEN_S (13 * 3600 + 1800) /* UTC */
#define CLOSE_S (20 * 3600)

/* An ordinary week: 20000101 stands for any Saturday, and so on. */
static void
pack_week(struct call *call)
{
	for (int day = 1; day <= 7; day++) {
		bool open = day > 2;

		pack_item(&call->reply->body,
		    "{'clearingCycleEndTime':%s,'tradingScheduleDate':"
		    "'200001%r%d','sessions':[%r],'tradingtimes':[{"
		    "'openingTime':%s,'closingTime':%s,"
		    "'cancelDayOrders':'Y'}]}",
		    open ? "2000" : "0000", "0", day,
		    open ? "{\"openingTime\":\"0930\",\"closingTime\":"
			   "\"1600\",\"prop\":\"LIQUID\"}"
			 : "",
		    open ? "0400" : "0000", open ? "2000" : "0000");
	}
}

static void
schedule(struct call *call)
{
	const char *symbol = call_param(call, "symbol");
	const char *exchange = call_param(call, "exchange");

	if (!symbol || !call_param(call, "assetClass")) {
		call_known(call, KNOWN_BAD_REQUEST);
		return;
	}
	call_pack(call,
	    "[{'id':'p102082','tradeVenueId':'v13133','exchange':%s,"
	    "'description':%s,'timezone':'America/New_York','schedules':[",
	    exchange ? exchange : "NASDAQ", exchange ? exchange : "NASDAQ");
	pack_week(call);
	/* a holiday, on which nothing opens */
	pack_item(&call->reply->body,
	    "{'clearingCycleEndTime':'0000','tradingScheduleDate':'20261225',"
	    "'sessions':[],'tradingtimes':[{'openingTime':'0000',"
	    "'closingTime':'0000','cancelDayOrders':'N'}]}");
	call_pack(call, "]}]");
}

/* Epoch seconds of six days around today. */
static void
hours(struct call *call)
{
	int64_t today = call->now_ms / 1000 / DAY_S;

	if (!call_param(call, "conid")) {
		call_known(call, KNOWN_BAD_REQUEST);
		return;
	}
	call_pack(call, "{'exchange_time_zone':'US/Eastern','schedules':{");
	for (int64_t day = today - 1; day < today + 5; day++) {
		char text[CLOCK_TEXT_SIZE];

		if ((day + 3) % 7 >= 5)
			continue;
		clock_format((uint64_t)(day * DAY_S) * NS_PER_S, text);
		pack_comma(&call->reply->body);
		buf_printf(&call->reply->body, "\"%.4s%.2s%.2s\":", text,
		    text + 5, text + 8);
		call_pack(call,
		    "{'liquid_hours':[{'opening':%l,'closing':%l}],"
		    "'extended_hours':[{'opening':%l,'closing':%l,"
		    "'cancel_daily_orders':true}]}",
		    day * DAY_S + OPEN_S, day * DAY_S + CLOSE_S,
		    day * DAY_S + OPEN_S - 19800,
		    day * DAY_S + CLOSE_S + 14400);
	}
	call_pack(call, "}}");
}

/* What a unit is worth in dollars. */
static const struct currency {
	const char *name;
	int64_t dollars, conid;
} currencies[] = {
	{ "USD", NUM_ONE, 0 },
	{ "EUR", 108730000, 12087792 },
	{ "GBP", 126500000, 12087797 },
	{ "CHF", 113200000, 12087802 },
	{ "JPY", 668000, 15016059 },
	{ "CAD", 73100000, 15016062 },
	{ "SGD", 74400000, 37928772 },
};

static const struct currency *
find_currency(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_COUNT(currencies); i++)
		if (strcmp(currencies[i].name, name) == 0)
			return &currencies[i];
	return NULL;
}

static void
rate(struct call *call)
{
	const struct currency *from = find_currency(call_param(call, "source"));
	const struct currency *to = find_currency(call_param(call, "target"));

	if (!from || !to)
		call_error(call, 500, "currency is not valid");
	else if (from == to)
		call_pack(call, "{'rate':1}");
	else
		call_pack(
		    call, "{'rate':%n}", num_div(from->dollars, to->dollars));
}

static void
pairs(struct call *call)
{
	const struct currency *of = find_currency(call_param(call, "currency"));

	if (!of) {
		call_known(call, KNOWN_BAD_REQUEST);
		return;
	}
	call_pack(call, "{%s:[", of->name);
	for (size_t i = 0; i < ARRAY_COUNT(currencies); i++)
		if (&currencies[i] != of)
			pack_item(&call->reply->body,
			    "{'symbol':'%r.%r','conid':%l,'ccyPair':%s}",
			    of->name, currencies[i].name,
			    currencies[i].conid ? currencies[i].conid
						: of->conid,
			    currencies[i].name);
	call_pack(call, "]}");
}

static const struct route routes[] = {
	{ "GET", "/trsrv/secdef/schedule", NEED_OUTER, schedule },
	{ "GET", "/contract/trading-schedule", NEED_OUTER, hours },
	{ "GET", "/iserver/exchangerate", NEED_OUTER | NEED_BROKER, rate },
	{ "GET", "/iserver/currency/pairs", NEED_OUTER | NEED_BROKER, pairs },
};
const struct family schedule_family = { routes, ARRAY_COUNT(routes) };

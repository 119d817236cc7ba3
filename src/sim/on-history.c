/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Price history: cpapi.md section 7.  Bars are made from the mark and the
 * time, so that the same bar looks the same whenever it is asked for.
 */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "sim/num.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/seed.h"
#include "sim/world.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS INT64_C(86400000)
#define OPEN_MS (810 * MINUTE_MS) /* 13:30 UTC */
#define CLOSE_MS (1200 * MINUTE_MS)
#define BARS_MAX 1000

struct unit {
	const char *name;
	int64_t ms;
	int most; /* in a period; 0: only in bars */
};

static const struct unit periods[] = {
	{ "min", MINUTE_MS, 30 },
	{ "h", 60 * MINUTE_MS, 8 },
	{ "d", DAY_MS, 1000 },
	{ "w", 7 * DAY_MS, 792 },
	{ "m", 30 * DAY_MS, 182 },
	{ "y", 365 * DAY_MS, 15 },
};

static const struct unit bars[] = {
	{ "1min", MINUTE_MS, 0 },
	{ "2min", 2 * MINUTE_MS, 0 },
	{ "3min", 3 * MINUTE_MS, 0 },
	{ "5min", 5 * MINUTE_MS, 0 },
	{ "10min", 10 * MINUTE_MS, 0 },
	{ "15min", 15 * MINUTE_MS, 0 },
	{ "30min", 30 * MINUTE_MS, 0 },
	{ "1h", 60 * MINUTE_MS, 0 },
	{ "2h", 120 * MINUTE_MS, 0 },
	{ "3h", 180 * MINUTE_MS, 0 },
	{ "4h", 240 * MINUTE_MS, 0 },
	{ "8h", 480 * MINUTE_MS, 0 },
	{ "1d", DAY_MS, 0 },
	{ "1w", 7 * DAY_MS, 0 },
	{ "1m", 30 * DAY_MS, 0 },
};

struct window {
	int64_t start_ms, end_ms, bar_ms;
	const char *period;
};

/* "5d"; what is not one is silently a day, as at the broker. */
static int64_t
take_period(const char *text, const char **ret_period)
{
	char *unit;
	long count = text ? strtol(text, &unit, 10) : 0;

	*ret_period = text;
	for (size_t i = 0; count > 0 && i < ARRAY_COUNT(periods); i++)
		if (strcmp(periods[i].name, unit) == 0 &&
		    count <= periods[i].most)
			return count * periods[i].ms;
	*ret_period = "1d";
	return DAY_MS;
}

/* The smallest bar that is not finer than what a period allows. */
static int64_t
take_bar(const char *text, int64_t period_ms)
{
	int64_t least_ms = MINUTE_MS;
	const struct unit *bar = &bars[0];

	if (period_ms > 7 * DAY_MS)
		least_ms = 60 * MINUTE_MS;
	else if (period_ms > DAY_MS)
		least_ms = 10 * MINUTE_MS;
	if (period_ms > 400 * DAY_MS)
		least_ms = DAY_MS;
	for (size_t i = 0; text && i < ARRAY_COUNT(bars); i++)
		if (strcmp(bars[i].name, text) == 0)
			bar = &bars[i];
	while (bar->ms < least_ms)
		bar++;
	return bar->ms;
}

/* "20260402-13:30:00", UTC; 0: it is none */
static int64_t
take_time(const char *text)
{
	struct buf plain CLEANUP_BUF = BUF_INIT;
	uint64_t ns = 0;

	if (strlen(text) != 17 || text[8] != '-')
		return 0;
	buf_printf(&plain, "%.4s-%.2s-%.2s", text, text + 4, text + 6);
	buf_printf(&plain, "T%sZ", text + 9);
	if (clock_parse(buf_text(&plain), &ns, NULL))
		return 0;
	return (int64_t)(ns / NS_PER_MS);
}

static bool
is_open(int64_t at_ms, int64_t bar_ms, bool outside)
{
	int64_t day = at_ms / DAY_MS, within = at_ms % DAY_MS;
	bool is_weekday = (day + 3) % 7 < 5; /* 1970-01-01 was a Thursday */

	if (!is_weekday)
		return false;
	return outside || bar_ms >= DAY_MS ||
	       (within >= OPEN_MS && within < CLOSE_MS);
}

/* A period ends with trading: on a Sunday "1d" is Friday. */
static int64_t
last_open(int64_t at_ms, bool outside)
{
	while (at_ms > 0 && !is_open(at_ms, MINUTE_MS, outside))
		at_ms -= MINUTE_MS;
	return at_ms;
}

/* Within two percent of the mark. */
static int64_t
price_at(const struct contract *contract, int64_t mark, int64_t at_ms)
{
	uint64_t seed =
	    (uint64_t)(at_ms / MINUTE_MS) ^ (uint64_t)contract->conid << 20;
	int64_t percent = (int64_t)(seed_next(&seed) % 401) - 200;
	int64_t num = mark + mark / 10000 * percent;

	return num / contract->increment * contract->increment;
}

static void
pack_bar(struct call *call, const struct contract *contract, int64_t mark,
    int64_t at_ms, int64_t bar_ms)
{
	int64_t open = price_at(contract, mark, at_ms);
	int64_t close = price_at(contract, mark, at_ms + bar_ms);
	int64_t step = contract->increment * 5;

	pack_item(&call->reply->body,
	    "{'o':%n,'c':%n,'h':%n,'l':%n,'v':%n,'t':%l}", open, close,
	    (open > close ? open : close) + step,
	    (open < close ? open : close) - step,
	    NUM(at_ms / MINUTE_MS % 9000 + 100, 12), at_ms);
}

static int
pack_bars(struct call *call, const struct contract *contract, int64_t mark,
    const struct window *window, bool outside)
{
	int64_t bar_ms = window->bar_ms;
	int64_t offset_ms = bar_ms >= DAY_MS ? OPEN_MS : 0;
	int64_t at_ms = window->start_ms / bar_ms * bar_ms + offset_ms;
	int points = 0;

	if (window->end_ms / bar_ms - window->start_ms / bar_ms >
	    4 * BARS_MAX) /* nights and weekends are left out below */
		at_ms = (window->end_ms / bar_ms - 4 * BARS_MAX) * bar_ms +
			offset_ms;
	for (; at_ms <= window->end_ms && points < BARS_MAX; at_ms += bar_ms) {
		if (!is_open(at_ms, bar_ms, outside))
			continue;
		pack_bar(call, contract, mark, at_ms, bar_ms);
		points++;
	}
	return points;
}

static void
pack_history(struct call *call, const struct contract *contract, int64_t mark,
    const struct window *window)
{
	bool outside = call_has_param(call, "outsideRth", "true");
	char start[CLOCK_TEXT_SIZE];
	int points;

	clock_format((uint64_t)window->start_ms * NS_PER_MS, start);
	call_pack(call,
	    "{'serverId':'6571225','symbol':%s,'text':%s,'priceFactor':100,",
	    contract->symbol, contract->name);
	buf_printf(&call->reply->body, "\"startTime\":\"%.4s%.2s%.2s-%.8s\",",
	    start, start + 5, start + 8, start + 11);
	call_pack(call,
	    "'high':'%l/26572.9/67','low':'%l/7122.825/10','timePeriod':%s,"
	    "'barLength':%l,'mdAvailability':'S','mktDataDelay':0,",
	    mark / (NUM_ONE / 100) + 50, mark / (NUM_ONE / 100) - 75,
	    window->period, window->bar_ms / 1000);
	call_pack(call,
	    "'outsideRth':%b,'tradingDayDuration':390,'volumeFactor':%d,"
	    "'priceDisplayRule':1,'priceDisplayValue':'2',"
	    "'negativeCapable':false,'messageVersion':2,'data':[",
	    outside, strcmp(contract->type, "STK") == 0 ? 1 : 40);
	points = pack_bars(call, contract, mark, window, outside);
	call_pack(call, "],'points':%d,'travelTime':3}", points - 1);
}

static void
history(struct call *call)
{
	const char *conid = call_param(call, "conid");
	const char *end = call_param(call, "startTime");
	const struct contract *contract = conid ? contract_parse(conid) : NULL;
	struct window window = { .end_ms = call->now_ms };
	int64_t mark, period_ms;

	if (!contract || !call_param(call, "period") ||
	    !call_param(call, "bar")) {
		call_known(call, KNOWN_BAD_REQUEST);
		return;
	}
	mark = market_mark(&call->sim->market, contract);
	if (sim_is_first(call->sim, COLD_HISTORY)) {
		call_known(call, KNOWN_UNAVAILABLE);
		return;
	}
	if (mark == NO_PRICE || call_has_param(call, "direction", "1") ||
	    (end && !(window.end_ms = take_time(end)))) {
		call_known(call, KNOWN_NO_CHART);
		return;
	}
	period_ms = take_period(call_param(call, "period"), &window.period);
	window.bar_ms = take_bar(call_param(call, "bar"), period_ms);
	window.end_ms = last_open(
	    window.end_ms, call_has_param(call, "outsideRth", "true"));
	window.start_ms = window.end_ms - period_ms;
	if (window.start_ms < 0)
		window.start_ms = 0;
	pack_history(call, contract, mark, &window);
}

static const struct route routes[] = {
	{ "GET", "/iserver/marketdata/history", NEED_OUTER | NEED_BROKER,
	    history },
};
const struct family history_family = { routes, ARRAY_COUNT(routes) };

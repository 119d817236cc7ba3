/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One schedule has weekdays and dates in the same list: 2000-01-01 is any
 * Saturday, 2000-01-07 any Friday.  A day without sessions is a holiday only
 * if its weekday has some.
 */

#include "map-calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "ibkr-agent/plugin.h"
#include "moment.h"
#include "scalar.h"
#include "text.h"

#define NS_PER_DAY UINT64_C(86400000000000)

enum { HOLIDAYS_MAX = 200 };

/* What the liquid hours say about now; 0: not told. */
struct hours {
	uint64_t now_ns, next_open_ns, next_close_ns;
	int is_open, count;
};

static void
earliest(uint64_t *best, uint64_t value, uint64_t now_ns)
{
	if (value > now_ns && (*best == 0 || value < *best))
		*best = value;
}

static void
interval_add(struct hours *hours, const struct node *row)
{
	uint64_t open = scalar_time(node_get(row, "opening"));
	uint64_t close = scalar_time(node_get(row, "closing"));

	if (!open || close <= open)
		return;
	hours->count++;
	hours->is_open |= open <= hours->now_ns && hours->now_ns < close;
	earliest(&hours->next_open_ns, open, hours->now_ns);
	earliest(&hours->next_close_ns, close, hours->now_ns);
}

int32_t
map_hours(struct map *map, const struct reply *reply, const char *exchange,
    uint64_t now_ns)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	struct hours hours = { .now_ns = now_ns };
	const struct node *days, *key;

	if (ret)
		return ret;
	days = node_get(map->root, "schedules");
	key = node_first(days);
	if (!node_is(days, NODE_OBJECT))
		return map_invalid(map, "the broker's answer holds no hours");
	for (uint32_t i = 0; i < days->count; i++, key = node_next(key + 1)) {
		const struct node *list = node_get(key + 1, "liquid_hours");
		const struct node *row = node_first(list);

		for (uint32_t j = 0;
		     node_is(list, NODE_ARRAY) && j < list->count; j++) {
			interval_add(&hours, row);
			row = node_next(row);
		}
	}
	if (hours.count == 0)
		return map_invalid(map, "the broker's answer holds no hours");
	emit_open(map->out, NULL, '{');
	emit_str(map->out, "exchange", exchange);
	emit_flag(map->out, "is_open", hours.is_open);
	emit_moment(map->out, "next_open", hours.next_open_ns);
	emit_moment(map->out, "next_close", hours.next_close_ns);
	emit_word(
	    map->out, "timezone", node_get(map->root, "exchange_time_zone"));
	emit_close(map->out, '}');
	map->flags |= IAG_REPLY_COMPLETE;
	return IAG_OK;
}

/* The calendar of that exchange; the only one, whatever it is called. */
static const struct node *
venue_find(const struct map *map, const char *exchange)
{
	const struct node *row = node_first(map->root);

	if (map->root->count == 1)
		return row;
	for (uint32_t i = 0; i < map->root->count; i++, row = node_next(row)) {
		if (node_equals(node_get(row, "exchange"), exchange))
			return row;
	}
	return NULL;
}

/* A day of a schedule: 0 Saturday to 6 Friday; -1: no day. */
static int
day_of(const struct node *entry, char ret_date[12])
{
	uint64_t ns;

	if (!scalar_date(node_get(entry, "tradingScheduleDate"), ret_date) ||
	    moment_parse(ret_date, &ns))
		return -1;
	/* 1970-01-01 was a Thursday */
	return (int)((ns / NS_PER_DAY + 5) % 7);
}

static int
is_weekday_row(const char *date)
{
	return strncmp(date, "2000-01-0", 9) == 0;
}

static int
has_sessions(const struct node *entry)
{
	const struct node *sessions = node_get(entry, "sessions");

	return node_is(sessions, NODE_ARRAY) && sessions->count > 0;
}

/* Which days of the week are traded, as bits. */
static unsigned
week_of(const struct node *list)
{
	const struct node *entry = node_first(list);
	unsigned week = 0;
	char date[12];

	for (uint32_t i = 0; i < list->count; i++, entry = node_next(entry)) {
		int day = day_of(entry, date);

		if (day >= 0 && is_weekday_row(date) && has_sessions(entry))
			week |= 1u << day;
	}
	return week;
}

struct holidays {
	struct map *map;
	const char *exchange;
	int64_t year;
	unsigned week;
	char dates[HOLIDAYS_MAX][12];
	size_t count;
};

static int
date_order(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
holiday_add(struct holidays *h, const struct node *entry)
{
	char date[12];
	int day = day_of(entry, date);

	if (day < 0 || is_weekday_row(date) || has_sessions(entry) ||
	    !node_is(node_get(entry, "sessions"), NODE_ARRAY) ||
	    !(h->week & 1u << day) || h->count == HOLIDAYS_MAX)
		return;
	if (h->year && strtol(date, NULL, 10) != h->year)
		return;
	memcpy(h->dates[h->count++], date, sizeof(date));
}

static void
holidays_put(struct holidays *h)
{
	struct text *out = h->map->out;

	qsort(h->dates, h->count, sizeof(h->dates[0]), date_order);
	emit_open(out, NULL, '{');
	emit_str(out, "exchange", h->exchange);
	emit_open(out, "holidays", '[');
	for (size_t i = 0; i < h->count; i++) {
		if (i && strcmp(h->dates[i - 1], h->dates[i]) == 0)
			continue;
		emit_open(out, NULL, '{');
		emit_str(out, "exchange", h->exchange);
		emit_str(out, "date", h->dates[i]);
		emit_close(out, '}');
	}
	emit_close(out, ']');
	emit_close(out, '}');
}

/* How far ahead the broker looks is not told: never complete. */
int32_t
map_holidays(struct map *map, const struct reply *reply, const char *exchange,
    int64_t year)
{
	int32_t ret = map_open(map, reply, MAP_ARRAY);
	struct holidays h = { .map = map, .exchange = exchange, .year = year };
	const struct node *list, *entry;

	if (ret)
		return ret;
	list = node_get(venue_find(map, exchange), "schedules");
	if (!node_is(list, NODE_ARRAY) || list->count == 0)
		return map_invalid(map,
		    "the broker's answer holds no calendar of '%s'", exchange);
	h.week = week_of(list);
	if (!h.week)
		return map_invalid(map,
		    "the broker's calendar of '%s' has no day of trading",
		    exchange);
	entry = node_first(list);
	for (uint32_t i = 0; i < list->count; i++, entry = node_next(entry))
		holiday_add(&h, entry);
	holidays_put(&h);
	return IAG_OK;
}

int32_t
map_any_contract(struct map *map, const struct reply *reply, char ret_id[16],
    char ret_symbol[40])
{
	int32_t ret = map_open(map, reply, MAP_ARRAY);
	const struct node *row;
	char id[SCALAR_ID_SIZE];

	if (ret)
		return ret;
	row = node_first(map->root);
	for (uint32_t i = 0; i < map->root->count; i++, row = node_next(row)) {
		if (!scalar_contract(node_get(row, "conid"), id) ||
		    !node_text(node_get(row, "ticker"), ret_symbol, 40))
			continue;
		(void)snprintf(ret_id, 16, "%.15s", id);
		return IAG_OK;
	}
	return map_fail(map, IAG_NOTSUP, "BROKER_CAPABILITY_UNAVAILABLE",
	    "the broker names no stock that is traded there, so it tells no "
	    "calendar");
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Bars of any duration and size from the few that a fixture has: they repeat,
 * and the fixture's last one is the latest.  Regular hours are 13:30 to 20:00
 * UTC from Monday to Friday.
 */

#include <stdlib.h>
#include <string.h>

#include "ibkr-agent/plugin.h"
#include "moment.h"
#include "shape.h"

#define NS_PER_S UINT64_C(1000000000)
#define DAY_S UINT64_C(86400)

enum { BARS_MAX = 1000 };

/* "5min", "1h", "3d", "1w", "1m" (a month), "1y" in seconds; 0: neither. */
static uint64_t
span_parse(const char *text)
{
	char *unit;
	uint64_t count = strtoull(text, &unit, 10);
	static const struct {
		const char *unit;
		uint64_t seconds;
	} units[] = {
		{ "min", 60 },
		{ "h", 3600 },
		{ "d", DAY_S },
		{ "w", 7 * DAY_S },
		{ "m", 30 * DAY_S },
		{ "y", 365 * DAY_S },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].unit) == 0)
			return count * units[i].seconds;
	}
	return 0;
}

static int
is_regular(uint64_t start_s, uint64_t size_s)
{
	uint64_t weekday = (start_s / DAY_S + 3) % 7; /* 0: Monday */
	uint64_t second = start_s % DAY_S;

	if (size_s >= 7 * DAY_S)
		return 1;
	if (weekday > 4)
		return 0;
	return size_s >= DAY_S ||
	       (second + size_s > 13 * 3600 + 1800 && second < 20 * 3600);
}

static int
bar_add(struct json_object *list, struct json_object *pattern, uint64_t start_s,
    const char *currency)
{
	struct json_object *bar = NULL;
	char time[MOMENT_SIZE];

	if (json_object_deep_copy(pattern, &bar, NULL))
		return -1;
	moment_format(start_s * NS_PER_S, time);
	(void)json_object_object_add(
	    bar, "timestamp", json_object_new_string(time));
	if (currency)
		(void)json_object_object_add(
		    bar, "currency", json_object_new_string(currency));
	return json_object_array_add(list, bar);
}

/* Newest first. */
static struct json_object *
bars_make(struct shaping *shaping, struct json_object *patterns,
    uint64_t duration_s, uint64_t size_s)
{
	struct json_object *list = json_object_new_array();
	struct json_object *outside = NULL;
	size_t count = json_object_array_length(patterns), made = 0;
	uint64_t now_s = shaping->now_ns / NS_PER_S;
	uint64_t start_s = now_s - now_s % size_s;
	uint64_t end_s = now_s > duration_s ? now_s - duration_s : 0;
	const char *currency = shape_str(shaping->answer, "$currency");
	int all;

	(void)json_object_object_get_ex(
	    shaping->arguments, "outside_rth", &outside);
	all = json_object_get_boolean(outside);
	for (; start_s > end_s && start_s >= size_s && count;
	     start_s -= size_s) {
		if (!all && !is_regular(start_s, size_s))
			continue;
		if (made == BARS_MAX) {
			shaping->flags &= ~IAG_REPLY_COMPLETE;
			break;
		}
		if (bar_add(list,
			json_object_array_get_idx(
			    patterns, count - 1 - made % count),
			start_s, currency))
			return list;
		made++;
	}
	return list;
}

static struct json_object *
reversed(struct json_object *list)
{
	struct json_object *out = json_object_new_array();

	for (size_t i = json_object_array_length(list); i-- > 0;)
		(void)json_object_array_add(
		    out, json_object_get(json_object_array_get_idx(list, i)));
	json_object_put(list);
	return out;
}

int
shape_bars(struct shaping *shaping)
{
	const char *duration = shape_str(shaping->arguments, "duration");
	const char *size = shape_str(shaping->arguments, "bar_size");
	struct json_object *patterns = NULL, *list;
	uint64_t size_s = size ? span_parse(size) : 0;

	(void)json_object_object_get_ex(shaping->answer, "bars", &patterns);
	if (!duration || !size_s ||
	    !json_object_is_type(patterns, json_type_array))
		return -1;
	list = bars_make(shaping, patterns, span_parse(duration), size_s);
	(void)json_object_object_add(shaping->answer, "bars", reversed(list));
	json_object_object_del(shaping->answer, "$currency");
	return 0;
}

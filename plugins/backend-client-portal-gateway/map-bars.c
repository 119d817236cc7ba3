/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Bars have prices as they are; only the summary of the day is scaled. */

#include "map-bars.h"

#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "ibkr-agent/plugin.h"
#include "scalar.h"
#include "text.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define BARS_MAX 1000

static const struct {
	const char *word;
	int64_t seconds;
} sizes[] = {
	{ "1min", 60 },
	{ "2min", 120 },
	{ "3min", 180 },
	{ "5min", 300 },
	{ "10min", 600 },
	{ "15min", 900 },
	{ "30min", 1800 },
	{ "1h", 3600 },
	{ "2h", 7200 },
	{ "3h", 10800 },
	{ "4h", 14400 },
	{ "8h", 28800 },
	{ "1d", 86400 },
	{ "1w", 604800 },
	{ "1m", 2592000 },
};

/* Units of spans, the most of each, and what one is in seconds. */
static const struct {
	const char *word;
	int64_t most, seconds;
} spans[] = {
	{ "min", 30, 60 },
	{ "h", 8, 3600 },
	{ "d", 1000, 86400 },
	{ "w", 792, 604800 },
	{ "m", 182, 2592000 },
	{ "y", 15, 31536000 },
};

static int64_t
size_seconds(const char *word)
{
	for (size_t i = 0; i < COUNT(sizes); i++) {
		if (strcmp(sizes[i].word, word) == 0)
			return sizes[i].seconds;
	}
	return 0;
}

const char *
bars_refusal(const char *duration, const char *size)
{
	char *unit;
	long count = strtol(duration, &unit, 10);
	int64_t step = size_seconds(size);

	if (!step)
		return "the broker has no bars of this size";
	for (size_t i = 0; i < COUNT(spans); i++) {
		if (strcmp(spans[i].word, unit) != 0)
			continue;
		if (count < 1 || count > spans[i].most)
			return "the broker offers 1-30min, 1-8h, 1-1000d, "
			       "1-792w, 1-182m and 1-15y";
		return count * spans[i].seconds < step
			   ? "a bar is longer than the span"
			   : NULL;
	}
	return "a span is a number and min, h, d, w, m or y";
}

static const struct emit_field bar_fields[] = {
	{ "timestamp", "t", emit_when },
	{ "open", "o", emit_decimal },
	{ "high", "h", emit_decimal },
	{ "low", "l", emit_decimal },
	{ "close", "c", emit_decimal },
	{ "volume", "v", emit_decimal },
};

/* mdAvailability is S here; the delay says more. */
static const char *
bars_status(struct map *map)
{
	int64_t delay = scalar_int(node_get(map->root, "mktDataDelay"));
	char word[16] = "";

	(void)node_text(
	    node_get(map->root, "mdAvailability"), word, sizeof(word));
	if (delay > 0 || *word == 'D') {
		map->flags |= IAG_REPLY_DELAYED;
		return "delayed";
	}
	return "live";
}

static void
bars_put(struct map *map, const struct node *data, const char *currency)
{
	const struct node *row = node_first(data);
	uint32_t skip = data->count > BARS_MAX ? data->count - BARS_MAX : 0;

	map_list_open(map, "bars", BARS_MAX);
	for (uint32_t i = 0; i < data->count; i++, row = node_next(row)) {
		size_t mark;

		if (i < skip)
			continue;
		mark = map_row_begin(map);
		EMIT(map->out, row, bar_fields);
		emit_str(map->out, "currency", *currency ? currency : NULL);
		map_row_end(map, mark, scalar_time(node_get(row, "t")) != 0);
	}
	emit_close(map->out, ']');
	if (!skip && !map->dropped)
		map->flags |= IAG_REPLY_COMPLETE;
}

static int32_t
bars_missing(struct map *map)
{
	(void)map_fail(map, 0, "HISTORICAL_BARS_UNAVAILABLE",
	    "the broker has no bars for this contract and span");
	map->hints = MAP_RETRY;
	return IAG_AGAIN;
}

int32_t
map_bars(struct map *map, const struct reply *reply, const char *contract,
    const char *size, const char *currency)
{
	int32_t ret = map_open(map, reply, MAP_OBJECT);
	const struct node *data;
	int64_t length;

	if (ret)
		return ret;
	data = node_get(map->root, "data");
	if (!node_is(data, NODE_ARRAY))
		return map_invalid(map, "the broker's answer holds no bars");
	if (data->count == 0)
		return bars_missing(map);
	length = scalar_int(node_get(map->root, "barLength"));
	if (length > 0 && length != size_seconds(size) &&
	    size_seconds(size) < 604800)
		return map_fail(map, IAG_INVAL, "INPUT_INVALID",
		    "the broker gives bars of %lld s instead of '%s' for this "
		    "span; ask for a longer bar or a shorter span",
		    (long long)length, size);
	emit_open(map->out, NULL, '{');
	emit_str(map->out, "contract_id", contract);
	bars_put(map, data, currency);
	emit_str(map->out, "data_status", bars_status(map));
	emit_close(map->out, '}');
	return map_rows_end(map, "bars");
}

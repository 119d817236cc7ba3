/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Lists are cut down by tests on their rows.  Decimals are compared as text,
 * exactly: no value is ever turned into a float.
 */

#include "shape.h"

#include <string.h>

#include "decimal.h"
#include "ibkr-agent/plugin.h"
#include "moment.h"

const char *
shape_str(struct json_object *obj, const char *key)
{
	struct json_object *value = NULL;

	(void)json_object_object_get_ex(obj, key, &value);
	return json_object_is_type(value, json_type_string)
		   ? json_object_get_string(value)
		   : NULL;
}

int64_t
shape_int(struct json_object *obj, const char *key, int64_t def)
{
	struct json_object *value = NULL;

	(void)json_object_object_get_ex(obj, key, &value);
	return json_object_is_type(value, json_type_int)
		   ? json_object_get_int64(value)
		   : def;
}

static struct json_object *
list_of(struct json_object *obj, const char *key)
{
	struct json_object *value = NULL;

	(void)json_object_object_get_ex(obj, key, &value);
	return json_object_is_type(value, json_type_array) ? value : NULL;
}

/* Keep the rows that pass. */
static void
list_keep(struct json_object *list, struct json_object *arguments,
    int (*passes)(struct json_object *row, struct json_object *arguments))
{
	for (size_t i = list ? json_object_array_length(list) : 0; i-- > 0;) {
		if (!passes(json_object_array_get_idx(list, i), arguments))
			(void)json_object_array_del_idx(list, i, 1);
	}
}

/* Keep the first limit rows; 1 if there were more. */
static int
list_cut(struct shaping *shaping, struct json_object *list)
{
	size_t limit = (size_t)shape_int(shaping->arguments, "limit", 1 << 20);
	size_t len = list ? json_object_array_length(list) : 0;

	if (len <= limit)
		return 0;
	(void)json_object_array_del_idx(list, limit, len - limit);
	shaping->flags &= ~IAG_REPLY_COMPLETE;
	return 1;
}

/* No such argument, or the row's member is equal to it. */
static int
is_equal(
    struct json_object *row, struct json_object *arguments, const char *key)
{
	const char *want = shape_str(arguments, key);
	const char *have = shape_str(row, key);

	return !want || (have && strcmp(want, have) == 0);
}

static int
is_between(
    struct json_object *row, struct json_object *arguments, const char *member)
{
	const char *from = shape_str(arguments, "from");
	const char *to = shape_str(arguments, "to");
	const char *have = shape_str(row, member);
	uint64_t have_ns, bound_ns;

	if (!from && !to)
		return 1;
	if (!have || moment_parse(have, &have_ns))
		return 0;
	if (from && (moment_parse(from, &bound_ns) || have_ns < bound_ns))
		return 0;
	return !to || (moment_parse(to, &bound_ns) == 0 && have_ns <= bound_ns);
}

/* A page of the list, and the number of the next one. */
int
shape_positions(struct shaping *shaping)
{
	struct json_object *list = list_of(shaping->answer, "positions");
	size_t page = (size_t)shape_int(shaping->arguments, "page", 0);
	size_t limit = (size_t)shape_int(shaping->arguments, "limit", 100);
	size_t len = list ? json_object_array_length(list) : 0;
	size_t skip = page * limit < len ? page * limit : len;

	if (skip)
		(void)json_object_array_del_idx(list, 0, skip);
	if (list_cut(shaping, list))
		return json_object_object_add(shaping->answer, "next",
		    json_object_new_int64((int64_t)page + 1));
	return 0;
}

/* "canceled" is how some spell it. */
static int
has_status(struct json_object *row, struct json_object *arguments)
{
	const char *want = shape_str(arguments, "status");
	const char *have = shape_str(row, "status");

	if (want && strcmp(want, "canceled") == 0)
		want = "cancelled";
	return !want || (have && strcmp(want, have) == 0);
}

int
shape_orders(struct shaping *shaping)
{
	list_keep(
	    list_of(shaping->answer, "orders"), shaping->arguments, has_status);
	return 0;
}

static int
history_passes(struct json_object *row, struct json_object *arguments)
{
	return has_status(row, arguments) &&
	       is_between(row, arguments, "updated_at");
}

int
shape_history(struct shaping *shaping)
{
	struct json_object *list = list_of(shaping->answer, "orders");
	int cut;

	list_keep(list, shaping->arguments, history_passes);
	cut = list_cut(shaping, list);
	return json_object_object_add(
	    shaping->answer, "truncated", json_object_new_boolean(cut));
}

static int
execution_passes(struct json_object *row, struct json_object *arguments)
{
	return is_between(row, arguments, "trade_time");
}

int
shape_executions(struct shaping *shaping)
{
	struct json_object *list = list_of(shaping->answer, "executions");

	list_keep(list, shaping->arguments, execution_passes);
	(void)list_cut(shaping, list);
	return 0;
}

static int
transfer_passes(struct json_object *row, struct json_object *arguments)
{
	return is_between(row, arguments, "date");
}

int
shape_transfers(struct shaping *shaping)
{
	struct json_object *list = list_of(shaping->answer, "transfers");

	list_keep(list, shaping->arguments, transfer_passes);
	(void)list_cut(shaping, list);
	return 0;
}

static int
option_passes(struct json_object *row, struct json_object *arguments)
{
	const char *strike = shape_str(row, "strike");
	const char *low = shape_str(arguments, "strike_min");
	const char *high = shape_str(arguments, "strike_max");

	return is_equal(row, arguments, "expiration") &&
	       is_equal(row, arguments, "right") &&
	       (!low || (strike && decimal_compare(strike, low) >= 0)) &&
	       (!high || (strike && decimal_compare(strike, high) <= 0));
}

int
shape_chain(struct shaping *shaping)
{
	struct json_object *list = list_of(shaping->answer, "entries");

	list_keep(list, shaping->arguments, option_passes);
	(void)list_cut(shaping, list);
	return 0;
}

int
shape_scanner(struct shaping *shaping)
{
	struct json_object *filters = json_object_new_object();
	const char *instrument = shape_str(shaping->arguments, "instrument");
	const char *location = shape_str(shaping->arguments, "location");

	(void)list_cut(shaping, list_of(shaping->answer, "results"));
	if (instrument)
		(void)json_object_object_add(
		    filters, "instrument", json_object_new_string(instrument));
	if (location)
		(void)json_object_object_add(
		    filters, "location", json_object_new_string(location));
	return json_object_object_add(shaping->answer, "filters", filters);
}

int
shape_news(struct shaping *shaping)
{
	(void)list_cut(shaping, list_of(shaping->answer, "articles"));
	return 0;
}

static int
holiday_passes(struct json_object *row, struct json_object *arguments)
{
	int64_t year = shape_int(arguments, "year", 0);
	const char *date = shape_str(row, "date");
	int64_t have = 0;

	for (int i = 0; date && i < 4 && date[i]; i++)
		have = have * 10 + (date[i] - '0');
	return !year || have == year;
}

int
shape_holidays(struct shaping *shaping)
{
	list_keep(list_of(shaping->answer, "holidays"), shaping->arguments,
	    holiday_passes);
	return 0;
}

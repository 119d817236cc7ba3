/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The grammar and the calendar of POSIX TZ rules: pure functions. */

#include "base/zonerule.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define DAY_S INT64_C(86400)

static bool
parse_number(const char **p, int max, int *ret_value)
{
	int value = 0;

	if (!isdigit((unsigned char)**p))
		return false;
	while (isdigit((unsigned char)**p)) {
		value = value * 10 + (*(*p)++ - '0');
		if (value > max)
			return false;
	}
	*ret_value = value;
	return true;
}

/* [+-]hh[:mm[:ss]] */
static bool
parse_time(const char **p, int max_hours, int32_t *ret_seconds)
{
	int sign = **p == '-' ? -1 : 1;
	int part[3] = { 0, 0, 0 };

	if (**p == '+' || **p == '-')
		(*p)++;
	if (!parse_number(p, max_hours, &part[0]))
		return false;
	for (int i = 1; i < 3 && **p == ':'; i++) {
		(*p)++;
		if (!parse_number(p, 59, &part[i]))
			return false;
	}
	*ret_seconds = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
	return true;
}

/* Letters, or anything between < and >. */
static bool
skip_name(const char **p)
{
	const char *start = *p;

	if (**p == '<') {
		const char *end = strchr(*p, '>');
		if (!end)
			return false;
		*p = end + 1;
		return true;
	}
	while (isalpha((unsigned char)**p))
		(*p)++;
	return *p - start >= 3;
}

static bool
parse_change(const char **p, struct zone_change *change)
{
	if (*(*p)++ != ',')
		return false;
	change->form = 'N';
	if (**p == 'M' || **p == 'J')
		change->form = *(*p)++;
	if (change->form == 'M') {
		if (!parse_number(p, 12, &change->month) || *(*p)++ != '.' ||
		    !parse_number(p, 5, &change->week) || *(*p)++ != '.' ||
		    !parse_number(p, 6, &change->day) || change->month < 1 ||
		    change->week < 1)
			return false;
	} else if (!parse_number(p, 365, &change->day)) {
		return false;
	}
	if (change->form == 'J' && change->day < 1)
		return false;
	change->second = 2 * 3600;
	if (**p != '/')
		return true;
	(*p)++;
	return parse_time(p, 167, &change->second);
}

bool
zone_rule_parse(struct zone_rule *rule, const char *text)
{
	const char *p = text;
	int32_t west;

	memset(rule, 0, sizeof *rule);
	if (!skip_name(&p) || !parse_time(&p, 24, &west))
		return false;
	rule->standard = -west;
	if (*p == '\0')
		return true;
	if (!skip_name(&p))
		return false;
	rule->has_daylight = true;
	rule->daylight = rule->standard + 3600;
	if (*p != ',') {
		if (!parse_time(&p, 24, &west))
			return false;
		rule->daylight = -west;
	}
	return parse_change(&p, &rule->start) && parse_change(&p, &rule->end) &&
	       *p == '\0';
}

/* Days from 1970-01-01 to the first of January of a year. */
static int64_t
year_start(int64_t year)
{
	int64_t y = year - 1;

	return 365 * (year - 1970) + (y / 4 - y / 100 + y / 400) -
	       (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static bool
year_is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Day of the year on which a change falls, 0 for the first of January. */
static int
change_day(const struct zone_change *change, int64_t year)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243,
		273, 304, 334, 365 };
	int leap = year_is_leap(year) ? 1 : 0;

	if (change->form == 'N')
		return change->day;
	if (change->form == 'J')
		return change->day - 1 + (change->day >= 60 ? leap : 0);
	int first = before[change->month - 1] + (change->month > 2 ? leap : 0);
	int next = before[change->month] + (change->month >= 2 ? leap : 0);
	/* 1970-01-01 was a Thursday. */
	int weekday = (int)((year_start(year) + first + 4) % 7);
	int day = first + (change->day - weekday + 7) % 7;
	day += (change->week - 1) * 7;
	while (day >= next)
		day -= 7;
	return day;
}

/* The instant of a change in a year, given the offset in force before it. */
static int64_t
change_time(const struct zone_change *change, int64_t year, int32_t offset)
{
	return (year_start(year) + change_day(change, year)) * DAY_S +
	       change->second - offset;
}

static int64_t
year_of(int64_t local_s)
{
	int64_t day = local_s / DAY_S;
	int64_t year = 1970 + day / 366;

	while (year_start(year + 1) <= day)
		year++;
	return year;
}

int32_t
zone_rule_offset(const struct zone_rule *rule, int64_t utc_s)
{
	if (!rule->has_daylight || utc_s < 0)
		return rule->standard;
	int64_t year = year_of(utc_s + rule->standard);
	int64_t start = change_time(&rule->start, year, rule->standard);
	int64_t end = change_time(&rule->end, year, rule->daylight);
	bool is_daylight = start < end ? utc_s >= start && utc_s < end
				       : utc_s >= start || utc_s < end;

	return is_daylight ? rule->daylight : rule->standard;
}

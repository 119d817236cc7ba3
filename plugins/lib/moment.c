/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Calendar arithmetic is left to libc, in UTC alone. */

#include "moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

void
moment_format(uint64_t real_ns, char ret_text[MOMENT_SIZE])
{
	time_t seconds = (time_t)(real_ns / NS_PER_S);
	unsigned ms = (unsigned)(real_ns % NS_PER_S / 1000000);
	struct tm tm;
	char text[64];

	(void)gmtime_r(&seconds, &tm);
	(void)snprintf(text, sizeof(text),
	    "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms);
	memcpy(ret_text, text, MOMENT_SIZE - 1);
	ret_text[MOMENT_SIZE - 1] = '\0';
}

/* Exactly count digits. */
static int
digits(const char *text, int count)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

/* "Z" or "+hh:mm": seconds east of UTC. */
static int
offset_parse(const char *text, long *ret_s)
{
	int hours, minutes;

	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
		*ret_s = 0;
		return 0;
	}
	if ((*text != '+' && *text != '-') || strlen(text) != 6 ||
	    text[3] != ':')
		return -1;
	hours = digits(text + 1, 2);
	minutes = digits(text + 4, 2);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return -1;
	*ret_s = (hours * 60L + minutes) * 60 * (*text == '-' ? -1 : 1);
	return 0;
}

static int
date_parse(const char *text, struct tm *tm)
{
	if (strlen(text) < 10 || text[4] != '-' || text[7] != '-')
		return -1;
	tm->tm_year = digits(text, 4) - 1900;
	tm->tm_mon = digits(text + 5, 2) - 1;
	tm->tm_mday = digits(text + 8, 2);
	return tm->tm_year < 70 || tm->tm_mon < 0 || tm->tm_mday < 1 ? -1 : 0;
}

/* The part behind the date; *ret_ns: fraction, *ret_east: offset. */
static int
time_parse(const char *text, struct tm *tm, uint64_t *ret_ns, long *ret_east)
{
	uint64_t unit = NS_PER_S;

	if (strlen(text) < 10 || (*text != 'T' && *text != 't') ||
	    text[3] != ':' || text[6] != ':')
		return -1;
	tm->tm_hour = digits(text + 1, 2);
	tm->tm_min = digits(text + 4, 2);
	tm->tm_sec = digits(text + 7, 2);
	if (tm->tm_hour < 0 || tm->tm_min < 0 || tm->tm_sec < 0)
		return -1;
	text += 9;
	if (*text == '.') {
		for (text++; *text >= '0' && *text <= '9'; text++) {
			unit /= 10;
			*ret_ns += (uint64_t)(*text - '0') * unit;
		}
	}
	return offset_parse(text, ret_east);
}

int
moment_parse(const char *text, uint64_t *ret_real_ns)
{
	struct tm tm = { .tm_isdst = 0 };
	uint64_t fraction = 0;
	long east = 0;
	time_t seconds;

	if (date_parse(text, &tm))
		return -1;
	if (text[10] && time_parse(text + 10, &tm, &fraction, &east))
		return -1;
	seconds = timegm(&tm);
	if (seconds < east)
		return -1;
	*ret_real_ns = (uint64_t)(seconds - east) * NS_PER_S + fraction;
	return 0;
}

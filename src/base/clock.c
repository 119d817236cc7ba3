/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Clocks and RFC 3339.  The parser is our own because strptime() takes the
 * 30th of February, leading blanks and second 60, and knows no fractions.
 *
 * Threads: any thread reads the clocks; clock_set_source() belongs to a test
 * program while no other thread asks.
 * Locks: none.
 */

#include "base/clock.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define DAY_S INT64_C(86400)
#define YEAR_FIRST 1970
#define YEAR_LAST 2261

static struct clock_source test_source;
static atomic_bool test_source_set;

static uint64_t
system_ns(clockid_t id)
{
	struct timespec ts;
	int rc = clock_gettime(id, &ts);

	assert(rc == 0);
	if (ts.tv_sec < 0)
		return 0; /* a clock set before 1970 */
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t
clock_real_ns(void)
{
	if (test_source_set)
		return test_source.real_ns(test_source.arg);
	return system_ns(CLOCK_REALTIME);
}

uint64_t
clock_boot_ns(void)
{
	if (test_source_set)
		return test_source.boot_ns(test_source.arg);
	return system_ns(CLOCK_BOOTTIME);
}

static char boot_id[40];

static void
boot_id_read(void)
{
	CLEANUP_CLOSE int fd =
	    open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, boot_id, sizeof boot_id - 1);

	boot_id[len > 0 ? len : 0] = '\0';
	boot_id[strcspn(boot_id, "\n")] = '\0';
}

const char *
clock_boot_id(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, boot_id_read);
	return boot_id;
}

void
clock_set_source(const struct clock_source *source)
{
	test_source_set = false;
	if (!source)
		return;
	test_source = *source;
	test_source_set = true;
}

/* Days since 1970-01-01 of a proleptic Gregorian date. */
static int64_t
days_from_civil(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year; /* years begin in March */
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

/* The other way, for days since 1970. */
static void
civil_from_days(uint64_t days, unsigned *year, unsigned *month, unsigned *day)
{
	uint64_t z = days + 719468;
	unsigned era = (unsigned)(z / 146097);
	unsigned doe = (unsigned)(z % 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;

	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = yoe + era * 400 + (*month <= 2);
}

/* Exactly width decimal digits of value. */
static void
put_digits(char *to, unsigned value, unsigned width)
{
	while (width > 0) {
		to[--width] = (char)('0' + value % 10);
		value /= 10;
	}
}

void
clock_format(uint64_t real_ns, char text[CLOCK_TEXT_SIZE])
{
	uint64_t seconds = real_ns / NS_PER_S;
	unsigned of_day = (unsigned)(seconds % (uint64_t)DAY_S);
	unsigned year, month, day;

	civil_from_days(seconds / (uint64_t)DAY_S, &year, &month, &day);
	memcpy(text, "0000-00-00T00:00:00.000Z", CLOCK_TEXT_SIZE);
	put_digits(text, year, 4);
	put_digits(text + 5, month, 2);
	put_digits(text + 8, day, 2);
	put_digits(text + 11, of_day / 3600, 2);
	put_digits(text + 14, of_day / 60 % 60, 2);
	put_digits(text + 17, of_day % 60, 2);
	put_digits(text + 20, (unsigned)(real_ns % NS_PER_S / NS_PER_MS), 3);
}

/* Reads a text from left to right; what it wanted when it failed. */
struct scan {
	const char *at;
	const char *wrong;
};

static int
scan_number(struct scan *scan, int width, int min, int max, const char *wrong)
{
	int value = 0;

	if (scan->wrong)
		return min;
	for (int i = 0; i < width; i++) {
		if (*scan->at < '0' || *scan->at > '9') {
			scan->wrong = wrong;
			return min;
		}
		value = value * 10 + (*scan->at++ - '0');
	}
	if (value < min || value > max)
		scan->wrong = wrong;
	return value;
}

/* RFC 3339 section 5.6: T and Z may be lower case. */
static void
scan_char(struct scan *scan, const char *any, const char *wrong)
{
	if (scan->wrong)
		return;
	if (*scan->at != '\0' && strchr(any, *scan->at))
		scan->at++;
	else
		scan->wrong = wrong;
}

static int
month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static int64_t
scan_date(struct scan *scan)
{
	int year, month, day;

	year = scan_number(scan, 4, 0, 9999, "a year of four digits");
	scan_char(scan, "-", "'-' after the year");
	month = scan_number(scan, 2, 1, 12, "a month from 01 to 12");
	scan_char(scan, "-", "'-' after the month");
	day =
	    scan_number(scan, 2, 1, scan->wrong ? 31 : month_days(year, month),
		"a day that this month has, two digits");
	return days_from_civil(year, month, day) * DAY_S;
}

static int64_t
scan_time(struct scan *scan)
{
	int64_t seconds;

	scan_char(scan, "Tt", "'T' between date and time");
	seconds = scan_number(scan, 2, 0, 23, "an hour from 00 to 23") * 3600;
	scan_char(scan, ":", "':' after the hour");
	seconds += scan_number(scan, 2, 0, 59, "a minute from 00 to 59") * 60;
	scan_char(scan, ":", "':' after the minute");
	return seconds + scan_number(scan, 2, 0, 59, "a second from 00 to 59");
}

static int64_t
scan_fraction_ns(struct scan *scan)
{
	int64_t value = 0;
	int64_t unit = (int64_t)NS_PER_S;

	if (scan->wrong || *scan->at != '.')
		return 0;
	scan->at++;
	do {
		unit /= 10;
		if (unit == 0)
			scan->wrong = "at most 9 digits of a second";
		value += unit *
			 scan_number(scan, 1, 0, 9, "a digit after the point");
	} while (!scan->wrong && *scan->at >= '0' && *scan->at <= '9');
	return value;
}

/* Seconds east of UTC. */
static int64_t
scan_offset(struct scan *scan)
{
	static const char wrong[] = "'Z' or an offset such as '+02:00'";
	int64_t seconds;
	bool west;

	if (scan->wrong)
		return 0;
	if (*scan->at == 'Z' || *scan->at == 'z') {
		scan->at++;
		return 0;
	}
	west = *scan->at == '-';
	scan_char(scan, "+-", wrong);
	seconds = scan_number(scan, 2, 0, 23, wrong) * 3600;
	scan_char(scan, ":", wrong);
	seconds += scan_number(scan, 2, 0, 59, wrong) * 60;
	return west ? -seconds : seconds;
}

int
clock_parse(const char *text, uint64_t *ret_real_ns, struct err *err)
{
	struct scan scan = { .at = text };
	int64_t seconds, fraction;

	seconds = scan_date(&scan);
	seconds += scan_time(&scan);
	fraction = scan_fraction_ns(&scan);
	seconds -= scan_offset(&scan);
	if (!scan.wrong && *scan.at != '\0')
		scan.wrong = "nothing after the time";
	if (scan.wrong)
		return err_set(err, ERR_INPUT_INVALID,
		    "'%.64s' is not a time: expected %s at character %d; "
		    "write it as in '2026-07-28T09:30:00Z'",
		    text, scan.wrong, (int)(scan.at - text) + 1);
	if (seconds < 0 ||
	    seconds >= days_from_civil(YEAR_LAST + 1, 1, 1) * DAY_S)
		return err_set(err, ERR_INPUT_INVALID,
		    "time '%.64s' is out of range: expected a year from %d "
		    "to %d",
		    text, YEAR_FIRST, YEAR_LAST);
	*ret_real_ns = (uint64_t)seconds * NS_PER_S + (uint64_t)fraction;
	return 0;
}

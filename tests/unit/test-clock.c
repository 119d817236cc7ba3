/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* RFC 3339 in and out, and the clock that a test puts underneath. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"

static void
parses(const char *text, uint64_t seconds, uint64_t ns)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	uint64_t got = 0;

	if (clock_parse(text, &got, &err) != 0)
		fail_msg("%s", err_text(&err));
	assert_int_equal(got, seconds * NS_PER_S + ns);
}

static void
refuses(const char *text, const char *why)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	uint64_t got = 4711;

	assert_int_equal(clock_parse(text, &got, &err), IAG_INVAL);
	assert_int_equal(got, 4711);
	if (!strstr(err_text(&err), why))
		fail_msg("'%s' does not say '%s'", err_text(&err), why);
}

static void
test_the_examples_of_the_rfc_parse(void **state)
{
	(void)state;
	parses("1985-04-12T23:20:50.52Z", 482196050, 520000000);
	parses("1996-12-19T16:39:57-08:00", 851042397, 0);
	parses("1990-12-31t23:59:59z", 662687999, 0);
	/* 1937 and the leap seconds of section 5.8 are outside our range */
	refuses("1937-01-01T12:00:27.87+00:20", "a year from 1970 to 2261");
}

static void
test_leap_seconds_are_refused(void **state)
{
	(void)state;
	refuses("1990-12-31T23:59:60Z", "a second from 00 to 59");
	refuses("1990-12-31T15:59:60-08:00", "a second from 00 to 59");
}

static void
test_an_offset_is_never_taken_for_utc(void **state)
{
	(void)state;
	parses("2026-07-28T09:30:00Z", 1785231000, 0);
	parses("2026-07-28T09:30:00+00:00", 1785231000, 0);
	parses("2026-07-28T09:30:00-00:00", 1785231000, 0);
	parses("2026-07-28T11:30:00+02:00", 1785231000, 0);
	parses("2026-07-29T09:29:00+23:59", 1785231000, 0);
	parses("2026-07-27T09:31:00-23:59", 1785231000, 0);
	refuses("2026-07-28T09:30:00+24:00", "an offset");
	refuses("2026-07-28T09:30:00+02:60", "an offset");
	refuses("2026-07-28T09:30:00+0200", "an offset");
	refuses("2026-07-28T09:30:00+02", "an offset");
	refuses("2026-07-28T09:30:00", "an offset");
	refuses("2026-07-28T09:30:00 Z", "an offset");
}

static void
test_the_30th_of_february_does_not_roll_over(void **state)
{
	(void)state;
	refuses("2026-02-30T00:00:00Z", "a day that this month has");
	refuses("2026-02-29T00:00:00Z", "a day that this month has");
	refuses("2100-02-29T00:00:00Z", "a day that this month has");
	refuses("2026-04-31T00:00:00Z", "a day that this month has");
	refuses("2026-01-32T00:00:00Z", "a day that this month has");
	refuses("2026-01-00T00:00:00Z", "a day that this month has");
	refuses("2026-13-01T00:00:00Z", "a month from 01 to 12");
	refuses("2026-00-01T00:00:00Z", "a month from 01 to 12");
	parses("2024-02-29T00:00:00Z", 1709164800, 0);
	parses("2000-02-29T00:00:00Z", 951782400, 0);
}

static void
test_fields_have_their_full_width(void **state)
{
	(void)state;
	refuses("2026-1-2T3:4:5Z", "a month from 01 to 12");
	refuses("26-01-02T03:04:05Z", "a year of four digits");
	refuses("2026-01-02T3:04:05Z", "an hour");
	refuses("2026-01-02T24:00:00Z", "an hour from 00 to 23");
	refuses("2026-01-02T03:60:00Z", "a minute from 00 to 59");
	refuses("02026-01-02T03:04:05Z", "'-' after the year");
	refuses("-026-01-02T03:04:05Z", "a year");
}

static void
test_blanks_and_trailing_text_are_refused(void **state)
{
	(void)state;
	refuses(" 2026-07-28T09:30:00Z", "a year of four digits at");
	refuses("2026-07-28T09:30:00Z ", "nothing after the time");
	refuses("2026-07-28T09:30:00Zjunk", "nothing after the time");
	refuses("2026-07-28 09:30:00Z", "'T' between date and time");
	refuses("2026-07-28", "'T' between date and time at character 11");
	refuses("", "a year");
}

static void
test_fractions_have_one_to_nine_digits(void **state)
{
	(void)state;
	parses("2026-07-28T09:30:00.1Z", 1785231000, 100000000);
	parses("2026-07-28T09:30:00.000000001Z", 1785231000, 1);
	parses("2026-07-28T09:30:00.999999999Z", 1785231000, 999999999);
	refuses("2026-07-28T09:30:00.Z", "a digit after the point");
	refuses("2026-07-28T09:30:00.0000000001Z", "at most 9 digits");
	refuses("2026-07-28T09:30:00,5Z", "an offset");
}

static void
test_the_range_ends_where_nanoseconds_fit(void **state)
{
	(void)state;
	parses("1970-01-01T00:00:00Z", 0, 0);
	parses("1969-12-31T23:30:00-01:00", 1800, 0);
	refuses("1970-01-01T00:30:00+01:00", "out of range");
	parses("2261-12-31T23:59:59.999999999Z", 9214646399, 999999999);
	refuses("2262-01-01T00:00:00Z", "out of range");
	refuses("9999-12-31T23:59:59Z", "out of range");
	refuses("0000-01-01T00:00:00Z", "out of range");
}

static void
test_every_truncation_is_refused(void **state)
{
	const char *whole = "2026-07-28T09:30:00.123+02:00";
	char text[40];

	(void)state;
	for (size_t len = 0; len < strlen(whole); len++) {
		memcpy(text, whole, len);
		text[len] = '\0';
		refuses(text, "is not a time");
	}
}

static void
test_times_are_written_in_utc_with_milliseconds(void **state)
{
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	clock_format(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	clock_format(UINT64_C(1785231000123999999), text);
	assert_string_equal(text, "2026-07-28T09:30:00.123Z");
	clock_format(UINT64_C(951782399) * NS_PER_S, text);
	assert_string_equal(text, "2000-02-28T23:59:59.000Z");
	clock_format(UINT64_MAX, text);
	assert_string_equal(text, "2554-07-21T23:34:33.709Z");
}

/* Every day of the range, against the C library's calendar. */
static void
test_every_day_survives_the_round_trip(void **state)
{
	(void)state;
	for (uint64_t day = 0; day < 106650; day++) {
		uint64_t ns = (day * 86400 + day % 86400) * NS_PER_S;
		time_t seconds = (time_t)(ns / NS_PER_S);
		char text[CLOCK_TEXT_SIZE];
		char want[CLOCK_TEXT_SIZE + 8];
		uint64_t back = 0;
		struct tm tm;

		assert_non_null(gmtime_r(&seconds, &tm));
		assert_int_not_equal(
		    strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S.000Z", &tm),
		    0);
		clock_format(ns, text);
		assert_string_equal(text, want);
		assert_int_equal(clock_parse(text, &back, NULL), 0);
		assert_int_equal(back, ns);
	}
}

static uint64_t
fixed(void *arg)
{
	return *(uint64_t *)arg;
}

static void
test_a_source_replaces_both_clocks_until_it_is_taken_away(void **state)
{
	uint64_t now = 12345;
	const struct clock_source source = { fixed, fixed, &now };
	uint64_t boot = clock_boot_ns();

	(void)state;
	clock_set_source(&source);
	assert_int_equal(clock_real_ns(), 12345);
	now = 7;
	assert_int_equal(clock_boot_ns(), 7);
	clock_set_source(NULL);
	assert_true(clock_boot_ns() >= boot);
	assert_true(clock_real_ns() > UINT64_C(1700000000) * NS_PER_S);
}

static void
test_a_start_of_the_machine_has_one_name(void **state)
{
	const char *id = clock_boot_id();

	(void)state;
	assert_int_equal(strlen(id), 36);
	assert_ptr_equal(clock_boot_id(), id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_examples_of_the_rfc_parse),
		cmocka_unit_test(test_leap_seconds_are_refused),
		cmocka_unit_test(test_an_offset_is_never_taken_for_utc),
		cmocka_unit_test(test_the_30th_of_february_does_not_roll_over),
		cmocka_unit_test(test_fields_have_their_full_width),
		cmocka_unit_test(test_blanks_and_trailing_text_are_refused),
		cmocka_unit_test(test_fractions_have_one_to_nine_digits),
		cmocka_unit_test(test_the_range_ends_where_nanoseconds_fit),
		cmocka_unit_test(test_every_truncation_is_refused),
		cmocka_unit_test(
		    test_times_are_written_in_utc_with_milliseconds),
		cmocka_unit_test(test_every_day_survives_the_round_trip),
		cmocka_unit_test(
		    test_a_source_replaces_both_clocks_until_it_is_taken_away),
		cmocka_unit_test(test_a_start_of_the_machine_has_one_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

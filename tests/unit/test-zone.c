/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Time zones against offsets computed by another implementation (Python's
 * zoneinfo), the two odd days of a year, and damaged files.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/zone.h"
#include "base/zonerule.h"

static const struct {
	const char *zone;
	int64_t utc_s;
	int32_t offset;
} known[] = {
	{ "America/New_York", 1390851128, -18000 },
	{ "America/New_York", 647892279, -14400 },
	{ "America/New_York", 1695753998, -14400 },
	{ "America/New_York", 207388624, -14400 },
	{ "America/New_York", 311111475, -18000 },
	{ "America/New_York", 404285457, -14400 },
	{ "America/New_York", 1570621944, -14400 },
	{ "America/New_York", 249103477, -18000 },
	{ "America/New_York", 2179419893, -18000 },
	{ "America/New_York", 922121676, -18000 },
	{ "America/New_York", 161042648, -18000 },
	{ "America/New_York", 369140570, -14400 },
	{ "Europe/London", 1862494042, 0 },
	{ "Europe/London", 1796035739, 0 },
	{ "Europe/London", 300026767, 3600 },
	{ "Europe/London", 1033639716, 3600 },
	{ "Europe/London", 389609433, 3600 },
	{ "Europe/London", 1823296038, 3600 },
	{ "Europe/London", 253877686, 0 },
	{ "Europe/London", 531725347, 0 },
	{ "Europe/London", 958804057, 3600 },
	{ "Europe/London", 265695473, 3600 },
	{ "Europe/London", 1703729684, 0 },
	{ "Europe/London", 212984476, 3600 },
	{ "Australia/Sydney", 949539216, 39600 },
	{ "Australia/Sydney", 200071088, 36000 },
	{ "Australia/Sydney", 571981485, 39600 },
	{ "Australia/Sydney", 1243862422, 36000 },
	{ "Australia/Sydney", 1800188482, 39600 },
	{ "Australia/Sydney", 619570852, 36000 },
	{ "Australia/Sydney", 505913792, 39600 },
	{ "Australia/Sydney", 1324919352, 39600 },
	{ "Australia/Sydney", 776213899, 36000 },
	{ "Australia/Sydney", 442620898, 39600 },
	{ "Australia/Sydney", 806899909, 36000 },
	{ "Australia/Sydney", 1599435267, 36000 },
	{ "Asia/Tokyo", 418461138, 32400 },
	{ "Asia/Tokyo", 269676599, 32400 },
	{ "Asia/Tokyo", 255985076, 32400 },
	{ "Asia/Tokyo", 884585951, 32400 },
	{ "Asia/Tokyo", 2132084004, 32400 },
	{ "Asia/Tokyo", 1836494974, 32400 },
	{ "Asia/Tokyo", 1349251823, 32400 },
	{ "Asia/Tokyo", 1999744784, 32400 },
	{ "Asia/Tokyo", 1946412080, 32400 },
	{ "Asia/Tokyo", 1552984408, 32400 },
	{ "Asia/Tokyo", 1287489453, 32400 },
	{ "Asia/Tokyo", 1066984055, 32400 },
	{ "Asia/Kathmandu", 772092314, 20700 },
	{ "Asia/Kathmandu", 1048386555, 20700 },
	{ "Asia/Kathmandu", 351564607, 19800 },
	{ "Asia/Kathmandu", 1289560149, 20700 },
	{ "Asia/Kathmandu", 2126508550, 20700 },
	{ "Asia/Kathmandu", 1475216845, 20700 },
	{ "Asia/Kathmandu", 1927728186, 20700 },
	{ "Asia/Kathmandu", 1236683272, 20700 },
	{ "Asia/Kathmandu", 314395342, 19800 },
	{ "Asia/Kathmandu", 507088656, 20700 },
	{ "Asia/Kathmandu", 2198734780, 20700 },
	{ "Asia/Kathmandu", 1795823848, 20700 },
	{ "Australia/Lord_Howe", 708506836, 37800 },
	{ "Australia/Lord_Howe", 1469118510, 37800 },
	{ "Australia/Lord_Howe", 652768597, 37800 },
	{ "Australia/Lord_Howe", 2100080514, 37800 },
	{ "Australia/Lord_Howe", 1811180649, 37800 },
	{ "Australia/Lord_Howe", 168393879, 36000 },
	{ "Australia/Lord_Howe", 333377414, 36000 },
	{ "Australia/Lord_Howe", 1347535308, 37800 },
	{ "Australia/Lord_Howe", 1460814402, 37800 },
	{ "Australia/Lord_Howe", 1504004731, 37800 },
	{ "Australia/Lord_Howe", 2133201995, 37800 },
	{ "Australia/Lord_Howe", 1959386986, 39600 },
	{ "America/Chicago", 295334609, -18000 },
	{ "America/Chicago", 401991735, -18000 },
	{ "America/Chicago", 1159380353, -18000 },
	{ "America/Chicago", 2036236841, -18000 },
	{ "America/Chicago", 279172786, -21600 },
	{ "America/Chicago", 260573195, -21600 },
	{ "America/Chicago", 1329753547, -21600 },
	{ "America/Chicago", 1914012528, -18000 },
	{ "America/Chicago", 1222328495, -18000 },
	{ "America/Chicago", 1656961615, -18000 },
	{ "America/Chicago", 1490376253, -18000 },
	{ "America/Chicago", 96907015, -21600 },
	{ "Europe/Zurich", 1982966162, 3600 },
	{ "Europe/Zurich", 1526706729, 7200 },
	{ "Europe/Zurich", 721762278, 3600 },
	{ "Europe/Zurich", 502922616, 3600 },
	{ "Europe/Zurich", 2120395274, 3600 },
	{ "Europe/Zurich", 253207296, 3600 },
	{ "Europe/Zurich", 937195259, 7200 },
	{ "Europe/Zurich", 1234510745, 3600 },
	{ "Europe/Zurich", 555512015, 7200 },
	{ "Europe/Zurich", 1063497603, 7200 },
	{ "Europe/Zurich", 1708957520, 3600 },
	{ "Europe/Zurich", 1679116188, 3600 },
	{ "UTC", 2132480060, 0 },
	{ "UTC", 346094055, 0 },
	{ "UTC", 714537754, 0 },
	{ "UTC", 1929245186, 0 },
	{ "UTC", 1725048950, 0 },
	{ "UTC", 1193309983, 0 },
	{ "UTC", 588093310, 0 },
	{ "UTC", 1849076400, 0 },
	{ "UTC", 1195809357, 0 },
	{ "UTC", 1783684941, 0 },
	{ "UTC", 1540910400, 0 },
	{ "UTC", 1633982921, 0 },
};

static bool
zones_are_installed(void)
{
	struct zone *zone = NULL;

	if (zone_open("America/New_York", &zone, NULL) != 0) {
		return false;
	}
	zone_free(zone);
	return true;
}

static void
test_offsets_equal_those_of_zoneinfo(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
		struct zone *zone = NULL;
		assert_int_equal(zone_open(known[i].zone, &zone, NULL), 0);
		assert_int_equal(
		    zone_offset(zone, known[i].utc_s), known[i].offset);
		zone_free(zone);
	}
}

static void
assert_start(
    const char *zone, const char *at, const char *now, const char *expected)
{
	uint64_t now_ns = 0, start_ns = 0;
	char text[CLOCK_TEXT_SIZE];

	assert_int_equal(clock_parse(now, &now_ns, NULL), 0);
	assert_int_equal(
	    zone_session_start(zone, at, now_ns, &start_ns, NULL), 0);
	clock_format(start_ns, text);
	assert_string_equal(text, expected);
}

static void
test_session_starts_at_the_latest_wall_clock_time(void **state)
{
	(void)state;
	assert_start("America/New_York", "09:30", "2026-07-01T13:30:00Z",
	    "2026-07-01T13:30:00.000Z");
	assert_start("America/New_York", "09:30", "2026-07-01T13:29:59Z",
	    "2026-06-30T13:30:00.000Z");
	assert_start("Asia/Tokyo", "00:00", "2026-07-01T14:59:59Z",
	    "2026-06-30T15:00:00.000Z");
}

static void
test_session_in_a_gap_starts_right_behind_it(void **state)
{
	(void)state;
	assert_start("America/New_York", "02:30", "2026-03-08T12:00:00Z",
	    "2026-03-08T07:00:00.000Z");
	assert_start("America/New_York", "02:30", "2035-03-11T12:00:00Z",
	    "2035-03-11T07:00:00.000Z");
}

static void
test_session_in_an_overlap_starts_at_the_first_one(void **state)
{
	(void)state;
	assert_start("America/New_York", "01:30", "2026-11-01T12:00:00Z",
	    "2026-11-01T05:30:00.000Z");
	/* Between the two: the first one has been, the session goes on. */
	assert_start("America/New_York", "01:30", "2026-11-01T06:15:00Z",
	    "2026-11-01T05:30:00.000Z");
}

static void
test_unknown_and_unsafe_names_are_refused(void **state)
{
	static const char *const names[] = { "", "Mars/Olympus", "../passwd",
		"/etc/passwd", "America/..", ".", "America", "a b" };
	struct zone *zone = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		struct err err CLEANUP_ERR = ERR_INIT;
		assert_int_equal(zone_open(names[i], &zone, &err), IAG_INVAL);
		assert_int_equal(err.code, ERR_CONFIG_INVALID);
	}
}

static void
test_times_of_day_are_strict(void **state)
{
	(void)state;
	assert_int_equal(zone_parse_minutes("00:00"), 0);
	assert_int_equal(zone_parse_minutes("23:59"), 1439);
	assert_int_equal(zone_parse_minutes("24:00"), -1);
	assert_int_equal(zone_parse_minutes("9:30"), -1);
	assert_int_equal(zone_parse_minutes("09:60"), -1);
	assert_int_equal(zone_parse_minutes("09-30"), -1);
	assert_int_equal(zone_parse_minutes(" 9:30"), -1);
}

static void
test_rules_of_posix_are_read(void **state)
{
	struct zone_rule rule;

	(void)state;
	assert_true(zone_rule_parse(&rule, "EST5EDT,M3.2.0,M11.1.0"));
	assert_int_equal(zone_rule_offset(&rule, 4102444800), -18000);
	assert_true(zone_rule_parse(&rule, "<+0545>-5:45"));
	assert_int_equal(zone_rule_offset(&rule, 0), 20700);
	assert_true(zone_rule_parse(&rule, "IST-2IDT,M3.4.4/26,M10.5.0"));
	assert_true(zone_rule_parse(&rule, "XXX0YYY,J60,300"));
	assert_false(zone_rule_parse(&rule, ""));
	assert_false(zone_rule_parse(&rule, "EST"));
	assert_false(zone_rule_parse(&rule, "EST5EDT"));
	assert_false(zone_rule_parse(&rule, "EST5EDT,M13.2.0,M11.1.0"));
	assert_false(zone_rule_parse(&rule, "EST5EDT,M3.2.0,M11.1.0,"));
	assert_false(zone_rule_parse(&rule, "<+03-3"));
}

/* A file with one transition, cut at every length and flipped everywhere. */
static void
test_damaged_files_are_refused_or_read_without_harm(void **state)
{
	uint8_t file[2 * 44 + 6 + 4 + 8 + 1 + 6 + 4 + 16];
	size_t len = 0;
	struct zone *zone = NULL;

	(void)state;
	memset(file, 0, sizeof file);
	memcpy(file, "TZif2", 5);
	file[39] = 1; /* one type */
	file[43] = 4; /* four characters */
	len = 44 + 6 + 4;
	memcpy(file + len, "TZif2", 5);
	file[len + 35] = 1;
	file[len + 39] = 1;
	file[len + 43] = 4;
	len += 44 + 8 + 1 + 6 + 4;
	memcpy(file + len, "\nUTC0\n", 6);
	len += 6;
	assert_int_equal(zone_parse(file, len, &zone, NULL), 0);
	assert_int_equal(zone_offset(zone, 1), 0);
	zone_free(zone);
	for (size_t cut = 0; cut < len; cut++) {
		CLEANUP_FREE uint8_t *part = malloc(cut + 1);
		memcpy(part, file, cut);
		assert_int_not_equal(zone_parse(part, cut, &zone, NULL), 0);
	}
	for (size_t i = 0; i < len * 8; i++) {
		file[i / 8] ^= (uint8_t)(1u << (i % 8));
		if (zone_parse(file, len, &zone, NULL) == 0) {
			(void)zone_to_utc(zone, 1790000000);
			zone_free(zone);
		}
		file[i / 8] ^= (uint8_t)(1u << (i % 8));
	}
}

int
main(void)
{
	const struct CMUnitTest pure[] = {
		cmocka_unit_test(test_unknown_and_unsafe_names_are_refused),
		cmocka_unit_test(test_times_of_day_are_strict),
		cmocka_unit_test(test_rules_of_posix_are_read),
		cmocka_unit_test(
		    test_damaged_files_are_refused_or_read_without_harm),
	};
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_offsets_equal_those_of_zoneinfo),
		cmocka_unit_test(
		    test_session_starts_at_the_latest_wall_clock_time),
		cmocka_unit_test(test_session_in_a_gap_starts_right_behind_it),
		cmocka_unit_test(
		    test_session_in_an_overlap_starts_at_the_first_one),
		pure[0],
		pure[1],
		pure[2],
		pure[3],
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (zones_are_installed())
		return cmocka_run_group_tests(all, NULL, NULL);
	printf("# no time zone data here: only what needs none is tested\n");
	return cmocka_run_group_tests(pure, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What people see of a result. */

#include "base/nearest.h"
#include "cli/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/table.h"

static const struct style plain = { false, false };

/* The text for people of a JSON object. */
static void
expect(const struct style *style, const struct field *fields, const char *json,
    const char *text)
{
	struct json_object *tree CLEANUP_JSON = NULL;
	struct buf out CLEANUP_BUF = BUF_INIT;

	assert_int_equal(
	    json_parse(json, strlen(json), &json_bounds_default, &tree, NULL),
	    0);
	output_people(&out, style, fields, tree);
	assert_false(out.failed);
	assert_string_equal(buf_text(&out), text);
}

static void
test_an_object_is_aligned_lines(void **state)
{
	(void)state;
	expect(&plain, NULL,
	    "{\"gateway\":\"ok\",\"read_only\":true,\"left\":null,\"n\":3}",
	    "gateway    ok\n"
	    "read only  yes\n"
	    "n          3\n");
}

static void
test_a_list_is_a_table_with_numbers_to_the_right(void **state)
{
	(void)state;
	expect(&plain, NULL,
	    "{\"complete\":true,\"positions\":["
	    "{\"symbol\":\"AAPL\",\"quantity\":\"10\",\"note\":null},"
	    "{\"symbol\":\"X\",\"quantity\":\"1200.5\"}]}",
	    "SYMBOL  QUANTITY\n"
	    "AAPL          10\n"
	    "X         1200.5\n");
}

static void
test_versions_are_no_numbers_and_hashes_are_cut(void **state)
{
	(void)state;
	expect(&plain, NULL,
	    "{\"l\":[{\"v\":\"0.1.0\",\"h\":\"0123456789abcdef"
	    "0123456789abcdef0123456789abcdef0123456789abcdef\"},"
	    "{\"v\":\"10.11.12\",\"h\":\"-1.5\"}]}",
	    "V         H\n"
	    "0.1.0     0123456789ab\n"
	    "10.11.12  -1.5\n");
}

static void
test_an_incomplete_list_says_so(void **state)
{
	(void)state;
	expect(&plain, NULL,
	    "{\"accounts\":[{\"id\":\"A\"}],\"complete\":false}",
	    "complete  no\n"
	    "\n"
	    "accounts\n"
	    "  ID\n"
	    "  A\n");
}

static void
test_an_empty_list_is_words(void **state)
{
	(void)state;
	expect(&plain, NULL, "{\"open_orders\":[],\"complete\":true}",
	    "no open orders\n");
}

static void
test_fields_give_the_order(void **state)
{
	static const struct field fields[] = {
		{ .name = "b", .type = FIELD_STRING },
		{ .name = "a", .type = FIELD_STRING },
		{ .name = NULL },
	};

	(void)state;
	expect(&plain, fields, "{\"z\":\"3\",\"a\":\"2\",\"b\":\"1\"}",
	    "b  1\n"
	    "a  2\n"
	    "z  3\n");
}

static void
test_nested_objects_are_indented(void **state)
{
	(void)state;
	expect(&plain, NULL, "{\"a\":\"1\",\"more\":{\"b\":\"2\"}}",
	    "a  1\n"
	    "\n"
	    "more\n"
	    "  b  2\n");
}

static void
test_control_characters_do_not_reach_the_terminal(void **state)
{
	(void)state;
	expect(&plain, NULL,
	    "{\"name\":\"a\\u001b[31m\\u0007\\u009b\\n\\u007fb\\u00e4\"}",
	    "name  a\\x1b[31m\\x07\\x9b\\x0a\\x7fb\303\244\n");
}

static void
test_widths_count_characters_and_not_bytes(void **state)
{
	(void)state;
	expect(&plain, NULL,
	    "{\"l\":[{\"a\":\"\303\244\303\266\",\"b\":\"x\"},"
	    "{\"a\":\"abc\",\"b\":\"y\"}]}",
	    "A    B\n"
	    "\303\244\303\266   x\n"
	    "abc  y\n");
}

static uint64_t
fixed_ns(void *arg)
{
	return *(uint64_t *)arg;
}

static void
expect_time(const struct style *style, const char *text, const char *shown)
{
	struct buf out CLEANUP_BUF = BUF_INIT;

	output_time(&out, style, text);
	assert_string_equal(buf_text(&out), shown);
}

static void
test_times_are_relative_on_a_terminal_only(void **state)
{
	const struct style terminal = { .terminal = true };
	uint64_t now;
	struct clock_source source = { fixed_ns, fixed_ns, &now };

	(void)state;
	assert_int_equal(clock_parse("2026-07-28T09:30:00Z", &now, NULL), 0);
	clock_set_source(&source);
	expect_time(&plain, "2026-07-28T09:29:57Z", "2026-07-28T09:29:57Z");
	expect_time(&terminal, "2026-07-28T09:29:57Z", "3 s ago");
	expect_time(&terminal, "2026-07-28T09:00:00Z", "30 min ago");
	expect_time(&terminal, "2026-07-28T12:30:00Z", "in 3 h");
	expect_time(&terminal, "2026-07-01T09:30:00Z", "27 days ago");
	expect_time(&terminal, "AAPL", "AAPL");
	clock_set_source(NULL);
}

/* The table of a list of objects in so many columns. */
static void
expect_within(
    unsigned width, bool terminal, const char *json, const char *expected)
{
	const struct style style = { .width = width, .terminal = terminal };
	struct json_object *tree CLEANUP_JSON = NULL;
	struct buf out CLEANUP_BUF = BUF_INIT;

	assert_int_equal(0,
	    json_parse(json, strlen(json), &json_bounds_default, &tree, NULL));
	output_people(&out, &style, NULL, tree);
	assert_string_equal(expected, buf_text(&out));
}

#define ROWS                                                                  \
	"{\"rows\":[{\"id\":1,\"name_of_it\":\"a text of several words\","    \
	"\"path\":\"/some/where/over\"},{\"id\":22,\"name_of_it\":\"short\"," \
	"\"path\":\"/x\"}]}"

static void
test_long_columns_go_on_below_within_the_width(void **state)
{
	(void)state;
	expect_within(60, false, ROWS,
	    "ID  NAME OF IT               PATH\n"
	    " 1  a text of several words  /some/where/over\n"
	    "22  short                    /x\n");
	expect_within(32, true, ROWS,
	    "ID  NAME OF IT     PATH\n"
	    " 1  a text of      /some/where/\n"
	    "    several words  over\n"
	    "22  short          /x\n");
}

static void
test_rows_too_wide_for_columns_stand_one_below_the_other(void **state)
{
	(void)state;
	expect_within(15, true, ROWS,
	    "id          1\n"
	    "name of it  a text\n"
	    "            of\n"
	    "            several\n"
	    "            words\n"
	    "path        /some/\n"
	    "            where/\n"
	    "            over\n"
	    "\n"
	    "id          22\n"
	    "name of it  short\n"
	    "path        /x\n");
}

/* A word that programs may look for is never cut. */
static void
test_where_programs_read_words_stay_whole(void **state)
{
	(void)state;
	expect_within(34, false, ROWS,
	    "ID  NAME OF IT    PATH\n"
	    " 1  a text of     /some/where/over\n"
	    "    several\n"
	    "    words\n"
	    "22  short         /x\n");
	expect_within(20, false, ROWS,
	    "id          1\n"
	    "name of it  a text of\n"
	    "            several words\n"
	    "path        /some/where/over\n"
	    "\n"
	    "id          22\n"
	    "name of it  short\n"
	    "path        /x\n");
}

static void
test_a_word_without_end_is_cut_between_characters(void **state)
{
	(void)state;
	expect_within(22, true,
	    "{\"a\":\"\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
	    "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
	    "\u00e4\u00e4\u00e4\u00e4\u00e4\"}",
	    "a  \u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
	    "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\n"
	    "   \u00e4\n");
}

static const char *
nearest_of(const char *word)
{
	static const char *const known[] = { "--limit", "--store", "--json",
		"audit tail", "audit verify" };
	struct nearest nearest = NEAREST_INIT(word);
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		nearest_add(&nearest, known[i]);
	return nearest.best ? nearest.best : "";
}

static void
test_the_nearest_word_is_found(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("--limt"), "--limit");
	assert_string_equal(nearest_of("--jsno"), "--json");
	assert_string_equal(nearest_of("audit tial"), "audit tail");
	assert_string_equal(nearest_of("something"), "");
	assert_string_equal(nearest_of(""), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_object_is_aligned_lines),
		cmocka_unit_test(
		    test_a_list_is_a_table_with_numbers_to_the_right),
		cmocka_unit_test(
		    test_versions_are_no_numbers_and_hashes_are_cut),
		cmocka_unit_test(test_an_incomplete_list_says_so),
		cmocka_unit_test(test_an_empty_list_is_words),
		cmocka_unit_test(test_fields_give_the_order),
		cmocka_unit_test(test_nested_objects_are_indented),
		cmocka_unit_test(
		    test_control_characters_do_not_reach_the_terminal),
		cmocka_unit_test(test_widths_count_characters_and_not_bytes),
		cmocka_unit_test(test_times_are_relative_on_a_terminal_only),
		cmocka_unit_test(
		    test_long_columns_go_on_below_within_the_width),
		cmocka_unit_test(
		    test_rows_too_wide_for_columns_stand_one_below_the_other),
		cmocka_unit_test(test_where_programs_read_words_stay_whole),
		cmocka_unit_test(
		    test_a_word_without_end_is_cut_between_characters),
		cmocka_unit_test(test_the_nearest_word_is_found),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

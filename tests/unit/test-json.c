/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The JSON gate and the writer.  Each thing that json-c 0.16 lets through is
 * a test of its own here; were the gate taken away, it would fail.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"

/* Parse len bytes that no NUL follows, and say what came back. */
static int
parse_bytes(
    const char *text, size_t len, struct json_object **root, struct err *err)
{
	char *exact = malloc(len ? len : 1);
	int rc;

	assert_non_null(exact);
	memcpy(exact, text, len);
	rc = json_parse(exact, len, NULL, root, err);
	free(exact);
	return rc;
}

static void
refuses_bytes(const char *text, size_t len, const char *why)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct json_object *root = NULL;

	assert_int_equal(parse_bytes(text, len, &root, &err), IAG_INVAL);
	assert_null(root);
	assert_int_equal(err.code, ERR_INPUT_INVALID);
	if (!strstr(err_text(&err), why))
		fail_msg("'%s' does not say '%s'", err_text(&err), why);
}

static void
refuses(const char *text, const char *why)
{
	refuses_bytes(text, strlen(text), why);
}

/* Text in, text out. */
static void
gives(const char *text, const char *want)
{
	CLEANUP_JSON struct json_object *root = NULL;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err CLEANUP_ERR = ERR_INIT;

	if (parse_bytes(text, strlen(text), &root, &err) != 0)
		fail_msg("'%s': %s", text, err_text(&err));
	json_write(&out, root, 0);
	assert_false(out.failed);
	assert_string_equal(buf_text(&out), want);
}

static void
keeps(const char *text)
{
	gives(text, text);
}

static void
test_every_kind_of_value_comes_back(void **state)
{
	(void)state;
	keeps("{\"b\":[1,-2,{\"c\":null}],\"a\":true,\"d\":false,\"e\":\"x\"}");
	keeps("[]");
	keeps("{}");
	keeps("[[],{}]");
	keeps("\"text\"");
	keeps("true");
	gives(" \t\r\n{ \"a\" : [ 1 , 2 ] } \n", "{\"a\":[1,2]}");
}

static void
test_a_number_at_the_top_needs_no_nul_behind_it(void **state)
{
	(void)state;
	keeps("0");
	keeps("12345");
	keeps("-7");
	keeps("1.5");
	gives(" 12 ", "12");
}

static void
test_null_at_the_top_gives_a_null_tree(void **state)
{
	struct json_object *root = (struct json_object *)&state;

	(void)state;
	assert_int_equal(parse_bytes("null", 4, &root, NULL), 0);
	assert_null(root);
}

static void
test_duplicate_keys_are_refused(void **state)
{
	(void)state;
	refuses("{\"a\":1,\"b\":2,\"a\":3}",
	    "byte 13: the key 'a' appears twice in one object");
	refuses("{\"x\":{\"a\":1,\"a\":1}}", "'a' appears twice");
	keeps("{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":1}]}");
}

static void
test_duplicate_keys_are_found_behind_escapes(void **state)
{
	(void)state;
	refuses("{\"a\":1,\"\\u0061\":2}", "appears twice");
	refuses("{\"\\/\":1,\"/\":2}", "appears twice");
	refuses("{\"\xc3\xa9\":1,\"\\u00e9\":2}", "appears twice");
	refuses(
	    "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\uDE00\":2}", "appears twice");
	refuses("{\"a\\nb\":1,\"a\\u000ab\":2}", "appears twice");
	gives("{\"a\\\\u0061\":1,\"aa\":2}", "{\"a\\\\u0061\":1,\"aa\":2}");
	/* same start, same length, one empty */
	keeps("{\"\":1,\"12345678\":2,\"123456789\":3,\"12345670\":4}");
}

static void
test_a_key_cut_at_nul_is_no_way_around_a_policy(void **state)
{
	(void)state;
	refuses("{\"a\\u0000b\":1}", "NUL is not allowed");
	refuses("[\"a\\u0000b\"]", "NUL is not allowed");
	refuses_bytes("{\"a\0b\":1}", 9, "control character");
	refuses_bytes("[1]\0", 4, "nothing after the value");
	refuses_bytes("\0", 1, "found byte 0x00");
}

static void
test_single_quotes_are_refused(void **state)
{
	(void)state;
	refuses("['a']", "found '''");
	refuses("{'a':1}", "a key in double quotes or '}'");
	refuses("{a:1}", "a key in double quotes");
}

static void
test_nan_and_infinity_are_refused(void **state)
{
	(void)state;
	refuses("NaN", "byte 0");
	refuses("[nan]", "byte 1");
	refuses("Infinity", "byte 0");
	refuses("-Infinity", "a digit");
	refuses("+1", "byte 0");
}

static void
test_other_spellings_of_numbers_are_refused(void **state)
{
	(void)state;
	refuses("-01", "leading zero");
	refuses("012", "leading zero");
	refuses("1.", "a digit after the point");
	refuses(".5", "byte 0");
	refuses("1e", "a digit in the exponent");
	refuses("1e+", "a digit in the exponent");
	refuses("-", "a digit");
	refuses("0x10", "nothing after the value");
	refuses("[1 2]", "',' or ']'");
}

static void
test_other_spellings_of_words_are_refused(void **state)
{
	(void)state;
	refuses("True", "byte 0");
	refuses("NULL", "byte 0");
	refuses("[tru]", "byte 1");
	refuses("nul", "byte 0");
	refuses("nullx", "nothing after the value");
}

static void
test_comments_and_trailing_things_are_refused(void **state)
{
	(void)state;
	refuses("[1,]", "byte 3");
	refuses("{\"a\":1,}", "a key in double quotes");
	refuses("[,1]", "byte 1");
	refuses("/* c */1", "byte 0");
	refuses("1 // c", "nothing after the value");
	refuses("{} {}", "nothing after the value");
	refuses("[]]", "nothing after the value");
	refuses("[1}", "',' or ']'");
	refuses("{\"a\":1]", "',' or '}'");
}

static void
test_half_a_text_is_refused(void **state)
{
	const char *whole =
	    "{\"a\":[1.5e3,true,\"x\\u00e9\xc3\xa9\"],\"b\":null}";

	(void)state;
	for (size_t len = 0; len < strlen(whole); len++)
		refuses_bytes(whole, len, "byte");
	keeps("{\"a\":[1.5e3,true,\"x\xc3\xa9\xc3\xa9\"],\"b\":null}");
}

static void
test_raw_control_characters_are_refused(void **state)
{
	char text[] = "\"abcdefgh_ijk\"";

	(void)state;
	for (char c = 0; c < 0x20; c++) {
		text[9] = c;
		refuses_bytes(text, sizeof text - 1, "byte 9");
	}
	keeps("\"\x7f\"");
}

static void
test_overlong_utf8_is_refused(void **state)
{
	(void)state;
	refuses("\"\xc0\x80\"", "valid UTF-8");
	refuses("\"\xc1\xbf\"", "valid UTF-8");
	refuses("\"\xe0\x80\x80\"", "valid UTF-8");
	refuses("\"\xe0\x9f\xbf\"", "valid UTF-8");
	refuses("\"\xf0\x8f\xbf\xbf\"", "valid UTF-8");
}

static void
test_other_broken_utf8_is_refused(void **state)
{
	(void)state;
	refuses("\"\x80\"", "valid UTF-8");
	refuses("\"\xff\"", "valid UTF-8");
	refuses("\"\xc3\"", "valid UTF-8");
	refuses("\"\xe2\x82\"", "valid UTF-8");
	refuses("\"\xed\xa0\x80\"", "valid UTF-8");     /* a surrogate */
	refuses("\"\xf4\x90\x80\x80\"", "valid UTF-8"); /* U+110000 */
	refuses("\"\xf8\x88\x80\x80\x80\"", "valid UTF-8");
	refuses_bytes("\"\xe2\x82", 3, "valid UTF-8");
	keeps("\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"");
}

static void
test_lone_surrogates_are_refused(void **state)
{
	(void)state;
	refuses("\"\\ud800\"", "a surrogate without its other half");
	refuses("\"\\udc00\"", "a surrogate without its other half");
	refuses("\"\\ud800x\"", "a surrogate");
	refuses("\"\\ud800\\n\"", "a surrogate");
	refuses("\"\\ud800\\u0041\"", "a surrogate");
	refuses("\"\\ud800\\ud800\"", "a surrogate");
	refuses("\"\\udc00\\ud800\"", "a surrogate");
	gives("\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"");
}

static void
test_bad_escapes_are_refused(void **state)
{
	(void)state;
	refuses("\"\\x41\"", "after a backslash");
	refuses("\"\\'\"", "after a backslash");
	refuses("\"\\u12g4\"", "four hexadecimal digits");
	refuses("\"\\u12", "four hexadecimal digits");
	refuses("\"\\", "after a backslash");
	refuses("\"a\\\"", "no closing");
}

static void
test_a_byte_order_mark_is_refused(void **state)
{
	(void)state;
	refuses("\xef\xbb\xbf{}", "byte order mark");
}

static void
test_integers_never_saturate(void **state)
{
	(void)state;
	keeps("9223372036854775807");
	keeps("-9223372036854775808");
	refuses("9223372036854775808", "outside -2^63 to 2^63-1");
	refuses("-9223372036854775809", "outside");
	refuses("18446744073709551616", "outside");
	refuses("10000000000000000000000000", "outside");
	gives("-0", "0");
}

static void
test_doubles_keep_their_source_text(void **state)
{
	(void)state;
	keeps("1.10");
	keeps("[1E2,0.1000000000000000055511151231]");
	keeps("1e400");
	keeps("-0.0");
	keeps("9223372036854775808.0");
	keeps("{\"a\":1e-7}");
}

static void
test_a_number_has_at_most_64_characters(void **state)
{
	char text[70] = "0.";

	(void)state;
	memset(text + 2, '1', 62);
	keeps(text);
	text[64] = '1';
	refuses(text, "more than 64 characters");
}

static void
test_depth_is_bounded_exactly(void **state)
{
	char text[67];

	(void)state;
	memset(text, '[', 33);
	memset(text + 33, ']', 33);
	text[66] = '\0';
	refuses(text, "more than 32 nested containers");
	text[65] = '\0';
	keeps(text + 1);
	/* with a scalar inside, which json-c counts as a level */
	memset(text, '[', 32);
	text[32] = '1';
	memset(text + 33, ']', 32);
	keeps(text);
}

static void
test_depth_beyond_256_is_refused_whatever_the_caller_asks(void **state)
{
	const struct json_bounds bounds = { 1000, 1000, 1000 };
	CLEANUP_JSON struct json_object *root = NULL;
	char text[514];

	(void)state;
	memset(text, '[', 257);
	memset(text + 257, ']', 257);
	assert_int_equal(
	    json_parse(text, 514, &bounds, &root, NULL), IAG_INVAL);
	assert_int_equal(json_parse(text + 1, 512, &bounds, &root, NULL), 0);
}

static void
test_size_and_number_of_values_are_bounded(void **state)
{
	const struct json_bounds bounds = { 20, 3, 5 };
	struct err err CLEANUP_ERR = ERR_INIT;

	(void)state;
	/* the array and its four members */
	assert_int_equal(json_check("[1,2,3,4]", 9, &bounds, &err), 0);
	assert_int_equal(
	    json_check("[1,2,3,4,5]", 11, &bounds, &err), IAG_INVAL);
	assert_non_null(strstr(err_text(&err), "more than 5 values and keys"));
	/* keys count as well */
	assert_int_equal(json_check("{\"a\":1,\"b\":2}", 13, &bounds, &err), 0);
	assert_int_equal(
	    json_check("{\"a\":1,\"b\":{}}", 14, &bounds, &err), 0);
	assert_int_equal(
	    json_check("{\"a\":1,\"b\":[1]}", 15, &bounds, &err), IAG_INVAL);
	assert_int_equal(
	    json_check("                    1", 21, &bounds, &err), IAG_INVAL);
	assert_non_null(strstr(err_text(&err), "21 bytes are more than 20"));
}

static uint64_t
cpu_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

/* One object of count keys; the processor time of its check. */
static uint64_t
check_keys(unsigned count)
{
	const struct json_bounds bounds = { (size_t)1 << 24, 4, 1000000 };
	CLEANUP_BUF struct buf text = BUF_INIT;
	uint64_t start;

	buf_char(&text, '{');
	for (unsigned i = 0; i < count; i++)
		buf_printf(&text, "%s\"key-%08u\":0", i ? "," : "", i);
	buf_char(&text, '}');
	start = cpu_ns();
	assert_int_equal(json_check(text.data, text.len, &bounds, NULL), 0);
	return cpu_ns() - start;
}

static void
test_the_search_for_duplicates_is_not_quadratic(void **state)
{
	uint64_t small, large;

	(void)state;
	(void)check_keys(4000);
	small = check_keys(4000) + 1000000;
	large = check_keys(128000);
	/* 32 times the keys; a quadratic search takes 1024 times as long */
	if (large > small * 32 * 6)
		fail_msg("%llu ns for 4000 keys, %llu for 128000",
		    (unsigned long long)small, (unsigned long long)large);
}

static void
test_strings_are_written_with_the_shortest_escapes(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	(void)state;
	json_write_string(&out, "\"\\/\b\f\n\r\t\x01\x1f\x7f\0z", 13);
	assert_string_equal(buf_text(&out),
	    "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000z\"");
}

static void
test_bytes_that_are_no_utf8_are_written_as_replacement(void **state)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	(void)state;
	json_write_string(&out, "a\xff\xe2\x82z\xc3", 6);
	assert_string_equal(buf_text(&out),
	    "\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\"");
	assert_int_equal(json_check(out.data, out.len, NULL, NULL), 0);
}

static void
test_indented_text_has_one_member_a_line(void **state)
{
	CLEANUP_JSON struct json_object *root = NULL;
	CLEANUP_BUF struct buf out = BUF_INIT;
	const char *text = "{\"a\":[1,{}],\"b\":[]}";

	(void)state;
	assert_int_equal(parse_bytes(text, strlen(text), &root, NULL), 0);
	json_write(&out, root, 2);
	assert_string_equal(buf_text(&out),
	    "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}

static void
test_doubles_of_the_program_are_never_nan_on_paper(void **state)
{
	CLEANUP_JSON struct json_object *nan =
	    json_object_new_double(strtod("nan", NULL));
	CLEANUP_JSON struct json_object *half = json_object_new_double(0.5);
	CLEANUP_JSON struct json_object *big =
	    json_object_new_uint64(UINT64_MAX);
	CLEANUP_BUF struct buf out = BUF_INIT;

	(void)state;
	json_write(&out, nan, 0);
	json_write(&out, half, 0);
	json_write(&out, big, 0);
	assert_string_equal(buf_text(&out), "null0.518446744073709551615");
}

static void
test_readers_look_at_the_type_first(void **state)
{
	CLEANUP_JSON struct json_object *root = NULL;
	const char *text = "{\"s\":\"12abc\",\"t\":true,\"n\":null,\"i\":7,"
			   "\"d\":1.5}";

	(void)state;
	assert_int_equal(parse_bytes(text, strlen(text), &root, NULL), 0);
	assert_int_equal(json_get_int(root, "s", -1), -1);
	assert_int_equal(json_get_int(root, "t", -1), -1);
	assert_int_equal(json_get_int(root, "d", -1), -1);
	assert_int_equal(json_get_int(root, "i", -1), 7);
	assert_string_equal(json_get_str(root, "i", "none"), "none");
	assert_string_equal(json_get_str(root, "s", "none"), "12abc");
	assert_true(json_get_bool(root, "t", false));
	assert_true(json_get_bool(root, "i", true));
	assert_null(json_get(root, "n"));
	assert_null(json_get(root, "absent"));
	assert_null(json_get(NULL, "a"));
	assert_string_equal(json_get_str(NULL, "a", "none"), "none");
	assert_int_equal(json_get_int(json_get(root, "s"), "a", 3), 3);
}

static void
test_builders_leave_out_what_is_missing(void **state)
{
	CLEANUP_JSON struct json_object *root = json_object_new_object();
	CLEANUP_BUF struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(json_add_str(root, "a", "x"), 0);
	assert_int_equal(json_add_str(root, "b", NULL), 0);
	assert_int_equal(json_add_int(root, "c", INT64_MIN), 0);
	assert_int_equal(json_add_bool(root, "d", true), 0);
	assert_int_equal(json_add(root, "e", NULL), 0);
	assert_int_equal(json_add(root, "f", json_object_new_array()), 0);
	json_write(&out, root, 0);
	assert_string_equal(buf_text(&out),
	    "{\"a\":\"x\",\"c\":-9223372036854775808,\"d\":true,\"e\":null,"
	    "\"f\":[]}");
}

static void
test_builders_consume_the_value_also_without_an_object(void **state)
{
	(void)state;
	/* LeakSanitizer and valgrind are the judges */
	assert_int_equal(
	    json_add(NULL, "a", json_object_new_object()), IAG_NOMEM);
	assert_int_equal(json_add_str(NULL, "a", "x"), IAG_NOMEM);
	assert_int_equal(json_add_int(NULL, "a", 1), IAG_NOMEM);
}

static void
test_the_message_names_byte_and_expectation(void **state)
{
	struct err err CLEANUP_ERR = ERR_INIT;

	(void)state;
	assert_int_equal(json_check("{\"a\" 1}", 7, NULL, &err), IAG_INVAL);
	assert_string_equal(err_text(&err),
	    "invalid JSON at byte 5: expected ':' after the key, found '1'");
	assert_int_equal(json_check("[\"abc", 5, NULL, &err), IAG_INVAL);
	assert_string_equal(err_text(&err),
	    "invalid JSON at byte 5: the string that starts at byte 1 has no "
	    "closing '\"'");
}

/* The hash of a call's arguments is over what is written here. */
static void
test_wide_integers_are_written_as_they_were_read(void **state)
{
	static const char text[] =
	    "[9223372036854775807,9223372036854775808,-9223372036854775809,"
	    "100000000000000000000000000000000000000000000000000000000000]";
	struct json_bounds bounds = json_bounds_default;
	struct json_object *root CLEANUP_JSON = NULL;
	struct buf out CLEANUP_BUF = BUF_INIT;

	(void)state;
	assert_int_equal(
	    IAG_INVAL, json_parse(text, strlen(text), &bounds, &root, NULL));
	bounds.wide_integers = true;
	assert_int_equal(
	    0, json_parse(text, strlen(text), &bounds, &root, NULL));
	json_write(&out, root, 0);
	assert_string_equal(text, buf_text(&out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_wide_integers_are_written_as_they_were_read),
		cmocka_unit_test(test_every_kind_of_value_comes_back),
		cmocka_unit_test(
		    test_a_number_at_the_top_needs_no_nul_behind_it),
		cmocka_unit_test(test_null_at_the_top_gives_a_null_tree),
		cmocka_unit_test(test_duplicate_keys_are_refused),
		cmocka_unit_test(test_duplicate_keys_are_found_behind_escapes),
		cmocka_unit_test(
		    test_a_key_cut_at_nul_is_no_way_around_a_policy),
		cmocka_unit_test(test_single_quotes_are_refused),
		cmocka_unit_test(test_nan_and_infinity_are_refused),
		cmocka_unit_test(test_other_spellings_of_numbers_are_refused),
		cmocka_unit_test(test_other_spellings_of_words_are_refused),
		cmocka_unit_test(test_comments_and_trailing_things_are_refused),
		cmocka_unit_test(test_half_a_text_is_refused),
		cmocka_unit_test(test_raw_control_characters_are_refused),
		cmocka_unit_test(test_overlong_utf8_is_refused),
		cmocka_unit_test(test_other_broken_utf8_is_refused),
		cmocka_unit_test(test_lone_surrogates_are_refused),
		cmocka_unit_test(test_bad_escapes_are_refused),
		cmocka_unit_test(test_a_byte_order_mark_is_refused),
		cmocka_unit_test(test_integers_never_saturate),
		cmocka_unit_test(test_doubles_keep_their_source_text),
		cmocka_unit_test(test_a_number_has_at_most_64_characters),
		cmocka_unit_test(test_depth_is_bounded_exactly),
		cmocka_unit_test(
		    test_depth_beyond_256_is_refused_whatever_the_caller_asks),
		cmocka_unit_test(test_size_and_number_of_values_are_bounded),
		cmocka_unit_test(
		    test_the_search_for_duplicates_is_not_quadratic),
		cmocka_unit_test(
		    test_strings_are_written_with_the_shortest_escapes),
		cmocka_unit_test(
		    test_bytes_that_are_no_utf8_are_written_as_replacement),
		cmocka_unit_test(test_indented_text_has_one_member_a_line),
		cmocka_unit_test(
		    test_doubles_of_the_program_are_never_nan_on_paper),
		cmocka_unit_test(test_readers_look_at_the_type_first),
		cmocka_unit_test(test_builders_leave_out_what_is_missing),
		cmocka_unit_test(
		    test_builders_consume_the_value_also_without_an_object),
		cmocka_unit_test(test_the_message_names_byte_and_expectation),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

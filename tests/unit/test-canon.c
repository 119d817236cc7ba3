/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The canonical form, with the examples that RFC 8785 gives. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

static void
canon_is(const char *text, const char *want)
{
	CLEANUP_JSON struct json_object *root = NULL;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err CLEANUP_ERR = ERR_INIT;

	if (json_parse(text, strlen(text), NULL, &root, &err) != 0 ||
	    json_canon(&out, root, &err) != 0)
		fail_msg("'%s': %s", text, err_text(&err));
	assert_string_equal(buf_text(&out), want);
}

static void
canon_refuses(const char *text, const char *why)
{
	CLEANUP_JSON struct json_object *root = NULL;
	CLEANUP_BUF struct buf out = BUF_INIT;
	struct err err CLEANUP_ERR = ERR_INIT;

	assert_int_equal(json_parse(text, strlen(text), NULL, &root, NULL), 0);
	buf_str(&out, "kept");
	assert_int_equal(json_canon(&out, root, &err), IAG_INVAL);
	assert_non_null(strstr(err_text(&err), why));
	assert_string_equal(buf_text(&out), "kept");
}

/* RFC 8785 section 3.2.3: the example with every interesting key */
static void
test_keys_are_sorted_by_utf16_code_units(void **state)
{
	(void)state;
	canon_is("{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\","
		 "\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\","
		 "\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\","
		 "\"\\u0080\":\"Control\",\"\\u00f6\":"
		 "\"Latin Small Letter O With Diaeresis\"}",
	    "{\"\\r\":\"Carriage Return\",\"1\":\"One\","
	    "\"\xc2\x80\":\"Control\","
	    "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\","
	    "\"\xe2\x82\xac\":\"Euro Sign\","
	    "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
	    "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
}

static void
test_surrogates_sort_before_private_use_at_any_place(void **state)
{
	(void)state;
	/* U+D7FF, U+10000, U+10FFFF, U+E000, U+FFFF behind one prefix */
	canon_is("{\"a\\uffff\":1,\"a\\ue000\":2,\"a\\udbff\\udfff\":3,"
		 "\"a\\ud800\\udc00\":4,\"a\\ud7ff\":5,\"a\":6}",
	    "{\"a\":6,\"a\xed\x9f\xbf\":5,\"a\xf0\x90\x80\x80\":4,"
	    "\"a\xf4\x8f\xbf\xbf\":3,\"a\xee\x80\x80\":2,"
	    "\"a\xef\xbf\xbf\":1}");
}

/* RFC 8785 section 3.2.2.2, the string of the sample */
static void
test_strings_have_the_shortest_escapes(void **state)
{
	(void)state;
	canon_is("{\"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c"
		 "\\\\\\\"\\/\"}",
	    "{\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

static void
test_literals_and_blanks_are_those_of_the_rfc(void **state)
{
	(void)state;
	canon_is(" { \"literals\" : [ null , true , false ] } ",
	    "{\"literals\":[null,true,false]}");
	canon_is("[56,{\"d\":true,\"10\":null,\"1\":[]}]",
	    "[56,{\"1\":[],\"10\":null,\"d\":true}]");
	canon_is("{\"b\":{\"z\":1,\"y\":{}},\"\":[]}",
	    "{\"\":[],\"b\":{\"y\":{},\"z\":1}}");
}

static void
test_integers_stop_where_javascript_rounds(void **state)
{
	(void)state;
	canon_is("[9007199254740991,-9007199254740991,-0]",
	    "[9007199254740991,-9007199254740991,0]");
	canon_refuses("[9007199254740992]", "must be a string");
	canon_refuses("{\"a\":-9007199254740992}", "must be a string");
}

static void
test_doubles_are_refused(void **state)
{
	(void)state;
	canon_refuses("[1.0]", "must be a string");
	canon_refuses("{\"a\":[1,{\"b\":1e2}]}", "must be a string");
}

static void
test_text_that_is_not_utf8_has_no_canonical_form(void **state)
{
	CLEANUP_JSON struct json_object *root = json_object_new_object();
	CLEANUP_BUF struct buf out = BUF_INIT;

	(void)state;
	(void)json_add_str(root, "a", "x\xff");
	assert_int_equal(json_canon(&out, root, NULL), IAG_INVAL);
	assert_int_equal(out.len, 0);
}

static void
test_the_order_of_members_makes_no_difference(void **state)
{
	const char *keys[] = { "a", "B", "aa", "\xc3\xa4", "0" };
	CLEANUP_BUF struct buf first = BUF_INIT;

	(void)state;
	for (unsigned turn = 0; turn < 5; turn++) {
		CLEANUP_JSON struct json_object *root =
		    json_object_new_object();
		CLEANUP_BUF struct buf out = BUF_INIT;

		for (unsigned i = 0; i < 5; i++) {
			unsigned k = (i * 2 + turn) % 5;

			(void)json_add_int(root, keys[k], k);
		}
		assert_int_equal(json_canon(&out, root, NULL), 0);
		if (turn == 0)
			buf_str(&first, buf_text(&out));
		assert_string_equal(buf_text(&out), buf_text(&first));
	}
	assert_string_equal(buf_text(&first),
	    "{\"0\":4,\"B\":1,\"a\":0,\"aa\":2,\"\xc3\xa4\":3}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_are_sorted_by_utf16_code_units),
		cmocka_unit_test(
		    test_surrogates_sort_before_private_use_at_any_place),
		cmocka_unit_test(test_strings_have_the_shortest_escapes),
		cmocka_unit_test(test_literals_and_blanks_are_those_of_the_rfc),
		cmocka_unit_test(test_integers_stop_where_javascript_rounds),
		cmocka_unit_test(test_doubles_are_refused),
		cmocka_unit_test(
		    test_text_that_is_not_utf8_has_no_canonical_form),
		cmocka_unit_test(test_the_order_of_members_makes_no_difference),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What YAML may not bring: each construct that is refused, with the place
 * that the message names, and the bombs, which must be cheap.
 */

#include "config/yaml.h"

#include <stdio.h>
#include <time.h>

#include "base/cleanup.h"
#include "loaded.h"

#define AT(place) "c.yaml:" place ": "

static void
test_each_refused_construct_is_named_with_its_place(void **state)
{
	static const struct {
		const char *text;
		const char *line;
	} cases[] = {
		{ LOADED_HEAD "log: &a {level: info}\n",
		    AT("4:6") "anchor '&' is not allowed" },
		{ LOADED_HEAD "log: {level: &a info}\n",
		    AT("4:14") "anchor '&' is not allowed" },
		{ LOADED_HEAD "log: *a\n", AT("4:6") "alias '*'" },
		{ LOADED_HEAD "log: {level: *a}\n", AT("4:14") "alias '*'" },
		{ LOADED_HEAD "plugins: {path: [/a, *a]}\n",
		    AT("4:22") "alias '*'" },
		{ LOADED_HEAD "*a : 1\n", AT("4:1") "alias '*'" },
		{ LOADED_HEAD "log:\n  <<: {level: info}\n",
		    AT("5:3") "merge '<<'" },
		{ LOADED_HEAD "log: {level: !!str info}\n",
		    AT("4:14") "tag '!'" },
		{ LOADED_HEAD "log: !x {level: info}\n", AT("4:6") "tag '!'" },
		{ LOADED_HEAD "log: {level: !!python/object:os.system info}\n",
		    AT("4:14") "tag '!'" },
		{ LOADED_HEAD "---\nlog: {level: info}\n",
		    AT("4:1") "a second document" },
		{ LOADED_HEAD "...\n---\nbroker: {backend: real}\n",
		    AT("5:1") "a second document" },
		{ LOADED_HEAD "? [a, b]\n: 1\n",
		    AT("4:3") "a key has to be plain text" },
		{ LOADED_HEAD "? {a: b}\n: {c: {d: e}}\n",
		    AT("4:3") "a key has to be plain text" },
		{ LOADED_HEAD "log: {level: \"in\\0fo\"}\n",
		    AT("4:14") "text holds a character" },
		{ LOADED_HEAD "log: {level: \"\\x7f\"}\n",
		    AT("4:14") "text holds a character" },
		{ LOADED_HEAD "log: {level: \"\\ufeff\"}\n",
		    AT("4:14") "text holds a character" },
		{ LOADED_HEAD "\"lo\\0g\": {level: info}\n",
		    AT("4:1") "text holds a character" },
		{ LOADED_HEAD "audit: {path: /b}\n",
		    AT("4:1") "key 'audit': was given before, in line 3" },
		{ LOADED_HEAD "log: {level: info, \"level\": debug}\n",
		    AT("4:20") "key 'level': was given before, in line 4" },
		{ LOADED_HEAD "log: [info\n", AT("5:1") "YAML: " },
		{ LOADED_HEAD "log: {level: info\n", AT("5:1") "YAML: " },
		{ LOADED_HEAD "log:\n\tlevel: info\n", AT("5:1") "YAML: " },
		{ LOADED_HEAD "log: a: b\n", AT("4:7") "YAML: " },
		{ LOADED_HEAD "log: \"a\n", AT("4:7") "YAML: " },
		{ LOADED_HEAD "log: {level: \xff}\n",
		    AT("4:14") "byte 0xff is not UTF-8" },
		{ "# \xc3\xa4\xc3\n" LOADED_HEAD,
		    AT("1:4") "byte 0xc3 is not UTF-8" },
		{ LOADED_HEAD "# \xc0\x80\n", AT("4:3") "byte 0xc0" },
		{ LOADED_HEAD "# \xed\xa0\x80\n", AT("4:3") "byte 0xed" },
		{ LOADED_HEAD "# \xf4\x90\x80\x80\n", AT("4:3") "byte 0xf4" },
		{ LOADED_HEAD "# \x1b[1m\n", AT("4:3") "character U+001B" },
		{ LOADED_HEAD "# \xc2\x9b\n", AT("4:3") "character U+009B" },
		{ LOADED_HEAD "# \xef\xbb\xbf\n",
		    AT("4:3") "character U+FEFF" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		assert_fault(cases[i].text, ERR_CONFIG_INVALID, cases[i].line);
}

static void
test_an_empty_file_says_so(void **state)
{
	static const char *const empty[] = { "", "\n\n", "# only words\n",
		"---\n", "---\n...\n", "null\n", "~\n", "\xef\xbb\xbf" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(empty); i++)
		assert_fault(empty[i], ERR_CONFIG_INVALID,
		    AT("1:1") "the file is empty");
}

static void
test_a_nul_byte_is_refused_where_it_stands(void **state)
{
	static const char text[] = LOADED_HEAD "log:\n  le\0vel: info\n";
	struct loaded l;

	(void)state;
	loaded_init(&l, text, sizeof text - 1);
	assert_int_equal(l.count, 1);
	assert_string_equal(buf_text(&l.out),
	    AT("5:5") "character U+0000 is not allowed in the file\n");
	loaded_fini(&l);
}

static void
test_a_byte_order_mark_and_crlf_are_read(void **state)
{
	(void)state;
	assert_no_fault("\xef\xbb\xbf" LOADED_HEAD);
	assert_no_fault("broker:\r\n  backend: fake\r\nauth:\r\n"
			"  enabled_scopes: []\r\naudit:\r\n  path: /x\r\n");
	assert_no_fault("---\n" LOADED_HEAD "...\n");
	assert_no_fault("%YAML 1.2\n---\n" LOADED_HEAD);
}

/* libfyaml's own text of the second is a''', and it leaks 512 bytes. */
static void
test_quotes_in_a_row_are_read_as_they_stand(void **state)
{
	static const struct {
		const char *source, *text;
	} cases[] = {
		{ "'a''b'", "a'b" },
		{ "'a''''b'", "a''b" },
		{ "''''''", "''" },
		{ "''", "" },
		{ "'\"\\n\"'", "\"\\n\"" },
		{ "''''''''''''''''''''''''''''''''''''''''",
		    "'''''''''''''''''''" },
		{ "\"a''''b\"", "a''''b" },
		{ "\"\\n\\n\\n\\n\\n\\n\\n\\n\\n\"", "\n\n\n\n\n\n\n\n\n" },
		{ "\"x\n\n  y\n  z\"", "x\ny z" },
		{ "'x''\n\n  y\n  z'", "x'\ny z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		CLEANUP_BUF struct buf out = BUF_INIT;
		CLEANUP_ERR struct err err = ERR_INIT;
		struct faults faults = { "c.yaml", &out, &err };
		struct yaml_node *root = NULL;

		assert_int_equal(
		    0, yaml_parse(cases[i].source, strlen(cases[i].source),
			   &faults, &root));
		assert_string_equal("", buf_text(&out));
		assert_string_equal(cases[i].text, root->text);
		yaml_free(root);
	}
	assert_fault(LOADED_HEAD "log: {level: 'x''''\n  y'}\n",
	    ERR_CONFIG_INVALID, AT("4:14") "quoted text over several lines");
	assert_fault(LOADED_HEAD "log: {level: \"x\r\n\r\n  \"}\n",
	    ERR_CONFIG_INVALID, AT("4:14") "quoted text over several lines");
}

static void
test_something_else_at_the_top_is_refused(void **state)
{
	(void)state;
	assert_fault("fake\n", ERR_CONFIG_INVALID,
	    AT("1:1") "got a single value at the top; allowed is a mapping");
	assert_fault("- fake\n", ERR_CONFIG_INVALID,
	    AT("1:1") "got a list at the top; allowed is a mapping");
}

static double
seconds_of(const char *text, size_t len, struct loaded *l)
{
	struct timespec start;
	struct timespec end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	loaded_init(l, text, len);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	return (double)(end.tv_sec - start.tv_sec) +
	       (double)(end.tv_nsec - start.tv_nsec) / 1e9;
}

static void
test_an_alias_bomb_is_refused_at_once(void **state)
{
	struct buf text = BUF_INIT;
	struct loaded l;

	(void)state;
	buf_str(&text, LOADED_HEAD "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 30; i++) {
		buf_printf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 9; j++)
			buf_printf(&text, "%s*a%d", j ? ", " : "", i - 1);
		buf_str(&text, "]\n");
	}
	/* expanded, the third level takes half a second, the fourth five */
	assert_true(seconds_of(buf_text(&text), text.len, &l) < 2);
	assert_int_not_equal(l.count, 0);
	assert_non_null(strstr(buf_text(&l.out), "anchor '&'"));
	loaded_fini(&l);
	buf_fini(&text);
}

static void
test_a_file_full_of_keys_takes_no_quadratic_time(void **state)
{
	struct buf text = BUF_INIT;
	struct loaded l;

	(void)state;
	buf_str(&text, "{");
	for (unsigned i = 0; text.len < YAML_BYTES - 16; i++)
		buf_printf(&text, "%x:,", i);
	buf_str(&text, "0:}");
	/* comparing each with each took more than six */
	assert_true(seconds_of(buf_text(&text), text.len, &l) < 3);
	assert_non_null(
	    strstr(buf_text(&l.out), "key '0': was given before, in line 1"));
	loaded_fini(&l);
	buf_fini(&text);
}

static void
test_faults_without_end_are_counted_not_listed(void **state)
{
	struct buf text = BUF_INIT;
	struct loaded l;
	size_t lines = 0;

	(void)state;
	buf_str(&text, LOADED_HEAD);
	for (int i = 0; i < 300; i++)
		buf_printf(&text, "unknown_%d: 1\n", i);
	loaded_init(&l, buf_text(&text), text.len);
	for (size_t i = 0; i < l.out.len; i++)
		lines += l.out.data[i] == '\n';
	assert_int_equal(l.count, 300);
	assert_int_equal(lines, FAULT_LINES + 1);
	assert_non_null(
	    strstr(buf_text(&l.out), "\nand 200 more: correct these first"));
	loaded_fini(&l);
	buf_fini(&text);
}

static void
test_depth_is_bounded(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	buf_str(&text, LOADED_HEAD "log: ");
	for (int i = 0; i < 20000; i++)
		buf_char(&text, '[');
	assert_fault(buf_text(&text), ERR_CONFIG_INVALID,
	    AT("4:21") "nested deeper than 16 levels");
	buf_reset(&text);
	buf_str(&text, LOADED_HEAD "log: ");
	for (int i = 0; i < 5000; i++)
		buf_str(&text, "{a: ");
	assert_fault(buf_text(&text), ERR_CONFIG_INVALID,
	    AT("4:66") "nested deeper than 16 levels");
	buf_reset(&text);
	buf_str(&text, LOADED_HEAD);
	for (int i = 0; i < 150; i++)
		buf_printf(&text, "%*sa:\n", i, "");
	assert_fault(buf_text(&text), ERR_CONFIG_INVALID,
	    AT("20:17") "nested deeper than 16 levels");
	buf_fini(&text);
}

static void
test_a_second_document_hides_no_fault_of_the_first(void **state)
{
	struct loaded l;
	static const char text[] = LOADED_HEAD "lgo: {}\n---\nx: 1\n";

	(void)state;
	loaded_init(&l, text, sizeof text - 1);
	assert_int_equal(l.count, 2);
	assert_non_null(strstr(buf_text(&l.out), AT("5:1") "a second"));
	assert_non_null(strstr(buf_text(&l.out), AT("4:1") "key 'lgo'"));
	loaded_fini(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_each_refused_construct_is_named_with_its_place),
		cmocka_unit_test(test_an_empty_file_says_so),
		cmocka_unit_test(test_a_nul_byte_is_refused_where_it_stands),
		cmocka_unit_test(test_a_byte_order_mark_and_crlf_are_read),
		cmocka_unit_test(test_quotes_in_a_row_are_read_as_they_stand),
		cmocka_unit_test(test_something_else_at_the_top_is_refused),
		cmocka_unit_test(test_an_alias_bomb_is_refused_at_once),
		cmocka_unit_test(
		    test_a_file_full_of_keys_takes_no_quadratic_time),
		cmocka_unit_test(
		    test_faults_without_end_are_counted_not_listed),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(
		    test_a_second_document_hides_no_fault_of_the_first),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The growable buffer: contents, ceiling, sticky failure. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"

static void
test_an_empty_buffer_reads_as_the_empty_text(void **state)
{
	CLEANUP_BUF struct buf buf = BUF_INIT;
	CLEANUP_FREE char *text = NULL;

	(void)state;
	assert_string_equal(buf_text(&buf), "");
	buf_add(&buf, NULL, 0);
	assert_string_equal(buf_text(&buf), "");
	text = buf_take(&buf);
	assert_string_equal(text, "");
}

static void
test_pieces_follow_each_other(void **state)
{
	CLEANUP_BUF struct buf buf = BUF_INIT;

	(void)state;
	buf_str(&buf, "a");
	buf_char(&buf, 'b');
	buf_add(&buf, "c\0d", 3);
	buf_printf(&buf, "%d", 42);
	buf_hex(&buf, "\x00\xff\x1a", 3);
	assert_int_equal(buf.len, 13);
	assert_memory_equal(buf.data, "abc\0d4200ff1a", 14);
}

static void
test_growth_keeps_what_was_there(void **state)
{
	CLEANUP_BUF struct buf buf = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		buf_printf(&buf, "%05u", i);
	assert_false(buf.failed);
	assert_int_equal(buf.len, 100000);
	for (unsigned i = 0; i < 20000; i++) {
		char want[6] = { 0 };

		for (unsigned k = 5, v = i; k > 0; v /= 10)
			want[--k] = (char)('0' + v % 10);
		assert_memory_equal(buf.data + (size_t)i * 5, want, 5);
	}
}

static void
test_a_long_format_is_not_cut(void **state)
{
	CLEANUP_BUF struct buf buf = BUF_INIT;

	(void)state;
	buf_str(&buf, "x");
	buf_printf(&buf, "%01000d", 7);
	assert_int_equal(buf.len, 1001);
	assert_int_equal(buf.data[1000], '7');
}

static void
test_the_ceiling_is_exact_and_failure_is_sticky(void **state)
{
	CLEANUP_BUF struct buf buf = BUF_INIT;

	(void)state;
	buf_init(&buf, 4);
	buf_str(&buf, "abcd");
	assert_false(buf.failed);
	buf_char(&buf, 'e');
	assert_true(buf.failed);
	buf_str(&buf, "");
	buf_printf(&buf, "f");
	assert_null(buf_reserve(&buf, 0));
	assert_int_equal(buf.len, 4);
	assert_string_equal(buf_text(&buf), "abcd");
	assert_null(buf_take(&buf));
}

static void
test_a_refused_format_leaves_no_trace(void **state)
{
	CLEANUP_BUF struct buf buf = BUF_INIT;

	(void)state;
	buf_init(&buf, 6);
	buf_str(&buf, "abcd");
	buf_printf(&buf, "%s", "efgh");
	assert_true(buf.failed);
	assert_string_equal(buf_text(&buf), "abcd");
}

static void
test_reset_forgets_text_and_failure_but_not_the_limit(void **state)
{
	CLEANUP_BUF struct buf buf = BUF_INIT;

	(void)state;
	buf_init(&buf, 4);
	buf_str(&buf, "abcde");
	buf_reset(&buf);
	assert_false(buf.failed);
	buf_str(&buf, "wxyz");
	assert_string_equal(buf_text(&buf), "wxyz");
	buf_char(&buf, '!');
	assert_true(buf.failed);
}

static void
test_sizes_that_overflow_are_refused(void **state)
{
	CLEANUP_BUF struct buf buf = BUF_INIT;

	(void)state;
	buf_char(&buf, 'a');
	assert_null(buf_reserve(&buf, SIZE_MAX));
	assert_true(buf.failed);
	buf_reset(&buf);
	buf_char(&buf, 'a');
	assert_null(buf_reserve(&buf, PTRDIFF_MAX - 1));
	buf_reset(&buf);
	buf_hex(&buf, "", SIZE_MAX / 2 + 1);
	assert_true(buf.failed);
}

static void
test_reserved_room_counts_once_it_is_added(void **state)
{
	CLEANUP_BUF struct buf buf = BUF_INIT;
	char *room;

	(void)state;
	room = buf_reserve(&buf, 3);
	assert_non_null(room);
	memcpy(room, "xyz", 4);
	buf.len += 3;
	buf_char(&buf, '.');
	assert_string_equal(buf_text(&buf), "xyz.");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_empty_buffer_reads_as_the_empty_text),
		cmocka_unit_test(test_pieces_follow_each_other),
		cmocka_unit_test(test_growth_keeps_what_was_there),
		cmocka_unit_test(test_a_long_format_is_not_cut),
		cmocka_unit_test(
		    test_the_ceiling_is_exact_and_failure_is_sticky),
		cmocka_unit_test(test_a_refused_format_leaves_no_trace),
		cmocka_unit_test(
		    test_reset_forgets_text_and_failure_but_not_the_limit),
		cmocka_unit_test(test_sizes_that_overflow_are_refused),
		cmocka_unit_test(test_reserved_room_counts_once_it_is_added),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Log lines, read back from a socket that stands in for stderr. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"

static int saved_stderr;
static int reader;
static uint64_t now_ns = UINT64_C(1785231000123000000);

static uint64_t
test_now(void *arg)
{
	(void)arg;
	return now_ns;
}

/* stderr becomes one end of a socket pair that keeps messages apart. */
static int
take_stderr(void **state)
{
	static const struct clock_source source = { test_now, test_now, NULL };
	int pair[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return -1;
	saved_stderr = dup(STDERR_FILENO);
	if (dup2(pair[1], STDERR_FILENO) < 0)
		return -1;
	(void)close(pair[1]);
	reader = pair[0];
	clock_set_source(&source);
	return 0;
}

static int
give_stderr_back(void **state)
{
	(void)state;
	clock_set_source(NULL);
	(void)unsetenv("JOURNAL_STREAM");
	(void)dup2(saved_stderr, STDERR_FILENO);
	(void)close(saved_stderr);
	(void)close(reader);
	return 0;
}

/* One write(2), as it came; false if there is none. */
static bool
next_write(char *line, size_t size)
{
	ssize_t got = recv(reader, line, size - 1, MSG_DONTWAIT);

	if (got < 0)
		return false;
	line[got] = '\0';
	return true;
}

static void
written_is(const char *want)
{
	char line[8192];

	assert_true(next_write(line, sizeof line));
	assert_string_equal(line, want);
	assert_false(next_write(line, sizeof line));
}

static void
test_a_text_line_has_time_level_and_area(void **state)
{
	(void)state;
	log_setup(LOG_LEVEL_INFO, LOG_FORM_TEXT);
	log_warning("journal", "store '%s' is %d %% full", "main", 90);
	written_is("2026-07-28T09:30:00.123Z warning journal: store 'main' is "
		   "90 % full\n");
}

static void
test_a_json_line_is_one_json_object(void **state)
{
	CLEANUP_JSON struct json_object *root = NULL;
	char line[1024];

	(void)state;
	log_setup(LOG_LEVEL_INFO, LOG_FORM_JSON);
	log_error("mcp", "a \"quote\"\nand more");
	assert_true(next_write(line, sizeof line));
	assert_int_equal(json_parse(line, strlen(line), NULL, &root, NULL), 0);
	assert_string_equal(
	    json_get_str(root, "time", ""), "2026-07-28T09:30:00.123Z");
	assert_string_equal(json_get_str(root, "level", ""), "error");
	assert_string_equal(json_get_str(root, "area", ""), "mcp");
	assert_string_equal(
	    json_get_str(root, "text", ""), "a \"quote\"\nand more");
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void
test_levels_below_the_set_one_are_silent(void **state)
{
	char line[1024];

	(void)state;
	log_setup(LOG_LEVEL_WARNING, LOG_FORM_TEXT);
	assert_false(log_is_on(LOG_LEVEL_INFO));
	assert_true(log_is_on(LOG_LEVEL_ERROR));
	log_info("a", "no");
	log_debug("a", "no");
	assert_false(next_write(line, sizeof line));
	log_setup(LOG_LEVEL_DEBUG, LOG_FORM_TEXT);
	log_debug("a", "yes");
	written_is("2026-07-28T09:30:00.123Z debug a: yes\n");
}

static void
test_a_message_never_makes_a_second_line(void **state)
{
	(void)state;
	log_setup(LOG_LEVEL_INFO, LOG_FORM_TEXT);
	log_info("a\nb", "x\n2026 error forged: line\r\t\x1b[31m\x7f");
	written_is(
	    "2026-07-28T09:30:00.123Z info a\\nb: x\\n2026 error forged: "
	    "line\\x0d\\t\\x1b[31m\\x7f\n");
}

static void
test_marks_that_fool_a_terminal_are_escaped(void **state)
{
	(void)state;
	log_setup(LOG_LEVEL_INFO, LOG_FORM_TEXT);
	log_info("a", "%s", "\xc2\x9b \xe2\x80\xae \xe2\x80\xa8 \xff \xc3\xa9");
	written_is(
	    "2026-07-28T09:30:00.123Z info a: \\x9b \\u202e \\u2028 \\xff "
	    "\xc3\xa9\n");
}

static void
test_secrets_are_replaced_in_both_forms(void **state)
{
	(void)state;
	log_setup(LOG_LEVEL_INFO, LOG_FORM_TEXT);
	log_info("a", "got %s", "password=hunter2");
	written_is("2026-07-28T09:30:00.123Z info a: got "
		   "password=[REDACTED]\n");
	log_setup(LOG_LEVEL_INFO, LOG_FORM_JSON);
	log_info("a", "Bearer abc123");
	written_is("{\"time\":\"2026-07-28T09:30:00.123Z\",\"level\":\"info\","
		   "\"area\":\"a\",\"text\":\"Bearer [REDACTED]\"}\n");
}

static void
test_a_long_message_is_cut_at_a_character(void **state)
{
	static char text[30001];
	char line[8192];

	(void)state;
	for (size_t i = 0; i < 10000; i++)
		memcpy(text + i * 3, "\xe2\x82\xac", 3);
	log_setup(LOG_LEVEL_INFO, LOG_FORM_TEXT);
	log_info("a", "%s", text);
	assert_true(next_write(line, sizeof line));
	assert_true(strlen(line) < 4096);
	assert_non_null(strstr(line, "\xe2\x82\xac [cut]\n"));
	assert_false(next_write(line, sizeof line));
}

static void
test_the_journal_gets_priorities_and_no_time(void **state)
{
	char stream[64];
	struct stat st;

	(void)state;
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof stream, "%llu:%llu",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	log_setup(LOG_LEVEL_DEBUG, LOG_FORM_AUTO);
	log_error("a", "x");
	written_is("<3>a: x\n");
	log_warning("a", "x");
	written_is("<4>a: x\n");
	log_info("a", "x");
	written_is("<6>a: x\n");
	log_debug("a", "x");
	written_is("<7>a: x\n");
	log_error("a", "store '/var/lib/inner/st' is away");
	written_is("<3>a: store 'st' is away\n");
}

static void
test_an_inherited_journal_stream_is_not_believed(void **state)
{
	static const char *const streams[] = { "1:2", "", "x", "1",
		"1:", "1:2x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(streams); i++) {
		assert_int_equal(setenv("JOURNAL_STREAM", streams[i], 1), 0);
		log_setup(LOG_LEVEL_INFO, LOG_FORM_AUTO);
		log_info("a", "x");
		written_is("2026-07-28T09:30:00.123Z info a: x\n");
	}
	(void)unsetenv("JOURNAL_STREAM");
	log_setup(LOG_LEVEL_INFO, LOG_FORM_AUTO);
}

static void
test_errno_survives_a_log_line(void **state)
{
	char line[1024];

	(void)state;
	log_setup(LOG_LEVEL_INFO, LOG_FORM_TEXT);
	errno = ENOENT;
	log_info("a", "x");
	assert_int_equal(errno, ENOENT);
	assert_true(next_write(line, sizeof line));
}

#define THREADS 4
#define EACH 25

static void *
log_many(void *arg)
{
	for (unsigned i = 0; i < EACH; i++)
		log_info("t", "%s %u", (const char *)arg, i);
	return NULL;
}

static void
test_lines_of_threads_stay_whole(void **state)
{
	static const char *const names[] = { "aaaa", "bbbb", "cccc", "dddd" };
	pthread_t threads[THREADS];
	unsigned next[THREADS] = { 0 };
	char line[1024];

	(void)state;
	log_setup(LOG_LEVEL_INFO, LOG_FORM_TEXT);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_many,
				     (void *)(uintptr_t)names[i]),
		    0);
	for (unsigned i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < THREADS * EACH; i++) {
		char want[128];
		unsigned who;

		assert_true(next_write(line, sizeof line));
		who = (unsigned)(line[33] - 'a');
		assert_in_range(who, 0, THREADS - 1);
		(void)snprintf(want, sizeof want,
		    "2026-07-28T09:30:00.123Z info t: %s %u\n", names[who],
		    next[who]++);
		assert_string_equal(line, want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_text_line_has_time_level_and_area),
		cmocka_unit_test(test_a_json_line_is_one_json_object),
		cmocka_unit_test(test_levels_below_the_set_one_are_silent),
		cmocka_unit_test(test_a_message_never_makes_a_second_line),
		cmocka_unit_test(test_marks_that_fool_a_terminal_are_escaped),
		cmocka_unit_test(test_secrets_are_replaced_in_both_forms),
		cmocka_unit_test(test_a_long_message_is_cut_at_a_character),
		cmocka_unit_test(test_the_journal_gets_priorities_and_no_time),
		cmocka_unit_test(
		    test_an_inherited_journal_stream_is_not_believed),
		cmocka_unit_test(test_errno_survives_a_log_line),
		cmocka_unit_test(test_lines_of_threads_stay_whole),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, take_stderr, give_stderr_back);
}

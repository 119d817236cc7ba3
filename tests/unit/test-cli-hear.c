/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* How long the program waits for a daemon that may not be there. */

#include "cli/hear.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "daemon/socket.h"

#define REQUEST "{\"id\":1}\n"
#define ANSWER "{\"id\":1,\"result\":{}}\n"

enum { PASS_S = 10 };

/* Each look at the clock is so much later; on the last one it is read. */
struct daemon {
	int fd;
	int answers_at; /* look; 0: never */
	int looks;
};

static uint64_t
look(void *arg)
{
	struct daemon *daemon = arg;
	char text[sizeof REQUEST];

	if (++daemon->looks == daemon->answers_at) {
		assert_int_equal(read(daemon->fd, text, sizeof text),
		    (ssize_t)strlen(REQUEST));
		assert_int_equal(write(daemon->fd, ANSWER, strlen(ANSWER)),
		    (ssize_t)strlen(ANSWER));
	}
	return (uint64_t)daemon->looks * PASS_S * NS_PER_S;
}

static enum heard
hear(int answers_at, unsigned taken_s, struct buf *line, struct daemon *daemon)
{
	const struct clock_source source = {
		.real_ns = look, .boot_ns = look, .arg = daemon
	};
	struct call *call = call_new(UINT64_MAX);
	int ends[2];
	enum heard heard;

	assert_non_null(call);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(
	    write(ends[0], REQUEST, strlen(REQUEST)), (ssize_t)strlen(REQUEST));
	*daemon = (struct daemon){ .fd = ends[1], .answers_at = answers_at };
	clock_set_source(&source);
	heard = hear_line(ends[0], call, taken_s * NS_PER_S, line);
	clock_set_source(NULL);
	call_unref(call);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return heard;
}

static void
test_a_request_that_nobody_takes_is_given_up(void **state)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	struct daemon daemon;

	(void)state;
	assert_int_equal(hear(0, 20, &line, &daemon), HEARD_NOT_TAKEN);
	assert_int_equal(daemon.looks * PASS_S, 20);
	assert_int_equal(line.len, 0);
}

static void
test_a_daemon_that_starts_late_is_waited_for(void **state)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	struct daemon daemon;

	(void)state;
	assert_int_equal(hear(3, 40, &line, &daemon), HEARD_LINE);
	assert_string_equal(buf_text(&line), ANSWER);
}

static void
test_an_end_without_an_answer_is_told_apart(void **state)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	struct call *call = call_new(UINT64_MAX);
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	(void)close(ends[1]);
	assert_int_equal(
	    hear_line(ends[0], call, UINT64_MAX, &line), HEARD_END);
	(void)close(ends[0]);
	call_unref(call);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_request_that_nobody_takes_is_given_up),
		cmocka_unit_test(test_a_daemon_that_starts_late_is_waited_for),
		cmocka_unit_test(test_an_end_without_an_answer_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

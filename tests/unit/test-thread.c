/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What thread_start() and conditions by the monotonic clock promise. */

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/thread.h"

/* Longer than any machine takes. */
#define PATIENCE_NS (60 * NS_PER_S)

struct seen {
	pthread_mutex_t lock;
	pthread_cond_t over;
	bool is_over;
	sigset_t mask;
	size_t stack;
};

static void *
look(void *arg)
{
	struct seen *seen = arg;
	pthread_attr_t attr;
	LOCK_SCOPE(&seen->lock);

	(void)pthread_sigmask(SIG_BLOCK, NULL, &seen->mask);
	assert_int_equal(0, pthread_getattr_np(pthread_self(), &attr));
	(void)pthread_attr_getstacksize(&attr, &seen->stack);
	(void)pthread_attr_destroy(&attr);
	seen->is_over = true;
	(void)pthread_cond_signal(&seen->over);
	return seen;
}

static void
seen_init(struct seen *seen)
{
	*seen = (struct seen){ .is_over = false };
	(void)pthread_mutex_init(&seen->lock, NULL);
	cond_init(&seen->over);
}

static bool
seen_wait(struct seen *seen, uint64_t ns)
{
	const struct timespec until = cond_until(ns);
	LOCK_SCOPE(&seen->lock);

	while (!seen->is_over) {
		if (pthread_cond_timedwait(&seen->over, &seen->lock, &until) ==
		    ETIMEDOUT)
			break;
	}
	return seen->is_over;
}

static void
test_no_signal_of_others_comes_to_a_thread(void **state)
{
	sigset_t before, after;
	struct seen seen;
	pthread_t thread;
	void *ret = NULL;

	(void)state;
	seen_init(&seen);
	(void)pthread_sigmask(SIG_BLOCK, NULL, &before);
	assert_int_equal(0, thread_start(&thread, 0, look, &seen));
	(void)pthread_sigmask(SIG_BLOCK, NULL, &after);
	assert_int_equal(0, pthread_join(thread, &ret));
	assert_ptr_equal(&seen, ret);
	assert_true(sigismember(&seen.mask, SIGTERM));
	assert_true(sigismember(&seen.mask, SIGCHLD));
	assert_true(sigismember(&seen.mask, SIGALRM));
	assert_false(sigismember(&seen.mask, SIGSEGV));
	assert_false(sigismember(&seen.mask, SIGABRT));
	assert_int_equal(
	    sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

static void
test_a_thread_has_the_stack_that_was_asked_for(void **state)
{
	enum { STACK = 1024 * 1024 };
	struct seen seen;

	(void)state;
	seen_init(&seen);
	assert_int_equal(0, thread_start(NULL, STACK, look, &seen));
	assert_true(seen_wait(&seen, PATIENCE_NS));
	assert_in_range(seen.stack, STACK, 2 * STACK);
}

static void
test_a_wait_ends_when_its_time_has_come(void **state)
{
	struct seen seen;

	(void)state;
	seen_init(&seen);
	assert_false(seen_wait(&seen, NS_PER_MS));
	assert_false(seen_wait(&seen, NS_PER_S - 1 - 990 * NS_PER_MS));
	/* far ahead is no time in the past */
	assert_true(
	    cond_until(UINT64_MAX).tv_sec > cond_until(PATIENCE_NS).tv_sec);
	assert_in_range(cond_until(NS_PER_S - 1).tv_nsec, 0, NS_PER_S - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_signal_of_others_comes_to_a_thread),
		cmocka_unit_test(
		    test_a_thread_has_the_stack_that_was_asked_for),
		cmocka_unit_test(test_a_wait_ends_when_its_time_has_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

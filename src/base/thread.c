/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "base/thread.h"

#include <signal.h>

#include "base/cleanup.h"
#include "base/clock.h"

static void
block_signals(sigset_t *ret_old)
{
	static const int own[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV,
		SIGSYS, SIGTRAP };
	sigset_t set;

	(void)sigfillset(&set);
	for (size_t i = 0; i < ARRAY_COUNT(own); i++)
		(void)sigdelset(&set, own[i]);
	(void)pthread_sigmask(SIG_SETMASK, &set, ret_old);
}

int
thread_start(
    pthread_t *ret_thread, size_t stack, void *(*main)(void *arg), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t old;
	int fault = pthread_attr_init(&attr);

	if (fault)
		return fault;
	if (stack)
		(void)pthread_attr_setstacksize(&attr, stack);
	if (!ret_thread)
		(void)pthread_attr_setdetachstate(
		    &attr, PTHREAD_CREATE_DETACHED);
	block_signals(&old);
	fault =
	    pthread_create(ret_thread ? ret_thread : &thread, &attr, main, arg);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_attr_destroy(&attr);
	return fault;
}

void
cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
}

struct timespec
cond_until(uint64_t ns)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ns / NS_PER_S);
	until.tv_nsec += (long)(ns % NS_PER_S);
	if (until.tv_nsec >= (long)NS_PER_S) {
		until.tv_sec++;
		until.tv_nsec -= (long)NS_PER_S;
	}
	return until;
}

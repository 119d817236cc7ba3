/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * See still.h.
 *
 * Threads: all of the process.
 * Locks: lock guards everything here; it is the last one that is taken.
 */

#include "still.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define SHOWN __attribute__((visibility("default")))
/* What the clock since the start of the machine shows at the beginning. */
#define BOOT_NS (UINT64_C(1000000) * NS_PER_S)
#define NEVER UINT64_MAX

struct waiter {
	struct waiter *next;
	const void *key; /* what wakes it; NULL: time alone */
	uint64_t until_ns;
	sem_t woken;
	bool timed_out;
};

struct thread {
	struct thread *next;
	pthread_t id;
	bool over;
	void *(*body)(void *arg);
	void *arg;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool on;
static unsigned working = 1;
static uint64_t now_ns; /* since still_begin() */
static uint64_t start_real_ns;
static struct waiter *waiters; /* the one that waits longest is the first */
static struct thread *threads;

/* ---- the core */

static void
wake(struct waiter **at, bool timed_out)
{
	struct waiter *waiter = *at;

	*at = waiter->next;
	waiter->timed_out = timed_out;
	working++;
	(void)sem_post(&waiter->woken);
}

/* Nobody works: on to the first moment that somebody waits for. */
static void
move(void)
{
	struct waiter **first = NULL;

	for (struct waiter **at = &waiters; *at; at = &(*at)->next)
		if (!first || (*at)->until_ns < (*first)->until_ns)
			first = at;
	if (!first || (*first)->until_ns == NEVER) {
		(void)fputs("# all threads wait for each other\n", stderr);
		abort();
	}
	if ((*first)->until_ns > now_ns)
		now_ns = (*first)->until_ns;
	wake(first, true);
}

static void
rest(void)
{
	working--;
	if (working == 0)
		move();
}

static void
append(struct waiter *waiter)
{
	struct waiter **at = &waiters;

	while (*at)
		at = &(*at)->next;
	*at = waiter;
}

/* With the lock held, which is given up meanwhile; true: by time. */
static bool
wait_locked(const void *key, uint64_t until_ns, pthread_mutex_t *mutex)
{
	struct waiter waiter = { .key = key, .until_ns = until_ns };

	(void)sem_init(&waiter.woken, 0, 0);
	append(&waiter);
	rest();
	(void)pthread_mutex_unlock(&lock);
	if (mutex)
		(void)pthread_mutex_unlock(mutex);
	while (sem_wait(&waiter.woken) != 0)
		continue;
	(void)sem_destroy(&waiter.woken);
	if (mutex)
		(void)pthread_mutex_lock(mutex);
	(void)pthread_mutex_lock(&lock);
	return waiter.timed_out;
}

static void
wake_some(const void *key, unsigned count)
{
	for (struct waiter **at = &waiters; *at && count > 0;) {
		if ((*at)->key != key) {
			at = &(*at)->next;
			continue;
		}
		wake(at, false);
		count--;
	}
}

void
still_begin(uint64_t real_ns)
{
	LOCK_SCOPE(&lock);

	start_real_ns = real_ns;
	on = true;
}

uint64_t
still_ns(void)
{
	LOCK_SCOPE(&lock);

	return now_ns;
}

void
still_sleep(uint64_t ns)
{
	LOCK_SCOPE(&lock);

	(void)wait_locked(NULL, now_ns + ns, NULL);
}

/* ---- clocks */

static struct timespec
spec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / NS_PER_S),
		.tv_nsec = (long)(ns % NS_PER_S) };
}

static uint64_t
ns_of(const struct timespec *spec)
{
	return (uint64_t)spec->tv_sec * NS_PER_S + (uint64_t)spec->tv_nsec;
}

/* Of a moment on one of the clocks, which are far apart. */
static uint64_t
since_begin(const struct timespec *moment)
{
	uint64_t ns = ns_of(moment);
	uint64_t from_ns = ns >= start_real_ns / 2 ? start_real_ns : BOOT_NS;

	return ns > from_ns ? ns - from_ns : 0;
}

SHOWN int
clock_gettime(clockid_t id, struct timespec *time)
{
	LOCK_SCOPE(&lock);
	bool of_machine = id == CLOCK_MONOTONIC || id == CLOCK_BOOTTIME ||
			  id == CLOCK_MONOTONIC_COARSE;

	if (!on || !(of_machine || id == CLOCK_REALTIME))
		return (int)syscall(SYS_clock_gettime, id, time);
	*time = spec_of((of_machine ? BOOT_NS : start_real_ns) + now_ns);
	return 0;
}

SHOWN int
nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)left;
	still_sleep(ns_of(time));
	return 0;
}

/* ---- conditions */

SHOWN int
pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	LOCK_SCOPE(&lock);

	(void)wait_locked(cond, NEVER, mutex);
	return 0;
}

SHOWN int
pthread_cond_timedwait(
    pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
	LOCK_SCOPE(&lock);
	uint64_t until_ns = since_begin(until);

	if (until_ns <= now_ns)
		return ETIMEDOUT;
	return wait_locked(cond, until_ns, mutex) ? ETIMEDOUT : 0;
}

SHOWN int
pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
    clockid_t clock, const struct timespec *until)
{
	(void)clock;
	return pthread_cond_timedwait(cond, mutex, until);
}

SHOWN int
pthread_cond_signal(pthread_cond_t *cond)
{
	LOCK_SCOPE(&lock);

	wake_some(cond, 1);
	return 0;
}

SHOWN int
pthread_cond_broadcast(pthread_cond_t *cond)
{
	LOCK_SCOPE(&lock);

	wake_some(cond, UINT32_MAX);
	return 0;
}

/* Whoever holds it works, and so does who waits for it: no time passes. */
SHOWN int
pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
	(void)until;
	return pthread_mutex_lock(mutex);
}

/* ---- futexes */

static long
futex(uint32_t *word, int operation, uint32_t value,
    const struct timespec *timeout)
{
	LOCK_SCOPE(&lock);

	if (operation == FUTEX_WAKE)
		wake_some(word, value);
	else if (__atomic_load_n(word, __ATOMIC_SEQ_CST) == value)
		(void)wait_locked(
		    word, timeout ? now_ns + ns_of(timeout) : NEVER, NULL);
	return 0;
}

SHOWN long
syscall(long number, ...)
{
	static long (*next)(long number, ...);
	void *symbol = dlsym(RTLD_NEXT, "syscall");
	unsigned long args[6];
	va_list list;

	memcpy(&next, &symbol, sizeof next);
	va_start(list, number);
	for (size_t i = 0; i < ARRAY_COUNT(args); i++)
		args[i] = va_arg(list, unsigned long);
	va_end(list);
	if (on && number == SYS_futex)
		return futex((uint32_t *)args[0], (int)args[1],
		    (uint32_t)args[2], (const struct timespec *)args[3]);
	return next(
	    number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

/* ---- threads */

static void
thread_end(struct thread *thread)
{
	LOCK_SCOPE(&lock);

	thread->over = true;
	wake_some(thread, UINT32_MAX);
	rest();
}

static void *
thread_main(void *arg)
{
	struct thread *thread = arg;
	void *ret = thread->body(thread->arg);

	thread_end(thread);
	return ret;
}

SHOWN int
pthread_create(pthread_t *id, const pthread_attr_t *attr,
    void *(*body)(void *arg), void *arg)
{
	int (*next)(
	    pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	void *symbol = dlsym(RTLD_NEXT, "pthread_create");
	struct thread *thread = calloc(1, sizeof *thread);
	int ret = thread ? 0 : EAGAIN;
	LOCK_SCOPE(&lock);

	memcpy(&next, &symbol, sizeof next);
	if (thread) {
		thread->body = body;
		thread->arg = arg;
		ret = next(&thread->id, attr, thread_main, thread);
	}
	if (ret) {
		free(thread);
		return ret;
	}
	*id = thread->id;
	thread->next = threads;
	threads = thread;
	working++;
	return 0;
}

/* Ids are used again: the youngest thread with it. */
static struct thread *
thread_find(pthread_t id)
{
	struct thread *thread = threads;

	while (thread && !pthread_equal(thread->id, id))
		thread = thread->next;
	return thread;
}

SHOWN int
pthread_join(pthread_t id, void **ret_value)
{
	int (*next)(pthread_t, void **);
	void *symbol = dlsym(RTLD_NEXT, "pthread_join");

	memcpy(&next, &symbol, sizeof next);
	{
		LOCK_SCOPE(&lock);
		struct thread *thread = thread_find(id);

		while (thread && !thread->over)
			(void)wait_locked(thread, NEVER, NULL);
	}
	return next(id, ret_value);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Threads of the program, and the conditions that they wait for. */

#ifndef IAG_BASE_THREAD_H
#define IAG_BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 * Run main(arg) in a thread that no signal interrupts: signals are for the
 * threads that wait for them, except those that a thread brings upon itself
 * (SIGSEGV and the like), which are not blocked.  The caller's own mask is as
 * it was.  stack: bytes of it, 0: the system's default.  Detached where
 * ret_thread is NULL, to be joined otherwise.  0 or an errno.
 */
int thread_start(
    pthread_t *ret_thread, size_t stack, void *(*main)(void *arg), void *arg);

/* A condition whose waits end by CLOCK_MONOTONIC. */
void cond_init(pthread_cond_t *cond);
/* ns from now, for pthread_cond_timedwait() on such a condition. */
struct timespec cond_until(uint64_t ns);

#endif

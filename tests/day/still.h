/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Time that stands still while anybody works.  It moves only when all threads
 * of the process wait, and then at once to the first moment that one of them
 * waits for: a day passes in as long as its work takes, and no machine is too
 * slow for a deadline.
 *
 * This stands before libc in a program that is linked with -rdynamic, so that
 * plugins find it, too.  It knows the ways to wait that the project uses:
 * conditions, futexes, sleeping and joining.  Who waits for a mutex or for the
 * disk works.
 */

#ifndef IAG_TESTS_DAY_STILL_H
#define IAG_TESTS_DAY_STILL_H

#include <stdint.h>

/* From now on, on this thread alone; the wall clock shows real_ns. */
void still_begin(uint64_t real_ns);
/* Since then. */
uint64_t still_ns(void);
void still_sleep(uint64_t ns);

#endif

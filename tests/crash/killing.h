/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * An order is sent at most once, whatever dies.  The real program writes
 * orders at a broker in another process and is killed before each of its
 * system calls between gate and settling, one after the other; then whoever
 * comes next finds out what became of them.  In make check once for each
 * operation, in make check-crash (IAG_TEST_LONG) several times.
 */

#ifndef IAG_TESTS_CRASH_KILLING_H
#define IAG_TESTS_CRASH_KILLING_H

#include "orders-kit.h"

/* What is done before, and the arguments of the command that is killed. */
typedef void prepare(const char *key, struct orders_args *args);
prepare prepare_submit;
prepare prepare_cancel;
prepare prepare_modify;
prepare prepare_bracket;

/* Kill it everywhere and check all that must hold; skips where it cannot. */
void kill_everywhere(const char *name, prepare *how);
/*
 * The same with a process that stands still for a while and then goes on; in
 * make check at a sample of its calls.
 */
void stop_here_and_there(const char *name, prepare *how);

/* Sanitizers neither live under ptrace nor is it they that are asked here. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KILLING_IS_FOR_OTHERS 1
#else
#define KILLING_IS_FOR_OTHERS 0
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Work in a child process: reading a damaged store may end in SIGBUS or not
 * at all (ruling 30), and the caller has to live to say so.
 */

#ifndef IAG_GATEWAY_CHILD_H
#define IAG_GATEWAY_CHILD_H

#include "base/err.h"

/*
 * Fork, run work(arg) in the child, wait at most `seconds`, then kill.  The
 * caller must be single-threaded and hold no store.  work() may print.
 * 0: *ret_status is what work() returned (0 to 255).  JOURNAL_CORRUPT with
 * the name of the signal that ended the child, CALL_TIMED_OUT.
 */
int child_run(int (*work)(void *arg), void *arg, unsigned seconds,
    int *ret_status, struct err *err);

#endif

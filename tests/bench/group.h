/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Group commit without a program around it, to measure against. */

#ifndef IAG_BENCH_GROUP_H
#define IAG_BENCH_GROUP_H

#include <stddef.h>

#include <lmdb.h>

/*
 * Records a second on the disk, over so many seconds: callers that each wait
 * for their record before they bring the next, and a thread that commits
 * what has come meanwhile at once, with one head.
 */
double group_rate(
    MDB_env *env, unsigned callers, size_t record, size_t head, double seconds);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What is fresh.  Everything of one session comes in order over one stream,
 * so a number that only grows tells a replay; times tell clocks that differ.
 * Pure.
 */

#ifndef IAG_SIDECAR_WINDOW_H
#define IAG_SIDECAR_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Is a time of the other end within skew of ours?  SIDECAR_SESSION_INVALID
 * says by how much the clocks differ.
 */
int window_time(const char *what, uint64_t time_ns, uint64_t now_ns,
    uint64_t skew_ns, struct err *err);
/* Take the next number; SIDECAR_SESSION_INVALID: it, or a later one, came. */
int window_take(
    const char *what, uint64_t *last, int64_t number, struct err *err);

/* So many a minute, and no more. */
struct budget {
	uint64_t start_ns;
	unsigned used;
};
bool budget_take(struct budget *budget, unsigned max, uint64_t now_ns);

#endif

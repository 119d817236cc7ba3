/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * How many requests one caller may make: a bucket for each that holds so
 * many and fills up within the window.  A fixed number of buckets; the
 * fullest of a few gives way to a caller without one.
 */

#ifndef IAG_HTTP_RATE_H
#define IAG_HTTP_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rate;

/* NULL: no memory. */
struct rate *rate_new(uint32_t requests, uint32_t window_seconds);
void rate_free(struct rate *rate); /* NULL is fine */

/*
 * One more request of the caller with that key?  0: yes; else the seconds
 * after which one is allowed again.  Any thread; now on the boot clock.
 */
unsigned rate_take(
    struct rate *rate, const void *key, size_t len, uint64_t now_ns);

#endif

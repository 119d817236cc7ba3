/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The broker's limits of requests, counted whether they hold or not, so that
 * a test can prove that no request was over one.
 */

#ifndef IAG_SIM_PACING_H
#define IAG_SIM_PACING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define PACING_BUCKETS 17
#define PACING_TIMES 512 /* most requests that a window may have */
#define PACING_NONE (-1)

struct bucket {
	int64_t taken_ms[PACING_TIMES]; /* a ring of the last ones */
	uint64_t taken;                 /* requests let through */
	uint64_t over;                  /* requests that were too many */
	unsigned most;                  /* let through within one window */
	unsigned in_flight, most_in_flight;
};

struct pacing {
	int64_t factor; /* 0: nothing is refused */
	struct bucket buckets[PACING_BUCKETS];
	int64_t offences_ms[5]; /* a ring of the last ones */
	uint64_t offences;
	int64_t boxed_until_ms;
	uint64_t boxed; /* requests that came while in the box */
	unsigned penalties;
};

void pacing_init(struct pacing *pacing, int64_t factor);
/*
 * May a request of this path (behind /v1/api, no query) pass?  *ret_bucket is
 * for pacing_done(), PACING_NONE if there is nothing to give back.
 */
bool pacing_take(
    struct pacing *pacing, const char *path, int64_t now_ms, int *ret_bucket);
void pacing_done(struct pacing *pacing, int bucket);
void pacing_write(struct buf *out, const struct pacing *pacing, int64_t now_ms);

#endif

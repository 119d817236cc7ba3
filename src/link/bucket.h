/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One limit of the broker (struct iag_bucket) as all processes keep it: when
 * its tokens were taken, and who is inside.  Pure: the caller brings the
 * boot time, and holds the lock of the memory that the bucket lives in.
 *
 * A token comes back window_ns after it was used, so in any window there are
 * never more requests than tokens.  Tokens are handed out in the order of
 * asking, also for times to come, which makes the waiting fair.
 */

#ifndef IAG_LINK_BUCKET_H
#define IAG_LINK_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "ibkr-agent/broker.h"

enum { BUCKET_RING = 64 }; /* at least the most tokens of a bucket */

struct bucket_lane {
	uint64_t taken;               /* tokens, ever */
	uint64_t stamps[BUCKET_RING]; /* of the last ones: used at, boot time */
};

struct bucket {
	uint64_t key;                    /* of its name; 0: free */
	uint64_t used_ns;                /* last asked for */
	struct bucket_lane open;         /* for every request */
	struct bucket_lane kept;         /* the reserve */
	uint64_t inside_ns[BUCKET_RING]; /* leaves at the latest; 0: free */
};

/* The limit as it is held to: with a margin, and the configured pacing. */
struct bucket_limit {
	uint64_t window_ns;
	uint32_t tokens;
	uint32_t concurrent;
	uint32_t reserve;
};

struct bucket_ticket {
	uint64_t number; /* in its lane, from 0 */
	bool kept;
	bool held; /* false: the limit has no tokens */
};

/* percent: broker.pacing. */
struct bucket_limit bucket_limit_of(
    const struct iag_bucket *declared, uint32_t percent);

/* Boot time from which a request that asks now may go; now at the earliest. */
uint64_t bucket_next_ns(const struct bucket *bucket,
    const struct bucket_limit *limit, bool urgent, uint64_t now_ns);
/* Take the token of that time. */
struct bucket_ticket bucket_take(struct bucket *bucket,
    const struct bucket_limit *limit, bool urgent, uint64_t now_ns);
/* When the ticket may be used; later than it was if others were late. */
uint64_t bucket_ready_ns(const struct bucket *bucket,
    const struct bucket_limit *limit, const struct bucket_ticket *ticket);
/* The request leaves now. */
void bucket_use(
    struct bucket *bucket, const struct bucket_ticket *ticket, uint64_t now_ns);
/* The request never leaves. */
void bucket_give_back(
    struct bucket *bucket, const struct bucket_ticket *ticket);

/*
 * Be one of the concurrent ones, at most until until_ns (a process that dies
 * inside is forgotten then).  The place, or -1: all are taken.
 */
int bucket_enter(struct bucket *bucket, const struct bucket_limit *limit,
    uint64_t now_ns, uint64_t until_ns);
/* place -1 is fine. */
void bucket_leave(struct bucket *bucket, int place, uint64_t until_ns);

/* Could this be a bucket at this time?  If not, it starts anew. */
bool bucket_is_sound(const struct bucket *bucket, uint64_t now_ns);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The arithmetic of buckets; bucket.h says what holds. */

#include "link/bucket.h"

#include <stddef.h>

#include "base/clock.h"

/* What the network may add between two requests. */
#define JITTER_NS (30 * NS_PER_MS)
/* No call waits so long, so no stamp lies further ahead. */
#define AHEAD_MAX_NS (3600 * NS_PER_S)

struct bucket_limit
bucket_limit_of(const struct iag_bucket *declared, uint32_t percent)
{
	struct bucket_limit limit = {
		.tokens = declared->tokens,
		.concurrent = declared->concurrent,
		.reserve = declared->reserve,
	};
	uint64_t window_ns = declared->window_ns;

	window_ns += window_ns / 50 + JITTER_NS;
	/* in this order, so that a long window does not overflow */
	limit.window_ns = window_ns / percent * 100;
	return limit;
}

static uint32_t
lane_size(const struct bucket_limit *limit, bool kept)
{
	return kept ? limit->reserve : limit->tokens - limit->reserve;
}

/* When the token that `number` of a lane needs has come back; 0: at once. */
static uint64_t
lane_back_ns(const struct bucket_lane *lane, uint64_t number, uint32_t size,
    uint64_t window_ns)
{
	uint64_t before = number - size;

	/* the first ones, and those whose predecessor is overwritten */
	if (number < size || lane->taken > before + BUCKET_RING)
		return 0;
	return lane->stamps[before % BUCKET_RING] + window_ns;
}

static uint64_t
lane_next_ns(const struct bucket_lane *lane, uint32_t size, uint64_t window_ns,
    uint64_t now_ns)
{
	uint64_t back_ns = lane_back_ns(lane, lane->taken, size, window_ns);

	return back_ns > now_ns ? back_ns : now_ns;
}

/* The reserve is touched only where it helps. */
static bool
takes_kept(const struct bucket *bucket, const struct bucket_limit *limit,
    bool urgent, uint64_t now_ns)
{
	uint64_t open_ns;

	if (!urgent || !limit->reserve)
		return false;
	open_ns = lane_next_ns(
	    &bucket->open, lane_size(limit, false), limit->window_ns, now_ns);
	return open_ns > now_ns && lane_next_ns(&bucket->kept, limit->reserve,
				       limit->window_ns, now_ns) < open_ns;
}

uint64_t
bucket_next_ns(const struct bucket *bucket, const struct bucket_limit *limit,
    bool urgent, uint64_t now_ns)
{
	bool kept = takes_kept(bucket, limit, urgent, now_ns);

	if (!limit->tokens)
		return now_ns;
	return lane_next_ns(kept ? &bucket->kept : &bucket->open,
	    lane_size(limit, kept), limit->window_ns, now_ns);
}

struct bucket_ticket
bucket_take(struct bucket *bucket, const struct bucket_limit *limit,
    bool urgent, uint64_t now_ns)
{
	bool kept = takes_kept(bucket, limit, urgent, now_ns);
	struct bucket_lane *lane = kept ? &bucket->kept : &bucket->open;
	struct bucket_ticket ticket = { .number = lane->taken, .kept = kept };
	uint64_t at_ns;

	bucket->used_ns = now_ns;
	if (!limit->tokens)
		return ticket;
	at_ns = lane_next_ns(
	    lane, lane_size(limit, kept), limit->window_ns, now_ns);
	lane->stamps[lane->taken % BUCKET_RING] = at_ns;
	lane->taken++;
	ticket.held = true;
	return ticket;
}

static const struct bucket_lane *
lane_of(const struct bucket *bucket, const struct bucket_ticket *ticket)
{
	return ticket->kept ? &bucket->kept : &bucket->open;
}

/* Is the ticket's stamp still there? */
static bool
is_there(const struct bucket_lane *lane, const struct bucket_ticket *ticket)
{
	return ticket->held && lane->taken > ticket->number &&
	       lane->taken - ticket->number <= BUCKET_RING;
}

uint64_t
bucket_ready_ns(const struct bucket *bucket, const struct bucket_limit *limit,
    const struct bucket_ticket *ticket)
{
	const struct bucket_lane *lane = lane_of(bucket, ticket);
	uint64_t own_ns, back_ns;

	if (!is_there(lane, ticket))
		return 0;
	own_ns = lane->stamps[ticket->number % BUCKET_RING];
	back_ns = lane_back_ns(lane, ticket->number,
	    lane_size(limit, ticket->kept), limit->window_ns);
	return back_ns > own_ns ? back_ns : own_ns;
}

void
bucket_use(
    struct bucket *bucket, const struct bucket_ticket *ticket, uint64_t now_ns)
{
	struct bucket_lane *lane = ticket->kept ? &bucket->kept : &bucket->open;
	uint64_t *stamp = &lane->stamps[ticket->number % BUCKET_RING];

	if (is_there(lane, ticket) && *stamp < now_ns)
		*stamp = now_ns;
}

void
bucket_give_back(struct bucket *bucket, const struct bucket_ticket *ticket)
{
	struct bucket_lane *lane = ticket->kept ? &bucket->kept : &bucket->open;

	/* whoever came later has its time from this token: it is lost then */
	if (ticket->held && lane->taken == ticket->number + 1)
		lane->taken--;
}

int
bucket_enter(struct bucket *bucket, const struct bucket_limit *limit,
    uint64_t now_ns, uint64_t until_ns)
{
	for (uint32_t i = 0; i < limit->concurrent && i < BUCKET_RING; i++) {
		if (bucket->inside_ns[i] > now_ns)
			continue;
		bucket->inside_ns[i] = until_ns;
		return (int)i;
	}
	return -1;
}

void
bucket_leave(struct bucket *bucket, int place, uint64_t until_ns)
{
	if (place >= 0 && bucket->inside_ns[place] == until_ns)
		bucket->inside_ns[place] = 0;
}

static bool
lane_is_sound(const struct bucket_lane *lane, uint64_t most_ns)
{
	for (int i = 0; i < BUCKET_RING; i++)
		if (lane->stamps[i] > most_ns)
			return false;
	return lane->taken < UINT64_MAX / 2;
}

bool
bucket_is_sound(const struct bucket *bucket, uint64_t now_ns)
{
	uint64_t most_ns = now_ns + AHEAD_MAX_NS;

	for (int i = 0; i < BUCKET_RING; i++)
		if (bucket->inside_ns[i] > most_ns)
			return false;
	return bucket->used_ns <= most_ns &&
	       lane_is_sound(&bucket->open, most_ns) &&
	       lane_is_sound(&bucket->kept, most_ns);
}

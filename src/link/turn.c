/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Waiting.  The shared state is locked for moments only; a request that
 * sleeps has its tokens and looks again when it wakes, because those before
 * it may have been late.
 *
 * Threads: any, several at once with one shared state.
 */

#include "link/turn.h"

#include "base/cleanup.h"
#include "base/clock.h"

#define LOOK_NS (10 * NS_PER_MS)   /* for a place among the concurrent */
#define INSIDE_NS (120 * NS_PER_S) /* longer than any exchange */
#define RETRY_NS NS_PER_S

static uint64_t
deadline_of(const struct wire_request *request)
{
	return request->services->deadline_ns(request->ctx);
}

static int
say_locked(struct err *err)
{
	return err_set(err, ERR_BROKER_BACKEND_UNAVAILABLE,
	    "the state for pacing is held by a process that does not go on: "
	    "nothing was sent");
}

static int
say_late(
    uint64_t wait_ns, const char *why, uint64_t *ret_retry_ns, struct err *err)
{
	*ret_retry_ns = wait_ns;
	(void)err_set(err, ERR_BROKER_RATE_LIMITED,
	    "%s: the turn of this request comes in %llu ms, after its "
	    "deadline; nothing was sent",
	    why, (unsigned long long)(wait_ns / NS_PER_MS));
	return IAG_LIMIT;
}

/* Time until which nothing may be sent; URGENT heeds its own endpoint. */
static uint64_t
rest_of(const struct turn *turn, struct shared_state *state, uint64_t now_ns)
{
	const struct iag_http_request *http = turn->request->http;
	uint64_t own_ns = penalty_left_ns(
	    shared_penalty(state, http->pattern, now_ns), now_ns);
	uint64_t all_ns = penalty_left_ns(&state->all, now_ns);

	if (http->flags & IAG_HTTP_URGENT)
		all_ns = 0;
	return own_ns > all_ns ? own_ns : all_ns;
}

/* 0, or the wait that is too long. */
static uint64_t
too_long(const struct turn *turn, uint64_t at_ns, uint64_t now_ns)
{
	return at_ns > now_ns && at_ns >= deadline_of(turn->request)
		   ? at_ns - now_ns
		   : 0;
}

static int
check_rest(struct turn *turn, uint64_t *ret_retry_ns, struct err *err)
{
	uint64_t now_ns = clock_boot_ns();
	struct shared_state *state = shared_lock(turn->shared);
	uint64_t rest_ns;

	if (!state)
		return say_locked(err);
	rest_ns = rest_of(turn, state, now_ns);
	shared_unlock(turn->shared);
	if (!rest_ns)
		return 0;
	*ret_retry_ns = rest_ns;
	(void)err_set(err, ERR_BROKER_RATE_LIMITED,
	    "the broker has refused such requests for coming too fast: they "
	    "rest for %llu s more; nothing was sent",
	    (unsigned long long)((rest_ns + NS_PER_S - 1) / NS_PER_S));
	return IAG_LIMIT;
}

/* A token of one bucket, unless its time would be too late. */
static int
take_token(struct turn *turn, const char *name,
    const struct bucket_limit *limit, struct bucket_ticket *ret_ticket,
    uint64_t *ret_retry_ns, struct err *err)
{
	uint64_t now_ns = clock_boot_ns();
	struct shared_state *state = shared_lock(turn->shared);
	struct bucket *bucket;
	uint64_t wait_ns;

	if (!state)
		return say_locked(err);
	bucket = shared_bucket(state, name, now_ns);
	wait_ns = too_long(
	    turn, bucket_next_ns(bucket, limit, turn->urgent, now_ns), now_ns);
	if (!wait_ns)
		*ret_ticket = bucket_take(bucket, limit, turn->urgent, now_ns);
	shared_unlock(turn->shared);
	return wait_ns ? say_late(wait_ns, "the broker's limits are used up",
			     ret_retry_ns, err)
		       : 0;
}

/* Sleep; the host says why it ended. */
static int
sleep_for(struct turn *turn, uint64_t ns, struct err *err)
{
	const struct wire_request *request = turn->request;

	if (request->services->sleep_ns(request->ctx, ns) == 0)
		return 0;
	(void)err_set(err, ERR_CALL_TIMED_OUT,
	    "the call was over before the request's turn came: nothing was "
	    "sent");
	return IAG_STOPPING;
}

static int
wait_token(struct turn *turn, const char *name,
    const struct bucket_limit *limit, const struct bucket_ticket *ticket,
    uint64_t *ret_retry_ns, struct err *err)
{
	for (;;) {
		uint64_t now_ns = clock_boot_ns();
		struct shared_state *state = shared_lock(turn->shared);
		uint64_t ready_ns, wait_ns;
		int r;

		if (!state)
			return say_locked(err);
		ready_ns = bucket_ready_ns(
		    shared_bucket(state, name, now_ns), limit, ticket);
		shared_unlock(turn->shared);
		if (ready_ns <= now_ns)
			return 0;
		wait_ns = too_long(turn, ready_ns, now_ns);
		if (wait_ns)
			return say_late(wait_ns,
			    "the broker's limits are used up", ret_retry_ns,
			    err);
		r = sleep_for(turn, ready_ns - now_ns, err);
		if (r)
			return r;
	}
}

static int
enter(struct turn *turn, uint64_t *ret_retry_ns, struct err *err)
{
	while (turn->has_own && turn->own.concurrent && turn->place < 0) {
		uint64_t now_ns = clock_boot_ns();
		struct shared_state *state = shared_lock(turn->shared);
		int r;

		if (!state)
			return say_locked(err);
		turn->until_ns = now_ns + INSIDE_NS;
		turn->place = bucket_enter(
		    shared_bucket(state, turn->request->own->name, now_ns),
		    &turn->own, now_ns, turn->until_ns);
		shared_unlock(turn->shared);
		if (turn->place >= 0)
			return 0;
		if (now_ns + LOOK_NS >= deadline_of(turn->request))
			return say_late(RETRY_NS,
			    "as many such requests are on their way as the "
			    "broker allows",
			    ret_retry_ns, err);
		r = sleep_for(turn, LOOK_NS, err);
		if (r)
			return r;
	}
	return 0;
}

static int
wait_all(struct turn *turn, uint64_t *ret_retry_ns, struct err *err)
{
	const struct wire_request *request = turn->request;
	int r = check_rest(turn, ret_retry_ns, err);

	if (r == 0 && turn->has_own)
		r = take_token(turn, request->own->name, &turn->own,
		    &turn->own_ticket, ret_retry_ns, err);
	if (r == 0 && turn->has_own)
		r = wait_token(turn, request->own->name, &turn->own,
		    &turn->own_ticket, ret_retry_ns, err);
	if (r == 0)
		r = enter(turn, ret_retry_ns, err);
	if (r == 0 && turn->has_all)
		r = take_token(turn, request->all->name, &turn->all,
		    &turn->all_ticket, ret_retry_ns, err);
	if (r == 0 && turn->has_all)
		r = wait_token(turn, request->all->name, &turn->all,
		    &turn->all_ticket, ret_retry_ns, err);
	/* a 429 may have come while this one waited */
	return r ? r : check_rest(turn, ret_retry_ns, err);
}

int
turn_wait(struct turn *turn, struct shared *shared,
    const struct wire_request *request, uint32_t percent,
    uint64_t *ret_retry_ns, struct err *err)
{
	int r;

	*turn = (struct turn){
		.shared = shared,
		.request = request,
		.urgent =
		    request->http->flags & (IAG_HTTP_URGENT | IAG_HTTP_SESSION),
		.has_own = request->own,
		.has_all = request->all,
		.place = -1,
	};
	if (turn->has_own)
		turn->own = bucket_limit_of(request->own, percent);
	if (turn->has_all)
		turn->all = bucket_limit_of(request->all, percent);
	r = wait_all(turn, ret_retry_ns, err);
	if (r)
		turn_end(turn, false);
	return r;
}

void
turn_use(struct turn *turn)
{
	uint64_t now_ns = clock_boot_ns();
	struct shared_state *state = shared_lock(turn->shared);

	if (!state)
		return;
	if (turn->has_own)
		bucket_use(
		    shared_bucket(state, turn->request->own->name, now_ns),
		    &turn->own_ticket, now_ns);
	if (turn->has_all)
		bucket_use(
		    shared_bucket(state, turn->request->all->name, now_ns),
		    &turn->all_ticket, now_ns);
	shared_unlock(turn->shared);
}

void
turn_end(struct turn *turn, bool left)
{
	uint64_t now_ns = clock_boot_ns();
	struct shared_state *state = shared_lock(turn->shared);
	struct bucket *own, *all;

	if (!state)
		return;
	own = turn->has_own
		  ? shared_bucket(state, turn->request->own->name, now_ns)
		  : NULL;
	all = turn->has_all
		  ? shared_bucket(state, turn->request->all->name, now_ns)
		  : NULL;
	if (own)
		bucket_leave(own, turn->place, turn->until_ns);
	if (own && !left)
		bucket_give_back(own, &turn->own_ticket);
	if (all && !left)
		bucket_give_back(all, &turn->all_ticket);
	shared_unlock(turn->shared);
}

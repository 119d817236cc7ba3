/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Turns: those who want one guard for themselves in this process stand in
 * line for it, first come, first served, and only the first asks for the file's
 * lock, by which processes exclude each other and which can only be tried again
 * and again.
 *
 * Threads: any; env->mutex guards the list and all of a turn.
 */

#include "lmdb-store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLICE_NS UINT64_C(100000000) /* how long a cancelled wait may go on */
#define SECOND_NS UINT64_C(1000000000)

/* Somebody in line, on his own stack. */
struct waiter {
	struct waiter *next;
	pthread_cond_t come;
	bool is_first; /* the turn is his */
};

struct turn {
	struct turn *next;
	unsigned users; /* the one that has it, and those in line */
	bool held;
	struct waiter *waiters, **end;
	char name[];
};

static struct turn *
turn_new(const char *name)
{
	struct turn *turn = calloc(1, sizeof(*turn) + strlen(name) + 1);

	if (!turn)
		return NULL;
	memcpy(turn->name, name, strlen(name) + 1);
	turn->end = &turn->waiters;
	return turn;
}

static struct turn *
turn_find(struct environment *env, const char *name)
{
	struct turn *turn = env->turns;

	while (turn && strcmp(turn->name, name) != 0)
		turn = turn->next;
	if (turn)
		return turn;
	turn = turn_new(name);
	if (!turn)
		return NULL;
	turn->next = env->turns;
	env->turns = turn;
	return turn;
}

static void
turn_leave(struct environment *env, struct turn *turn)
{
	struct turn **at = &env->turns;

	if (--turn->users > 0)
		return;
	while (*at != turn)
		at = &(*at)->next;
	*at = turn->next;
	free(turn);
}

static void
waiter_init(struct waiter *waiter)
{
	pthread_condattr_t attr;

	*waiter = (struct waiter){ .is_first = false };
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&waiter->come, &attr);
	(void)pthread_condattr_destroy(&attr);
}

static bool
wait_slice(struct iag_ctx *ctx, struct environment *env, struct waiter *waiter)
{
	uint64_t now = host->boot_ns(ctx), deadline = host->deadline_ns(ctx);
	uint64_t ns = SLICE_NS;
	struct timespec until;

	if (now >= deadline || host->stopping(ctx))
		return false;
	if (deadline - now < ns)
		ns = deadline - now;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	ns += (uint64_t)until.tv_nsec;
	until.tv_sec += (time_t)(ns / SECOND_NS);
	until.tv_nsec = (long)(ns % SECOND_NS);
	(void)pthread_cond_timedwait(&waiter->come, &env->mutex, &until);
	return true;
}

/* Out of the line again, which has not come so far. */
static void
step_out(struct turn *turn, struct waiter *waiter)
{
	struct waiter **at = &turn->waiters;

	while (*at != waiter)
		at = &(*at)->next;
	*at = waiter->next;
	if (!*at)
		turn->end = at;
}

/* True: the turn is ours. */
static bool
stand_in_line(struct iag_ctx *ctx, struct environment *env, struct turn *turn)
{
	struct waiter self;

	if (!turn->held) {
		turn->held = true;
		return true;
	}
	waiter_init(&self);
	*turn->end = &self;
	turn->end = &self.next;
	while (!self.is_first && wait_slice(ctx, env, &self))
		;
	if (!self.is_first)
		step_out(turn, &self);
	(void)pthread_cond_destroy(&self.come);
	return self.is_first;
}

int32_t
turn_take(struct iag_ctx *ctx, struct environment *env, const char *name,
    struct turn **ret_turn)
{
	struct turn *turn;
	bool got = false;

	(void)pthread_mutex_lock(&env->mutex);
	turn = turn_find(env, name);
	if (turn) {
		turn->users++;
		got = stand_in_line(ctx, env, turn);
		if (!got)
			turn_leave(env, turn);
	}
	(void)pthread_mutex_unlock(&env->mutex);
	if (!turn)
		return IAG_NOMEM;
	if (got)
		*ret_turn = turn;
	return got ? IAG_OK : IAG_AGAIN;
}

/* The next in line has it without letting go of it. */
static void
hand_on(struct turn *turn)
{
	struct waiter *next = turn->waiters;

	turn->held = next;
	if (!next)
		return;
	turn->waiters = next->next;
	if (!turn->waiters)
		turn->end = &turn->waiters;
	next->is_first = true;
	(void)pthread_cond_signal(&next->come);
}

void
turn_give(struct environment *env, struct turn *turn)
{
	if (!turn)
		return;
	(void)pthread_mutex_lock(&env->mutex);
	hand_on(turn);
	turn_leave(env, turn);
	(void)pthread_mutex_unlock(&env->mutex);
}

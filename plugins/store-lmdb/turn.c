/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Turns: those who want one guard for themselves in this process stand in
 * line for it, and only the first asks for the file's lock, by which
 * processes exclude each other and which can only be tried again and again.
 *
 * Threads: any; env->mutex guards the list and all of a turn.
 */

#include "lmdb-store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLICE_NS UINT64_C(20000000) /* how long a cancelled wait may go on */
#define SECOND_NS UINT64_C(1000000000)

struct turn {
	struct turn *next;
	pthread_cond_t free;
	unsigned users; /* the one that has it, and those in line */
	bool held;
	char name[];
};

static struct turn *
turn_new(const char *name)
{
	struct turn *turn = calloc(1, sizeof(*turn) + strlen(name) + 1);
	pthread_condattr_t attr;

	if (!turn)
		return NULL;
	memcpy(turn->name, name, strlen(name) + 1);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&turn->free, &attr);
	(void)pthread_condattr_destroy(&attr);
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
	(void)pthread_cond_destroy(&turn->free);
	free(turn);
}

static bool
wait_slice(struct iag_ctx *ctx, struct environment *env, struct turn *turn)
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
	(void)pthread_cond_timedwait(&turn->free, &env->mutex, &until);
	return true;
}

int32_t
turn_take(struct iag_ctx *ctx, struct environment *env, const char *name,
    struct turn **ret_turn)
{
	struct turn *turn;
	bool got;

	(void)pthread_mutex_lock(&env->mutex);
	turn = turn_find(env, name);
	if (turn) {
		turn->users++;
		while (turn->held && wait_slice(ctx, env, turn))
			;
		got = !turn->held;
		turn->held = true;
		if (!got)
			turn_leave(env, turn);
	}
	(void)pthread_mutex_unlock(&env->mutex);
	if (!turn)
		return IAG_NOMEM;
	*ret_turn = turn;
	return got ? IAG_OK : IAG_AGAIN;
}

void
turn_give(struct environment *env, struct turn *turn)
{
	if (!turn)
		return;
	(void)pthread_mutex_lock(&env->mutex);
	turn->held = false;
	(void)pthread_cond_signal(&turn->free);
	turn_leave(env, turn);
	(void)pthread_mutex_unlock(&env->mutex);
}

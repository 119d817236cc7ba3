/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The thread pool.  A job waits in its lane, then for a thread; a caller that
 * leaves takes a waiting job with it and abandons a running one.
 *
 * Callers and plugin threads enter.  lane->lock guards a lane and the state
 * of its jobs; pool->lock the threads and the queue.  Neither is held while
 * a callback runs, and neither is taken inside the other.
 */

#include "host/pool.h"

#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/thread.h"
#include "host/context.h"

/* A serial lane whose callback is overdue by this much takes no more calls:
 * they could only wait for their own deadlines. */
#define OVERDUE_NS (1 * NS_PER_S)

struct worker {
	struct worker *next;    /* among the idle ones */
	struct worker *sibling; /* among all */
	struct pool *pool;
	struct iag_ctx *ctx; /* the next job */
	pthread_t thread;
	bool is_over;
	pthread_cond_t wake;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t ended; /* a thread ended, or an abandoned job did */
	struct worker *workers;
	struct worker *idle;   /* the last one that became idle first */
	struct iag_ctx *first; /* jobs without a thread */
	struct iag_ctx *last;
	unsigned threads;
	unsigned abandoned;
	bool stopping;
};

void
lane_init(struct lane *lane, bool serial)
{
	*lane = (struct lane){ .serial = serial };
	(void)pthread_mutex_init(&lane->lock, NULL);
}

void
lane_fini(struct lane *lane)
{
	(void)pthread_mutex_destroy(&lane->lock);
}

static void
push(struct iag_ctx **first, struct iag_ctx **last, struct iag_ctx *ctx)
{
	ctx->job.next = NULL;
	if (*last)
		(*last)->job.next = ctx;
	else
		*first = ctx;
	*last = ctx;
}

static struct iag_ctx *
pop(struct iag_ctx **first, struct iag_ctx **last)
{
	struct iag_ctx *ctx = *first;

	if (!ctx)
		return NULL;
	*first = ctx->job.next;
	if (!*first)
		*last = NULL;
	return ctx;
}

struct pool *
pool_new(void)
{
	struct pool *pool = calloc(1, sizeof *pool);

	if (!pool)
		return NULL;
	(void)pthread_mutex_init(&pool->lock, NULL);
	cond_init(&pool->ended);
	return pool;
}

unsigned
pool_abandoned(struct pool *pool)
{
	LOCK_SCOPE(&pool->lock);

	return pool->abandoned;
}

/* Mark the job as running; false: its caller has left. */
static bool
claim(struct iag_ctx *ctx)
{
	LOCK_SCOPE(&ctx->job.lane->lock);

	if (ctx->job.state == JOB_WITHDRAWN)
		return false;
	ctx->job.state = JOB_RUNNING;
	return true;
}

/* The job is over: its lane's next one, or NULL. */
static struct iag_ctx *
advance(struct iag_ctx *ctx, bool *ret_abandoned)
{
	struct lane *lane = ctx->job.lane;
	LOCK_SCOPE(&lane->lock);

	if (ctx->job.state == JOB_RUNNING)
		ctx->job.state = JOB_DONE;
	*ret_abandoned = ctx->job.abandoned;
	if (!lane->serial)
		return NULL;
	lane->running = pop(&lane->first, &lane->last);
	return lane->running;
}

static int pool_pass_on(struct pool *pool, struct iag_ctx *ctx);

/* Run one job and drop its reference; the next job of this thread or NULL. */
static struct iag_ctx *
work(struct pool *pool, struct iag_ctx *ctx)
{
	struct pool *home = ctx->job.pool;
	struct iag_ctx *next;
	bool abandoned = false;

	if (claim(ctx)) {
		if (ctx->job.begin)
			ctx->job.begin(ctx);
		ctx->job.result = ctx->job.run(ctx, ctx->job.arg);
	}
	next = advance(ctx, &abandoned);
	/* before over(): its host may then free the pool, if not this one */
	if (abandoned) {
		LOCK_SCOPE(&home->lock);
		home->abandoned--;
		(void)pthread_cond_broadcast(&home->ended);
	}
	if (ctx->job.over)
		ctx->job.over(ctx);
	context_finish(ctx);
	context_unref(ctx);
	/* Two hosts share the lane of a plugin that wants one call at once. */
	if (next && next->job.pool != pool) {
		if (pool_pass_on(next->job.pool, next) == 0)
			next = NULL;
	}
	return next;
}

/* The next job for this thread; NULL: the pool ends. */
static struct iag_ctx *
next_job(struct pool *pool, struct worker *self)
{
	LOCK_SCOPE(&pool->lock);
	struct iag_ctx *ctx = pop(&pool->first, &pool->last);

	if (ctx)
		return ctx;
	self->ctx = NULL;
	self->next = pool->idle;
	pool->idle = self;
	while (!self->ctx && !pool->stopping)
		(void)pthread_cond_wait(&self->wake, &pool->lock);
	return self->ctx;
}

static void *
worker_main(void *arg)
{
	struct worker *self = arg;
	struct pool *pool = self->pool;
	struct iag_ctx *ctx = self->ctx;

	while (ctx) {
		while (ctx)
			ctx = work(pool, ctx);
		ctx = next_job(pool, self);
	}
	LOCK_SCOPE(&pool->lock);
	self->is_over = true;
	pool->threads--;
	(void)pthread_cond_broadcast(&pool->ended);
	return NULL;
}

/* With pool->lock held: may one more thread be made? */
static bool
has_room(const struct pool *pool)
{
	unsigned stuck =
	    pool->abandoned < POOL_STUCK ? pool->abandoned : POOL_STUCK;

	return pool->threads < POOL_THREADS + stuck;
}

/* With pool->lock held, behind which the thread is known. */
static int
pool_grow(struct pool *pool, struct iag_ctx *ctx)
{
	struct worker *worker = calloc(1, sizeof *worker);

	if (!worker)
		return -1;
	worker->pool = pool;
	worker->ctx = ctx;
	(void)pthread_cond_init(&worker->wake, NULL);
	if (thread_start(&worker->thread, 0, worker_main, worker) == 0) {
		worker->sibling = pool->workers;
		pool->workers = worker;
		return 0;
	}
	(void)pthread_cond_destroy(&worker->wake);
	free(worker);
	return -1;
}

/*
 * With pool->lock held: give the job to an idle thread, which is to be woken,
 * or to a new one, or let it wait for one; -1: there is none.
 */
static int
place(struct pool *pool, struct iag_ctx *ctx, struct worker **ret_worker)
{
	struct worker *worker = pool->idle;

	*ret_worker = worker;
	if (worker) {
		pool->idle = worker->next;
		worker->ctx = ctx;
		return 0;
	}
	if (has_room(pool)) {
		pool->threads++;
		if (pool_grow(pool, ctx) == 0)
			return 0;
		pool->threads--;
		if (pool->threads <= pool->abandoned)
			return -1;
	}
	push(&pool->first, &pool->last, ctx);
	return 0;
}

/* For a pool that may end as soon as the job has. */
static int
pool_pass_on(struct pool *pool, struct iag_ctx *ctx)
{
	LOCK_SCOPE(&pool->lock);
	struct worker *worker;
	int r = place(pool, ctx, &worker);

	if (worker)
		(void)pthread_cond_signal(&worker->wake);
	return r;
}

/* By a caller, whose pool stays until it has returned. */
static int
pool_dispatch(struct pool *pool, struct iag_ctx *ctx)
{
	struct worker *worker = NULL;
	int r;

	{
		LOCK_SCOPE(&pool->lock);
		r = place(pool, ctx, &worker);
	}
	/* without the lock, for which it would only wait again */
	if (worker)
		(void)pthread_cond_signal(&worker->wake);
	return r;
}

/* Into the lane; *ret_runs: it is this job's turn already. */
static int
enter_lane(
    struct lane *lane, struct iag_ctx *ctx, bool *ret_runs, struct err *err)
{
	LOCK_SCOPE(&lane->lock);
	struct iag_ctx *running = lane->running;

	*ret_runs = !lane->serial || !running;
	if (*ret_runs) {
		ctx->job.state = JOB_QUEUED;
		if (lane->serial)
			lane->running = ctx;
		return 0;
	}
	if (running->job.abandoned) {
		uint64_t deadline_ns = atomic_load(&running->deadline_ns);
		uint64_t now_ns = clock_boot_ns();

		if (now_ns > deadline_ns && now_ns - deadline_ns > OVERDUE_NS)
			return err_set(err, ERR_BROKER_BACKEND_UNAVAILABLE,
			    "%s '%s' is stuck: '%s' has not returned %llu s "
			    "after its deadline",
			    host_kind_name(ctx->plugin->desc.kind),
			    ctx->plugin->desc.name, running->callback,
			    (unsigned long long)((now_ns - deadline_ns) /
						 NS_PER_S));
	}
	ctx->job.state = JOB_QUEUED;
	push(&lane->first, &lane->last, ctx);
	return 0;
}

/* The caller leaves: what its job was doing. */
static enum job_state
leave(struct iag_ctx *ctx)
{
	LOCK_SCOPE(&ctx->job.lane->lock);
	enum job_state state = ctx->job.state;

	if (state == JOB_QUEUED)
		ctx->job.state = JOB_WITHDRAWN;
	return state;
}

/* With pool->lock held: a thread for a job that waits for one. */
static void
stand_in(struct pool *pool)
{
	struct iag_ctx *ctx = pop(&pool->first, &pool->last);

	pool->threads++;
	if (pool_grow(pool, ctx) == 0)
		return;
	pool->threads--;
	push(&pool->first, &pool->last, ctx);
}

/* The caller leaves a running job; false: it has just ended. */
static bool
abandon(struct pool *pool, struct iag_ctx *ctx)
{
	bool counted;

	{
		LOCK_SCOPE(&pool->lock);
		pool->abandoned++;
	}
	{
		LOCK_SCOPE(&ctx->job.lane->lock);
		counted = ctx->job.state == JOB_RUNNING;
		ctx->job.abandoned = counted;
	}
	LOCK_SCOPE(&pool->lock);
	if (!counted)
		pool->abandoned--;
	else if (pool->first && has_room(pool))
		stand_in(pool);
	return counted;
}

/* No thread is to be had for a job that its lane let through. */
static void
give_up(struct pool *pool, struct iag_ctx *ctx)
{
	(void)leave(ctx);
	do {
		ctx = work(pool, ctx);
	} while (ctx);
}

int
pool_run(
    struct pool *pool, struct lane *lane, struct iag_ctx *ctx, struct err *err)
{
	bool runs;
	int r;

	ctx->job.lane = lane;
	ctx->job.pool = pool;
	(void)context_ref(ctx);
	r = enter_lane(lane, ctx, &runs, err);
	if (r < 0) {
		if (ctx->job.over)
			ctx->job.over(ctx);
		context_unref(ctx);
		return r;
	}
	if (runs && pool_dispatch(pool, ctx) < 0) {
		give_up(pool, ctx);
		return err_set(err, ERR_OUT_OF_MEMORY,
		    "no thread could be made for '%s' of %s '%s'",
		    ctx->callback, host_kind_name(ctx->plugin->desc.kind),
		    ctx->plugin->desc.name);
	}
	if (context_wait(ctx))
		return 0;
	switch (leave(ctx)) {
	case JOB_QUEUED:
		return context_over(ctx, "was waiting for its turn", err);
	case JOB_RUNNING:
		if (abandon(pool, ctx)) {
			context_leave(ctx);
			return context_over(ctx, "has not returned", err);
		}
		break;
	default:
		break;
	}
	context_finish(ctx);
	return 0;
}

/*
 * A thread that is over may still run what libraries do at a thread's end,
 * which must not meet what they do at the end of the process.  One that is
 * stuck keeps what it has.
 */
static void
workers_join(struct worker *worker)
{
	while (worker) {
		struct worker *next = worker->sibling;

		if (worker->is_over) {
			(void)pthread_join(worker->thread, NULL);
			(void)pthread_cond_destroy(&worker->wake);
			free(worker);
		} else {
			(void)pthread_detach(worker->thread);
		}
		worker = next;
	}
}

bool
pool_free(struct pool *pool, uint64_t wait_ns)
{
	struct timespec until;
	struct worker *worker, *workers;
	bool over;

	if (!pool)
		return true;
	until = cond_until(wait_ns);
	{
		LOCK_SCOPE(&pool->lock);
		pool->stopping = true;
		for (worker = pool->idle; worker; worker = worker->next)
			(void)pthread_cond_signal(&worker->wake);
		pool->idle = NULL;
		while (pool->threads > 0 && pthread_cond_timedwait(&pool->ended,
						&pool->lock, &until) == 0)
			;
		over = pool->threads == 0;
		workers = STEAL(pool->workers);
	}
	workers_join(workers);
	if (!over)
		return false;
	(void)pthread_cond_destroy(&pool->ended);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
	return true;
}

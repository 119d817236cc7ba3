/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Plugin threads: callbacks run on them while the caller waits.  They are
 * made when they are needed, reused, and never killed.  A lane serialises
 * what may not run at once.
 */

#ifndef IAG_HOST_POOL_H
#define IAG_HOST_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define POOL_THREADS 80 /* that work for somebody; 64 reads and a reserve */
#define POOL_STUCK 32   /* threads made to stand in for abandoned ones */

struct iag_ctx;
struct pool;
struct lane;

enum job_state {
	JOB_NEW,
	JOB_QUEUED,    /* waits for its lane or for a thread */
	JOB_RUNNING,   /* the callback runs */
	JOB_WITHDRAWN, /* its caller left before it ran */
	JOB_DONE
};

/* One callback to run; part of its context. */
struct job {
	int32_t (*run)(struct iag_ctx *ctx, void *arg);
	void *arg;
	void (*free_arg)(void *arg);        /* NULL: arg is borrowed */
	void (*begin)(struct iag_ctx *ctx); /* before run(); may be NULL */
	/* The lane is done with it, whether it ran or not; may be NULL. */
	void (*over)(struct iag_ctx *ctx);
	int32_t result;
	/* guarded by lane->lock */
	enum job_state state;
	bool abandoned; /* its caller left while it ran */
	/* of the queue that it is in: the lane's or the pool's */
	struct iag_ctx *next;
	struct lane *lane;
	struct pool *pool;
};

/* What may not run at once. */
struct lane {
	pthread_mutex_t lock;
	bool serial;
	struct iag_ctx *running; /* serial only */
	struct iag_ctx *first;
	struct iag_ctx *last;
};

void lane_init(struct lane *lane, bool serial);
void lane_fini(struct lane *lane);

struct pool *pool_new(void);
/*
 * Ends the threads, and waits for what libraries do at their ends.  false: one
 * is stuck in a callback, and the pool must stay where it is.  Waits at most
 * wait_ns for those to come back.
 */
bool pool_free(struct pool *pool, uint64_t wait_ns);

/*
 * Run ctx->job on a thread and wait until it has returned or the call is
 * over.  0: it has run and job.result holds.  Otherwise CALL_TIMED_OUT,
 * CALL_CANCELLED, BROKER_BACKEND_UNAVAILABLE (the lane's callback is stuck)
 * or OUT_OF_MEMORY, and the context is not the caller's to read any more.
 */
int pool_run(
    struct pool *pool, struct lane *lane, struct iag_ctx *ctx, struct err *err);
/* Callbacks whose callers have left and that still run. */
unsigned pool_abandoned(struct pool *pool);

#endif

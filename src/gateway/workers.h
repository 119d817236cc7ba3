/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Workers: threads that run the calls which a door has read.  Made when all
 * that exist are busy, up to WORKERS_MAX; the one that was idle for the
 * shortest time goes first, because its stack and its arena are still warm.
 */

#ifndef IAG_GATEWAY_WORKERS_H
#define IAG_GATEWAY_WORKERS_H

#define WORKERS_MAX 56 /* with GATEWAY_LENT_MAX as many as plugins serve */

struct workers;

struct workers *workers_new(void); /* makes no thread; NULL: no memory */
/* Jobs that were accepted still run; then the threads are joined. */
void workers_free(struct workers *workers);

/*
 * Run job(arg) on a worker, later if all WORKERS_MAX are busy.  IAG_STOPPING
 * after workers_stop(), IAG_NOMEM when there is neither a thread nor memory:
 * then job will not run.
 */
int workers_run(struct workers *workers, void (*job)(void *arg), void *arg);
/* Threads, those of them without a job, jobs without a thread. */
void workers_load(struct workers *workers, unsigned *ret_count,
    unsigned *ret_idle, unsigned *ret_queued);
/* Accept nothing more; what was accepted goes on. */
void workers_stop(struct workers *workers);

#endif

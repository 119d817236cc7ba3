/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The workers; workers.h says what for.
 *
 * Threads: any thread enters workers_run; workers run worker_main.
 * workers->lock guards everything in struct workers and every struct worker.
 * No lock is taken inside it, and no job runs under it.
 */

#include "gateway/workers.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/thread.h"
#include "ibkr-agent/types.h"

/* Calls parse JSON of depth 32 and little else; the default is 8 MiB. */
#define WORKER_STACK ((size_t)512 * 1024)

struct job {
	void (*run)(void *arg);
	void *arg;
	struct job *next;
};

struct worker {
	struct workers *workers;
	pthread_t thread;
	pthread_cond_t wake;
	struct job job; /* run NULL: none */
	struct worker *next_idle;
};

struct workers {
	pthread_mutex_t lock;
	struct worker *threads[WORKERS_MAX];
	unsigned count;
	struct worker *idle; /* the latest first */
	struct job *first, **last;
	bool stopping;
};

struct workers *
workers_new(void)
{
	struct workers *workers = calloc(1, sizeof(*workers));

	if (!workers)
		return NULL;
	if (pthread_mutex_init(&workers->lock, NULL)) {
		free(workers);
		return NULL;
	}
	workers->last = &workers->first;
	return workers;
}

/* The next queued job; called with the lock held. */
static bool
queue_take(struct workers *workers, struct job *ret_job)
{
	struct job *job = workers->first;

	if (!job)
		return false;
	workers->first = job->next;
	if (!workers->first)
		workers->last = &workers->first;
	*ret_job = *job;
	free(job);
	return true;
}

static int
queue_add(struct workers *workers, void (*run)(void *arg), void *arg)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return IAG_NOMEM;
	job->run = run;
	job->arg = arg;
	*workers->last = job;
	workers->last = &job->next;
	return 0;
}

/* Wait for a job; false once they stop and nothing is queued. */
static bool
worker_next(struct worker *worker, struct job *ret_job)
{
	struct workers *workers = worker->workers;
	LOCK_SCOPE(&workers->lock);

	if (queue_take(workers, ret_job))
		return true;
	if (workers->stopping)
		return false;
	worker->next_idle = workers->idle;
	workers->idle = worker;
	while (!worker->job.run && !workers->stopping)
		pthread_cond_wait(&worker->wake, &workers->lock);
	*ret_job = worker->job;
	worker->job.run = NULL;
	return ret_job->run != NULL;
}

static void *
worker_main(void *arg)
{
	struct worker *worker = arg;
	struct job job;

	while (worker_next(worker, &job))
		job.run(job.arg);
	return NULL;
}

/* One more worker that begins with the job; the lock is held. */
static int
worker_new(struct workers *workers, void (*run)(void *arg), void *arg)
{
	struct worker *worker;

	if (workers->count == WORKERS_MAX)
		return -1;
	worker = calloc(1, sizeof(*worker));
	if (!worker)
		return -1;
	worker->workers = workers;
	pthread_cond_init(&worker->wake, NULL);
	/* the new thread takes it from the queue, once it gets the lock */
	if (queue_add(workers, run, arg) == 0) {
		if (thread_start(&worker->thread, WORKER_STACK, worker_main,
			worker) == 0) {
			workers->threads[workers->count++] = worker;
			return 0;
		}
		/* stays queued for a worker, if there is any */
		if (workers->count > 0) {
			pthread_cond_destroy(&worker->wake);
			free(worker);
			return 0;
		}
		free(workers->first);
		workers->first = NULL;
		workers->last = &workers->first;
	}
	pthread_cond_destroy(&worker->wake);
	free(worker);
	return -1;
}

/* What it is given to, if one is idle; the lock is held. */
static struct worker *
idle_take(struct workers *workers, void (*run)(void *arg), void *arg)
{
	struct worker *worker = workers->idle;

	if (!worker)
		return NULL;
	workers->idle = worker->next_idle;
	worker->job.run = run;
	worker->job.arg = arg;
	return worker;
}

int
workers_run(struct workers *workers, void (*job)(void *arg), void *arg)
{
	struct worker *worker = NULL;
	int ret = 0;

	{
		LOCK_SCOPE(&workers->lock);

		if (workers->stopping)
			return IAG_STOPPING;
		worker = idle_take(workers, job, arg);
		if (!worker && worker_new(workers, job, arg))
			ret = workers->count > 0 ? queue_add(workers, job, arg)
						 : IAG_NOMEM;
	}
	/* without the lock, for which it would only wait again */
	if (worker)
		pthread_cond_signal(&worker->wake);
	return ret;
}

void
workers_load(struct workers *workers, unsigned *ret_count, unsigned *ret_idle,
    unsigned *ret_queued)
{
	LOCK_SCOPE(&workers->lock);

	*ret_count = workers->count;
	*ret_idle = 0;
	*ret_queued = 0;
	for (struct worker *w = workers->idle; w; w = w->next_idle)
		(*ret_idle)++;
	for (struct job *job = workers->first; job; job = job->next)
		(*ret_queued)++;
}

void
workers_stop(struct workers *workers)
{
	struct worker *worker;
	LOCK_SCOPE(&workers->lock);

	workers->stopping = true;
	for (worker = workers->idle; worker; worker = worker->next_idle)
		pthread_cond_signal(&worker->wake);
	workers->idle = NULL;
}

void
workers_free(struct workers *workers)
{
	unsigned i;

	if (!workers)
		return;
	workers_stop(workers);
	for (i = 0; i < workers->count; i++) {
		pthread_join(workers->threads[i]->thread, NULL);
		pthread_cond_destroy(&workers->threads[i]->wake);
		free(workers->threads[i]);
	}
	pthread_mutex_destroy(&workers->lock);
	free(workers);
}

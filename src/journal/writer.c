/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The writer: takes queued steps in order and runs all that wait as one
 * batch, so that many calls share one flush of the disk.  Who finds nobody
 * writing is the writer himself, since to wake another thread and be woken
 * takes as long as the step; what has come meanwhile is the writer thread's.
 * Jobs that are announced are waited for a moment.
 *
 * Threads: any caller enqueues, then writes or waits; one writer thread per
 * journal.  journal->mutex guards the queue, the state of jobs and who writes
 * (journal->busy); it is never held while the store is called.  A job belongs
 * to its caller until it is RUNNING, then to the writer until it is DONE.
 */

#include "journal/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/thread.h"

#define SLICE_NS (50 * NS_PER_MS) /* how long to wait without looking up */
#define BATCH_COUNT 256u
/* How long a transaction that is open waits for jobs that are expected. */
#define GATHER_NS (NS_PER_MS / 2)

static void
queue_add(struct journal *journal, struct job *job)
{
	if (journal->last)
		journal->last->next = job;
	else
		journal->first = job;
	journal->last = job;
}

static void
queue_remove(struct journal *journal, struct job *job)
{
	struct job *before = NULL;
	struct job *at = journal->first;

	while (at && at != job) {
		before = at;
		at = at->next;
	}
	if (!at)
		return;
	if (before)
		before->next = job->next;
	else
		journal->first = job->next;
	if (journal->last == job)
		journal->last = before;
	job->next = NULL;
}

static struct seat *
seat_new(void)
{
	struct seat *seat = calloc(1, sizeof(*seat));

	if (seat)
		cond_init(&seat->done);
	return seat;
}

/* With the mutex. */
static struct seat *
seat_take(struct journal *journal)
{
	struct seat *seat = journal->seats;

	if (!seat)
		return seat_new();
	journal->seats = seat->next;
	return seat;
}

static void
seat_give_back(struct journal *journal, struct seat *seat)
{
	seat->next = journal->seats;
	journal->seats = seat;
}

void
writer_fini(struct journal *journal)
{
	struct seat *seat;

	while ((seat = journal->seats) != NULL) {
		journal->seats = seat->next;
		(void)pthread_cond_destroy(&seat->done);
		free(seat);
	}
}

/* The oldest jobs, now running; the caller holds the mutex. */
static struct job *
queue_take(struct journal *journal)
{
	struct job *jobs = journal->first;
	struct job *end = NULL;
	unsigned count = 0;

	for (struct job *job = jobs; job && count < BATCH_COUNT;
	     job = job->next) {
		job->state = JOB_RUNNING;
		end = job;
		count++;
	}
	if (!end)
		return NULL;
	journal->first = end->next;
	if (!journal->first)
		journal->last = NULL;
	end->next = NULL;
	return jobs;
}

/* A job that is done is its caller's, who may be gone before the bell. */
static void
finish(struct journal *journal, struct job *jobs)
{
	struct seat *seats[BATCH_COUNT];
	unsigned count = 0;

	(void)pthread_mutex_lock(&journal->mutex);
	while (jobs) {
		struct job *job = jobs;

		jobs = job->next;
		job->next = NULL;
		job->state = JOB_DONE;
		seats[count++] = job->seat;
	}
	(void)pthread_mutex_unlock(&journal->mutex);
	while (count > 0)
		(void)pthread_cond_signal(&seats[--count]->done);
}

static int
refusal(const char *why, struct err *err)
{
	return err_set(err, ERR_JOURNAL_UNAVAILABLE,
	    "the journal has stopped writing: %s", why);
}

static void
set_waiting(struct journal *journal, bool waits)
{
	LOCK_SCOPE(&journal->mutex);

	journal->waiting = waits;
}

/* A store that says "again" without having waited is not asked in a loop. */
static void
breathe(uint64_t begun)
{
	const struct timespec pause = { .tv_nsec = (long)NS_PER_MS };

	if (clock_boot_ns() - begun < SLICE_NS / 2)
		(void)nanosleep(&pause, NULL);
}

static uint64_t
slice_end(uint64_t begun, const struct call *own)
{
	uint64_t end = begun + SLICE_NS;

	return own && call_deadline_ns(own) < end ? call_deadline_ns(own) : end;
}

/*
 * The store's write lock in slices, while somebody still waits for it; own:
 * the call of a caller that writes himself, or NULL.
 */
static struct store_txn *
take_turn(struct journal *journal, const struct call *own)
{
	struct store_txn *store = NULL;
	CLEANUP_ERR struct err err = ERR_INIT;
	uint64_t begun = clock_boot_ns();
	struct call *call = call_new(slice_end(begun, own));
	struct job *jobs = NULL;
	int rc;

	set_waiting(journal, true);
	/* without a call it would wait for the lock as long as others have it
	 */
	rc = call ? store_begin(
			journal->store, call, IAG_STORE_WRITE, &store, &err)
		  : IAG_AGAIN;
	call_unref(call);
	if (rc == 0) {
		set_waiting(journal, false);
		return store;
	}
	if (rc == IAG_AGAIN || rc == IAG_STOPPING) {
		breathe(begun);
		return NULL;
	}
	(void)pthread_mutex_lock(&journal->mutex);
	journal->waiting = false;
	journal->expected = 0;
	jobs = queue_take(journal);
	(void)pthread_mutex_unlock(&journal->mutex);
	for (struct job *job = jobs; job; job = job->next) {
		job->result = rc;
		(void)err_set(&job->err, err.code, "%s", err_text(&err));
	}
	finish(journal, jobs);
	return NULL;
}

static bool
has_work(const struct journal *journal)
{
	return journal->first || journal->closing ||
	       (journal->expected > 0 && !journal->stopped);
}

/* True: this thread writes now. */
static bool
wait_for_work(struct journal *journal)
{
	LOCK_SCOPE(&journal->mutex);

	while (journal->busy || !has_work(journal))
		(void)pthread_cond_wait(&journal->wake, &journal->mutex);
	journal->busy = journal->first || !journal->closing;
	return journal->busy;
}

/* What came meanwhile is for the thread. */
static void
stop_writing(struct journal *journal)
{
	bool wake;

	(void)pthread_mutex_lock(&journal->mutex);
	journal->busy = false;
	wake = has_work(journal);
	(void)pthread_mutex_unlock(&journal->mutex);
	if (wake)
		(void)pthread_cond_signal(&journal->wake);
}

struct job *
writer_jobs(struct journal *journal)
{
	LOCK_SCOPE(&journal->mutex);
	struct timespec until;

	if (journal->expected > 0)
		until = cond_until(GATHER_NS);
	while (journal->expected > 0 && !journal->closing &&
	       pthread_cond_timedwait(
		   &journal->gather, &journal->mutex, &until) == 0)
		;
	/* a caller that was held up is waited for no longer */
	if (!journal->first)
		journal->expected = 0;
	return queue_take(journal);
}

static void
refuse_all(struct journal *journal, struct job *jobs, const char *why)
{
	for (struct job *job = jobs; job; job = job->next)
		job->result = refusal(why, &job->err);
	finish(journal, jobs);
}

/* One batch, or as much of the wait for the store as a slice. */
static void
write_once(struct journal *journal, const struct call *own)
{
	struct store_txn *store;
	struct job *jobs;
	char why[sizeof(journal->why)] = "";

	(void)pthread_mutex_lock(&journal->mutex);
	if (journal->stopped) {
		(void)memcpy(why, journal->why, sizeof(why));
		jobs = queue_take(journal);
		(void)pthread_mutex_unlock(&journal->mutex);
		refuse_all(journal, jobs, why);
		return;
	}
	(void)pthread_mutex_unlock(&journal->mutex);
	store = take_turn(journal, own);
	if (store)
		finish(journal, batch_run(journal, store));
}

static void *
writer_main(void *arg)
{
	struct journal *journal = arg;

	while (wait_for_work(journal)) {
		write_once(journal, NULL);
		stop_writing(journal);
	}
	return NULL;
}

int
writer_start(struct journal *journal, struct err *err)
{
	int rc = thread_start(&journal->thread, 0, writer_main, journal);

	if (rc != 0)
		return err_set(err, ERR_OUT_OF_MEMORY,
		    "no thread for the journal: %s", strerror(rc));
	journal->has_thread = true;
	return 0;
}

void
writer_stop(struct journal *journal)
{
	if (!journal->has_thread)
		return;
	(void)pthread_mutex_lock(&journal->mutex);
	journal->closing = true;
	(void)pthread_cond_signal(&journal->wake);
	(void)pthread_cond_signal(&journal->gather);
	(void)pthread_mutex_unlock(&journal->mutex);
	(void)pthread_join(journal->thread, NULL);
	journal->has_thread = false;
}

void
writer_refuse(struct journal *journal, const char *why)
{
	LOCK_SCOPE(&journal->mutex);

	journal->stopped = true;
	(void)snprintf(journal->why, sizeof(journal->why), "%s", why);
}

void
writer_expect(struct journal *journal)
{
	LOCK_SCOPE(&journal->mutex);

	journal->expected++;
}

static void
expected_less(struct journal *journal)
{
	if (journal->expected > 0 && --journal->expected == 0)
		(void)pthread_cond_signal(&journal->gather);
}

void
writer_forget(struct journal *journal)
{
	LOCK_SCOPE(&journal->mutex);

	expected_less(journal);
}

static void
wait_slice(struct journal *journal, struct job *job)
{
	struct timespec until;
	uint64_t ns = SLICE_NS;

	if (job->call) {
		uint64_t now = clock_boot_ns();
		uint64_t deadline = call_deadline_ns(job->call);

		if (deadline <= now)
			return;
		if (deadline - now < SLICE_NS)
			ns = deadline - now;
	}
	until = cond_until(ns);
	(void)pthread_cond_timedwait(&job->seat->done, &journal->mutex, &until);
}

static int
withdrawn(const struct journal *journal, const struct job *job, struct err *err)
{
	if (call_is_cancelled(job->call))
		return err_set(err, ERR_CALL_CANCELLED,
		    "cancelled before the journal took it");
	if (journal->waiting)
		return err_set(err, ERR_JOURNAL_UNAVAILABLE,
		    "another process holds the store's lock");
	return err_set(err, ERR_CALL_TIMED_OUT,
	    "the deadline came before the journal took it");
}

/* Until done, or until withdrawn at the deadline while still queued. */
static int
await(struct journal *journal, struct job *job)
{
	while (job->state != JOB_DONE) {
		if (job->state == JOB_QUEUED && job->call &&
		    call_is_over(job->call)) {
			queue_remove(journal, job);
			return withdrawn(journal, job, &job->err);
		}
		if (job->state == JOB_QUEUED && job->call)
			wait_slice(journal, job);
		else if (job->state == JOB_RUNNING || !job->call)
			(void)pthread_cond_wait(
			    &job->seat->done, &journal->mutex);
	}
	return job->result;
}

static int
wait_for(struct journal *journal, struct job *job)
{
	LOCK_SCOPE(&journal->mutex);
	int rc = await(journal, job);

	seat_give_back(journal, job->seat);
	return rc;
}

static bool
still_waits(struct journal *journal, const struct job *job)
{
	LOCK_SCOPE(&journal->mutex);

	return job->state != JOB_DONE &&
	       !(job->call && call_is_over(job->call));
}

/* The caller of a job writes, until it is done or given up. */
static void
write_own(struct journal *journal, const struct job *job)
{
	do
		write_once(journal, job->call);
	while (still_waits(journal, job));
	stop_writing(journal);
}

/*
 * Put it in the queue; ret_writes: nobody writes, and so the caller does.
 * Otherwise somebody does, or the thread was told to.
 */
static int
enqueue(struct journal *journal, struct job *job, bool *ret_writes)
{
	LOCK_SCOPE(&journal->mutex);

	if (job->flags & UPDATE_EXPECTED)
		expected_less(journal);
	if (journal->closing)
		return err_set(
		    &job->err, ERR_CALL_CANCELLED, "the journal is closing");
	job->seat = seat_take(journal);
	if (!job->seat)
		return err_set(&job->err, ERR_OUT_OF_MEMORY, "out of memory");
	*ret_writes = !journal->busy && !journal->first;
	queue_add(journal, job);
	journal->busy |= *ret_writes;
	return 0;
}

int
writer_run(struct journal *journal, struct call *call, unsigned flags,
    journal_step *step, void *arg, struct err *err)
{
	struct job job = {
		.step = step,
		.arg = arg,
		.flags = flags,
		.call = call,
		.state = JOB_QUEUED,
	};
	bool writes = false;
	int rc;

	if (!journal->has_thread)
		return err_set(err, ERR_JOURNAL_UNAVAILABLE,
		    "the journal is open for reading only");
	rc = enqueue(journal, &job, &writes);
	if (writes)
		write_own(journal, &job);
	if (rc == 0)
		rc = wait_for(journal, &job);
	if (rc < 0)
		err_move(err, &job.err);
	err_fini(&job.err);
	return rc;
}

size_t
journal_queue(struct journal *journal)
{
	size_t count = 0;
	LOCK_SCOPE(&journal->mutex);

	for (const struct job *job = journal->first; job; job = job->next)
		count++;
	return count;
}

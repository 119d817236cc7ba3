/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the writer does with a batch of steps: one after the other in
 * one transaction, one commit for all (group commit).  A step that fails has
 * mostly written nothing yet, and is passed over.  After one that has, all are
 * run again, each in a nested transaction.  When the batch fails for another
 * reason that may lie in one step, each step is run again by itself.
 *
 * Threads: only who writes is in here, one at a time (writer.c).  Its mutex is
 * taken for moments and never while the store is called.
 */

#include "journal/core.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

/* So long a batch that runs again waits for the store. */
#define AGAIN_NS (50 * NS_PER_MS)

struct batch {
	struct journal *journal;
	struct meta_store info;
	struct meta_head head;
	struct err fault; /* why the batch as a whole cannot be */
	uint64_t born;    /* head.count at the beginning */
	bool empty;       /* a store without birth */
	bool room;        /* for more than what the reserve is for */
	bool spoiled;     /* by what a step had written before it failed */
	const struct keys *next_keys;
};

static void
job_fail(struct job *job, int rc, struct err *from)
{
	job->result = rc;
	err_fini(&job->err);
	if (from->code == ERR_NONE)
		return;
	(void)err_set(&job->err, from->code, "%s", err_text(from));
	if (err_user_action(from))
		err_action(&job->err, "%s", err_user_action(from));
	job->err.unknown = from->unknown;
}

static void
fail_all(struct job *jobs, int rc, struct err *err)
{
	for (struct job *job = jobs; job; job = job->next)
		job_fail(job, rc, err);
}

/* Another process may have adopted the store meanwhile. */
static void
set_adopted(struct journal *journal, const struct meta_store *info)
{
	LOCK_SCOPE(&journal->mutex);

	journal->adopted = journal_is_at_home(journal, info);
}

static int
batch_open(
    struct batch *batch, struct journal *journal, struct store_txn *store)
{
	struct journal_txn txn;
	int rc;

	*batch = (struct batch){ .journal = journal };
	(void)pthread_mutex_lock(&journal->mutex);
	batch->info = journal->info;
	(void)pthread_mutex_unlock(&journal->mutex);
	memcpy(journal->chain.store_id, batch->info.id, STORE_ID_SIZE);
	txn_init(&txn, journal, store, true, &journal->chain);
	(void)store_change(journal->store, &txn.change, NULL);
	rc = txn_load(&txn, &batch->fault);
	if (rc == IAG_NOTFOUND) {
		/* no format: nothing was ever written here */
		batch->empty = true;
		rc = 0;
	} else if (rc == 0) {
		batch->info = txn.info;
		batch->head = txn.head;
		batch->born = txn.head.count;
		set_adopted(journal, &txn.info);
	}
	txn_fini(&txn);
	return rc;
}

static void
batch_fini(struct batch *batch)
{
	err_fini(&batch->fault);
}

/* May this step run on this store now? */
static int
check_job(struct batch *batch, const struct job *job, struct err *err)
{
	struct journal *journal = batch->journal;
	bool adopted;

	if (batch->empty && !(job->flags & UPDATE_BIRTH))
		return err_set(
		    err, ERR_JOURNAL_CORRUPT, "the store has lost its records");
	if (batch->next_keys)
		return err_set(err, ERR_JOURNAL_UNAVAILABLE,
		    "the key was rotated: configure the new secret and start "
		    "again");
	(void)pthread_mutex_lock(&journal->mutex);
	adopted = journal->adopted;
	(void)pthread_mutex_unlock(&journal->mutex);
	if (!adopted && !(job->flags & (UPDATE_ADOPT | UPDATE_BIRTH))) {
		(void)err_set(err, ERR_JOURNAL_UNAVAILABLE,
		    "the store was copied or restored: it is read-only until "
		    "it is adopted");
		err_action(err,
		    "run `ibkr-agent store adopt --reason TEXT` if no other "
		    "copy is in use");
		return IAG_AGAIN;
	}
	if (!batch->room && !(job->flags & UPDATE_RESERVED)) {
		(void)err_set(err, ERR_JOURNAL_UNAVAILABLE,
		    "less than 64 MiB of disk or of the store's limit are "
		    "left; they are kept for settling orders");
		err_action(err, "make room on the disk, or run `ibkr-agent "
				"audit purge`");
		return IAG_LIMIT;
	}
	return 0;
}

static bool
has_room(struct journal *journal)
{
	struct iag_store_room room;
	CLEANUP_ERR struct err err = ERR_INIT;

	if (store_room(journal->store, &room, &err) < 0)
		return true; /* the commit will tell */
	if (room.disk_bytes < JOURNAL_RESERVE_BYTES)
		return false;
	return room.limit_bytes == 0 ||
	       (room.used_bytes <= room.limit_bytes &&
		   room.limit_bytes - room.used_bytes >= JOURNAL_RESERVE_BYTES);
}

/* 0, the step's own refusal, or (with *ret_broken) a fault of the store. */
static int
run_step(struct batch *batch, struct store_txn *store, struct job *job,
    bool *ret_wrote, bool *ret_broken)
{
	struct journal_txn txn;
	int rc;

	err_fini(&job->err);
	txn_init(&txn, batch->journal, store, true, &batch->journal->chain);
	txn.info = batch->info;
	txn.head = batch->head;
	if (txn.now_ns < txn.head.time_ns)
		txn.now_ns = txn.head.time_ns;
	rc = job->step(&txn, job->arg, &job->err);
	if (rc == 0 && txn.unproved)
		rc = err_set(&job->err, ERR_INTERNAL_ERROR,
		    "a step changed state without an audit record");
	*ret_wrote = txn.wrote;
	*ret_broken = txn.broken;
	if (rc == 0 && !txn.broken) {
		batch->info = txn.info;
		batch->head = txn.head;
		batch->next_keys = txn.next_keys;
	} else if (txn.changes.len > 0) {
		known_forget(&batch->journal->known);
	}
	txn_fini(&txn);
	return rc;
}

static int
run_plain(struct batch *batch, struct store_txn *store, struct job *job,
    bool *ret_broken)
{
	bool wrote = false;
	int rc = run_step(batch, store, job, &wrote, ret_broken);

	batch->spoiled = rc != 0 && wrote && !*ret_broken;
	return rc;
}

static int
run_nested(struct batch *batch, struct store_txn *store, struct job *job,
    bool *ret_broken)
{
	bool wrote;
	struct meta_head head = batch->head;
	struct meta_store info = batch->info;
	struct store_txn *child = NULL;
	int rc = store_nested(store, &child, &job->err);

	*ret_broken = rc < 0;
	if (rc < 0)
		return rc;
	rc = run_step(batch, child, job, &wrote, ret_broken);
	if (rc < 0 || *ret_broken) {
		store_abort(child);
		return rc;
	}
	rc = store_commit(child, &job->err);
	if (rc < 0) {
		*ret_broken = true;
		batch->head = head;
		batch->info = info;
	}
	return rc;
}

static int
write_head(struct batch *batch, struct store_txn *store, struct err *err)
{
	struct buf row CLEANUP_BUF = BUF_INIT;
	struct iag_bytes bytes;
	uint64_t change = 0;
	int rc = store_change(batch->journal->store, &change, NULL);

	batch->head.change = rc == 0 ? change + 1 : 0;
	hash_random(batch->head.batch, BATCH_ID_SIZE);
	meta_head_format(&batch->head,
	    batch->next_keys ? batch->next_keys : &batch->journal->keys, &row);
	if (row.failed)
		return err_no_memory(err);
	bytes = bytes_of(row.data, row.len);
	known_add(&batch->journal->known, TABLE_META, bytes_str("head"), bytes);
	return store_put(store, TABLE_META, bytes_str("head"), bytes, 0, err);
}

/* After IAG_UNKNOWN: is the batch in the store? */
static int
look_up(struct batch *batch, struct err *err)
{
	struct journal *journal = batch->journal;
	struct store_txn *store = NULL;
	struct meta_head head;
	struct iag_bytes row;
	int rc;

	rc = store_begin(journal->store, NULL, IAG_STORE_READ, &store, err);
	if (rc < 0)
		return IAG_UNKNOWN;
	rc = store_get(store, TABLE_META, bytes_str("head"), &row, err);
	if (rc == 0 &&
	    meta_head_parse(row,
		batch->next_keys ? batch->next_keys : &journal->keys, &head) &&
	    memcmp(head.batch, batch->head.batch, BATCH_ID_SIZE) == 0)
		rc = 0;
	else
		rc = rc < 0 && rc != IAG_NOTFOUND ? IAG_UNKNOWN : IAG_AGAIN;
	store_abort(store);
	return rc;
}

static bool
may_rerun(int rc)
{
	return rc == IAG_AGAIN || rc == IAG_LIMIT;
}

/* Commit; after a failure that is not of room or conflict, write no more. */
static int
batch_commit(struct batch *batch, struct store_txn *store)
{
	struct journal *journal = batch->journal;
	struct err *err = &batch->fault;
	char why[160];
	int rc = write_head(batch, store, err);

	if (rc < 0) {
		store_abort(store);
		return rc;
	}
	rc = store_commit(store, err);
	if (rc == 0 || may_rerun(rc))
		return rc;
	(void)snprintf(why, sizeof(why), "%s", err_text(err));
	if (rc == IAG_UNKNOWN)
		rc = look_up(batch, NULL);
	writer_refuse(journal, why);
	log_error(
	    "journal", "the store failed, nothing more is written: %s", why);
	if (rc == 0)
		return 0;
	(void)err_set(err, ERR_AUDIT_WRITE_FAILED,
	    "the store failed, nothing more is written: %s", why);
	err->unknown = rc == IAG_UNKNOWN;
	return IAG_INTERNAL;
}

static void
adopt_results(struct batch *batch)
{
	struct journal *journal = batch->journal;

	(void)pthread_mutex_lock(&journal->mutex);
	journal->info = batch->info;
	journal->adopted = journal_is_at_home(journal, &batch->info);
	(void)pthread_mutex_unlock(&journal->mutex);
}

/* Whether there is room, and what the store says of itself. */
static int
batch_begin(
    struct batch *batch, struct journal *journal, struct store_txn *store)
{
	bool room = has_room(journal);
	int rc = batch_open(batch, journal, store);

	batch->room = room;
	return rc;
}

/*
 * Run the steps over the transaction, which this ends, as it ends the batch;
 * opened: what batch_begin() said.  true: the results stand; false: nothing
 * was applied and each must be run by itself.
 */
static bool
run_together(struct batch *batch, int opened, struct store_txn *store,
    struct job *jobs, bool nested)
{
	bool broken = false;
	int rc;

	if (opened < 0) {
		store_abort(store);
		fail_all(jobs, opened, &batch->fault);
		batch_fini(batch);
		return true;
	}
	for (struct job *job = jobs; job && !broken; job = job->next) {
		err_fini(&job->err);
		job->result = check_job(batch, job, &job->err);
		if (job->result < 0)
			continue;
		job->result = nested ? run_nested(batch, store, job, &broken)
				     : run_plain(batch, store, job, &broken);
		broken |= batch->spoiled && (job != jobs || job->next);
	}
	if (broken || batch->head.count == batch->born) {
		known_forget(&batch->journal->known);
		store_abort(store);
		batch_fini(batch);
		return !broken;
	}
	rc = batch_commit(batch, store);
	if (rc != 0)
		known_forget(&batch->journal->known);
	if (rc == 0)
		adopt_results(batch);
	else if (!may_rerun(rc) || !jobs->next)
		fail_all(jobs, rc, &batch->fault);
	broken = may_rerun(rc) && jobs->next;
	batch_fini(batch);
	return !broken;
}

/* After a commit of which nobody knows what became: nothing more. */
static int
check_running(struct journal *journal, struct err *err)
{
	LOCK_SCOPE(&journal->mutex);

	return journal->stopped
		   ? err_set(err, ERR_JOURNAL_UNAVAILABLE,
			 "the journal has stopped writing: %s", journal->why)
		   : 0;
}

static void
run_alone(struct journal *journal, struct job *job)
{
	struct store_txn *store = NULL;
	struct job *next = STEAL(job->next);
	struct batch batch;
	int rc;

	err_fini(&job->err);
	rc = check_running(journal, &job->err);
	if (rc == 0)
		rc = store_begin(journal->store, job->call, IAG_STORE_WRITE,
		    &store, &job->err);
	if (rc < 0) {
		job->result = rc;
		job->next = next;
		return;
	}
	rc = batch_begin(&batch, journal, store);
	if (!run_together(&batch, rc, store, job, false) && job->result == 0)
		job->result = err_set(&job->err, ERR_AUDIT_WRITE_FAILED,
		    "the store failed without saying why");
	job->next = next;
}

/* All of them once more, so that one that fails takes nothing along. */
static bool
run_again(struct journal *journal, struct job *jobs)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct store_txn *store = NULL;
	struct batch batch;
	struct call *call;
	int rc;

	if (!store_has_nested(journal->store))
		return false;
	/* alone, each waits as long as its own call may */
	call = call_new(clock_boot_ns() + AGAIN_NS);
	rc = call ? store_begin(
			journal->store, call, IAG_STORE_WRITE, &store, &err)
		  : IAG_NOMEM;
	call_unref(call);
	if (rc < 0)
		return false;
	rc = batch_begin(&batch, journal, store);
	return run_together(&batch, rc, store, jobs, true);
}

struct job *
batch_run(struct journal *journal, struct store_txn *store)
{
	struct batch batch;
	int opened = batch_begin(&batch, journal, store);
	struct job *jobs = writer_jobs(journal);

	if (!jobs) {
		store_abort(store);
		batch_fini(&batch);
		return NULL;
	}
	if (run_together(&batch, opened, store, jobs, false))
		return jobs;
	if (!jobs->next) {
		/* alone already: what the store said is the answer */
		if (jobs->result == 0)
			jobs->result =
			    err_set(&jobs->err, ERR_AUDIT_WRITE_FAILED,
				"the store failed without saying why");
		return jobs;
	}
	if (batch.spoiled && run_again(journal, jobs))
		return jobs;
	for (struct job *job = jobs; job; job = job->next)
		run_alone(journal, job);
	return jobs;
}

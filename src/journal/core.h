/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the files of the journal share: the open journal, one transaction of
 * it, and the steps that only the journal itself may run.
 */

#ifndef IAG_JOURNAL_CORE_H
#define IAG_JOURNAL_CORE_H

#include <pthread.h>

#include "host/store.h"
#include "journal/audit.h"
#include "journal/bytes.h"
#include "journal/chain.h"
#include "journal/journal.h"
#include "journal/keys.h"
#include "journal/known.h"
#include "journal/meta.h"
#include "journal/record.h"
#include "journal/switches.h"

/* Which updates may run when others may not. */
enum {
	UPDATE_RESERVED = 0x1, /* below the reserve of room (ruling 24) */
	UPDATE_BIRTH = 0x2,    /* on a store that is empty */
	UPDATE_ADOPT = 0x4,    /* on a store that is not adopted */
	UPDATE_EXPECTED = 0x8  /* announced by writer_expect() */
};

struct job;

struct journal {
	struct instance *store; /* borrowed */
	struct keys keys;       /* never change while open */
	enum journal_mode mode;
	uint32_t live_days; /* retention, from the configuration */
	uint32_t read_days;
	bool immutable_live;
	bool export_required;

	/* the store's identity, as it was when it was opened */
	uint64_t device;
	uint64_t inode;
	char machine[MACHINE_SIZE];
	char *place; /* path for operators; owned */
	struct known known;

	/* of who writes: kept from batch to batch */
	struct chain chain;

	pthread_t thread;
	bool has_thread;
	pthread_mutex_t mutex; /* guards everything below */
	pthread_cond_t wake;   /* there is work for the thread, or closing */
	pthread_cond_t gather; /* nothing more is expected, or closing */
	struct seat *seats;    /* that nobody has */
	struct job *first;     /* the queue */
	struct job *last;
	unsigned expected; /* jobs that will come within moments */
	bool closing;
	bool busy;    /* somebody writes: the thread, or a caller */
	bool waiting; /* for the store's write lock */
	bool adopted;
	bool stopped; /* writes no more; why says it */
	char why[200];
	struct meta_store info; /* as last read */
};

/*
 * What a transaction sees of the chain; the working copy of a step is taken
 * over by the batch only if the step succeeds.
 */
struct journal_txn {
	struct journal *journal;
	struct store_txn *store;
	bool write;
	bool broken; /* the store failed: the batch must be run again */
	bool wrote;  /* something that only an abort takes back */
	struct meta_store info;
	struct meta_head head;
	uint64_t now_ns;
	uint64_t change; /* the store's counter at the beginning; 0: ? */
	struct chain *chain;
	struct buf changes; /* elements of the record's "changes" */
	bool unproved;      /* changes wait for txn_audit() */
	bool audited;
	struct buf row;    /* a row that was handed out */
	struct buf entry;  /* an entry that was read */
	struct chain *old; /* rotation: the chain of the key that ends */
	const struct keys *next_keys; /* rotation: seals the meta rows */
};

/* txn.c */
void txn_init(struct journal_txn *txn, struct journal *journal,
    struct store_txn *store, bool write, struct chain *chain);
void txn_fini(struct journal_txn *txn);
/* Read and check the meta rows into txn (not on an empty store). */
int txn_load(struct journal_txn *txn, struct err *err);
int txn_load_store(struct journal_txn *txn, struct err *err);
/* Read entry number sequence, checked, into txn->entry. */
int txn_entry(struct journal_txn *txn, uint64_t sequence,
    struct entry *ret_entry, struct err *err);
/* The same of what was read as it, behind previous; borrowed from value. */
int txn_check_entry(struct journal_txn *txn, uint64_t sequence,
    const uint8_t previous[HASH_SIZE], struct iag_bytes value,
    struct entry *ret_entry, struct err *err);
/* JOURNAL_CORRUPT: what is wrong with the record. */
int entry_error(uint64_t sequence, const char *why, struct err *err);
/* Append a rendered record. */
int txn_append(
    struct journal_txn *txn, const struct record *record, struct err *err);
/* Note a store result: anything but "no such key" breaks the batch. */
int txn_note(struct journal_txn *txn, int rc);
/* Write the meta row "store" from txn->info. */
int txn_save_store(struct journal_txn *txn, struct err *err);

/* evidence.c: state rows and the records that prove them (ruling 27). */
#define EVIDENCE_SIZE 8 /* the sequence behind each row's value */
/* Hexadecimal digests of a change: of what it is, and of which row. */
struct change {
	char hash[HASH_HEX_SIZE]; /* SHA-256 over table, key and value */
	char key[33];             /* salted digest of table and key */
};
void change_init(struct change *change, const struct meta_store *info,
    enum journal_table table, struct iag_bytes key, struct iag_bytes value);
/* As an element of "changes"; deleted: the row is gone. */
void change_format(const struct change *change, enum journal_table table,
    bool deleted, struct buf *out);
/* Does the record at sequence prove this row? */
int evidence_check(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes key, struct iag_bytes value, uint64_t sequence,
    struct err *err);
/* A row without its evidence, checked; value points into row. */
int evidence_open(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes key, struct iag_bytes row, struct iag_bytes *ret_value,
    struct err *err);
const char *table_name(enum journal_table table);

/* snapshot.c */
bool journal_is_at_home(
    const struct journal *journal, const struct meta_store *info);
/*
 * Run step over a snapshot whose meta rows were not looked at: for verify,
 * which says what is wrong with them.
 */
int snapshot_run(
    struct journal *journal, journal_step *step, void *arg, struct err *err);

/* writer.c */
int writer_start(struct journal *journal, struct err *err);
void writer_stop(struct journal *journal);
int writer_run(struct journal *journal, struct call *call, unsigned flags,
    journal_step *step, void *arg, struct err *err);
/*
 * A job will be queued within moments, with UPDATE_EXPECTED, or is called off
 * by writer_forget().  Who writes waits a moment for it.
 */
void writer_expect(struct journal *journal);
void writer_forget(struct journal *journal);
/* The seats go with the journal. */
void writer_fini(struct journal *journal);
/* For batch_run(): the jobs of this batch, now running; NULL: none came. */
struct job *writer_jobs(struct journal *journal);
/* Refuse every further write and say why. */
void writer_refuse(struct journal *journal, const char *why);

/*
 * What a caller waits on.  It outlives the job, so that it can be rung without
 * the mutex, for which who wakes up would only wait again.
 */
struct seat {
	struct seat *next;
	pthread_cond_t done;
};

/* batch.c: what the writer does with steps. */
struct job {
	struct job *next;
	journal_step *step;
	void *arg;
	unsigned flags;
	struct call *call;
	enum { JOB_QUEUED, JOB_RUNNING, JOB_DONE } state;
	int result;
	struct err err;
	struct seat *seat;
};
/*
 * Prepare txn, take the jobs that wait, run them over it and commit; sets
 * their results and gives them back.  NULL: there was none.
 */
struct job *batch_run(struct journal *journal, struct store_txn *store);

/*
 * rotate.c: take the account key that an earlier secret made from the store;
 * without a rotation there is none and keys stay as they are.
 */
int account_key_load(
    struct journal_txn *txn, struct keys *keys, struct err *err);

/* birth.c */
int birth_run(struct journal *journal, struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The journal: every durable thing goes through journal_update(), which runs
 * a step inside a write transaction of the store, together with the audit
 * record that is the evidence of it.  Steps are run in order, by one at a
 * time: a caller that finds nobody writing, or the process's writer thread;
 * all that wait share one sync (group commit).  Reads take snapshots and wait
 * for nobody.
 */

#ifndef IAG_JOURNAL_JOURNAL_H
#define IAG_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/secret.h"
#include "config/config.h"
#include "host/call.h"
#include "host/host.h"
#include "ibkr-agent/types.h"

/* The tables of architecture.md section 5; numbers are stored for ever. */
enum journal_table {
	TABLE_META = 1,
	TABLE_AUDIT = 2,
	TABLE_PREVIEWS = 3,
	TABLE_APPROVALS = 4,
	TABLE_GROUPS = 5,
	TABLE_INTENTS = 6,
	TABLE_ORDERS = 7,
	TABLE_ACTIVITY = 8,
	TABLE_SWITCHES = 9,
	TABLE_STATE = 10
};

struct journal;
struct audit_event;

/*
 * One transaction as a step sees it.  A step uses only its transaction: no
 * I/O, no lock, no plugin, no other journal call; it may run more than once,
 * and what it computed counts only after journal_update() returned 0.
 */
struct journal_txn;
typedef int journal_step(struct journal_txn *txn, void *arg, struct err *err);

enum journal_mode {
	JOURNAL_WRITE,    /* create the store if there is none */
	JOURNAL_READ_ONLY /* `verify` of another store: nothing is written */
};

/*
 * Open the journal over a started store instance (borrowed; the only user
 * of it).  Keys are derived from secret, which may be freed afterwards.
 * JOURNAL_UNAVAILABLE: locked, no room, unknown format, wrong key (each said
 * plainly).  A copied or restored store opens, but journal_is_adopted() is
 * false and updates other than `store adopt` fail (ruling 25).  A damaged
 * store is JOURNAL_CORRUPT for JOURNAL_WRITE and opens for reading, so that
 * audit_verify() can say what is wrong with it; other reads of it fail.
 */
int journal_open(struct instance *store, const struct secret *secret,
    const struct config *config, enum journal_mode mode,
    struct journal **ret_journal, struct err *err);
/* Lets queued steps end first; NULL is fine. */
void journal_close(struct journal *journal);

/*
 * Run step durably; 0 only after the disk has it.  A result of the step that
 * is not 0 takes back only its own changes and is returned as it is.  A step
 * still queued at the call's deadline is withdrawn (CALL_TIMED_OUT); call
 * may be NULL (no deadline).
 */
int journal_update(struct journal *journal, struct call *call,
    journal_step *step, void *arg, struct err *err);
/*
 * The same for what must go on when room runs out: with less of disk or of
 * the store's limit journal_update() refuses (ruling 24), this does not.
 * Only for settling, cancelling, the kill switch and reconciling.
 */
#define JOURNAL_RESERVE_BYTES UINT64_C(67108864)
int journal_update_reserved(struct journal *journal, struct call *call,
    journal_step *step, void *arg, struct err *err);
/* Run step over a snapshot; changes are refused. */
int journal_view(
    struct journal *journal, journal_step *step, void *arg, struct err *err);

/* The plain case: one audit record and nothing else. */
int journal_record(struct journal *journal, struct call *call,
    const struct audit_event *event, struct err *err);
/* The same from the reserve of room. */
int journal_record_reserved(struct journal *journal, struct call *call,
    const struct audit_event *event, struct err *err);

/* Inside a step.  IAG_NOTFOUND comes without an error text. */
int txn_get(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes key, struct iag_bytes *ret_value, struct err *err);
/*
 * State rows: the sequence of the step's audit record is put behind the
 * value, and the record gets SHA-256 over table, key and value (ruling 27),
 * so a step that puts or deletes must end with txn_audit().
 */
int txn_put(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes key, struct iag_bytes value, struct err *err);
int txn_del(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes key, struct err *err);
/* The step's one audit record, after all puts. */
int txn_audit(
    struct journal_txn *txn, const struct audit_event *event, struct err *err);
/* max(now, highest recorded time): the time that gates go by (ruling 15). */
uint64_t txn_now_ns(const struct journal_txn *txn);
/* The highest recorded time by itself. */
uint64_t txn_highest_ns(const struct journal_txn *txn);

/* Visit entries from `from` on (empty: the end); stop when visit() != 0. */
typedef int journal_visit(
    struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err);
int txn_walk(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes from, bool backward, journal_visit *visit, void *arg,
    struct err *err);

/* HMAC under the account label: what audit and logs show of an account. */
void journal_account_hash(const struct journal *journal, const char *account,
    char ret_hex[HASH_HEX_SIZE]);
/* HMAC under the content label: input_hash and output_hash (ruling 29). */
void journal_content_hash(const struct journal *journal, const void *data,
    size_t len, char ret_hex[HASH_HEX_SIZE]);

/*
 * Guards of the store: named locks across processes and threads, freed when
 * the owner's process ends (rulings 3, 8, 11).  Never inside a step.  Taking
 * waits until the call's deadline (JOURNAL_UNAVAILABLE).
 */
struct store_guard;
int journal_guard_take(struct journal *journal, struct call *call,
    const char *name, bool exclusive, struct store_guard **ret_guard,
    struct err *err);
/* 0: nobody holds it; IAG_AGAIN: somebody does, without an error text. */
int journal_guard_check(
    struct journal *journal, const char *name, struct err *err);
void journal_guard_drop(struct store_guard *guard); /* NULL is fine */

/* `store status` and doctor: a JSON object text. */
int journal_status(struct journal *journal, struct buf *out, struct err *err);
/* How many updates wait for the writer now. */
size_t journal_queue(struct journal *journal);
bool journal_is_adopted(struct journal *journal);
/*
 * How often this store was born or adopted, from 1 on.  Previews, approvals
 * and open intents of an earlier incarnation are void: expired, expired and
 * unknown (ruling 25); whoever writes such rows puts this number into them.
 */
uint64_t journal_incarnation(struct journal *journal);
/*
 * `store adopt --reason` (ruling 25): the next incarnation, the live switch
 * closed, and TABLE_STATE "journal/reconcile" set until a reconcile that is
 * complete, in one pass or in several that go on where the last one ended,
 * deletes it.
 */
int journal_adopt(struct journal *journal, struct call *call,
    const char *principal, const char *reason, struct err *err);

#endif

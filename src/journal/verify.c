/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Verifying the chain: one pass over the records in order, with a cursor and
 * without copies, so that time goes into the hashes and memory stays flat.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "journal/checkpoint.h"
#include "journal/statecheck.h"
#include "journal/stub.h"

#define PROGRESS_STEPS 4096u

struct verify {
	uint64_t first;
	uint64_t last;
	unsigned flags;
	const struct checkpoint *checkpoint; /* NULL: none */
	audit_progress *progress;
	void *arg;
	struct audit_verdict verdict;
	struct stub_map stubs;
	uint8_t previous[HASH_SIZE];
	uint64_t next; /* sequence that comes now */
};

/* The verdict is final: not valid, from sequence on, because of why. */
static int __attribute__((format(printf, 3, 4)))
verify_break(struct verify *verify, uint64_t sequence, const char *why, ...)
{
	struct audit_verdict *verdict = &verify->verdict;
	va_list ap;

	verdict->valid = false;
	verdict->first_break = sequence;
	va_start(ap, why);
	(void)vsnprintf(verdict->reason, sizeof(verdict->reason), why, ap);
	va_end(ap);
	return 1;
}

static int
check_stub(struct verify *verify, struct journal_txn *txn, uint64_t sequence,
    struct err *err)
{
	int rc = stub_map_load(&verify->stubs, txn, sequence, err);

	if (rc == IAG_CORRUPT) {
		rc = verify_break(verify, sequence, "%s", err_text(err));
		err_fini(err);
		return rc;
	}
	if (rc < 0)
		return rc;
	if (!stub_map_has(&verify->stubs, sequence))
		return verify_break(verify, sequence,
		    "the record was removed, but not by a purge");
	return 0;
}

/* Compare with the checkpoint's head where the chain passes it. */
static int
check_anchor(struct verify *verify, uint64_t sequence)
{
	const struct checkpoint *checkpoint = verify->checkpoint;

	if (!checkpoint || sequence != checkpoint->size - 1)
		return 0;
	if (!hash_equal(verify->previous, checkpoint->head))
		return verify_break(verify, sequence,
		    "the chain is not the one of the checkpoint");
	verify->verdict.anchored = true;
	return 0;
}

/* 0: go on; 1: the verdict is there; negative: could not be read. */
static int
check_one(struct verify *verify, struct journal_txn *txn, struct iag_bytes key,
    struct iag_bytes value, struct err *err)
{
	uint64_t sequence = verify->next;
	struct entry entry;
	const char *why;
	bool stub;

	if (key.len != 8 || get_u64(key.data) != sequence)
		return verify_break(verify, sequence, "the record is missing");
	verify->verdict.scanned++;
	if (!entry_parse(value, &entry))
		return verify_break(verify, sequence, "the record is damaged");
	why = entry_check(txn->chain, &entry, sequence, verify->previous,
	    sequence >= txn->info.keyed_from);
	if (why)
		return verify_break(verify, sequence, "%s", why);
	stub = entry.type == ENTRY_STUB;
	memcpy(verify->previous, entry.hash, HASH_SIZE);
	verify->next++;
	if (check_anchor(verify, sequence))
		return 1;
	return stub ? check_stub(verify, txn, sequence, err) : 0;
}

static int
tell(struct verify *verify, uint64_t total, struct err *err)
{
	if (!verify->progress ||
	    verify->verdict.scanned % PROGRESS_STEPS != 0 ||
	    verify->progress(verify->verdict.scanned, total, verify->arg) == 0)
		return 0;
	return err_set(err, ERR_CALL_CANCELLED, "cancelled");
}

static int
scan(struct verify *verify, struct journal_txn *txn,
    struct store_cursor *cursor, struct err *err)
{
	uint64_t total = txn->head.count;
	int rc = 0;

	if (verify->last < total)
		total = verify->last + 1;
	total -= verify->first < total ? verify->first : total;
	while (rc == 0 && verify->next <= verify->last) {
		struct iag_bytes key, value;

		rc = store_cursor_step(cursor, &key, &value, err);
		if (rc == IAG_NOTFOUND)
			return 0;
		if (rc == IAG_CORRUPT) {
			rc = verify_break(
			    verify, verify->next, "%s", err_text(err));
			err_fini(err);
		}
		if (rc == 0)
			rc = check_one(verify, txn, key, value, err);
		if (rc == 0)
			rc = tell(verify, total, err);
	}
	return rc;
}

static int
scan_range(struct verify *verify, struct journal_txn *txn, struct err *err)
{
	struct store_cursor *cursor = NULL;
	uint8_t key[8];
	struct iag_bytes value;
	int rc = 0;

	if (verify->first > 0) {
		put_u64(key, verify->first - 1);
		rc = store_get(txn->store, TABLE_AUDIT,
		    bytes_of(key, sizeof(key)), &value, err);
		if (rc == IAG_NOTFOUND || (rc == 0 && value.len < HASH_SIZE))
			return verify_break(verify, verify->first - 1,
			    "the record before the range is missing");
		if (rc < 0)
			return rc;
		memcpy(verify->previous, value.data, HASH_SIZE);
	}
	put_u64(key, verify->first);
	rc = store_cursor_open(txn->store, TABLE_AUDIT,
	    bytes_of(key, sizeof(key)), true, false, &cursor, err);
	if (rc < 0)
		return rc;
	rc = scan(verify, txn, cursor, err);
	store_cursor_close(cursor);
	return rc;
}

/* What the head of the chain says must be what was found. */
static int
check_end(struct verify *verify, struct journal_txn *txn, struct err *head)
{
	if (head->code != ERR_NONE)
		return verify_break(verify, verify->next, "%s", err_text(head));
	if (verify->last < txn->head.count)
		return 0;
	if (verify->next != txn->head.count)
		return verify_break(verify, verify->next,
		    "the chain has %llu records where its head names %llu",
		    (unsigned long long)verify->next,
		    (unsigned long long)txn->head.count);
	if (!hash_equal(verify->previous, txn->head.hash))
		return verify_break(verify, verify->next - 1,
		    "the chain does not end where its head says");
	return 0;
}

static int
check_checkpoint(
    struct verify *verify, struct journal_txn *txn, struct err *err)
{
	const struct checkpoint *checkpoint = verify->checkpoint;
	uint64_t at;
	struct entry entry;
	int rc;

	if (!checkpoint || verify->verdict.anchored)
		return 0;
	if (checkpoint->size > txn->head.count)
		return verify_break(verify, txn->head.count,
		    "the chain was cut: the checkpoint saw %llu records, "
		    "%llu are left",
		    (unsigned long long)checkpoint->size,
		    (unsigned long long)txn->head.count);
	at = checkpoint->size - 1;
	rc = txn_entry(txn, at, &entry, err);
	if (rc < 0)
		return rc;
	memcpy(verify->previous, entry.hash, HASH_SIZE);
	return check_anchor(verify, at);
}

static int
check_state(struct verify *verify, struct journal_txn *txn, struct err *err)
{
	int rc;

	if (!(verify->flags & AUDIT_VERIFY_STATE))
		return 0;
	rc = state_check(txn, err);
	if (rc == IAG_CORRUPT) {
		rc = verify_break(verify, UINT64_MAX, "%s", err_text(err));
		err_fini(err);
		return rc;
	}
	verify->verdict.state_checked = rc == 0;
	return rc;
}

/*
 * Is the question one about this chain?  A checkpoint that saw more records
 * than there are is the evidence of a cut, and so comes first.
 */
static int
check_question(
    struct verify *verify, const struct journal_txn *txn, struct err *err)
{
	const struct checkpoint *checkpoint = verify->checkpoint;
	unsigned long long count = txn->head.count;

	if (checkpoint &&
	    memcmp(checkpoint->store_id, txn->info.id, STORE_ID_SIZE) != 0) {
		verify->verdict.misfit = true;
		return err_set(err, ERR_INPUT_INVALID,
		    "the checkpoint is of another store");
	}
	if (verify->first == 0 || verify->first < count ||
	    (checkpoint && checkpoint->size > count))
		return 0;
	return err_set(err, ERR_INPUT_INVALID,
	    "the chain has %llu records, 0 to %llu: there is no record %llu "
	    "to begin with",
	    count, count ? count - 1 : 0, (unsigned long long)verify->first);
}

static int
verify_chain(struct verify *verify, struct journal_txn *txn, struct err *err)
{
	CLEANUP_ERR struct err head = ERR_INIT;
	int rc = txn_load(txn, &head);

	if (rc < 0 && rc != IAG_CORRUPT) {
		err_move(err, &head);
		return rc;
	}
	rc = rc == 0 ? check_question(verify, txn, err) : 0;
	/* what has no MAC of this key is held by the rotation behind it */
	if (verify->last < txn->info.keyed_from)
		verify->last = txn->info.keyed_from;
	if (rc == 0)
		rc = scan_range(verify, txn, err);
	if (rc == 0)
		rc = check_end(verify, txn, &head);
	if (rc == 0)
		rc = check_checkpoint(verify, txn, err);
	if (rc == 0)
		rc = check_state(verify, txn, err);
	return rc;
}

static int
verify_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct verify *verify = arg;
	int rc = txn_load_store(txn, err);

	if (rc == IAG_NOTFOUND)
		return err_set(
		    err, ERR_JOURNAL_UNAVAILABLE, "there is no store here yet");
	if (rc == IAG_CORRUPT) {
		(void)verify_break(verify, 0, "%s", err_text(err));
		err_fini(err);
		return 0;
	}
	if (rc == 0)
		rc = verify_chain(verify, txn, err);
	if (rc == IAG_CORRUPT) {
		(void)verify_break(verify, verify->next, "%s", err_text(err));
		err_fini(err);
	}
	return rc < 0 && rc != IAG_CORRUPT ? rc : 0;
}

static void
conclude(struct verify *verify)
{
	struct audit_verdict *verdict = &verify->verdict;

	if (!verdict->valid)
		return;
	if (!verdict->anchored)
		(void)snprintf(verdict->reason, sizeof(verdict->reason),
		    "self-attested: truncation to an earlier state is not "
		    "excluded");
	else
		(void)snprintf(verdict->reason, sizeof(verdict->reason),
		    "anchored by a checkpoint of %llu records%s",
		    (unsigned long long)verify->checkpoint->size,
		    verify->checkpoint->keyed
			? ""
			: " (made with another key, its MAC was not checked)");
}

int
audit_verify(struct journal *journal, uint64_t first, uint64_t last,
    unsigned flags, const char *checkpoint, audit_progress *progress, void *arg,
    struct audit_verdict *ret_verdict, struct err *err)
{
	struct checkpoint anchor;
	struct verify verify = {
		.first = first,
		.last = last,
		.flags = flags,
		.progress = progress,
		.arg = arg,
		.next = first,
		.verdict = { .valid = true, .first_break = UINT64_MAX },
	};
	CLEANUP_ERR struct err own = ERR_INIT;
	int rc = 0;

	if (checkpoint) {
		rc = checkpoint_parse(checkpoint, &journal->keys, &anchor, err);
		verify.checkpoint = &anchor;
	}
	if (rc < 0) {
		ret_verdict->misfit = rc == IAG_INVAL;
		return rc;
	}
	stub_map_init(&verify.stubs);
	rc = snapshot_run(journal, verify_step, &verify, &own);
	if (rc < 0) {
		err_move(err, &own);
		ret_verdict->misfit = verify.verdict.misfit;
		return rc;
	}
	conclude(&verify);
	*ret_verdict = verify.verdict;
	return 0;
}

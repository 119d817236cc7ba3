/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The birth of a store: its identity, its switches (live closed, paper open)
 * and record 0, in one transaction.
 */

#include "journal/core.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "journal/switches.h"

/* How long another process may keep the new store's lock to itself. */
#define BIRTH_NS (30 * NS_PER_S)

static int
write_format(struct journal_txn *txn, struct err *err)
{
	txn->wrote = true;
	return txn_note(
	    txn, store_put(txn->store, TABLE_META, bytes_str("format"),
		     bytes_str(META_FORMAT), IAG_STORE_NO_OVERWRITE, err));
}

static int
birth_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct meta_store *info = arg;
	const struct audit_event event = {
		.event_type = "store_created",
		.principal = "system",
		.principal_kind = "system",
		.decision = "allow",
		.result_status = "completed",
	};
	int rc;

	if (txn->head.count > 0)
		return 0; /* another process was quicker */
	txn->info = *info;
	txn->info.born_ns = txn->now_ns;
	memcpy(txn->chain->store_id, info->id, STORE_ID_SIZE);
	rc = write_format(txn, err);
	if (rc == 0)
		rc = txn_save_store(txn, err);
	if (rc == 0)
		rc = switch_write(txn, SWITCH_LIVE, SWITCH_CLOSED, "system",
		    "a new store begins closed", err);
	if (rc == 0)
		rc = switch_write(txn, SWITCH_PAPER, SWITCH_OPEN, "system",
		    "a new store begins open for paper", err);
	return rc < 0 ? rc : txn_audit(txn, &event, err);
}

int
birth_run(struct journal *journal, struct err *err)
{
	struct meta_store info = {
		.incarnation = 1,
		.device = journal->device,
		.inode = journal->inode,
	};
	struct call *call = call_new(clock_boot_ns() + BIRTH_NS);
	int rc;

	if (!call)
		return err_no_memory(err);
	hash_random(info.id, sizeof(info.id));
	hash_random(info.salt, sizeof(info.salt));
	memcpy(info.key_id, journal->keys.id, KEY_ID_SIZE);
	memcpy(info.machine, journal->machine, MACHINE_SIZE);
	rc = writer_run(journal, call, UPDATE_BIRTH, birth_step, &info, err);
	call_unref(call);
	return rc;
}

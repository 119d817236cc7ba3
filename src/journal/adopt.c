/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Adoption (ruling 25): a store that lies elsewhere than it was written may
 * be one of two, so nothing that it promised before holds.
 */

#include <stdio.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "journal/core.h"

#define RECONCILE_KEY "journal/reconcile"

struct adoption {
	const char *principal;
	const char *reason;
};

static int
require_reconcile(struct journal_txn *txn, struct err *err)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "{\"incarnation\":%llu}",
	    (unsigned long long)txn->info.incarnation);
	return txn_put(
	    txn, TABLE_STATE, bytes_str(RECONCILE_KEY), bytes_str(text), err);
}

static int
adopt_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct adoption *adoption = arg;
	struct journal *journal = txn->journal;
	struct json_object *metadata CLEANUP_JSON = json_object_new_object();
	const struct audit_event event = {
		.event_type = "store_adopted",
		.principal = adoption->principal,
		.principal_kind = "operator",
		.decision = "allow",
		.result_status = "completed",
		.metadata = metadata,
	};
	int rc;

	if (journal_is_at_home(journal, &txn->info))
		return err_set(err, ERR_INPUT_INVALID,
		    "the store lies where it was written: nothing to adopt");
	txn->info.incarnation++;
	txn->info.device = journal->device;
	txn->info.inode = journal->inode;
	memcpy(txn->info.machine, journal->machine, MACHINE_SIZE);
	if (!metadata ||
	    json_add_int(
		metadata, "incarnation", (int64_t)txn->info.incarnation) < 0 ||
	    json_add_str(metadata, "reason", adoption->reason) < 0)
		return err_no_memory(err);
	rc = txn_save_store(txn, err);
	if (rc == 0)
		rc = switch_write(txn, SWITCH_LIVE, SWITCH_CLOSED,
		    adoption->principal, adoption->reason, err);
	if (rc == 0)
		rc = require_reconcile(txn, err);
	return rc < 0 ? rc : txn_audit(txn, &event, err);
}

int
journal_adopt(struct journal *journal, struct call *call, const char *principal,
    const char *reason, struct err *err)
{
	struct adoption adoption = { principal, reason };

	if (!reason || reason[0] == '\0')
		return err_set(
		    err, ERR_INPUT_INVALID, "an adoption needs a reason");
	return writer_run(journal, call, UPDATE_ADOPT | UPDATE_RESERVED,
	    adopt_step, &adoption, err);
}

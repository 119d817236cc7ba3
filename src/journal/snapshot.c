/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Reads: a step over a snapshot of the store.  Any thread; nothing is locked
 * while the step runs.
 */

#include "journal/core.h"

#include <string.h>

#include "base/cleanup.h"

bool
journal_is_at_home(const struct journal *journal, const struct meta_store *info)
{
	return info->device == journal->device &&
	       info->inode == journal->inode &&
	       strcmp(info->machine, journal->machine) == 0;
}

struct view {
	journal_step *step;
	void *arg;
};

static int
run(struct journal *journal, struct chain *chain, journal_step *step, void *arg,
    struct err *err)
{
	struct store_txn *store = NULL;
	struct journal_txn txn;
	uint64_t before = 0, after = 0;
	int rc;

	(void)store_change(journal->store, &before, NULL);
	rc = store_begin(journal->store, NULL, IAG_STORE_READ, &store, err);
	if (rc < 0)
		return rc;
	(void)store_change(journal->store, &after, NULL);
	txn_init(&txn, journal, store, false, chain);
	/* only then is it certain which commit the snapshot shows */
	txn.change = before == after ? before : 0;
	rc = step(&txn, arg, err);
	txn_fini(&txn);
	store_abort(store);
	return rc;
}

int
snapshot_run(
    struct journal *journal, journal_step *step, void *arg, struct err *err)
{
	struct chain chain CLEANUP_CHAIN = { .hash = NULL };
	static const uint8_t nobody[STORE_ID_SIZE];
	int rc = chain_init(&chain, journal->keys.chain, nobody, err);

	return rc < 0 ? rc : run(journal, &chain, step, arg, err);
}

static int
view_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct view *view = arg;
	int rc = txn_load(txn, err);

	if (rc == IAG_NOTFOUND)
		return err_set(
		    err, ERR_JOURNAL_UNAVAILABLE, "there is no store here yet");
	return rc < 0 ? rc : view->step(txn, view->arg, err);
}

int
journal_view(
    struct journal *journal, journal_step *step, void *arg, struct err *err)
{
	struct view view = { step, arg };

	return snapshot_run(journal, view_step, &view, err);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Opening and closing a journal, its identity and its state.
 *
 * Threads: any.  journal->mutex guards info, adopted and stopped; what was
 * set by journal_open() and is not named there never changes.
 */

#include "journal/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/thread.h"

static void
journal_free(struct journal *journal)
{
	if (!journal)
		return;
	keys_wipe(&journal->keys);
	chain_fini(&journal->chain);
	free(journal->place);
	known_fini(&journal->known);
	writer_fini(journal);
	(void)pthread_cond_destroy(&journal->gather);
	(void)pthread_cond_destroy(&journal->wake);
	(void)pthread_mutex_destroy(&journal->mutex);
	free(journal);
}

static struct journal *
journal_new(
    struct instance *store, const struct config *config, enum journal_mode mode)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (!journal)
		return NULL;
	journal->store = store;
	journal->mode = mode;
	known_init(&journal->known);
	journal->live_days = config->audit.live_write_retention_days;
	journal->read_days = config->audit.read_retention_days;
	journal->immutable_live = config->audit.immutable_live_events;
	journal->export_required = config->audit.export_required_before_purge;
	(void)pthread_mutex_init(&journal->mutex, NULL);
	cond_init(&journal->wake);
	cond_init(&journal->gather);
	return journal;
}

static int
read_identity(struct journal *journal, struct err *err)
{
	struct store_identity identity;
	int rc = store_identify(journal->store, &identity, err);

	if (rc < 0)
		return rc;
	journal->device = identity.device;
	journal->inode = identity.inode;
	(void)snprintf(journal->machine, sizeof(journal->machine), "%s",
	    identity.machine ? identity.machine : "");
	journal->place = STEAL(identity.path);
	store_identity_fini(&identity);
	return 0;
}

static int
load_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct meta_store *info = arg;
	int rc = txn_load_store(txn, err);

	if (rc == 0)
		*info = txn->info;
	if (rc == 0)
		rc = txn_load(txn, err);
	if (rc == 0)
		rc = account_key_load(txn, &txn->journal->keys, err);
	return rc;
}

/* A damaged store still opens for reading, so that verify can say so. */
static int
load_info(struct journal *journal, struct err *err)
{
	struct meta_store info = { .incarnation = 0 };
	int rc = snapshot_run(journal, load_step, &info, err);

	if (rc == IAG_NOTFOUND && journal->mode == JOURNAL_READ_ONLY)
		return err_set(err, ERR_JOURNAL_UNAVAILABLE,
		    "there is no store in '%s'", journal->place);
	if (rc == IAG_CORRUPT && journal->mode == JOURNAL_READ_ONLY)
		err_fini(err);
	else if (rc < 0)
		return rc;
	journal->info = info;
	journal->adopted = journal_is_at_home(journal, &info);
	return 0;
}

static int
journal_begin(
    struct journal *journal, const struct secret *secret, struct err *err)
{
	int rc = keys_derive(&journal->keys, secret, err);

	if (rc == 0)
		rc = read_identity(journal, err);
	if (rc < 0)
		return rc;
	rc = load_info(journal, err);
	if (journal->mode == JOURNAL_READ_ONLY)
		return rc;
	if (rc < 0 && rc != IAG_NOTFOUND)
		return rc;
	if (chain_init(&journal->chain, journal->keys.chain, journal->info.id,
		err) < 0 ||
	    writer_start(journal, err) < 0)
		return IAG_NOMEM;
	if (rc == 0)
		return 0;
	rc = birth_run(journal, err);
	return rc < 0 ? rc : load_info(journal, err);
}

int
journal_open(struct instance *store, const struct secret *secret,
    const struct config *config, enum journal_mode mode,
    struct journal **ret_journal, struct err *err)
{
	struct journal *journal = journal_new(store, config, mode);
	CLEANUP_ERR struct err own = ERR_INIT;
	int rc;

	if (!journal)
		return err_no_memory(err);
	rc = journal_begin(journal, secret, &own);
	if (rc < 0) {
		err_move(err, &own);
		journal_close(journal);
		return rc;
	}
	*ret_journal = journal;
	return 0;
}

void
journal_close(struct journal *journal)
{
	if (!journal)
		return;
	writer_stop(journal);
	journal_free(journal);
}

int
journal_update(struct journal *journal, struct call *call, journal_step *step,
    void *arg, struct err *err)
{
	return writer_run(journal, call, 0, step, arg, err);
}

int
journal_update_reserved(struct journal *journal, struct call *call,
    journal_step *step, void *arg, struct err *err)
{
	return writer_run(journal, call, UPDATE_RESERVED, step, arg, err);
}

static int
record_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct record *record = arg;

	return txn_append(txn, record, err);
}

static int
record_run(struct journal *journal, struct call *call, unsigned flags,
    const struct audit_event *event, struct err *err)
{
	struct record record CLEANUP_RECORD = { .time_at = 0 };
	int rc;

	writer_expect(journal);
	rc = record_init(&record, &journal->keys, event, err);
	if (rc < 0) {
		writer_forget(journal);
		return rc;
	}
	return writer_run(
	    journal, call, UPDATE_EXPECTED | flags, record_step, &record, err);
}

int
journal_record(struct journal *journal, struct call *call,
    const struct audit_event *event, struct err *err)
{
	return record_run(journal, call, 0, event, err);
}

int
journal_record_reserved(struct journal *journal, struct call *call,
    const struct audit_event *event, struct err *err)
{
	return record_run(journal, call, UPDATE_RESERVED, event, err);
}

void
journal_account_hash(const struct journal *journal, const char *account,
    char ret_hex[HASH_HEX_SIZE])
{
	hmac_hex(journal->keys.account, account, strlen(account), ret_hex);
}

void
journal_content_hash(const struct journal *journal, const void *data,
    size_t len, char ret_hex[HASH_HEX_SIZE])
{
	hmac_hex(journal->keys.content, data, len, ret_hex);
}

bool
journal_is_adopted(struct journal *journal)
{
	LOCK_SCOPE(&journal->mutex);

	return journal->adopted;
}

uint64_t
journal_incarnation(struct journal *journal)
{
	LOCK_SCOPE(&journal->mutex);

	return journal->info.incarnation;
}

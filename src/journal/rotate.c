/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Key rotation (ruling 28): one record carries the MACs of both keys; from
 * it on records are made with the new one, and what is older is held by its
 * hashes, which that record closes.  The key of account ids stays: under
 * another one no intent would be found again, and its order sent twice.
 */

#include "base/cleanup.h"
#include "base/json.h"
#include "journal/core.h"

#define ACCOUNT_KEY "journal/account-key"

struct rotation {
	const char *principal;
	struct keys next;
	struct chain chain; /* of the next key */
	struct chain old;
};

static int
describe(struct journal_txn *txn, struct rotation *rotation,
    struct json_object *metadata)
{
	char text[KEY_ID_HEX_SIZE];
	int rc;

	keys_format_id(txn->info.key_id, text);
	rc = json_add_str(metadata, "old_key_id", text);
	keys_format_id(rotation->next.id, text);
	if (rc == 0)
		rc = json_add_str(metadata, "new_key_id", text);
	return rc;
}

static int
account_key_keep(
    struct journal_txn *txn, const struct keys *next, struct err *err)
{
	uint8_t row[WRAPPED_SIZE];

	keys_wrap(next, txn->journal->keys.account, row);
	return txn_put(txn, TABLE_STATE, bytes_str(ACCOUNT_KEY),
	    bytes_of(row, sizeof(row)), err);
}

int
account_key_load(struct journal_txn *txn, struct keys *keys, struct err *err)
{
	struct iag_bytes row;
	int rc = txn_get(txn, TABLE_STATE, bytes_str(ACCOUNT_KEY), &row, err);

	if (rc < 0)
		return rc == IAG_NOTFOUND ? 0 : rc;
	if (row.len != WRAPPED_SIZE)
		return err_set(err, ERR_JOURNAL_CORRUPT,
		    "the stored account key is damaged");
	keys_unwrap(keys, row.data);
	return 0;
}

/*
 * Write a switch as it stands, so that the rotation is its evidence: records
 * before it carry no MAC that can be checked.  One in doubt stays so.
 */
static int
switch_prove(struct journal_txn *txn, const char *name, struct err *err)
{
	CLEANUP_ERR struct err doubt = ERR_INIT;
	struct buf value CLEANUP_BUF = BUF_INIT;
	struct iag_bytes row;
	int rc = txn_get(txn, TABLE_SWITCHES, bytes_str(name), &row, &doubt);

	if (rc == IAG_NOTFOUND || (rc == IAG_CORRUPT && !txn->broken))
		return 0;
	if (rc < 0) {
		err_move(err, &doubt);
		return rc;
	}
	buf_add(&value, row.data, row.len);
	if (value.failed)
		return err_no_memory(err);
	return txn_put(txn, TABLE_SWITCHES, bytes_str(name),
	    bytes_of(value.data, value.len), err);
}

static int
rotate_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct rotation *rotation = arg;
	struct json_object *metadata CLEANUP_JSON = json_object_new_object();
	const struct audit_event event = {
		.event_type = "audit_key_rotated",
		.principal = rotation->principal,
		.principal_kind = "operator",
		.decision = "allow",
		.result_status = "completed",
		.metadata = metadata,
	};
	int rc;

	if (!metadata || describe(txn, rotation, metadata) < 0)
		return err_no_memory(err);
	/* while the old key still checks what proves them */
	rc = switch_prove(txn, SWITCH_LIVE, err);
	if (rc == 0)
		rc = switch_prove(txn, SWITCH_PAPER, err);
	if (rc < 0)
		return rc;
	memcpy(rotation->chain.store_id, txn->info.id, STORE_ID_SIZE);
	memcpy(txn->info.key_id, rotation->next.id, KEY_ID_SIZE);
	txn->info.keyed_from = txn->head.count;
	txn->next_keys = &rotation->next;
	rc = txn_save_store(txn, err);
	if (rc == 0)
		rc = account_key_keep(txn, &rotation->next, err);
	if (rc < 0)
		return rc;
	txn->chain = &rotation->chain;
	txn->old = &rotation->old;
	return txn_audit(txn, &event, err);
}

static int
prepare(struct rotation *rotation, struct journal *journal,
    const struct secret *secret, struct err *err)
{
	static const uint8_t nobody[STORE_ID_SIZE];
	int rc = keys_derive(&rotation->next, secret, err);

	if (rc < 0)
		return rc;
	if (memcmp(rotation->next.id, journal->keys.id, KEY_ID_SIZE) == 0)
		return err_set(
		    err, ERR_INPUT_INVALID, "the new secret is the one in use");
	rc = chain_init(&rotation->chain, rotation->next.chain, nobody, err);
	if (rc == 0)
		rc = chain_init(
		    &rotation->old, journal->keys.chain, nobody, err);
	return rc;
}

int
audit_rotate_key(struct journal *journal, struct call *call,
    const char *principal, const struct secret *new_secret, struct err *err)
{
	struct rotation rotation = { .principal = principal };
	int rc = prepare(&rotation, journal, new_secret, err);

	if (rc == 0)
		rc = journal_update(journal, call, rotate_step, &rotation, err);
	if (rc == 0)
		writer_refuse(journal,
		    "the key was rotated: configure the new secret and start "
		    "again");
	chain_fini(&rotation.chain);
	chain_fini(&rotation.old);
	keys_wipe(&rotation.next);
	return rc;
}

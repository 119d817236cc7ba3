/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One transaction as a step sees it: rows with their evidence, the audit
 * record, and the time that only grows.
 */

#include "journal/core.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

void
txn_init(struct journal_txn *txn, struct journal *journal,
    struct store_txn *store, bool write, struct chain *chain)
{
	*txn = (struct journal_txn){
		.journal = journal,
		.store = store,
		.write = write,
		.chain = chain,
		.now_ns = clock_real_ns(),
	};
}

void
txn_fini(struct journal_txn *txn)
{
	buf_fini(&txn->changes);
	buf_fini(&txn->row);
	buf_fini(&txn->entry);
}

int
txn_note(struct journal_txn *txn, int rc)
{
	if (rc < 0 && rc != IAG_NOTFOUND)
		txn->broken = true;
	return rc;
}

static int
corrupt(struct err *err, const char *what)
{
	return err_set(err, ERR_JOURNAL_CORRUPT, "%s", what);
}

static int
meta_get(struct journal_txn *txn, const char *name, struct iag_bytes *ret_row,
    struct err *err)
{
	return txn_note(txn,
	    store_get(txn->store, TABLE_META, bytes_str(name), ret_row, err));
}

static int
other_key(const struct journal_txn *txn, struct err *err)
{
	char theirs[KEY_ID_HEX_SIZE], ours[KEY_ID_HEX_SIZE];
	int rc;

	keys_format_id(txn->info.key_id, theirs);
	keys_format_id(txn->journal->keys.id, ours);
	rc = err_set(err, ERR_JOURNAL_UNAVAILABLE,
	    "wrong key: the store was written with key '%s', the configured "
	    "secret makes key '%s'",
	    theirs, ours);
	err_action(err,
	    "configure the secret that the store was written with; after "
	    "`ibkr-agent audit rotate-key` that is the new one (the variable "
	    "of audit.hmac_secret_env goes before audit.hmac_secret_file)");
	return rc;
}

static int
check_format(struct journal_txn *txn, struct err *err)
{
	struct iag_bytes row;
	int rc = meta_get(txn, "format", &row, err);

	if (rc < 0)
		return rc;
	if (row.len == strlen(META_FORMAT) &&
	    memcmp(row.data, META_FORMAT, row.len) == 0)
		return 0;
	rc = err_set(err, ERR_JOURNAL_UNAVAILABLE,
	    "the store has format '%.*s'; this program reads '%s'",
	    row.len < 40 ? (int)row.len : 40, (const char *)row.data,
	    META_FORMAT);
	err_action(err,
	    "use the program that wrote the store; to change over, let its "
	    "orders end there, export the trail, and begin another store");
	return rc;
}

/* The same bytes as those whose seal was checked or made before. */
static bool
is_known(const struct journal_txn *txn, const char *name, struct iag_bytes row)
{
	return known_has(
	    &txn->journal->known, TABLE_META, bytes_str(name), row);
}

static enum meta_result
read_store(struct journal_txn *txn, struct iag_bytes row)
{
	enum meta_result result;

	if (is_known(txn, "store", row)) {
		meta_store_read(row, &txn->info);
		return META_OK;
	}
	result = meta_store_parse(row, &txn->journal->keys, &txn->info);
	if (result == META_OK)
		known_add(
		    &txn->journal->known, TABLE_META, bytes_str("store"), row);
	return result;
}

int
txn_load_store(struct journal_txn *txn, struct err *err)
{
	struct iag_bytes row;
	int rc = check_format(txn, err);

	if (rc < 0)
		return rc;
	rc = meta_get(txn, "store", &row, err);
	if (rc == IAG_NOTFOUND)
		return corrupt(err, "the store has no identity");
	if (rc < 0)
		return rc;
	switch (read_store(txn, row)) {
	case META_OK:
		memcpy(txn->chain->store_id, txn->info.id, STORE_ID_SIZE);
		return 0;
	case META_OTHER_KEY:
		return other_key(txn, err);
	case META_DAMAGED:
		break;
	}
	return corrupt(err, "the store's identity is damaged");
}

/*
 * The head names the store's counter as its own commit left it.  Another
 * one means that the tree is not that of the last commit, as when a damaged
 * pointer leads back to an older root.  A copy counts anew.
 */
static int
check_change(struct journal_txn *txn, struct err *err)
{
	if (txn->change == 0 || txn->head.change == 0 ||
	    txn->change == txn->head.change ||
	    !journal_is_at_home(txn->journal, &txn->info))
		return 0;
	return corrupt(err,
	    "the store was changed by another program, or shows an older "
	    "state than its last commit");
}

/* The head must be the hash of the last entry, and nothing behind it. */
static int
check_head(struct journal_txn *txn, struct err *err)
{
	uint8_t key[8];
	struct iag_bytes value;
	struct entry entry;
	int rc;

	if (txn->head.count == 0)
		return corrupt(err, "the store has no records");
	put_u64(key, txn->head.count - 1);
	rc = txn_note(txn, store_get(txn->store, TABLE_AUDIT,
			       bytes_of(key, sizeof(key)), &value, err));
	if (rc == IAG_NOTFOUND)
		return corrupt(err, "the last records are missing");
	if (rc < 0)
		return rc;
	if (!entry_parse(value, &entry) ||
	    !hash_equal(entry.hash, txn->head.hash))
		return corrupt(err, "the last record is not the one that the "
				    "head of the chain names");
	return 0;
}

int
txn_load(struct journal_txn *txn, struct err *err)
{
	struct iag_bytes row;
	int rc = txn_load_store(txn, err);

	if (rc < 0)
		return rc;
	rc = meta_get(txn, "head", &row, err);
	if (rc == IAG_NOTFOUND)
		return corrupt(err, "the store has no head of the chain");
	if (rc < 0)
		return rc;
	if (is_known(txn, "head", row))
		meta_head_read(row, &txn->head);
	else if (!meta_head_parse(row, &txn->journal->keys, &txn->head))
		return corrupt(err, "the head of the chain is damaged");
	if (txn->now_ns < txn->head.time_ns)
		txn->now_ns = txn->head.time_ns;
	rc = check_change(txn, err);
	return rc < 0 ? rc : check_head(txn, err);
}

uint64_t
txn_now_ns(const struct journal_txn *txn)
{
	return txn->now_ns;
}

uint64_t
txn_highest_ns(const struct journal_txn *txn)
{
	return txn->head.time_ns;
}

int
entry_error(uint64_t sequence, const char *why, struct err *err)
{
	return err_set(err, ERR_JOURNAL_CORRUPT, "record %llu: %s",
	    (unsigned long long)sequence, why);
}

static int
entry_get(struct journal_txn *txn, uint64_t sequence,
    struct iag_bytes *ret_value, struct err *err)
{
	uint8_t key[8];
	int rc;

	put_u64(key, sequence);
	rc = txn_note(txn, store_get(txn->store, TABLE_AUDIT,
			       bytes_of(key, sizeof(key)), ret_value, err));
	if (rc == IAG_NOTFOUND)
		rc = entry_error(sequence, "missing", err);
	return rc;
}

int
txn_check_entry(struct journal_txn *txn, uint64_t sequence,
    const uint8_t previous[HASH_SIZE], struct iag_bytes value,
    struct entry *ret_entry, struct err *err)
{
	const char *why;

	if (!entry_parse(value, ret_entry))
		return entry_error(sequence, "damaged", err);
	why = entry_check(txn->chain, ret_entry, sequence, previous,
	    sequence >= txn->info.keyed_from);
	return why ? entry_error(sequence, why, err) : 0;
}

int
txn_entry(struct journal_txn *txn, uint64_t sequence, struct entry *ret_entry,
    struct err *err)
{
	uint8_t previous[HASH_SIZE] = { 0 };
	struct iag_bytes value;
	int rc;

	if (sequence > 0) {
		rc = entry_get(txn, sequence - 1, &value, err);
		if (rc < 0)
			return rc;
		if (value.len < HASH_SIZE)
			return entry_error(sequence - 1, "damaged", err);
		memcpy(previous, value.data, HASH_SIZE);
	}
	rc = entry_get(txn, sequence, &value, err);
	if (rc < 0)
		return rc;
	buf_reset(&txn->entry);
	buf_add(&txn->entry, value.data, value.len);
	if (txn->entry.failed)
		return err_no_memory(err);
	return txn_check_entry(txn, sequence, previous,
	    bytes_of(txn->entry.data, txn->entry.len), ret_entry, err);
}

int
txn_append(
    struct journal_txn *txn, const struct record *record, struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct buf value CLEANUP_BUF = BUF_INIT;
	uint8_t key[8], hash[HASH_SIZE];
	int rc;

	record_format(record, buf_text(&txn->changes), txn->now_ns, &text);
	entry_format(txn->chain, txn->old, txn->head.count, txn->head.hash,
	    buf_text(&text), text.len, &value, hash);
	if (text.failed || value.failed || txn->changes.failed)
		return err_no_memory(err);
	put_u64(key, txn->head.count);
	txn->wrote = true;
	rc = store_put(txn->store, TABLE_AUDIT, bytes_of(key, sizeof(key)),
	    bytes_of(value.data, value.len), IAG_STORE_NO_OVERWRITE, err);
	if (rc == IAG_REJECTED)
		return entry_error(
		    txn->head.count, "stands behind the end of the chain", err);
	if (txn_note(txn, rc) < 0)
		return rc;
	memcpy(txn->head.hash, hash, HASH_SIZE);
	txn->head.count++;
	txn->head.time_ns = txn->now_ns;
	txn->unproved = false;
	txn->audited = true;
	return 0;
}

int
txn_audit(
    struct journal_txn *txn, const struct audit_event *event, struct err *err)
{
	struct record record CLEANUP_RECORD = { .time_at = 0 };
	int rc;

	if (!txn->write || txn->audited)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "a step makes exactly one audit record");
	rc = record_init(&record, &txn->journal->keys, event, err);
	return rc < 0 ? rc : txn_append(txn, &record, err);
}

static bool
is_state(enum journal_table table)
{
	return table >= TABLE_PREVIEWS && table <= TABLE_STATE;
}

static int
check_put(
    const struct journal_txn *txn, enum journal_table table, struct err *err)
{
	if (!txn->write || txn->audited || !is_state(table))
		return err_set(err, ERR_INTERNAL_ERROR,
		    "a step changes state rows only, before its audit record");
	return 0;
}

int
txn_put(struct journal_txn *txn, enum journal_table table, struct iag_bytes key,
    struct iag_bytes value, struct err *err)
{
	struct buf row CLEANUP_BUF = BUF_INIT;
	struct change change;
	uint8_t sequence[EVIDENCE_SIZE];
	int rc = check_put(txn, table, err);

	if (rc < 0)
		return rc;
	put_u64(sequence, txn->head.count);
	buf_add(&row, value.data, value.len);
	buf_add(&row, sequence, sizeof(sequence));
	change_init(&change, &txn->info, table, key, value);
	change_format(&change, table, false, &txn->changes);
	if (row.failed || txn->changes.failed)
		return err_no_memory(err);
	txn->unproved = txn->wrote = true;
	rc = txn_note(txn, store_put(txn->store, table, key,
			       bytes_of(row.data, row.len), 0, err));
	if (rc == 0)
		known_add(&txn->journal->known, table, key,
		    bytes_of(row.data, row.len));
	return rc;
}

int
txn_del(struct journal_txn *txn, enum journal_table table, struct iag_bytes key,
    struct err *err)
{
	struct change change;
	int rc = check_put(txn, table, err);

	if (rc < 0)
		return rc;
	rc = txn_note(txn, store_del(txn->store, table, key, err));
	if (rc < 0)
		return rc;
	txn->wrote = true;
	change_init(&change, &txn->info, table, key, bytes_of("", 0));
	change_format(&change, table, true, &txn->changes);
	txn->unproved = true;
	return txn->changes.failed ? err_no_memory(err) : 0;
}

int
txn_get(struct journal_txn *txn, enum journal_table table, struct iag_bytes key,
    struct iag_bytes *ret_value, struct err *err)
{
	struct iag_bytes row;
	int rc;

	if (!is_state(table))
		return err_set(err, ERR_INTERNAL_ERROR,
		    "table %d has no state rows", (int)table);
	rc = txn_note(txn, store_get(txn->store, table, key, &row, err));
	if (rc < 0)
		return rc;
	buf_reset(&txn->row);
	buf_add(&txn->row, row.data, row.len);
	if (txn->row.failed)
		return err_no_memory(err);
	return evidence_open(txn, table, key,
	    bytes_of(txn->row.data, txn->row.len), ret_value, err);
}

static int
walk_one(struct journal_txn *txn, struct store_cursor *cursor,
    enum journal_table table, journal_visit *visit, void *arg, struct err *err)
{
	struct buf key CLEANUP_BUF = BUF_INIT;
	struct buf row CLEANUP_BUF = BUF_INIT;
	struct iag_bytes found, value;
	int rc = txn_note(txn, store_cursor_step(cursor, &found, &value, err));

	if (rc < 0)
		return rc;
	buf_add(&key, found.data, found.len);
	buf_add(&row, value.data, value.len);
	if (key.failed || row.failed)
		return err_no_memory(err);
	found = bytes_of(key.data, key.len);
	rc = evidence_open(
	    txn, table, found, bytes_of(row.data, row.len), &value, err);
	return rc < 0 ? rc : visit(found, value, arg, err);
}

int
txn_walk(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes from, bool backward, journal_visit *visit, void *arg,
    struct err *err)
{
	struct store_cursor *cursor = NULL;
	int rc;

	if (!is_state(table))
		return err_set(err, ERR_INTERNAL_ERROR,
		    "table %d has no state rows", (int)table);
	rc = txn_note(txn, store_cursor_open(txn->store, table, from, true,
			       backward, &cursor, err));
	if (rc < 0)
		return rc;
	do
		rc = walk_one(txn, cursor, table, visit, arg, err);
	while (rc == 0);
	store_cursor_close(cursor);
	return rc == IAG_NOTFOUND ? 0 : rc;
}

int
txn_save_store(struct journal_txn *txn, struct err *err)
{
	struct buf row CLEANUP_BUF = BUF_INIT;

	meta_store_format(&txn->info,
	    txn->next_keys ? txn->next_keys : &txn->journal->keys, &row);
	if (row.failed)
		return err_no_memory(err);
	txn->wrote = true;
	return txn_note(
	    txn, store_put(txn->store, TABLE_META, bytes_str("store"),
		     bytes_of(row.data, row.len), 0, err));
}

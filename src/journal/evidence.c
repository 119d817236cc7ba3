/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * State is evidence (ruling 27): behind the value of each row stands the
 * sequence of the record that wrote it, and that record names the digest of
 * table, key and value.  Rows are named by a salted digest, because keys hold
 * account ids.
 */

#include "journal/core.h"

#include <string.h>

#include "base/cleanup.h"

static const char *const names[] = {
	[TABLE_META] = "meta",
	[TABLE_AUDIT] = "audit",
	[TABLE_PREVIEWS] = "previews",
	[TABLE_APPROVALS] = "approvals",
	[TABLE_GROUPS] = "groups",
	[TABLE_INTENTS] = "intents",
	[TABLE_ORDERS] = "orders",
	[TABLE_ACTIVITY] = "activity",
	[TABLE_SWITCHES] = "switches",
	[TABLE_STATE] = "state",
};

const char *
table_name(enum journal_table table)
{
	return (size_t)table < ARRAY_COUNT(names) && names[table] ? names[table]
								  : "unknown";
}

/* Lengths stand before the parts, so that no two rows give the same bytes. */
static void
add_row(struct buf *out, enum journal_table table, struct iag_bytes key)
{
	uint8_t number[8];

	put_u64(number, (uint64_t)table);
	buf_add(out, number, sizeof(number));
	put_u64(number, key.len);
	buf_add(out, number, sizeof(number));
	buf_add(out, key.data, key.len);
}

void
change_init(struct change *change, const struct meta_store *info,
    enum journal_table table, struct iag_bytes key, struct iag_bytes value)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	uint8_t digest[HASH_SIZE];
	char hex[HASH_HEX_SIZE];

	add_row(&text, table, key);
	hmac_sha256(info->salt, HASH_SIZE, buf_text(&text), text.len, digest);
	hash_hex(digest, hex);
	memcpy(change->key, hex, sizeof(change->key) - 1);
	change->key[sizeof(change->key) - 1] = '\0';
	buf_add(&text, value.data, value.len);
	hash_sha256(buf_text(&text), text.len, digest);
	hash_hex(digest, change->hash);
	/* without memory the digest fits no row, and the row is refused */
}

void
change_format(const struct change *change, enum journal_table table,
    bool deleted, struct buf *out)
{
	if (out->len > 0)
		buf_char(out, ',');
	if (deleted) {
		buf_str(out, "{\"deleted\":true,\"key\":\"");
	} else {
		buf_str(out, "{\"hash\":\"");
		buf_str(out, change->hash);
		buf_str(out, "\",\"key\":\"");
	}
	buf_str(out, change->key);
	buf_str(out, "\",\"table\":\"");
	buf_str(out, table_name(table));
	buf_str(out, "\"}");
}

static int
no_proof(enum journal_table table, uint64_t sequence, const char *why,
    struct err *err)
{
	return err_set(err, ERR_JOURNAL_CORRUPT,
	    "a row of table '%s' names record %llu as its evidence: %s",
	    table_name(table), (unsigned long long)sequence, why);
}

int
evidence_check(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes key, struct iag_bytes value, uint64_t sequence,
    struct err *err)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct iag_bytes changes = { NULL, 0 };
	struct change change;
	struct entry entry;
	int rc;

	change_init(&change, &txn->info, table, key, value);
	change_format(&change, table, false, &text);
	if (text.failed)
		return err_no_memory(err);
	if (txn->write && !txn->audited && sequence == txn->head.count) {
		/* written by this very step */
		changes = bytes_of(txn->changes.data, txn->changes.len);
	} else {
		if (sequence >= txn->head.count)
			return no_proof(table, sequence, "there is none", err);
		rc = txn_entry(txn, sequence, &entry, err);
		if (rc < 0)
			return rc;
		if (!entry.record || !record_member(entry.record, entry.len,
					 "changes", &changes))
			return no_proof(
			    table, sequence, "it changes nothing", err);
	}
	if (!changes.data ||
	    !memmem(changes.data, changes.len, text.data, text.len))
		return no_proof(table, sequence,
		    "the row is not what that record wrote", err);
	return 0;
}

int
evidence_open(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes key, struct iag_bytes row, struct iag_bytes *ret_value,
    struct err *err)
{
	struct known *known = &txn->journal->known;
	const uint8_t *data = row.data;
	struct iag_bytes value = row;
	int rc;

	if (row.len < EVIDENCE_SIZE)
		return err_set(err, ERR_JOURNAL_CORRUPT,
		    "a row of table '%s' is too short", table_name(table));
	value.len -= EVIDENCE_SIZE;
	*ret_value = value;
	if (known_has(known, table, key, row))
		return 0;
	rc = evidence_check(
	    txn, table, key, value, get_u64(data + value.len), err);
	if (rc == 0)
		known_add(known, table, key, row);
	return rc;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Entries from the newest backward.  An entry is checked with the hash of the
 * one before it, which is also the one that comes next: so a cursor reads
 * each once, where two look-ups for each would be needed otherwise.
 */

#include "journal/entries.h"

#include <string.h>

void
entries_fini(struct entries *entries)
{
	store_cursor_close(entries->cursor);
	buf_fini(&entries->here);
	buf_fini(&entries->before);
	*entries = (struct entries){ .end = 0 };
}

/* The entry at sequence, where the cursor comes to next, into before. */
static int
read_before(struct entries *entries, uint64_t sequence, struct err *err)
{
	struct iag_bytes key, value;
	uint8_t expected[8];
	int rc = txn_note(entries->txn,
	    store_cursor_step(entries->cursor, &key, &value, err));

	put_u64(expected, sequence);
	if (rc == IAG_NOTFOUND ||
	    (rc == 0 && (key.len != sizeof(expected) ||
			    memcmp(key.data, expected, key.len) != 0)))
		return entry_error(sequence, "missing", err);
	if (rc < 0)
		return rc;
	buf_reset(&entries->before);
	buf_add(&entries->before, value.data, value.len);
	return entries->before.failed ? err_no_memory(err) : 0;
}

int
entries_init(struct entries *entries, struct journal_txn *txn, uint64_t end,
    struct err *err)
{
	uint8_t key[8];
	int rc;

	*entries = (struct entries){ .txn = txn, .end = end };
	if (end == 0)
		return 0;
	put_u64(key, end - 1);
	rc = txn_note(txn,
	    store_cursor_open(txn->store, TABLE_AUDIT,
		bytes_of(key, sizeof(key)), true, true, &entries->cursor, err));
	return rc < 0 ? rc : read_before(entries, end - 1, err);
}

int
entries_back(struct entries *entries, uint64_t *ret_sequence,
    struct entry *ret_entry, struct err *err)
{
	uint8_t previous[HASH_SIZE] = { 0 };
	struct buf here = entries->before;
	uint64_t sequence;
	int rc;

	if (entries->end == 0)
		return IAG_NOTFOUND;
	sequence = --entries->end;
	entries->before = entries->here;
	entries->here = here;
	if (sequence > 0) {
		rc = read_before(entries, sequence - 1, err);
		if (rc < 0)
			return rc;
		if (entries->before.len < HASH_SIZE)
			return entry_error(sequence - 1, "damaged", err);
		memcpy(previous, entries->before.data, HASH_SIZE);
	}
	*ret_sequence = sequence;
	return txn_check_entry(entries->txn, sequence, previous,
	    bytes_of(here.data, here.len), ret_entry, err);
}

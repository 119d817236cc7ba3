/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * `audit verify --state` (ruling 27).  First every row is held against the
 * record that it names.  Then every record that changed rows is held against
 * the rows: a row that is older than the last record about it was rolled
 * back, one that is not there and was not deleted was removed.  Memory grows
 * with the number of rows, not of records.
 */

#include "journal/statecheck.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define DIGEST_LEN 32 /* hexadecimal, as in records */

struct mark {
	char key[DIGEST_LEN];
	uint64_t sequence;
	bool deleted;
};

struct marks {
	struct buf data; /* of struct mark */
};

static void
marks_add(struct marks *marks, const char *key, uint64_t sequence, bool deleted)
{
	struct mark mark = { .sequence = sequence, .deleted = deleted };

	memcpy(mark.key, key, DIGEST_LEN);
	buf_add(&marks->data, &mark, sizeof(mark));
}

static struct mark *
marks_items(const struct marks *marks, size_t *ret_count)
{
	*ret_count = marks->data.len / sizeof(struct mark);
	return (struct mark *)(void *)marks->data.data;
}

static int
mark_compare(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;
	int order = memcmp(x->key, y->key, DIGEST_LEN);

	if (order != 0)
		return order;
	return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

static void
marks_sort(struct marks *marks)
{
	size_t count;
	struct mark *items = marks_items(marks, &count);

	if (count > 1)
		qsort(items, count, sizeof(*items), mark_compare);
}

static int
key_compare(const void *key, const void *item)
{
	return memcmp(key, ((const struct mark *)item)->key, DIGEST_LEN);
}

static const struct mark *
marks_find(const struct marks *marks, const char *key)
{
	size_t count;
	struct mark *items = marks_items(marks, &count);

	return count ? bsearch(key, items, count, sizeof(*items), key_compare)
		     : NULL;
}

struct state {
	struct journal_txn *txn;
	struct marks rows;   /* that are there */
	struct marks absent; /* changes of rows that are not */
};

static int
check_row(struct state *state, enum journal_table table, struct iag_bytes key,
    struct iag_bytes row, struct err *err)
{
	struct change change;
	struct iag_bytes value;
	const uint8_t *data = row.data;
	int rc = evidence_open(state->txn, table, key, row, &value, err);

	if (rc < 0)
		return rc;
	change_init(&change, &state->txn->info, table, key, value);
	marks_add(&state->rows, change.key,
	    get_u64(data + row.len - EVIDENCE_SIZE), false);
	return 0;
}

static int
check_next_row(struct state *state, struct store_cursor *cursor,
    enum journal_table table, struct err *err)
{
	struct buf key CLEANUP_BUF = BUF_INIT;
	struct buf row CLEANUP_BUF = BUF_INIT;
	struct iag_bytes k, v;
	int rc = store_cursor_step(cursor, &k, &v, err);

	if (rc < 0)
		return rc;
	buf_add(&key, k.data, k.len);
	buf_add(&row, v.data, v.len);
	if (key.failed || row.failed)
		return err_no_memory(err);
	return check_row(state, table, bytes_of(key.data, key.len),
	    bytes_of(row.data, row.len), err);
}

static int
check_table(struct state *state, enum journal_table table, struct err *err)
{
	struct store_cursor *cursor = NULL;
	int rc = store_cursor_open(state->txn->store, table, bytes_of("", 0),
	    true, false, &cursor, err);

	if (rc < 0)
		return rc;
	do
		rc = check_next_row(state, cursor, table, err);
	while (rc == 0);
	store_cursor_close(cursor);
	return rc == IAG_NOTFOUND ? 0 : rc;
}

static int
rolled_back(uint64_t sequence, struct err *err)
{
	return err_set(err, ERR_JOURNAL_CORRUPT,
	    "record %llu changed a row that has an older state now",
	    (unsigned long long)sequence);
}

static int
check_change(struct state *state, uint64_t sequence, const char *key,
    bool deleted, struct err *err)
{
	const struct mark *row = marks_find(&state->rows, key);

	if (!row) {
		marks_add(&state->absent, key, sequence, deleted);
		return 0;
	}
	if (row->sequence < sequence || (row->sequence == sequence && deleted))
		return rolled_back(sequence, err);
	return 0;
}

/* Elements look as change_format() writes them. */
static int
check_changes(struct state *state, uint64_t sequence, struct iag_bytes changes,
    struct err *err)
{
	static const char mark[] = "\"key\":\"";
	static const char gone[] = "{\"deleted\":true,";
	const char *at = changes.data;
	const char *end = at + changes.len;
	int rc = 0;

	while (rc == 0 && at < end) {
		const char *key =
		    memmem(at, (size_t)(end - at), mark, sizeof(mark) - 1);
		bool deleted;

		if (!key)
			break;
		deleted = key - at >= (ptrdiff_t)sizeof(gone) - 1 &&
			  memcmp(key - (sizeof(gone) - 1), gone,
			      sizeof(gone) - 1) == 0;
		key += sizeof(mark) - 1;
		if (end - key < DIGEST_LEN)
			break;
		rc = check_change(state, sequence, key, deleted, err);
		at = key + DIGEST_LEN;
	}
	return rc;
}

static int
check_record(struct state *state, struct iag_bytes key, struct iag_bytes value,
    struct err *err)
{
	struct iag_bytes changes;
	struct entry entry;

	if (key.len != 8 || !entry_parse(value, &entry) || !entry.record ||
	    !record_member(entry.record, entry.len, "changes", &changes))
		return 0;
	return check_changes(state, get_u64(key.data), changes, err);
}

static int
check_records(struct state *state, struct err *err)
{
	struct store_cursor *cursor = NULL;
	int rc = store_cursor_open(state->txn->store, TABLE_AUDIT,
	    bytes_of("", 0), true, false, &cursor, err);

	if (rc < 0)
		return rc;
	while (rc == 0) {
		struct iag_bytes key, value;

		rc = store_cursor_step(cursor, &key, &value, err);
		if (rc == 0)
			rc = check_record(state, key, value, err);
	}
	store_cursor_close(cursor);
	return rc == IAG_NOTFOUND ? 0 : rc;
}

/* The last change of a row that is not there must have deleted it. */
static int
check_absent(struct state *state, struct err *err)
{
	size_t count;
	struct mark *items;

	marks_sort(&state->absent);
	items = marks_items(&state->absent, &count);
	for (size_t i = 0; i < count; i++) {
		bool last =
		    i + 1 == count ||
		    memcmp(items[i].key, items[i + 1].key, DIGEST_LEN) != 0;

		if (last && !items[i].deleted)
			return err_set(err, ERR_JOURNAL_CORRUPT,
			    "record %llu wrote a row that is not there",
			    (unsigned long long)items[i].sequence);
	}
	return 0;
}

int
state_check(struct journal_txn *txn, struct err *err)
{
	struct state state = { .txn = txn };
	int rc = 0;

	for (int table = TABLE_PREVIEWS; rc == 0 && table <= TABLE_STATE;
	     table++)
		rc = check_table(&state, (enum journal_table)table, err);
	marks_sort(&state.rows);
	if (rc == 0)
		rc = check_records(&state, err);
	if (rc == 0)
		rc = check_absent(&state, err);
	if (rc == 0 && (state.rows.data.failed || state.absent.data.failed))
		rc = err_no_memory(err);
	buf_fini(&state.rows.data);
	buf_fini(&state.absent.data);
	return rc;
}

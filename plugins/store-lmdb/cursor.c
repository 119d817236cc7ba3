/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Cursors: a position that is found at the first step and then moves one
 * entry at a time, upwards or backward.
 */

#include "lmdb-store.h"

#include <stdlib.h>
#include <string.h>

/* how many steps may pass between two looks for a lockless reader */
#define CHECK_STEPS 64u

struct cursor {
	struct txn *txn;
	MDB_cursor *mdb; /* NULL: the table does not exist */
	bool started;
	bool inclusive;
	bool backward;
	unsigned steps;
	size_t key_len;
	unsigned char key[IAG_STORE_KEY_LEN];
};

int32_t
store_cursor_open(struct iag_ctx *ctx, void *over, uint32_t table,
    const struct iag_bytes *key, uint32_t inclusive, uint32_t backward,
    void **ret_cursor)
{
	struct txn *txn = over;
	struct cursor *cursor;
	int32_t result = txn_table(ctx, txn, table, NULL);
	int rc;

	if (result != IAG_OK && result != IAG_NOTFOUND)
		return result;
	if (key->len > IAG_STORE_KEY_LEN)
		return IAG_INVAL;
	cursor = calloc(1, sizeof(*cursor));
	if (!cursor)
		return IAG_NOMEM;
	cursor->txn = txn;
	cursor->inclusive = inclusive != 0;
	cursor->backward = backward != 0;
	cursor->key_len = key->len;
	if (key->len > 0)
		memcpy(cursor->key, key->data, key->len);
	if (result == IAG_OK) {
		rc = mdb_cursor_open(
		    txn->mdb, txn->env->tables[table], &cursor->mdb);
		if (rc != 0) {
			free(cursor);
			return fault(ctx, rc, "open a cursor");
		}
	}
	*ret_cursor = cursor;
	return IAG_OK;
}

static int
seek_up(struct cursor *cursor, MDB_val *key, MDB_val *value)
{
	int rc;

	if (cursor->key_len == 0)
		return mdb_cursor_get(cursor->mdb, key, value, MDB_FIRST);
	rc = mdb_cursor_get(cursor->mdb, key, value, MDB_SET_RANGE);
	if (rc == 0 && !cursor->inclusive && key->mv_size == cursor->key_len &&
	    memcmp(key->mv_data, cursor->key, cursor->key_len) == 0)
		rc = mdb_cursor_get(cursor->mdb, key, value, MDB_NEXT);
	return rc;
}

static int
seek_down(struct cursor *cursor, MDB_val *key, MDB_val *value)
{
	int rc;

	if (cursor->key_len == 0)
		return mdb_cursor_get(cursor->mdb, key, value, MDB_LAST);
	rc = mdb_cursor_get(cursor->mdb, key, value, MDB_SET_RANGE);
	if (rc == MDB_NOTFOUND)
		return mdb_cursor_get(cursor->mdb, key, value, MDB_LAST);
	if (rc == 0 && cursor->inclusive && key->mv_size == cursor->key_len &&
	    memcmp(key->mv_data, cursor->key, cursor->key_len) == 0)
		return 0;
	if (rc == 0)
		rc = mdb_cursor_get(cursor->mdb, key, value, MDB_PREV);
	return rc;
}

static int
step(struct cursor *cursor, MDB_val *key, MDB_val *value)
{
	if (cursor->started)
		return mdb_cursor_get(cursor->mdb, key, value,
		    cursor->backward ? MDB_PREV : MDB_NEXT);
	cursor->started = true;
	key->mv_data = cursor->key;
	key->mv_size = cursor->key_len;
	return cursor->backward ? seek_down(cursor, key, value)
				: seek_up(cursor, key, value);
}

int32_t
store_cursor_step(struct iag_ctx *ctx, void *over, struct iag_bytes *ret_key,
    struct iag_bytes *ret_value)
{
	struct cursor *cursor = over;
	MDB_val key = { 0, NULL }, value = { 0, NULL };
	int32_t result;
	int rc;

	if (!cursor->mdb)
		return IAG_NOTFOUND;
	rc = step(cursor, &key, &value);
	if (rc != 0 || cursor->steps++ % CHECK_STEPS == 0) {
		result = txn_check(ctx, cursor->txn);
		if (result != IAG_OK)
			return result;
	}
	if (rc != 0)
		return fault(ctx, rc, "read on");
	ret_key->data = key.mv_data;
	ret_key->len = key.mv_size;
	ret_value->data = value.mv_data;
	ret_value->len = value.mv_size;
	return IAG_OK;
}

void
store_cursor_close(struct iag_ctx *ctx, void *over)
{
	struct cursor *cursor = over;

	(void)ctx;
	if (cursor->mdb)
		mdb_cursor_close(cursor->mdb);
	free(cursor);
}

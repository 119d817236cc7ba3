/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Transactions: reads are snapshots without thread-local slots (MDB_NOTLS),
 * writes take their turn first (lock.c) and are durable when commit says so.
 */

#include "lmdb-store.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void
count(struct environment *env, int by)
{
	(void)pthread_mutex_lock(&env->mutex);
	env->transactions += (unsigned)by;
	(void)pthread_mutex_unlock(&env->mutex);
}

/*
 * Another process has made the map larger.  The size may only be taken over
 * while this process reads nothing.
 */
static int
follow_resize(struct environment *env)
{
	int rc = EAGAIN;

	(void)pthread_mutex_lock(&env->mutex);
	if (env->transactions == 0)
		rc = mdb_env_set_mapsize(env->mdb, 0);
	(void)pthread_mutex_unlock(&env->mutex);
	return rc;
}

/* Counted first: a resize must see it, and LMDB may block in here. */
static int
begin_once(struct environment *env, bool write, MDB_txn **ret_mdb)
{
	int rc;

	count(env, 1);
	rc = mdb_txn_begin(env->mdb, NULL, write ? 0 : MDB_RDONLY, ret_mdb);
	if (rc != 0)
		count(env, -1);
	return rc;
}

static int32_t
begin(
    struct iag_ctx *ctx, struct environment *env, bool write, MDB_txn **ret_mdb)
{
	int rc = begin_once(env, write, ret_mdb);
	int dead;

	if (rc == MDB_MAP_RESIZED) {
		rc = follow_resize(env);
		if (rc == 0)
			rc = begin_once(env, write, ret_mdb);
	}
	if (rc == MDB_READERS_FULL) {
		(void)mdb_reader_check(env->mdb, &dead);
		rc = begin_once(env, write, ret_mdb);
	}
	return rc == 0 ? IAG_OK : fault(ctx, rc, "begin a transaction");
}

int32_t
txn_look(struct iag_ctx *ctx, struct environment *env, MDB_txn **ret_mdb)
{
	return begin(ctx, env, false, ret_mdb);
}

void
txn_look_end(struct environment *env, MDB_txn *mdb)
{
	mdb_txn_abort(mdb);
	count(env, -1);
}

static int32_t
check_begin(struct iag_ctx *ctx, const struct store *store, uint32_t mode)
{
	if (store->env->pid != getpid())
		return host->fail(ctx, IAG_INTERNAL, "INTERNAL_ERROR",
		    "a store cannot be used in a forked process");
	if (mode != IAG_STORE_READ && mode != IAG_STORE_WRITE)
		return IAG_INVAL;
	if (mode == IAG_STORE_WRITE &&
	    (store->read_only || store->env->read_only))
		return host->fail(ctx, IAG_NOTSUP, "JOURNAL_UNAVAILABLE",
		    "the store is open for reading only");
	return IAG_OK;
}

int32_t
store_begin(struct iag_ctx *ctx, void *instance, uint32_t mode, void **ret_txn)
{
	struct store *store = instance;
	bool write = mode == IAG_STORE_WRITE;
	struct txn *txn;
	int32_t result = check_begin(ctx, store, mode);

	if (result != IAG_OK)
		return result;
	env_check_readers(ctx, store->env);
	txn = calloc(1, sizeof(*txn));
	if (!txn)
		return IAG_NOMEM;
	txn->env = store->env;
	txn->write = write;
	if (write)
		result = env_write_lock(ctx, store->env);
	if (result != IAG_OK) {
		free(txn);
		return result;
	}
	result = begin(ctx, store->env, write, &txn->mdb);
	if (result != IAG_OK) {
		if (write)
			env_write_unlock(store->env);
		free(txn);
		return result;
	}
	txn->id = mdb_txn_id(txn->mdb);
	*ret_txn = txn;
	return IAG_OK;
}

int32_t
txn_check(struct iag_ctx *ctx, const struct txn *txn)
{
	MDB_envinfo info;

	if (!txn->env->lockless)
		return IAG_OK;
	if (mdb_env_info(txn->env->mdb, &info) == 0 &&
	    info.me_last_txnid <= txn->id + 1)
		return IAG_OK;
	return host->fail(ctx, IAG_AGAIN, "JOURNAL_UNAVAILABLE",
	    "the store was written while it was read; try again");
}

int32_t
txn_table(struct iag_ctx *ctx, const struct txn *txn, uint32_t table,
    const struct iag_bytes *key)
{
	if (table < 1 || table > IAG_STORE_TABLES)
		return host->fail(ctx, IAG_INVAL, "INTERNAL_ERROR",
		    "table: expected 1..%d, got %u", IAG_STORE_TABLES,
		    (unsigned)table);
	if (key && (key->len == 0 || key->len > IAG_STORE_KEY_LEN))
		return host->fail(ctx, IAG_INVAL, "INTERNAL_ERROR",
		    "key: expected 1..%d bytes, got %zu", IAG_STORE_KEY_LEN,
		    key->len);
	return txn->env->has_table[table] ? IAG_OK : IAG_NOTFOUND;
}

static MDB_val
val(const struct iag_bytes *bytes)
{
	return (MDB_val){ bytes->len, (void *)(uintptr_t)bytes->data };
}

int32_t
store_get(struct iag_ctx *ctx, void *over, uint32_t table,
    const struct iag_bytes *key, struct iag_bytes *ret_value)
{
	struct txn *txn = over;
	int32_t result = txn_table(ctx, txn, table, key);
	MDB_val k, v;
	int rc;

	if (result != IAG_OK)
		return result;
	k = val(key);
	rc = mdb_get(txn->mdb, txn->env->tables[table], &k, &v);
	result = txn_check(ctx, txn);
	if (result != IAG_OK)
		return result;
	if (rc != 0)
		return fault(ctx, rc, "read");
	ret_value->data = v.mv_data;
	ret_value->len = v.mv_size;
	return IAG_OK;
}

int32_t
store_put(struct iag_ctx *ctx, void *over, uint32_t table,
    const struct iag_bytes *key, const struct iag_bytes *value, uint32_t flags)
{
	struct txn *txn = over;
	int32_t result = txn_table(ctx, txn, table, key);
	MDB_val k, v;
	int rc = MDB_KEYEXIST;

	if (result != IAG_OK)
		return result;
	if (!txn->write || value->len > IAG_STORE_VALUE_LEN)
		return IAG_INVAL;
	k = val(key);
	v = val(value);
	/*
	 * Sequences grow: appending keeps pages full, where a plain put would
	 * leave each half empty.  It refuses a key that is not the last.
	 */
	if (key->len == sizeof(uint64_t))
		rc = mdb_put(
		    txn->mdb, txn->env->tables[table], &k, &v, MDB_APPEND);
	if (rc == MDB_KEYEXIST) {
		k = val(key);
		v = val(value);
		rc = mdb_put(txn->mdb, txn->env->tables[table], &k, &v,
		    flags & IAG_STORE_NO_OVERWRITE ? MDB_NOOVERWRITE : 0);
	}
	return rc == 0 ? IAG_OK : fault(ctx, rc, "write");
}

int32_t
store_del(struct iag_ctx *ctx, void *over, uint32_t table,
    const struct iag_bytes *key)
{
	struct txn *txn = over;
	int32_t result = txn_table(ctx, txn, table, key);
	MDB_val k;
	int rc;

	if (result != IAG_OK)
		return result;
	if (!txn->write)
		return IAG_INVAL;
	k = val(key);
	rc = mdb_del(txn->mdb, txn->env->tables[table], &k, NULL);
	return rc == 0 ? IAG_OK : fault(ctx, rc, "delete");
}

static void
end(struct txn *txn)
{
	if (!txn->nested)
		count(txn->env, -1);
	if (txn->write && !txn->nested)
		env_write_unlock(txn->env);
	free(txn);
}

/*
 * Was anything applied?  LMDB writes the pages, flushes, then writes the
 * meta page that makes them count: without the new number in the meta page
 * nothing was.  EIO also stands for a short write, which is what a full disk
 * looks like; any other EIO may have hit the meta page.
 */
static int32_t
classify(struct iag_ctx *ctx, const struct txn *txn, int rc)
{
	int32_t result = fault(ctx, rc, "commit");
	MDB_envinfo info;
	bool applied = mdb_env_info(txn->env->mdb, &info) != 0 ||
		       info.me_last_txnid >= txn->id;

	if (applied)
		return host->fail(ctx, IAG_UNKNOWN, "JOURNAL_UNAVAILABLE",
		    "commit: %s", mdb_strerror(rc));
	if (result == IAG_LIMIT || result == IAG_NOMEM)
		return result;
	if (rc == EIO && env_is_short(txn->env))
		return host->fail(ctx, IAG_LIMIT, "JOURNAL_UNAVAILABLE",
		    "commit: no room left on the disk");
	return host->fail(ctx, IAG_UNKNOWN, "JOURNAL_UNAVAILABLE", "commit: %s",
	    mdb_strerror(rc));
}

int32_t
store_commit(struct iag_ctx *ctx, void *over)
{
	struct txn *txn = over;
	int32_t result = IAG_OK;
	int rc = mdb_txn_commit(txn->mdb);

	if (rc != 0 && txn->write && !txn->nested)
		result = classify(ctx, txn, rc);
	else if (rc != 0)
		result = fault(ctx, rc, "commit");
	end(txn);
	return result;
}

void
store_abort(struct iag_ctx *ctx, void *over)
{
	struct txn *txn = over;

	(void)ctx;
	mdb_txn_abort(txn->mdb);
	end(txn);
}

int32_t
store_nested(struct iag_ctx *ctx, void *over, void **ret_child)
{
	struct txn *parent = over;
	struct txn *child;
	int rc;

	if (!parent->write)
		return IAG_INVAL;
	child = calloc(1, sizeof(*child));
	if (!child)
		return IAG_NOMEM;
	*child = (struct txn){
		.env = parent->env,
		.write = true,
		.nested = true,
		.id = parent->id,
	};
	rc = mdb_txn_begin(parent->env->mdb, parent->mdb, 0, &child->mdb);
	if (rc != 0) {
		free(child);
		return fault(ctx, rc, "begin a nested transaction");
	}
	*ret_child = child;
	return IAG_OK;
}

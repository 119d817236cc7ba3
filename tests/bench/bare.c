/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "bare.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <sys/stat.h>

static void
check(int rc, const char *what)
{
	if (rc == 0)
		return;
	(void)fprintf(stderr, "bench: %s: %s\n", what, mdb_strerror(rc));
	exit(1);
}

MDB_env *
bare_open(const char *path)
{
	MDB_env *env;

	check(mkdir(path, 0700), path);
	check(mdb_env_create(&env), path);
	check(mdb_env_set_mapsize(env, (size_t)1 << 30), path);
	check(mdb_env_open(env, path, MDB_NOTLS, 0600), path);
	return env;
}

void
bare_commit(MDB_env *env, size_t bytes)
{
	static uint64_t next;
	static char data[65536];
	uint64_t number = __builtin_bswap64(next++);
	MDB_val key = { sizeof(number), &number };
	MDB_val value = { bytes < sizeof(data) ? bytes : sizeof(data), data };
	MDB_txn *txn;
	MDB_dbi dbi;

	check(mdb_txn_begin(env, NULL, 0, &txn), "begin");
	check(mdb_dbi_open(txn, NULL, 0, &dbi), "table");
	check(mdb_put(txn, dbi, &key, &value, MDB_APPEND), "put");
	check(mdb_txn_commit(txn), "commit");
}

static size_t
table_bytes(MDB_txn *txn, MDB_val name)
{
	MDB_val key, value;
	MDB_cursor *cursor;
	size_t bytes = 0;
	char text[512];
	MDB_dbi dbi;

	(void)snprintf(text, sizeof(text), "%.*s", (int)name.mv_size,
	    (const char *)name.mv_data);
	if (mdb_dbi_open(txn, text, 0, &dbi))
		return 0;
	check(mdb_cursor_open(txn, dbi, &cursor), "cursor");
	while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
		bytes += key.mv_size + value.mv_size;
	mdb_cursor_close(cursor);
	return bytes;
}

size_t
bare_store_bytes(const char *path)
{
	MDB_val key, value;
	MDB_cursor *cursor;
	size_t bytes = 0;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi names;

	check(mdb_env_create(&env), path);
	check(mdb_env_set_maxdbs(env, 64), path);
	check(mdb_env_open(env, path, MDB_RDONLY | MDB_NOTLS, 0), path);
	check(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), path);
	check(mdb_dbi_open(txn, NULL, 0, &names), path);
	check(mdb_cursor_open(txn, names, &cursor), path);
	while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
		bytes += table_bytes(txn, key);
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return bytes;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The contract kit for stores, as one process sees them: transactions,
 * cursors, bounds, what is durable and what is not.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "host/kit.h"
#include "host/kitstore.h"

static struct iag_bytes
bytes(const char *text)
{
	return (struct iag_bytes){ text, strlen(text) };
}

struct instance *
kit_open_store(struct kit *kit)
{
	return kit_load(kit, NULL) ? kit_open(kit) : NULL;
}

struct store_txn *
kit_store_begin(struct kit *kit, struct instance *store, uint32_t mode)
{
	struct call *call = call_new(clock_boot_ns() + 10 * NS_PER_S);
	CLEANUP_ERR struct err err = ERR_INIT;
	struct store_txn *txn = NULL;

	if (!kit_expect(kit, call != NULL, "out of memory"))
		return NULL;
	(void)kit_expect_ok(
	    kit, store_begin(store, call, mode, &txn, &err), "begin", &err);
	call_unref(call);
	return txn;
}

void
kit_store_commit(struct kit *kit, struct store_txn *txn)
{
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)kit_expect_ok(kit, store_commit(txn, &err), "commit", &err);
}

void
kit_store_put(struct kit *kit, struct store_txn *txn, uint32_t table,
    const char *key, const char *value)
{
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)kit_expect_ok(kit,
	    store_put(txn, table, bytes(key), bytes(value), 0, &err), "put",
	    &err);
}

/* The value of key is that text; NULL: there is no such key. */
void
kit_store_expect(struct kit *kit, struct store_txn *txn, uint32_t table,
    const char *key, const char *value)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct iag_bytes found = { NULL, 0 };
	int r = store_get(txn, table, bytes(key), &found, &err);

	if (!value) {
		(void)kit_expect(kit, r == IAG_NOTFOUND,
		    "get '%s' returned %d, expected IAG_NOTFOUND", key, r);
		return;
	}
	(void)kit_expect(kit,
	    r == 0 && found.len == strlen(value) &&
		memcmp(found.data, value, found.len) == 0,
	    "get '%s' returned %d and %zu bytes, expected '%.40s' %s", key, r,
	    found.len, value, err_text(&err));
}

static void
read_one(struct kit *kit, struct instance *store, uint32_t table,
    const char *key, const char *value)
{
	struct store_txn *txn = kit_store_begin(kit, store, IAG_STORE_READ);

	if (!txn)
		return;
	kit_store_expect(kit, txn, table, key, value);
	store_abort(txn);
}

static void
write_one(struct kit *kit, struct instance *store, uint32_t table,
    const char *key, const char *value)
{
	struct store_txn *txn = kit_store_begin(kit, store, IAG_STORE_WRITE);

	if (!txn)
		return;
	kit_store_put(kit, txn, table, key, value);
	kit_store_commit(kit, txn);
}

static void
check_transactions(struct kit *kit)
{
	struct instance *store;
	struct store_txn *txn;

	kit_begin(kit, "transactions");
	store = kit_open_store(kit);
	if (!store) {
		(void)kit_end(kit);
		return;
	}
	read_one(kit, store, 1, "a", NULL);
	write_one(kit, store, 1, "a", "one");
	read_one(kit, store, 1, "a", "one");
	read_one(kit, store, 2, "a", NULL);
	write_one(kit, store, IAG_STORE_TABLES, "a", "last table");
	read_one(kit, store, IAG_STORE_TABLES, "a", "last table");
	write_one(kit, store, 1, "a", "two");
	read_one(kit, store, 1, "a", "two");
	txn = kit_store_begin(kit, store, IAG_STORE_WRITE);
	if (txn) {
		kit_store_put(kit, txn, 1, "b", "never");
		(void)store_del(txn, 1, bytes("a"), NULL);
		kit_store_expect(kit, txn, 1, "a", NULL);
		kit_store_expect(kit, txn, 1, "b", "never");
		store_abort(txn);
	}
	read_one(kit, store, 1, "a", "two");
	read_one(kit, store, 1, "b", NULL);
	instance_close(store);
	store = kit_open(kit);
	if (store)
		read_one(kit, store, 1, "a", "two");
	(void)kit_close(kit);
	(void)kit_end(kit);
}

static void
check_overwrite(struct kit *kit)
{
	struct instance *store;
	struct store_txn *txn;
	int r;

	kit_begin(kit, "no_overwrite");
	store = kit_open_store(kit);
	txn = store ? kit_store_begin(kit, store, IAG_STORE_WRITE) : NULL;
	if (txn) {
		kit_store_put(kit, txn, 3, "once", "first");
		r = store_put(txn, 3, bytes("once"), bytes("second"),
		    IAG_STORE_NO_OVERWRITE, NULL);
		(void)kit_expect(kit, r == IAG_REJECTED,
		    "put with NO_OVERWRITE of a key that is there returned "
		    "%d, expected IAG_REJECTED",
		    r);
		kit_store_expect(kit, txn, 3, "once", "first");
		r = store_put(txn, 3, bytes("new"), bytes("x"),
		    IAG_STORE_NO_OVERWRITE, NULL);
		(void)kit_expect(kit, r == 0,
		    "put with NO_OVERWRITE of a new key returned %d", r);
		r = store_del(txn, 3, bytes("absent"), NULL);
		(void)kit_expect(kit, r == IAG_NOTFOUND || r == 0,
		    "del of a key that is not there returned %d", r);
		store_abort(txn);
	}
	if (store)
		(void)kit_close(kit);
	(void)kit_end(kit);
}

static void
put_sized(
    struct kit *kit, struct store_txn *txn, size_t key_len, size_t value_len)
{
	CLEANUP_FREE char *key = malloc(key_len);
	CLEANUP_FREE char *value = malloc(value_len + 1);
	CLEANUP_ERR struct err err = ERR_INIT;
	struct iag_bytes found = { NULL, 0 };
	struct iag_bytes k = { key, key_len };
	struct iag_bytes v = { value, value_len };
	int r;

	if (!key || !value) {
		(void)kit_expect(kit, false, "out of memory");
		return;
	}
	memset(key, 0xff, key_len);
	memset(value, 'v', value_len);
	r = store_put(txn, 4, k, v, 0, &err);
	(void)kit_expect(kit, r == 0, "put of %zu bytes under a key of %zu: %s",
	    value_len, key_len, err_text(&err));
	r = store_get(txn, 4, k, &found, &err);
	(void)kit_expect(kit,
	    r == 0 && found.len == value_len &&
		(!value_len || memcmp(found.data, value, value_len) == 0),
	    "get did not give back %zu bytes under a key of %zu: %s", value_len,
	    key_len, err_text(&err));
}

static void
check_bounds(struct kit *kit)
{
	struct instance *store;
	struct store_txn *txn;

	kit_begin(kit, "bounds");
	store = kit_open_store(kit);
	txn = store ? kit_store_begin(kit, store, IAG_STORE_WRITE) : NULL;
	if (txn) {
		put_sized(kit, txn, 1, 0);
		put_sized(kit, txn, 1, 1);
		put_sized(kit, txn, IAG_STORE_KEY_LEN, 1);
		put_sized(kit, txn, 2, IAG_STORE_VALUE_LEN);
		put_sized(kit, txn, IAG_STORE_KEY_LEN, IAG_STORE_VALUE_LEN);
		kit_store_commit(kit, txn);
	}
	if (store)
		(void)kit_close(kit);
	(void)kit_end(kit);
}

/* Keys of check_cursors(), in the order that unsigned bytes have. */
static const struct iag_bytes sorted[] = { { "\0", 1 }, { "\0\0", 2 },
	{ "A", 1 }, { "a", 1 }, { "aa", 2 }, { "b", 1 }, { "\x80", 1 },
	{ "\xff", 1 }, { "\xff\xff", 2 } };

#define SORTED ((int)ARRAY_COUNT(sorted))

/* A walk from key gives sorted[first], then on in steps to the end. */
static void
walk(struct kit *kit, struct store_txn *txn, struct iag_bytes key,
    bool inclusive, bool backward, int first)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct store_cursor *cursor = NULL;
	struct iag_bytes k;
	struct iag_bytes v;
	int step = backward ? -1 : 1;
	int at;
	int r;

	if (!kit_expect_ok(kit,
		store_cursor_open(
		    txn, 5, key, inclusive, backward, &cursor, &err),
		"cursor_open", &err))
		return;
	for (at = first; at >= 0 && at < SORTED; at += step) {
		r = store_cursor_step(cursor, &k, &v, &err);
		if (!kit_expect(kit,
			r == 0 && k.len == sorted[at].len &&
			    memcmp(k.data, sorted[at].data, k.len) == 0,
			"a cursor (%s, %s) gave another key than number %d of "
			"%d, result %d %s",
			inclusive ? "inclusive" : "exclusive",
			backward ? "backward" : "upwards", at, SORTED, r,
			err_text(&err)))
			break;
		(void)kit_expect(kit, v.len == 1 && memcmp(v.data, "v", 1) == 0,
		    "a cursor gave another value than was put");
	}
	if (!kit->failed) {
		r = store_cursor_step(cursor, &k, &v, &err);
		(void)kit_expect(kit, r == IAG_NOTFOUND,
		    "a cursor at its end returned %d, expected IAG_NOTFOUND",
		    r);
	}
	store_cursor_close(cursor);
}

static void
check_cursors(struct kit *kit)
{
	static const struct iag_bytes none = { NULL, 0 };
	struct instance *store;
	struct store_txn *txn;
	int i;

	kit_begin(kit, "cursors");
	store = kit_open_store(kit);
	txn = store ? kit_store_begin(kit, store, IAG_STORE_WRITE) : NULL;
	if (!txn) {
		(void)kit_end(kit);
		return;
	}
	/* Put backwards, so that the order is the store's work. */
	for (i = SORTED - 1; i >= 0; i--)
		(void)kit_expect(kit,
		    store_put(txn, 5, sorted[i], bytes("v"), 0, NULL) == 0,
		    "put failed");
	walk(kit, txn, none, true, false, 0);
	walk(kit, txn, none, true, true, SORTED - 1);
	for (i = 0; i < SORTED; i++) {
		walk(kit, txn, sorted[i], true, false, i);
		walk(kit, txn, sorted[i], false, false, i + 1);
		walk(kit, txn, sorted[i], true, true, i);
		walk(kit, txn, sorted[i], false, true, i - 1);
	}
	/* Between "aa" and "b", whether it counts or not. */
	walk(kit, txn, bytes("ab"), true, false, 5);
	walk(kit, txn, bytes("ab"), false, true, 4);
	kit_store_commit(kit, txn);
	txn = kit_store_begin(kit, store, IAG_STORE_READ);
	if (txn) {
		walk(kit, txn, none, true, false, 0);
		walk(kit, txn, bytes("\xff\xff\xff"), true, true, SORTED - 1);
		walk(kit, txn, bytes("\xff\xff\xff"), true, false, SORTED);
		store_abort(txn);
	}
	(void)kit_close(kit);
	(void)kit_end(kit);
}

static void
check_nested(struct kit *kit)
{
	struct instance *store;
	struct store_txn *child = NULL;
	struct store_txn *txn;

	kit_begin(kit, "nested");
	store = kit_open_store(kit);
	if (store && !store_has_nested(store)) {
		(void)kit_close(kit);
		kit_skip(kit, "nested", "the store does not offer it");
		return;
	}
	txn = store ? kit_store_begin(kit, store, IAG_STORE_WRITE) : NULL;
	if (!txn) {
		(void)kit_end(kit);
		return;
	}
	kit_store_put(kit, txn, 6, "parent", "p");
	if (kit_expect(
		kit, store_nested(txn, &child, NULL) == 0, "nested failed")) {
		kit_store_expect(kit, child, 6, "parent", "p");
		kit_store_put(kit, child, 6, "gone", "g");
		kit_store_put(kit, child, 6, "parent", "changed");
		store_abort(child);
	}
	kit_store_expect(kit, txn, 6, "parent", "p");
	kit_store_expect(kit, txn, 6, "gone", NULL);
	if (kit_expect(
		kit, store_nested(txn, &child, NULL) == 0, "nested failed")) {
		kit_store_put(kit, child, 6, "kept", "k");
		kit_store_commit(kit, child);
	}
	kit_store_expect(kit, txn, 6, "kept", "k");
	kit_store_commit(kit, txn);
	read_one(kit, store, 6, "kept", "k");
	read_one(kit, store, 6, "gone", NULL);
	txn = kit_store_begin(kit, store, IAG_STORE_WRITE);
	if (txn && store_nested(txn, &child, NULL) == 0) {
		kit_store_put(kit, child, 6, "kept", "lost");
		kit_store_commit(kit, child);
	}
	/* The parent's end is the child's, too. */
	store_abort(txn);
	read_one(kit, store, 6, "kept", "k");
	(void)kit_close(kit);
	(void)kit_end(kit);
}

struct writer {
	struct instance *store;
	pthread_t thread;
	int r;
};

/* Another thread wants to write while one does, for a short time. */
static void *
want_to_write(void *arg)
{
	struct writer *writer = arg;
	struct call *call = call_new(clock_boot_ns() + 50 * NS_PER_MS);
	struct store_txn *txn = NULL;

	writer->r =
	    store_begin(writer->store, call, IAG_STORE_WRITE, &txn, NULL);
	store_abort(txn);
	call_unref(call);
	return NULL;
}

static void
check_isolation(struct kit *kit)
{
	struct writer writer = { .r = 0 };
	struct store_txn *reader;
	struct store_txn *txn;

	kit_begin(kit, "isolation");
	writer.store = kit_open_store(kit);
	if (!writer.store) {
		(void)kit_end(kit);
		return;
	}
	write_one(kit, writer.store, 7, "k", "old");
	reader = kit_store_begin(kit, writer.store, IAG_STORE_READ);
	txn = kit_store_begin(kit, writer.store, IAG_STORE_WRITE);
	if (reader && txn) {
		kit_store_put(kit, txn, 7, "k", "new");
		kit_store_expect(kit, reader, 7, "k", "old");
		if (pthread_create(
			&writer.thread, NULL, want_to_write, &writer) == 0)
			(void)pthread_join(writer.thread, NULL);
		(void)kit_expect(kit, writer.r == IAG_AGAIN,
		    "a second writer got %d at its deadline, expected "
		    "IAG_AGAIN",
		    writer.r);
		kit_store_commit(kit, txn);
		txn = NULL;
		kit_store_expect(kit, reader, 7, "k", "old");
	}
	store_abort(txn);
	store_abort(reader);
	read_one(kit, writer.store, 7, "k", "new");
	(void)kit_close(kit);
	(void)kit_end(kit);
}

static uint64_t
change_of(struct kit *kit, struct instance *store)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	uint64_t counter = 0;

	(void)kit_expect_ok(
	    kit, store_change(store, &counter, &err), "change", &err);
	return counter;
}

/* A commit counts one, and nothing else does: the journal goes by it. */
static void
count_change(struct kit *kit, struct instance *store)
{
	uint64_t before = change_of(kit, store);
	struct store_txn *txn = kit_store_begin(kit, store, IAG_STORE_WRITE);
	uint64_t inside, after;

	if (!txn)
		return;
	kit_store_put(kit, txn, 8, "k", "v");
	inside = change_of(kit, store);
	kit_store_commit(kit, txn);
	after = change_of(kit, store);
	(void)kit_expect(kit, inside == before && after == before + 1,
	    "change went from %llu to %llu before a commit and to %llu with "
	    "it, expected one more with it",
	    (unsigned long long)before, (unsigned long long)inside,
	    (unsigned long long)after);
}

static void
check_change(struct kit *kit)
{
	struct instance *store;

	kit_begin(kit, "change");
	store = kit_open_store(kit);
	if (store && !kit->plugin->ops.store.change) {
		(void)kit_close(kit);
		kit_skip(kit, "change", "the store does not offer it");
		return;
	}
	if (store) {
		/* a new store may make something of its own first */
		write_one(kit, store, 8, "k", "first");
		count_change(kit, store);
		(void)kit_close(kit);
	}
	(void)kit_end(kit);
}

static void
check_identity(struct kit *kit)
{
	struct store_identity one = { .read_only = false };
	struct store_identity two = { .read_only = false };
	struct iag_store_room room = { .struct_size = 0 };
	CLEANUP_ERR struct err err = ERR_INIT;
	struct instance *store;

	kit_begin(kit, "identity");
	store = kit_open_store(kit);
	if (store) {
		(void)kit_expect_ok(
		    kit, store_identify(store, &one, &err), "identity", &err);
		if (kit->plugin->ops.store.room &&
		    kit_expect_ok(
			kit, store_room(store, &room, &err), "room", &err))
			(void)kit_expect(kit,
			    !room.limit_bytes ||
				room.used_bytes <= room.limit_bytes,
			    "room says that more than its limit is used");
		instance_close(store);
		store = kit_open(kit);
	}
	if (store) {
		(void)kit_expect_ok(
		    kit, store_identify(store, &two, &err), "identity", &err);
		(void)kit_expect(kit,
		    one.machine && two.machine && one.device == two.device &&
			one.inode == two.inode &&
			strcmp(one.machine, two.machine) == 0,
		    "the identity changed when the store was opened again");
		(void)kit_close(kit);
	}
	store_identity_fini(&one);
	store_identity_fini(&two);
	(void)kit_end(kit);
}

static void
backup_once(struct kit *kit, struct instance *store)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof path, "%s/backup.XXXXXX", kit->tmp);
	fd = mkstemp(path);
	if (!kit_expect(kit, fd >= 0, "no file for the backup"))
		return;
	write_one(kit, store, 9, "k", "v");
	(void)kit_expect_ok(kit, store_backup(store, fd, &err), "backup", &err);
	(void)kit_expect(
	    kit, lseek(fd, 0, SEEK_END) > 0, "the backup is empty");
	(void)close(fd);
	(void)unlink(path);
}

static void
check_backup(struct kit *kit)
{
	struct instance *store;

	kit_begin(kit, "backup");
	store = kit_open_store(kit);
	if (store && !kit->plugin->ops.store.backup) {
		(void)kit_close(kit);
		kit_skip(kit, "backup", "the store does not offer it");
		return;
	}
	if (store) {
		backup_once(kit, store);
		(void)kit_close(kit);
	}
	(void)kit_end(kit);
}

const struct kit_group kit_store_groups[] = {
	{ "transactions", IAG_KIND_STORE, check_transactions },
	{ "no_overwrite", IAG_KIND_STORE, check_overwrite },
	{ "bounds", IAG_KIND_STORE, check_bounds },
	{ "cursors", IAG_KIND_STORE, check_cursors },
	{ "nested", IAG_KIND_STORE, check_nested },
	{ "isolation", IAG_KIND_STORE, check_isolation },
	{ "change", IAG_KIND_STORE, check_change },
	{ "identity", IAG_KIND_STORE, check_identity },
	{ "backup", IAG_KIND_STORE, check_backup },
	{ "guards", IAG_KIND_STORE, kit_check_guards },
	{ "guards_of_processes", IAG_KIND_STORE, kit_check_guard_peer },
	{ "writers_of_processes", IAG_KIND_STORE, kit_check_write_peer },
};
const size_t kit_store_group_count = ARRAY_COUNT(kit_store_groups);

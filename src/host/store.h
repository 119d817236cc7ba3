/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The host's side of a store plugin: the callbacks of store.h in the ABI,
 * each with checks of arguments and results and with errors captured.  They
 * run on the calling thread, so a store must be PARALLEL.  Only the journal
 * uses this.  Results are the store's own classes, whatever the code in *err
 * is; IAG_NOTFOUND of get, del and cursor_step and IAG_REJECTED of put with
 * NO_OVERWRITE are answers and bring no error text.
 */

#ifndef IAG_HOST_STORE_H
#define IAG_HOST_STORE_H

#include "host/host.h"
#include "ibkr-agent/store.h"

struct store_txn;
struct store_cursor;
struct store_guard;

int store_begin(struct instance *store, struct call *call, uint32_t mode,
    struct store_txn **ret_txn, struct err *err);
int store_get(struct store_txn *txn, uint32_t table, struct iag_bytes key,
    struct iag_bytes *ret_value, struct err *err);
int store_put(struct store_txn *txn, uint32_t table, struct iag_bytes key,
    struct iag_bytes value, uint32_t flags, struct err *err);
int store_del(struct store_txn *txn, uint32_t table, struct iag_bytes key,
    struct err *err);
int store_cursor_open(struct store_txn *txn, uint32_t table,
    struct iag_bytes key, bool inclusive, bool backward,
    struct store_cursor **ret_cursor, struct err *err);
/* IAG_NOTFOUND at the end, without an error text. */
int store_cursor_step(struct store_cursor *cursor, struct iag_bytes *ret_key,
    struct iag_bytes *ret_value, struct err *err);
void store_cursor_close(struct store_cursor *cursor);
/* Both end the transaction, whatever they return. */
int store_commit(struct store_txn *txn, struct err *err);
void store_abort(struct store_txn *txn); /* NULL is fine */
bool store_has_nested(const struct instance *store);
int store_nested(
    struct store_txn *txn, struct store_txn **ret_child, struct err *err);

uint64_t store_now_ns(struct instance *store);
int store_change(
    struct instance *store, uint64_t *ret_counter, struct err *err);
int store_guard_take(struct instance *store, struct call *call,
    const char *name, uint32_t mode, struct store_guard **ret_guard,
    struct err *err);
/* 0: free; IAG_AGAIN: held. */
int store_guard_check(
    struct instance *store, const char *name, struct err *err);
void store_guard_drop(struct store_guard *guard); /* NULL is fine */

struct store_identity {
	bool read_only;
	uint64_t device;
	uint64_t inode;
	char *machine; /* owned */
	char *path;    /* owned */
};
void store_identity_fini(struct store_identity *identity);
int store_identify(struct instance *store, struct store_identity *ret_identity,
    struct err *err);
int store_room(
    struct instance *store, struct iag_store_room *ret_room, struct err *err);
int store_backup(struct instance *store, int fd, struct err *err);

#endif

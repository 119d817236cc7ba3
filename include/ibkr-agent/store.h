/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A store keeps ordered byte keys and values durably and in transactions.
 * It is shaped so that a database shared by several hosts fits: write
 * transactions are exclusive across all processes on the store, reads are
 * snapshots, and guards are locks that end with their owner's process.
 * Callbacks run on the host's own threads, several at once, so the thread
 * model must be IAG_THREAD_PARALLEL.  nested, now, change, wait_change, room
 * and backup may be NULL; everything else is mandatory.
 * Keys have 1 to 480 bytes and compare as unsigned bytes, values up to
 * 1 MiB, tables are numbers 1 to 32.  Bytes that get and cursors hand out
 * are borrowed until the next call on the same transaction.
 */

#ifndef IBKR_AGENT_STORE_H
#define IBKR_AGENT_STORE_H

#include "ibkr-agent/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define IAG_STORE_KEY_LEN 480
#define IAG_STORE_VALUE_LEN 1048576
#define IAG_STORE_TABLES 32

#define IAG_STORE_READ 1
#define IAG_STORE_WRITE 2

/*
 * The table that has the audit trail, for stores that keep a copy
 * of it.  A key is the number of the record, u64 with the highest byte first,
 * and a value is
 *
 *   hash (32) | MAC (32) | leaf (32) | type (1) | record
 *
 * with a record of JSON, and type IAG_STORE_AUDIT_RECORD, or _ROTATION where
 * 32 more bytes stand before the record, or another one, without a record.
 * leaf is the SHA-256 of a zero byte and the record.  What other tables have
 * is the host's own business.
 */
#define IAG_STORE_TABLE_AUDIT 2
#define IAG_STORE_AUDIT_RECORD 0x52
#define IAG_STORE_AUDIT_ROTATION 0x4b

/* put: IAG_REJECTED if the key is there */
#define IAG_STORE_NO_OVERWRITE 0x1u

#define IAG_STORE_SHARED 1
#define IAG_STORE_EXCLUSIVE 2

/* Which physical store this is, so that copies are noticed. */
struct iag_store_identity {
	uint32_t struct_size;
	uint32_t read_only; /* not 0: opened for reading */
	uint64_t device;
	uint64_t inode;
	const char *machine; /* machine id or database name; interned */
	const char *path;    /* for operators; interned */
};

struct iag_store_room {
	uint32_t struct_size;
	uint32_t readers;     /* snapshots open now, all processes */
	uint64_t used_bytes;  /* of the store's own limit */
	uint64_t limit_bytes; /* 0: none */
	uint64_t disk_bytes;  /* free on the file system; UINT64_MAX: unknown */
};

struct iag_store_ops {
	uint32_t struct_size;
	uint32_t reserved; /* 0 */

	/*
	 * Begin a transaction.  A write transaction waits for other writers
	 * until the call's deadline and then fails with IAG_AGAIN; it is used
	 * and ended on the thread that began it.
	 */
	int32_t (*begin)(
	    struct iag_ctx *ctx, void *instance, uint32_t mode, void **ret_txn);
	/* IAG_NOTFOUND if there is no such key. */
	int32_t (*get)(struct iag_ctx *ctx, void *txn, uint32_t table,
	    const struct iag_bytes *key, struct iag_bytes *ret_value);
	int32_t (*put)(struct iag_ctx *ctx, void *txn, uint32_t table,
	    const struct iag_bytes *key, const struct iag_bytes *value,
	    uint32_t flags);
	int32_t (*del)(struct iag_ctx *ctx, void *txn, uint32_t table,
	    const struct iag_bytes *key);
	/*
	 * A cursor over one table from *key on (an empty key: from the
	 * respective end), upwards or backward; inclusive: the key itself
	 * counts.  Each step gives the next entry; IAG_NOTFOUND at the end.
	 */
	int32_t (*cursor_open)(struct iag_ctx *ctx, void *txn, uint32_t table,
	    const struct iag_bytes *key, uint32_t inclusive, uint32_t backward,
	    void **ret_cursor);
	int32_t (*cursor_step)(struct iag_ctx *ctx, void *cursor,
	    struct iag_bytes *ret_key, struct iag_bytes *ret_value);
	void (*cursor_close)(struct iag_ctx *ctx, void *cursor);
	/*
	 * Durable when 0.  Ends the transaction whatever it returns:
	 * IAG_AGAIN: nothing was applied, run it again; IAG_LIMIT: no room,
	 * nothing applied; IAG_UNKNOWN: look whether it was.
	 */
	int32_t (*commit)(struct iag_ctx *ctx, void *txn);
	void (*abort)(struct iag_ctx *ctx, void *txn);
	/* A child of a write transaction; ended by commit or abort; may be
	 * NULL, then the host runs steps in transactions of their own. */
	int32_t (*nested)(struct iag_ctx *ctx, void *txn, void **ret_child);

	/* The store's own clock in real ns; NULL: the host's clock is used. */
	int32_t (*now)(struct iag_ctx *ctx, void *instance, uint64_t *ret_ns);
	/*
	 * How many commits there were, of all processes: one more with each
	 * that changed something, and none for what is not committed yet.  By
	 * it the host notices a store that was set back; NULL: it does not.
	 */
	int32_t (*change)(
	    struct iag_ctx *ctx, void *instance, uint64_t *ret_counter);
	/* Returns once change() differs from seen, or IAG_STOPPING; optional.
	 */
	int32_t (*wait_change)(
	    struct iag_ctx *ctx, void *instance, uint64_t seen);

	/*
	 * Guards: named locks (names [a-z0-9:._-]{1,120} that do not begin
	 * with a point) across processes and within one, freed when the
	 * owner's process ends.  guard waits until the deadline, then
	 * IAG_AGAIN.  guard_check: 0 if nobody holds
	 * it, IAG_AGAIN if somebody does.
	 */
	int32_t (*guard)(struct iag_ctx *ctx, void *instance, const char *name,
	    uint32_t mode, void **ret_guard);
	int32_t (*guard_check)(
	    struct iag_ctx *ctx, void *instance, const char *name);
	void (*unguard)(struct iag_ctx *ctx, void *guard);

	int32_t (*identity)(struct iag_ctx *ctx, void *instance,
	    struct iag_store_identity *ret_identity);
	int32_t (*room)(struct iag_ctx *ctx, void *instance,
	    struct iag_store_room *ret_room);
	/* A consistent copy to fd. */
	int32_t (*backup)(struct iag_ctx *ctx, void *instance, int32_t fd);
};

#ifdef __cplusplus
}
#endif

#endif

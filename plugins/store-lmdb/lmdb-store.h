/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the files of this plugin share: one environment per data file and
 * process, instances that borrow it, transactions and guards over it.
 */

#ifndef IAG_STORE_LMDB_LMDB_STORE_H
#define IAG_STORE_LMDB_LMDB_STORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <lmdb.h>

#include "ibkr-agent/store.h"

/* The services; set once by load(), never NULL afterwards. */
extern const struct iag_host *host;

/*
 * One open LMDB environment.  LMDB's locks belong to the process and are
 * lost when any descriptor of the lock file is closed, so a second opening of
 * the same file in one process would break the exclusion of writers: every
 * instance on a file shares this object (ruling 23).
 */
struct environment {
	struct environment *next;
	unsigned refs;
	dev_t device; /* of data.mdb */
	ino_t inode;
	dev_t lock_device; /* of lock.mdb; 0, 0 when opened without it */
	ino_t lock_inode;
	pid_t pid; /* of the opener: useless in a forked child */
	MDB_env *mdb;
	bool read_only;
	bool lockless; /* read-only beside no lock file: see txn_check() */
	MDB_dbi tables[IAG_STORE_TABLES + 1];
	bool has_table[IAG_STORE_TABLES + 1];
	int guards_fd;  /* directory of the lock files; -1 when read-only */
	int process_fd; /* one byte locked for this process */
	int writer_fd;  /* locked while this process writes */
	int waiting_fd; /* share-locked while this process waits to write */

	pthread_mutex_t mutex; /* guards what follows */
	struct turn *turns;    /* guards that are held or waited for here */
	bool writing;
	bool polite; /* wrote last: let a waiting process go first */
	unsigned waiting;
	unsigned transactions; /* open now, all modes */
	uint64_t checked_ns;   /* boot time of the last reader check */
};

struct store {
	struct environment *env; /* NULL before start */
	char *path;
	size_t map_size;
	bool read_only;
	char machine[64];
};

struct txn {
	struct environment *env;
	MDB_txn *mdb;
	bool write;
	bool nested;
	size_t id;
};

/* env.c: find or open the environment of store->path, and drop it. */
int32_t env_get(struct iag_ctx *ctx, const struct store *store,
    struct environment **ret_env);
void env_put(struct environment *env);
/* Free reader slots of dead processes, at most once a minute. */
void env_check_readers(struct iag_ctx *ctx, struct environment *env);
/* True if the disk or the process's file size limit is nearly used up. */
bool env_is_short(const struct environment *env);
int32_t env_room(struct iag_ctx *ctx, struct environment *env,
    struct iag_store_room *ret_room);

/* directory.c: make or check the directory; refuse network file systems. */
int32_t directory_prepare(struct iag_ctx *ctx, const char *path, bool create);
/* Make the directory's own entries and those that lead to it durable. */
int directory_flush(const char *path);
/* Open (make) PATH/guards/; the descriptor or a negative result. */
int directory_guards(struct iag_ctx *ctx, const char *path);
void directory_machine(char *id, size_t size);

/*
 * lock.c: the turn to write, among threads and processes.  Waits until the
 * deadline of the call (IAG_AGAIN), because LMDB's own mutex would wait for
 * ever.
 */
int32_t env_write_lock(struct iag_ctx *ctx, struct environment *env);
void env_write_unlock(struct environment *env);
/* 0, or IAG_AGAIN at the end of the call: wait a little between attempts. */
int32_t lock_pause(struct iag_ctx *ctx, unsigned attempt);
/* F_OFD_SETLK or F_OFD_GETLK over one byte. */
int lock_byte(int fd, int command, short type, off_t at);

/*
 * turn.c: the line of this process for one guard.  Waits until the deadline
 * of the call (IAG_AGAIN); NULL is given back, too.
 */
int32_t turn_take(struct iag_ctx *ctx, struct environment *env,
    const char *name, struct turn **ret_turn);
void turn_give(struct environment *env, struct turn *turn);

/* fault.c: an LMDB result with its class, code and text. */
int32_t fault(struct iag_ctx *ctx, int rc, const char *doing);

/* txn.c */
int32_t store_begin(
    struct iag_ctx *ctx, void *instance, uint32_t mode, void **ret_txn);
int32_t store_get(struct iag_ctx *ctx, void *txn, uint32_t table,
    const struct iag_bytes *key, struct iag_bytes *ret_value);
int32_t store_put(struct iag_ctx *ctx, void *txn, uint32_t table,
    const struct iag_bytes *key, const struct iag_bytes *value, uint32_t flags);
int32_t store_del(struct iag_ctx *ctx, void *txn, uint32_t table,
    const struct iag_bytes *key);
int32_t store_commit(struct iag_ctx *ctx, void *txn);
void store_abort(struct iag_ctx *ctx, void *txn);
int32_t store_nested(struct iag_ctx *ctx, void *txn, void **ret_child);
/*
 * Without the lock file a writer cannot know of this snapshot and may reuse
 * its pages two commits later; IAG_AGAIN as soon as that is possible.
 */
int32_t txn_check(struct iag_ctx *ctx, const struct txn *txn);
/*
 * A snapshot for the plugin's own use, counted like those of callers: the map
 * moves when it grows, but never under one.
 */
int32_t txn_look(
    struct iag_ctx *ctx, struct environment *env, MDB_txn **ret_mdb);
void txn_look_end(struct environment *env, MDB_txn *mdb);
int32_t txn_table(struct iag_ctx *ctx, const struct txn *txn, uint32_t table,
    const struct iag_bytes *key);

/* cursor.c */
int32_t store_cursor_open(struct iag_ctx *ctx, void *txn, uint32_t table,
    const struct iag_bytes *key, uint32_t inclusive, uint32_t backward,
    void **ret_cursor);
int32_t store_cursor_step(struct iag_ctx *ctx, void *cursor,
    struct iag_bytes *ret_key, struct iag_bytes *ret_value);
void store_cursor_close(struct iag_ctx *ctx, void *cursor);

/* guard.c */
int32_t store_guard(struct iag_ctx *ctx, void *instance, const char *name,
    uint32_t mode, void **ret_guard);
int32_t store_guard_check(
    struct iag_ctx *ctx, void *instance, const char *name);
void store_unguard(struct iag_ctx *ctx, void *guard);
/*
 * Remove the files that nobody holds: killed processes and the last holder
 * of a shared guard leave theirs behind.
 */
void guard_sweep(int guards_fd);

#endif

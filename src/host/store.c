/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Stores: each callback behind checks of what goes in and what comes out.  A
 * transaction has one context for all its callbacks, since a journal makes
 * many small ones.
 *
 * A transaction, a cursor and a guard belong to the thread that uses them;
 * everything else may be called by any thread.
 */

#include "host/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "host/instance.h"

#define GUARD_NAME_LEN 120

struct store_txn {
	struct iag_ctx ctx;
	struct instance *store;
	void *data;
	uint32_t mode;
	pthread_t thread; /* that began it */
	struct store_txn *parent;
};

struct store_cursor {
	struct store_txn *txn;
	void *data;
};

struct store_guard {
	struct instance *store;
	void *data;
};

static const struct iag_store_ops *
ops_of(const struct instance *store)
{
	return &store->plugin->ops.store;
}

static void
init_context(struct iag_ctx *ctx, struct instance *store, const char *callback,
    struct call *call)
{
	context_init(ctx, store->plugin, callback, call, UINT64_MAX);
	ctx->instance = store;
	ctx->options = store->options;
	ctx->label = store->label;
}

/* The class of a store's result is the plugin's own, whatever the code. */
static int
settle(struct iag_ctx *ctx, int32_t result, struct err *err)
{
	if (result == 0)
		return 0;
	if (result > 0 || result < IAG_INTERNAL) {
		(void)context_result(ctx, result, err);
		return IAG_INTERNAL;
	}
	if (err)
		(void)context_result(ctx, result, err);
	return result;
}

static int
broke(const struct instance *store, const char *callback, const char *what,
    struct err *err)
{
	(void)err_set(err, ERR_JOURNAL_CORRUPT,
	    "store '%s' broke the contract in '%s': %s",
	    store->plugin->desc.name, callback, what);
	return IAG_CORRUPT;
}

static int
bad_argument(const struct instance *store, const char *callback,
    const char *what, struct err *err)
{
	(void)err_set(err, ERR_INTERNAL_ERROR, "store '%s': '%s' %s",
	    store->plugin->desc.name, callback, what);
	return IAG_INVAL;
}

static int
check_table(struct store_txn *txn, const char *callback, uint32_t table,
    struct err *err)
{
	if (table >= 1 && table <= IAG_STORE_TABLES)
		return 0;
	return bad_argument(
	    txn->store, callback, "was given a table outside 1..32", err);
}

static int
check_place(struct store_txn *txn, const char *callback, uint32_t table,
    struct iag_bytes key, struct err *err)
{
	if (!key.data || key.len < 1 || key.len > IAG_STORE_KEY_LEN)
		return bad_argument(txn->store, callback,
		    "was given a key of other than 1..480 bytes", err);
	return check_table(txn, callback, table, err);
}

static int
check_value(struct store_txn *txn, const char *callback,
    const struct iag_bytes *value, struct err *err)
{
	if (value->len > IAG_STORE_VALUE_LEN)
		return broke(txn->store, callback,
		    "it gave a value of more than 1 MiB", err);
	if (value->len && !value->data)
		return broke(
		    txn->store, callback, "it gave a value without bytes", err);
	return 0;
}

static struct store_txn *
txn_new(struct instance *store, const char *callback, struct call *call,
    uint32_t mode)
{
	struct store_txn *txn = malloc(sizeof *txn);

	if (!txn)
		return NULL;
	init_context(&txn->ctx, store, callback, call);
	txn->store = store;
	txn->data = NULL;
	txn->mode = mode;
	txn->thread = pthread_self();
	txn->parent = NULL;
	return txn;
}

static void
txn_free(struct store_txn *txn)
{
	context_fini(&txn->ctx);
	free(txn);
}

/* A transaction is used by one thread, a write one by that which began. */
static struct iag_ctx *
enter(struct store_txn *txn, const char *callback)
{
	assert(txn->mode == IAG_STORE_READ ||
	       pthread_equal(txn->thread, pthread_self()));
	context_reset(&txn->ctx, callback);
	return &txn->ctx;
}

int
store_begin(struct instance *store, struct call *call, uint32_t mode,
    struct store_txn **ret_txn, struct err *err)
{
	struct store_txn *txn;
	int r;

	if (mode != IAG_STORE_READ && mode != IAG_STORE_WRITE)
		return bad_argument(
		    store, "begin", "was given another mode than 1 or 2", err);
	txn = txn_new(store, "begin", call, mode);
	if (!txn)
		return err_no_memory(err);
	r = ops_of(store)->begin(&txn->ctx, store->data, mode, &txn->data);
	r = settle(&txn->ctx, r, err);
	if (r == 0 && !txn->data)
		r = broke(store, "begin", "it gave no transaction", err);
	if (r < 0) {
		txn_free(txn);
		return r;
	}
	*ret_txn = txn;
	return 0;
}

int
store_get(struct store_txn *txn, uint32_t table, struct iag_bytes key,
    struct iag_bytes *ret_value, struct err *err)
{
	struct iag_ctx *ctx = enter(txn, "get");
	struct iag_bytes value = { NULL, 0 };
	int r = check_place(txn, "get", table, key, err);

	if (r < 0)
		return r;
	r = ops_of(txn->store)->get(ctx, txn->data, table, &key, &value);
	if (r == IAG_NOTFOUND)
		return r;
	r = settle(ctx, r, err);
	if (r == 0)
		r = check_value(txn, "get", &value, err);
	if (r == 0)
		*ret_value = value;
	return r;
}

int
store_put(struct store_txn *txn, uint32_t table, struct iag_bytes key,
    struct iag_bytes value, uint32_t flags, struct err *err)
{
	struct iag_ctx *ctx = enter(txn, "put");
	int r = check_place(txn, "put", table, key, err);

	if (r < 0)
		return r;
	if (value.len > IAG_STORE_VALUE_LEN || (value.len && !value.data))
		return bad_argument(txn->store, "put",
		    "was given a value of more than 1 MiB", err);
	if (flags & ~IAG_STORE_NO_OVERWRITE)
		return bad_argument(
		    txn->store, "put", "was given flags outside 0x1", err);
	r = ops_of(txn->store)->put(ctx, txn->data, table, &key, &value, flags);
	if (r == IAG_REJECTED && (flags & IAG_STORE_NO_OVERWRITE))
		return r;
	return settle(ctx, r, err);
}

int
store_del(struct store_txn *txn, uint32_t table, struct iag_bytes key,
    struct err *err)
{
	struct iag_ctx *ctx = enter(txn, "del");
	int r = check_place(txn, "del", table, key, err);

	if (r < 0)
		return r;
	r = ops_of(txn->store)->del(ctx, txn->data, table, &key);
	return r == IAG_NOTFOUND ? r : settle(ctx, r, err);
}

int
store_cursor_open(struct store_txn *txn, uint32_t table, struct iag_bytes key,
    bool inclusive, bool backward, struct store_cursor **ret_cursor,
    struct err *err)
{
	struct iag_ctx *ctx = enter(txn, "cursor_open");
	struct store_cursor *cursor;
	int r = key.len ? check_place(txn, "cursor_open", table, key, err)
			: check_table(txn, "cursor_open", table, err);

	if (r < 0)
		return r;
	cursor = calloc(1, sizeof *cursor);
	if (!cursor)
		return err_no_memory(err);
	cursor->txn = txn;
	r = ops_of(txn->store)
		->cursor_open(ctx, txn->data, table, &key, inclusive, backward,
		    &cursor->data);
	r = settle(ctx, r, err);
	if (r == 0 && !cursor->data)
		r = broke(txn->store, "cursor_open", "it gave no cursor", err);
	if (r < 0) {
		free(cursor);
		return r;
	}
	*ret_cursor = cursor;
	return 0;
}

int
store_cursor_step(struct store_cursor *cursor, struct iag_bytes *ret_key,
    struct iag_bytes *ret_value, struct err *err)
{
	struct store_txn *txn = cursor->txn;
	struct iag_ctx *ctx = enter(txn, "cursor_step");
	struct iag_bytes key = { NULL, 0 };
	struct iag_bytes value = { NULL, 0 };
	int r =
	    ops_of(txn->store)->cursor_step(ctx, cursor->data, &key, &value);

	if (r == IAG_NOTFOUND)
		return r;
	r = settle(ctx, r, err);
	if (r < 0)
		return r;
	if (!key.data || key.len < 1 || key.len > IAG_STORE_KEY_LEN)
		return broke(txn->store, "cursor_step",
		    "it gave a key of other than 1..480 bytes", err);
	r = check_value(txn, "cursor_step", &value, err);
	if (r < 0)
		return r;
	*ret_key = key;
	*ret_value = value;
	return 0;
}

void
store_cursor_close(struct store_cursor *cursor)
{
	if (!cursor)
		return;
	ops_of(cursor->txn->store)
	    ->cursor_close(enter(cursor->txn, "cursor_close"), cursor->data);
	free(cursor);
}

int
store_commit(struct store_txn *txn, struct err *err)
{
	struct iag_ctx *ctx = enter(txn, "commit");
	int r = ops_of(txn->store)->commit(ctx, txn->data);

	r = settle(ctx, r, err);
	txn_free(txn);
	return r;
}

void
store_abort(struct store_txn *txn)
{
	if (!txn)
		return;
	ops_of(txn->store)->abort(enter(txn, "abort"), txn->data);
	txn_free(txn);
}

bool
store_has_nested(const struct instance *store)
{
	return ops_of(store)->nested != NULL;
}

int
store_nested(
    struct store_txn *txn, struct store_txn **ret_child, struct err *err)
{
	struct instance *store = txn->store;
	struct store_txn *child;
	int r;

	if (!ops_of(store)->nested || txn->mode != IAG_STORE_WRITE)
		return bad_argument(store, "nested",
		    "is not offered for this transaction", err);
	(void)enter(txn, "nested");
	child = txn_new(store, "nested", txn->ctx.call, txn->mode);
	if (!child)
		return err_no_memory(err);
	child->parent = txn;
	r = ops_of(store)->nested(&child->ctx, txn->data, &child->data);
	r = settle(&child->ctx, r, err);
	if (r == 0 && !child->data)
		r = broke(store, "nested", "it gave no transaction", err);
	if (r < 0) {
		txn_free(child);
		return r;
	}
	*ret_child = child;
	return 0;
}

uint64_t
store_now_ns(struct instance *store)
{
	struct iag_ctx ctx;
	uint64_t ns = 0;
	int r;

	if (!ops_of(store)->now)
		return clock_real_ns();
	init_context(&ctx, store, "now", NULL);
	r = ops_of(store)->now(&ctx, store->data, &ns);
	context_fini(&ctx);
	return r == 0 && ns ? ns : clock_real_ns();
}

static int
not_offered(const struct instance *store, const char *callback, struct err *err)
{
	(void)err_set(err, ERR_JOURNAL_UNAVAILABLE,
	    "store '%s' does not offer '%s'", store->plugin->desc.name,
	    callback);
	return IAG_NOTSUP;
}

int
store_change(struct instance *store, uint64_t *ret_counter, struct err *err)
{
	struct iag_ctx ctx;
	uint64_t counter = 0;
	int r;

	if (!ops_of(store)->change)
		return not_offered(store, "change", err);
	init_context(&ctx, store, "change", NULL);
	r = ops_of(store)->change(&ctx, store->data, &counter);
	r = settle(&ctx, r, err);
	context_fini(&ctx);
	if (r == 0)
		*ret_counter = counter;
	return r;
}

/* As files may be named: none that leads elsewhere or hides. */
static bool
is_guard_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789:._-");

	return len >= 1 && len <= GUARD_NAME_LEN && name[len] == '\0' &&
	       name[0] != '.';
}

int
store_guard_take(struct instance *store, struct call *call, const char *name,
    uint32_t mode, struct store_guard **ret_guard, struct err *err)
{
	struct store_guard *guard;
	struct iag_ctx ctx;
	int r;

	if (!is_guard_name(name) ||
	    (mode != IAG_STORE_SHARED && mode != IAG_STORE_EXCLUSIVE))
		return bad_argument(store, "guard",
		    "was given another name or mode than the ABI allows", err);
	guard = calloc(1, sizeof *guard);
	if (!guard)
		return err_no_memory(err);
	guard->store = store;
	init_context(&ctx, store, "guard", call);
	r = ops_of(store)->guard(&ctx, store->data, name, mode, &guard->data);
	r = settle(&ctx, r, err);
	context_fini(&ctx);
	if (r == 0 && !guard->data)
		r = broke(store, "guard", "it gave no guard", err);
	if (r < 0) {
		free(guard);
		return r;
	}
	*ret_guard = guard;
	return 0;
}

int
store_guard_check(struct instance *store, const char *name, struct err *err)
{
	struct iag_ctx ctx;
	int r;

	if (!is_guard_name(name))
		return bad_argument(store, "guard_check",
		    "was given another name than the ABI allows", err);
	init_context(&ctx, store, "guard_check", NULL);
	r = ops_of(store)->guard_check(&ctx, store->data, name);
	if (r != IAG_AGAIN)
		r = settle(&ctx, r, err);
	context_fini(&ctx);
	return r;
}

void
store_guard_drop(struct store_guard *guard)
{
	struct iag_ctx ctx;

	if (!guard)
		return;
	init_context(&ctx, guard->store, "unguard", NULL);
	ops_of(guard->store)->unguard(&ctx, guard->data);
	context_fini(&ctx);
	free(guard);
}

void
store_identity_fini(struct store_identity *identity)
{
	free(identity->machine);
	free(identity->path);
	*identity = (struct store_identity){ .read_only = false };
}

int
store_identify(struct instance *store, struct store_identity *ret_identity,
    struct err *err)
{
	struct iag_store_identity raw = { .struct_size = sizeof raw };
	struct store_identity identity = { .read_only = false };
	struct iag_ctx ctx;
	int r;

	init_context(&ctx, store, "identity", NULL);
	r = ops_of(store)->identity(&ctx, store->data, &raw);
	r = settle(&ctx, r, err);
	if (r == 0 && (!raw.machine || !raw.path))
		r = broke(store, "identity", "machine or path is missing", err);
	if (r == 0) {
		identity.read_only = raw.read_only != 0;
		identity.device = raw.device;
		identity.inode = raw.inode;
		identity.machine = strdup(raw.machine);
		identity.path = strdup(raw.path);
		if (!identity.machine || !identity.path) {
			store_identity_fini(&identity);
			r = err_no_memory(err);
		}
	}
	context_fini(&ctx);
	if (r == 0)
		*ret_identity = identity;
	return r;
}

int
store_room(
    struct instance *store, struct iag_store_room *ret_room, struct err *err)
{
	struct iag_store_room room = { .struct_size = sizeof room };
	struct iag_ctx ctx;
	int r;

	if (!ops_of(store)->room)
		return not_offered(store, "room", err);
	init_context(&ctx, store, "room", NULL);
	r = ops_of(store)->room(&ctx, store->data, &room);
	r = settle(&ctx, r, err);
	context_fini(&ctx);
	if (r == 0)
		*ret_room = room;
	return r;
}

int
store_backup(struct instance *store, int fd, struct err *err)
{
	struct iag_ctx ctx;
	int r;

	if (!ops_of(store)->backup)
		return not_offered(store, "backup", err);
	init_context(&ctx, store, "backup", NULL);
	r = ops_of(store)->backup(&ctx, store->data, fd);
	r = settle(&ctx, r, err);
	context_fini(&ctx);
	return r;
}

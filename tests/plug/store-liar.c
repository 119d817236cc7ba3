/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A store that lies: the first byte of a key, or the name of a guard,
 * chooses what it says.  It keeps nothing.
 */

#include <string.h>

#include "ibkr-agent/store.h"

static const struct iag_host *host;
static char thing; /* every transaction, cursor and guard */

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *table)
{
	(void)ctx;
	host = table;
	return IAG_OK;
}

static int32_t
begin(struct iag_ctx *ctx, void *instance, uint32_t mode, void **ret_txn)
{
	const char *lie = "";

	(void)instance;
	(void)mode;
	(void)host->option_str(ctx, "lie", &lie);
	if (strcmp(lie, "null") != 0)
		*ret_txn = &thing;
	return IAG_OK;
}

static int32_t
get(struct iag_ctx *ctx, void *txn, uint32_t table, const struct iag_bytes *key,
    struct iag_bytes *ret_value)
{
	(void)txn;
	(void)table;
	switch (*(const char *)key->data) {
	case 'l':
		ret_value->data = &thing;
		ret_value->len = IAG_STORE_VALUE_LEN + 1;
		return IAG_OK;
	case 'n':
		ret_value->len = 3;
		return IAG_OK;
	case 'p':
		return 5;
	case 'm':
		return -99;
	case 'c':
		return host->fail(ctx, IAG_CORRUPT, NULL, "page 7 is torn");
	case 'a':
		return IAG_AGAIN;
	default:
		return IAG_NOTFOUND;
	}
}

static int32_t
put(struct iag_ctx *ctx, void *txn, uint32_t table, const struct iag_bytes *key,
    const struct iag_bytes *value, uint32_t flags)
{
	(void)ctx;
	(void)txn;
	(void)table;
	(void)key;
	(void)value;
	(void)flags;
	return IAG_REJECTED;
}

static int32_t
del(struct iag_ctx *ctx, void *txn, uint32_t table, const struct iag_bytes *key)
{
	(void)ctx;
	(void)txn;
	(void)table;
	(void)key;
	return IAG_LIMIT;
}

static int32_t
cursor_open(struct iag_ctx *ctx, void *txn, uint32_t table,
    const struct iag_bytes *key, uint32_t inclusive, uint32_t backward,
    void **ret_cursor)
{
	(void)ctx;
	(void)txn;
	(void)table;
	(void)key;
	(void)inclusive;
	if (!backward)
		*ret_cursor = &thing;
	return IAG_OK;
}

static int32_t
cursor_step(struct iag_ctx *ctx, void *cursor, struct iag_bytes *ret_key,
    struct iag_bytes *ret_value)
{
	(void)ctx;
	(void)cursor;
	(void)ret_key;
	(void)ret_value;
	return IAG_OK; /* without a key */
}

static void
cursor_close(struct iag_ctx *ctx, void *cursor)
{
	(void)ctx;
	(void)cursor;
}

static int32_t
commit(struct iag_ctx *ctx, void *txn)
{
	(void)ctx;
	(void)txn;
	return IAG_UNKNOWN;
}

static void
abort_txn(struct iag_ctx *ctx, void *txn)
{
	(void)ctx;
	(void)txn;
}

static int32_t
guard(struct iag_ctx *ctx, void *instance, const char *name, uint32_t mode,
    void **ret_guard)
{
	(void)ctx;
	(void)instance;
	(void)name;
	(void)mode;
	(void)ret_guard;
	return IAG_OK; /* without a guard */
}

static int32_t
guard_check(struct iag_ctx *ctx, void *instance, const char *name)
{
	(void)ctx;
	(void)instance;
	(void)name;
	return IAG_AGAIN;
}

static void
unguard(struct iag_ctx *ctx, void *handle)
{
	(void)ctx;
	(void)handle;
}

static int32_t
identity(struct iag_ctx *ctx, void *instance,
    struct iag_store_identity *ret_identity)
{
	(void)ctx;
	(void)instance;
	ret_identity->path = "/somewhere";
	return IAG_OK; /* without a machine */
}

static const struct iag_option options[] = {
	{ IAG_OPTION_STRING, 0, "lie", "none", NULL, NULL, NULL, "a lie" },
};

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof instance_ops,
};

static const struct iag_store_ops store_ops = {
	.struct_size = sizeof store_ops,
	.begin = begin,
	.get = get,
	.put = put,
	.del = del,
	.cursor_open = cursor_open,
	.cursor_step = cursor_step,
	.cursor_close = cursor_close,
	.commit = commit,
	.abort = abort_txn,
	.guard = guard,
	.guard_check = guard_check,
	.unguard = unguard,
	.identity = identity,
};

static const struct iag_plugin plugin = {
	.struct_size = sizeof plugin,
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_STORE,
	.thread_model = IAG_THREAD_PARALLEL,
	.name = "liar",
	.version = "1",
	.summary = "keeps nothing and says what is not so",
	.options = options,
	.option_count = sizeof options / sizeof *options,
	.option_size = sizeof *options,
	.load = load,
	.instance = &instance_ops,
	.ops = &store_ops,
};

const struct iag_plugin *
iag_plugin_1(void)
{
	return &plugin;
}

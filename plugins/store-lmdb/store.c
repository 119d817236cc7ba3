/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The audit store over LMDB: descriptor, options and the life of an
 * instance.  LMDB keeps its data in one file that several processes map; see
 * env.c for what that asks for.
 */

#include "lmdb-store.h"

#include <stdlib.h>
#include <string.h>

const struct iag_host *host;

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *services)
{
	(void)ctx;
	host = services;
	return IAG_OK;
}

static int32_t
read_options(struct iag_ctx *ctx, struct store *store)
{
	const char *path = NULL;
	int64_t map_mib = 0;
	uint32_t read_only = 0;
	int32_t result = host->option_str(ctx, "path", &path);

	if (result == IAG_OK)
		result = host->option_int(ctx, "map_mib", &map_mib);
	if (result == IAG_OK)
		result = host->option_bool(ctx, "read_only", &read_only);
	if (result != IAG_OK)
		return result;
	store->path = strdup(path);
	if (!store->path)
		return IAG_NOMEM;
	store->map_size = (size_t)map_mib << 20;
	store->read_only = read_only != 0;
	return IAG_OK;
}

static int32_t
store_open(struct iag_ctx *ctx, void **ret_instance)
{
	struct store *store = calloc(1, sizeof(*store));
	int32_t result;

	if (!store)
		return IAG_NOMEM;
	result = read_options(ctx, store);
	if (result != IAG_OK) {
		free(store->path);
		free(store);
		return result;
	}
	directory_machine(store->machine, sizeof(store->machine));
	*ret_instance = store;
	return IAG_OK;
}

static int32_t
store_start(struct iag_ctx *ctx, void *instance)
{
	struct store *store = instance;
	int32_t result = directory_prepare(ctx, store->path, !store->read_only);

	if (result == IAG_OK)
		result = env_get(ctx, store, &store->env);
	return result;
}

static void
store_stop(struct iag_ctx *ctx, void *instance)
{
	struct store *store = instance;

	(void)ctx;
	if (store->env)
		env_put(store->env);
	store->env = NULL;
}

static void
store_close(struct iag_ctx *ctx, void *instance)
{
	struct store *store = instance;

	(void)ctx;
	free(store->path);
	free(store);
}

/*
 * The number of the commit that a snapshot made now would show.  Not
 * mdb_env_info(): while another process commits, that is one ahead of what
 * snapshots show, and the journal takes the difference for damage.
 */
static int32_t
store_change(struct iag_ctx *ctx, void *instance, uint64_t *ret_counter)
{
	struct store *store = instance;
	MDB_txn *txn;
	int32_t result = txn_look(ctx, store->env, &txn);

	if (result != IAG_OK)
		return result;
	*ret_counter = mdb_txn_id(txn);
	txn_look_end(store->env, txn);
	return IAG_OK;
}

static int32_t
store_identity(struct iag_ctx *ctx, void *instance,
    struct iag_store_identity *ret_identity)
{
	struct store *store = instance;
	const char *machine =
	    host->intern(ctx, store->machine, strlen(store->machine));
	const char *path = host->intern(ctx, store->path, strlen(store->path));

	if (!machine || !path)
		return IAG_NOMEM;
	ret_identity->read_only = store->read_only;
	ret_identity->device = store->env->device;
	ret_identity->inode = store->env->inode;
	ret_identity->machine = machine;
	ret_identity->path = path;
	return IAG_OK;
}

static int32_t
store_room(struct iag_ctx *ctx, void *instance, struct iag_store_room *ret_room)
{
	struct store *store = instance;

	return env_room(ctx, store->env, ret_room);
}

static int32_t
store_backup(struct iag_ctx *ctx, void *instance, int32_t fd)
{
	struct store *store = instance;
	MDB_txn *look;
	int32_t result = txn_look(ctx, store->env, &look);
	int rc;

	if (result != IAG_OK)
		return result;
	rc = mdb_env_copyfd2(store->env->mdb, fd, MDB_CP_COMPACT);
	txn_look_end(store->env, look);
	return rc == 0 ? IAG_OK : fault(ctx, rc, "copy the store");
}

static const struct iag_store_ops ops = {
	.struct_size = sizeof(struct iag_store_ops),
	.begin = store_begin,
	.get = store_get,
	.put = store_put,
	.del = store_del,
	.cursor_open = store_cursor_open,
	.cursor_step = store_cursor_step,
	.cursor_close = store_cursor_close,
	.commit = store_commit,
	.abort = store_abort,
	.nested = store_nested,
	.change = store_change,
	.guard = store_guard,
	.guard_check = store_guard_check,
	.unguard = store_unguard,
	.identity = store_identity,
	.room = store_room,
	.backup = store_backup,
};

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof(struct iag_instance_ops),
	.open = store_open,
	.start = store_start,
	.stop = store_stop,
	.close = store_close,
};

static const struct iag_option options[] = {
	{
	    .type = IAG_OPTION_PATH,
	    .flags = IAG_OPTION_REQUIRED,
	    .key = "path",
	    .help = "directory of the store; made with mode 0700",
	},
	{
	    .type = IAG_OPTION_BOOLEAN,
	    .key = "read_only",
	    .value = "false",
	    .help = "read a store without changing a byte of it",
	},
	{
	    .type = IAG_OPTION_INTEGER,
	    .key = "map_mib",
	    .value = "65536",
	    .min = "1",
	    .max = "16777216",
	    .help = "most MiB that the store may grow to (address space, "
		    "not memory)",
	},
};

static const struct iag_plugin plugin = {
	.struct_size = sizeof(struct iag_plugin),
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_STORE,
	.thread_model = IAG_THREAD_PARALLEL,
	.name = "lmdb",
	.version = PACKAGE_VERSION,
	.summary = "audit store in one memory-mapped file (LMDB)",
	.options = options,
	.option_count = sizeof(options) / sizeof(*options),
	.option_size = sizeof(struct iag_option),
	.load = load,
	.instance = &instance_ops,
	.ops = &ops,
};

IAG_EXPORT const struct iag_plugin *iag_plugin_1(void);

const struct iag_plugin *
iag_plugin_1(void)
{
	return &plugin;
}

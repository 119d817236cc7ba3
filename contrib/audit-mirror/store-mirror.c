/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * An append-only mirror of the audit trail.  It is a store, wrapped around
 * another one: every callback goes on to the inner store, and what that has
 * made durable of the audit trail is appended to
 *
 *   MIRROR/audit.jsonl
 *
 * line for line as `ibkr-agent audit export` writes it, so that the two can
 * be compared with cmp(1); mirror-file.c has all about that file.  Put the
 * folder on another disk, or on one that only lets append (chattr +a).
 *
 * What the mirror promises:
 *   - A line is in it only if its record was committed, since it is written
 *     after the commit.
 *   - What a crash between the two left out is made up for at the next commit
 *     or start, by any process: the last line tells where to go on.
 *   - Nothing is ever changed or removed in it, also by a purge.  A line that
 *     a crash tore is ended and written once more.
 *   - A store that lacks what the mirror has, because its newest part was cut
 *     off or an old copy restored, is noticed.
 *   - With `required: true` nothing is written to the store while the mirror
 *     lags behind.  Otherwise the log says so, and work goes on.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mirror-file.h"

#ifndef INNER_STORE /* the makefile knows where the host has its own */
#define INNER_STORE "/usr/lib/ibkr-agent/plugins-1/store-lmdb.so"
#endif
#define FILE_NAME "audit.jsonl"
#define LOOKS 20 /* at a file that another process may be at */
#define LOOK_NS 50000000

static const struct iag_host *host;

/* The inner store: one for the process, loaded once and never unloaded. */
static pthread_mutex_t inner_lock = PTHREAD_MUTEX_INITIALIZER;
static const struct iag_plugin *inner;
static const struct iag_instance_ops *inner_life;
static const struct iag_store_ops *inner_ops;
static char inner_path[4096];

struct mirror {
	void *inner; /* its instance */
	char *folder;
	uint32_t required;
	uint32_t read_only;

	pthread_mutex_t lock; /* guards what follows */
	struct mirror_file file;
	int lags; /* the last attempt to write failed */
};

struct txn {
	struct mirror *mirror;
	void *inner;
	int write; /* and not nested: its end is a commit on the disk */
};

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *services)
{
	(void)ctx;
	host = services;
	return IAG_OK;
}

/* ---- the inner store */

/* Nobody but root and this user can change it. */
static int
is_ours(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) &&
	       !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/*
 * What the host asks of plugins holds for one that we load, too: also of the
 * folder, since who can write there can put another file in its place.
 */
static int
is_trusted(const char *path)
{
	const char *name = strrchr(path, '/');
	char folder[sizeof inner_path];
	struct stat st;

	if (path[0] != '/' || strlen(path) >= sizeof folder)
		return 0;
	(void)snprintf(
	    folder, sizeof folder, "%.*s", (int)(name - path) + 1, path);
	return stat(folder, &st) == 0 && is_ours(&st) && stat(path, &st) == 0 &&
	       S_ISREG(st.st_mode) && is_ours(&st);
}

/*
 * The table below has what LMDB offers.  A store that lacks one of these
 * cannot be wrapped by it: where the host looks for NULL, it would find us.
 */
static int
is_wrappable(const struct iag_plugin *plugin)
{
	const struct iag_store_ops *ops;

	if (!plugin || plugin->kind != IAG_KIND_STORE || !plugin->ops)
		return 0;
	ops = plugin->ops;
	return ops->struct_size >= sizeof *ops && ops->nested && ops->change &&
	       ops->room && ops->backup;
}

/* With inner_lock held. */
static int32_t
load_inner(struct iag_ctx *ctx, const char *path)
{
	iag_plugin_entry *entry = NULL;
	const struct iag_plugin *plugin;
	void *handle, *symbol;

	if (!is_trusted(path))
		return host->fail(ctx, IAG_INVAL, "JOURNAL_UNAVAILABLE",
		    "option 'inner' = '%s': expected the absolute path of a "
		    "store plugin that belongs to root or to this user, as its "
		    "folder does, and neither can be written by anybody else",
		    path);
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	symbol = handle ? dlsym(handle, "iag_plugin_1") : NULL;
	if (!symbol)
		return host->fail(ctx, IAG_INVAL, "JOURNAL_UNAVAILABLE",
		    "option 'inner': %s", dlerror());
	memcpy(&entry, &symbol, sizeof entry); /* ISO C has no such cast */
	plugin = entry();
	if (!is_wrappable(plugin))
		return host->fail(ctx, IAG_INVAL, "JOURNAL_UNAVAILABLE",
		    "option 'inner' = '%s': expected a store with nested "
		    "transactions, a change counter, room and backup",
		    path);
	if (plugin->load) {
		int32_t r = plugin->load(ctx, host);

		if (r)
			return r;
	}
	inner_life = plugin->instance;
	inner_ops = plugin->ops;
	(void)snprintf(inner_path, sizeof inner_path, "%s", path);
	inner = plugin;
	return IAG_OK;
}

static int32_t
get_inner(struct iag_ctx *ctx)
{
	const char *path;
	int32_t r = host->option_str(ctx, "inner", &path);

	if (r)
		return r;
	(void)pthread_mutex_lock(&inner_lock);
	if (!inner)
		r = load_inner(ctx, path);
	else if (strcmp(path, inner_path) != 0)
		r = host->fail(ctx, IAG_INVAL, "JOURNAL_UNAVAILABLE",
		    "option 'inner' = '%s': this process has '%s' already",
		    path, inner_path);
	(void)pthread_mutex_unlock(&inner_lock);
	return r;
}

/* ---- how the mirror stands */

/* Said once when it begins, and once when it is over. */
static int
catch_up(struct iag_ctx *ctx, struct mirror *mirror)
{
	const char *why;
	char text[300];

	(void)pthread_mutex_lock(&mirror->lock);
	why = mirror_file_catch_up(ctx, &mirror->file);
	if (why && !mirror->lags) {
		(void)snprintf(text, sizeof text,
		    "the mirror of the audit trail lags behind: %s", why);
		host->log(ctx, IAG_LOG_ERROR, text);
	} else if (!why && mirror->lags) {
		host->log(ctx, IAG_LOG_INFO,
		    "the mirror of the audit trail is whole again");
	}
	mirror->lags = why != NULL;
	(void)pthread_mutex_unlock(&mirror->lock);
	return !why;
}

static int
lags(struct mirror *mirror)
{
	int answer;

	(void)pthread_mutex_lock(&mirror->lock);
	answer = mirror->lags;
	(void)pthread_mutex_unlock(&mirror->lock);
	return answer;
}

static void
path_of(const struct mirror *mirror, char path[4096])
{
	(void)snprintf(path, 4096, "%s/" FILE_NAME, mirror->folder);
}

/*
 * For who only reads, `ibkr-agent doctor` for example.  A process that has
 * just committed is about to append that: it gets a second.
 */
static const char *
look(struct iag_ctx *ctx, const struct mirror *mirror)
{
	struct mirror_file file = mirror->file;
	const char *why = NULL;
	char path[4096];
	int i;

	path_of(mirror, path);
	file.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file.fd < 0)
		return strerror(errno);
	for (i = 0; i < LOOKS; i++) {
		why = mirror_file_compare(ctx, &file);
		if (!why || host->sleep_ns(ctx, LOOK_NS))
			break;
	}
	(void)close(file.fd);
	return why;
}

/* ---- the store: what it does more than the inner one */

static int32_t
store_begin(struct iag_ctx *ctx, void *instance, uint32_t mode, void **ret_txn)
{
	struct mirror *mirror = instance;
	struct txn *txn;
	int32_t r;

	if (mode == IAG_STORE_WRITE && mirror->required && lags(mirror) &&
	    !catch_up(ctx, mirror))
		return host->fail(ctx, IAG_LIMIT, "JOURNAL_UNAVAILABLE",
		    "the mirror in '%s' cannot be written, and option "
		    "'required' is set: make room there, or set it to false",
		    mirror->folder);
	txn = calloc(1, sizeof *txn);
	if (!txn)
		return IAG_NOMEM;
	r = inner_ops->begin(ctx, mirror->inner, mode, &txn->inner);
	if (r) {
		free(txn);
		return r;
	}
	txn->mirror = mirror;
	txn->write = mode == IAG_STORE_WRITE;
	*ret_txn = txn;
	return IAG_OK;
}

static int32_t
store_nested(struct iag_ctx *ctx, void *data, void **ret_child)
{
	struct txn *txn = data, *child = calloc(1, sizeof *child);
	int32_t r;

	if (!child)
		return IAG_NOMEM;
	r = inner_ops->nested(ctx, txn->inner, &child->inner);
	if (r) {
		free(child);
		return r;
	}
	child->mirror = txn->mirror;
	*ret_child = child;
	return IAG_OK;
}

/*
 * The commit stands whatever becomes of the mirror, so its result is the
 * inner store's: to say more would be untrue.
 */
static int32_t
store_commit(struct iag_ctx *ctx, void *data)
{
	struct txn *txn = data;
	int32_t r = inner_ops->commit(ctx, txn->inner);

	if (r == IAG_OK && txn->write)
		(void)catch_up(ctx, txn->mirror);
	free(txn);
	return r;
}

static void
store_abort(struct iag_ctx *ctx, void *data)
{
	struct txn *txn = data;

	inner_ops->abort(ctx, txn->inner);
	free(txn);
}

/* ---- the store: what only goes on to the inner one */

static int32_t
store_get(struct iag_ctx *ctx, void *txn, uint32_t table,
    const struct iag_bytes *key, struct iag_bytes *ret_value)
{
	return inner_ops->get(
	    ctx, ((struct txn *)txn)->inner, table, key, ret_value);
}

static int32_t
store_put(struct iag_ctx *ctx, void *txn, uint32_t table,
    const struct iag_bytes *key, const struct iag_bytes *value, uint32_t flags)
{
	return inner_ops->put(
	    ctx, ((struct txn *)txn)->inner, table, key, value, flags);
}

static int32_t
store_del(
    struct iag_ctx *ctx, void *txn, uint32_t table, const struct iag_bytes *key)
{
	return inner_ops->del(ctx, ((struct txn *)txn)->inner, table, key);
}

/* A cursor and a guard are the inner store's own, there is nothing to add. */
static int32_t
store_cursor_open(struct iag_ctx *ctx, void *txn, uint32_t table,
    const struct iag_bytes *key, uint32_t inclusive, uint32_t backward,
    void **ret_cursor)
{
	return inner_ops->cursor_open(ctx, ((struct txn *)txn)->inner, table,
	    key, inclusive, backward, ret_cursor);
}

static int32_t
store_cursor_step(struct iag_ctx *ctx, void *cursor, struct iag_bytes *ret_key,
    struct iag_bytes *ret_value)
{
	return inner_ops->cursor_step(ctx, cursor, ret_key, ret_value);
}

static void
store_cursor_close(struct iag_ctx *ctx, void *cursor)
{
	inner_ops->cursor_close(ctx, cursor);
}

static int32_t
store_change(struct iag_ctx *ctx, void *instance, uint64_t *ret_counter)
{
	return inner_ops->change(
	    ctx, ((struct mirror *)instance)->inner, ret_counter);
}

static int32_t
store_guard(struct iag_ctx *ctx, void *instance, const char *name,
    uint32_t mode, void **ret_guard)
{
	return inner_ops->guard(
	    ctx, ((struct mirror *)instance)->inner, name, mode, ret_guard);
}

static int32_t
store_guard_check(struct iag_ctx *ctx, void *instance, const char *name)
{
	return inner_ops->guard_check(
	    ctx, ((struct mirror *)instance)->inner, name);
}

static void
store_unguard(struct iag_ctx *ctx, void *guard)
{
	inner_ops->unguard(ctx, guard);
}

static int32_t
store_identity(struct iag_ctx *ctx, void *instance,
    struct iag_store_identity *ret_identity)
{
	return inner_ops->identity(
	    ctx, ((struct mirror *)instance)->inner, ret_identity);
}

static int32_t
store_room(struct iag_ctx *ctx, void *instance, struct iag_store_room *ret_room)
{
	return inner_ops->room(
	    ctx, ((struct mirror *)instance)->inner, ret_room);
}

static int32_t
store_backup(struct iag_ctx *ctx, void *instance, int32_t fd)
{
	return inner_ops->backup(ctx, ((struct mirror *)instance)->inner, fd);
}

/* ---- life */

static void
close_instance(struct iag_ctx *ctx, void *instance)
{
	struct mirror *mirror = instance;

	if (mirror->inner && inner_life->close)
		inner_life->close(ctx, mirror->inner);
	(void)pthread_mutex_destroy(&mirror->lock);
	free(mirror->folder);
	free(mirror);
}

/*
 * The inner store reads its options from the same context, so the schema
 * below has those that it asks for.
 */
static int32_t
open_instance(struct iag_ctx *ctx, void **ret_instance)
{
	struct mirror *mirror;
	const char *folder;
	int32_t r = get_inner(ctx);

	if (r == IAG_OK)
		r = host->option_str(ctx, "mirror", &folder);
	if (r)
		return r;
	mirror = calloc(1, sizeof *mirror);
	if (!mirror)
		return IAG_NOMEM;
	mirror->file.fd = -1;
	(void)pthread_mutex_init(&mirror->lock, NULL);
	(void)host->option_bool(ctx, "required", &mirror->required);
	(void)host->option_bool(ctx, "read_only", &mirror->read_only);
	mirror->folder = strdup(folder);
	if (!mirror->folder)
		r = IAG_NOMEM;
	else if (inner_life->open)
		r = inner_life->open(ctx, &mirror->inner);
	if (r) {
		mirror->inner = NULL; /* what failed to open is not closed */
		close_instance(ctx, mirror);
		return r;
	}
	mirror->file.host = host;
	mirror->file.store = inner_ops;
	mirror->file.instance = mirror->inner;
	*ret_instance = mirror;
	return IAG_OK;
}

/* Who opens a store to read it does not write to the mirror either. */
static int32_t
open_file(struct iag_ctx *ctx, struct mirror *mirror)
{
	char path[4096];

	if (mirror->read_only)
		return IAG_OK;
	if (mkdir(mirror->folder, 0700) < 0 && errno != EEXIST)
		return host->fail(ctx, IAG_INVAL, "JOURNAL_UNAVAILABLE",
		    "the folder '%s' cannot be made: %s", mirror->folder,
		    strerror(errno));
	path_of(mirror, path);
	mirror->file.fd =
	    open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (mirror->file.fd < 0)
		return host->fail(ctx, IAG_INVAL, "JOURNAL_UNAVAILABLE",
		    "'%s' cannot be opened: %s", path, strerror(errno));
	(void)catch_up(ctx, mirror);
	return IAG_OK;
}

static void
stop(struct iag_ctx *ctx, void *instance)
{
	struct mirror *mirror = instance;

	if (mirror->file.fd >= 0)
		(void)close(mirror->file.fd);
	mirror->file.fd = -1;
	if (inner_life->stop)
		inner_life->stop(ctx, mirror->inner);
}

static int32_t
start(struct iag_ctx *ctx, void *instance)
{
	struct mirror *mirror = instance;
	int32_t r = IAG_OK;

	if (inner_life->start)
		r = inner_life->start(ctx, mirror->inner);
	if (r)
		return r;
	r = open_file(ctx, mirror);
	if (r) /* after a start() that failed, the host does not call stop() */
		stop(ctx, mirror);
	return r;
}

static int32_t
health(struct iag_ctx *ctx, void *instance)
{
	struct mirror *mirror = instance;
	const char *why = NULL;

	if (mirror->read_only)
		why = look(ctx, mirror);
	else if (lags(mirror))
		why = "it could not be written, the log has why";
	if (why)
		return host->fail(ctx, IAG_LIMIT, "JOURNAL_UNAVAILABLE",
		    "the mirror in '%s' lags behind: %s", mirror->folder, why);
	if (inner_life->health)
		return inner_life->health(ctx, mirror->inner);
	return IAG_OK;
}

static const struct iag_option options[] = {
	{
	    .type = IAG_OPTION_STRING,
	    .key = "inner",
	    .value = INNER_STORE,
	    .help = "the store plugin that keeps the data, an absolute path",
	},
	{
	    .type = IAG_OPTION_PATH,
	    .flags = IAG_OPTION_REQUIRED,
	    .key = "mirror",
	    .help = "folder of " FILE_NAME "; made with mode 0700",
	},
	{
	    .type = IAG_OPTION_BOOLEAN,
	    .key = "required",
	    .value = "false",
	    .help = "refuse to write while the mirror lags behind",
	},
	/* those of the inner store */
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
	    .help = "most MiB that the store may grow to",
	},
};

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof instance_ops,
	.open = open_instance,
	.start = start,
	.stop = stop,
	.close = close_instance,
	.health = health,
};

static const struct iag_store_ops store_ops = {
	.struct_size = sizeof store_ops,
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

static const struct iag_plugin plugin = {
	.struct_size = sizeof plugin,
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_STORE,
	.thread_model = IAG_THREAD_PARALLEL,
	.name = "mirror",
	.version = "1.0",
	.summary = "another store, with an append-only copy of the audit trail",
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

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A plugin as the host keeps it: its descriptor and tables, copied by size
 * into zeroed memory, so that everything else reads full-size structs.
 * Plugins belong to the process, not to a host: a shared object is loaded
 * once and never unloaded.
 */

#ifndef IAG_HOST_PLUGIN_H
#define IAG_HOST_PLUGIN_H

#include <sys/types.h>

#include "base/err.h"
#include "host/host.h"
#include "host/pool.h"
#include "ibkr-agent/backend.h"
#include "ibkr-agent/plugin.h"
#include "ibkr-agent/store.h"
#include "ibkr-agent/writer.h"

#define PLUGIN_NAME_LEN 40
#define PLUGIN_OPTIONS_MAX 256
#define PLUGIN_OPERATIONS_MAX 1024

/* need_flags of the descriptor that this host honours: none exist yet. */
#define PLUGIN_NEED_KNOWN 0u

/*
 * Sizes of ABI 1.0.  A table that is smaller than this host's must have the
 * size of an earlier minor exactly; these never change.
 */
#define PLUGIN_SIZE_1_0 96u
#define PLUGIN_OPTION_SIZE_1_0 56u
#define PLUGIN_INSTANCE_SIZE_1_0 48u
#define PLUGIN_BACKEND_SIZE_1_0 32u
#define PLUGIN_WRITER_SIZE_1_0 104u
#define PLUGIN_STORE_SIZE_1_0 160u
#define PLUGIN_HOST_SIZE_1_0 216u
/* Records that came with 1.1. */
#define PLUGIN_ROUTE_SIZE_1_1 32u
#define PLUGIN_BUCKET_SIZE_1_1 32u

struct plugin {
	struct plugin *next; /* of the registry */
	char *path;
	dev_t device;
	ino_t inode;
	struct iag_plugin desc;
	uint32_t desc_size;         /* as the plugin has it */
	struct iag_option *options; /* desc.option_count, full size */
	struct iag_route *routes;   /* desc.route_count, full size */
	struct iag_bucket *buckets; /* desc.bucket_count, full size */
	struct iag_instance_ops instance;
	union {
		struct iag_backend_ops backend;
		struct iag_writer_ops writer;
		struct iag_store_ops store;
	} ops;
	uint32_t ops_size; /* as the plugin has it */
	struct lane lane;  /* for IAG_THREAD_PLUGIN_SERIAL */
};

/*
 * Verify a descriptor and copy it into *plugin, whose path is set.  kind and
 * name: from the file name, 0 and NULL when it has none.  PLUGIN_INVALID
 * with what was expected and found; every text names no path (the caller
 * wraps).
 */
int plugin_adopt(struct plugin *plugin, const struct iag_plugin *desc,
    uint32_t kind, const char *name, struct err *err);
/* Forget what plugin_adopt() has copied. */
void plugin_drop(struct plugin *plugin);

/* [a-z0-9][a-z0-9-]{0,39} */
bool plugin_is_name(const char *name);
/* [a-z][a-z0-9_]{0,63}: option keys, operations, counters. */
bool plugin_is_word(const char *word);

/* The option of that key, or NULL. */
const struct iag_option *plugin_option(
    const struct plugin *plugin, const char *key);

/* Refuse schemas that make no sense: types, bounds, defaults, duplicates. */
int plugin_check_options(const struct plugin *plugin, struct err *err);

/*
 * Loader: check file and folder, dlopen, verify, load().  kind 0: whatever
 * the file is.  The registry's object; the same file gives the same one.
 */
int plugin_open(const char *path, uint32_t kind, const char *name,
    struct plugin **ret_plugin, struct err *err);
/*
 * A plugin that is part of the program, to be found by its kind and name
 * before any file is; desc stays.  Before there is a host.
 */
void plugin_offer(const struct iag_plugin *desc);
/* The one that was offered, adopted at first need; 1: there is none. */
int plugin_open_offered(uint32_t kind, const char *name,
    struct plugin **ret_plugin, struct err *err);
/* With another services table, for the contract kit. */
int plugin_open_with(const char *path, const struct iag_host *services,
    struct plugin **ret_plugin, struct err *err);

/*
 * The parts of a file name KIND-NAME.so: the kind's number and the name
 * (allocated), or 0 and NULL.
 */
uint32_t plugin_split_path(const char *path, char **ret_name);
/* 64 hexadecimal digits of the file's SHA-256; -1 with errno. */
int plugin_hash_file(const char *path, char ret_hex[65]);

#endif

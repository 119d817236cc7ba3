/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The host: finds, verifies and adopts plugins, runs their instances, and
 * wraps every callback (thread model, deadline, cancellation, error capture,
 * answer checks).  Plugins are loaded at first need and never unloaded.
 */

#ifndef IAG_HOST_HOST_H
#define IAG_HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "host/call.h"

struct host;
struct plugin;
struct instance;

/*
 * dirs: extra directories, searched before the installed one
 * (IAG_PLUGINDIR); copied.  config: options and secrets of instances,
 * borrowed for the life of the host; may be NULL.
 */
struct host *host_new(
    const struct config_list *dirs, const struct config *config);
/*
 * Stops and closes what is open, in the order writers, backends, stores.
 * false: a callback is stuck on its thread; the process should leave by
 * _exit() and nothing of the host may be freed.
 */
bool host_free(struct host *host);

/* "backend", "writer", "store"; NULL for another number, 0 likewise. */
const char *host_kind_name(uint32_t kind);
uint32_t host_kind_find(const char *name);

/*
 * Load KIND-NAME.so (`_` and `-` alike in name).  The same plugin twice
 * gives the same object.  PLUGIN_NOT_FOUND lists the directories searched;
 * PLUGIN_INVALID says what was expected and what was found.
 */
int host_load(struct host *host, uint32_t kind, const char *name,
    struct plugin **ret_plugin, struct err *err);
/* The same from a path, for `plugins check`. */
int host_load_file(struct host *host, const char *path,
    struct plugin **ret_plugin, struct err *err);

/* A file that was found, for `plugins list`. */
struct plugin_file {
	char *path;
	uint32_t kind; /* from the file name; 0 if it has none */
	char *name;    /* from the file name */
	char sha256[65];
	/* JSON of plugin_describe(); NULL: refused, and fault says why */
	char *description;
	struct err fault;
};
/* Where plugins are looked for, in that order; the host's own. */
const struct config_list *host_dirs(const struct host *host);
/*
 * Every file in the directories, in the order in which host_load() looks at
 * them.  Each is loaded in a child of its own (probe.h), none in here.
 */
int host_scan(struct host *host, struct plugin_file **ret_files,
    size_t *ret_count, struct err *err);
void plugin_files_free(struct plugin_file *files, size_t count);

/* JSON object text that describes a plugin for `plugins show`. */
void plugin_describe(const struct plugin *plugin, struct buf *out);
const char *plugin_name(const struct plugin *plugin);
uint32_t plugin_kind(const struct plugin *plugin);
uint32_t plugin_hints(const struct plugin *plugin);

/*
 * Options as the host gives them to an instance, besides those in
 * plugins.options of the configuration (which lose against these).
 */
struct instance_option {
	const char *key;
	const char *value;
};

/*
 * Would instance_open() take these options, and can the secrets that they
 * name be read?  CONFIG_INVALID with every fault; the plugin is not asked.
 */
int plugin_options_check(const struct plugin *plugin,
    const struct config *config, const struct instance_option *given,
    size_t given_count, struct err *err);

/*
 * Check options against the plugin's schema (every fault in the text), run
 * open() and start().  label: for logs, for example "backend".
 */
int instance_open(struct host *host, struct plugin *plugin, const char *label,
    const struct instance_option *options, size_t option_count,
    struct instance **ret_instance, struct err *err);
/* stop() and close(); NULL is fine. */
void instance_close(struct instance *instance);
int instance_health(
    struct instance *instance, struct call *call, struct err *err);
const struct plugin *instance_plugin(const struct instance *instance);
/* A callback overran its deadline and has not come back. */
bool instance_is_stuck(const struct instance *instance);
/* What the plugin has counted under that name; 0 if nothing. */
uint64_t instance_counter(struct instance *instance, const char *name);

/* An answer of a backend. */
struct answer {
	char *json; /* strict JSON, at most 1 MiB; owned */
	size_t len;
	uint32_t flags;      /* IAG_REPLY_* */
	uint64_t source_ns;  /* 0: not given */
	uint64_t receipt_ns; /* never 0 */
};
void answer_fini(struct answer *answer);

bool backend_has(const struct instance *backend, const char *operation);
/*
 * Run one read on a plugin thread and wait for it, at most until the call's
 * deadline (then CALL_TIMED_OUT, and the instance is stuck until the
 * callback comes back).  The answer is valid JSON within the default bounds;
 * its shape is the caller's to check.
 */
int backend_query(struct instance *backend, struct call *call,
    const char *operation, const char *arguments, struct answer *ret_answer,
    struct err *err);

#endif

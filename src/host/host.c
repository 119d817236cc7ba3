/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The host object, and where plugins are found: extra directories first,
 * the installed one last, KIND-NAME.so in each.
 *
 * Any thread enters.  host->lock guards the list of instances.
 */

#include "host/host.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "host/instance.h"
#include "host/module.h"
#include "host/plugin.h"
#include "host/probe.h"

/* How long callbacks that were told to stop may take to come back. */
#define FREE_WAIT_NS (1 * NS_PER_S)

static void
free_dirs(struct config_list *dirs)
{
	size_t i;

	for (i = 0; i < dirs->count; i++)
		free(dirs->items[i]);
	free(dirs->items);
}

static int
copy_dirs(struct config_list *to, const struct config_list *from)
{
	size_t count = from ? from->count : 0;
	size_t i;

	to->items = calloc(count + 2, sizeof *to->items);
	if (!to->items)
		return -1;
	for (i = 0; i <= count; i++) {
		to->items[i] =
		    strdup(i < count ? from->items[i] : IAG_PLUGINDIR);
		if (!to->items[i])
			return -1;
		to->count++;
	}
	return 0;
}

struct host *
host_new(const struct config_list *dirs, const struct config *config)
{
	struct host *host = calloc(1, sizeof *host);

	if (!host)
		return NULL;
	host->config = config;
	(void)pthread_mutex_init(&host->lock, NULL);
	host->pool = pool_new();
	if (!host->pool || copy_dirs(&host->dirs, dirs) < 0) {
		(void)pool_free(host->pool, 0);
		free_dirs(&host->dirs);
		free(host);
		return NULL;
	}
	return host;
}

void
host_set_desk(struct host *host, const struct host_desk *desk)
{
	host->desk = *desk;
}

void
host_set_wire(struct host *host, const struct host_wire *wire)
{
	host->wire = *wire;
}

static struct instance *
first_of_kind(struct host *host, uint32_t kind)
{
	LOCK_SCOPE(&host->lock);
	struct instance *instance = host->instances;

	while (instance && instance->plugin->desc.kind != kind)
		instance = instance->next;
	return instance;
}

bool
host_free(struct host *host)
{
	static const uint32_t order[] = { IAG_KIND_WRITER, IAG_KIND_BACKEND,
		IAG_KIND_STORE };
	size_t i;

	if (!host)
		return true;
	for (i = 0; i < ARRAY_COUNT(order); i++) {
		struct instance *instance;

		while ((instance = first_of_kind(host, order[i])))
			instance_close(instance);
	}
	if (host->stuck || !pool_free(host->pool, FREE_WAIT_NS))
		return false;
	free_dirs(&host->dirs);
	(void)pthread_mutex_destroy(&host->lock);
	free(host);
	return true;
}

uint64_t
host_own_deadline_ns(const struct host *host)
{
	uint64_t seconds =
	    host->config ? host->config->broker.read_timeout_seconds : 30;

	return clock_boot_ns() + seconds * NS_PER_S;
}

static const char *const kind_names[] = { NULL, "backend", "writer", "store" };

const char *
host_kind_name(uint32_t kind)
{
	return kind < ARRAY_COUNT(kind_names) ? kind_names[kind] : NULL;
}

uint32_t
host_kind_find(const char *name)
{
	uint32_t kind;

	for (kind = 1; kind < ARRAY_COUNT(kind_names); kind++)
		if (name && strcmp(kind_names[kind], name) == 0)
			return kind;
	return 0;
}

/* The name as files have it: `_` is `-`. */
static int
normalise(const char *name, char ret_name[PLUGIN_NAME_LEN + 1], struct err *err)
{
	size_t i;

	if (strchr(name, '/'))
		return err_set(err, ERR_PLUGIN_INVALID,
		    "plugin '%.80s': a name never contains a slash; put the "
		    "folder into plugins.path",
		    name);
	for (i = 0; name[i] && i < PLUGIN_NAME_LEN; i++)
		ret_name[i] = (char)(name[i] == '_' ? '-' : name[i]);
	ret_name[i] = '\0';
	if (name[i] || !plugin_is_name(ret_name))
		return err_set(err, ERR_PLUGIN_INVALID,
		    "plugin '%.80s': expected a name of 1 to %d characters of "
		    "[a-z0-9-] with a letter or digit first",
		    name, PLUGIN_NAME_LEN);
	return 0;
}

static int
say_missing(
    const struct host *host, uint32_t kind, const char *name, struct err *err)
{
	CLEANUP_BUF struct buf dirs = BUF_INIT;
	size_t i;

	for (i = 0; i < host->dirs.count; i++)
		buf_printf(&dirs, "%s'%s'", i ? ", " : "", host->dirs.items[i]);
	return err_set(err, ERR_PLUGIN_NOT_FOUND,
	    "there is no %s '%s': looked for '%s-%s.so' in %s",
	    host_kind_name(kind), name, host_kind_name(kind), name,
	    buf_text(&dirs));
}

int
host_load(struct host *host, uint32_t kind, const char *name,
    struct plugin **ret_plugin, struct err *err)
{
	char plain[PLUGIN_NAME_LEN + 1];
	size_t i;
	int r;

	if (!host_kind_name(kind))
		return err_set(err, ERR_INTERNAL_ERROR,
		    "there is no kind %u of plugins", kind);
	r = normalise(name, plain, err);
	if (r < 0)
		return r;
	r = plugin_open_offered(kind, plain, ret_plugin, err);
	if (r <= 0)
		return r;
	for (i = 0; i < host->dirs.count; i++) {
		CLEANUP_FREE char *path = NULL;
		struct stat st;

		if (asprintf(&path, "%s/%s-%s.so", host->dirs.items[i],
			host_kind_name(kind), plain) < 0)
			return err_no_memory(err);
		if (lstat(path, &st) < 0 && errno == ENOENT)
			continue;
		return plugin_open(path, kind, plain, ret_plugin, err);
	}
	return say_missing(host, kind, plain, err);
}

int
host_load_file(struct host *host, const char *path, struct plugin **ret_plugin,
    struct err *err)
{
	CLEANUP_FREE char *name = NULL;
	uint32_t kind = plugin_split_path(path, &name);

	(void)host;
	return plugin_open(path, kind, name, ret_plugin, err);
}

int
module_load(struct host *host, const char *name, const char *symbol,
    void **ret_symbol, struct err *err)
{
	for (size_t i = 0; i < host->dirs.count; i++) {
		CLEANUP_FREE char *path = NULL;
		struct stat st;

		if (asprintf(&path, "%s/%s.so", host->dirs.items[i], name) < 0)
			return err_no_memory(err);
		if (lstat(path, &st) < 0 && errno == ENOENT)
			continue;
		return module_open(path, symbol, ret_symbol, err);
	}
	return err_set(err, ERR_PLUGIN_NOT_FOUND,
	    "there is no module '%s.so' beside the plugins: reinstall "
	    "ibkr-agent",
	    name);
}

bool
module_is_file(const char *base)
{
	return strncmp(base, "http-", 5) == 0;
}

static int
compare_files(const void *a, const void *b)
{
	const struct plugin_file *one = a;
	const struct plugin_file *two = b;

	return strcmp(one->path, two->path);
}

static int
keep_file(struct plugin_file **files, size_t *count, const char *dir,
    const char *base)
{
	struct plugin_file *grown;
	struct plugin_file file = { .kind = 0 };

	grown = reallocarray(*files, *count + 1, sizeof *grown);
	if (!grown)
		return -1;
	*files = grown;
	if (asprintf(&file.path, "%s/%s", dir, base) < 0)
		return -1;
	file.kind = plugin_split_path(file.path, &file.name);
	if (plugin_hash_file(file.path, file.sha256) < 0)
		file.sha256[0] = '\0';
	if (file.kind)
		(void)plugin_probe(file.path, file.kind, file.name,
		    &file.description, &file.fault);
	else
		(void)err_set(&file.fault, ERR_PLUGIN_INVALID,
		    "plugin '%s': expected a file name KIND-NAME.so with the "
		    "kind backend, writer or store",
		    file.path);
	grown[(*count)++] = file;
	return 0;
}

/* A folder that is not there holds no plugins. */
static int
scan_dir(const char *path, struct plugin_file **files, size_t *count)
{
	DIR *dir = opendir(path);
	size_t before = *count;
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return 0;
	while (r == 0 && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (len > 3 && strcmp(entry->d_name + len - 3, ".so") == 0 &&
		    !module_is_file(entry->d_name))
			r = keep_file(files, count, path, entry->d_name);
	}
	(void)closedir(dir);
	if (*count > before)
		qsort(*files + before, *count - before, sizeof **files,
		    compare_files);
	return r;
}

const struct config_list *
host_dirs(const struct host *host)
{
	return &host->dirs;
}

int
host_scan(struct host *host, struct plugin_file **ret_files, size_t *ret_count,
    struct err *err)
{
	struct plugin_file *files = NULL;
	size_t count = 0;
	size_t i;

	for (i = 0; i < host->dirs.count; i++) {
		if (scan_dir(host->dirs.items[i], &files, &count) == 0)
			continue;
		plugin_files_free(files, count);
		return err_no_memory(err);
	}
	*ret_files = files;
	*ret_count = count;
	return 0;
}

void
plugin_files_free(struct plugin_file *files, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(files[i].path);
		free(files[i].name);
		free(files[i].description);
		err_fini(&files[i].fault);
	}
	free(files);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The loader: from a path to a verified plugin.  The registry keeps every
 * plugin of the process by device and inode, because a shared object is
 * mapped once and never unmapped.
 *
 * Any thread enters.  load_lock is held while a file is opened, adopted and
 * its load() runs; it guards the registry.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <gnutls/gnutls.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"
#include "host/context.h"
#include "host/module.h"
#include "host/plugin.h"

#define SYMBOL "iag_plugin_1"

static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;
static struct plugin *registry;
/* One that is part of the program; a second one would be a list. */
static const struct iag_plugin *offered;
static struct plugin *offered_plugin;
static bool globals_ready;

uint32_t
plugin_split_path(const char *path, char **ret_name)
{
	const char *base = strrchr(path, '/');
	const char *end;
	uint32_t kind;

	*ret_name = NULL;
	base = base ? base + 1 : path;
	end = strrchr(base, '.');
	if (!end || strcmp(end, ".so") != 0)
		return 0;
	for (kind = IAG_KIND_BACKEND; kind <= IAG_KIND_STORE; kind++) {
		const char *word = host_kind_name(kind);
		size_t len = strlen(word);

		if (strncmp(base, word, len) != 0 || base[len] != '-')
			continue;
		base += len + 1;
		*ret_name = strndup(base, (size_t)(end - base));
		return *ret_name ? kind : 0;
	}
	return 0;
}

int
plugin_hash_file(const char *path, char ret_hex[65])
{
	/* what lies in a folder may be a pipe, or a device without an end */
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t digest[HASH_SIZE];
	uint8_t chunk[16384];
	struct hash *hash;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return -1;
	hash = hash_new();
	if (!hash)
		return -1;
	while ((n = read(fd, chunk, sizeof chunk)) > 0)
		hash_add(hash, chunk, (size_t)n);
	hash_end(hash, digest);
	hash_free(hash);
	if (n < 0)
		return -1;
	hash_hex(digest, ret_hex);
	return 0;
}

/* Owned by root or us and writable by nobody else (ruling 38). */
static int
check_trust(
    const char *path, const struct stat *st, const char *what, struct err *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the %s '%s' belongs to user %u, expected root or user %u",
		    what, path, (unsigned)st->st_uid, (unsigned)geteuid());
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the %s '%s' is writable by others (mode %04o): take the "
		    "write bits of group and others away",
		    what, path, (unsigned)(st->st_mode & 07777));
	return 0;
}

static int
check_folder(const char *path, struct err *err)
{
	CLEANUP_FREE char *copy = strdup(path);
	const char *folder;
	struct stat st;

	if (!copy)
		return err_no_memory(err);
	folder = dirname(copy);
	if (stat(folder, &st) < 0)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the folder '%s' cannot be read: %s", folder,
		    strerror(errno));
	return check_trust(folder, &st, "folder", err);
}

static int
check_file(const char *path, struct stat *ret_st, struct err *err)
{
	static const char magic[4] = { 0x7f, 'E', 'L', 'F' };
	CLEANUP_CLOSE int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char head[4];
	int r;

	if (fd < 0 && errno == ENOENT)
		return err_set(
		    err, ERR_PLUGIN_NOT_FOUND, "there is no such file");
	if (fd < 0 || fstat(fd, ret_st) < 0)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "the file cannot be read: %s", strerror(errno));
	if (!S_ISREG(ret_st->st_mode))
		return err_set(err, ERR_PLUGIN_INVALID,
		    "expected a regular file, found another kind");
	r = check_trust(path, ret_st, "file", err);
	if (r < 0)
		return r;
	if (read(fd, head, sizeof head) != sizeof head ||
	    memcmp(head, magic, sizeof magic) != 0)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "expected an ELF shared object, found another kind of "
		    "file");
	return 0;
}

/* dlerror() begins with the path, which the caller's text has already. */
static const char *
useful_part(const char *text, const char *path)
{
	size_t len = strlen(path);

	if (!text)
		return "unknown reason";
	if (strncmp(text, path, len) == 0 && text[len] == ':') {
		text += len + 1;
		while (*text == ' ')
			text++;
	}
	return text;
}

static int
find_symbol(
    const char *path, const char *name, void **ret_symbol, struct err *err)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (!handle)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "it cannot be loaded: %s", useful_part(dlerror(), path));
	*ret_symbol = dlsym(handle, name);
	return 0;
}

/* Another generation of the ABI that the file is made for, or 0. */
static unsigned
other_major(const char *path)
{
	char name[sizeof(SYMBOL) + 1];
	void *symbol = NULL;

	for (unsigned major = 1; major < 100; major++) {
		(void)snprintf(name, sizeof name, "iag_plugin_%u", major);
		if (major != IAG_ABI_MAJOR &&
		    find_symbol(path, name, &symbol, NULL) == 0 && symbol)
			return major;
	}
	return 0;
}

static int
no_entry(const char *path, struct err *err)
{
	unsigned major = other_major(path);

	if (major > 0)
		return err_set(err, ERR_PLUGIN_INVALID,
		    "expected the symbol '%s' (plugin ABI %d), found "
		    "'iag_plugin_%u': it is made for plugin ABI %u, so build "
		    "it against the headers of this ibkr-agent",
		    SYMBOL, IAG_ABI_MAJOR, major, major);
	return err_set(err, ERR_PLUGIN_INVALID,
	    "expected the symbol '%s' (plugin ABI %d), found none: include "
	    "<ibkr-agent/plugin.h>, which exports it, and define it",
	    SYMBOL, IAG_ABI_MAJOR);
}

static int
find_entry(const char *path, iag_plugin_entry **ret_entry, struct err *err)
{
	void *symbol = NULL;
	int r = find_symbol(path, SYMBOL, &symbol, err);

	if (r < 0)
		return r;
	/* POSIX guarantees this; ISO C knows no such conversion. */
	memcpy(ret_entry, &symbol, sizeof symbol);
	return *ret_entry ? 0 : no_entry(path, err);
}

/* With load_lock held. */
static void
init_globals(void)
{
	if (globals_ready)
		return;
	/* Plugins must not; it stays for the life of the process. */
	(void)gnutls_global_init();
	globals_ready = true;
}

static int
run_load(
    struct plugin *plugin, const struct iag_host *services, struct err *err)
{
	struct iag_ctx *ctx;
	int r;

	if (!plugin->desc.load)
		return 0;
	ctx = context_new(plugin, "load", NULL, UINT64_MAX);
	if (!ctx)
		return err_no_memory(err);
	if (!services)
		services = plugin->desc.kind == IAG_KIND_WRITER
			       ? &writer_services_table
			       : &services_table;
	r = plugin->desc.load(ctx, services);
	if (r != 0) {
		CLEANUP_ERR struct err why = ERR_INIT;

		(void)context_result(ctx, r, &why);
		r = err_set(err, ERR_PLUGIN_INVALID,
		    "the plugin refuses to be loaded: %s", err_text(&why));
	}
	context_unref(ctx);
	return r;
}

/*
 * With load_lock held: a plugin of that descriptor, which *at is to lead to;
 * services NULL: ours.
 */
static int
plugin_new(const char *path, const struct iag_plugin *desc, uint32_t kind,
    const char *name, const struct iag_host *services, struct plugin **at,
    struct err *err)
{
	struct plugin *plugin = calloc(1, sizeof *plugin);
	int r;

	if (plugin)
		plugin->path = strdup(path);
	if (!plugin || !plugin->path) {
		free(plugin);
		return err_no_memory(err);
	}
	r = plugin_adopt(plugin, desc, kind, name, err);
	if (r == 0)
		r = run_load(plugin, services, err);
	if (r < 0) {
		plugin_drop(plugin);
		free(plugin->path);
		free(plugin);
		return r;
	}
	plugin->next = *at;
	*at = plugin;
	return 0;
}

/* With load_lock held: load what is not in the registry. */
static int
load_new(const char *path, const struct stat *st, uint32_t kind,
    const char *name, const struct iag_host *services,
    struct plugin **ret_plugin, struct err *err)
{
	iag_plugin_entry *entry = NULL;
	int r;

	init_globals();
	r = find_entry(path, &entry, err);
	if (r == 0)
		r = plugin_new(
		    path, entry(), kind, name, services, &registry, err);
	if (r < 0)
		return r;
	registry->device = st->st_dev;
	registry->inode = st->st_ino;
	*ret_plugin = registry;
	return 0;
}

void
plugin_offer(const struct iag_plugin *desc)
{
	LOCK_SCOPE(&load_lock);

	offered = desc;
}

int
plugin_open_offered(uint32_t kind, const char *name, struct plugin **ret_plugin,
    struct err *err)
{
	LOCK_SCOPE(&load_lock);
	int r = 0;

	if (!offered || offered->kind != kind ||
	    strcmp(offered->name, name) != 0)
		return 1;
	init_globals();
	if (!offered_plugin)
		r = plugin_new(
		    "ibkr-agent", offered, 0, NULL, NULL, &offered_plugin, err);
	if (r == 0)
		*ret_plugin = offered_plugin;
	return r;
}

static int
open_checked(const char *path, uint32_t kind, const char *name,
    const struct iag_host *services, struct plugin **ret_plugin,
    struct err *err)
{
	LOCK_SCOPE(&load_lock);
	struct plugin *plugin;
	struct stat st;
	int r;

	r = check_file(path, &st, err);
	if (r == 0)
		r = check_folder(path, err);
	if (r < 0)
		return r;
	for (plugin = registry; plugin; plugin = plugin->next) {
		if (plugin->device != st.st_dev || plugin->inode != st.st_ino)
			continue;
		if (kind && kind != plugin->desc.kind)
			break;
		*ret_plugin = plugin;
		return 0;
	}
	return load_new(path, &st, kind, name, services, ret_plugin, err);
}

static int
open_path(const char *path, uint32_t kind, const char *name,
    const struct iag_host *services, struct plugin **ret_plugin,
    struct err *err)
{
	CLEANUP_FREE char *real = realpath(path, NULL);
	int r = 0;

	/* Whoever can change a link chooses what is loaded, too. */
	if (real && strcmp(real, path) != 0)
		r = check_folder(path, err);
	if (r == 0)
		r = open_checked(
		    real ? real : path, kind, name, services, ret_plugin, err);
	if (r < 0)
		(void)err_wrap(err, "plugin '%s'", path);
	return r;
}

int
plugin_open(const char *path, uint32_t kind, const char *name,
    struct plugin **ret_plugin, struct err *err)
{
	return open_path(path, kind, name, NULL, ret_plugin, err);
}

int
plugin_open_with(const char *path, const struct iag_host *services,
    struct plugin **ret_plugin, struct err *err)
{
	return open_path(path, 0, NULL, services, ret_plugin, err);
}

static int
load_checked(
    const char *path, const char *symbol, void **ret_symbol, struct err *err)
{
	LOCK_SCOPE(&load_lock);
	struct stat st;
	int r = check_file(path, &st, err);

	if (r == 0)
		r = check_folder(path, err);
	if (r < 0)
		return r;
	init_globals();
	r = find_symbol(path, symbol, ret_symbol, err);
	if (r == 0 && !*ret_symbol)
		r = err_set(err, ERR_PLUGIN_INVALID,
		    "expected the symbol '%s', found none", symbol);
	return r;
}

int
module_open(
    const char *path, const char *symbol, void **ret_symbol, struct err *err)
{
	CLEANUP_FREE char *real = realpath(path, NULL);
	int r = 0;

	if (real && strcmp(real, path) != 0)
		r = check_folder(path, err);
	if (r == 0)
		r = load_checked(real ? real : path, symbol, ret_symbol, err);
	if (r < 0)
		(void)err_wrap(err, "module '%s'", path);
	return r;
}

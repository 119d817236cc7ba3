/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The second half of `config check`: plugins, their options, files. */

#include "gateway/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/nearest.h"
#include "config/fault.h"
#include "gateway/house.h"
#include "host/host.h"
#include "ibkr-agent/plugin.h"

struct settings {
	const struct config *config;
	struct host *host;
	struct plugin_file *files;
	size_t count;
	struct faults faults;
};

static void
say(struct settings *settings, const struct config_mark *at, const char *what,
    const struct err *err)
{
	fault_add(&settings->faults, ERR_CONFIG_INVALID, at, "%s: %s", what,
	    err_text(err));
}

static const struct plugin_file *
find_file(const struct settings *settings, uint32_t kind, const char *name)
{
	for (size_t i = 0; i < settings->count; i++) {
		const struct plugin_file *file = &settings->files[i];

		if (file->name && (!kind || file->kind == kind) &&
		    config_name_equal(file->name, name))
			return file;
	}
	return NULL;
}

/* What the plugin makes of its options; it is known not to crash. */
static void
check_options(struct settings *settings, const char *what, uint32_t kind,
    const char *name)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct plugin *plugin;

	if (host_load(settings->host, kind, name, &plugin, &err) ||
	    house_check_options(plugin, settings->config, &err))
		say(settings, NULL, what, &err);
}

/* A plugin that a key names. */
static void
check_plugin(
    struct settings *settings, const char *key, uint32_t kind, const char *name)
{
	const struct plugin_file *file;
	struct buf what CLEANUP_BUF = BUF_INIT;

	if (!name)
		return;
	file = find_file(settings, kind, name);
	buf_printf(&what, "%s '%s'", key, name);
	if (file && !file->description)
		say(settings, NULL, buf_text(&what), &file->fault);
	else
		check_options(settings, buf_text(&what), kind, name);
}

static bool
is_writer(const char *configured, const char *name)
{
	return configured && config_name_equal(configured, name);
}

static bool
is_in_use(const struct config *config, uint32_t kind, const char *name)
{
	switch (kind) {
	case IAG_KIND_BACKEND:
		return config_name_equal(config->broker.backend, name);
	case IAG_KIND_STORE:
		return config_name_equal(config->audit.store, name);
	default:
		return is_writer(config->paper_trading.writer, name) ||
		       is_writer(config->live_trading.writer, name);
	}
}

static void
say_unknown(struct settings *settings, const struct config_option *option)
{
	const struct config_mark at = { option->line, option->column };
	struct nearest nearest = NEAREST_INIT(option->plugin);
	struct buf hint CLEANUP_BUF = BUF_INIT;

	for (size_t i = 0; i < settings->count; i++) {
		if (settings->files[i].name)
			nearest_add(&nearest, settings->files[i].name);
	}
	nearest_write(&nearest, &hint);
	fault_add(&settings->faults, ERR_CONFIG_INVALID, &at,
	    "plugins.options: there is no plugin '%s'%s", option->plugin,
	    buf_text(&hint));
}

/* Options of plugins that nothing else names, each plugin once. */
static void
check_others(struct settings *settings)
{
	const struct config *config = settings->config;
	const char *last = NULL;

	for (size_t i = 0; i < config->plugins.option_count; i++) {
		const struct config_option *option =
		    &config->plugins.options[i];
		const struct plugin_file *file;
		struct buf what CLEANUP_BUF = BUF_INIT;

		if (last && config_name_equal(last, option->plugin))
			continue;
		last = option->plugin;
		file = find_file(settings, 0, last);
		buf_printf(&what, "plugins.options.%s", last);
		if (!file)
			say_unknown(settings, option);
		else if (!file->description)
			say(settings, NULL, buf_text(&what), &file->fault);
		else if (!is_in_use(config, file->kind, last))
			check_options(
			    settings, buf_text(&what), file->kind, last);
	}
}

static void
check_secrets(struct settings *settings)
{
	const struct config *config = settings->config;
	struct err err CLEANUP_ERR = ERR_INIT;
	struct secret *secret = NULL;

	/* development defaults make theirs at the first call */
	if (!config->development && config_audit_secret(config, &secret, &err))
		say(settings, NULL, "audit secret", &err);
	secret_free(secret);
	secret = NULL;
	if (config->remote_mcp.enabled &&
	    config_remote_secret(config, &secret, &err))
		say(settings, NULL, "remote_mcp secret", &err);
	secret_free(secret);
}

/* What a server opens when it starts; without the key there is nothing. */
static void
check_file(struct settings *settings, const char *key, const char *path)
{
	/* a pipe has nobody who writes */
	CLEANUP_CLOSE int fd =
	    path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	int why = errno;
	struct stat st;

	if (fd >= 0)
		why = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? EISDIR : 0;
	if (path && why)
		fault_add(&settings->faults, ERR_CONFIG_INVALID, NULL,
		    "%s: cannot read '%s': %s", key, path, strerror(why));
}

static void
check_files(struct settings *settings)
{
	const struct config *config = settings->config;

	if (config->remote_mcp.enabled) {
		check_file(settings, "remote_mcp.tls_certificate_file",
		    config->remote_mcp.tls_certificate_file);
		check_file(settings, "remote_mcp.tls_key_file",
		    config->remote_mcp.tls_key_file);
		check_file(
		    settings, "remote_mcp.ca_file", config->remote_mcp.ca_file);
	}
	if (config->sidecar.enabled)
		check_file(
		    settings, "sidecar.ca_file", config->sidecar.ca_file);
}

int
settings_check(const struct config *config, struct buf *faults, struct err *err)
{
	struct settings settings = {
		.config = config,
		.host = host_new(&config->plugins.path, config),
		.faults = { .file = config->path, .out = faults, .err = err },
	};
	int rc;

	if (!settings.host)
		return err_no_memory(err);
	rc = host_scan(settings.host, &settings.files, &settings.count, err);
	if (rc == 0) {
		check_plugin(&settings, "broker.backend", IAG_KIND_BACKEND,
		    config->broker.backend);
		check_plugin(&settings, "audit.store", IAG_KIND_STORE,
		    config->audit.store);
		check_plugin(&settings, "paper_trading.writer", IAG_KIND_WRITER,
		    config->paper_trading.writer);
		check_plugin(&settings, "live_trading.writer", IAG_KIND_WRITER,
		    config->live_trading.writer);
		check_others(&settings);
		check_secrets(&settings);
		check_files(&settings);
		rc = fault_end(&settings.faults);
	}
	plugin_files_free(settings.files, settings.count);
	(void)host_free(settings.host);
	return rc;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The secrets that the configuration names but never holds.  Asked in order:
 * environment, file, service credential.  Under development defaults a random
 * one is made beside the store; two processes that start at the same moment
 * end up with the same one, since only the first link to the name succeeds.
 */

#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/hash.h"

#define CREDENTIAL_DIR "CREDENTIALS_DIRECTORY" /* systemd.exec(5) */
#define SECRET_NAME "audit-hmac-secret"

struct source {
	const char *env;
	const char *file;
	const char *credential;
	const char *what;
};

/* 1: no such source. */
static int
try_sources(const struct source *s, struct secret **ret_secret, struct err *err)
{
	CLEANUP_FREE char *path = NULL;
	const char *dir = getenv(CREDENTIAL_DIR);

	if (s->env && getenv(s->env))
		return secret_from_env(s->env, ret_secret, err);
	if (s->file)
		return secret_from_file(s->file, ret_secret, err);
	if (!dir || dir[0] != '/')
		return 1;
	if (asprintf(&path, "%s/%s", dir, s->credential) < 0) {
		path = NULL;
		return err_no_memory(err);
	}
	if (access(path, F_OK) != 0)
		return 1;
	return secret_from_credential(s->credential, ret_secret, err);
}

static int
no_source(const struct source *s, const char *section, struct err *err)
{
	err_set(err, ERR_CONFIG_INVALID,
	    "no %s: %s%s%s, %s_file is not in the configuration and there "
	    "is no service credential '%s'",
	    s->what, s->env ? "environment variable '" : section,
	    s->env ? s->env : "_env is not in the configuration",
	    s->env ? "' is not set" : "", section, s->credential);
	err_action(err,
	    "set one of them to at least %d random bytes, as from "
	    "`openssl rand -hex 32`",
	    SECRET_MIN);
	return err ? err_class(err) : IAG_INVAL;
}

/* mkdir -p for us alone; what exists must not be open to others' writing. */
static int
make_dir(const char *path, struct err *err)
{
	CLEANUP_FREE char *copy = strdup(path);
	struct stat st;

	if (!copy)
		return err_no_memory(err);
	for (char *p = strchr(copy + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		(void)mkdir(copy, 0700); /* the last one's answer counts */
		*p = '/';
	}
	if (mkdir(copy, 0700) == 0)
		return 0;
	if (errno != EEXIST || stat(copy, &st) != 0)
		return err_set(err, ERR_CONFIG_INVALID,
		    "directory '%s' cannot be made: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(
		    err, ERR_CONFIG_INVALID, "'%s' is not a directory", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(err, ERR_CONFIG_INVALID,
		    "directory '%s' belongs to another user", path);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, ERR_CONFIG_INVALID,
		    "directory '%s' is writable by others: chmod 700 it", path);
	return 0;
}

static int
write_random(int fd)
{
	uint8_t random[HASH_SIZE];
	char line[HASH_HEX_SIZE + 1];
	bool is_written;

	hash_random(random, sizeof random);
	hash_hex(random, line);
	line[HASH_HEX_SIZE - 1] = '\n';
	is_written = fd_write(fd, line, HASH_HEX_SIZE);
	secret_wipe(random, sizeof random);
	secret_wipe(line, sizeof line);
	return is_written && fsync(fd) == 0 ? 0 : -1;
}

/* Give the finished file its name, unless somebody was faster. */
static int
publish(const char *draft, const char *path)
{
	if (link(draft, path) == 0 || errno == EEXIST)
		return 0;
	/* a file system without hard links */
	if (renameat2(AT_FDCWD, draft, AT_FDCWD, path, RENAME_NOREPLACE) == 0 ||
	    errno == EEXIST)
		return 0;
	return -1;
}

static void
sync_dir(const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		(void)fsync(fd);
}

static int
make_secret(const char *dir, const char *path, struct err *err)
{
	CLEANUP_CLOSE int fd = -1;
	CLEANUP_FREE char *draft = NULL;
	int rc = make_dir(dir, err);

	if (rc != 0)
		return rc;
	if (asprintf(&draft, "%s/.%s.XXXXXX", dir, SECRET_NAME) < 0) {
		draft = NULL;
		return err_no_memory(err);
	}
	fd = mkostemp(draft, O_CLOEXEC); /* 0600 */
	if (fd < 0)
		return err_set(err, ERR_CONFIG_INVALID,
		    "a secret cannot be made in '%s': %s", dir,
		    strerror(errno));
	if (write_random(fd) != 0 || publish(draft, path) != 0)
		rc = err_set(err, ERR_CONFIG_INVALID,
		    "the secret '%s' cannot be written: %s", path,
		    strerror(errno));
	(void)unlink(draft);
	sync_dir(dir);
	return rc;
}

/* The directory above the store, and the secret's name in it. */
static int
development_secret(
    const struct config *config, struct secret **ret_secret, struct err *err)
{
	CLEANUP_FREE char *dir = strdup(config->audit.path);
	CLEANUP_FREE char *path = NULL;
	char *slash = dir ? strrchr(dir, '/') : NULL;
	int rc;

	if (!slash)
		return err_no_memory(err);
	slash[slash == dir] = '\0';
	if (asprintf(&path, "%s/%s", dir, SECRET_NAME) < 0) {
		path = NULL;
		return err_no_memory(err);
	}
	if (access(path, F_OK) != 0) {
		rc = make_secret(dir, path, err);
		if (rc != 0)
			return rc;
	}
	return secret_from_file(path, ret_secret, err);
}

int
config_audit_secret(
    const struct config *config, struct secret **ret_secret, struct err *err)
{
	struct source source = {
		.env = config->audit.hmac_secret_env,
		.file = config->audit.hmac_secret_file,
		.credential = SECRET_NAME,
		.what = "deployment secret",
	};
	int rc = try_sources(&source, ret_secret, err);

	if (rc != 1)
		return rc;
	if (config->development)
		return development_secret(config, ret_secret, err);
	return no_source(&source, "audit.hmac_secret", err);
}

int
config_remote_secret(
    const struct config *config, struct secret **ret_secret, struct err *err)
{
	struct source source = {
		.env = config->remote_mcp.token_id_hmac_secret_env,
		.file = config->remote_mcp.token_id_hmac_secret_file,
		.credential = "remote-token-hmac-secret",
		.what = "secret for token ids",
	};
	int rc = try_sources(&source, ret_secret, err);

	if (rc != 1)
		return rc;
	return no_source(&source, "remote_mcp.token_id_hmac_secret", err);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Secrets live in pages of their own, because locking and leaving out of core
 * files work by page and two secrets on one page would share the fate of the
 * first that is freed.
 */

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"

struct secret {
	size_t map_len;
	size_t len;
	unsigned char data[];
};

/* Room for the longest secret, its newline, and one byte that is too many. */
#define READ_MAX (SECRET_MAX + 2)

static struct secret *
secret_alloc(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct secret *secret;
	size_t size;

	if (len > SIZE_MAX - sizeof *secret - page)
		return NULL;
	size = (sizeof *secret + len + page - 1) / page * page;
	secret = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (secret == MAP_FAILED)
		return NULL;
	/*
	 * Both are refused by small limits and old kernels; a gateway that
	 * does not start for that would be the worse answer.
	 */
	(void)mlock(secret, size);
	(void)madvise(secret, size, MADV_DONTDUMP);
	secret->map_len = size;
	return secret;
}

struct secret *
secret_new(const void *data, size_t len)
{
	struct secret *secret = secret_alloc(len);

	if (!secret)
		return NULL;
	if (len)
		memcpy(secret->data, data, len);
	secret->len = len;
	return secret;
}

void
secret_free(struct secret *secret)
{
	size_t size;

	if (!secret)
		return;
	size = secret->map_len;
	secret_wipe(secret, size);
	(void)munmap(secret, size); /* unlocks, too */
}

static void
cleanup_secret_p(struct secret **secret)
{
	secret_free(*secret);
}

const void *
secret_data(const struct secret *secret)
{
	return secret->data;
}

size_t
secret_len(const struct secret *secret)
{
	return secret->len;
}

void
secret_wipe(void *data, size_t len)
{
	if (len)
		explicit_bzero(data, len);
}

/* least: SECRET_MIN, or 1 for a password. */
static int
check_len(size_t len, size_t least, const char *what, const char *name,
    struct err *err)
{
	if (len == 0 && least == 1)
		return err_set(
		    err, ERR_CONFIG_INVALID, "%s '%s' is empty", what, name);
	if (len < least)
		return err_set(err, ERR_CONFIG_INVALID,
		    "%s '%s' holds %zu bytes: a secret needs at least %d; "
		    "make one with `openssl rand -hex 32`",
		    what, name, len, SECRET_MIN);
	if (len > SECRET_MAX)
		return err_set(err, ERR_CONFIG_INVALID,
		    "%s '%s' is too long: a secret has at most %d bytes", what,
		    name, SECRET_MAX);
	return 0;
}

static int
env_read(
    const char *name, size_t least, struct secret **ret_secret, struct err *err)
{
	const char *value = getenv(name);
	struct secret *secret;
	int rc;

	if (!value)
		return err_set(err, ERR_CONFIG_INVALID,
		    "environment variable '%s' is not set", name);
	rc = check_len(strlen(value), least, "environment variable", name, err);
	if (rc < 0)
		return rc;
	secret = secret_new(value, strlen(value));
	if (!secret)
		return err_set(err, ERR_OUT_OF_MEMORY,
		    "no memory for the secret of '%s'", name);
	*ret_secret = secret;
	return 0;
}

int
secret_from_env(const char *name, struct secret **ret_secret, struct err *err)
{
	return env_read(name, SECRET_MIN, ret_secret, err);
}

int
secret_password_from_env(
    const char *name, struct secret **ret_secret, struct err *err)
{
	return env_read(name, 1, ret_secret, err);
}

/*
 * Who may have written or read the file.  allowed: the bits for group and
 * others that are no fault.  Asked of the open descriptor: the name may point
 * elsewhere a moment later.
 */
static int
check_file(int fd, const char *path, mode_t allowed, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(err, ERR_CONFIG_INVALID,
		    "cannot examine secret file '%s': %s", path,
		    strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG_INVALID,
		    "secret '%s' is not a regular file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(err, ERR_CONFIG_INVALID,
		    "secret file '%s' belongs to user %u: it must belong to "
		    "user %u or to root",
		    path, (unsigned)st.st_uid, (unsigned)geteuid());
	if (st.st_mode & 077 & ~allowed)
		return err_set(err, ERR_CONFIG_INVALID,
		    "secret file '%s' has mode %04o: group and others may "
		    "have no access; run `chmod 600` on it",
		    path, (unsigned)st.st_mode & 07777);
	return 0;
}

/* Fill secret (READ_MAX bytes of room) from fd. */
static int
read_all(int fd, const char *path, size_t least, struct secret *secret,
    struct err *err)
{
	secret->len = 0;
	while (secret->len < READ_MAX) {
		ssize_t got = read(
		    fd, secret->data + secret->len, READ_MAX - secret->len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, ERR_CONFIG_INVALID,
			    "cannot read secret file '%s': %s", path,
			    strerror(errno));
		if (got == 0)
			break;
		secret->len += (size_t)got;
	}
	if (secret->len > 0 && secret->data[secret->len - 1] == '\n')
		secret->len--;
	return check_len(secret->len, least, "secret file", path, err);
}

static int
secret_read(const char *path, mode_t allowed, size_t least,
    struct secret **ret_secret, struct err *err)
{
	struct secret *secret CLEANUP(cleanup_secret_p) = NULL;
	CLEANUP_CLOSE int fd = -1;
	int rc;

	/* not blocking: the name may be that of a pipe */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_CONFIG_INVALID,
		    "cannot open secret file '%s': there is none; make it, at "
		    "least %zu bytes that only its owner can read",
		    path, least);
	if (fd < 0)
		return err_set(err, ERR_CONFIG_INVALID,
		    "cannot open secret file '%s': %s", path, strerror(errno));
	rc = check_file(fd, path, allowed, err);
	if (rc < 0)
		return rc;
	secret = secret_alloc(READ_MAX);
	if (!secret)
		return err_set(err, ERR_OUT_OF_MEMORY,
		    "no memory for the secret of '%s'", path);
	rc = read_all(fd, path, least, secret, err);
	if (rc < 0)
		return rc;
	*ret_secret = STEAL(secret);
	return 0;
}

int
secret_from_file(const char *path, struct secret **ret_secret, struct err *err)
{
	return secret_read(path, 0, SECRET_MIN, ret_secret, err);
}

int
secret_password_from_file(
    const char *path, struct secret **ret_secret, struct err *err)
{
	return secret_read(path, 0, 1, ret_secret, err);
}

int
secret_from_credential(
    const char *name, struct secret **ret_secret, struct err *err)
{
	CLEANUP_BUF struct buf path = BUF_INIT;
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/'))
		return err_set(err, ERR_CONFIG_INVALID,
		    "'%s' is not the name of a service credential: expected a "
		    "file name without '/'",
		    name);
	if (!dir)
		return err_set(err, ERR_CONFIG_INVALID,
		    "service credential '%s' is not there: "
		    "CREDENTIALS_DIRECTORY is not set; add LoadCredential= to "
		    "the unit",
		    name);
	buf_printf(&path, "%s/%s", dir, name);
	if (path.failed)
		return err_set(err, ERR_OUT_OF_MEMORY,
		    "no memory for the path of credential '%s'", name);
	return secret_read(
	    buf_text(&path), S_IRGRP, SECRET_MIN, ret_secret, err);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The directory of a store: made with mode 0700, on a file system where
 * locks and shared mappings work, with guards/ for the lock files.
 */

#include "lmdb-store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* f_type of file systems whose pages or locks live on another machine */
static const struct {
	uint32_t magic;
	const char *name;
} network[] = {
	{ 0x6969, "nfs" },
	{ 0x517b, "smb" },
	{ 0xff534d42, "cifs" },
	{ 0xfe534d42, "smb2" },
	{ 0x01021997, "9p" },
	{ 0x5346414f, "afs" },
	{ 0x6b414653, "afs" },
	{ 0x73757245, "coda" },
	{ 0x564c, "ncp" },
	{ 0x00c36400, "ceph" },
	{ 0x0bd00bd0, "lustre" },
	{ 0x01161970, "gfs2" },
	{ 0x7461636f, "ocfs2" },
	{ 0x47504653, "gpfs" },
	{ 0x19830326, "beegfs" },
	{ 0x786f4256, "vboxsf" },
};

static int32_t
refuse(struct iag_ctx *ctx, const char *path, const char *why)
{
	return host->fail(
	    ctx, IAG_AGAIN, "JOURNAL_UNAVAILABLE", "store '%s': %s", path, why);
}

/* Every missing directory of the path; the new ones with mode 0700. */
static int
make_all(const char *path)
{
	char *copy = strdup(path);
	int rc = 0;

	if (!copy)
		return ENOMEM;
	for (char *p = copy + 1; rc == 0 && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0700) != 0 && errno != EEXIST)
			rc = errno;
		*p = '/';
	}
	if (rc == 0 && mkdir(copy, 0700) != 0 && errno != EEXIST)
		rc = errno;
	free(copy);
	return rc;
}

static int32_t
check_owner(struct iag_ctx *ctx, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return refuse(ctx, path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return refuse(ctx, path, "not a directory");
	if (st.st_uid != geteuid() && st.st_uid != 0 && geteuid() != 0)
		return refuse(ctx, path, "belongs to another user");
	if (st.st_mode & 022)
		return refuse(ctx, path,
		    "writable by group or others; run chmod 700 on it");
	return IAG_OK;
}

static int32_t
check_file_system(struct iag_ctx *ctx, const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs) != 0)
		return refuse(ctx, path, strerror(errno));
	for (size_t i = 0; i < sizeof(network) / sizeof(*network); i++)
		if ((uint32_t)fs.f_type == network[i].magic)
			return host->fail(ctx, IAG_AGAIN, "JOURNAL_UNAVAILABLE",
			    "store '%s': on a network file system, %s, where "
			    "locks do not hold; use a local disk",
			    path, network[i].name);
	return IAG_OK;
}

int32_t
directory_prepare(struct iag_ctx *ctx, const char *path, bool create)
{
	int32_t result;
	int rc;

	if (create) {
		rc = make_all(path);
		if (rc != 0)
			return refuse(ctx, path, strerror(rc));
	}
	result = check_owner(ctx, path);
	if (result == IAG_OK)
		result = check_file_system(ctx, path);
	return result;
}

/* Some file systems have nothing to flush for a directory. */
static int
flush(int dir)
{
	return fsync(dir) == 0 || errno == EINVAL || errno == ENOTSUP ? 0
								      : errno;
}

/*
 * The entry of dir in the directory above it, and so on to the top of the
 * file system.  One of them may be closed to us (mode 0711): then everything
 * there is flushed, which is slow but asks for no permission.
 */
static int
flush_above(int dir)
{
	struct stat here = { .st_dev = 0 }, above = { .st_dev = 0 };
	int up = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = errno;

	if (up < 0)
		return rc == EACCES || rc == EPERM
			   ? (syncfs(dir) == 0 ? 0 : errno)
			   : rc;
	rc = fstat(dir, &here) == 0 && fstat(up, &above) == 0 ? 0 : errno;
	if (rc == 0 && here.st_dev == above.st_dev &&
	    here.st_ino != above.st_ino) {
		rc = flush(up);
		if (rc == 0)
			rc = flush_above(up);
	}
	(void)close(up);
	return rc;
}

int
directory_flush(const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (dir < 0)
		return errno;
	rc = flush(dir);
	if (rc == 0)
		rc = flush_above(dir);
	(void)close(dir);
	return rc;
}

int
directory_guards(struct iag_ctx *ctx, const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = -1;

	if (dir >= 0 && (mkdirat(dir, "guards", 0700) == 0 || errno == EEXIST))
		fd = openat(dir, "guards",
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		int32_t result = refuse(ctx, path, strerror(errno));

		if (dir >= 0)
			(void)close(dir);
		return result;
	}
	(void)close(dir);
	return fd;
}

void
directory_machine(char *id, size_t size)
{
	static const char *const files[] = { "/etc/machine-id",
		"/var/lib/dbus/machine-id" };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);
		ssize_t len = fd < 0 ? -1 : read(fd, id, size - 1);

		if (fd >= 0)
			(void)close(fd);
		if (len <= 0)
			continue;
		id[len] = '\0';
		id[strcspn(id, "\n")] = '\0';
		if (strlen(id) == 32)
			return;
	}
	(void)snprintf(id, size, "unknown");
}

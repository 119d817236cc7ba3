/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* `audit verify --file`: an export and its manifest, without any store. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "journal/exportfile.h"

#define MANIFEST_LEN 65536u

static void
close_p(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

static int
cannot_read(const char *path, struct err *err)
{
	return err_set(
	    err, ERR_INPUT_INVALID, "file '%s': %s", path, strerror(errno));
}

static int
read_manifest(const char *path, struct buf *out, struct err *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char chunk[4096];
	ssize_t n;

	if (fd < 0)
		return cannot_read(path, err);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		buf_add(out, chunk, (size_t)n);
		if (out->len > MANIFEST_LEN)
			return err_set(err, ERR_INPUT_INVALID,
			    "file '%s': too long for a manifest", path);
	}
	if (n < 0)
		return cannot_read(path, err);
	return out->failed ? err_no_memory(err) : 0;
}

/*
 * Lines through a buffer of fixed size: one that does not fit is no line of
 * an export, and is checked in the part that fits.
 */
static int
read_lines(struct export_check *check, const char *path, struct err *err)
{
	FILE *file CLEANUP(close_p) = fopen(path, "re");
	CLEANUP_FREE char *line = malloc(EXPORT_LINE);
	size_t len = 0;
	int c;

	if (!line)
		return err_no_memory(err);
	if (!file)
		return cannot_read(path, err);
	while ((c = getc_unlocked(file)) != EOF && check->verdict.valid) {
		line[len++] = (char)c;
		if (c != '\n' && len < EXPORT_LINE)
			continue;
		export_check_line(check, line, len);
		len = 0;
	}
	if (ferror(file))
		return cannot_read(path, err);
	if (len > 0)
		export_check_line(check, line, len);
	return 0;
}

static int
check_file(const char *path, const struct buf *manifest,
    const struct keys *keys, struct audit_verdict *ret_verdict, struct err *err)
{
	struct export_check check;
	int rc = export_check_init(
	    &check, buf_text(manifest), manifest->len, keys, err);

	if (rc < 0)
		return rc;
	rc = read_lines(&check, path, err);
	if (rc == 0) {
		export_check_end(&check);
		*ret_verdict = check.verdict;
	}
	export_check_fini(&check);
	return rc;
}

int
audit_verify_file(const char *path, const char *manifest_path,
    const struct secret *secret, struct audit_verdict *ret_verdict,
    struct err *err)
{
	struct buf manifest CLEANUP_BUF = BUF_INIT;
	struct keys keys;
	int rc = read_manifest(manifest_path, &manifest, err);

	if (rc == 0)
		rc = keys_derive(&keys, secret, err);
	if (rc < 0)
		return rc;
	rc = check_file(path, &manifest, &keys, ret_verdict, err);
	keys_wipe(&keys);
	return rc;
}

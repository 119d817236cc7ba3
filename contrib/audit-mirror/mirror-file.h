/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The file of the mirror, and the store whose trail it has.  Both functions
 * lock the file against other processes; threads of one see to that
 * themselves.  They return NULL, or why the mirror lags behind, in words.
 */

#ifndef MIRROR_FILE_H
#define MIRROR_FILE_H

#include <ibkr-agent/store.h>

struct mirror_file {
	const struct iag_host *host;
	const struct iag_store_ops *store;
	void *instance; /* of that store */
	int fd;         /* of the file; -1: not open */
};

/* Append everything that is committed and not in it. */
const char *mirror_file_catch_up(
    struct iag_ctx *ctx, const struct mirror_file *file);

/* Is everything in it that is committed?  Changes nothing. */
const char *mirror_file_compare(
    struct iag_ctx *ctx, const struct mirror_file *file);

#endif

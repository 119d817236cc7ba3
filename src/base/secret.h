/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Secret bytes: in locked memory that is left out of core files, wiped before
 * it is given back, never formatted.
 */

#ifndef IAG_BASE_SECRET_H
#define IAG_BASE_SECRET_H

#include <stddef.h>

#include "base/err.h"

#define SECRET_MIN 32   /* bytes a deployment secret needs */
#define SECRET_MAX 4096 /* bytes read from a file at most */

struct secret;

/* A copy of data; NULL when memory cannot be had. */
struct secret *secret_new(const void *data, size_t len);
void secret_free(struct secret *secret); /* wipes; NULL is fine */
const void *secret_data(const struct secret *secret);
size_t secret_len(const struct secret *secret);

/*
 * From environment variable `name`; from a file (owned by the effective user
 * or root, mode without bits for group and others, one trailing newline cut);
 * CONFIG_INVALID with the reason when unset, unreadable, too open, shorter
 * than SECRET_MIN or longer than SECRET_MAX bytes.
 */
int secret_from_env(
    const char *name, struct secret **ret_secret, struct err *err);
int secret_from_file(
    const char *path, struct secret **ret_secret, struct err *err);

/*
 * The same for what others made (passwords, tokens): one byte is enough,
 * since only a key has to be long to be one.
 */
int secret_password_from_env(
    const char *name, struct secret **ret_secret, struct err *err);
int secret_password_from_file(
    const char *path, struct secret **ret_secret, struct err *err);

/*
 * From $CREDENTIALS_DIRECTORY/name, as a service manager hands it out.  There
 * the mode may show a group bit: it is the mask of the access list by which
 * the service's own user may read a file of root.
 */
int secret_from_credential(
    const char *name, struct secret **ret_secret, struct err *err);

/* Overwrite in a way that the compiler keeps. */
void secret_wipe(void *data, size_t len);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What may not leave the process: the one table of keys and of text that looks
 * like a secret (reference.md 6.5), used by log, audit and export.
 */

#ifndef IAG_BASE_REDACT_H
#define IAG_BASE_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define REDACTED "[REDACTED]"

/*
 * True for a member name whose value is always hidden (any case).  Names are
 * split into words at '_', '-', '.' and before capitals and compared word by
 * word, so that accessToken and set-cookie are hidden while `tokenizer` and
 * `execution_path` are not; `path` counts only as the whole name.  A name that
 * ends in where a secret is (`secret_file`, `token_env`) is not one.
 */
bool redact_is_sensitive_key(const char *key);

/*
 * The first secret-like span of text, or false: what follows `Bearer`, the
 * value of password=, "client_secret": and their like, the rest of a Cookie:
 * or Authorization: line, PEM private keys, JWTs, /home/NAME and \Users\NAME.
 * A span that already is REDACTED is none.
 */
bool redact_find(
    const char *text, size_t len, size_t *ret_start, size_t *ret_len);

/* Append text with each such span replaced; true if anything was. */
bool redact_text(struct buf *out, const char *text, size_t len);

/* redact_text() for an operator's own terminal, where paths are shown. */
bool redact_for_operator(struct buf *out, const char *text, size_t len);

/*
 * Append text with absolute paths of two or more parts cut to their base
 * names (ruling 44): for everybody but the operator.  Secrets stay.
 */
void redact_paths(struct buf *out, const char *text, size_t len);

#endif

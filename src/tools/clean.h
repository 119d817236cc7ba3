/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Text from outside on its way to a caller: what could steer a terminal or
 * hide words from a reader is taken out.
 */

#ifndef IAG_TOOLS_CLEAN_H
#define IAG_TOOLS_CLEAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum {
	CLEAN_LINES = 0x1, /* keep line feeds and tabs */
	CLEAN_REDACT = 0x2 /* replace what looks like a secret */
};

/* Code points of valid UTF-8. */
size_t clean_count(const char *text, size_t len);

/*
 * True if clean_add() without a limit would change nothing.
 */
bool clean_is_clean(const char *text, size_t len, unsigned flags);

/*
 * Append text without control characters (C0, DEL, C1), bidirectional
 * overrides, byte order marks and tag characters; line separators become a
 * space unless CLEAN_LINES.  More than max code points (0: any number) are
 * cut, with an ellipsis at the end.
 */
void clean_add(
    struct buf *out, const char *text, size_t len, size_t max, unsigned flags);

#endif

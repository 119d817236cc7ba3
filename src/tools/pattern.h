/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The patterns of the tool table.  They go into the schemas as they are, so
 * they are ECMA 262; the subset that stands in the table is matched here,
 * because regex(3) depends on the locale and counts bytes.
 */

#ifndef IAG_TOOLS_PATTERN_H
#define IAG_TOOLS_PATTERN_H

#include <stdbool.h>

/*
 * Subset: `^` first and `$` last (both needed); characters, `\` and one of
 * the specials; classes of ASCII characters and ranges, `[^...]` for any
 * other code point; groups `(a|b)`, at most optional; quantifiers `?`, `*`,
 * `+`, `{m}`, `{m,n}`.
 */
bool pattern_is_valid(const char *pattern);
/* pattern: valid; text: valid UTF-8. */
bool pattern_matches(const char *pattern, const char *text);

#endif

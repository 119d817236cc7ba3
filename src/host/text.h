/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Text that comes from plugins. */

#ifndef IAG_HOST_TEXT_H
#define IAG_HOST_TEXT_H

#include <stdbool.h>

#define PLUGIN_TEXT_MAX 2000 /* bytes of an error text that are kept */

/*
 * The text made fit for the operator: bounded, valid UTF-8, one line, nothing
 * secret; allocated.  NULL: no memory.  Paths stay; whoever else reads an error
 * gets it without them, from tool_error_conceal(): text, action, refusals and
 * details.
 */
char *plugin_text_clean(const char *text);
/* One line of printable UTF-8, of any length. */
bool plugin_text_is_line(const char *text);
/* Is it one of the words, which one space parts?  words may be NULL. */
bool plugin_text_has_word(const char *words, const char *word);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Texts that a struct owns. */

#ifndef IAG_BASE_TEXT_H
#define IAG_BASE_TEXT_H

#include "base/err.h"

/*
 * *text, which may be NULL, becomes a copy of value (NULL: becomes NULL), and
 * what it was is freed.  value may be *text.  OUT_OF_MEMORY: it stays as it is.
 */
int text_set(char **text, const char *value, struct err *err);

#endif

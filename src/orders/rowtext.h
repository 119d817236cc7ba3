/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Stored rows are JSON objects of strings, written and read without a tree
 * between them and the structs.
 */

#ifndef IAG_ORDERS_ROWTEXT_H
#define IAG_ORDERS_ROWTEXT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "ibkr-agent/types.h"

/* Longest value of what is no text of any length: a word, digest or number. */
#define ROWTEXT_SHORT 128

/* "NAME": and the comma in front of it, if it is not the first one. */
void rowtext_name(struct buf *out, const char *name);
/* One member; a NULL text adds nothing.  INPUT_INVALID: no UTF-8. */
int rowtext_add(
    struct buf *out, const char *name, const char *text, struct err *err);
/* The same of the text of an object; INTERNAL_ERROR for what is none. */
int rowtext_add_object(
    struct buf *out, const char *name, const char *text, struct err *err);

/*
 * What a value means (record_next()), NUL behind it, to be freed.  IAG_INVAL
 * for what is no string, IAG_NOMEM.
 */
int rowtext_take(struct iag_bytes value, char **ret_text);
/* The text of an object as it stands there. */
int rowtext_take_object(struct iag_bytes value, char **ret_text);
/* What a short string means; IAG_INVAL for a longer one, too. */
int rowtext_copy(struct iag_bytes value, char ret_text[ROWTEXT_SHORT]);

#endif

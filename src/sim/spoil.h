/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Bodies made wrong: other types, members gone, compressed unasked. */

#ifndef IAG_SIM_SPOIL_H
#define IAG_SIM_SPOIL_H

#include <stdint.h>

#include "base/buf.h"

enum spoil {
	SPOIL_STRINGS, /* numbers become strings */
	SPOIL_NUMBERS, /* strings that hold a number become numbers */
	SPOIL_NULLS,
	SPOIL_MISSING,
	SPOIL_EXTRA /* members that nobody knows */
};

/*
 * Change the JSON text in body.  Only members named `member` if it is not
 * NULL; otherwise all of them, or for SPOIL_NULLS and SPOIL_MISSING every
 * fourth by chance.  What is no JSON stays as it is.
 */
void spoil_json(
    struct buf *body, enum spoil spoil, const char *member, uint64_t *seed);
/* The body in gzip's format (RFC 1952), stored. */
void spoil_gzip(struct buf *body);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The known word that is nearest to a mistyped one. */

#ifndef IAG_BASE_NEAREST_H
#define IAG_BASE_NEAREST_H

#include "base/buf.h"

struct nearest {
	const char *word;
	const char *best; /* NULL: nothing is near; borrowed */
	unsigned distance;
};

#define NEAREST_INIT(w)     \
	{                   \
		.word = (w) \
	}

/* Consider candidate; kept by pointer when it is the nearest so far. */
void nearest_add(struct nearest *nearest, const char *candidate);
/* Append " (did you mean 'x'?)"; nothing where nothing is near. */
void nearest_write(const struct nearest *nearest, struct buf *out);

#endif

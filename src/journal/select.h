/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Which records a range means: sequences and times become one interval of
 * sequences (time never runs backwards along the chain), the rest is a
 * filter on single records.
 */

#ifndef IAG_JOURNAL_SELECT_H
#define IAG_JOURNAL_SELECT_H

#include "journal/core.h"

struct selection {
	uint64_t first;              /* inclusive */
	uint64_t end;                /* exclusive; first == end: nothing */
	const char *event_type;      /* NULL: all */
	char account[HASH_HEX_SIZE]; /* "": all */
};

int selection_init(struct selection *selection, struct journal_txn *txn,
    const struct audit_range *range, struct err *err);
/* Filters only; a stub matches nothing but an empty filter. */
bool selection_has(
    const struct selection *selection, const struct entry *entry);
bool selection_is_filtered(const struct selection *selection);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Reading the chain backward, one look-up for each entry. */

#ifndef IAG_JOURNAL_ENTRIES_H
#define IAG_JOURNAL_ENTRIES_H

#include "journal/core.h"

struct entries {
	struct journal_txn *txn;
	struct store_cursor *cursor;
	uint64_t end;      /* sequences below it are still to come */
	struct buf here;   /* the entry handed out */
	struct buf before; /* the one before it, not yet checked */
};

/* Those below end, which is no more than the head's count. */
int entries_init(struct entries *entries, struct journal_txn *txn, uint64_t end,
    struct err *err);
void entries_fini(struct entries *entries);
#define CLEANUP_ENTRIES __attribute__((cleanup(entries_fini)))

/*
 * The next one, checked; it is good until the next call.  IAG_NOTFOUND behind
 * the first entry, JOURNAL_CORRUPT for one that is missing or changed.
 */
int entries_back(struct entries *entries, uint64_t *ret_sequence,
    struct entry *ret_entry, struct err *err);

#endif

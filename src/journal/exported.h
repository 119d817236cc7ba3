/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What was exported: rows of the state table, one for each export to a file,
 * so that a purge can tell what is kept elsewhere.
 */

#ifndef IAG_JOURNAL_EXPORTED_H
#define IAG_JOURNAL_EXPORTED_H

#include "journal/select.h"

struct exported {
	uint64_t first;
	uint64_t last;               /* inclusive */
	char event_type[64];         /* "": all */
	char account[HASH_HEX_SIZE]; /* "": all */
};

struct exported_list {
	struct buf data; /* of struct exported */
};

/* In a step: remember an export under its id. */
int exported_put(struct journal_txn *txn, const char *id,
    const struct exported *exported, struct err *err);
int exported_load(
    struct exported_list *list, struct journal_txn *txn, struct err *err);
bool exported_has(const struct exported_list *list, uint64_t sequence,
    const struct entry *entry);
void exported_fini(struct exported_list *list);

#endif

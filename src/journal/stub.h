/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Purged records.  What is left of one is its leaf; that it was purged and
 * not torn out is proved by a row of the state table, one for each block of
 * sequences, with one bit for each purged record.
 */

#ifndef IAG_JOURNAL_STUB_H
#define IAG_JOURNAL_STUB_H

#include "journal/core.h"

#define STUB_BLOCK 8192u /* records of one row */

struct stub_map {
	uint64_t block; /* UINT64_MAX: none was read */
	uint8_t bits[STUB_BLOCK / 8];
};

void stub_map_init(struct stub_map *map);
/* Read the row of the sequence's block; no row: no bit is set. */
int stub_map_load(struct stub_map *map, struct journal_txn *txn,
    uint64_t sequence, struct err *err);
bool stub_map_has(const struct stub_map *map, uint64_t sequence);
void stub_map_set(struct stub_map *map, uint64_t sequence);
int stub_map_save(
    const struct stub_map *map, struct journal_txn *txn, struct err *err);

#endif

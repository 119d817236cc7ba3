/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The rows of the meta table.  "format" is plain text, so that any version
 * can read it; "store" (what this store is) and "head" (where its chain
 * ends) carry a MAC, so that damage is seen before anything relies on them.
 */

#ifndef IAG_JOURNAL_META_H
#define IAG_JOURNAL_META_H

#include <stdbool.h>

#include "base/buf.h"
#include "journal/chain.h"
#include "journal/keys.h"

#define META_FORMAT "ibkr-agent-store 2"
#define MACHINE_SIZE 65
#define BATCH_ID_SIZE 16

struct meta_store {
	uint8_t id[STORE_ID_SIZE];
	uint8_t salt[HASH_SIZE]; /* hides row keys in records */
	uint8_t key_id[KEY_ID_SIZE];
	uint64_t incarnation; /* 1 at birth, one more at each adoption */
	uint64_t born_ns;
	uint64_t keyed_from; /* first record with MACs of the present key */
	uint64_t device;     /* the place, ruling 25 */
	uint64_t inode;
	char machine[MACHINE_SIZE];
};

struct meta_head {
	uint64_t count;          /* of records; also the next sequence */
	uint8_t hash[HASH_SIZE]; /* of the last record; zeros: none */
	uint64_t time_ns;        /* highest time ever recorded */
	uint64_t change;         /* the store's counter after this commit */
	uint8_t batch[BATCH_ID_SIZE]; /* random id of the last commit */
};

/* Append the row's bytes; the MAC is over the row's name and these. */
void meta_store_format(
    const struct meta_store *store, const struct keys *keys, struct buf *out);
void meta_head_format(
    const struct meta_head *head, const struct keys *keys, struct buf *out);

enum meta_result { META_OK, META_DAMAGED, META_OTHER_KEY };
enum meta_result meta_store_parse(struct iag_bytes row, const struct keys *keys,
    struct meta_store *ret_store);
bool meta_head_parse(
    struct iag_bytes row, const struct keys *keys, struct meta_head *ret_head);
/* Rows whose seals were in order before; they are not looked at. */
void meta_store_read(struct iag_bytes row, struct meta_store *ret_store);
void meta_head_read(struct iag_bytes row, struct meta_head *ret_head);

#endif

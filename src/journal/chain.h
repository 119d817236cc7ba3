/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The chain (ruling 26) and how one entry of it is stored:
 *
 *   hash (32) | mac (32) | leaf (32) | type (1) | old mac (32, if type K) |
 *   record
 *
 * leaf = SHA-256(0x00 | record)
 * hash = SHA-256("iag-chain-1\0" | store id (16) | u64be sequence |
 *        previous hash (32) | leaf)
 * mac  = HMAC-SHA-256(chain key, hash)
 */

#ifndef IAG_JOURNAL_CHAIN_H
#define IAG_JOURNAL_CHAIN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/hash.h"
#include "ibkr-agent/types.h"

#define STORE_ID_SIZE 16
#define ENTRY_HEAD_SIZE (3 * HASH_SIZE + 1)

/* Far apart in bits: a damaged type is never another one. */
enum entry_type {
	ENTRY_RECORD = 0x52,   /* R */
	ENTRY_ROTATION = 0x4b, /* K: a record that also has the old key's MAC */
	ENTRY_STUB = 0x8c      /* a purged record: only its leaf is left */
};

struct chain {
	struct hash *hash;
	struct hmac *mac;
	uint8_t store_id[STORE_ID_SIZE];
};

int chain_init(struct chain *chain, const uint8_t key[HASH_SIZE],
    const uint8_t store_id[STORE_ID_SIZE], struct err *err);
void chain_fini(struct chain *chain);
#define CLEANUP_CHAIN __attribute__((cleanup(chain_fini)))

void chain_leaf(struct chain *chain, const void *record, size_t len,
    uint8_t ret_leaf[HASH_SIZE]);
void chain_link(struct chain *chain, uint64_t sequence,
    const uint8_t previous[HASH_SIZE], const uint8_t leaf[HASH_SIZE],
    uint8_t ret_hash[HASH_SIZE]);
void chain_mac(struct chain *chain, const uint8_t hash[HASH_SIZE],
    uint8_t ret_mac[HASH_SIZE]);

/* An entry as it lies in the store; borrowed. */
struct entry {
	enum entry_type type;
	const uint8_t *hash;
	const uint8_t *mac;
	const uint8_t *leaf;
	const uint8_t *old_mac; /* NULL unless ENTRY_ROTATION */
	const char *record;
	size_t len;
};

/* false: not an entry. */
bool entry_parse(struct iag_bytes value, struct entry *ret_entry);

/*
 * NULL, or what is wrong with the entry as number sequence behind previous.
 * keyed: the MAC was made with this chain's key (not so before a rotation).
 */
const char *entry_check(struct chain *chain, const struct entry *entry,
    uint64_t sequence, const uint8_t previous[HASH_SIZE], bool keyed);

/*
 * Append the entry of a record to out; ret_hash is its hash.  old: the chain
 * of the key that ends here, or NULL.
 */
void entry_format(struct chain *chain, struct chain *old, uint64_t sequence,
    const uint8_t previous[HASH_SIZE], const char *record, size_t len,
    struct buf *out, uint8_t ret_hash[HASH_SIZE]);

#endif

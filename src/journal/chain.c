/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The hashes of the audit chain, and entries from and to bytes. */

#include "journal/chain.h"

#include <string.h>

#include "ibkr-agent/store.h"
#include "journal/bytes.h"
#include "journal/journal.h"

/* Stores that keep a copy of the trail read it by the ABI's own names. */
_Static_assert(TABLE_AUDIT == IAG_STORE_TABLE_AUDIT, "the table moved");
_Static_assert(ENTRY_RECORD == IAG_STORE_AUDIT_RECORD, "a type changed");
_Static_assert(ENTRY_ROTATION == IAG_STORE_AUDIT_ROTATION, "a type changed");

int
chain_init(struct chain *chain, const uint8_t key[HASH_SIZE],
    const uint8_t store_id[STORE_ID_SIZE], struct err *err)
{
	chain->hash = hash_new();
	chain->mac = hmac_new(key, HASH_SIZE);
	memcpy(chain->store_id, store_id, STORE_ID_SIZE);
	if (chain->hash && chain->mac)
		return 0;
	chain_fini(chain);
	return err_no_memory(err);
}

void
chain_fini(struct chain *chain)
{
	if (chain->hash)
		hash_free(chain->hash);
	if (chain->mac)
		hmac_free(chain->mac);
	chain->hash = NULL;
	chain->mac = NULL;
}

void
chain_leaf(struct chain *chain, const void *record, size_t len,
    uint8_t ret_leaf[HASH_SIZE])
{
	hash_add(chain->hash, "", 1);
	hash_add(chain->hash, record, len);
	hash_end(chain->hash, ret_leaf);
}

void
chain_link(struct chain *chain, uint64_t sequence,
    const uint8_t previous[HASH_SIZE], const uint8_t leaf[HASH_SIZE],
    uint8_t ret_hash[HASH_SIZE])
{
	static const char tag[] = "iag-chain-1"; /* with its NUL */
	uint8_t text[sizeof(tag) + STORE_ID_SIZE + 8 + 2 * HASH_SIZE];
	uint8_t *at = text;

	memcpy(at, tag, sizeof(tag));
	at += sizeof(tag);
	memcpy(at, chain->store_id, STORE_ID_SIZE);
	at += STORE_ID_SIZE;
	put_u64(at, sequence);
	at += 8;
	memcpy(at, previous, HASH_SIZE);
	at += HASH_SIZE;
	memcpy(at, leaf, HASH_SIZE);
	hash_add(chain->hash, text, sizeof(text));
	hash_end(chain->hash, ret_hash);
}

void
chain_mac(struct chain *chain, const uint8_t hash[HASH_SIZE],
    uint8_t ret_mac[HASH_SIZE])
{
	hmac_add(chain->mac, hash, HASH_SIZE);
	hmac_end(chain->mac, ret_mac);
}

bool
entry_parse(struct iag_bytes value, struct entry *ret_entry)
{
	const uint8_t *data = value.data;
	size_t head = ENTRY_HEAD_SIZE;

	if (value.len < head)
		return false;
	*ret_entry = (struct entry){
		.hash = data,
		.mac = data + HASH_SIZE,
		.leaf = data + 2 * HASH_SIZE,
		.type = data[3 * HASH_SIZE],
	};
	if (ret_entry->type == ENTRY_STUB)
		return value.len == head;
	if (ret_entry->type == ENTRY_ROTATION) {
		ret_entry->old_mac = data + head;
		head += HASH_SIZE;
	} else if (ret_entry->type != ENTRY_RECORD) {
		return false;
	}
	if (value.len <= head)
		return false;
	ret_entry->record = (const char *)data + head;
	ret_entry->len = value.len - head;
	return true;
}

const char *
entry_check(struct chain *chain, const struct entry *entry, uint64_t sequence,
    const uint8_t previous[HASH_SIZE], bool keyed)
{
	uint8_t digest[HASH_SIZE];

	if (entry->type != ENTRY_STUB) {
		chain_leaf(chain, entry->record, entry->len, digest);
		if (!hash_equal(digest, entry->leaf))
			return "the record is not the one that was written";
	}
	chain_link(chain, sequence, previous, entry->leaf, digest);
	if (!hash_equal(digest, entry->hash))
		return "the record does not follow the one before it";
	if (!keyed)
		return NULL;
	chain_mac(chain, entry->hash, digest);
	if (!hash_equal(digest, entry->mac))
		return "the MAC was not made with the chain key";
	return NULL;
}

void
entry_format(struct chain *chain, struct chain *old, uint64_t sequence,
    const uint8_t previous[HASH_SIZE], const char *record, size_t len,
    struct buf *out, uint8_t ret_hash[HASH_SIZE])
{
	uint8_t leaf[HASH_SIZE], mac[HASH_SIZE];

	chain_leaf(chain, record, len, leaf);
	chain_link(chain, sequence, previous, leaf, ret_hash);
	chain_mac(chain, ret_hash, mac);
	buf_add(out, ret_hash, HASH_SIZE);
	buf_add(out, mac, HASH_SIZE);
	buf_add(out, leaf, HASH_SIZE);
	buf_char(out, (char)(old ? ENTRY_ROTATION : ENTRY_RECORD));
	if (old) {
		chain_mac(old, ret_hash, mac);
		buf_add(out, mac, HASH_SIZE);
	}
	buf_add(out, record, len);
}

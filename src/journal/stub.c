/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The bitmaps of purged records. */

#include "journal/stub.h"

#include <string.h>

#define PREFIX "journal/purged/"
#define KEY_LEN (sizeof(PREFIX) - 1 + 8)

void
stub_map_init(struct stub_map *map)
{
	map->block = UINT64_MAX;
	memset(map->bits, 0, sizeof(map->bits));
}

static struct iag_bytes
map_key(uint64_t block, uint8_t key[KEY_LEN])
{
	memcpy(key, PREFIX, sizeof(PREFIX) - 1);
	put_u64(key + sizeof(PREFIX) - 1, block);
	return bytes_of(key, KEY_LEN);
}

int
stub_map_load(struct stub_map *map, struct journal_txn *txn, uint64_t sequence,
    struct err *err)
{
	uint64_t block = sequence / STUB_BLOCK;
	uint8_t key[KEY_LEN];
	struct iag_bytes row;
	int rc;

	if (map->block == block)
		return 0;
	stub_map_init(map);
	rc = txn_get(txn, TABLE_STATE, map_key(block, key), &row, err);
	if (rc == 0 && row.len != sizeof(map->bits))
		rc = err_set(err, ERR_JOURNAL_CORRUPT,
		    "the list of purged records is damaged");
	if (rc == 0)
		memcpy(map->bits, row.data, sizeof(map->bits));
	if (rc == 0 || rc == IAG_NOTFOUND)
		map->block = block;
	return rc == IAG_NOTFOUND ? 0 : rc;
}

bool
stub_map_has(const struct stub_map *map, uint64_t sequence)
{
	uint64_t at = sequence % STUB_BLOCK;

	return map->block == sequence / STUB_BLOCK &&
	       map->bits[at / 8] >> at % 8 & 1;
}

void
stub_map_set(struct stub_map *map, uint64_t sequence)
{
	uint64_t at = sequence % STUB_BLOCK;

	map->bits[at / 8] |= (uint8_t)(1u << at % 8);
}

int
stub_map_save(
    const struct stub_map *map, struct journal_txn *txn, struct err *err)
{
	uint8_t key[KEY_LEN];

	return txn_put(txn, TABLE_STATE, map_key(map->block, key),
	    bytes_of(map->bits, sizeof(map->bits)), err);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Meta rows from and to bytes. */

#include "journal/meta.h"

#include <string.h>

#include "journal/bytes.h"

#define STORE_LEN \
	(STORE_ID_SIZE + HASH_SIZE + KEY_ID_SIZE + 5 * 8 + MACHINE_SIZE)
#define HEAD_LEN (8 + HASH_SIZE + 8 + 8 + BATCH_ID_SIZE)

static void
row_mac(const struct keys *keys, const char *name, const void *data, size_t len,
    uint8_t ret_mac[HASH_SIZE])
{
	uint8_t text[16 + STORE_LEN] = { 0 };

	memcpy(text, name, strlen(name)); /* "store" or "head" */
	memcpy(text + 16, data, len);
	hmac_sha256(keys->meta, HASH_SIZE, text, 16 + len, ret_mac);
}

static void
row_seal(const struct keys *keys, const char *name, const uint8_t *data,
    size_t len, struct buf *out)
{
	uint8_t mac[HASH_SIZE];

	row_mac(keys, name, data, len, mac);
	buf_add(out, data, len);
	buf_add(out, mac, HASH_SIZE);
}

static bool
row_is_sealed(
    const struct keys *keys, const char *name, const uint8_t *data, size_t len)
{
	uint8_t mac[HASH_SIZE];

	row_mac(keys, name, data, len, mac);
	return hash_equal(mac, data + len);
}

void
meta_store_format(
    const struct meta_store *store, const struct keys *keys, struct buf *out)
{
	uint8_t row[STORE_LEN];
	uint8_t *at = row;

	memcpy(at, store->id, STORE_ID_SIZE);
	at += STORE_ID_SIZE;
	memcpy(at, store->salt, HASH_SIZE);
	at += HASH_SIZE;
	memcpy(at, store->key_id, KEY_ID_SIZE);
	at += KEY_ID_SIZE;
	put_u64(at, store->incarnation);
	put_u64(at + 8, store->born_ns);
	put_u64(at + 16, store->keyed_from);
	put_u64(at + 24, store->device);
	put_u64(at + 32, store->inode);
	at += 40;
	memcpy(at, store->machine, MACHINE_SIZE);
	row_seal(keys, "store", row, sizeof(row), out);
}

void
meta_store_read(struct iag_bytes row, struct meta_store *ret_store)
{
	const uint8_t *at = row.data;

	memcpy(ret_store->id, at, STORE_ID_SIZE);
	at += STORE_ID_SIZE;
	memcpy(ret_store->salt, at, HASH_SIZE);
	at += HASH_SIZE;
	memcpy(ret_store->key_id, at, KEY_ID_SIZE);
	at += KEY_ID_SIZE;
	ret_store->incarnation = get_u64(at);
	ret_store->born_ns = get_u64(at + 8);
	ret_store->keyed_from = get_u64(at + 16);
	ret_store->device = get_u64(at + 24);
	ret_store->inode = get_u64(at + 32);
	at += 40;
	memcpy(ret_store->machine, at, MACHINE_SIZE);
	ret_store->machine[MACHINE_SIZE - 1] = '\0';
}

enum meta_result
meta_store_parse(
    struct iag_bytes row, const struct keys *keys, struct meta_store *ret_store)
{
	if (row.len != STORE_LEN + HASH_SIZE)
		return META_DAMAGED;
	meta_store_read(row, ret_store);
	if (row_is_sealed(keys, "store", row.data, STORE_LEN))
		return META_OK;
	if (memcmp(ret_store->key_id, keys->id, KEY_ID_SIZE) != 0)
		return META_OTHER_KEY;
	return META_DAMAGED;
}

void
meta_head_format(
    const struct meta_head *head, const struct keys *keys, struct buf *out)
{
	uint8_t row[HEAD_LEN];
	uint8_t *at = row;

	put_u64(at, head->count);
	at += 8;
	memcpy(at, head->hash, HASH_SIZE);
	at += HASH_SIZE;
	put_u64(at, head->time_ns);
	put_u64(at + 8, head->change);
	at += 16;
	memcpy(at, head->batch, BATCH_ID_SIZE);
	row_seal(keys, "head", row, sizeof(row), out);
}

bool
meta_head_parse(
    struct iag_bytes row, const struct keys *keys, struct meta_head *ret_head)
{
	if (row.len != HEAD_LEN + HASH_SIZE ||
	    !row_is_sealed(keys, "head", row.data, HEAD_LEN))
		return false;
	meta_head_read(row, ret_head);
	return true;
}

void
meta_head_read(struct iag_bytes row, struct meta_head *ret_head)
{
	const uint8_t *at = row.data;

	ret_head->count = get_u64(at);
	at += 8;
	memcpy(ret_head->hash, at, HASH_SIZE);
	at += HASH_SIZE;
	ret_head->time_ns = get_u64(at);
	ret_head->change = get_u64(at + 8);
	at += 16;
	memcpy(ret_head->batch, at, BATCH_ID_SIZE);
}

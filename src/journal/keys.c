/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Derivation of the journal's keys. */

#include "journal/keys.h"

#include <stdio.h>
#include <string.h>

static int
derive(uint8_t *key, const struct secret *secret, const char *label,
    struct err *err)
{
	return hash_derive(
	    secret_data(secret), secret_len(secret), label, key, err);
}

int
keys_derive(struct keys *keys, const struct secret *secret, struct err *err)
{
	uint8_t id[HASH_SIZE];
	int rc = derive(keys->chain, secret, "iag audit chain 1", err);

	if (rc == 0)
		rc = derive(keys->account, secret, "iag account id 1", err);
	if (rc == 0)
		rc = derive(keys->content, secret, "iag audit content 1", err);
	if (rc == 0)
		rc = derive(keys->meta, secret, "iag store meta 1", err);
	if (rc == 0)
		rc =
		    derive(keys->manifest, secret, "iag audit manifest 1", err);
	if (rc == 0)
		rc = derive(keys->wrap, secret, "iag account key wrap 1", err);
	if (rc == 0)
		rc = derive(keys->state, secret, "iag request state 1", err);
	if (rc == 0)
		rc = derive(id, secret, "iag key id 1", err);
	if (rc == 0)
		memcpy(keys->id, id, KEY_ID_SIZE);
	else
		keys_wipe(keys);
	return rc;
}

void
keys_wipe(struct keys *keys)
{
	secret_wipe(keys, sizeof(*keys));
}

static void
wrap_xor(const struct keys *keys, const uint8_t nonce[HASH_SIZE],
    const uint8_t from[HASH_SIZE], uint8_t to[HASH_SIZE])
{
	uint8_t pad[HASH_SIZE];

	hmac_sha256(keys->wrap, HASH_SIZE, nonce, HASH_SIZE, pad);
	for (size_t i = 0; i < HASH_SIZE; i++)
		to[i] = from[i] ^ pad[i];
	secret_wipe(pad, sizeof(pad));
}

void
keys_wrap(const struct keys *keys, const uint8_t account[HASH_SIZE],
    uint8_t ret_wrapped[WRAPPED_SIZE])
{
	hash_random(ret_wrapped, HASH_SIZE);
	wrap_xor(keys, ret_wrapped, account, ret_wrapped + HASH_SIZE);
}

void
keys_unwrap(struct keys *keys, const uint8_t wrapped[WRAPPED_SIZE])
{
	wrap_xor(keys, wrapped, wrapped + HASH_SIZE, keys->account);
}

void
keys_format_id(const uint8_t id[KEY_ID_SIZE], char text[KEY_ID_HEX_SIZE])
{
	for (size_t i = 0; i < KEY_ID_SIZE; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", id[i]);
}

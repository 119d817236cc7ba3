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

void
keys_format_id(const uint8_t id[KEY_ID_SIZE], char text[KEY_ID_HEX_SIZE])
{
	for (size_t i = 0; i < KEY_ID_SIZE; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", id[i]);
}

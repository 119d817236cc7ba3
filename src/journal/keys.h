/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The keys of a journal, derived from the deployment secret with one label
 * per purpose, so that a value made for one purpose proves nothing in
 * another.
 */

#ifndef IAG_JOURNAL_KEYS_H
#define IAG_JOURNAL_KEYS_H

#include "base/err.h"
#include "base/hash.h"
#include "base/secret.h"

#define KEY_ID_SIZE 8

struct keys {
	uint8_t chain[HASH_SIZE];    /* MACs of records */
	uint8_t account[HASH_SIZE];  /* account ids */
	uint8_t content[HASH_SIZE];  /* inputs and outputs */
	uint8_t meta[HASH_SIZE];     /* rows of the meta table */
	uint8_t manifest[HASH_SIZE]; /* manifests of exports, checkpoints */
	uint8_t state[HASH_SIZE];    /* what clients carry for us */
	uint8_t wrap[HASH_SIZE];     /* hides the account key in the store */
	uint8_t id[KEY_ID_SIZE];     /* names the secret, tells nothing */
};

int keys_derive(
    struct keys *keys, const struct secret *secret, struct err *err);
void keys_wipe(struct keys *keys);
/*
 * The account key outlives the secret that it came from: intents, limits and
 * guards are found by it.  Wrapped by keys: a nonce, and the account key with
 * the PRF of that nonce over it.  What wraps tells nothing of it; that it is
 * the right one is for the row's evidence to say.
 */
#define WRAPPED_SIZE (2 * HASH_SIZE)
void keys_wrap(const struct keys *keys, const uint8_t account[HASH_SIZE],
    uint8_t ret_wrapped[WRAPPED_SIZE]);
void keys_unwrap(struct keys *keys, const uint8_t wrapped[WRAPPED_SIZE]);
/* Lower-case hexadecimal and its NUL. */
#define KEY_ID_HEX_SIZE (2 * KEY_ID_SIZE + 1)
void keys_format_id(const uint8_t id[KEY_ID_SIZE], char text[KEY_ID_HEX_SIZE]);

#endif

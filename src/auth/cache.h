/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Tokens that were found good, by the hash of their text, so that a
 * signature is not verified for each request.  What is kept ends with the
 * token, and holds only under the keys that it was verified with.
 */

#ifndef IAG_AUTH_CACHE_H
#define IAG_AUTH_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/auth.h"

enum { CACHE_TOKENS = 1024 };

/* What a token is good for. */
struct grant {
	char *name; /* owned */
	char token_id[HASH_HEX_SIZE];
	uint8_t key[HASH_SIZE]; /* digest of the one that it was proved by */
	bool is_operator;
	uint64_t scopes;
	uint64_t expires_ns;
};

void grant_fini(struct grant *grant);

struct cache;
struct cache *cache_new(void);
void cache_free(struct cache *cache); /* NULL is fine */

enum cache_found {
	CACHE_NONE,
	CACHE_OLD, /* known, but from other keys: verify again */
	CACHE_GOOD /* *ret_grant is filled, with a name of its own */
};
enum cache_found cache_find(struct cache *cache,
    const uint8_t digest[HASH_SIZE], uint32_t generation, uint64_t now_ns,
    struct grant *ret_grant);

/* In place of an older one of the same digest, or of one used long ago. */
void cache_add(struct cache *cache, const uint8_t digest[HASH_SIZE],
    uint32_t generation, const struct grant *grant);
/* The token is not good any more. */
void cache_drop(struct cache *cache, const uint8_t digest[HASH_SIZE]);

#endif

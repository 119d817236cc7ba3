/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The set of keys of one JSON text, to find duplicates.  Keys are compared
 * after unescaping; the hash is keyed by random bytes of this process, so
 * that nobody can choose keys that collide.  Small texts need no heap.
 */

#ifndef IAG_BASE_JSONKEYS_H
#define IAG_BASE_JSONKEYS_H

#include <stddef.h>
#include <stdint.h>

#define JSON_KEYS_SMALL 128 /* a power of two */

struct json_key {
	uint32_t object; /* 0: empty slot */
	uint32_t len;    /* bytes as written */
	uint64_t hash;
	const char *key; /* borrowed from the text, still escaped */
};

struct json_keys {
	struct json_key *slots;
	size_t size; /* slots, a power of two */
	size_t used;
	uint64_t seed[2];
	struct json_key small[JSON_KEYS_SMALL];
};

void json_keys_init(struct json_keys *keys);
void json_keys_fini(struct json_keys *keys);

/*
 * Add a checked key (the bytes between the quotes) of object number `object`
 * (not 0): 0 if it is new, 1 if that object has it, -1 without memory.
 */
int json_keys_add(
    struct json_keys *keys, uint32_t object, const char *key, size_t len);

/*
 * What a checked string (the bytes between the quotes) means: written to `to`,
 * which has room for len bytes, since escapes are never shorter.  The length.
 */
size_t json_unescape(char *to, const char *from, size_t len);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * An open-addressing table over all objects of a text: entries of objects that
 * have ended stay, because their numbers never come back.
 *
 * Threads: any, each with its own table.
 * Locks: none; the seed is drawn once, behind pthread_once().
 */

#include "base/jsonkeys.h"

#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include "base/hash.h"
#include "base/hex.h"

static pthread_once_t seed_once = PTHREAD_ONCE_INIT;
static uint64_t process_seed[2];

static void
draw_seed(void)
{
	hash_random(process_seed, sizeof process_seed);
}

void
json_keys_init(struct json_keys *keys)
{
	(void)pthread_once(&seed_once, draw_seed);
	memcpy(keys->seed, process_seed, sizeof keys->seed);
	keys->slots = keys->small;
	keys->size = JSON_KEYS_SMALL;
	keys->used = 0;
	for (size_t i = 0; i < JSON_KEYS_SMALL; i++)
		keys->small[i].object = 0;
}

void
json_keys_fini(struct json_keys *keys)
{
	if (keys->slots != keys->small)
		free(keys->slots);
}

/* Of digits that were checked before. */
static uint32_t
hex4(const char *at)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 4 | (uint32_t)hex_value(at[i]);
	return value;
}

static size_t
put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* The character of the escape at from[0] == '\\', whose size comes back. */
static size_t
unescape(const char *from, uint32_t *c)
{
	static const char plain[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/\b\f\n\r\t";

	if (from[1] != 'u') {
		*c = (unsigned char)meant[strchr(plain, from[1]) - plain];
		return 2;
	}
	*c = hex4(from + 2);
	if (*c < 0xd800 || *c > 0xdbff)
		return 6;
	*c = 0x10000 + ((*c - 0xd800) << 10) + (hex4(from + 8) - 0xdc00);
	return 12;
}

size_t
json_unescape(char *to, const char *from, size_t len)
{
	const char *end = from + len;
	char *start = to;

	while (from < end) {
		const char *stop = memchr(from, '\\', (size_t)(end - from));
		size_t plain = (size_t)((stop ? stop : end) - from);
		uint32_t c;

		memcpy(to, from, plain);
		to += plain;
		from += plain;
		if (!stop)
			break;
		from += unescape(from, &c);
		to += put_utf8(to, c);
	}
	return (size_t)(to - start);
}

/* Reads a key byte by byte as it is meant. */
struct reader {
	const char *at;
	const char *end;
	char held[4]; /* UTF-8 of an escape */
	size_t held_at;
	size_t held_len;
};

/* The next byte, or -1. */
static int
next_byte(struct reader *reader)
{
	uint32_t c;

	if (reader->held_at < reader->held_len)
		return (unsigned char)reader->held[reader->held_at++];
	if (reader->at == reader->end)
		return -1;
	if (*reader->at != '\\')
		return (unsigned char)*reader->at++;
	reader->at += unescape(reader->at, &c);
	reader->held_len = put_utf8(reader->held, c);
	reader->held_at = 1;
	return (unsigned char)reader->held[0];
}

/* Eight bytes at once where none of them is a backslash. */
static bool
plain_word(struct reader *reader, uint64_t *word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t bytes, back;

	if (reader->held_at < reader->held_len || reader->end - reader->at < 8)
		return false;
	memcpy(&bytes, reader->at, 8);
	back = bytes ^ ones * '\\';
	if (((back - ones) & ~back & ones << 7) != 0)
		return false;
	reader->at += 8;
	*word = le64toh(bytes);
	return true;
}

/* Up to 8 bytes as a number; fewer at the end only. */
static unsigned
next_word(struct reader *reader, uint64_t *word)
{
	unsigned count = 0;

	if (plain_word(reader, word))
		return 8;
	*word = 0;
	while (count < 8) {
		int c = next_byte(reader);

		if (c < 0)
			break;
		*word |= (uint64_t)c << (8 * count++);
	}
	return count;
}

/* Fold the 128 bits of a product: both halves depend on all bits. */
static uint64_t
mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = a;

	product *= b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t
hash_key(
    const struct json_keys *keys, uint32_t object, const char *key, size_t len)
{
	struct reader reader = { .at = key, .end = key + len };
	uint64_t hash = keys->seed[0] ^ object;
	uint64_t total = 0;
	uint64_t word;
	unsigned count;

	do {
		count = next_word(&reader, &word);
		total += count;
		hash = mix(hash ^ word, keys->seed[1] | 1);
	} while (count == 8);
	return mix(hash ^ total, keys->seed[0] | 1);
}

static bool
same_key(const struct json_key *slot, const char *key, size_t len)
{
	struct reader a = { .at = slot->key, .end = slot->key + slot->len };
	struct reader b = { .at = key, .end = key + len };
	int c;

	do {
		c = next_byte(&a);
		if (c != next_byte(&b))
			return false;
	} while (c >= 0);
	return true;
}

/* Put an entry that is known to be new. */
static void
place(struct json_key *slots, size_t size, const struct json_key *key)
{
	size_t i = key->hash & (size - 1);

	while (slots[i].object != 0)
		i = (i + 1) & (size - 1);
	slots[i] = *key;
}

static int
grow(struct json_keys *keys)
{
	size_t size = keys->size * 4;
	struct json_key *slots = calloc(size, sizeof *slots);

	if (!slots)
		return -1;
	for (size_t i = 0; i < keys->size; i++) {
		if (keys->slots[i].object != 0)
			place(slots, size, &keys->slots[i]);
	}
	json_keys_fini(keys);
	keys->slots = slots;
	keys->size = size;
	return 0;
}

int
json_keys_add(
    struct json_keys *keys, uint32_t object, const char *key, size_t len)
{
	struct json_key entry = {
		.object = object,
		.len = (uint32_t)len,
		.hash = hash_key(keys, object, key, len),
		.key = key,
	};
	size_t i;

	if (len > UINT32_MAX ||
	    (keys->used >= keys->size / 4 * 3 && grow(keys) < 0))
		return -1;
	i = entry.hash & (keys->size - 1);
	while (keys->slots[i].object != 0) {
		const struct json_key *slot = &keys->slots[i];

		if (slot->hash == entry.hash && slot->object == object &&
		    same_key(slot, key, len))
			return 1;
		i = (i + 1) & (keys->size - 1);
	}
	keys->slots[i] = entry;
	keys->used++;
	return 0;
}

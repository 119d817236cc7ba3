/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A table of fixed size, in rows of four: the hash of a token names its row,
 * and within it the place that was used longest ago is given away.  Nobody
 * can aim at a row without a signed token for each try.
 *
 * Threads: any.  cache->lock guards everything.
 */

#include "auth/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { ROW = 4 };

struct place {
	uint8_t digest[HASH_SIZE];
	uint32_t generation;
	uint64_t used; /* tick of the last use; 0: free */
	struct grant *grant;
};

struct cache {
	pthread_mutex_t lock;
	uint64_t tick;
	struct place places[CACHE_TOKENS];
};

struct cache *
cache_new(void)
{
	struct cache *cache = calloc(1, sizeof *cache);

	if (cache)
		(void)pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

void
grant_fini(struct grant *grant)
{
	free(grant->name);
	grant->name = NULL;
}

/* false: no memory. */
static bool
grant_copy(const struct grant *grant, struct grant *ret_copy)
{
	*ret_copy = *grant;
	ret_copy->name = strdup(grant->name);
	return ret_copy->name != NULL;
}

static void
clear(struct place *place)
{
	if (place->grant)
		grant_fini(place->grant);
	free(place->grant);
	*place = (struct place){ .used = 0 };
}

void
cache_free(struct cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < CACHE_TOKENS; i++)
		clear(&cache->places[i]);
	(void)pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static struct place *
row_of(struct cache *cache, const uint8_t digest[HASH_SIZE])
{
	size_t row =
	    ((size_t)digest[0] << 8 | digest[1]) % (CACHE_TOKENS / ROW);

	return &cache->places[row * ROW];
}

static struct place *
find(struct cache *cache, const uint8_t digest[HASH_SIZE])
{
	struct place *row = row_of(cache, digest);

	for (size_t i = 0; i < ROW; i++) {
		if (row[i].used && hash_equal(row[i].digest, digest))
			return &row[i];
	}
	return NULL;
}

static struct place *
oldest(struct cache *cache, const uint8_t digest[HASH_SIZE])
{
	struct place *row = row_of(cache, digest);
	struct place *best = row;

	for (size_t i = 1; i < ROW; i++) {
		if (row[i].used < best->used)
			best = &row[i];
	}
	return best;
}

enum cache_found
cache_find(struct cache *cache, const uint8_t digest[HASH_SIZE],
    uint32_t generation, uint64_t now_ns, struct grant *ret_grant)
{
	LOCK_SCOPE(&cache->lock);
	struct place *place = find(cache, digest);

	if (!place)
		return CACHE_NONE;
	if (now_ns >= place->grant->expires_ns) {
		clear(place);
		return CACHE_NONE;
	}
	if (place->generation != generation)
		return CACHE_OLD;
	place->used = ++cache->tick;
	return grant_copy(place->grant, ret_grant) ? CACHE_GOOD : CACHE_OLD;
}

void
cache_add(struct cache *cache, const uint8_t digest[HASH_SIZE],
    uint32_t generation, const struct grant *grant)
{
	LOCK_SCOPE(&cache->lock);
	struct place *place = find(cache, digest);
	struct grant *copy = malloc(sizeof *copy);

	if (!copy || !grant_copy(grant, copy)) {
		free(copy);
		return; /* verified again next time */
	}
	if (!place)
		place = oldest(cache, digest);
	clear(place);
	memcpy(place->digest, digest, HASH_SIZE);
	place->generation = generation;
	place->used = ++cache->tick;
	place->grant = copy;
}

void
cache_drop(struct cache *cache, const uint8_t digest[HASH_SIZE])
{
	LOCK_SCOPE(&cache->lock);
	struct place *place = find(cache, digest);

	if (place)
		clear(place);
}

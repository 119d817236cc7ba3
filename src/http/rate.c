/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Threads: any; lock guards the buckets and is taken alone. */

#include "http/rate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { RATE_SETS = 512, RATE_WAYS = 8 };

struct bucket {
	uint64_t key;     /* 0: free */
	uint64_t full_ns; /* when it will be full again */
};

struct rate {
	pthread_mutex_t lock;
	uint64_t seed;
	uint64_t one_ns;   /* for one request to come back */
	uint64_t depth_ns; /* for all of them */
	struct bucket buckets[RATE_SETS][RATE_WAYS];
};

struct rate *
rate_new(uint32_t requests, uint32_t window_seconds)
{
	struct rate *rate = calloc(1, sizeof *rate);

	if (!rate)
		return NULL;
	(void)pthread_mutex_init(&rate->lock, NULL);
	(void)gnutls_rnd(GNUTLS_RND_NONCE, &rate->seed, sizeof rate->seed);
	rate->depth_ns = window_seconds * NS_PER_S;
	rate->one_ns = rate->depth_ns / requests;
	return rate;
}

void
rate_free(struct rate *rate)
{
	if (!rate)
		return;
	(void)pthread_mutex_destroy(&rate->lock);
	free(rate);
}

/* Seeded, so that nobody can choose whose bucket is shared. */
static uint64_t
rate_hash(const struct rate *rate, const void *key, size_t len)
{
	const unsigned char *bytes = key;
	uint64_t hash = rate->seed ^ UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ bytes[i]) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return hash ? hash : 1;
}

/* The caller's own, or the one whose loss matters least. */
static struct bucket *
rate_bucket(struct rate *rate, uint64_t key)
{
	struct bucket *set = rate->buckets[key % RATE_SETS];
	struct bucket *best = set;

	for (int i = 0; i < RATE_WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].full_ns < best->full_ns)
			best = &set[i];
	}
	*best = (struct bucket){ .key = key };
	return best;
}

unsigned
rate_take(struct rate *rate, const void *key, size_t len, uint64_t now_ns)
{
	struct bucket *bucket = NULL;
	uint64_t full_ns = 0;
	LOCK_SCOPE(&rate->lock);

	bucket = rate_bucket(rate, rate_hash(rate, key, len));
	full_ns = (bucket->full_ns > now_ns ? bucket->full_ns : now_ns) +
		  rate->one_ns;
	if (full_ns > now_ns + rate->depth_ns)
		return (unsigned)((full_ns - now_ns - rate->depth_ns +
				      NS_PER_S - 1) /
				  NS_PER_S);
	bucket->full_ns = full_ns;
	return 0;
}

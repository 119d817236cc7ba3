/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The keys and the thread that fetches them.
 *
 * Threads: any number read and wait, one fetches.
 * Locks: ring->lock guards all of the ring but config and source; it is not
 * held across a fetch.
 */

#include "auth/keyring.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "auth/fetch.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/thread.h"

struct keyring {
	struct fetch *source;
	int stop_fd; /* readable: the ring closes */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t asked; /* wakes the thread */
	pthread_cond_t ended; /* wakes those who wait */
	struct jwks *keys;
	uint32_t generation;
	uint64_t fetched_ns; /* boot clock: when the keys were had last */
	uint64_t tried_ns;   /* begin of the last fetch; 0: none yet */
	uint64_t asked_ns;   /* of the last one for a token; 0: none yet */
	uint64_t attempts;   /* begun */
	uint64_t results;    /* ended */
	unsigned waiters;
	unsigned failures; /* in a row */
	bool is_asked;
	bool is_stopping;
};

/* ---- reading */

static void
drop_keys(struct keyring *ring)
{
	jwks_unref(STEAL(ring->keys));
	ring->generation++;
}

/* Keys that nobody has confirmed for a day may have been withdrawn. */
static void
drop_stale(struct keyring *ring, uint64_t now_ns)
{
	if (!ring->keys || now_ns - ring->fetched_ns < KEYRING_STALE_NS)
		return;
	drop_keys(ring);
	log_warning("auth", "the issuer's keys could not be fetched for a "
			    "day and are not trusted any more");
}

struct jwks *
keyring_get(struct keyring *ring, uint32_t *ret_generation)
{
	LOCK_SCOPE(&ring->lock);

	drop_stale(ring, clock_boot_ns());
	*ret_generation = ring->generation;
	return jwks_ref(ring->keys);
}

static bool
may_fetch(const struct keyring *ring, uint64_t now_ns)
{
	return ring->asked_ns == 0 ||
	       now_ns - ring->asked_ns >= KEYRING_FLOOR_NS;
}

/* Until the attempt has ended, whatever came of it. */
static void
await(struct keyring *ring, uint64_t attempt)
{
	const struct timespec until = cond_until(KEYRING_WAIT_NS);

	ring->waiters++;
	while (ring->results < attempt && !ring->is_stopping) {
		if (pthread_cond_timedwait(&ring->ended, &ring->lock, &until))
			break;
	}
	ring->waiters--;
}

/* false: it is too soon. */
static bool
ask(struct keyring *ring)
{
	uint64_t now_ns = clock_boot_ns();

	if (!may_fetch(ring, now_ns))
		return false;
	ring->asked_ns = now_ns;
	ring->is_asked = true;
	(void)pthread_cond_signal(&ring->asked);
	return true;
}

enum keyring_news
keyring_wait(struct keyring *ring, uint32_t generation)
{
	LOCK_SCOPE(&ring->lock);
	bool is_running = ring->attempts > ring->results;
	bool is_coming = ring->tried_ns == 0 || ring->is_asked;

	if (ring->generation != generation)
		return KEYRING_NEW;
	if (!is_running && !is_coming && !ask(ring))
		return KEYRING_SAME;
	if (ring->waiters >= KEYRING_WAITERS_MAX || ring->is_stopping)
		return KEYRING_BUSY;
	await(ring, is_running ? ring->attempts : ring->attempts + 1);
	return ring->generation != generation ? KEYRING_NEW : KEYRING_SAME;
}

/* ---- the thread */

static void
take_keys(struct keyring *ring, struct jwks *keys, uint64_t now_ns)
{
	bool same = ring->keys && memcmp(jwks_digest(ring->keys),
				      jwks_digest(keys), HASH_SIZE) == 0;

	ring->fetched_ns = now_ns;
	ring->failures = 0;
	if (same) {
		jwks_unref(keys);
		return;
	}
	log_info("auth", "the issuer has %zu key%s for signatures",
	    jwks_count(keys), jwks_count(keys) == 1 ? "" : "s");
	drop_keys(ring);
	ring->keys = keys;
}

static void
note_failure(struct keyring *ring, const struct err *err)
{
	if (ring->failures++ == 0)
		log_warning("auth", "no keys from remote_mcp.jwks_url: %s%s",
		    err_text(err),
		    ring->keys ? "; the ones from before stay in use" : "");
}

/* One fetch, without the lock. */
static struct jwks *
fetch_keys(struct keyring *ring, struct err *err)
{
	CLEANUP_FREE char *body = NULL;
	struct jwks *keys = NULL;
	size_t len = 0;

	if (fetch_get(ring->source, ring->stop_fd, &body, &len, err) == 0)
		(void)jwks_parse(body ? body : "", len, &keys, err);
	return keys;
}

static void
attempt(struct keyring *ring)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	struct jwks *keys;

	ring->is_asked = false;
	ring->tried_ns = clock_boot_ns();
	ring->attempts++;
	(void)pthread_mutex_unlock(&ring->lock);
	keys = fetch_keys(ring, &err);
	(void)pthread_mutex_lock(&ring->lock);
	if (keys)
		take_keys(ring, keys, clock_boot_ns());
	else if (!ring->is_stopping)
		note_failure(ring, &err);
	ring->results = ring->attempts;
	(void)pthread_cond_broadcast(&ring->ended);
}

/* How long until a fetch is due by itself: failures are repeated slower. */
static uint64_t
rest_ns(const struct keyring *ring)
{
	unsigned doubled = ring->failures < 5 ? ring->failures : 5;

	if (ring->tried_ns == 0)
		return 0;
	return ring->failures ? KEYRING_FLOOR_NS << doubled : KEYRING_AGE_NS;
}

/* 0: now. */
static uint64_t
left_ns(const struct keyring *ring)
{
	uint64_t gone_ns = clock_boot_ns() - ring->tried_ns;
	uint64_t rest = rest_ns(ring);

	return ring->is_asked || gone_ns >= rest ? 0 : rest - gone_ns;
}

static void *
run(void *arg)
{
	struct keyring *ring = arg;

	(void)pthread_mutex_lock(&ring->lock);
	while (!ring->is_stopping) {
		uint64_t left = left_ns(ring);
		struct timespec until = cond_until(left);

		if (left == 0)
			attempt(ring);
		else
			(void)pthread_cond_timedwait(
			    &ring->asked, &ring->lock, &until);
	}
	(void)pthread_mutex_unlock(&ring->lock);
	return NULL;
}

/* ---- open and close */

static void
init_locks(struct keyring *ring)
{
	(void)pthread_mutex_init(&ring->lock, NULL);
	cond_init(&ring->asked);
	cond_init(&ring->ended);
}

static void
ring_free(struct keyring *ring)
{
	fetch_close(ring->source);
	if (ring->stop_fd >= 0)
		(void)close(ring->stop_fd);
	jwks_unref(ring->keys);
	(void)pthread_cond_destroy(&ring->ended);
	(void)pthread_cond_destroy(&ring->asked);
	(void)pthread_mutex_destroy(&ring->lock);
	free(ring);
}

static int
start(struct keyring *ring, const struct config *config, struct host *host,
    struct err *err)
{
	int rc = fetch_open(config, host, &ring->source, err);

	if (rc)
		return rc;
	ring->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->stop_fd < 0 || thread_start(&ring->thread, 0, run, ring) != 0)
		return err_set(
		    err, ERR_INTERNAL_ERROR, "no thread for the issuer's keys");
	return 0;
}

int
keyring_open(const struct config *config, struct host *host,
    struct keyring **ret_ring, struct err *err)
{
	struct keyring *ring = calloc(1, sizeof *ring);
	int rc;

	if (!ring)
		return err_no_memory(err);
	init_locks(ring);
	ring->stop_fd = -1;
	ring->generation = 1;
	rc = start(ring, config, host, err);
	if (rc)
		ring_free(ring);
	else
		*ret_ring = ring;
	return rc;
}

void
keyring_close(struct keyring *ring)
{
	const uint64_t one = 1;

	if (!ring)
		return;
	(void)pthread_mutex_lock(&ring->lock);
	ring->is_stopping = true;
	if (write(ring->stop_fd, &one, sizeof one) < 0)
		log_warning("auth", "a fetch of keys is not cut short");
	(void)pthread_cond_broadcast(&ring->asked);
	(void)pthread_cond_broadcast(&ring->ended);
	(void)pthread_mutex_unlock(&ring->lock);
	(void)pthread_join(ring->thread, NULL);
	ring_free(ring);
}

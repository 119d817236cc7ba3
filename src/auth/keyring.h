/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The issuer's keys as they are now: fetched by a thread of its own, again
 * every ten minutes, and when a token names a key that is not among them, but
 * that not more often than every five seconds.  Keys that were good stay for
 * a day when no new ones can be had.
 */

#ifndef IAG_AUTH_KEYRING_H
#define IAG_AUTH_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/jwks.h"
#include "base/clock.h"
#include "base/err.h"
#include "config/config.h"
#include "host/host.h"

#define KEYRING_AGE_NS (600 * NS_PER_S)     /* then they are fetched again */
#define KEYRING_FLOOR_NS (5 * NS_PER_S)     /* between two that are asked */
#define KEYRING_STALE_NS (86400 * NS_PER_S) /* then they are not trusted */
#define KEYRING_WAIT_NS (5 * NS_PER_S)      /* of keyring_wait() */
enum { KEYRING_WAITERS_MAX = 16 };

struct keyring;

/* Starts the thread and the first fetch. */
int keyring_open(const struct config *config, struct host *host,
    struct keyring **ret_ring, struct err *err);
void keyring_close(struct keyring *ring); /* NULL is fine */

/*
 * The keys, to be given back by jwks_unref(), or NULL: there are none.  The
 * generation changes with them, and is never 0.
 */
struct jwks *keyring_get(struct keyring *ring, uint32_t *ret_generation);

enum keyring_news {
	KEYRING_NEW,  /* the keys are others than those of the generation */
	KEYRING_SAME, /* they are not, or it is too soon to ask */
	KEYRING_BUSY  /* a fetch is under way, and enough threads wait */
};

/* Fetch, if that is not too soon, and wait for the end of it. */
enum keyring_news keyring_wait(struct keyring *ring, uint32_t generation);

#endif

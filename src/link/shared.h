/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What all processes on a store share of one connection: a small mapped file
 * with a robust mutex (ruling 37).  Whoever comes first, with nobody else
 * attached, checks it and makes it anew where it is not sound: the worst
 * that a lost file costs is one window of pacing.
 */

#ifndef IAG_LINK_SHARED_H
#define IAG_LINK_SHARED_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/hash.h"
#include "link/bucket.h"
#include "link/penalty.h"
#include "link/session.h"

enum { SHARED_BUCKETS = 96, SHARED_PENALTIES = 256 };

/* The state itself; everything in it is checked before it is believed. */
struct shared_state {
	struct penalty all;
	struct session session;
	struct penalty penalties[SHARED_PENALTIES];
	struct bucket buckets[SHARED_BUCKETS];
};

struct shared;

/*
 * Attach to the file PATH of the connection with this identity; path NULL:
 * to memory of this process alone.
 * JOURNAL_UNAVAILABLE if it can be neither used nor made.
 */
int shared_open(const char *path, const uint8_t identity[HASH_SIZE],
    struct shared **ret_shared, struct err *err);
void shared_close(struct shared *shared); /* NULL is fine */

/*
 * The state, locked; NULL: somebody has held it for a second, which only a
 * stopped process does.  Short: no waiting while it is held.
 */
struct shared_state *shared_lock(struct shared *shared);
void shared_unlock(struct shared *shared);

/* The place of that name; the one unused for longest is given up for it. */
struct bucket *shared_bucket(
    struct shared_state *state, const char *name, uint64_t now_ns);
struct penalty *shared_penalty(
    struct shared_state *state, const char *name, uint64_t now_ns);

/* Make state sound, whatever its bytes; fresh: boot time began anew. */
void shared_repair(
    struct shared_state *state, bool fresh, uint64_t now_ns, uint64_t real_ns);

/* Wake whoever waits in shared_wait(), in every process. */
void shared_ring(struct shared *shared);
/* A number that changes with every ring. */
uint32_t shared_rings(const struct shared *shared);
/* Until the number is no longer `seen`, at most for so long. */
void shared_wait(struct shared *shared, uint32_t seen, uint64_t ns);

#endif

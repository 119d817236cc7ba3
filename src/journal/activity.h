/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Rows of TABLE_ACTIVITY: one for each submit or leg, written as a
 * reservation by the gate (ruling 9).  Windows and sessions are counted from
 * them by a range scan, so the cost depends on the session and not on how
 * long the history is.
 */

#ifndef IAG_JOURNAL_ACTIVITY_H
#define IAG_JOURNAL_ACTIVITY_H

#include <stdint.h>

#include "base/dec.h"
#include "base/err.h"
#include "base/hash.h"
#include "journal/journal.h"

/* Account HMAC as 64 hexadecimal digits, time and sequence big-endian. */
#define ACTIVITY_KEY_SIZE (HASH_HEX_SIZE - 1 + 16)

void activity_key(const char account_hash[HASH_HEX_SIZE], uint64_t gate_ns,
    uint64_t sequence, uint8_t ret_key[ACTIVITY_KEY_SIZE]);

/*
 * The value: canonical JSON {amount, currency}; both NULL for an order
 * without a limit price, which is held by count only (ruling 10).
 */
void activity_format(struct buf *out, const char *amount, const char *currency);
/* The same for a modify, which counts its increase and no order (ruling 9). */
void activity_format_increase(
    struct buf *out, const char *amount, const char *currency);

/*
 * Write a reservation at the gate's time (inside a step), behind those that
 * have the same time already; the sequence tells them apart.
 */
int activity_reserve(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], uint64_t gate_ns,
    const struct buf *value, uint64_t *ret_sequence, struct err *err);
/* Give one back: nothing was sent.  None there: 0. */
int activity_release(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], uint64_t gate_ns, uint64_t sequence,
    struct err *err);

/* What one account did; init and fini by activity_count_init/fini. */
struct activity_count {
	uint64_t in_window;
	uint64_t in_session;
	struct dec notional; /* of the session, in currency */
};
void activity_count_init(struct activity_count *count);
void activity_count_fini(struct activity_count *count);

/*
 * Count an account's rows since the session's and the window's start (real
 * ns; the earlier of both is where the scan begins).  Only amounts in
 * currency are added up; NULL adds none.
 */
int activity_count(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], uint64_t session_ns,
    uint64_t window_ns, const char *currency, struct activity_count *ret_count,
    struct err *err);

#endif

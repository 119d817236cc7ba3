/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Rows of TABLE_ACTIVITY: one for each submit or leg, written as a
 * reservation by the gate (ruling 9).  Each has what it adds and the totals of
 * its account up to and with it, so that a session or a window is counted from
 * two rows, however long it is.  What changes the past (an order given back
 * when others stand behind it, one that landed late) leaves the totals as they
 * are and stands aside in TABLE_STATE, and so does what would make them longer
 * than a decimal may be; there is little of that.
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

/* What is reserved. */
struct activity_order {
	const char *amount; /* NULL: no limit price, counted only (ruling 10) */
	const char *currency;
	bool is_increase; /* of a modify, which is no order (ruling 9) */
};

/*
 * Write a reservation at the gate's time (inside a step), behind those that
 * have the same time already; the sequence tells them apart.
 */
int activity_reserve(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], uint64_t gate_ns,
    const struct activity_order *order, uint64_t *ret_sequence,
    struct err *err);
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
 * Count an account's orders since the session's and the window's start (real
 * ns).  Only amounts in currency are added up; NULL adds none.
 */
int activity_count(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], uint64_t session_ns,
    uint64_t window_ns, const char *currency, struct activity_count *ret_count,
    struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The kill switch: durable state with three values, one row for live and one
 * for paper (ruling 11).  A close is in force at its commit; then it waits for
 * writes that are already past commit_send, which hold the guard "send".
 */

#ifndef IAG_ORDERS_KILLSWITCH_H
#define IAG_ORDERS_KILLSWITCH_H

#include "orders/desk.h"

/*
 * Operator only.  Opening additionally asks for is_local (a terminal or an
 * operator credential).  wait: until drained or the call's deadline.  The
 * result {mode, state, previous, drained, in_flight: [...]}; not drained is
 * no error here: the command exits with 1.
 */
struct switch_change {
	uint32_t mode;
	enum switch_state state;
	const char *reason; /* 1-200 characters */
	bool wait;
	bool is_local;
};
int killswitch_set(struct order_call *call, const struct switch_change *change,
    struct buf *out, struct err *err);

/* The five items of the paper-to-live checklist; TABLE_STATE "checklist/". */
extern const char *const checklist_items[5];
int checklist_show(struct order_call *call, const char *account,
    struct buf *out, struct err *err);
/* count 0 with revoke: all. */
int checklist_set(struct order_call *call, const char *account,
    const char *const *items, size_t count, bool acknowledge, struct buf *out,
    struct err *err);
/* Names of what is missing, ", " between; "": complete.  Inside a step. */
int checklist_missing(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], struct buf *out, struct err *err);

/*
 * The live configuration's digest (ruling 14): policies, allowlists, question
 * lists, writers.  `live activate` records it, with its text so that a
 * difference can be named.
 */
int activation_digest(const struct config *config, char ret_hex[HASH_HEX_SIZE],
    struct buf *ret_text, struct err *err);
int activation_set(struct order_call *call, struct buf *out, struct err *err);
/* Done by the first process that enables live; no-op where one is recorded. */
int activation_ensure(struct order_call *call, struct err *err);
/* The same of a configuration that no desk has; inside a step. */
int activation_compare(const struct config *config, struct journal_txn *txn,
    bool *ret_active, struct buf *why, struct err *err);
/* 0 and *ret_active; *why names what differs.  Inside a step. */
int activation_check(struct desk *desk, struct journal_txn *txn,
    bool *ret_active, struct buf *why, struct err *err);

/*
 * Ruling 15: wall and boot time must agree with what was noted at the last
 * write, within 5 s, and now must not be more than 2 s behind the highest
 * recorded time.  Pure part, stored part, and `doctor clock --accept`.
 */
struct clock_note {
	uint64_t real_ns, boot_ns;
	uint64_t accepted_ns; /* up to here records may be ahead of now */
	char boot_id[40]; /* of the kernel; another one: boot time says nothing
			   */
};
bool clock_is_sound(const struct clock_note *noted,
    const struct clock_note *now, uint64_t highest_ns, struct buf *why);
int clock_check(struct journal_txn *txn, const struct clock_note *now,
    bool *ret_sound, struct buf *why, struct err *err);
/*
 * Note it at a write, for the next one; inside its step.  One that is not
 * sound is noted once somebody has accepted it.
 */
int clock_put(
    struct journal_txn *txn, const struct clock_note *now, struct err *err);
int clock_accept(struct order_call *call, const char *reason, struct buf *out,
    struct err *err);
/* How it stands: {sound, explanation, now, newest_record}. */
int clock_show(struct order_call *call, struct buf *out, struct err *err);
void clock_note_now(struct clock_note *ret_note);

#endif

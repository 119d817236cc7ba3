/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The kill switches as they stand in TABLE_SWITCHES: one row for live, one
 * for paper.  A row that is missing or cannot be understood means closed
 * (invariant 7); whoever reads one gets that without asking.
 */

#ifndef IAG_JOURNAL_SWITCHES_H
#define IAG_JOURNAL_SWITCHES_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "journal/journal.h"

/* Keys of the rows. */
#define SWITCH_LIVE "live"
#define SWITCH_PAPER "paper"

enum switch_state {
	SWITCH_CLOSED,      /* nothing passes */
	SWITCH_CANCEL_ONLY, /* cancels pass */
	SWITCH_OPEN
};
/* "closed", "cancel_only", "open" */
const char *switch_state_name(enum switch_state state);

struct switch_row {
	enum switch_state state;
	char *changed_by;    /* principal; owned; NULL: nobody */
	char *reason;        /* owned; NULL: none */
	uint64_t changed_ns; /* 0: never */
};
void switch_row_fini(struct switch_row *row);

/* The row's value: canonical JSON {changed_at, changed_by, reason, state}. */
void switch_format(struct buf *out, const struct switch_row *row);
/* JOURNAL_CORRUPT for anything that switch_format() does not write. */
int switch_parse(
    struct iag_bytes value, struct switch_row *ret_row, struct err *err);

/*
 * The switch as it is in force inside txn.  Missing or corrupt: 0 and a
 * closed row whose reason says so.  Only memory and the store can fail.
 */
int switch_read(struct journal_txn *txn, const char *name,
    struct switch_row *ret_row, struct err *err);
/* Inside a step; changed at the transaction's time. */
int switch_write(struct journal_txn *txn, const char *name,
    enum switch_state state, const char *principal, const char *reason,
    struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The end of a write: what the broker said becomes the intent's state, the
 * order's row, the reservation's fate and the call's record, in one
 * transaction.  Used by whoever sent it and by the reconciler.
 */

#ifndef IAG_ORDERS_SETTLE_H
#define IAG_ORDERS_SETTLE_H

#include "host/writer.h"
#include "orders/desk.h"
#include "orders/intent.h"

/* How a send ended. */
struct settlement {
	enum intent_state state;      /* done, refused, unknown */
	const struct writer_ack *ack; /* NULL: none */
	/* Refused for want of evidence: its reference is watched (ruling 4). */
	bool is_watched;
	/* done: a watched one was found after all. */
	bool is_late;
	/* Nothing was sent: key and approval become free (ruling 6). */
	bool nothing_sent;
	const struct writer_change *changes; /* of the plugin's state */
	size_t change_count;
	const struct err *fault; /* refused, unknown: why */
	const char *event_type;  /* of the record; NULL: the call's */
	const char *result;      /* JSON text; NULL: made from the rest */
};

/*
 * Inside a step, without the record; the caller ends with txn_audit().  The
 * intent is read again: one that somebody else settled stays as it is and is
 * returned in *intent (IAG_REJECTED without text).
 */
int settle_apply(struct desk *desk, struct journal_txn *txn,
    struct intent *intent, const struct settlement *settlement,
    struct err *err);
/* The order's row of a submit that is done, where it is missing. */
int settle_row(struct desk *desk, struct journal_txn *txn,
    struct intent *intent, uint32_t status, struct err *err);
/* The lifecycle record of reference.md 6.2 that callers get. */
int settle_result(const struct intent *intent, const struct order_row *row,
    struct buf *out, struct err *err);

#endif

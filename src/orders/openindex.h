/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What is not over: one entry of TABLE_STATE for each intent that is not
 * settled or whose order works, under the intent's row key.  To record an
 * intent makes it, to settle one whose order works leaves it as it is, and
 * the order's end takes it away: most settlements do not write here.
 *
 * Inside a step, all of them.
 */

#ifndef IAG_ORDERS_OPENINDEX_H
#define IAG_ORDERS_OPENINDEX_H

#include "orders/intent.h"

#define OPEN_INDEX "open/"

struct open_entry {
	bool is_there;
	char *broker_order_id; /* owned; NULL: the one that the intent has */
};
void open_entry_fini(struct open_entry *entry);
#define CLEANUP_OPEN_ENTRY __attribute__((cleanup(open_entry_fini)))

/* key: of the intent's row, as everywhere here. */
int open_get(struct journal_txn *txn, struct iag_bytes key,
    struct open_entry *ret_entry, struct err *err);
/* Nothing is written where it is so already; NULL: as the intent has it. */
int open_put(struct journal_txn *txn, struct iag_bytes key,
    const char *broker_order_id, struct err *err);
int open_del(struct journal_txn *txn, struct iag_bytes key, struct err *err);

#endif

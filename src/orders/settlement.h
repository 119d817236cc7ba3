/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Parts of settling: a fault as an intent keeps it, and a bracket's own row,
 * which follows from those of its legs.
 */

#ifndef IAG_ORDERS_SETTLEMENT_H
#define IAG_ORDERS_SETTLEMENT_H

#include "base/buf.h"
#include "journal/journal.h"
#include "orders/intent.h"

/* {code, message, action, details}, for intent.error. */
void settlement_fault_write(struct buf *out, const struct err *fault);
/* The reverse; returns the class of *err.  text NULL: no more is known. */
int settlement_fault_read(const char *text, struct err *err);

/*
 * The intent of key and leg was just put, or the row of its order: settle the
 * bracket that it belongs to, if that depends on nothing else.  Nothing where
 * the leg is "", and for brackets that are settled.
 */
int settlement_group(struct journal_txn *txn, const char *key, const char *leg,
    const char account_hash[HASH_HEX_SIZE], struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Ids all look alike: what one is that was given where another belongs. */

#ifndef IAG_ORDERS_MIXUP_H
#define IAG_ORDERS_MIXUP_H

#include "base/buf.h"
#include "orders/approval.h"
#include "orders/preview.h"

/*
 * Inside a step.  Adds "a preview; its approval is ..." or the like, and
 * nothing for an id that stands for nothing here.
 */
int mixup_tell(
    struct journal_txn *txn, const char *id, struct buf *out, struct err *err);

/*
 * The error for an id of which there is none of that kind ("preview"), with
 * what it is instead; action: what to do where it is nothing.
 */
int mixup_refuse(struct journal_txn *txn, enum err_code code, const char *kind,
    const char *id, const char *action, struct err *err);

/*
 * Why this approval is not one of this preview as it would be sent, by that
 * writer; and what to do, where it is not to ask for another approval.
 */
void mixup_compare(const struct approval *approval,
    const struct preview *preview, bool in_place, const char *writer,
    struct buf *out, struct buf *fix);

#endif

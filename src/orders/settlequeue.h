/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Settlements that could not be written when the broker had answered: kept in
 * memory and tried again until the process ends (ruling 7).  What is lost then
 * is found by the reconciler like that of a process that died.
 */

#ifndef IAG_ORDERS_SETTLEQUEUE_H
#define IAG_ORDERS_SETTLEQUEUE_H

#include "journal/audit.h"
#include "orders/settle.h"

struct settle_queue;
struct settle_queue *settle_queue_new(void);        /* NULL: no memory */
void settle_queue_free(struct settle_queue *queue); /* NULL is fine */

/*
 * Keep a copy; event: of the call, for who asked.  Without memory it is not
 * kept: the intent stays recorded.
 */
void settle_queue_add(struct desk *desk, const struct intent *intent,
    const struct settlement *how, const struct audit_event *event);
/* How many wait. */
size_t settle_queue_count(struct settle_queue *queue);
/* Try all once, oldest first; how many are left. */
size_t settle_queue_retry(struct desk *desk);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the broker says beforehand an order would come to: commission, margin
 * and the questions that it would ask.  Of a backend with the operation
 * `order_whatif`; that is a read, and creates nothing.
 *
 * Its arguments are the order, named as the previews' arguments are, with
 * contract_id.  Its answer is an object, every member of which may be absent:
 * `commission` and `margin_impact` (the change of the initial margin), each
 * {amount, currency}; `questions`, [{message_id, text}]; `warnings`, texts;
 * `refusal`, why the broker would not take it at all.
 */

#ifndef IAG_ORDERS_WHATIF_H
#define IAG_ORDERS_WHATIF_H

#include "orders/market.h"
#include "orders/order.h"

/* *ret_answer: checked, owned; NULL where the backend cannot say. */
int whatif_ask(struct instance *backend, struct call *call,
    const struct order *order, struct json_object **ret_answer,
    struct err *err);
/* BROKER_RESPONSE_INVALID for what is not as described above; pure. */
int whatif_check(struct json_object *answer, struct err *err);

#endif

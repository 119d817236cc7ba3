/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The shape of an order: what a caller's words say, and everything that can be
 * said of an order without asking anybody.  Each rule leaves a verdict, so
 * that a caller learns all faults at once (reference.md 7.5, behaviour.md 5).
 */

#ifndef IAG_ORDERS_SHAPE_H
#define IAG_ORDERS_SHAPE_H

#include <json-c/json_object.h>

#include "orders/order.h"
#include "orders/verdict.h"

/*
 * Read the arguments of a preview (account_id, symbol, side, quantity,
 * order_type, time_in_force, limit_price, stop_price, trailing_amount,
 * trailing_percent, currency (USD), asset_class, exchange).  What cannot be
 * understood is left 0 or NULL and gets a verdict that did not pass.  Contract,
 * mode and what the arguments do not name are for the caller to fill in.
 * Only memory can fail.
 */
int shape_read(struct json_object *arguments, struct order *ret_order,
    struct verdicts *verdicts, struct err *err);

/* Steps that the contract allows; NULL: not told. */
struct shape_steps {
	const char *price;
	const char *size;
};
/*
 * What the type needs and does not take, signs, steps, whole shares.  Of
 * members that shape_read() refused nothing is said again.
 */
void shape_judge(const struct order *order, const struct shape_steps *steps,
    struct verdicts *verdicts);

/*
 * Entry, take profit and stop loss of a bracket: prices must be ordered for
 * the side of the entry (behaviour.md section 6).
 */
void shape_judge_bracket(const struct order *parent,
    const struct order *take_profit, const struct order *stop_loss,
    struct verdicts *verdicts);

/*
 * The stable code of a list with refusals: ORDER_VALIDATION_FAILED if one of
 * them is of the shape, else ORDER_POLICY_REFUSED; ERR_NONE: none.
 */
enum err_code shape_code(const struct verdicts *verdicts);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Risk limits: one pure function over an order, its policy, a quote and
 * counts (reference.md 7.3, ruling 10).  Gates, `policy explain` and
 * `ibkr_limits_status` all judge by it.  Arithmetic is exact.
 */

#ifndef IAG_ORDERS_LIMITS_H
#define IAG_ORDERS_LIMITS_H

#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"
#include "journal/activity.h"
#include "orders/market.h"
#include "orders/order.h"
#include "orders/verdict.h"

struct limits_input {
	const struct risk_policy *policy;
	const struct order *order;
	const struct quote *quote;          /* NULL: none was read */
	const struct activity_count *count; /* of the account, before this */
	uint64_t now_ns; /* the time that gates go by; real */
	/* Legs of the same group that are judged before this one. */
	uint64_t legs_before;
	const struct dec *notional_before; /* NULL: 0 */
	/* A modify counts no order and only its increase (ruling 9). */
	bool is_modify;
	const struct dec *notional_held; /* of the order as it works now */
	const char *leg; /* its role, for people; NULL: single */
};

/*
 * Every configured rule's verdict, in the order of reference.md 7.3; the order
 * is complete (shape_judge() had nothing to refuse).  Never fails but for
 * memory (verdicts->failed).
 */
void limits_judge(const struct limits_input *input, struct verdicts *verdicts);

/*
 * A stop that the quote has already triggered is a market order and refused
 * (ruling 10); part of limits_judge(), and alone where no policy holds.
 * Without a quote a live order is refused.
 */
void limits_trigger(const struct order *order, const struct quote *quote,
    struct verdicts *verdicts);

/*
 * What this order adds to the session's notional: only of orders with a limit
 * price; false: none.  NOTSUP as order_notional().
 */
bool limits_notional(const struct order *order, struct dec *ret_notional);

/*
 * What the order is held to be worth: by its limit, else by the worse of
 * trigger and opposite quote; false: cannot be told.
 */
bool limits_worth(const struct order *order, const struct quote *quote,
    struct dec *ret_notional);

/* Where sessions and windows start; needs the zone's file, so outside steps. */
struct limits_span {
	uint64_t session_ns; /* UTC midnight without a configured start */
	uint64_t window_ns;  /* UINT64_MAX: no window */
};
int limits_span(const struct risk_policy *policy, uint64_t now_ns,
    struct limits_span *ret_span, struct err *err);

/* By id; NULL: none. */
const struct risk_policy *limits_policy(
    const struct config *config, const char *id);
/* SHA-256 over every member of the policy, canonical. */
int limits_digest(const struct risk_policy *policy, char ret_hex[HASH_HEX_SIZE],
    struct err *err);

/* The rules as mdoc list items for ibkr-agent-gates(7). */
void limits_manual(struct buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Orders: rows of the list, and the object of one order's status. */

#ifndef CPGW_MAP_ORDER_H
#define CPGW_MAP_ORDER_H

#include "map.h"

/* What is wanted of the list; NULL, 0: whatever. */
struct order_want {
	const char *account;
	const char *status; /* open, filled, cancelled, unknown */
	uint64_t from_ns, to_ns;
	size_t limit;
	int history; /* the form of orders_history */
};

/*
 * /iserver/account/orders.  An empty list that the broker does not call a
 * snapshot is a first read: it fails with MAP_RETRY, unless last is set; then
 * it is marked as cold.
 */
int32_t map_orders(struct map *map, const struct reply *reply,
    const struct order_want *want, int last);
/* One order of the list, by the broker's id or by ours. */
int32_t map_order_find(struct map *map, const struct reply *reply,
    const char *account, const char *id, int last);
/* /iserver/account/order/status/{order}. */
int32_t map_order_status(struct map *map, const struct reply *reply,
    const char *account, const char *id);

/* The state that a word of the broker stands for; never NULL. */
const char *order_state(const struct node *word);

#endif

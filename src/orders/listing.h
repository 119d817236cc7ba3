/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The orders of an account as whoever keeps them lists them, the writer or
 * else the broker, and the trades as the broker lists them: evidence of what
 * became of a write.
 */

#ifndef IAG_ORDERS_LISTING_H
#define IAG_ORDERS_LISTING_H

#include "orders/desk.h"
#include "orders/order.h"

struct listing {
	struct json_object *orders; /* array of the `orders_list` rows; owned */
	bool is_complete;
};
void listing_fini(struct listing *listing);
#define CLEANUP_LISTING __attribute__((cleanup(listing_fini)))

int listing_read(struct order_call *call, struct instance *writer,
    const char *account, struct listing *ret_listing, struct err *err);
/*
 * By reference first, since ids change: of several such rows one that has not
 * ended, since an id that was given up is listed as cancelled, and then the
 * one of that id.  Borrowed, NULL: not in it.
 */
struct json_object *listing_find(const struct listing *listing,
    const char *client_ref, const char *broker_order_id);
/* IAG_STATUS_* as far as the row tells it; 0: it does not. */
uint32_t listing_status(struct json_object *row);
/*
 * Does the row show this order: size, prices, lifetime?  What the row does
 * not tell makes it false.
 */
bool listing_shows(struct json_object *row, const struct order *order);

/* The `executions_list` rows since since_ns. */
int listing_trades(struct order_call *call, const char *account,
    uint64_t since_ns, struct listing *ret_trades, struct err *err);
/*
 * Does a trade since since_ns name the reference or the id?  A list that is
 * cut proves nothing: BROKER_RESPONSE_INVALID.
 */
int listing_traded(struct order_call *call, const char *account,
    const char *client_ref, const char *broker_order_id, uint64_t since_ns,
    bool *ret_traded, struct err *err);

#endif

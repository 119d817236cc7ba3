/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Orders as one list, whoever has them: the backend, a writer with a book of
 * its own, and the journal.  Nothing here asks anybody.
 */

#ifndef IAG_TOOLS_MERGE_H
#define IAG_TOOLS_MERGE_H

#include <json-c/json_object.h>

#include "base/err.h"
#include "orders/ledger.h"

/* One order of a writer's own list. */
struct listed {
	struct json_object *row; /* of the shape of `orders_list`; owned */
	bool simulated;
	bool used; /* a row of the journal is the same order */
};

/* What the gateway has beside the backend's answer. */
struct own_orders {
	struct ledger ledger;
	struct listed *listed;
	size_t listed_count;
	uint64_t from_ns, to_ns; /* of the last change of finished ones */
	bool complete; /* all writers that may know more have answered */
};
void own_orders_init(struct own_orders *own);
void own_orders_fini(struct own_orders *own);
#define CLEANUP_OWN_ORDERS __attribute__((cleanup(own_orders_fini)))

/*
 * A row of the journal as `orders_list` shows it.  theirs: what backend or
 * writer have of it, or NULL.  A final state of the journal stays; a working
 * order that nobody confirms is `unknown`.
 */
int merge_row(const struct order_row *row, struct json_object *theirs,
    struct json_object **ret_row, struct err *err);

/* The backend's rows, or NULL, with our own in front; each order once. */
int merge_orders(struct own_orders *own, struct json_object *rows,
    struct json_object **ret_rows, struct err *err);

/* The order in a writer's list with this id or client reference; or NULL. */
struct json_object *merge_find(const struct own_orders *own, const char *id);

/* The time of an order's last change; 0: not told. */
uint64_t merge_changed_ns(struct json_object *order);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Changes of an order that are not settled. */

#include <string.h>

#include "orders/intent.h"

struct under_way {
	struct journal_txn *txn;
	const char *hash, *id, *present_id;
	bool any;
};

static bool
is_same(const char *one, const char *other)
{
	return one && other && strcmp(one, other) == 0;
}

/* It may name an id that the order had before. */
static int
is_of_order(const struct under_way *way, const struct intent *intent,
    bool *ret_is, struct err *err)
{
	CLEANUP_ORDER_ROW struct order_row row;
	int ret;

	order_row_init(&row);
	*ret_is = is_same(intent->broker_order_id, way->id);
	if (*ret_is || !way->present_id || !intent->broker_order_id)
		return 0;
	ret = order_row_get_present(
	    way->txn, way->hash, intent->broker_order_id, &row, err);
	*ret_is = ret == 0 && is_same(row.broker_order_id, way->present_id);
	return ret == IAG_NOTFOUND ? 0 : ret;
}

static int
visit(struct intent *intent, void *arg, struct err *err)
{
	struct under_way *way = arg;
	int ret;

	if (intent->operation != OPERATION_MODIFY)
		return 0;
	ret = is_of_order(way, intent, &way->any, err);
	return ret ? ret : way->any;
}

int
intent_modifies(struct journal_txn *txn, const char *account_hash,
    const char *broker_order_id, const char *present_id, bool *ret_modifies,
    struct err *err)
{
	struct under_way way = {
		.txn = txn,
		.hash = account_hash,
		.id = broker_order_id,
		.present_id = present_id,
	};
	int ret = intent_walk_unsettled(txn, account_hash, visit, &way, err);

	*ret_modifies = way.any;
	return ret > 0 ? 0 : ret;
}

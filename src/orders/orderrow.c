/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The rows of TABLE_ORDERS: what the broker is said to have. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "orders/intent.h"
#include "orders/row.h"

#define ROW_KEY_SIZE (HASH_HEX_SIZE + ORDER_ID_MAX + 1)

#define FIELD(member, kind) ROW_FIELD(struct order_row, member, kind)

static const struct row_field row_fields[] = {
	FIELD(account, ROW_TEXT),
	FIELD(broker_order_id, ROW_TEXT),
	FIELD(client_ref, ROW_TEXT),
	FIELD(key, ROW_TEXT),
	FIELD(leg, ROW_TEXT),
	ROW_WORDS(struct order_row, mode, order_mode_name, order_mode_find),
	FIELD(writer, ROW_TEXT),
	FIELD(connection, ROW_TEXT),
	FIELD(approval_id, ROW_TEXT),
	ROW_WORDS(
	    struct order_row, status, order_status_name, order_status_find),
	FIELD(broker_status, ROW_TEXT),
	FIELD(filled_quantity, ROW_TEXT),
	FIELD(average_price, ROW_TEXT),
	FIELD(handle, ROW_TEXT),
	FIELD(simulated, ROW_BOOL),
	FIELD(created_ns, ROW_U64),
	FIELD(updated_ns, ROW_U64),
	FIELD(polled_ns, ROW_U64),
	{ .name = NULL },
};

void
order_row_init(struct order_row *row)
{
	memset(row, 0, sizeof(*row));
}

void
order_row_fini(struct order_row *row)
{
	row_fini(row_fields, row);
	order_fini(&row->order);
	order_row_init(row);
}

static int
row_key(const char account_hash[HASH_HEX_SIZE], const char *id,
    char key[ROW_KEY_SIZE], struct iag_bytes *ret_key, struct err *err)
{
	int len = snprintf(key, ROW_KEY_SIZE, "%.64s/%s", account_hash, id);

	if (!*id || len < 0 || len >= ROW_KEY_SIZE)
		return err_set(err, ERR_ORDER_VALIDATION_FAILED,
		    "a broker order id has 1 to %d characters, '%s' has %zu",
		    ORDER_ID_MAX, id, strlen(id));
	*ret_key = (struct iag_bytes){ key, (size_t)len };
	return 0;
}

static int
get_at(struct journal_txn *txn, struct iag_bytes key, struct order_row *ret_row,
    struct err *err)
{
	CLEANUP_ORDER_ROW struct order_row row;
	int ret;

	order_row_init(&row);
	ret = row_load(txn, TABLE_ORDERS, key, row_fields, &row, &row.order,
	    "an order", err);
	if (ret == 0 && (!row.account || !row.broker_order_id || !row.mode ||
			    !row.status || !row.order.mode))
		ret = err_set(
		    err, ERR_JOURNAL_CORRUPT, "an order is not complete");
	if (ret)
		return ret;
	*ret_row = row;
	order_row_init(&row);
	return 0;
}

int
order_row_get(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    const char *broker_order_id, struct order_row *ret_row, struct err *err)
{
	char buf[ROW_KEY_SIZE];
	struct iag_bytes key;
	int ret = row_key(account_hash, broker_order_id, buf, &key, err);

	return ret ? ret : get_at(txn, key, ret_row, err);
}

/* One entry of an index: account hash "/" what "/" id. */
static int
entry_set(struct journal_txn *txn, const char *index, const char *hash,
    const char *what, const char *id, bool set, struct err *err)
{
	CLEANUP_BUF struct buf key = BUF_INIT;

	buf_printf(&key, "%.64s/%s/%s", hash, what, id);
	if (key.failed)
		return err_set(err, ERR_OUT_OF_MEMORY, "out of memory");
	return row_index(txn, index,
	    (struct iag_bytes){ buf_text(&key), key.len }, set, err);
}

static int
changed_set(struct journal_txn *txn, const char *hash,
    const struct order_row *row, bool set, struct err *err)
{
	char stamp[17];

	(void)snprintf(stamp, sizeof(stamp), "%016" PRIx64, row->updated_ns);
	return entry_set(txn, ORDER_INDEX_CHANGED, hash, stamp,
	    row->broker_order_id, set, err);
}

/* What stands there already: its state may be final, its entry is old. */
static int
stored_check(struct journal_txn *txn, struct iag_bytes key, const char *hash,
    const struct order_row *row, struct err *err)
{
	CLEANUP_ORDER_ROW struct order_row stored;
	int ret;

	order_row_init(&stored);
	ret = get_at(txn, key, &stored, err);
	if (ret)
		return ret == IAG_NOTFOUND ? 0 : ret;
	if (order_status_is_terminal(stored.status) &&
	    stored.status != row->status)
		return IAG_REJECTED;
	return stored.updated_ns == row->updated_ns
		   ? 0
		   : changed_set(txn, hash, &stored, false, err);
}

static int
indexes_set(struct journal_txn *txn, struct iag_bytes key, const char *hash,
    const struct order_row *row, struct err *err)
{
	int ret = row_index(txn, ORDER_INDEX_WORKING, key,
	    !order_status_is_terminal(row->status), err);

	if (ret == 0)
		ret = changed_set(txn, hash, row, true, err);
	if (ret == 0 && row->client_ref)
		ret = entry_set(txn, ORDER_INDEX_NAMED, hash, row->client_ref,
		    row->broker_order_id, true, err);
	return ret;
}

int
order_row_put(struct journal_txn *txn, const struct order_row *row,
    const char account_hash[HASH_HEX_SIZE], struct err *err)
{
	char buf[ROW_KEY_SIZE];
	struct iag_bytes key;
	int ret = row_key(account_hash, row->broker_order_id, buf, &key, err);

	if (ret == 0)
		ret = stored_check(txn, key, account_hash, row, err);
	if (ret == 0)
		ret = row_save(
		    txn, TABLE_ORDERS, key, row_fields, row, &row->order, err);
	return ret ? ret : indexes_set(txn, key, account_hash, row, err);
}

struct row_walk {
	order_row_visit *visit;
	void *arg;
};

static int
walk_one(
    struct journal_txn *txn, struct iag_bytes key, void *arg, struct err *err)
{
	const struct row_walk *walk = arg;
	CLEANUP_ORDER_ROW struct order_row row;
	int ret;

	order_row_init(&row);
	ret = get_at(txn, key, &row, err);
	if (ret == IAG_NOTFOUND)
		return err_set(err, ERR_JOURNAL_CORRUPT,
		    "the index of working orders names one that is not "
		    "there");
	return ret ? ret : walk->visit(&row, walk->arg, err);
}

int
order_row_walk_working(
    struct journal_txn *txn, order_row_visit *visit, void *arg, struct err *err)
{
	struct row_walk walk = { visit, arg };

	return row_index_walk(txn, ORDER_INDEX_WORKING, walk_one, &walk, err);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Reserving and giving back. */

#include "journal/activityrow.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

/* Sequences of orders that were put aside when others stood behind them. */
#define LATE (UINT64_C(1) << 63)

static int
row_put(struct journal_txn *txn, enum journal_table table, struct iag_bytes key,
    struct json_object *obj, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int ret = json_canon(&text, obj, err);

	if (ret == 0 && text.failed)
		ret = err_no_memory(err);
	return ret ? ret
		   : txn_put(txn, table, key,
			 (struct iag_bytes){ buf_text(&text), text.len }, err);
}

static struct json_object *
row_new(const struct activity_order *order, int64_t orders)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	int ret = json_add_int(obj, "orders", orders);

	if (ret == 0 && order->amount)
		ret = json_add_str(obj, "amount", order->amount);
	if (ret == 0 && order->amount)
		ret = json_add_str(obj, "currency", order->currency);
	if (ret == 0 && order->is_increase)
		ret = json_add_bool(obj, "increase", true);
	return ret ? NULL : STEAL(obj);
}

/*
 * The totals of the row before, with what this one adds; *ret_fit: they can be
 * written.
 */
static int
totals_add(struct json_object *obj, const struct activity_row *before,
    const struct activity_order *order, bool *ret_fit, struct err *err)
{
	struct json_object *totals =
	    before->obj ? json_get(before->obj, "totals") : NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_DEC struct dec total, amount;
	int ret;

	*ret_fit = true;
	dec_init(&total);
	dec_init(&amount);
	totals = totals ? json_object_get(totals) : json_object_new_object();
	if (json_add(obj, "totals", totals))
		return err_no_memory(err);
	if (!order->amount)
		return 0;
	ret = activity_total(before->obj, order->currency, &total, err);
	if (ret == 0)
		ret = activity_amount_parse(order->amount, &amount, err);
	if (ret)
		return ret;
	dec_add(&total, &total, &amount);
	*ret_fit = dec_format_normal(&text, &total, NULL) == 0;
	if (!*ret_fit)
		return 0;
	return json_add_str(totals, order->currency, buf_text(&text))
		   ? err_no_memory(err)
		   : 0;
}

static int
append(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    uint64_t gate_ns, uint64_t sequence, const struct activity_row *before,
    const struct activity_order *order, bool *ret_fit, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = row_new(
	    order, activity_orders(before->obj) + (order->is_increase ? 0 : 1));
	uint8_t key[ACTIVITY_KEY_SIZE];
	int ret;

	if (!obj)
		return err_no_memory(err);
	activity_key(account_hash, gate_ns, sequence, key);
	ret = totals_add(obj, before, order, ret_fit, err);
	return ret || !*ret_fit
		   ? ret
		   : row_put(txn, TABLE_ACTIVITY,
			 (struct iag_bytes){ key, sizeof(key) }, obj, err);
}

static int
aside_put(struct journal_txn *txn, struct iag_bytes key,
    const struct activity_order *order, int64_t orders, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = row_new(order, orders);

	return obj ? row_put(txn, TABLE_STATE, key, obj, err)
		   : err_no_memory(err);
}

/* An order of the past, or one with which totals could not be written. */
static int
insert(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    uint64_t gate_ns, const struct activity_order *order,
    uint64_t *ret_sequence, struct err *err)
{
	struct iag_bytes at, value;
	uint64_t sequence = LATE;
	struct aside_key key;
	int ret;

	do {
		at = aside_key(account_hash, gate_ns, sequence, &key);
		ret = txn_get(txn, TABLE_STATE, at, &value, err);
	} while (ret == 0 && sequence++ < UINT64_MAX);
	if (ret == IAG_NOTFOUND)
		ret =
		    aside_put(txn, at, order, order->is_increase ? 0 : 1, err);
	*ret_sequence = sequence;
	return ret;
}

int
activity_reserve(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], uint64_t gate_ns,
    const struct activity_order *order, uint64_t *ret_sequence, struct err *err)
{
	CLEANUP_ACTIVITY_ROW struct activity_row last = { .obj = NULL };
	int ret = activity_last(txn, account_hash, &last, err);
	bool fit = true;

	if (ret)
		return ret;
	if (last.obj && last.gate_ns > gate_ns)
		return insert(
		    txn, account_hash, gate_ns, order, ret_sequence, err);
	*ret_sequence =
	    last.obj && last.gate_ns == gate_ns ? last.sequence + 1 : 0;
	ret = append(
	    txn, account_hash, gate_ns, *ret_sequence, &last, order, &fit, err);
	return ret || fit ? ret
			  : insert(txn, account_hash, gate_ns, order,
				ret_sequence, err);
}

/* The opposite of a row, beside it: those behind it count it in. */
static int
undo(struct journal_txn *txn, struct iag_bytes aside, struct json_object *obj,
    struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_DEC struct dec amount;
	struct activity_order order = {
		.currency = json_get_str(obj, "currency", NULL),
	};
	int ret;

	dec_init(&amount);
	ret = activity_amount(obj, order.currency, &amount, err);
	if (ret)
		return ret;
	if (order.currency && dec_sign(&amount)) {
		buf_char(&text, '-');
		if (dec_format_normal(&text, &amount, err))
			return err_class(err);
		order.amount = buf_text(&text);
	}
	return aside_put(txn, aside, &order, -activity_own_orders(obj), err);
}

/* The last row goes, and its totals with it. */
static int
give_back(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    uint64_t gate_ns, uint64_t sequence, struct iag_bytes aside,
    struct err *err)
{
	CLEANUP_ACTIVITY_ROW struct activity_row row = { .obj = NULL },
						 last = { .obj = NULL };
	uint8_t key[ACTIVITY_KEY_SIZE];
	struct iag_bytes at = { key, sizeof(key) }, value;
	int ret;

	activity_key(account_hash, gate_ns, sequence, key);
	ret = txn_get(txn, TABLE_ACTIVITY, at, &value, err);
	if (ret == 0)
		ret = activity_parse(value, &row.obj, err);
	if (ret == 0)
		ret = activity_last(txn, account_hash, &last, err);
	if (ret)
		return ret == IAG_NOTFOUND ? 0 : ret;
	return last.gate_ns == gate_ns && last.sequence == sequence
		   ? txn_del(txn, TABLE_ACTIVITY, at, err)
		   : undo(txn, aside, row.obj, err);
}

int
activity_release(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], uint64_t gate_ns, uint64_t sequence,
    struct err *err)
{
	struct iag_bytes aside, value;
	struct aside_key key;
	int ret;

	aside = aside_key(account_hash, gate_ns, sequence, &key);
	ret = txn_get(txn, TABLE_STATE, aside, &value, err);
	if (ret == IAG_NOTFOUND)
		return give_back(
		    txn, account_hash, gate_ns, sequence, aside, err);
	/* a late one; of any other row it says that it was given back */
	return ret == 0 && sequence >= LATE
		   ? txn_del(txn, TABLE_STATE, aside, err)
		   : ret;
}

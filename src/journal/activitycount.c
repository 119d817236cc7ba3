/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Counting from two rows, and what stands aside. */

#include "journal/activityrow.h"

#include <string.h>

#include "base/json.h"

/* What asides since a time add to a count. */
struct asides {
	struct aside_key from;
	const char *currency;
	int64_t orders;
	struct dec notional;
};

static int
visit_aside(
    struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	CLEANUP_DEC struct dec amount;
	struct asides *asides = arg;
	const uint8_t *bytes = key.data;
	size_t same = sizeof(ACTIVITY_ASIDE) - 1 + ACTIVITY_HASH_LEN;
	int ret;

	dec_init(&amount);
	if (key.len != sizeof(asides->from.bytes) ||
	    memcmp(bytes, asides->from.bytes, same) != 0)
		return 1;
	ret = activity_parse(value, &obj, err);
	if (ret == 0)
		ret = activity_amount(obj, asides->currency, &amount, err);
	if (ret)
		return ret;
	asides->orders += activity_orders(obj);
	dec_add(&asides->notional, &asides->notional, &amount);
	return 0;
}

void
activity_count_init(struct activity_count *count)
{
	*count = (struct activity_count){ .in_window = 0 };
	dec_init(&count->notional);
}

void
activity_count_fini(struct activity_count *count)
{
	dec_fini(&count->notional);
}

/* A count since one time; notional NULL: not asked for. */
struct since {
	uint64_t orders;
	struct dec *notional;
	const char *currency;
};

static int
count_asides(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    uint64_t from_ns, int64_t orders, struct since *since, struct err *err)
{
	struct asides asides = { .currency = since->currency,
		.orders = orders };
	struct iag_bytes from =
	    aside_key(account_hash, from_ns, 0, &asides.from);
	int ret;

	dec_init(&asides.notional);
	ret =
	    txn_walk(txn, TABLE_STATE, from, false, visit_aside, &asides, err);
	since->orders = asides.orders > 0 ? (uint64_t)asides.orders : 0;
	if (since->notional)
		dec_add(since->notional, since->notional, &asides.notional);
	dec_fini(&asides.notional);
	return ret > 0 ? 0 : ret;
}

/* What stands between the first row and the last, both counted. */
static int
notional_between(struct json_object *first, struct json_object *last,
    struct since *since, struct err *err)
{
	CLEANUP_DEC struct dec before, own;
	int ret;

	dec_init(&before);
	dec_init(&own);
	ret = activity_total(last, since->currency, since->notional, err);
	if (ret == 0)
		ret = activity_total(first, since->currency, &before, err);
	if (ret == 0)
		ret = activity_amount(first, since->currency, &own, err);
	dec_sub(since->notional, since->notional, &before);
	dec_add(since->notional, since->notional, &own);
	return ret;
}

static int
count_since(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    uint64_t from_ns, const struct activity_row *last, struct since *since,
    struct err *err)
{
	CLEANUP_ACTIVITY_ROW struct activity_row first = { .obj = NULL };
	int64_t orders = 0;
	int ret = activity_first(txn, account_hash, from_ns, &first, err);

	if (ret == 0 && first.obj) {
		orders = activity_orders(last->obj) -
			 activity_orders(first.obj) +
			 activity_own_orders(first.obj);
		if (since->notional)
			ret =
			    notional_between(first.obj, last->obj, since, err);
	}
	return ret ? ret
		   : count_asides(
			 txn, account_hash, from_ns, orders, since, err);
}

int
activity_count(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    uint64_t session_ns, uint64_t window_ns, const char *currency,
    struct activity_count *ret_count, struct err *err)
{
	struct since session = { 0, &ret_count->notional, currency };
	struct since window = { 0, NULL, NULL };
	CLEANUP_ACTIVITY_ROW struct activity_row last = { .obj = NULL };
	int ret = activity_last(txn, account_hash, &last, err);

	/* a step may run again */
	(void)dec_set_int(&ret_count->notional, 0);
	if (ret == 0)
		ret = count_since(
		    txn, account_hash, session_ns, &last, &session, err);
	if (ret == 0 && window_ns != UINT64_MAX)
		ret = count_since(
		    txn, account_hash, window_ns, &last, &window, err);
	ret_count->in_session = session.orders;
	ret_count->in_window = window.orders;
	return ret;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Keys sort by account, then time. */

#include "journal/activityrow.h"

#include <string.h>

#include "base/json.h"
#include "journal/bytes.h"

void
activity_key(const char account_hash[HASH_HEX_SIZE], uint64_t gate_ns,
    uint64_t sequence, uint8_t ret_key[ACTIVITY_KEY_SIZE])
{
	memcpy(ret_key, account_hash, ACTIVITY_HASH_LEN);
	put_u64(ret_key + ACTIVITY_HASH_LEN, gate_ns);
	put_u64(ret_key + ACTIVITY_HASH_LEN + 8, sequence);
}

void
activity_row_fini(struct activity_row *row)
{
	(void)json_object_put(row->obj);
	row->obj = NULL;
}

static int
corrupt(const char *what, struct err *err)
{
	return err_set(err, ERR_JOURNAL_CORRUPT, "a row of activity %s", what);
}

int
activity_parse(
    struct iag_bytes value, struct json_object **ret_obj, struct err *err)
{
	if (json_parse(
		value.data, value.len, &json_bounds_default, ret_obj, NULL))
		return corrupt("is no JSON object", err);
	return 0;
}

int
activity_amount_parse(const char *text, struct dec *ret_amount, struct err *err)
{
	return dec_parse(ret_amount, text, NULL)
		   ? corrupt("has an amount that is no decimal", err)
		   : 0;
}

int
activity_amount(struct json_object *obj, const char *currency,
    struct dec *ret_amount, struct err *err)
{
	const char *text = json_get_str(obj, "amount", NULL);
	const char *in = json_get_str(obj, "currency", NULL);

	if (!text || !in || !currency || strcmp(in, currency) != 0)
		return dec_set_int(ret_amount, 0);
	return activity_amount_parse(text, ret_amount, err);
}

int
activity_total(struct json_object *obj, const char *currency,
    struct dec *ret_total, struct err *err)
{
	struct json_object *totals = obj ? json_get(obj, "totals") : NULL;
	const char *text =
	    totals && currency ? json_get_str(totals, currency, NULL) : NULL;

	return text ? activity_amount_parse(text, ret_total, err)
		    : dec_set_int(ret_total, 0);
}

int64_t
activity_orders(struct json_object *obj)
{
	return obj ? json_get_int(obj, "orders", 0) : 0;
}

int64_t
activity_own_orders(struct json_object *obj)
{
	return json_get_bool(obj, "increase", false) ? 0 : 1;
}

struct look {
	const char *account_hash;
	struct activity_row *row;
};

/* The first row that a walk meets, if it is of the account. */
static int
visit_row(
    struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err)
{
	const struct look *look = arg;
	const uint8_t *bytes = key.data;
	int ret;

	if (key.len != ACTIVITY_KEY_SIZE ||
	    memcmp(bytes, look->account_hash, ACTIVITY_HASH_LEN) != 0)
		return 1;
	ret = activity_parse(value, &look->row->obj, err);
	if (ret)
		return ret;
	look->row->gate_ns = get_u64(bytes + ACTIVITY_HASH_LEN);
	look->row->sequence = get_u64(bytes + ACTIVITY_HASH_LEN + 8);
	return 1;
}

static int
row_find(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    uint64_t gate_ns, bool backward, struct activity_row *ret_row,
    struct err *err)
{
	struct look look = { account_hash, ret_row };
	uint8_t key[ACTIVITY_KEY_SIZE];
	int ret;

	activity_key(account_hash, gate_ns, backward ? UINT64_MAX : 0, key);
	ret = txn_walk(txn, TABLE_ACTIVITY,
	    (struct iag_bytes){ key, sizeof(key) }, backward, visit_row, &look,
	    err);
	return ret > 0 ? 0 : ret;
}

int
activity_first(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    uint64_t gate_ns, struct activity_row *ret_row, struct err *err)
{
	return row_find(txn, account_hash, gate_ns, false, ret_row, err);
}

int
activity_last(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    struct activity_row *ret_row, struct err *err)
{
	return row_find(txn, account_hash, UINT64_MAX, true, ret_row, err);
}

struct iag_bytes
aside_key(const char account_hash[HASH_HEX_SIZE], uint64_t gate_ns,
    uint64_t sequence, struct aside_key *key)
{
	memcpy(key->bytes, ACTIVITY_ASIDE, sizeof(ACTIVITY_ASIDE) - 1);
	activity_key(account_hash, gate_ns, sequence,
	    key->bytes + sizeof(ACTIVITY_ASIDE) - 1);
	return (struct iag_bytes){ key->bytes, sizeof(key->bytes) };
}

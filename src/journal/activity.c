/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Keys sort by account, then time, so one walk sees just what counts. */

#include "journal/activity.h"

#include <string.h>

#include "base/json.h"

enum { HASH_LEN = HASH_HEX_SIZE - 1 };

static void
put_u64(uint8_t *out, uint64_t value)
{
	for (int i = 7; i >= 0; i--, value >>= 8)
		out[i] = (uint8_t)value;
}

static uint64_t
get_u64(const uint8_t *in)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | in[i];
	return value;
}

void
activity_key(const char account_hash[HASH_HEX_SIZE], uint64_t gate_ns,
    uint64_t sequence, uint8_t ret_key[ACTIVITY_KEY_SIZE])
{
	memcpy(ret_key, account_hash, HASH_LEN);
	put_u64(ret_key + HASH_LEN, gate_ns);
	put_u64(ret_key + HASH_LEN + 8, sequence);
}

void
activity_format(struct buf *out, const char *amount, const char *currency)
{
	if (amount)
		buf_printf(out, "{\"amount\":\"%s\",\"currency\":\"%s\"}",
		    amount, currency);
	else
		buf_str(out, "{}");
}

void
activity_format_increase(
    struct buf *out, const char *amount, const char *currency)
{
	if (amount)
		buf_printf(out,
		    "{\"amount\":\"%s\",\"currency\":\"%s\",\"increase\":true}",
		    amount, currency);
	else
		buf_str(out, "{\"increase\":true}");
}

/* The place behind the last row of one account and time. */
struct place {
	const uint8_t *key; /* account and time */
	uint64_t sequence;
};

static int
visit_last(
    struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err)
{
	struct place *place = arg;
	const uint8_t *bytes = key.data;

	(void)value;
	(void)err;
	if (key.len == ACTIVITY_KEY_SIZE &&
	    memcmp(bytes, place->key, HASH_LEN + 8) == 0)
		place->sequence = get_u64(bytes + HASH_LEN + 8) + 1;
	return 1;
}

int
activity_reserve(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], uint64_t gate_ns,
    const struct buf *value, uint64_t *ret_sequence, struct err *err)
{
	uint8_t key[ACTIVITY_KEY_SIZE];
	struct place place = { .key = key };
	struct iag_bytes bytes = { key, sizeof(key) };
	struct iag_bytes row = { buf_text(value), value->len };
	int ret;

	if (value->failed)
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory for a reservation");
	activity_key(account_hash, gate_ns, UINT64_MAX, key);
	ret =
	    txn_walk(txn, TABLE_ACTIVITY, bytes, true, visit_last, &place, err);
	if (ret < 0)
		return ret;
	activity_key(account_hash, gate_ns, place.sequence, key);
	ret = txn_put(txn, TABLE_ACTIVITY, bytes, row, err);
	if (ret == 0)
		*ret_sequence = place.sequence;
	return ret;
}

int
activity_release(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], uint64_t gate_ns, uint64_t sequence,
    struct err *err)
{
	uint8_t key[ACTIVITY_KEY_SIZE];
	struct iag_bytes bytes = { key, sizeof(key) }, value;
	int ret;

	activity_key(account_hash, gate_ns, sequence, key);
	ret = txn_get(txn, TABLE_ACTIVITY, bytes, &value, err);
	if (ret == IAG_NOTFOUND)
		return 0;
	return ret ? ret : txn_del(txn, TABLE_ACTIVITY, bytes, err);
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

/* One walk. */
struct scan {
	const char *account_hash;
	uint64_t session_ns, window_ns;
	const char *currency;
	struct activity_count *count;
};

static int
amount_add(const struct scan *scan, struct json_object *obj, struct err *err)
{
	CLEANUP_DEC struct dec amount;
	const char *text, *currency;

	dec_init(&amount);
	text = json_get_str(obj, "amount", NULL);
	currency = json_get_str(obj, "currency", NULL);
	if (!text || !currency || !scan->currency ||
	    strcmp(currency, scan->currency) != 0)
		return 0;
	if (dec_parse(&amount, text, NULL))
		return err_set(err, ERR_JOURNAL_CORRUPT,
		    "a row of activity has the amount '%s'", text);
	dec_add(&scan->count->notional, &scan->count->notional, &amount);
	return 0;
}

/* 1 ends the walk. */
static int
visit(struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	const struct scan *scan = arg;
	const uint8_t *bytes = key.data;
	uint64_t gate_ns;
	bool is_order;

	if (key.len != ACTIVITY_KEY_SIZE ||
	    memcmp(bytes, scan->account_hash, HASH_LEN) != 0)
		return 1;
	if (json_parse(value.data, value.len, &json_bounds_default, &obj, err))
		return err_set(err, ERR_JOURNAL_CORRUPT,
		    "a row of activity is no JSON object");
	is_order = !json_get_bool(obj, "increase", false);
	gate_ns = get_u64(bytes + HASH_LEN);
	if (gate_ns >= scan->window_ns)
		scan->count->in_window += is_order;
	if (gate_ns < scan->session_ns)
		return 0;
	scan->count->in_session += is_order;
	return amount_add(scan, obj, err);
}

int
activity_count(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    uint64_t session_ns, uint64_t window_ns, const char *currency,
    struct activity_count *ret_count, struct err *err)
{
	struct scan scan = {
		.account_hash = account_hash,
		.session_ns = session_ns,
		.window_ns = window_ns,
		.currency = currency,
		.count = ret_count,
	};
	uint8_t key[ACTIVITY_KEY_SIZE];
	struct iag_bytes from = { key, sizeof(key) };
	int ret;

	/* a step may run again */
	ret_count->in_window = ret_count->in_session = 0;
	(void)dec_set_int(&ret_count->notional, 0);
	activity_key(account_hash,
	    session_ns < window_ns ? session_ns : window_ns, 0, key);
	ret = txn_walk(txn, TABLE_ACTIVITY, from, false, visit, &scan, err);
	return ret > 0 ? 0 : ret;
}

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
amount_add(const struct scan *scan, struct iag_bytes value, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	CLEANUP_DEC struct dec amount;
	const char *text, *currency;
	int ret;

	dec_init(&amount);
	ret =
	    json_parse(value.data, value.len, &json_bounds_default, &obj, err);
	if (ret)
		return err_set(err, ERR_JOURNAL_CORRUPT,
		    "a row of activity is no JSON object");
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
	const struct scan *scan = arg;
	const uint8_t *bytes = key.data;
	uint64_t gate_ns;

	if (key.len != ACTIVITY_KEY_SIZE ||
	    memcmp(bytes, scan->account_hash, HASH_LEN) != 0)
		return 1;
	gate_ns = get_u64(bytes + HASH_LEN);
	if (gate_ns >= scan->window_ns)
		scan->count->in_window++;
	if (gate_ns < scan->session_ns)
		return 0;
	scan->count->in_session++;
	return amount_add(scan, value, err);
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

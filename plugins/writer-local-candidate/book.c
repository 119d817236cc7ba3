/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* See book.h. */

#include "book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEY_SIZE 128
#define ROW_PREFIX "o/"
#define LIST_MAX 1000
#define SECOND_NS UINT64_C(1000000000)
#define DAY_NS (24 * 3600 * SECOND_NS)

static const struct status_word {
	const char *status;        /* as `orders_list` has it */
	const char *broker_status; /* the "broker's" own word */
} status_words[] = {
	[0] = { "unknown", "Unknown" },
	[IAG_STATUS_SUBMITTED] = { "open", "LocalCandidate" },
	[IAG_STATUS_OPEN] = { "open", "LocalCandidate" },
	[IAG_STATUS_PENDING_CANCEL] = { "open", "PendingCancel" },
	[IAG_STATUS_FILLED] = { "filled", "Filled" },
	[IAG_STATUS_CANCELLED] = { "cancelled", "Cancelled" },
	[IAG_STATUS_REFUSED] = { "cancelled", "Rejected" },
};

const char *
book_ref(const char *broker_order_id)
{
	size_t len = sizeof ID_PREFIX - 1;

	if (!broker_order_id || strncmp(broker_order_id, ID_PREFIX, len) != 0)
		return NULL;
	return broker_order_id + len;
}

/* The row's key; 0: the reference is too long to be one of ours. */
static size_t
row_key(char key[KEY_SIZE], const char *ref)
{
	int len = snprintf(key, KEY_SIZE, ROW_PREFIX "%s", ref);

	return len > 0 && len < KEY_SIZE ? (size_t)len : 0;
}

static int32_t
broken(struct iag_ctx *ctx, const struct iag_host *host, const char *ref)
{
	return host->fail(
	    ctx, IAG_CORRUPT, NULL, "the row of order '%s' is no JSON", ref);
}

int32_t
book_get(struct iag_ctx *ctx, const struct iag_host *host, const char *ref,
    struct json_object **ret_order)
{
	char key[KEY_SIZE];
	struct iag_bytes at = { key, row_key(key, ref) }, value;
	int32_t r;

	if (!at.len)
		return IAG_NOTFOUND;
	r = host->state_get(ctx, &at, &value);
	if (r)
		return r;
	/* what the host gives ends with a zero byte */
	*ret_order = json_tokener_parse(value.data);
	return *ret_order ? 0 : broken(ctx, host, ref);
}

int32_t
book_put(struct iag_ctx *ctx, const struct iag_host *host, const char *ref,
    struct json_object *order)
{
	char key[KEY_SIZE];
	struct iag_bytes at = { key, row_key(key, ref) }, value;
	const char *text =
	    json_object_to_json_string_ext(order, JSON_C_TO_STRING_PLAIN);

	if (!text)
		return IAG_NOMEM;
	value = (struct iag_bytes){ text, strlen(text) };
	return host->state_put(ctx, &at, &value);
}

static int
add(struct json_object *row, const char *key, const char *text)
{
	if (!text)
		return 0;
	return json_object_object_add(row, key, json_object_new_string(text));
}

static const char *
word_of(uint32_t value, const char *const *words, size_t count)
{
	return value < count ? words[value] : NULL;
}

static void
time_text(uint64_t ns, char text[32])
{
	time_t seconds = (time_t)(ns / UINT64_C(1000000000));
	struct tm tm;

	text[0] = '\0';
	if (gmtime_r(&seconds, &tm))
		(void)strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void
now_text(struct iag_ctx *ctx, const struct iag_host *host, char text[32])
{
	time_text(host->real_ns(ctx), text);
}

/* The members that come from the order itself. */
static int
add_order(struct json_object *row, const struct iag_order *order)
{
	static const char *const sides[] = { NULL, "buy", "sell" };
	static const char *const types[] = { NULL, "limit", "stop",
		"stop_limit", "trailing_stop" };
	static const char *const tifs[] = { NULL, "day",
		"good_till_cancelled" };
	int r = add(row, "account_id", order->account);

	r |= add(row, "client_order_id", order->client_ref);
	r |= add(row, "side", word_of(order->side, sides, 3));
	r |= add(row, "order_type", word_of(order->type, types, 5));
	r |= add(row, "time_in_force", word_of(order->tif, tifs, 3));
	r |= add(row, "contract_id", order->contract_id);
	r |= add(row, "symbol", order->symbol);
	r |= add(row, "currency", order->currency);
	r |= add(row, "quantity", order->quantity);
	r |= add(row, "limit_price", order->limit_price);
	r |= add(row, "stop_price", order->stop_price);
	return r;
}

int32_t
book_set_status(struct iag_ctx *ctx, const struct iag_host *host,
    struct json_object *row, uint32_t status, const char *filled)
{
	const struct status_word *word = &status_words[status];
	char now[32];
	int r;

	now_text(ctx, host, now);
	r = json_object_object_add(
	    row, "state", json_object_new_int((int32_t)status));
	r |= add(row, "status", word->status);
	r |= add(row, "broker_status", word->broker_status);
	r |= add(row, "filled_quantity", filled);
	r |= add(row, "updated_at", now);
	return r ? IAG_NOMEM : 0;
}

struct json_object *
book_order(struct iag_ctx *ctx, const struct iag_host *host,
    const struct iag_order *order)
{
	struct json_object *row = json_object_new_object();
	char id[KEY_SIZE], now[32];
	int r;

	if (!row)
		return NULL;
	now_text(ctx, host, now);
	(void)snprintf(id, sizeof id, ID_PREFIX "%s", order->client_ref);
	r = add(row, "broker_order_id", id);
	r |= add_order(row, order);
	r |= add(row, "created_at", now);
	r |= book_set_status(ctx, host, row, IAG_STATUS_SUBMITTED, "0");
	if (r == 0)
		return row;
	(void)json_object_put(row);
	return NULL;
}

int32_t
book_change(struct iag_ctx *ctx, const struct iag_host *host,
    struct json_object *row, const struct iag_order *order)
{
	char now[32];
	int r;

	now_text(ctx, host, now);
	json_object_object_del(row, "limit_price");
	json_object_object_del(row, "stop_price");
	r = add_order(row, order);
	r |= add(row, "updated_at", now);
	return r ? IAG_NOMEM : 0;
}

uint32_t
book_status(struct json_object *row)
{
	struct json_object *state = NULL;
	int32_t status;

	if (!json_object_object_get_ex(row, "state", &state))
		return 0;
	status = json_object_get_int(state);
	return status >= 0 && status <= IAG_STATUS_REFUSED ? (uint32_t)status
							   : 0;
}

const char *
book_text(struct json_object *row, const char *key)
{
	struct json_object *text = NULL;

	if (!json_object_object_get_ex(row, key, &text))
		return NULL;
	return json_object_get_string(text);
}

void
book_set_late(
    struct iag_ctx *ctx, const struct iag_host *host, struct json_object *row)
{
	(void)json_object_object_add(
	    row, "sent_ns", json_object_new_int64((int64_t)host->real_ns(ctx)));
}

int
book_is_hidden(struct iag_ctx *ctx, const struct iag_host *host,
    struct json_object *row, int64_t late_s)
{
	struct json_object *sent = NULL;

	return json_object_object_get_ex(row, "sent_ns", &sent) &&
	       host->real_ns(ctx) < (uint64_t)json_object_get_int64(sent) +
					(uint64_t)late_s * SECOND_NS;
}

/* What has ended is listed for a day, as brokers do. */
static int
is_listed(struct json_object *row, const char *since)
{
	uint32_t status = book_status(row);
	const char *updated = book_text(row, "updated_at");

	return (status != IAG_STATUS_FILLED && status != IAG_STATUS_CANCELLED &&
		   status != IAG_STATUS_REFUSED) ||
	       (updated && strcmp(updated, since) >= 0);
}

/* Takes row, also on failure. */
static int32_t
list_add(struct json_object *orders, struct json_object *row)
{
	json_object_object_del(row, "state");
	json_object_object_del(row, "sent_ns");
	if (json_object_array_add(orders, row) == 0)
		return 0;
	(void)json_object_put(row);
	return IAG_NOMEM;
}

/* IAG_LIMIT: there are more. */
static int32_t
collect(struct iag_ctx *ctx, const struct iag_host *host, int64_t late_s,
    struct json_object *orders)
{
	struct iag_bytes at = { ROW_PREFIX, sizeof ROW_PREFIX - 1 }, value;
	uint64_t now = host->real_ns(ctx);
	struct json_object *row;
	char since[32];
	int32_t r;

	time_text(now > DAY_NS ? now - DAY_NS : 0, since);
	while ((r = host->state_next(ctx, &at, &at, &value)) == 0) {
		if (at.len < 2 || memcmp(at.data, ROW_PREFIX, 2) != 0)
			return 0;
		row = json_tokener_parse(value.data);
		if (!row)
			return broken(ctx, host, at.data);
		if (!is_listed(row, since) ||
		    book_is_hidden(ctx, host, row, late_s)) {
			(void)json_object_put(row);
			continue;
		}
		r = list_add(orders, row);
		if (r)
			return r;
		if (json_object_array_length(orders) == LIST_MAX)
			return IAG_LIMIT;
	}
	return r == IAG_NOTFOUND ? 0 : r;
}

int32_t
book_list(struct iag_ctx *ctx, const struct iag_host *host, int64_t late_s)
{
	struct iag_reply_meta meta = { .struct_size = sizeof meta };
	struct json_object *answer = json_object_new_object();
	struct json_object *orders = json_object_new_array();
	const char *text;
	int32_t r;

	if (!answer || !orders ||
	    json_object_object_add(answer, "orders", orders)) {
		(void)json_object_put(answer);
		return IAG_NOMEM;
	}
	r = collect(ctx, host, late_s, orders);
	meta.flags = r == 0 ? IAG_REPLY_COMPLETE : 0;
	if (r == IAG_LIMIT)
		r = 0;
	text = json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN);
	if (r == 0)
		r = text ? host->reply(ctx, &meta, text, strlen(text))
			 : IAG_NOMEM;
	(void)json_object_put(answer);
	return r;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "orders/listing.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "orders/market.h"

/* Clocks of ours and of the broker may differ by this much. */
#define CLOCK_SLACK_NS (60 * NS_PER_S)

void
listing_fini(struct listing *listing)
{
	(void)json_object_put(listing->orders);
	*listing = (struct listing){ .orders = NULL };
}

static struct json_object *
account_arguments(const char *account)
{
	struct json_object *obj = json_object_new_object();

	if (obj && json_add_str(obj, "account_id", account)) {
		(void)json_object_put(obj);
		return NULL;
	}
	return obj;
}

/* The rows of an answer {NAME: [...], complete}. */
static int
take_rows(struct json_object *answer, uint32_t flags, const char *name,
    struct listing *ret_rows, struct err *err)
{
	struct json_object *rows = json_get(answer, name);

	if (!json_object_is_type(rows, json_type_array))
		return err_set(err, ERR_BROKER_RESPONSE_INVALID,
		    "an answer without '%s'", name);
	ret_rows->orders = json_object_get(rows);
	ret_rows->is_complete = json_get_bool(answer, "complete", true) &&
				flags & IAG_REPLY_COMPLETE &&
				!(flags & (IAG_REPLY_COLD | IAG_REPLY_STALE));
	return 0;
}

static int
writer_rows(struct order_call *call, struct instance *writer,
    const char *account, struct listing *ret_listing, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	struct answer answer = { .json = NULL };
	int ret = writer_list(writer, call->call, account, &answer, err);

	if (ret)
		return ret;
	ret = json_parse(
	    answer.json, answer.len, &json_bounds_default, &obj, err);
	if (ret == 0)
		ret = take_rows(obj, answer.flags, "orders", ret_listing, err);
	answer_fini(&answer);
	return ret;
}

/* Ask the backend for a list. */
static int
backend_rows(struct order_call *call, const char *operation, const char *name,
    struct json_object *arguments, struct listing *ret_rows, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	struct answer answer = { .json = NULL };
	int ret;

	if (!arguments)
		return err_no_memory(err);
	ret = market_ask(call->backend, call->call, operation, arguments,
	    &answer, &obj, err);
	if (ret == 0)
		ret = take_rows(obj, answer.flags, name, ret_rows, err);
	answer_fini(&answer);
	return ret;
}

int
listing_read(struct order_call *call, struct instance *writer,
    const char *account, struct listing *ret_listing, struct err *err)
{
	int ret = writer_rows(call, writer, account, ret_listing, err);

	/* a writer without a book of its own: the broker has them all */
	return ret == IAG_NOTSUP
		   ? backend_rows(call, "orders_list", "orders",
			 account_arguments(account), ret_listing, err)
		   : ret;
}

static bool
names(struct json_object *row, const char *member, const char *value)
{
	const char *text = json_get_str(row, member, NULL);

	return value && text && strcmp(text, value) == 0;
}

static struct json_object *
find_by(const struct listing *listing, const char *member, const char *value)
{
	struct json_object *row;

	for (size_t i = 0; i < json_object_array_length(listing->orders); i++) {
		row = json_object_array_get_idx(listing->orders, i);
		if (names(row, member, value))
			return row;
	}
	return NULL;
}

/* The broker's own words say more than the four of the list. */
static const struct {
	const char *word;
	uint32_t status;
} broker_words[] = {
	{ "PendingCancel", IAG_STATUS_PENDING_CANCEL },
	{ "PreCancelled", IAG_STATUS_PENDING_CANCEL },
	{ "Rejected", IAG_STATUS_REFUSED },
	{ "Failed", IAG_STATUS_REFUSED },
};

uint32_t
listing_status(struct json_object *row)
{
	const char *word = json_get_str(row, "broker_status", "");

	for (size_t i = 0; i < ARRAY_COUNT(broker_words); i++) {
		if (strcasecmp(broker_words[i].word, word) == 0)
			return broker_words[i].status;
	}
	return order_status_find(json_get_str(row, "status", ""));
}

/* Not known to have ended. */
static bool
is_alive(struct json_object *row)
{
	return !order_status_is_terminal(listing_status(row));
}

struct json_object *
listing_find(const struct listing *listing, const char *client_ref,
    const char *broker_order_id)
{
	struct json_object *row, *best = NULL;
	int worth, best_worth = -1;

	for (size_t i = 0; i < json_object_array_length(listing->orders); i++) {
		row = json_object_array_get_idx(listing->orders, i);
		if (!names(row, "client_order_id", client_ref))
			continue;
		worth = (is_alive(row) ? 2 : 0) +
			names(row, "broker_order_id", broker_order_id);
		if (worth <= best_worth)
			continue;
		best = row;
		best_worth = worth;
	}
	return best ? best
		    : find_by(listing, "broker_order_id", broker_order_id);
}

/* Both have it and mean the same number; or neither has it. */
static bool
same_number(struct json_object *row, const char *member, const char *value)
{
	const char *text = json_get_str(row, member, NULL);
	CLEANUP_DEC struct dec one, other;

	dec_init(&one);
	dec_init(&other);
	if (!value)
		return !text;
	return text && dec_parse(&one, text, NULL) == 0 &&
	       dec_parse(&other, value, NULL) == 0 &&
	       dec_cmp(&one, &other) == 0;
}

bool
listing_shows(struct json_object *row, const struct order *order)
{
	/* the list has no place for what a trailing stop is made of */
	return order->type != IAG_TYPE_TRAILING_STOP &&
	       same_number(row, "quantity", order->quantity) &&
	       same_number(row, "limit_price", order->limit_price) &&
	       same_number(row, "stop_price", order->stop_price) &&
	       order_tif_find(json_get_str(row, "time_in_force", "")) ==
		   order->tif;
}

static struct json_object *
trades_arguments(const char *account, uint64_t since_ns)
{
	struct json_object *obj = account_arguments(account);
	char time[CLOCK_TEXT_SIZE];

	clock_format(
	    since_ns > CLOCK_SLACK_NS ? since_ns - CLOCK_SLACK_NS : 0, time);
	if (obj && (json_add_str(obj, "from", time) ||
		       json_add_int(obj, "limit", 500))) {
		(void)json_object_put(obj);
		return NULL;
	}
	return obj;
}

int
listing_trades(struct order_call *call, const char *account, uint64_t since_ns,
    struct listing *ret_trades, struct err *err)
{
	int ret = backend_rows(call, "executions_list", "executions",
	    trades_arguments(account, since_ns), ret_trades, err);

	return ret ? err_wrap(err, "looking through the trades") : 0;
}

int
listing_traded(struct order_call *call, const char *account,
    const char *client_ref, const char *broker_order_id, uint64_t since_ns,
    bool *ret_traded, struct err *err)
{
	CLEANUP_LISTING struct listing trades = { .orders = NULL };
	int ret = listing_trades(call, account, since_ns, &trades, err);

	if (ret)
		return ret;
	*ret_traded = listing_find(&trades, client_ref, broker_order_id);
	if (*ret_traded || trades.is_complete)
		return 0;
	return err_set(err, ERR_BROKER_RESPONSE_INVALID,
	    "the broker's list of trades is not complete");
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "orders/departed.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "orders/market.h"

/* Brokers keep a week of trades, less an hour: of more no list is complete. */
#define TRADES_KEPT_NS (UINT64_C(167) * 3600 * NS_PER_S)

void
departed_fini(struct departed *departed)
{
	writer_ack_fini(&departed->ack);
	buf_fini(&departed->why);
}

void
departed_trades_fini(struct departed_trades *trades)
{
	listing_fini(&trades->executions);
	err_fini(&trades->fault);
}

void
departed_action(struct buf *out, const struct order_row *row)
{
	buf_printf(out,
	    "if the broker's own screen does not show it as working either, "
	    "run: ibkr-agent orders resolve %s --account %s --accept-absent "
	    "--reason TEXT",
	    row->key, row->account);
}

/* ---- what it proves */

enum departed_end
departed_judge(const struct departed_facts *facts, uint32_t *ret_status)
{
	*ret_status = facts->is_filled ? IAG_STATUS_FILLED : facts->status;
	if (*ret_status)
		return DEPARTED_TOLD;
	return facts->list_is_complete && facts->find_is_absent &&
		       facts->is_asked
		   ? DEPARTED_UNSHOWN
		   : DEPARTED_UNCLEAR;
}

/* Not told, or the same. */
static bool
agrees(struct json_object *obj, const char *member, const char *value)
{
	const char *text = json_get_str(obj, member, NULL);

	return !text || !value || strcmp(text, value) == 0;
}

static bool
names(struct json_object *obj, const char *member, const char *value)
{
	const char *text = json_get_str(obj, member, NULL);

	return text && value && strcmp(text, value) == 0;
}

static bool
is_alike(struct json_object *obj, const struct order_row *row)
{
	return agrees(obj, "contract_id", row->order.contract_id) &&
	       agrees(obj, "side", order_side_name(row->order.side));
}

static bool
is_trade_of(struct json_object *trade, const struct order_row *row)
{
	return is_alike(trade, row) &&
	       (names(trade, "client_order_id", row->client_ref) ||
		   (names(trade, "broker_order_id", row->broker_order_id) &&
		       agrees(trade, "client_order_id", row->client_ref)));
}

/* Brokers correct an execution by one whose id ends with another number. */
static bool
is_same_execution(struct json_object *one, struct json_object *other)
{
	const char *a = json_get_str(one, "execution_id", "");
	const char *b = json_get_str(other, "execution_id", "");
	const char *tail = strrchr(a, '.');
	size_t len = tail ? (size_t)(tail - a) + 1 : strlen(a) + 1;

	return strncmp(a, b, len) == 0 && (!tail || !strchr(b + len, '.'));
}

static bool
is_counted(struct json_object *executions, size_t at)
{
	struct json_object *trade = json_object_array_get_idx(executions, at);

	for (size_t i = 0; i < at; i++) {
		if (is_same_execution(
			json_object_array_get_idx(executions, i), trade))
			return true;
	}
	return false;
}

void
departed_sum(struct json_object *executions, const struct order_row *row,
    struct dec *ret_sum)
{
	CLEANUP_DEC struct dec quantity;
	struct json_object *trade;

	dec_init(&quantity);
	(void)dec_set_int(ret_sum, 0);
	for (size_t i = 0; i < json_object_array_length(executions); i++) {
		trade = json_object_array_get_idx(executions, i);
		if (is_trade_of(trade, row) && !is_counted(executions, i) &&
		    dec_parse(&quantity, json_get_str(trade, "quantity", ""),
			NULL) == 0)
			dec_add(ret_sum, ret_sum, &quantity);
	}
}

/* ---- asking */

struct asking {
	struct order_call *call;
	const struct order_row *row;
	struct departed_facts facts;
	struct departed *departed;
};

/* The first doubt is the one that is told. */
static void
doubt(struct asking *ask, const char *why)
{
	if (!ask->departed->why.len)
		buf_str(&ask->departed->why, why);
}

/* The writer may know it by its reference: true, it says how it stands. */
static bool
find(struct asking *ask, struct instance *writer)
{
	struct writer_find_result found = { .answer = 0 };
	CLEANUP_ERR struct err fault = ERR_INIT;
	const struct order_row *row = ask->row;
	const struct iag_target target = {
		.struct_size = sizeof(target),
		.mode = row->mode,
		.account = row->account,
		.broker_order_id = row->broker_order_id,
		.client_ref = row->client_ref,
	};
	int ret = writer_find(writer, ask->call->call, &target, &found, &fault);
	bool is_told =
	    ret == 0 && found.answer == IAG_FIND_FOUND && found.ack.status;

	ask->facts.find_is_absent =
	    ret == 0 && found.answer == IAG_FIND_ABSENT && found.complete;
	if (is_told) {
		ask->departed->ack = found.ack;
		memset(&found.ack, 0, sizeof(found.ack));
	} else if (!ask->facts.find_is_absent) {
		doubt(ask,
		    ret ? err_text(&fault)
			: "the broker does not say whether it has it, or how "
			  "it stands");
	}
	writer_find_result_fini(&found);
	return is_told;
}

static struct json_object *
status_arguments(const struct order_row *row)
{
	struct json_object *obj = json_object_new_object();

	if (obj &&
	    (json_add_str(obj, "account_id", row->account) ||
		json_add_str(obj, "broker_order_id", row->broker_order_id))) {
		(void)json_object_put(obj);
		return NULL;
	}
	return obj;
}

static int
ack_take(struct writer_ack *ack, struct json_object *obj, struct err *err)
{
	const struct {
		char **text;
		const char *member;
	} texts[] = {
		{ &ack->broker_order_id, "broker_order_id" },
		{ &ack->broker_status, "broker_status" },
		{ &ack->filled_quantity, "filled_quantity" },
		{ &ack->average_price, "average_fill_price" },
	};
	const char *text;
	int ret = 0;

	for (size_t i = 0; i < ARRAY_COUNT(texts) && ret == 0; i++) {
		text = json_get_str(obj, texts[i].member, NULL);
		if (text)
			ret = text_set(texts[i].text, text, err);
	}
	return ret;
}

struct change_look {
	const struct order_row *row;
	const char *hash;
	bool is_changing;
};

static int
change_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct change_look *look = arg;

	return intent_modifies(txn, look->hash, look->row->broker_order_id,
	    look->row->broker_order_id, &look->is_changing, err);
}

/* Neither its id nor the whole of it is known while a change is open. */
static int
is_changing(const struct asking *ask, bool *ret_is, struct err *err)
{
	struct journal *journal = desk_journal(ask->call->desk);
	char hash[HASH_HEX_SIZE];
	struct change_look look = { .row = ask->row, .hash = hash };
	int ret;

	journal_account_hash(journal, ask->row->account, hash);
	ret = journal_view(journal, change_step, &look, err);
	*ret_is = look.is_changing;
	return ret;
}

/*
 * Brokers call an id cancelled that they have given up for another one, which
 * is in the list, or comes with a change.
 */
static int
may_be_former(const struct asking *ask, bool *ret_may, struct err *err)
{
	*ret_may = false;
	if (ask->facts.status != IAG_STATUS_CANCELLED)
		return 0;
	*ret_may = !ask->facts.list_is_complete;
	return *ret_may ? 0 : is_changing(ask, ret_may, err);
}

static int
status_judge(struct asking *ask, struct json_object *obj, struct err *err)
{
	bool is_doubtful;
	int ret;

	ask->facts.status = listing_status(obj);
	ret = may_be_former(ask, &is_doubtful, err);
	if (ret == 0 && is_doubtful) {
		ask->facts.status = 0;
		ask->facts.is_asked = false;
		doubt(ask,
		    "its id is cancelled, and it may have another one by now");
	}
	return ret || !ask->facts.status
		   ? ret
		   : ack_take(&ask->departed->ack, obj, err);
}

/* Under its id, which another order may have by now. */
static int
ask_status(struct asking *ask, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct json_object *arguments = status_arguments(ask->row);
	int ret;

	if (!arguments)
		return err_no_memory(err);
	ret = market_ask(ask->call->backend, ask->call->call, "order_status",
	    arguments, NULL, &obj, &fault);
	if (ret && (fault.missing || ret == IAG_NOTFOUND || ret == IAG_NOTSUP))
		return 0;
	if (ret) {
		ask->facts.is_asked = false;
		doubt(ask, err_text(&fault));
		return 0;
	}
	if (!names(obj, "broker_order_id", ask->row->broker_order_id) ||
	    !agrees(obj, "client_order_id", ask->row->client_ref) ||
	    !is_alike(obj, ask->row))
		return 0;
	return status_judge(ask, obj, err);
}

static struct listing *
trades_read(struct asking *ask, struct departed_trades *trades)
{
	uint64_t now_ns = clock_real_ns();
	uint64_t kept_ns =
	    now_ns > TRADES_KEPT_NS ? now_ns - TRADES_KEPT_NS : 0;

	if (!trades->is_read)
		(void)listing_trades(ask->call, ask->row->account,
		    trades->since_ns > kept_ns ? trades->since_ns : kept_ns,
		    &trades->executions, &trades->fault);
	trades->is_read = true;
	return trades->executions.orders ? &trades->executions : NULL;
}

/* Do they add up to the whole of an order that is in no list? */
static int
is_whole(const struct asking *ask, const struct dec *sum, bool *ret_is,
    struct err *err)
{
	CLEANUP_DEC struct dec whole;
	bool changes = false;
	int ret = is_changing(ask, &changes, err);

	dec_init(&whole);
	*ret_is = ret == 0 && !changes && ask->facts.list_is_complete &&
		  dec_parse(&whole, ask->row->order.quantity, NULL) == 0 &&
		  dec_cmp(sum, &whole) == 0;
	return ret;
}

/* A list that is cut may lack those that tell of it. */
static int
ask_trades(struct asking *ask, struct departed_trades *trades, struct err *err)
{
	const struct listing *read = trades_read(ask, trades);
	CLEANUP_DEC struct dec sum;
	CLEANUP_BUF struct buf text = BUF_INIT;
	int ret;

	dec_init(&sum);
	if (!read || !read->is_complete) {
		ask->facts.is_asked = false;
		doubt(ask, read ? "the broker's list of trades is not complete"
				: err_text(&trades->fault));
	}
	if (!read)
		return 0;
	departed_sum(read->orders, ask->row, &sum);
	if (dec_sign(&sum) <= 0)
		return 0;
	ret = is_whole(ask, &sum, &ask->facts.is_filled, err);
	if (ret)
		return ret;
	if (dec_format_normal(&text, &sum, NULL) || text.failed)
		return err_no_memory(err);
	return text_set(
	    &ask->departed->ack.filled_quantity, buf_text(&text), err);
}

/* What only simulates has told all that there is. */
static int
ask_backend(struct asking *ask, struct departed_trades *trades, struct err *err)
{
	int ret;

	if (ask->row->simulated)
		return 0;
	/* the trades are read once for all of them */
	ret = ask_trades(ask, trades, err);
	return ret || ask->facts.is_filled ? ret : ask_status(ask, err);
}

int
departed_ask(struct order_call *call, struct instance *writer,
    const struct order_row *row, bool list_is_complete,
    struct departed_trades *trades, struct departed *ret_departed,
    struct err *err)
{
	struct asking ask = {
		.call = call,
		.row = row,
		.facts.list_is_complete = list_is_complete,
		.facts.is_asked = true,
		.departed = ret_departed,
	};
	uint32_t status;
	int ret;

	*ret_departed = (struct departed){ .end = DEPARTED_TOLD };
	if (find(&ask, writer))
		return 0;
	if (!list_is_complete)
		doubt(&ask, "the broker's list of orders is not complete");
	ret = trades ? ask_backend(&ask, trades, err) : 0;
	if (ret)
		return ret;
	ret_departed->end = departed_judge(&ask.facts, &status);
	ret_departed->ack.status = status;
	return 0;
}

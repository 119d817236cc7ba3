/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Orders and trades: those of this broker session, which is all that the
 * broker keeps.  Filters are ours: the broker's would change what its stream
 * of orders tells.
 */

#include <stdio.h>
#include <string.h>

#include "map-order.h"
#include "map-trade.h"
#include "map-whatif.h"
#include "ops.h"
#include "text.h"
#include "ticket.h"

#define NS_PER_S UINT64_C(1000000000)
#define DAY_NS (86400 * NS_PER_S)

/* their buckets have one token in five seconds */
static const struct patience collecting = { 2, 5 * NS_PER_S };

static int32_t
orders_map(struct query *q, const struct reply *reply, int last)
{
	return map_orders(&q->map, reply, q->want, last);
}

static int32_t
orders_answer(struct query *q, const struct order_want *want)
{
	const struct ask ask = {
		.route = ROUTE_ORDERS,
		.query = { "accountId", want->account },
	};
	int32_t ret = query_primed(q);

	q->want = want;
	return ret ? query_fail(q, ret)
		   : query_answer(q, &ask, collecting, orders_map);
}

/* "canceled" is how some spell it. */
static const char *
status_of(struct query *q)
{
	const char *status = query_str(q, "status");

	return status && strcmp(status, "canceled") == 0 ? "cancelled" : status;
}

int32_t
op_orders_list(struct query *q)
{
	const struct order_want want = {
		.account = query_str(q, "account_id"),
		.status = status_of(q),
	};

	return orders_answer(q, &want);
}

int32_t
op_orders_history(struct query *q)
{
	const struct order_want want = {
		.account = query_str(q, "account_id"),
		.status = status_of(q),
		.from_ns = query_time(q, "from"),
		.to_ns = query_time(q, "to"),
		.limit = (size_t)query_int(q, "limit", 100),
		.history = 1,
	};

	return orders_answer(q, &want);
}

struct order_id {
	const char *account, *id;
};

static int32_t
status_map(struct query *q, const struct reply *reply, int last)
{
	const struct order_id *want = q->want;

	(void)last;
	return map_order_status(&q->map, reply, want->account, want->id);
}

static int32_t
find_map(struct query *q, const struct reply *reply, int last)
{
	const struct order_id *want = q->want;

	return map_order_find(&q->map, reply, want->account, want->id, last);
}

static int
is_number(const char *id)
{
	return id[strspn(id, "0123456789")] == '\0';
}

/*
 * The list has our references and the status has not, so it is asked first
 * only by the broker's number, and the list is asked where it knows nothing.
 */
int32_t
op_order_status(struct query *q)
{
	const struct order_id want = {
		.account = query_str(q, "account_id"),
		.id = query_str(q, "broker_order_id"),
	};
	const struct ask status = {
		.route = ROUTE_ORDER,
		.holes = { want.id },
	};
	const struct ask list = {
		.route = ROUTE_ORDERS,
		.query = { "accountId", want.account },
	};
	int32_t ret = query_primed(q);

	if (ret)
		return query_fail(q, ret);
	q->want = &want;
	if (want.id && is_number(want.id)) {
		ret = query_read(q, &status, PATIENCE_NONE, status_map);
		if (!(ret && q->map.hints & MAP_ABSENT))
			return query_end(q, ret);
	}
	return query_answer(q, &list, collecting, find_map);
}

static int32_t
trades_map(struct query *q, const struct reply *reply, int last)
{
	(void)last;
	return map_trades(&q->map, reply, q->want, q->attempt > 0);
}

/* The broker keeps a week. */
static unsigned
days_since(uint64_t from_ns, uint64_t now_ns)
{
	uint64_t days =
	    from_ns && from_ns < now_ns ? (now_ns - from_ns) / DAY_NS + 2 : 7;

	return days < 7 ? (unsigned)days : 7;
}

int32_t
op_executions_list(struct query *q)
{
	const struct trade_want want = {
		.account = query_str(q, "account_id"),
		.from_ns = query_time(q, "from"),
		.limit = (size_t)query_int(q, "limit", 100),
	};
	uint64_t now_ns = q->host->real_ns(q->ctx);
	char days[8];
	const struct ask ask = {
		.route = ROUTE_TRADES,
		.query = { "days", days, "accountId", want.account },
	};
	int32_t ret = query_primed(q);

	(void)snprintf(
	    days, sizeof(days), "%u", days_since(want.from_ns, now_ns));
	q->want = &want;
	if (ret == IAG_OK)
		ret = query_read(q, &ask, collecting, trades_map);
	/* what is older than a week is not in it */
	if (want.from_ns && want.from_ns + 7 * DAY_NS < now_ns)
		q->map.flags &= ~IAG_REPLY_COMPLETE;
	return query_end(q, ret);
}

/* ---- what-if */

static int32_t
whatif_map(struct query *q, const struct reply *reply, int last)
{
	(void)last;
	return map_whatif(&q->map, reply);
}

/* The value of a word: words[i] is i, 0 where it is none of them. */
static uint32_t
word_value(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 1; word && i < count; i++) {
		if (strcmp(words[i], word) == 0)
			return (uint32_t)i;
	}
	return 0;
}

static void
order_read(struct query *q, struct iag_order *order)
{
	static const char *const sides[] = { "", "buy", "sell" };
	static const char *const types[] = { "", "limit", "stop", "stop_limit",
		"trailing_stop" };
	static const char *const tifs[] = { "", "day", "good_till_cancelled" };

	*order = (struct iag_order){
		.struct_size = sizeof(*order),
		.side = word_value(query_str(q, "side"), sides, 3),
		.type = word_value(query_str(q, "order_type"), types, 5),
		.tif = word_value(query_str(q, "time_in_force"), tifs, 3),
		.account = query_str(q, "account_id"),
		.contract_id = query_str(q, "contract_id"),
		.quantity = query_str(q, "quantity"),
		.limit_price = query_str(q, "limit_price"),
		.stop_price = query_str(q, "stop_price"),
		.trailing_amount = query_str(q, "trailing_amount"),
		.trailing_percent = query_str(q, "trailing_percent"),
	};
}

int32_t
op_order_whatif(struct query *q)
{
	struct iag_order order;
	struct text body = { .data = NULL };
	struct ask ask = { .route = ROUTE_WHATIF };
	const char *fault;
	int32_t ret;

	order_read(q, &order);
	text_str(&body, "{\"orders\":[");
	fault = ticket_write(&body, &order);
	text_str(&body, "]}");
	ret = fault || body.failed ? IAG_INVAL : query_primed(q);
	if (fault)
		(void)map_fail(
		    &q->map, 0, "ORDER_VALIDATION_FAILED", "%s", fault);
	ask.body = body.data;
	ask.holes[0] = order.account;
	if (ret == IAG_OK)
		ret = query_read(q, &ask, PATIENCE_NONE, whatif_map);
	text_fini(&body);
	return query_end(q, ret);
}

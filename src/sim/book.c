/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The book: see book.h. */

#include "sim/book.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "sim/num.h"
#include "sim/pack.h"

#define FIRST_ID INT64_C(1370093238) /* as long as the broker's are */
#define IDS_S 100 /* more than are placed in a second, of four months */
#define NUMBERED_S (120 * 24 * 3600)

static const struct order_words words[ORDER_TYPE_COUNT] = {
	[TYPE_LMT] = { "LMT", "Limit", "LIMIT", true, false, false },
	[TYPE_MKT] = { "MKT", "Market", "MARKET", false, false, false },
	[TYPE_STP] = { "STP", "Stop", "STOP", true, false, true },
	[TYPE_STOP_LIMIT] = { "STOP_LIMIT", "Stop Limit", "STOP_LIMIT", true,
	    true, true },
	[TYPE_MIDPRICE] = { "MIDPRICE", "MidPrice", "MIDPRICE", false, false,
	    false },
	[TYPE_TRAIL] = { "TRAIL", "Trailing Stop", "TRAILING_STOP", false,
	    false, true },
	[TYPE_TRAILLMT] = { "TRAILLMT", "Trailing Stop Limit",
	    "TRAILING_STOP_LIMIT", true, true, true },
};

static const char *const status_names[ORDER_STATUS_COUNT][2] = {
	[STATUS_INACTIVE] = { "Inactive", "inactive" },
	[STATUS_PENDING_SUBMIT] = { "PendingSubmit", "pending_submit" },
	[STATUS_PRE_SUBMITTED] = { "PreSubmitted", "pre_submitted" },
	[STATUS_SUBMITTED] = { "Submitted", "submitted" },
	[STATUS_FILLED] = { "Filled", "filled" },
	[STATUS_PENDING_CANCEL] = { "PendingCancel", "pending_cancel" },
	[STATUS_PRE_CANCELLED] = { "PreCancelled", "pre_cancelled" },
	[STATUS_CANCELLED] = { "Cancelled", "cancelled" },
	[STATUS_WARN_STATE] = { "WarnState", "warn_state" },
	[STATUS_FAILED] = { "Failed", "failed" },
};

const struct order_words *
order_words(enum order_type type)
{
	return &words[type];
}

const char *
order_status_name(enum order_status status)
{
	return status_names[status][0];
}

const char *
order_status_filter(enum order_status status)
{
	return status_names[status][1];
}

void
order_fini(struct order *order)
{
	free(order->coid);
	free(order->parent_coid);
	free(order->reason);
	order->coid = order->parent_coid = order->reason = NULL;
}

void
book_fini(struct book *book)
{
	for (size_t i = 0; i < book->order_count; i++) {
		order_fini(book->orders[i]);
		free(book->orders[i]);
	}
	free(book->orders);
	free(book->trades);
	memset(book, 0, sizeof *book);
}

void
book_number(struct book *book, int64_t now_ms)
{
	book->last_id = FIRST_ID + now_ms / 1000 % NUMBERED_S * IDS_S;
}

struct order *
book_add(struct book *book, struct order *order)
{
	struct order **orders = reallocarray(
	    book->orders, book->order_count + 1, sizeof(struct order *));
	struct order *added = malloc(sizeof *added);

	if (orders)
		book->orders = orders;
	if (!orders || !added) {
		free(added);
		return NULL;
	}
	*added = *order;
	order->coid = order->parent_coid = order->reason = NULL;
	if (book->last_id == 0)
		book->last_id = FIRST_ID;
	added->id = ++book->last_id;
	orders[book->order_count++] = added;
	return added;
}

struct order *
book_find(const struct book *book, int64_t id)
{
	for (size_t i = 0; i < book->order_count; i++)
		if (book->orders[i]->id == id)
			return book->orders[i];
	return NULL;
}

struct order *
book_find_coid(
    const struct book *book, const struct account *account, const char *coid)
{
	for (size_t i = 0; i < book->order_count; i++) {
		struct order *order = book->orders[i];

		if (order->account == account && order->coid &&
		    strcmp(order->coid, coid) == 0)
			return order;
	}
	return NULL;
}

bool
order_is_alive(const struct order *order)
{
	switch (order->status) {
	case STATUS_FILLED:
	case STATUS_CANCELLED:
	case STATUS_FAILED:
		return false;
	case STATUS_INACTIVE:
		return order->parked;
	default:
		return true;
	}
}

/* A dollar an order at least, half a cent a share. */
static int64_t
commission(int64_t quantity)
{
	int64_t fee = num_mul(quantity, NUM_ONE / 200);

	return fee < NUM_ONE ? NUM_ONE : fee;
}

int
book_trade(struct book *book, struct order *order, int64_t quantity,
    int64_t price, int64_t now_ms)
{
	struct trade *trade =
	    reallocarray(book->trades, book->trade_count + 1, sizeof *trade);

	if (!trade || account_fill(order->account, order->contract,
			  order->buy ? quantity : -quantity, price)) {
		if (trade)
			book->trades = trade;
		return -1;
	}
	book->trades = trade;
	trade += book->trade_count++;
	*trade = (struct trade){ .order = order,
		.quantity = quantity,
		.price = price,
		.at_ms = now_ms,
		.commission = commission(quantity) };
	(void)snprintf(trade->id, sizeof trade->id, "0000e0d5.%08zx.01.01",
	    book->trade_count);
	order->spent = num_add(order->spent, num_mul(quantity, price));
	order->average = num_div(order->spent, order->filled + quantity);
	order->filled += quantity;
	order->changed_ms = now_ms;
	if (order->filled >= order->quantity)
		order->status = STATUS_FILLED;
	return 0;
}

void
order_cancel(struct book *book, struct order *order, int64_t now_ms)
{
	order->changed_ms = now_ms;
	order->cancel_ms = now_ms + book->cancel_ms;
	order->status = order->status == STATUS_INACTIVE
			    ? STATUS_CANCELLED
			    : STATUS_PENDING_CANCEL;
}

static void
write_order(struct buf *out, const struct order *order)
{
	pack_item(out, "{'id':%l,'account':%s,'conid':%l,'coid':%s,", order->id,
	    order->account->id, order->contract->conid, order->coid);
	pack(out, "'parent_coid':%s,'parent_id':%l,'group':%l,",
	    order->parent_coid, order->parent_id, order->group);
	pack(out, "'type':%s,'side':%s,'tif':%s,", words[order->type].ticket,
	    order->buy ? "BUY" : "SELL", order->tif);
	pack(out, "'price':%m,'aux_price':%m,'quantity':%q,'filled':%q,",
	    order->price, order->aux, order->quantity, order->filled);
	pack(out, "'average':%m,'status':%s,'created_ms':%l,'changed_ms':%l,",
	    order->average, order_status_name(order->status), order->created_ms,
	    order->changed_ms);
	pack(out, "'alive':%b,'reason':%s}", order_is_alive(order),
	    order->reason);
}

void
book_write(struct buf *out, const struct book *book)
{
	buf_str(out, "{\"orders\":[");
	for (size_t i = 0; i < book->order_count; i++)
		write_order(out, book->orders[i]);
	buf_str(out, "],\"trades\":[");
	for (size_t i = 0; i < book->trade_count; i++) {
		const struct trade *trade = &book->trades[i];

		pack_item(out, "{'id':%s,'order_id':%l,'account':%s,",
		    trade->id, trade->order->id, trade->order->account->id);
		pack(out, "'quantity':%q,'price':%m,'at_ms':%l}",
		    trade->quantity, trade->price, trade->at_ms);
	}
	buf_str(out, "]}");
}

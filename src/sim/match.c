/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What happens to orders by themselves: see match.h. */

#include "sim/match.h"

#include <string.h>

#include "base/cleanup.h"
#include "sim/num.h"

/* An order and what it meets. */
struct meeting {
	struct book *book;
	struct order *order;
	struct quote *quote;
	int64_t now_ms;
};

static bool
is_working(const struct order *order)
{
	return order->status == STATUS_PRE_SUBMITTED ||
	       order->status == STATUS_SUBMITTED ||
	       order->status == STATUS_PENDING_CANCEL;
}

/* A child waits until its parent has filled. */
static bool
is_held(const struct book *book, const struct order *order)
{
	const struct order *parent;

	if (order->parent_id == 0)
		return false;
	parent = book_find(book, order->parent_id);
	return parent && parent->status != STATUS_FILLED;
}

/* The stop of a trailing order after the last trade. */
static int64_t
trailing_stop(struct order *order, int64_t last)
{
	int64_t distance = order->trail;

	if (order->best == 0 ||
	    (order->buy ? last < order->best : last > order->best))
		order->best = last;
	if (order->trail_percent)
		distance = num_mul(order->best, order->trail) / 100;
	return order->buy ? order->best + distance : order->best - distance;
}

static int64_t
stop_of(struct order *order, int64_t last)
{
	switch (order->type) {
	case TYPE_TRAIL:
	case TYPE_TRAILLMT:
		return trailing_stop(order, last);
	case TYPE_STOP_LIMIT:
		return order->aux;
	default:
		return order->price;
	}
}

static bool
is_triggered(const struct meeting *meeting)
{
	struct order *order = meeting->order;
	int64_t last = meeting->quote->last, stop;

	if (order->triggered || !order_words(order->type)->trigger)
		return true;
	if (last == NO_PRICE)
		return false;
	stop = stop_of(order, last);
	order->triggered = order->buy ? last >= stop : last <= stop;
	return order->triggered;
}

/* The worst price that the order takes; NO_PRICE: any. */
static int64_t
limit_of(const struct meeting *meeting)
{
	const struct order *order = meeting->order;

	switch (order->type) {
	case TYPE_LMT:
	case TYPE_STOP_LIMIT:
	case TYPE_TRAILLMT:
		return order->price;
	case TYPE_MIDPRICE:
		return order->has_price ? order->price : NO_PRICE;
	default:
		return NO_PRICE;
	}
}

/* What the other side offers: its price, and how much is left of it. */
static int64_t *
offer(const struct meeting *meeting, int64_t *ret_price)
{
	struct quote *quote = meeting->quote;

	*ret_price = meeting->order->buy ? quote->ask : quote->bid;
	return meeting->order->buy ? &quote->ask_size : &quote->bid_size;
}

static bool
fill(const struct meeting *meeting)
{
	struct order *order = meeting->order;
	int64_t limit = limit_of(meeting), price, quantity;
	int64_t *size = offer(meeting, &price);

	if (price == NO_PRICE || *size <= 0 || meeting->quote->flag == 'H')
		return false;
	if (limit != NO_PRICE && (order->buy ? price > limit : price < limit))
		return false;
	quantity = order->quantity - order->filled;
	if (quantity > *size && order->all_or_none)
		return false;
	if (quantity > *size)
		quantity = *size;
	if (book_trade(meeting->book, order, quantity, price, meeting->now_ms))
		return false;
	*size -= quantity;
	return true;
}

/* To the exchange; what waits for a price stays with the broker. */
static bool
submit(const struct meeting *meeting)
{
	struct order *order = meeting->order;
	bool waits = is_held(meeting->book, order) || !is_triggered(meeting);

	if (meeting->now_ms < order->created_ms + meeting->book->submit_ms ||
	    waits || order->status != STATUS_PRE_SUBMITTED)
		return !waits && order->status != STATUS_PRE_SUBMITTED;
	order->status = STATUS_SUBMITTED;
	order->changed_ms = meeting->now_ms;
	return true;
}

static void
end(struct order *order, int64_t now_ms, bool by_system)
{
	order->status = STATUS_CANCELLED;
	order->changed_ms = now_ms;
	order->by_system = by_system;
}

/* Ends that follow from the end of another order. */
static bool
follow(struct book *book, struct order *ended, int64_t now_ms)
{
	bool moved = false;

	for (size_t i = 0; i < book->order_count; i++) {
		struct order *order = book->orders[i];
		bool is_child = order->parent_id == ended->id &&
				ended->status == STATUS_CANCELLED;
		bool is_rival = ended->group && order->group == ended->group &&
				order != ended &&
				order->id != ended->parent_id &&
				order->parent_id == ended->parent_id &&
				ended->status == STATUS_FILLED;

		if ((is_child || is_rival) && is_working(order)) {
			end(order, now_ms, true);
			moved = true;
		}
	}
	return moved;
}

static bool
is_immediate(const struct order *order)
{
	return strcmp(order->tif, "IOC") == 0;
}

static bool
step(struct book *book, struct market *market, struct order *order,
    int64_t now_ms)
{
	struct quote nothing = { .contract = order->contract,
		.bid = NO_PRICE,
		.ask = NO_PRICE,
		.last = NO_PRICE };
	struct quote *quote = market_find(market, order->contract);
	struct meeting meeting = { book, order, quote ? quote : &nothing,
		now_ms };
	bool moved = false;

	if (submit(&meeting))
		moved = fill(&meeting);
	if (order_is_alive(order) &&
	    ((order->status == STATUS_PENDING_CANCEL &&
		 now_ms >= order->cancel_ms) ||
		(order->status == STATUS_SUBMITTED && is_immediate(order)))) {
		end(order, now_ms, order->status == STATUS_SUBMITTED);
		moved = true;
	}
	if (!order_is_alive(order))
		moved |= follow(book, order, now_ms);
	return moved;
}

void
match_run(struct book *book, struct market *market, int64_t now_ms)
{
	bool moved;

	do {
		moved = false;
		for (size_t i = 0; i < book->order_count; i++)
			if (is_working(book->orders[i]))
				moved |=
				    step(book, market, book->orders[i], now_ms);
	} while (moved);
}

void
match_expire(struct book *book, int64_t now_ms)
{
	for (size_t i = 0; i < book->order_count; i++) {
		struct order *order = book->orders[i];

		if (order_is_alive(order) && strcmp(order->tif, "GTC") != 0)
			end(order, now_ms, true);
	}
}

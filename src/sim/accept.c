/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Acceptance of orders: see accept.h, cpapi.md 10.3 and 10.4. */

#include "sim/accept.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "sim/pack.h"
#include "sim/world.h"

#define REJECTED "Order rejected by the exchange."

static const char *
text_of(const struct proposal *proposal, size_t i)
{
	return proposal->texts[i] ? proposal->texts[i] : REJECTED;
}

static void
write_failed(struct call *call, const char *text)
{
	pack_item(&call->reply->body,
	    "{'order_id':'-1','order_status':'Failed','text':%s,"
	    "'warning_message':'" REJECTED "'}",
	    text);
}

static void
write_order(struct call *call, const struct order *order)
{
	struct buf *out = &call->reply->body;

	pack_item(out, "{'order_id':'%l',", order->id);
	if (order->coid)
		pack(out, "'local_order_id':%s,", order->coid);
	if (order->parent_coid)
		pack(out, "'parent_order_id':%s,", order->parent_coid);
	if (order->reason)
		pack(out, "'text':%s,", order->reason);
	pack(out, "'order_status':%s,'encrypt_message':'1'}",
	    order_status_name(order->status));
}

/* Refusals that are an answer of their own, not an element of a list. */
static bool
is_refused(struct call *call, const struct proposal *proposal)
{
	const struct order *first = &proposal->legs[0];

	switch (proposal->shapes[0]) {
	case SHAPE_ERROR:
		call_error(call, 200, "%s", text_of(proposal, 0));
		return true;
	case SHAPE_PROMPT:
		call_pack(call,
		    "{'orderId':%l,'reqId':'22170','dismissable':[],"
		    "'text':%s,'options':['Accept','Cancel'],'type':'M',"
		    "'messageId':'p12','prompt':true}",
		    call->sim->book.last_id + 1, text_of(proposal, 0));
		return true;
	default:
		if (!first->coid || proposal->modifies ||
		    !book_find_coid(
			&call->sim->book, first->account, first->coid))
			return false;
		call_error(call, 200,
		    "Order couldn't be submitted: Local order ID=%s is "
		    "already registered.",
		    first->coid);
		return true;
	}
}

static void
change(struct call *call, struct proposal *proposal)
{
	struct order *order = book_find(&call->sim->book, proposal->modifies);
	const struct order *wanted = &proposal->legs[0];

	if (!order || !order_is_alive(order)) {
		call_known(call, KNOWN_INACTIVE);
		return;
	}
	call_pack(call, "[");
	if (proposal->shapes[0] == SHAPE_FAILED) {
		write_failed(call, text_of(proposal, 0));
	} else {
		order->price = wanted->price;
		order->has_price = wanted->has_price;
		order->aux = wanted->aux;
		order->has_aux = wanted->has_aux;
		order->trail = wanted->trail;
		order->trail_percent = wanted->trail_percent;
		order->quantity = wanted->quantity;
		order->tif = wanted->tif;
		order->outside_rth = wanted->outside_rth;
		order->changed_ms = call->now_ms;
		if (order->filled >= order->quantity)
			order->status = STATUS_FILLED;
		write_order(call, order);
	}
	call_pack(call, "]");
}

/* What a leg is before it enters the book. */
static void
prepare(struct call *call, struct proposal *proposal, size_t i)
{
	struct order *leg = &proposal->legs[i];

	leg->created_ms = leg->changed_ms = call->now_ms;
	if (proposal->shapes[i] == SHAPE_INACTIVE) {
		leg->status = STATUS_INACTIVE;
		leg->parked = false;
		leg->reason = STEAL(proposal->texts[i]);
	} else if (leg->parked) {
		leg->status = STATUS_INACTIVE;
	}
}

/* A child joins its parent, or stays behind where that has failed. */
static void
join(struct order *leg, const struct order *parent)
{
	if (!leg->parent_coid)
		return;
	if (!parent) {
		leg->status = STATUS_INACTIVE;
		leg->parked = true;
	} else {
		leg->parent_id = parent->id;
		leg->group = parent->id;
	}
}

static struct order *
enter(struct call *call, struct proposal *proposal, size_t i)
{
	if (proposal->shapes[i] == SHAPE_FAILED)
		return NULL;
	prepare(call, proposal, i);
	return book_add(&call->sim->book, &proposal->legs[i]);
}

/* The parent of a child that comes alone. */
static struct order *
earlier_parent(struct call *call, const struct order *leg)
{
	struct book *book = &call->sim->book;
	struct order *parent;

	if (!leg->parent_coid)
		return NULL;
	parent = book_find_coid(book, leg->account, leg->parent_coid);
	return parent ? parent
		      : book_find(book, strtoll(leg->parent_coid, NULL, 10));
}

static void
accept_one(struct call *call, struct proposal *proposal)
{
	struct order *parent = earlier_parent(call, &proposal->legs[0]);
	struct order *order;

	join(&proposal->legs[0], parent);
	order = enter(call, proposal, 0);
	if (order)
		write_order(call, order);
	else
		write_failed(call, text_of(proposal, 0));
}

/* The children are answered first, their parent last. */
static void
accept_bracket(struct call *call, struct proposal *proposal)
{
	struct order *parent = enter(call, proposal, 0);

	for (size_t i = proposal->count - 1; i > 0; i--) {
		struct order *child;

		join(&proposal->legs[i], parent);
		child = enter(call, proposal, i);
		if (child)
			write_order(call, child);
		else
			write_failed(call, text_of(proposal, i));
	}
	if (parent)
		write_order(call, parent);
	else
		write_failed(call, text_of(proposal, 0));
}

static void
accept_group(struct call *call, struct proposal *proposal)
{
	int64_t group = 0;

	for (size_t i = 0; i < proposal->count; i++) {
		struct order *order = enter(call, proposal, i);

		if (!order) {
			write_failed(call, text_of(proposal, i));
			continue;
		}
		if (group == 0)
			group = order->id;
		order->group = group;
		write_order(call, order);
	}
}

static void
enter_all(struct call *call, struct proposal *proposal)
{
	if (is_refused(call, proposal))
		return;
	if (proposal->modifies) {
		change(call, proposal);
		return;
	}
	call_pack(call, "[");
	if (proposal->count == 1)
		accept_one(call, proposal);
	else if (proposal->legs[0].group_is_loose)
		accept_group(call, proposal);
	else
		accept_bracket(call, proposal);
	call_pack(call, "]");
}

void
order_propose(struct call *call, struct proposal *proposal)
{
	struct sim *sim = call->sim;

	call->reply->status = 200;
	call->reply->type = TYPE_JSON;
	if (question_ask(&sim->questions, proposal, &call->reply->body,
		&sim->seed, call->now_ms))
		return;
	enter_all(call, proposal);
	proposal_free(proposal);
}

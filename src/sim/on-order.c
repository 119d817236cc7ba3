/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Placing, changing and cancelling orders: cpapi.md section 10. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "sim/accept.h"
#include "sim/listing.h"
#include "sim/num.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/ticket.h"
#include "sim/world.h"

static void
refuse(struct call *call, const struct refusal *refusal)
{
	call_error(call, refusal->status, "%s", buf_text(&refusal->text));
}

/* Every ticket of a list; false after answering. */
static bool
read_legs(struct call *call, struct json_object *tickets,
    struct account *account, struct proposal *proposal)
{
	size_t count = json_object_array_length(tickets);

	for (size_t i = 0; i < count; i++) {
		struct refusal refusal CLEANUP_REFUSAL = REFUSAL_INIT;
		struct order *leg = &proposal->legs[i];

		if (ticket_parse(json_object_array_get_idx(tickets, i), account,
			leg, &refusal, &call->sim->strangers))
			continue;
		/* in a set a leg that is refused in a sentence fails alone */
		if (count == 1 || refusal.status != 200) {
			refuse(call, &refusal);
			return false;
		}
		proposal->shapes[i] = SHAPE_FAILED;
		proposal->texts[i] = buf_take(&refusal.text);
	}
	proposal->count = count;
	return true;
}

/* Several tickets are a parent with its children, or one group. */
static bool
is_set(const struct proposal *proposal)
{
	const struct order *first = &proposal->legs[0];
	bool loose = true, bracket = first->coid != NULL;

	for (size_t i = 0; i < proposal->count; i++) {
		const struct order *leg = &proposal->legs[i];

		loose &= leg->group_is_loose;
		bracket &=
		    i == 0 || (leg->parent_coid && first->coid &&
				  strcmp(leg->parent_coid, first->coid) == 0);
	}
	return proposal->count == 1 || loose || bracket;
}

static bool
is_registered(struct call *call, const struct order *order)
{
	if (!order->coid ||
	    !book_find_coid(&call->sim->book, order->account, order->coid))
		return false;
	call_error(call, 200,
	    "Order couldn't be submitted: Local order ID=%s is already "
	    "registered.",
	    order->coid);
	return true;
}

/* A child that is sent later names its parent by cOID or by order id. */
static bool
has_parent(struct call *call, const struct order *order)
{
	struct order *parent = book_find_coid(
	    &call->sim->book, order->account, order->parent_coid);

	if (!parent)
		parent = book_find(
		    &call->sim->book, strtoll(order->parent_coid, NULL, 10));
	if (parent && parent->account == order->account)
		return true;
	call_error(call, 200, "The parent order %s does not exist.",
	    order->parent_coid);
	return false;
}

static bool
is_affordable(struct call *call, const struct order *order)
{
	int64_t price = order->has_price
			    ? order->price
			    : market_mark(&call->sim->market, order->contract);

	if (!order->buy || order->parent_coid ||
	    account_value(order->contract, order->quantity, price) <=
		order->account->buying_power)
		return true;
	call_error(call, 200,
	    "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED "
	    "POSITION YOUR EQUITY WITH LOAN VALUE MUST EXCEED THE INITIAL "
	    "MARGIN.");
	return false;
}

/* What was announced for a leg, and what the broker asks by itself. */
static void
react(struct sim *sim, struct proposal *proposal, size_t i, bool modify)
{
	const struct order *leg = &proposal->legs[i];
	const struct reaction *reaction =
	    reactions_meet(&sim->reactions, leg, (int64_t)i, modify);

	if (reaction && reaction->shape != SHAPE_NONE) {
		proposal->shapes[i] = reaction->shape;
		free(proposal->texts[i]);
		proposal->texts[i] =
		    reaction->text ? strdup(reaction->text) : NULL;
	}
	if (reaction && reaction->questions && !proposal->rounds)
		proposal->rounds = json_object_get(reaction->questions);
	else if (i == 0 && !modify && !proposal->rounds)
		proposal->rounds = question_rounds(leg, &sim->market);
}

static void
place(struct call *call)
{
	struct account *account = call_account(call);
	struct json_object *tickets = json_get(call->body, "orders");
	struct proposal *proposal;
	size_t count = 0;

	if (json_object_is_type(tickets, json_type_array))
		count = json_object_array_length(tickets);
	if (count == 0 || count > LEGS_MAX) {
		call_error(call, 400, "Bad Request: no orders");
		return;
	}
	proposal = calloc(1, sizeof *proposal);
	if (!proposal) {
		call_known(call, KNOWN_SERVER_ERROR);
		return;
	}
	if (!read_legs(call, tickets, account, proposal) ||
	    is_registered(call, &proposal->legs[0]) ||
	    (count == 1 && proposal->legs[0].parent_coid &&
		!has_parent(call, &proposal->legs[0])) ||
	    !is_affordable(call, &proposal->legs[0])) {
		proposal_free(proposal);
		return;
	}
	if (!is_set(proposal)) {
		call_error(call, 400,
		    "Bad Request: several orders are not one bracket");
		proposal_free(proposal);
		return;
	}
	for (size_t i = 0; i < proposal->count; i++)
		react(call->sim, proposal, i, false);
	order_propose(call, proposal);
}

/* The order that the path names; NULL: there is none. */
static struct order *
named_order(struct call *call, struct account *account)
{
	char *end;
	long long id = strtoll(call->segments[1], &end, 10);
	struct order *order = *end ? NULL : book_find(&call->sim->book, id);

	return order && order->account == account ? order : NULL;
}

/* What a change may not change. */
static bool
is_change(
    struct call *call, const struct order *order, const struct order *change)
{
	if (change->contract != order->contract || change->buy != order->buy)
		call_error(call, 400,
		    "Bad Request: conid and side cannot be modified");
	else if (change->type != order->type)
		call_error(
		    call, 400, "Bad Request: orderType cannot be modified");
	else if (change->quantity < order->filled)
		call_error(call, 200,
		    "The size is smaller than what has been filled.");
	else
		return true;
	return false;
}

static void
modify(struct call *call)
{
	struct account *account = call_account(call);
	struct order *order = named_order(call, account);
	struct refusal refusal CLEANUP_REFUSAL = REFUSAL_INIT;
	struct proposal *proposal;

	if (!order) {
		call_error(
		    call, 200, "OrderID %s doesn't exist", call->segments[1]);
		return;
	}
	if (!order_is_alive(order)) {
		call_known(call, KNOWN_INACTIVE);
		return;
	}
	proposal = calloc(1, sizeof *proposal);
	if (!proposal) {
		call_known(call, KNOWN_SERVER_ERROR);
		return;
	}
	if (!ticket_parse(call->body, account, &proposal->legs[0], &refusal,
		&call->sim->strangers)) {
		refuse(call, &refusal);
		proposal_free(proposal);
		return;
	}
	if (!is_change(call, order, &proposal->legs[0])) {
		proposal_free(proposal);
		return;
	}
	proposal->count = 1;
	proposal->modifies = order->id;
	react(call->sim, proposal, 0, true);
	order_propose(call, proposal);
}

static void
cancel_all(struct call *call, struct account *account)
{
	struct book *book = &call->sim->book;

	for (size_t i = 0; i < book->order_count; i++)
		if (book->orders[i]->account == account &&
		    order_is_alive(book->orders[i]))
			order_cancel(book, book->orders[i], call->now_ms);
	call_pack(call,
	    "{'msg':'Request was submitted','order_id':-1,'conid':-1,"
	    "'account':null}");
}

static void
cancel(struct call *call)
{
	struct account *account = call_account(call);
	struct order *order = named_order(call, account);

	if (strcmp(call->segments[1], "-1") == 0) {
		cancel_all(call, account);
	} else if (!order) {
		call_error(
		    call, 200, "OrderID %s doesn't exist", call->segments[1]);
	} else if (!order_is_alive(order)) {
		call_known(call, KNOWN_INACTIVE);
	} else {
		order_cancel(&call->sim->book, order, call->now_ms);
		call_pack(call, "{'msg':'Request was submitted','order_id':%l,",
		    order->id);
		if (order->status == STATUS_CANCELLED)
			call_pack(call, "'conid':-1,'account':null}");
		else
			call_pack(call, "'conid':%l,'account':%s}",
			    order->contract->conid, account->id);
	}
}

static void
list(struct call *call)
{
	order_list(call);
}

static void
status(struct call *call)
{
	char *end;
	long long id = strtoll(call->segments[0], &end, 10);
	const struct order *order =
	    *end ? NULL : book_find(&call->sim->book, id);

	if (!order || order->account != call->sim->selected ||
	    !order_is_of_today(call->sim, order))
		call_known(call, KNOWN_UNAVAILABLE);
	else
		order_status(call, order);
}

static const struct route routes[] = {
	{ "GET", "/iserver/account/orders", NEED_TRADING, list },
	{ "GET", "/iserver/account/order/status/{}", NEED_TRADING, status },
	{ "POST", "/iserver/account/{}/orders",
	    NEED_TRADING | NEED_ACCOUNT | NEED_BODY, place },
	{ "POST", "/iserver/account/{}/order/{}",
	    NEED_TRADING | NEED_ACCOUNT | NEED_BODY, modify },
	{ "DELETE", "/iserver/account/{}/order/{}", NEED_TRADING | NEED_ACCOUNT,
	    cancel },
};
const struct family order_family = { routes, ARRAY_COUNT(routes) };

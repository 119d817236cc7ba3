/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Prices are JSON numbers with the digits that they were given with.  Where
 * an exchange is named, only conidex carries it: a conid beside it would
 * route the order elsewhere.
 */

#include "ticket.h"

#include <string.h>

#include "emit.h"
#include "text.h"

#define DIGITS "0123456789"

static const char *const types[] = {
	[IAG_TYPE_LIMIT] = "LMT",
	[IAG_TYPE_STOP] = "STP",
	[IAG_TYPE_STOP_LIMIT] = "STOP_LIMIT",
	[IAG_TYPE_TRAILING_STOP] = "TRAIL",
};

/* A JSON number without exponent. */
static int
is_number(const char *text)
{
	size_t whole;

	text += *text == '-';
	whole = strspn(text, DIGITS);
	if (whole == 0 || (whole > 1 && *text == '0'))
		return 0;
	text += whole;
	if (*text == '.') {
		size_t fraction = strspn(++text, DIGITS);

		if (fraction == 0)
			return 0;
		text += fraction;
	}
	return *text == '\0';
}

static int
is_positive(const char *text)
{
	return text && is_number(text) && *text != '-' &&
	       text[strspn(text, "0.")] != '\0';
}

/* Only what needs no escape in JSON. */
static int
is_plain(const char *text, size_t most)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz" DIGITS "._-";

	return text && *text && strlen(text) <= most &&
	       !text[strspn(text, allowed)];
}

static int
is_contract(const char *id)
{
	return id && *id && *id != '0' && strlen(id) <= 12 &&
	       !id[strspn(id, DIGITS)];
}

/* Given where it must be, a number where it is given. */
static int
is_odd(const char *number, int needed, int allowed)
{
	return number ? !allowed || !is_number(number) : needed;
}

static const char *
price_fault(const struct iag_order *order)
{
	int both = order->type == IAG_TYPE_STOP_LIMIT;
	int limit = both || order->type == IAG_TYPE_LIMIT;
	int stop = both || order->type == IAG_TYPE_STOP;
	int trail = order->type == IAG_TYPE_TRAILING_STOP;
	int trailing = is_positive(order->trailing_amount) +
		       is_positive(order->trailing_percent);

	if (is_odd(order->limit_price, limit, limit))
		return "a limit price, as a number, goes with limit and stop "
		       "limit orders, and with no other";
	if (is_odd(order->stop_price, stop, stop || trail))
		return "a stop price, as a number, goes with stop, stop limit "
		       "and trailing stop orders, and with no other";
	if (trail && trailing != 1)
		return "a trailing stop needs an amount or a percentage";
	if (!trail && (order->trailing_amount || order->trailing_percent))
		return "an order of this type has no trailing amount";
	return NULL;
}

static const char *
fault_of(const struct iag_order *order)
{
	if (order->need_flags)
		return "the order needs what this writer does not know";
	if (order->type < IAG_TYPE_LIMIT ||
	    order->type > IAG_TYPE_TRAILING_STOP)
		return "the broker gets limit, stop, stop limit and trailing "
		       "stop orders alone";
	if (order->side != IAG_SIDE_BUY && order->side != IAG_SIDE_SELL)
		return "an order buys or sells";
	if (order->tif != IAG_TIF_DAY &&
	    order->tif != IAG_TIF_GOOD_TILL_CANCELLED)
		return "an order is for the day or good till cancelled";
	if (!is_plain(order->account, 32))
		return "the account is no account of the broker";
	if (!is_contract(order->contract_id))
		return "the contract is no contract of the broker";
	if (order->exchange && !is_plain(order->exchange, 16))
		return "the exchange is no exchange of the broker";
	if (!is_positive(order->quantity))
		return "the quantity is no positive number";
	if (order->client_ref && !is_plain(order->client_ref, 64))
		return "the reference has characters that the broker does not "
		       "take";
	if (order->parent_ref && !is_plain(order->parent_ref, 64))
		return "the parent's reference has characters that the broker "
		       "does not take";
	return price_fault(order);
}

static void
number_put(struct text *out, const char *key, const char *number)
{
	if (!number)
		return;
	text_str(out, ",\"");
	text_str(out, key);
	text_str(out, "\":");
	text_str(out, number);
}

static void
contract_put(struct text *out, const struct iag_order *order)
{
	if (!order->exchange || strcmp(order->exchange, "SMART") == 0) {
		number_put(out, "conid", order->contract_id);
		return;
	}
	text_str(out, ",\"conidex\":\"");
	text_str(out, order->contract_id);
	text_str(out, "@");
	text_str(out, order->exchange);
	text_str(out, "\"");
}

/* A child of a bracket has its parent's reference and none of its own. */
static void
reference_put(struct text *out, const struct iag_order *order)
{
	if (order->parent_ref)
		emit_str(out, "parentId", order->parent_ref);
	else
		emit_str(out, "cOID", order->client_ref);
}

static void
prices_put(struct text *out, const struct iag_order *order)
{
	if (order->type == IAG_TYPE_LIMIT || order->type == IAG_TYPE_STOP_LIMIT)
		number_put(out, "price", order->limit_price);
	else
		number_put(out, "price", order->stop_price);
	if (order->type == IAG_TYPE_STOP_LIMIT)
		number_put(out, "auxPrice", order->stop_price);
	if (order->type != IAG_TYPE_TRAILING_STOP)
		return;
	emit_str(out, "trailingType", order->trailing_amount ? "amt" : "%");
	number_put(out, "trailingAmt",
	    order->trailing_amount ? order->trailing_amount
				   : order->trailing_percent);
}

const char *
ticket_write(struct text *out, const struct iag_order *order)
{
	const char *fault = fault_of(order);

	if (fault)
		return fault;
	emit_open(out, NULL, '{');
	emit_str(out, "acctId", order->account);
	contract_put(out, order);
	reference_put(out, order);
	emit_str(out, "orderType", types[order->type]);
	emit_str(out, "side", order->side == IAG_SIDE_BUY ? "BUY" : "SELL");
	emit_str(out, "tif", order->tif == IAG_TIF_DAY ? "DAY" : "GTC");
	number_put(out, "quantity", order->quantity);
	prices_put(out, order);
	emit_close(out, '}');
	return NULL;
}

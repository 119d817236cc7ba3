/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Tickets: see ticket.h.  A list of checks, the first that fails speaks; a
 * form that the service cannot read is a bad request, a value that it does not
 * take is refused in a sentence with status 200.
 */

#include "sim/ticket.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "sim/num.h"

#define COID_MAX 64

struct reading {
	struct json_object *ticket;
	struct account *account;
	struct order *order;
	struct refusal *refusal;
};

static const char *const known_members[] = { "acctId", "conid", "conidex",
	"secType", "cOID", "parentId", "orderType", "price", "auxPrice",
	"trailingType", "trailingAmt", "side", "tif", "quantity", "cashQty",
	"fxQty", "outsideRTH", "allOrNone", "useAdaptive", "isSingleGroup",
	"isCcyConv", "deactivated", "strategy", "strategyParameters",
	"manualIndicator", "extOperator", "listingExchange", "ticker",
	"referrer", "allocationMethod", "manualOrderTime", "customerAccount",
	"isProCustomer", "taxOptimizerId", "jsonPayload", "orderId" };

static const char *const tifs[] = { "DAY", "GTC", "OPG", "IOC", "PAX", "OVT",
	"OND" };

void
refusal_fini(struct refusal *refusal)
{
	buf_fini(&refusal->text);
}

static bool refuse(struct refusal *refusal, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool
refuse(struct refusal *refusal, int status, const char *fmt, ...)
{
	va_list ap;

	refusal->status = status;
	va_start(ap, fmt);
	buf_vprintf(&refusal->text, fmt, ap);
	va_end(ap);
	return false;
}

/* A member that has to be a JSON string if it is there. */
static bool
take_string(struct reading *reading, const char *name, const char **ret_text)
{
	struct json_object *value = json_get(reading->ticket, name);

	*ret_text = NULL;
	if (!value)
		return true;
	if (!json_object_is_type(value, json_type_string))
		return refuse(reading->refusal, 400,
		    "Bad Request: %s is not a string", name);
	*ret_text = json_object_get_string(value);
	return true;
}

/* A member that has to be a positive JSON number if it is there. */
static bool
take_number(struct reading *reading, const char *name, int64_t *num, bool *has)
{
	struct json_object *value;

	*has = json_object_object_get_ex(reading->ticket, name, &value);
	if (!*has)
		return true;
	if (!num_from_json(value, false, num))
		return refuse(reading->refusal, 400,
		    "Bad Request: %s is not a number", name);
	return true;
}

static bool
take_account(struct reading *reading)
{
	const char *id;

	if (!take_string(reading, "acctId", &id))
		return false;
	if (id && strcmp(id, reading->account->id) != 0)
		return refuse(reading->refusal, 400,
		    "Bad Request: accountId is not valid: %s", id);
	reading->order->account = reading->account;
	return true;
}

static bool
take_contract(struct reading *reading)
{
	struct json_object *conid = json_get(reading->ticket, "conid");
	const char *conidex;

	if (!take_string(reading, "conidex", &conidex))
		return false;
	if (conid && !json_object_is_type(conid, json_type_int))
		return refuse(reading->refusal, 400,
		    "Bad Request: conid is not a number");
	if (!conid && !conidex)
		return refuse(reading->refusal, 400,
		    "Bad Request: conid or conidex is missing");
	reading->order->contract =
	    conid ? contract_find(json_object_get_int64(conid))
		  : contract_parse(conidex);
	if (!reading->order->contract)
		return refuse(reading->refusal, 503, "Service Unavailable");
	return true;
}

static bool
take_side(struct reading *reading)
{
	const char *side;

	if (!take_string(reading, "side", &side))
		return false;
	if (!side || (strcmp(side, "BUY") != 0 && strcmp(side, "SELL") != 0))
		return refuse(reading->refusal, 400,
		    "Bad Request: side must be BUY or SELL");
	reading->order->buy = *side == 'B';
	return true;
}

static bool
take_type(struct reading *reading)
{
	const char *type;

	if (!take_string(reading, "orderType", &type))
		return false;
	for (int i = 0; type && i < ORDER_TYPE_COUNT; i++)
		if (strcmp(order_words((enum order_type)i)->ticket, type) ==
		    0) {
			reading->order->type = (enum order_type)i;
			return true;
		}
	return refuse(reading->refusal, 400,
	    "Bad Request: orderType is not valid: %s", type ? type : "");
}

static bool
take_tif(struct reading *reading)
{
	const char *tif;

	if (!take_string(reading, "tif", &tif))
		return false;
	for (size_t i = 0; tif && i < ARRAY_COUNT(tifs); i++)
		if (strcmp(tifs[i], tif) == 0) {
			reading->order->tif = tifs[i];
			return true;
		}
	return refuse(reading->refusal, 400,
	    "Bad Request: tif is not valid: %s", tif ? tif : "");
}

static bool
take_quantity(struct reading *reading)
{
	struct order *order = reading->order;
	int64_t ignored;
	bool quantity, cash, fx;

	if (!take_number(reading, "quantity", &order->quantity, &quantity) ||
	    !take_number(reading, "cashQty", &ignored, &cash) ||
	    !take_number(reading, "fxQty", &ignored, &fx))
		return false;
	if (quantity + cash + fx != 1)
		return refuse(reading->refusal, 400,
		    "Bad Request: exactly one of quantity, cashQty and fxQty "
		    "is needed");
	if (!quantity)
		return refuse(reading->refusal, 200,
		    "Cash quantity orders are not supported by this account.");
	if (order->quantity <= 0)
		return refuse(reading->refusal, 200,
		    "The size must be larger than zero.");
	return true;
}

static bool
take_prices(struct reading *reading)
{
	struct order *order = reading->order;
	const struct order_words *words = order_words(order->type);

	if (!take_number(reading, "price", &order->price, &order->has_price) ||
	    !take_number(reading, "auxPrice", &order->aux, &order->has_aux))
		return false;
	if (words->price && !order->has_price)
		return refuse(
		    reading->refusal, 400, "Bad Request: price is missing");
	if (words->aux && !order->has_aux)
		return refuse(
		    reading->refusal, 400, "Bad Request: auxPrice is missing");
	return true;
}

static bool
take_trail(struct reading *reading)
{
	struct order *order = reading->order;
	const char *type;
	bool has;

	if (!take_string(reading, "trailingType", &type) ||
	    !take_number(reading, "trailingAmt", &order->trail, &has))
		return false;
	if (order->type != TYPE_TRAIL && order->type != TYPE_TRAILLMT)
		return true;
	if (!type || (strcmp(type, "amt") != 0 && strcmp(type, "%") != 0))
		return refuse(reading->refusal, 400,
		    "Bad Request: trailingType must be amt or %%");
	if (!has || order->trail <= 0)
		return refuse(reading->refusal, 400,
		    "Bad Request: trailingAmt is missing");
	order->trail_percent = *type == '%';
	return true;
}

static bool
take_names(struct reading *reading)
{
	struct order *order = reading->order;
	const char *coid, *parent;

	if (!take_string(reading, "cOID", &coid) ||
	    !take_string(reading, "parentId", &parent))
		return false;
	if (coid && parent)
		return refuse(reading->refusal, 400,
		    "Bad Request: a child order has no cOID of its own");
	if (coid && (*coid == '\0' || strlen(coid) > COID_MAX))
		return refuse(
		    reading->refusal, 400, "Bad Request: cOID is not valid");
	order->coid = coid ? strdup(coid) : NULL;
	order->parent_coid = parent ? strdup(parent) : NULL;
	if ((coid && !order->coid) || (parent && !order->parent_coid))
		return refuse(reading->refusal, 500, "out of memory");
	return true;
}

static bool
take_flags(struct reading *reading)
{
	static const char *const flags[] = { "outsideRTH", "allOrNone",
		"useAdaptive", "isSingleGroup", "isCcyConv", "deactivated" };
	struct order *order = reading->order;
	bool is_future = strcmp(order->contract->type, "FUT") == 0;

	for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
		struct json_object *value = json_get(reading->ticket, flags[i]);

		if (value && !json_object_is_type(value, json_type_boolean))
			return refuse(reading->refusal, 400,
			    "Bad Request: %s is not a boolean", flags[i]);
	}
	order->outside_rth =
	    json_get_bool(reading->ticket, "outsideRTH", false);
	order->all_or_none = json_get_bool(reading->ticket, "allOrNone", false);
	order->parked = json_get_bool(reading->ticket, "deactivated", false);
	order->group_is_loose =
	    json_get_bool(reading->ticket, "isSingleGroup", false);
	if (is_future && !json_get(reading->ticket, "manualIndicator"))
		return refuse(reading->refusal, 400,
		    "Bad Request: manualIndicator is missing");
	return true;
}

/* Sizes and prices in the steps of the contract. */
static bool
check_steps(struct reading *reading)
{
	const struct order *order = reading->order;
	const struct contract *contract = order->contract;
	struct buf size CLEANUP_BUF = BUF_INIT;

	num_write(&size, order->quantity, 0);
	if (!num_is_multiple(order->quantity, contract->size_increment))
		return refuse(reading->refusal, 200,
		    "The size, %s, does not conform to the minimum size "
		    "increment of this contract.",
		    buf_text(&size));
	if ((order->has_price && order->price <= 0 &&
		strcmp(contract->type, "FUT") != 0) ||
	    !num_is_multiple(order->price, contract->increment) ||
	    !num_is_multiple(order->aux, contract->increment))
		return refuse(reading->refusal, 200,
		    "We cannot accept an order at the limit price you "
		    "selected. The price does not conform to the minimum "
		    "price variation of this contract.");
	if (strcmp(contract->type, "IND") == 0)
		return refuse(
		    reading->refusal, 200, "This contract cannot be traded.");
	return true;
}

static unsigned
count_strangers(struct json_object *ticket)
{
	unsigned count = 0;

	json_object_object_foreach (ticket, name, value) {
		bool known = false;

		(void)value;
		for (size_t i = 0; i < ARRAY_COUNT(known_members); i++)
			known |= strcmp(known_members[i], name) == 0;
		count += !known;
	}
	return count;
}

bool
ticket_parse(struct json_object *ticket, struct account *account,
    struct order *order, struct refusal *refusal, unsigned *strangers)
{
	struct reading reading = { ticket, account, order, refusal };

	if (!json_object_is_type(ticket, json_type_object))
		return refuse(refusal, 400, "Bad Request: no order");
	*strangers += count_strangers(ticket);
	order->status = STATUS_PRE_SUBMITTED;
	return take_account(&reading) && take_contract(&reading) &&
	       take_side(&reading) && take_type(&reading) &&
	       take_tif(&reading) && take_quantity(&reading) &&
	       take_prices(&reading) && take_trail(&reading) &&
	       take_names(&reading) && take_flags(&reading) &&
	       check_steps(&reading);
}

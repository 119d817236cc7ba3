/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Fields of the tools that read orders and executions; nothing here changes
 * an order.
 */

#include "tools/fields.h"

#define ORDER_STATUSES "open filled cancelled unknown"
#define SIDES "buy sell"
#define TIFS "day good_till_cancelled other"

const struct field orders_input[] = {
	IN_ACCOUNT,
	ONE_OF("status", 0, ORDER_STATUSES, "Only these"),
	END,
};

#define ORDER_FIELDS                                                 \
	OUT_ACCOUNT, STR("broker_order_id", REQ | PLAIN, "Order"),   \
	    STR("client_order_id", PLAIN, "Our reference"),          \
	    ONE_OF("status", REQ | PLAIN, ORDER_STATUSES, "State"),  \
	    LEN("broker_status", TEXT | PLAIN, 64, "Broker's word"), \
	    ONE_OF("side", REQ | PLAIN, SIDES, "Side"),              \
	    DEC("quantity", PLAIN, "Total size"),                    \
	    DEC("filled_quantity", PLAIN, "Filled"),                 \
	    STR("contract_id", REQ | PLAIN, "Contract"),             \
	    LEN("symbol", TEXT | PLAIN, 64, "Ticker"),               \
	    STR("order_type", 0, "limit, stop, stop_limit, ..."),    \
	    DEC("limit_price", PLAIN, "Limit"),                      \
	    DEC("stop_price", PLAIN, "Trigger"),                     \
	    ONE_OF("time_in_force", PLAIN, TIFS, "Lifetime"),        \
	    STR("currency", PLAIN, "ISO 4217"),                      \
	    TIME("created_at", PLAIN, "Placed"),                     \
	    TIME("updated_at", PLAIN, "Last change")

static const struct field order_row[] = { ORDER_FIELDS, END };

const struct field orders_output[] = {
	LIST("orders", REQ, order_row, 1000, "Orders of this session"),
	OUT_COMPLETE,
	END,
};

const struct field history_input[] = {
	IN_ACCOUNT,
	TIME("from", 0, "Not before, RFC 3339"),
	TIME("to", 0, "Not after, RFC 3339"),
	ONE_OF("status", 0, "open filled cancelled canceled unknown",
	    "Only these"),
	IN_LIMIT(500, "100"),
	END,
};

static const struct field history_row[] = {
	ORDER_FIELDS,
	DEC("average_fill_price", PLAIN, "Average fill"),
	LEN("cancel_reason", TEXT, 200, "Why it was cancelled"),
	END,
};

const struct field history_output[] = {
	OUT_ACCOUNT,
	LIST("orders", REQ | PLAIN, history_row, 500, "Newest first"),
	BOOL("truncated", REQ | PLAIN, "The limit cut it"),
	OUT_COMPLETE,
	END,
};

const struct field order_input[] = {
	IN_ACCOUNT,
	PAT("broker_order_id", REQ, ORDER_PATTERN,
	    "Broker or client order id, 1-96 letters, digits or ._-"),
	END,
};

const struct field order_output[] = {
	ORDER_FIELDS,
	DEC("average_fill_price", PLAIN, "Average fill"),
	END,
};

const struct field executions_input[] = {
	IN_ACCOUNT,
	TIME("from", 0, "Not before, RFC 3339"),
	IN_LIMIT(500, "100"),
	END,
};

static const struct field execution_row[] = {
	STR("execution_id", REQ | PLAIN, "Execution"),
	OUT_ACCOUNT,
	STR("broker_order_id", PLAIN, "Order"),
	STR("client_order_id", PLAIN, "Our reference"),
	STR("contract_id", REQ | PLAIN, "Contract"),
	LEN("symbol", TEXT | PLAIN, 64, "Ticker"),
	ONE_OF("asset_class", PLAIN, ASSET_CLASSES, "Class"),
	ONE_OF("side", REQ | PLAIN, SIDES, "Side"),
	DEC("quantity", PLAIN, "Size"),
	DEC("price", PLAIN, "Price"),
	DEC("commission", PLAIN, "Commission"),
	DEC("net_amount", PLAIN, "Cash moved"),
	STR("currency", PLAIN, "ISO 4217"),
	STR("exchange", PLAIN, "Where"),
	TIME("trade_time", PLAIN, "When"),
	LEN("description", TEXT | PLAIN, 200, "In words"),
	END,
};

const struct field executions_output[] = {
	LIST("executions", REQ | PLAIN, execution_row, 500, "Newest first"),
	OUT_COMPLETE,
	END,
};

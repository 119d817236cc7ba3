/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Fields of the operations that find out what became of a write. */

#include "tools/fields.h"

#define OPERATIONS "submit cancel modify group"
#define STATES "recorded unknown done refused"
#define MODES "paper live"
#define STATUSES "submitted open pending_cancel filled cancelled refused"
#define IN_RESOLVE_KEY                                        \
	PAT("idempotency_key", REQ, "^[A-Za-z0-9._-]{1,64}$", \
	    "Key of the request")

const struct field pending_input[] = {
	PAT("account_id", FIELD_ACCOUNT, ACCOUNT_PATTERN, "Only this account"),
	END,
};

static const struct field pending_row[] = {
	OUT_ACCOUNT,
	STR("idempotency_key", REQ | PLAIN, "Key of the request"),
	STR("leg", PLAIN, "Of a bracket: parent, take_profit, stop_loss"),
	ONE_OF("operation", REQ | PLAIN, OPERATIONS, "What was asked"),
	ONE_OF("mode", REQ | PLAIN, MODES, "Paper or live"),
	ONE_OF("state", REQ | PLAIN, STATES, "State"),
	ONE_OF("sender", REQ | PLAIN, "working over gone unknown",
	    "The process that sent it"),
	ONE_OF("side", PLAIN, "buy sell", "Side"),
	LEN("symbol", TEXT | PLAIN, 64, "Ticker"),
	DEC("quantity", PLAIN, "Size"),
	DEC("limit_price", PLAIN, "Limit"),
	DEC("stop_price", PLAIN, "Trigger"),
	STR("client_order_id", PLAIN, "Our reference"),
	STR("broker_order_id", PLAIN, "Order"),
	STR("writer", REQ | PLAIN, "Writer whose book it is in"),
	TIME("recorded_at", PLAIN, "Recorded before it was sent"),
	TIME("not_found_at", PLAIN, "Complete read without it"),
	LEN("what_may_have_happened", REQ | PLAIN, 200, "What may be"),
	LEN("what_to_do", REQ | PLAIN, 400, "What to do"),
	END,
};

const struct field pending_output[] = {
	LIST("pending", REQ, pending_row, 1000, "Each open request"),
	OUT_COMPLETE,
	END,
};

const struct field resolve_open_input[] = {
	IN_RESOLVE_KEY,
	IN_ACCOUNT,
	BOOL("accept_absent", 0,
	    "Settle it as refused if two complete reads are without it; end "
	    "its order if nothing shows that any more"),
	LEN("reason", 0, 200, "How you know that the broker has it not"),
	END,
};

static const struct field request_row[] = {
	STR("leg", PLAIN, "Of a bracket"),
	ONE_OF("operation", REQ | PLAIN, OPERATIONS, "What was asked"),
	STR("client_order_id", PLAIN, "Our reference"),
	STR("broker_order_id", PLAIN, "Order"),
	ONE_OF("state", REQ | PLAIN, STATES, "State now"),
	ONE_OF("inquiry", REQ | PLAIN,
	    "owned elsewhere unclear waiting absent settled overtaken",
	    "How the question ended"),
	LEN("note", TEXT | PLAIN, 1000, "Why"),
	TIME("look_again_at", PLAIN, "Waiting: when a look can prove more"),
	END,
};

static const struct field look_row[] = {
	STR("leg", PLAIN, "Of a bracket"),
	STR("broker_order_id", REQ | PLAIN, "Order"),
	ONE_OF("status", REQ | PLAIN, STATUSES, "As the journal has it"),
	DEC("filled_quantity", PLAIN, "Filled"),
	ONE_OF("look", REQ | PLAIN,
	    "unclear works ended waiting absent accepted overtaken",
	    "What the broker says of it"),
	LEN("note", TEXT | PLAIN, 1000, "Why"),
	END,
};

const struct field resolve_open_output[] = {
	OUT_ACCOUNT,
	STR("idempotency_key", REQ | PLAIN, "Key of the request"),
	ONE_OF("operation", REQ | PLAIN, OPERATIONS, "What was asked"),
	ONE_OF("mode", REQ | PLAIN, MODES, "Paper or live"),
	ONE_OF("state", REQ | PLAIN, STATES, "State now"),
	STR("client_order_id", PLAIN, "Our reference"),
	STR("broker_order_id", PLAIN, "Order"),
	STR("writer", REQ | PLAIN, "Writer whose book it is in"),
	LIST("requests", REQ | PLAIN, request_row, 100, "Each that was open"),
	LIST("orders", PLAIN, look_row, 3,
	    "Where none was open: each order that worked so far"),
	END,
};

const struct field reconcile_output[] = {
	BOOL("busy", REQ | PLAIN, "True: another process is at it"),
	INT("scanned", REQ | PLAIN, 0, 0, "Requests and orders asked about"),
	INT("settled", REQ | PLAIN, 0, 0, "Requests settled"),
	INT("unknown", REQ | PLAIN, 0, 0, "Requests that stay open"),
	INT("transitions", REQ | PLAIN, 0, 0, "Orders that changed"),
	INT("unchanged", REQ | PLAIN, 0, 0, "Orders that did not"),
	INT("unresolved", REQ | PLAIN, 0, 0,
	    "Requests that stay open, and orders of which nothing was learnt"),
	INT("rebuilt", REQ | PLAIN, 0, 0, "Order rows made again"),
	INT("late_landings", REQ | PLAIN, 0, 0,
	    "Orders found after they were held to be absent"),
	ITEMS("changes", TEXT | PLAIN, FIELD_STRING, "What happened"),
	ITEMS("notes", TEXT | PLAIN, FIELD_STRING, "What is wrong"),
	END,
};

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Fields of the tools that write orders.  The results' members stand in the
 * order in which the order desk writes them, because the audit's hash is over
 * that text.
 */

#include "tools/fields.h"

#define ID_PATTERN                                       \
	"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-" \
	"[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"
#define KEY_PATTERN "^[A-Za-z0-9._-]{1,64}$"
#define WRITE_STATUSES "submitted open pending_cancel filled cancelled refused"
#define MODES "paper live"

#define IN_KEY                                                          \
	PAT("idempotency_key", REQ, KEY_PATTERN,                        \
	    "Names this request, 1-64 letters, digits or ._-; after a " \
	    "lost answer call again with the same one")
#define IN_ORDER                                   \
	PAT("broker_order_id", REQ, ORDER_PATTERN, \
	    "Order, as its result named it")
#define IN_APPROVAL(n, d) PAT(n, REQ, ID_PATTERN, d)
#define IN_PREVIEW \
	PAT("preview_id", REQ, ID_PATTERN, "Preview that was approved")
#define IN_CHANGES                                                     \
	DEC("quantity", 0, "New size in total, filled part included"), \
	    DEC("limit_price", 0, "New limit"),                        \
	    DEC("stop_price", 0, "New trigger"),                       \
	    DEC("trailing_amount", 0, "New distance"),                 \
	    DEC("trailing_percent", 0, "New distance, percent"),       \
	    ONE_OF("time_in_force", 0,                                 \
		"day gtc good_till_cancelled good-till-cancelled",     \
		"New lifetime"),                                       \
	    PAT("currency", 0, CURRENCY_PATTERN, "Of the prices, ISO 4217")

#define ORDER_TYPES                                              \
	"limit market stop stop_limit stop-limit trailing_stop " \
	"trailing-stop"
#define LIFETIMES "day gtc good_till_cancelled good-till-cancelled DAY GTC"
#define IN_SIDE ONE_OF("side", REQ, "buy sell", "Buy or sell")
#define IN_PLACE                                                        \
	{                                                               \
		.name = "currency",                                     \
		.type = FIELD_STRING,                                   \
		.pattern = CURRENCY_PATTERN,                            \
		.value = "\"USD\"",                                     \
		.description = "Of contract and prices, ISO 4217",      \
	},                                                              \
	    ONE_OF("asset_class", 0, ASSET_CLASSES, "Only this class"), \
	    PAT("exchange", 0, EXCHANGE_PATTERN,                        \
		"Trade here, 1-16 of A-Z 0-9 .; else the broker chooses")

#define IN_REPLACED                              \
	PAT("broker_order_id", 0, ORDER_PATTERN, \
	    "Working order that it is to replace; limits then count the increase")

const struct field preview_input[] = {
	IN_ACCOUNT,
	IN_SYMBOL,
	IN_SIDE,
	DEC("quantity", REQ, "Size"),
	ONE_OF(
	    "order_type", REQ, ORDER_TYPES, "Type; market is always refused"),
	ONE_OF("time_in_force", REQ, LIFETIMES, "Lifetime"),
	DEC("limit_price", 0, "Needed by limit, stop_limit"),
	DEC("stop_price", 0, "Trigger, needed by stop, stop_limit"),
	DEC("trailing_amount", 0, "trailing_stop: distance, or"),
	DEC("trailing_percent", 0, "trailing_stop: distance in percent"),
	IN_PLACE,
	IN_REPLACED,
	END,
};

const struct field bracket_input[] = {
	IN_ACCOUNT,
	IN_SYMBOL,
	IN_SIDE,
	DEC("quantity", REQ, "Size of entry and exits"),
	DEC("entry_limit_price", REQ, "Limit of the entry"),
	DEC("take_profit_limit_price", REQ,
	    "Limit of the target; above the entry for a buy"),
	DEC("stop_loss_stop_price", REQ,
	    "Trigger of the stop; below the entry for a buy"),
	IN_PLACE,
	END,
};

static const struct field money[] = {
	DEC("amount", REQ | PLAIN, "Amount"),
	STR("currency", REQ | PLAIN, "ISO 4217"),
	END,
};

static const struct field question_row[] = {
	STR("message_id", REQ | PLAIN, "As in broker.questions"),
	LEN("text", REQ | TEXT | PLAIN, 1000, "What it asks"),
	BOOL("allowed", REQ, "False: it would not be answered"),
	END,
};

const struct field preview_output[] = {
	STR("preview_id", REQ, "Names it to approvals and submits"),
	STR("validated_order_id", REQ | PLAIN, "The same"),
	OUT_ACCOUNT,
	ONE_OF("mode", REQ, MODES, "Of the account, by the broker's word"),
	STR("contract_id", REQ | PLAIN, "Contract"),
	LEN("symbol", REQ | TEXT | PLAIN, 64, "Ticker"),
	ONE_OF("asset_class", REQ | PLAIN, ASSET_CLASSES, "Class"),
	STR("exchange", PLAIN, "Exchange; absent: the broker chooses"),
	STR("currency", REQ | PLAIN, "ISO 4217"),
	ONE_OF("side", REQ | PLAIN, "buy sell", "Side"),
	ONE_OF("order_type", REQ | PLAIN, "limit stop stop_limit trailing_stop",
	    "Type"),
	ONE_OF("time_in_force", REQ | PLAIN, "day good_till_cancelled",
	    "Lifetime"),
	DEC("quantity", REQ | PLAIN, "Size"),
	DEC("limit_price", PLAIN, "Limit"),
	DEC("stop_price", PLAIN, "Trigger"),
	DEC("trailing_amount", PLAIN, "Distance"),
	DEC("trailing_percent", PLAIN, "Distance, percent"),
	OBJ("estimated_cost", PLAIN, money, "Price x quantity x multiplier"),
	OBJ("estimated_commission", PLAIN, money, "By the broker"),
	OBJ("margin_impact", 0, money, "Change of the initial margin"),
	LIST("questions", 0, question_row, 20, "What the broker would ask"),
	ITEMS("warnings", TEXT | PLAIN, FIELD_STRING, "What to mind"),
	STR("policy_id", 0, "Risk policy that it passed; absent: none holds"),
	STR("writer", REQ | PLAIN, "Writer plugin that may send it"),
	BOOL("simulated", 0, "True: that writer reaches no broker"),
	STR("digest", REQ, "SHA-256 that an approval binds"),
	TIME("created_at", REQ | PLAIN, "When it was made"),
	TIME("expires_at", REQ, "Approve and submit before"),
	STR("audit_event_id", PLAIN, "Its record"),
	END,
};

/* A preview, or an order: all that is missing is told. */
const struct field explain_input[] = {
	PAT("preview_id", 0, ID_PATTERN, "A stored preview; or an order:"),
	PAT("account_id", FIELD_ACCOUNT, ACCOUNT_PATTERN, "Account"),
	PAT("symbol", 0, SYMBOL_PATTERN, "Ticker"),
	ONE_OF("side", 0, "buy sell", "Buy or sell"),
	DEC("quantity", 0, "Size"),
	ONE_OF("order_type", 0, ORDER_TYPES, "Type; limit if not given"),
	ONE_OF("time_in_force", 0, LIFETIMES, "Lifetime; day if not given"),
	DEC("limit_price", 0, "Needed by limit, stop_limit"),
	DEC("stop_price", 0, "Trigger, needed by stop, stop_limit"),
	DEC("trailing_amount", 0, "trailing_stop: distance, or"),
	DEC("trailing_percent", 0, "trailing_stop: distance in percent"),
	PAT("currency", 0, CURRENCY_PATTERN, "ISO 4217; USD if not given"),
	ONE_OF("asset_class", 0, ASSET_CLASSES, "Only this class"),
	PAT("exchange", 0, EXCHANGE_PATTERN, "Trade here"),
	IN_REPLACED,
	END,
};

static const struct field rule_row[] = {
	STR("rule", REQ | PLAIN, "Argument, gate or limit"),
	ONE_OF("verdict", REQ | PLAIN, "pass fail", "What it says"),
	STR("limit", TEXT | PLAIN, "What is allowed"),
	STR("actual", TEXT | PLAIN, "What came"),
	STR("fix", TEXT | PLAIN, "What would pass"),
	STR("code", PLAIN, "Code of the refusal"),
	END,
};

const struct field explain_output[] = {
	STR("preview_id", PLAIN, "The preview"),
	STR("group_id", PLAIN, "Its bracket, judged as a whole"),
	STR("account_id", PLAIN, "Account"),
	ONE_OF("mode", PLAIN, MODES, "Of the account"),
	LEN("symbol", TEXT | PLAIN, 64, "Ticker"),
	STR("policy_id", PLAIN, "Risk policy in force; absent: none"),
	ONE_OF("verdict", REQ | PLAIN, "pass fail", "Of all rules"),
	STR("code", PLAIN, "What a preview would be refused with"),
	LIST("rules", REQ | PLAIN, rule_row, 200, "Each rule"),
	END,
};

const struct field bracket_output[] = {
	STR("group_id", REQ, "Names the bracket to approvals"),
	OBJ("parent", REQ, preview_output, "Entry"),
	OBJ("take_profit", REQ, preview_output, "Target"),
	OBJ("stop_loss", REQ, preview_output, "Stop"),
	END,
};

const struct field paper_submit_input[] = {
	IN_ACCOUNT,
	IN_APPROVAL("approval_id", "Approval to use up"),
	IN_KEY,
	END,
};

const struct field cancel_input[] = {
	IN_ACCOUNT,
	IN_ORDER,
	IN_KEY,
	END,
};

const struct field modify_input[] = {
	IN_ACCOUNT,
	IN_ORDER,
	IN_APPROVAL("approval_id", "Approval of the replacement"),
	IN_PREVIEW,
	IN_KEY,
	IN_CHANGES,
	END,
};

const struct field bracket_submit_input[] = {
	IN_ACCOUNT,
	IN_APPROVAL("parent_approval_id", "Approval of the entry"),
	IN_APPROVAL("take_profit_approval_id", "Approval of the target"),
	IN_APPROVAL("stop_loss_approval_id", "Approval of the stop"),
	PAT("idempotency_key", REQ, "^[A-Za-z0-9._-]{1,60}$",
	    "Names this request, 1-60 letters, digits or ._-; after a lost "
	    "answer call again with the same one"),
	END,
};

const struct field live_submit_input[] = {
	IN_ACCOUNT,
	IN_APPROVAL("approval_id", "Approval to use up"),
	IN_PREVIEW,
	IN_KEY,
	END,
};

#define OUT_WRITER                                                \
	STR("writer", PLAIN, "Writer plugin"),                    \
	    BOOL("simulated", 0, "True: no broker was involved"), \
	    STR("separation", 0,                                  \
		"same_uid: the caller could bypass "              \
		"every gate"),                                    \
	    TIME("updated_at", REQ | PLAIN, "Last change"),       \
	    BOOL("replayed", 0, "True: told again, sent once")

const struct field lifecycle_output[] = {
	OUT_ACCOUNT,
	STR("broker_order_id", PLAIN, "Order"),
	STR("client_order_id", PLAIN, "Our reference"),
	STR("idempotency_key", REQ | PLAIN, "Key of the request"),
	ONE_OF("mode", REQ | PLAIN, MODES, "Paper or live"),
	ONE_OF(
	    "operation", REQ | PLAIN, "submit cancel modify", "What was asked"),
	ONE_OF("status", REQ | PLAIN, WRITE_STATUSES, "State"),
	LEN("broker_status", TEXT | PLAIN, 64, "Broker's word"),
	DEC("filled_quantity", PLAIN, "Filled"),
	DEC("average_fill_price", PLAIN, "Average fill"),
	DEC("notional", 0, "Price x quantity x multiplier"),
	OUT_WRITER,
	END,
};

static const struct field leg_row[] = {
	STR("role", REQ | PLAIN, "parent, take_profit, stop_loss"),
	STR("broker_order_id", PLAIN, "Order"),
	STR("client_order_id", PLAIN, "Our reference"),
	ONE_OF("outcome", REQ | PLAIN, "done refused unknown", "Outcome"),
	ONE_OF("status", PLAIN, WRITE_STATUSES, "State"),
	END,
};

const struct field group_output[] = {
	STR("group_id", PLAIN, "Bracket"),
	OUT_ACCOUNT,
	STR("idempotency_key", REQ | PLAIN, "Key of the request"),
	ONE_OF("mode", REQ | PLAIN, MODES, "Paper or live"),
	ONE_OF("status", REQ, "submitted partial cancelled",
	    "partial: not all legs stand, as where an exit was refused and "
	    "the entry may have filled; see legs"),
	ONE_OF("atomicity", REQ, "broker_bracket sequential",
	    "sequential: exits may fill before the entry"),
	ITEMS("broker_order_ids", REQ | PLAIN, FIELD_STRING, "Orders"),
	LIST("legs", REQ | PLAIN, leg_row, 3, "Each leg"),
	OUT_WRITER,
	END,
};

static const struct field sweep_row[] = {
	STR("broker_order_id", REQ | PLAIN, "Order"),
	STR("client_order_id", PLAIN, "Our reference"),
	ONE_OF("mode", REQ | PLAIN, MODES, "Paper or live"),
	ONE_OF("outcome", REQ | PLAIN, "done refused unknown", "Outcome"),
	STR("error_code", PLAIN, "Why not"),
	LEN("error", TEXT | PLAIN, 1000, "Why not, in words"),
	LEN("what_to_do", PLAIN, 400, "Of one that the broker has no more"),
	END,
};

const struct field sweep_input[] = {
	IN_ACCOUNT,
	LEN("reason", REQ, 200, "Why, for the record"),
	END,
};

const struct field sweep_output[] = {
	OUT_ACCOUNT,
	LEN("reason", TEXT | PLAIN, 200, "Why"),
	LIST("orders", REQ | PLAIN, sweep_row, 1000, "Each order"),
	INT("accepted", REQ, 0, 0, "Cancels that the broker took"),
	INT("failed", REQ, 0, 0, "Cancels that are refused or unknown"),
	END,
};

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Fields of the tools that tell about the gateway itself: health, session,
 * kill switch, limits, audit.
 */

#include "tools/fields.h"

const struct field fields_none[] = { END };

const struct field health_output[] = {
	ONE_OF("gateway", REQ | PLAIN, "ok", "The gateway answers"),
	STR("version", REQ | PLAIN, "Of the gateway"),
	BOOL("read_only", REQ, "No order can be placed by this caller"),
	STR("backend", REQ | PLAIN, "Backend in use"),
	BOOL("backend_ready", REQ | PLAIN, "Backend is open"),
	INT("tools", REQ, 0, 0, "Tools that this caller may use"),
	BOOL("preview_enabled", REQ, "Order preview is configured"),
	BOOL("paper_enabled", REQ, "Paper trading is configured"),
	BOOL("live_enabled", REQ, "Live trading is configured"),
	TIME("time", REQ | PLAIN, "Now"),
	END,
};

const struct field session_output[] = {
	ONE_OF("status", REQ, "usable manual_action_required unavailable",
	    "Can the session be used?"),
	STR("backend", REQ | PLAIN, "Backend in use"),
	TIME("checked_at", REQ | PLAIN, "When it was asked"),
	TIME("last_keepalive_at", PLAIN, "Last renewal"),
	STR("state", PLAIN, "Where the session stands, in one word"),
	BOOL("competing", 0, "Another login holds the session"),
	LEN("user_action", TEXT, 500, "What a person must do"),
	LEN("message", TEXT, 500, "What the broker or backend said"),
	STR("error_code", PLAIN, "Code of the trouble"),
	END,
};

#define SWITCH_STATES "open cancel_only closed"
#define SWITCH_FIELDS                                                 \
	ONE_OF("state", REQ | PLAIN, SWITCH_STATES, "What may pass"), \
	    LEN("changed_by", TEXT | PLAIN, 200, "Who set it"),       \
	    TIME("changed_at", PLAIN, "When"),                        \
	    LEN("reason", TEXT | PLAIN, 500, "Why")

static const struct field paper_switch[] = {
	ONE_OF("mode", REQ | PLAIN, "paper", "Which switch"),
	SWITCH_FIELDS,
	END,
};

const struct field switch_output[] = {
	ONE_OF("mode", REQ | PLAIN, "live", "Which switch"),
	SWITCH_FIELDS,
	OBJ("paper", REQ, paper_switch, "The switch of paper trading"),
	END,
};

#define IN_REASON                                                     \
	{                                                             \
		.name = "reason", .type = FIELD_STRING, .flags = REQ, \
		.min = 1, .max = 200,                                 \
		.description = "Why, for the record: 1-200 "          \
			       "characters"                           \
	}
#define IN_MODE                                                                \
	{                                                                      \
		.name = "mode", .type = FIELD_CHOICE, .choices = "live paper", \
		.value = "\"live\"",                                           \
		.description = "Which of the two switches (live)"              \
	}

const struct field switch_open_input[] = { IN_REASON, IN_MODE, END };

const struct field switch_narrow_input[] = {
	IN_REASON,
	IN_MODE,
	BOOL("no_wait", 0, "Do not wait for what is being sent"),
	END,
};

static const struct field flight_row[] = {
	OUT_ACCOUNT,
	STR("idempotency_key", REQ | PLAIN, "Key of the request"),
	STR("operation", REQ | PLAIN, "What was asked"),
	STR("state", REQ, "recorded: it may be on its way; unknown"),
	STR("client_order_id", PLAIN, "Our reference"),
	STR("writer", PLAIN, "Writer plugin"),
	TIME("recorded_at", PLAIN, "When"),
	END,
};

const struct field switch_set_output[] = {
	ONE_OF("mode", REQ | PLAIN, "live paper", "Which switch"),
	ONE_OF("state", REQ | PLAIN, SWITCH_STATES, "What may pass now"),
	ONE_OF("previous", REQ | PLAIN, SWITCH_STATES, "Before"),
	LEN("reason", TEXT | PLAIN, 500, "Why"),
	BOOL("drained", REQ, "Nothing is being sent any more"),
	STR("message", PLAIN, "That the other switch stays open"),
	LIST("in_flight", REQ, flight_row, 1000,
	    "Of this mode: what may still land, or has an unknown outcome"),
	END,
};

/* The five of checklist_items. */
const struct field checklist_input[] = {
	IN_ACCOUNT,
	{
	    .name = "items",
	    .type = FIELD_ARRAY,
	    .items = FIELD_CHOICE,
	    .choices = "paper_trading_validated approvals_reviewed "
		       "limits_reviewed kill_switch_tested "
		       "incident_runbook_reviewed",
	    .max = 5,
	    .description = "Items of the checklist; to revoke: none means all",
	},
	END,
};

static const struct field checklist_row[] = {
	STR("item", REQ | PLAIN, "Item"),
	BOOL("acknowledged", REQ | PLAIN, "It is"),
	LEN("by", TEXT | PLAIN, 200, "Who"),
	TIME("at", PLAIN, "When"),
	END,
};

const struct field checklist_output[] = {
	OUT_ACCOUNT,
	BOOL("complete", REQ | PLAIN | FIELD_SHOWN, "All are acknowledged"),
	LIST("items", REQ | PLAIN, checklist_row, 5, "Each item"),
	END,
};

const struct field activate_output[] = {
	BOOL("activated", REQ | PLAIN, "It is in force"),
	STR("digest", REQ | PLAIN, "SHA-256 of the live configuration"),
	LEN("changed", PLAIN, 4096,
	    "Keys that differ from before; absent: none does"),
	END,
};

const struct field clock_input[] = {
	BOOL("accept", 0, "Rely on the clock as it is now"),
	LEN("reason", 0, 200, "Why, for the record; with accept"),
	END,
};

const struct field clock_output[] = {
	BOOL("accepted", PLAIN, "It was accepted"),
	BOOL("sound", PLAIN, "Live orders rely on it"),
	LEN("explanation", PLAIN, 300, "Why not"),
	TIME("now", REQ | PLAIN, "The clock"),
	TIME("newest_record", REQ | PLAIN, "Highest recorded time"),
	END,
};

static const struct field money[] = {
	DEC("amount", REQ | PLAIN, "Amount"),
	STR("currency", REQ | PLAIN, "ISO 4217"),
	END,
};

const struct field limits_output[] = {
	OUT_ACCOUNT,
	ONE_OF("account_mode", REQ | PLAIN, ACCOUNT_MODES, "As configured"),
	BOOL("configured", REQ, "A risk policy holds this account"),
	STR("policy_id", PLAIN, "The policy"),
	LEN("explanation", 0, 300, "What holds where no policy does"),
	INT("submitted_in_window", 0, 0, 0, "Orders in the window"),
	INT("submitted_in_session", REQ, 0, 0, "Orders in the session"),
	OBJ("session_notional", PLAIN, money, "Used in the session"),
	INT("remaining_window_orders", PLAIN, 0, 0, "Left in the window"),
	INT("remaining_session_orders", PLAIN, 0, 0, "Left in the session"),
	OBJ("remaining_session_notional", PLAIN, money, "Left in the session"),
	TIME("session_started_at", REQ, "Start of the session"),
	TIME("timestamp", REQ | PLAIN, "When it was counted"),
	END,
};

#define IN_EVENT_TYPE \
	PAT("event_type", 0, "^[a-z_]{1,64}$", "Only this type, 1-64 of a-z _")

const struct field tail_input[] = {
	IN_LIMIT(500, "100"),
	INT("before", 0, 1, 9007199254740991,
	    "Only records before this sequence, from 1"),
	IN_EVENT_TYPE,
	END,
};

static const struct field tail_event[] = {
	INT("sequence_id", REQ | PLAIN, 0, 0, "Place in the chain"),
	OBJ("event", REQ | PLAIN, NULL, "The record"),
	END,
};

const struct field tail_output[] = {
	LIST("events", REQ | PLAIN, tail_event, 500, "Newest first"),
	OUT_COMPLETE,
	INT("next", 0, 0, 0, "Value of before for the next page"),
	END,
};

const struct field export_input[] = {
	IN_LIMIT(500, "100"),
	INT("first", 0, 0, 9007199254740991, "First sequence, from 0"),
	INT("last", 0, 0, 9007199254740991, "Last sequence, from 0"),
	TIME("from", 0, "Not before, RFC 3339"),
	TIME("to", 0, "Not after, RFC 3339"),
	IN_EVENT_TYPE,
	END,
};

static const struct field export_range[] = {
	INT("requested_limit", REQ | PLAIN, 0, 0, "As asked"),
	INT("exported_count", REQ, 0, 0, "Records in the payload"),
	INT("first_sequence", PLAIN, 0, 0, "First asked for"),
	INT("last_sequence", PLAIN, 0, 0, "Last asked for"),
	END,
};

const struct field export_output[] = {
	STR("export_id", REQ | PLAIN, "UUID"),
	ONE_OF("format", REQ | PLAIN, "jsonl", "One record per line"),
	OBJ("range", REQ | PLAIN, export_range, "What is in it"),
	STR("redaction_policy", REQ | PLAIN, "What was taken out"),
	TIME("created_at", REQ | PLAIN, "When"),
	STR("file_hash", REQ, "SHA-256 of the payload"),
	LEN("payload_jsonl", REQ, 1048576, "Records, oldest first"),
	OBJ("manifest", REQ, NULL, "Proof for audit verify --file"),
	END,
};

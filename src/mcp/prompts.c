/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Prompts: tasks that people start by name.  Each text uses only tools that
 * exist; arguments are shown as quoted data, so that a value cannot pose as
 * part of the task.
 */

#include "mcp/prompts.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "mcp/tools.h"

enum { PROMPT_VALUE_MAX = 512 }; /* bytes of one argument */

struct prompt_argument {
	const char *name;
	const char *description;
	bool is_required;
	/* put in front of the quoted value */
	const char *phrase;
};

struct prompt {
	const char *name;
	const char *title;
	const char *description;
	const struct prompt_argument *arguments; /* ends with a NULL name */
	const char *text;
};

static const struct prompt_argument daily_arguments[] = {
	{ "account_id", "Only this account; all accounts without it", false,
	    "Only this account: " },
	{ NULL, NULL, false, NULL },
};

static const struct prompt_argument incident_arguments[] = {
	{ "event_id", "Audit event id, or sequence, to start from", false,
	    "Start from this audit record: " },
	{ "description", "What was seen, in a sentence", false,
	    "What was seen: " },
	{ NULL, NULL, false, NULL },
};

static const struct prompt_argument preview_arguments[] = {
	{ "order", "The order in words: side, size, ticker, type, prices", true,
	    "The order: " },
	{ "account_id", "The account; asked for without it", false,
	    "For this account: " },
	{ NULL, NULL, false, NULL },
};

static const char preview_text[] =
    "Preview one order and explain what it would do. Approve nothing, submit "
    "nothing.\n"
    "\n"
    "1. Take account, ticker, side, size, type, prices and lifetime from the "
    "order below. Ask for what is missing; guess nothing. Market orders do not "
    "exist here.\n"
    "2. ibkr_contract_resolve: is it the contract that is meant? If several "
    "fit, show them and ask.\n"
    "3. ibkr_market_snapshot: how far are the prices from the market, and how "
    "old is the quote?\n"
    "4. ibkr_order_preview; ibkr_bracket_order_preview for an entry with a "
    "target and a stop.\n"
    "5. ibkr_limits_status: what would be left of each limit.\n"
    "\n"
    "Explain in this order: the order as it would be sent, member by member; "
    "what it costs at most, with commission and margin where they are told; "
    "what makes it fill or not, by the quote of step 3 and its time; every "
    "warning. If it was refused: every entry of refusals, with its limit, the "
    "actual value and what would pass; change nothing to get around one. Then "
    "the preview_id, its expires_at, whether the account is paper or live, "
    "and that somebody has to approve it before it can be sent. A value that "
    "is absent is unknown, not zero.";

static const char daily_text[] =
    "Review the account for today. Only read; change nothing.\n"
    "\n"
    "1. ibkr_health and ibkr_backend_status: is the gateway well, is the "
    "session authenticated? If not, stop and read ibkr://docs/session.\n"
    "2. ibkr_accounts_list; then for each account ibkr_account_summary, "
    "ibkr_pnl_daily and ibkr_positions_list.\n"
    "3. ibkr_orders_list and ibkr_executions_list: what is working, what was "
    "filled today.\n"
    "4. ibkr_limits_status: what is left of each limit.\n"
    "\n"
    "Report in this order: state of the session; value and P&L per account "
    "with currency; the largest positions and moves; working orders and "
    "fills; limits that are nearly used; everything that was stale, delayed, "
    "incomplete or missing. A value that is absent is unknown, not zero. Give "
    "the time of each figure.";

static const char incident_text[] =
    "Find out from the record what happened. Only read; change nothing.\n"
    "\n"
    "1. ibkr_audit_tail with limit 100, page back with `before` until the "
    "start of the incident is covered. If it answers AUDIT_CHAIN_INVALID, "
    "stop and read ibkr://docs/audit.\n"
    "2. ibkr_health, ibkr_backend_status and ibkr_kill_switch_status: how "
    "things stand now.\n"
    "3. For the accounts concerned ibkr_orders_history, ibkr_order_status and "
    "ibkr_executions_list. Account ids are hashes in the audit; "
    "ibkr_accounts_list shows which is which.\n"
    "\n"
    "Report a timeline (time, sequence, principal, tool, outcome, error "
    "code), then what is established, what is only likely, what cannot be "
    "known from here, and what the operator should do next. An outcome that "
    "is `unknown` stays unknown until the broker has been asked.";

static const struct prompt prompt_table[] = {
	{ "preview-and-explain", "Preview and explain",
	    "Checks one order without sending it, and says what it would do",
	    preview_arguments, preview_text },
	{ "daily-review", "Daily review",
	    "Session, P&L, positions, orders and limits of the day",
	    daily_arguments, daily_text },
	{ "incident-review", "Incident review",
	    "A timeline of what happened, from the audit trail",
	    incident_arguments, incident_text },
};

static const struct prompt *
prompt_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(prompt_table); i++) {
		if (strcmp(prompt_table[i].name, name) == 0)
			return &prompt_table[i];
	}
	return NULL;
}

static void
prompt_write_entry(struct buf *out, const struct prompt *prompt)
{
	const struct prompt_argument *first = prompt->arguments;

	buf_printf(out,
	    "{\"name\":\"%s\",\"title\":\"%s\",\"description\":\"%s\","
	    "\"arguments\":[",
	    prompt->name, prompt->title, prompt->description);
	for (const struct prompt_argument *a = first; a->name; a++)
		buf_printf(out,
		    "%s{\"name\":\"%s\",\"description\":\"%s\","
		    "\"required\":%s}",
		    a == first ? "" : ",", a->name, a->description,
		    a->is_required ? "true" : "false");
	buf_str(out, "]}");
}

void
prompts_list(struct session *session, struct request *request, struct buf *out)
{
	(void)session;
	if (!tools_check_cursor(request, out))
		return;
	answer_begin(out, request->message->id, request->era);
	answer_cache(out, request->era, ANSWER_PUBLIC);
	answer_member(out, "prompts");
	buf_char(out, '[');
	for (size_t i = 0; i < ARRAY_COUNT(prompt_table); i++) {
		if (i > 0)
			buf_char(out, ',');
		prompt_write_entry(out, &prompt_table[i]);
	}
	buf_char(out, ']');
	answer_end(out);
}

/* Append the phrase of one argument; false: the error is in out. */
static bool
prompt_add_argument(const struct prompt_argument *argument,
    struct json_object *values, const char *id, struct buf *text,
    struct buf *out)
{
	struct json_object *value = json_get(values, argument->name);
	int len = 0;

	if (!value && !argument->is_required)
		return true;
	if (!json_object_is_type(value, json_type_string)) {
		answer_error(out, id, RPC_INVALID_PARAMS, NULL,
		    "argument '%s' must be a string", argument->name);
		return false;
	}
	len = json_object_get_string_len(value);
	if (len > PROMPT_VALUE_MAX) {
		answer_error(out, id, RPC_INVALID_PARAMS, NULL,
		    "argument '%s' may have at most %d bytes, got %d",
		    argument->name, PROMPT_VALUE_MAX, len);
		return false;
	}
	buf_str(text, "\n\n");
	buf_str(text, argument->phrase);
	json_write_string(text, json_object_get_string(value), (size_t)len);
	return true;
}

static bool
prompt_add_arguments(const struct prompt *prompt, struct json_object *values,
    const char *id, struct buf *text, struct buf *out)
{
	if (values && !json_object_is_type(values, json_type_object)) {
		answer_error(out, id, RPC_INVALID_PARAMS, NULL,
		    "'arguments' must be an object");
		return false;
	}
	for (const struct prompt_argument *a = prompt->arguments; a->name;
	     a++) {
		if (!prompt_add_argument(a, values, id, text, out))
			return false;
	}
	return true;
}

void
prompts_get(struct session *session, struct request *request, struct buf *out)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	const struct message *message = request->message;
	const struct prompt *prompt =
	    prompt_find(json_get_str(message->params, "name", ""));

	(void)session;
	if (!prompt) {
		answer_error(out, message->id, RPC_INVALID_PARAMS, NULL,
		    "'name' must be one that prompts/list shows");
		return;
	}
	buf_str(&text, prompt->text);
	if (!prompt_add_arguments(prompt,
		json_get(message->params, "arguments"), message->id, &text,
		out))
		return;
	answer_begin(out, message->id, request->era);
	answer_member(out, "description");
	json_write_string(
	    out, prompt->description, strlen(prompt->description));
	answer_member(out, "messages");
	buf_str(out,
	    "[{\"role\":\"user\",\"content\":{\"type\":\"text\",\"text\":");
	json_write_string(out, buf_text(&text), text.len);
	buf_str(out, "}}]");
	answer_end(out);
}

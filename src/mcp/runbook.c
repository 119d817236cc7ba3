/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The texts; part of the program, so that reading one opens no file. */

#include "mcp/runbook.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "tools/dispatch.h"

static const char session_text[] =
    "# The broker session is missing or expired\n"
    "\n"
    "Seen as: `BROKER_SESSION_REQUIRED`, `BROKER_SESSION_EXPIRED`, or a\n"
    "status other than `authenticated` in `ibkr_backend_status`.\n"
    "\n"
    "1. Call `ibkr_backend_status`, then `ibkr_session_requirements`: they\n"
    "   name what is missing.\n"
    "2. Only a person can log in, in a browser, at the broker's gateway.\n"
    "   Tell the operator so, in these words, and wait.\n"
    "3. After the login call `ibkr_session_renew` once, then repeat the call\n"
    "   that failed.\n"
    "4. Still refused? The operator runs `ibkr-agent doctor`.\n"
    "\n"
    "Never ask for a password or a one-time code: the gateway takes none.\n";

static const char market_data_text[] =
    "# Market data is delayed, stale or missing\n"
    "\n"
    "Seen as: `MARKET_DATA_DELAYED`, `MARKET_DATA_STALE`,\n"
    "`MARKET_DATA_UNAVAILABLE`, `MARKET_DATA_INCOMPLETE`, or warnings in a\n"
    "result.\n"
    "\n"
    "1. A member that is absent was not given by the broker. It is not zero.\n"
    "2. `MARKET_DATA_INCOMPLETE`: the first read of a contract is cold.\n"
    "   Repeat it once after a second.\n"
    "3. Delayed or stale: say so wherever the price is shown. Do not size\n"
    "   anything by such a price.\n"
    "4. Nothing at all: `ibkr_market_session` tells whether the exchange is\n"
    "   open; otherwise a subscription is missing, which is the operator's\n"
    "   affair.\n";

static const char audit_text[] =
    "# The audit trail is in doubt\n"
    "\n"
    "Seen as: `AUDIT_CHAIN_INVALID`, `AUDIT_WRITE_FAILED`,\n"
    "`JOURNAL_UNAVAILABLE` or `JOURNAL_CORRUPT`.\n"
    "\n"
    "1. Stop. No call is answered without its record, so repeating calls\n"
    "   does not help.\n"
    "2. `AUDIT_WRITE_FAILED`, `JOURNAL_UNAVAILABLE`: the disk is full, the\n"
    "   store is locked or was copied. The operator runs `ibkr-agent doctor`\n"
    "   and `ibkr-agent store status`.\n"
    "3. `AUDIT_CHAIN_INVALID`, `JOURNAL_CORRUPT`: the store stays as it is,\n"
    "   untouched. The operator runs `ibkr-agent audit verify` and\n"
    "   `ibkr-agent audit verify --state`, and compares with exports and\n"
    "   checkpoints.\n"
    "4. Report the `audit_event_id` of the last call that worked.\n";

const struct runbook runbook_table[] = {
	{ "session", "Broker session",
	    "What to do when the broker session is missing or expired",
	    session_text },
	{ "market-data", "Market data",
	    "What to do when prices are delayed, stale or missing",
	    market_data_text },
	{ "audit", "Audit trail",
	    "What to do when the audit trail cannot be written or trusted",
	    audit_text },
};
const size_t runbook_count = ARRAY_COUNT(runbook_table);

const struct runbook *
runbook_find(const char *name)
{
	for (size_t i = 0; i < runbook_count; i++) {
		if (strcmp(runbook_table[i].name, name) == 0)
			return &runbook_table[i];
	}
	return NULL;
}

static int
runbook_handler(struct tool_call *call, struct err *err)
{
	const char *name = json_get_str(call->arguments, "runbook", "");
	const struct runbook *runbook = runbook_find(name);

	if (!runbook)
		return err_set(
		    err, ERR_INPUT_INVALID, "there is no runbook '%s'", name);
	buf_str(call->output, "{\"text\":");
	json_write_string(call->output, runbook->text, strlen(runbook->text));
	buf_char(call->output, '}');
	return 0;
}

static const struct field runbook_input[] = {
	{ .name = "runbook",
	    .type = FIELD_STRING,
	    .flags = FIELD_REQUIRED,
	    .max = 64,
	    .description = "Its name" },
	{ .name = NULL },
};

static const struct field runbook_output[] = {
	{ .name = "text",
	    .type = FIELD_STRING,
	    .flags = FIELD_REQUIRED,
	    .max = 16384,
	    .description = "Markdown" },
	{ .name = NULL },
};

const struct tool runbook_row = {
	.name = "ibkr_runbook_read",
	.title = "Runbook",
	.description = "One runbook, by name",
	.scope = "ibkr:health:read",
	.flags = TOOL_READ_ONLY | TOOL_IDEMPOTENT,
	.input = runbook_input,
	.output = runbook_output,
	.handler = runbook_handler,
	.event = "tool_completed",
};

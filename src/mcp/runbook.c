/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The texts are files of docs/, made part of the program (local.mk), so that
 * reading one opens no file.
 */

#include "mcp/runbook.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "mcp/runbook-text.h"
#include "tools/dispatch.h"

const struct runbook runbook_table[] = {
	{ "session", "Broker session",
	    "What to do when the broker session is missing or expired",
	    text_session },
	{ "market-data", "Market data",
	    "What to do when prices are delayed, stale or missing",
	    text_market_data },
	{ "audit", "Audit trail",
	    "What to do when the audit trail cannot be written or trusted",
	    text_audit },
	{ "live-runbook", "Live runbook",
	    "What the operator does when something is wrong with live orders",
	    text_live_runbook },
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
	    .max = 65536,
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

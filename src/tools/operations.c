/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The operator's operations: commands alone lead to them.  They take the way
 * of every call, so that each is checked against its fields and recorded.
 */

#include "base/cleanup.h"
#include "tools/fields.h"
#include "tools/handlers.h"
#include "tools/tool.h"

const struct tool operation_table[] = {
	{
	    .name = "ibkr_approvals_list",
	    .title = "List approvals",
	    .description =
		"Approvals and requests for one, the newest first, with the "
		"orders that they are for.",
	    .flags = TOOL_READ_ONLY | TOOL_IDEMPOTENT,
	    .input = approvals_input,
	    .output = approvals_output,
	    .handler = approval_list_handler,
	    .command = "approvals list",
	    .event = "tool_completed",
	},
	{
	    .name = "ibkr_approvals_show",
	    .title = "Show an approval",
	    .description = "One approval, with the order that it is for.",
	    .flags = TOOL_READ_ONLY | TOOL_IDEMPOTENT,
	    .input = approval_show_input,
	    .output = approval_show_output,
	    .handler = approval_show_handler,
	    .command = "approvals show",
	    .event = "tool_completed",
	},
	{
	    .name = "ibkr_approvals_revoke",
	    .title = "Take an approval back",
	    .description =
		"Takes an approval or a request back, as long as no order has "
		"used it. It cannot be given again: that needs a new preview.",
	    .flags = TOOL_DESTRUCTIVE | TOOL_IDEMPOTENT,
	    .input = approval_revoke_input,
	    .output = approval_show_output,
	    .handler = approval_revoke_handler,
	    .command = "approvals revoke",
	    .event = "tool_completed",
	},
	{
	    .name = "ibkr_orders_cancel_all",
	    .title = "Cancel all orders of an account",
	    .description =
		"Cancels every working order of an account that this gateway "
		"sent, whatever the kill switch says.",
	    .flags = TOOL_DESTRUCTIVE | TOOL_OPEN_WORLD,
	    .input = sweep_input,
	    .output = sweep_output,
	    .handler = cancel_all_handler,
	    .command = "orders cancel-all",
	    .event = "orders_cancelled",
	},
	{
	    .name = "ibkr_policy_explain",
	    .title = "Explain the policy",
	    .description =
		"Judges a stored preview, or an order as it is typed, and "
		"shows each rule: limit, actual value, verdict and what would "
		"pass. Stores and sends nothing.",
	    .flags = TOOL_READ_ONLY | TOOL_IDEMPOTENT | TOOL_OPEN_WORLD,
	    .input = explain_input,
	    .output = explain_output,
	    .handler = explain_handler,
	    .command = "policy explain",
	    .event = "tool_completed",
	},
	{ .name = NULL },
};

const size_t operation_count = ARRAY_COUNT(operation_table) - 1;

bool
tool_is_operation(const struct tool *tool)
{
	for (size_t i = 0; i < operation_count; i++) {
		if (tool == &operation_table[i])
			return true;
	}
	return false;
}

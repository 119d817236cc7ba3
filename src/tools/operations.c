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
	    .name = "ibkr_kill_switch_open",
	    .title = "Open a kill switch",
	    .description =
		"Lets orders pass again. Done from a terminal, or with an "
		"operator's credential.",
	    .flags = TOOL_DESTRUCTIVE,
	    .input = switch_open_input,
	    .output = switch_set_output,
	    .handler = switch_open_handler,
	    .command = "kill-switch open",
	    .event = "tool_completed",
	},
	{
	    .name = "ibkr_kill_switch_cancel_only",
	    .title = "Let only cancels pass",
	    .description =
		"Stops new orders and changes of orders in every process; "
		"then waits for what is being sent. Exit code 1: not all of "
		"it is over.",
	    .flags = TOOL_DESTRUCTIVE,
	    .input = switch_narrow_input,
	    .output = switch_set_output,
	    .handler = switch_cancel_only_handler,
	    .command = "kill-switch cancel-only",
	    .event = "tool_completed",
	},
	{
	    .name = "ibkr_kill_switch_close",
	    .title = "Close a kill switch",
	    .description =
		"Stops everything in every process, cancels too; then waits "
		"for what is being sent. Exit code 1: not all of it is over.",
	    .flags = TOOL_DESTRUCTIVE,
	    .input = switch_narrow_input,
	    .output = switch_set_output,
	    .handler = switch_close_handler,
	    .command = "kill-switch close",
	    .event = "tool_completed",
	},
	{
	    .name = "ibkr_live_checklist_show",
	    .title = "Show the paper-to-live checklist",
	    .description =
		"The five items that an account needs before live orders, "
		"each with who acknowledged it and when.",
	    .flags = TOOL_READ_ONLY | TOOL_IDEMPOTENT,
	    .input = account_input,
	    .output = checklist_output,
	    .handler = checklist_show_handler,
	    .command = "live checklist show",
	    .event = "tool_completed",
	},
	{
	    .name = "ibkr_live_checklist_acknowledge",
	    .title = "Acknowledge items of the checklist",
	    .description = "Puts on the record that items of the paper-to-live "
			   "checklist were worked through for an account.",
	    .flags = TOOL_DESTRUCTIVE | TOOL_IDEMPOTENT,
	    .input = checklist_input,
	    .output = checklist_output,
	    .handler = checklist_acknowledge_handler,
	    .command = "live checklist acknowledge",
	    .event = "live_checklist_changed",
	},
	{
	    .name = "ibkr_live_checklist_revoke",
	    .title = "Take acknowledged items back",
	    .description =
		"Takes items of the paper-to-live checklist back; without "
		"an item all of them. Live orders are refused until the "
		"checklist is complete.",
	    .flags = TOOL_DESTRUCTIVE | TOOL_IDEMPOTENT,
	    .input = checklist_input,
	    .output = checklist_output,
	    .handler = checklist_revoke_handler,
	    .command = "live checklist revoke",
	    .event = "live_checklist_changed",
	},
	{
	    .name = "ibkr_live_activate",
	    .title = "Put the live configuration in force",
	    .description =
		"Records policies, lists and writers of this configuration "
		"as those in force. A process with others refuses live "
		"orders and says what differs.",
	    .flags = TOOL_DESTRUCTIVE | TOOL_IDEMPOTENT,
	    .input = fields_none,
	    .output = activate_output,
	    .handler = activate_handler,
	    .command = "live activate",
	    .event = "live_configuration_activated",
	},
	{
	    .name = "ibkr_doctor_clock",
	    .title = "Look at the clock, or accept it",
	    .description =
		"Says whether live orders rely on the clock. After it was "
		"set, live orders wait until it is accepted, with a reason.",
	    .flags = TOOL_DESTRUCTIVE | TOOL_IDEMPOTENT,
	    .input = clock_input,
	    .output = clock_output,
	    .handler = clock_handler,
	    .command = "doctor clock",
	    .event = "tool_completed",
	},
	{
	    .name = "ibkr_orders_cancel_all",
	    .title = "Cancel all orders of an account",
	    .description =
		"Cancels every working order of an account that this gateway "
		"sent, whatever the kill switch says.",
	    .flags = TOOL_DESTRUCTIVE | TOOL_OPEN_WORLD | TOOL_RESERVED,
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
	{
	    .name = "ibkr_orders_pending",
	    .title = "Show requests whose outcome is open",
	    .description =
		"Every order, cancel and change that was recorded and is not "
		"settled, and every order that works here and that the broker "
		"does not show any more, with what may have happened and what "
		"to do.",
	    .flags = TOOL_READ_ONLY | TOOL_IDEMPOTENT | TOOL_RESERVED,
	    .input = pending_input,
	    .output = pending_output,
	    .handler = pending_handler,
	    .command = "orders pending",
	    .event = "tool_completed",
	},
	{
	    .name = "ibkr_orders_resolve",
	    .title = "Ask the broker about one request",
	    .description =
		"Asks the broker what became of a request, or of the orders "
		"of a settled one, and settles it as far as the answers prove "
		"it. Sends nothing.",
	    .flags = TOOL_OPEN_WORLD | TOOL_RESERVED,
	    .input = resolve_open_input,
	    .output = resolve_open_output,
	    .handler = resolve_handler,
	    .command = "orders resolve",
	    .event = "order_resolved",
	},
	{
	    .name = "ibkr_reconcile",
	    .title = "Compare the journal with the broker once",
	    .description =
		"One pass of the reconciler: settles requests that nobody "
		"answers for, and follows orders that work. Sends nothing.",
	    .flags = TOOL_OPEN_WORLD | TOOL_RESERVED,
	    .input = fields_none,
	    .output = reconcile_output,
	    .handler = reconcile_handler,
	    .command = "reconcile",
	    .event = "orders_reconciled",
	},
	{ .name = NULL },
};

const size_t operation_count = ARRAY_COUNT(operation_table) - 1;

bool
tool_is_operation(const struct tool *tool)
{
	return tool_find(tool->name) != tool;
}

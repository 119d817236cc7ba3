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

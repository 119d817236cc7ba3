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

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Any JSON as arguments or as a backend's answer of any tool: it is taken or
 * refused with a reason, and what is taken is taken again as it stands.  The
 * first byte chooses tool and direction.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "tools/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
check(const struct tool *tool, bool is_input, struct json_object *value)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	int ret = is_input ? schema_check_input(tool, value, &err)
			   : schema_check_output(tool, value, &err);

	if (ret && (err.code == ERR_NONE || !err_text(&err)[0]))
		abort(); /* refused without a reason */
	return ret;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_JSON struct json_object *value = NULL;
	CLEANUP_BUF struct buf first = BUF_INIT, second = BUF_INIT;
	const struct tool *tool;
	bool is_input;

	if (size < 2)
		return 0;
	tool = &tool_table[(data[0] >> 1) % tool_count];
	is_input = data[0] & 1;
	if (json_parse((const char *)data + 1, size - 1, &json_bounds_default,
		&value, NULL) ||
	    check(tool, is_input, value))
		return 0;
	json_write(&first, value, 0);
	if (check(tool, is_input, value))
		abort(); /* not taken a second time */
	json_write(&second, value, 0);
	/* text of a result may be cut shorter where a secret was replaced */
	if (is_input && (first.len != second.len ||
			    memcmp(first.data, second.data, first.len) != 0))
		abort(); /* changed by looking at it */
	return 0;
}

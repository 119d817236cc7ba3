/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Calls of tools from the command line. */

#ifndef IAG_CLI_CALL_H
#define IAG_CLI_CALL_H

#include <json-c/json_object.h>

#include "cli/cli.h"
#include "tools/dispatch.h"

/*
 * One call of a tool, by its name, or of an operation, by its row, as the
 * local operator.  An error is moved from the result into
 * *err, its text as JSON into cli->error_json.
 */
int call_tool(struct cli *cli, const char *name, struct json_object *arguments,
    struct tool_result *ret_result, struct err *err);
int call_operation(struct cli *cli, const struct tool *operation,
    struct json_object *arguments, struct tool_result *ret_result,
    struct err *err);
/* The same with either, and its result is printed. */
int run_call(struct cli *cli, const struct tool *tool,
    struct json_object *arguments, struct err *err);

#endif

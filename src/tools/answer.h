/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The way from a backend's answer to a result that may be shown. */

#ifndef IAG_TOOLS_ANSWER_H
#define IAG_TOOLS_ANSWER_H

#include <json-c/json_object.h>

#include "base/err.h"
#include "tools/dispatch.h"

/* The name under which results and messages show the backend, or "none". */
const char *answer_backend_name(const struct tool_house *house);

/*
 * Ask the backend for the call's operation (arguments: canonical text).
 * Without a backend: why there is none.
 */
int answer_query(const struct tool_call *call, const char *arguments,
    struct answer *ret_answer, struct err *err);

/*
 * Parse it, fill in what the host knows better (complete, times, account
 * hashes), apply the market data policy, check it against the tool's output
 * fields, and that it is about the account that was asked for.
 */
int answer_accept(const struct tool_call *call, const struct answer *answer,
    struct json_object **ret_result, struct err *err);

/* Both: the backend's answer to the call, checked. */
int answer_read(const struct tool_call *call, const char *arguments,
    struct json_object **ret_result, struct err *err);

#endif

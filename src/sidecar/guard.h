/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What may cross the relay: reads that the tool table has, under their own
 * scope, whose arguments and answers hold nothing that looks like a secret.
 * Both ends ask here.  Pure.
 */

#ifndef IAG_SIDECAR_GUARD_H
#define IAG_SIDECAR_GUARD_H

#include <json-c/json_object.h>

#include "base/err.h"
#include "tools/tool.h"

/* What a preview asks the broker beforehand: a read that is no tool of its own.
 */
#define GUARD_WHATIF "order_whatif"

/* The row that is relayed under that name, or any other; NULL: there is none.
 */
const struct tool *guard_find(const char *name);
/*
 * The tool behind a backend's operation, or of that name and scope;
 * NULL and READONLY_WRITE_FORBIDDEN, AUTH_MISSING_SCOPE or INPUT_INVALID.
 */
const struct tool *guard_operation(const char *operation);
int guard_tool(const char *name, const char *scope,
    const struct tool **ret_tool, struct err *err);

/*
 * OUTPUT_UNSAFE: a key, at any depth, that has cookie, authorization, token,
 * secret, credential or path in it, or a text with a secret in it.
 */
int guard_payload(struct json_object *payload, struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What is generated from the tool table, and the check of values by it. */

#ifndef IAG_TOOLS_SCHEMA_H
#define IAG_TOOLS_SCHEMA_H

#include <json-c/json_object.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "tools/tool.h"

/* JSON Schema 2020-12, root object, compact. */
void schema_input(struct buf *out, const struct tool *tool);
void schema_output(struct buf *out, const struct tool *tool);
/* The four hints of MCP, an object. */
void schema_annotations(struct buf *out, const struct tool *tool);

/*
 * The `tools` array of tools/list: those shown for the scopes, in table order,
 * compact: name, title, description, inputSchema, outputSchema, annotations.
 */
enum { SCHEMA_NO_OUTPUT = 0x1 }; /* leave outputSchema out */
void schema_tool_list(struct buf *out, const struct config *config,
    uint64_t scopes, unsigned flags);

/*
 * Arguments against input fields; defaults are put into the tree.
 * INPUT_INVALID (or INPUT_MISSING_ACCOUNT, INPUT_INVALID_CONTRACT for a
 * blank one) says which argument, what is allowed, and what came; all faults
 * in one text.
 */
int schema_check_input(
    const struct tool *tool, struct json_object *arguments, struct err *err);
/*
 * A result against output fields: unknown members are taken out, a missing
 * required member or a wrong type is BROKER_RESPONSE_INVALID naming the
 * path.  FIELD_UNTRUSTED text is cleaned.
 */
int schema_check_output(
    const struct tool *tool, struct json_object *result, struct err *err);
/*
 * A checked result as compact text, members in the order of the fields, so
 * that it does not depend on who gave it.
 */
void schema_write_output(
    struct buf *out, const struct tool *tool, struct json_object *result);

#endif

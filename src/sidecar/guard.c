/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/guard.h"

#include <json-c/linkhash.h>

#include <string.h>

#include "base/cleanup.h"
#include "base/redact.h"
#include "tools/fields.h"

static const struct field whatif_input[] = {
	LEN("account_id", REQ | FIELD_ACCOUNT, 64, "The account"),
	LEN("contract_id", REQ, 64, "The contract"),
	LEN("symbol", 0, 64, "Its symbol"),
	LEN("asset_class", 0, 64, "Its kind"),
	LEN("exchange", 0, 64, "Where"),
	LEN("currency", 0, 64, "In what"),
	LEN("side", REQ, 64, "Which way"),
	LEN("order_type", REQ, 64, "What kind of order"),
	LEN("time_in_force", REQ, 64, "How long"),
	DEC("quantity", REQ, "How many"),
	DEC("limit_price", 0, "Limit"),
	DEC("stop_price", 0, "Stop"),
	DEC("trailing_amount", 0, "Distance"),
	DEC("trailing_percent", 0, "Distance, %"),
	END,
};

/* It goes by the name of the preview and under its scope. */
static const struct tool whatif = {
	.name = "ibkr_order_preview",
	.title = "Ask what an order would come to",
	.description = "Commission, margin and questions of an order.",
	.scope = "ibkr:orders:preview",
	.flags = TOOL_READ_ONLY | TOOL_IDEMPOTENT | TOOL_OPEN_WORLD,
	.input = whatif_input,
	.operation = GUARD_WHATIF,
};

static bool
is_relayed(const struct tool *tool)
{
	return tool->operation && tool->scope && tool->flags & TOOL_READ_ONLY;
}

const struct tool *
guard_find(const char *name)
{
	return strcmp(name, whatif.name) == 0 ? &whatif : tool_find(name);
}

const struct tool *
guard_operation(const char *operation)
{
	if (strcmp(operation, whatif.operation) == 0)
		return &whatif;
	for (size_t i = 0; i < tool_count; i++) {
		if (is_relayed(&tool_table[i]) &&
		    strcmp(tool_table[i].operation, operation) == 0)
			return &tool_table[i];
	}
	return NULL;
}

int
guard_tool(const char *name, const char *scope, const struct tool **ret_tool,
    struct err *err)
{
	const struct tool *tool = guard_find(name);

	if (!tool)
		return err_set(err, ERR_INPUT_INVALID,
		    "there is no tool '%.80s' to relay", name);
	if (!is_relayed(tool))
		return err_set(err, ERR_READONLY_WRITE_FORBIDDEN,
		    "'%s' is no read of the broker: the sidecar relays "
		    "nothing else",
		    tool->name);
	if (strcmp(scope, tool->scope) != 0)
		return err_set(err, ERR_AUTH_MISSING_SCOPE,
		    "'%s' goes with the scope '%s', not with '%.80s'",
		    tool->name, tool->scope, scope);
	*ret_tool = tool;
	return 0;
}

static int
check_key(const char *key, struct err *err)
{
	static const char *const words[] = { "cookie", "authorization", "token",
		"secret", "credential", "path" };

	for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
		if (strcasestr(key, words[i]))
			return err_set(err, ERR_OUTPUT_UNSAFE,
			    "a member whose name has '%s' in it may not cross "
			    "the relay",
			    words[i]);
	}
	return 0;
}

static int
check_text(struct json_object *text, struct err *err)
{
	size_t start, len;

	if (!redact_find(json_object_get_string(text),
		(size_t)json_object_get_string_len(text), &start, &len))
		return 0;
	return err_set(err, ERR_OUTPUT_UNSAFE,
	    "a text that looks like a secret may not cross the relay");
}

/* As deep as the JSON gate lets a tree be. */
int
guard_payload(struct json_object *payload, struct err *err)
{
	int rc = 0;

	switch (json_object_get_type(payload)) {
	case json_type_object: {
		json_object_object_foreach (payload, key, value) {
			if (rc == 0)
				rc = check_key(key, err);
			if (rc == 0)
				rc = guard_payload(value, err);
		}
		return rc;
	}
	case json_type_array:
		for (size_t i = 0;
		     rc == 0 && i < json_object_array_length(payload); i++)
			rc = guard_payload(
			    json_object_array_get_idx(payload, i), err);
		return rc;
	case json_type_string:
		return check_text(payload, err);
	default:
		return 0;
	}
}

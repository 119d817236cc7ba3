/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/operations.h"

#include "base/cleanup.h"
#include "sidecar/commands.h"
#include "tools/fields.h"

#define NAME_MAX_LEN 200
#define KEY_TEXT "Ed25519 public key, 64 hexadecimal digits"

static const struct field identity_input[] = {
	LEN("public_key", 0, NAME_MAX_LEN,
	    "Register this key of a sidecar elsewhere; without it: make, or "
	    "show, the identity of this machine"),
	LEN("display_name", 0, NAME_MAX_LEN, "For people"),
	LEN("sidecar_id", 0, NAME_MAX_LEN,
	    "With public_key: the id that the sidecar has given itself"),
	END,
};

static const struct field identity_output[] = {
	STR("sidecar_id", REQ, "Its id"),
	STR("public_key", REQ, KEY_TEXT),
	TIME("created_at", REQ, "When"),
	STR("display_name", 0, "For people"),
	ITEMS("capabilities", REQ, FIELD_STRING, "What it can do"),
	END,
};

static const struct field create_input[] = {
	LEN("remote_instance_id", REQ, NAME_MAX_LEN, "Name of the gateway"),
	LEN("sidecar_id", REQ, NAME_MAX_LEN, "Id of the sidecar"),
	LEN("user_id", REQ, NAME_MAX_LEN, "Whose broker session it is"),
	INT_OR("ttl_seconds", 1, 86400, "300", "How long the code is good"),
	END,
};

#define PAIRING_FIELDS                                                  \
	STR("pairing_id", REQ, "Its id"),                               \
	    STR("remote_instance_id", REQ, "Name of the gateway"),      \
	    STR("sidecar_id", REQ, "Id of the sidecar"),                \
	    STR("user_id", REQ, "Whose broker session it is"),          \
	    TIME("created_at", REQ, "When"),                            \
	    TIME("expires_at", 0, "Until when it can be confirmed"),    \
	    ONE_OF("status", REQ, "pending active revoked expired",     \
		"What it is now"),                                      \
	    ONE_OF("end", REQ, "gateway sidecar", "Which end this is"), \
	    STR("public_key", 0, "Key of the other end")

static const struct field create_output[] = {
	PAIRING_FIELDS,
	STR("code", REQ, "One-time code, to be entered at the sidecar"),
	END,
};

static const struct field pairing_output[] = {
	PAIRING_FIELDS,
	END,
};

static const struct field join_input[] = {
	LEN("code", REQ, NAME_MAX_LEN, "The one-time code of the gateway"),
	END,
};

static const struct field join_output[] = {
	PAIRING_FIELDS,
	STR("check", REQ, "Number to be entered at the gateway"),
	END,
};

static const struct field confirm_input[] = {
	LEN("pairing_id", REQ, NAME_MAX_LEN, "The pairing"),
	LEN("check", REQ, NAME_MAX_LEN, "Number that the sidecar has shown"),
	END,
};

static const struct field revoke_input[] = {
	LEN("pairing_id", REQ, NAME_MAX_LEN, "The pairing"),
	LEN("reason", 0, NAME_MAX_LEN, "Why, for the record"),
	END,
};

static const struct field revoke_output[] = {
	STR("pairing_id", REQ, "The pairing"),
	ONE_OF("status", REQ, "revoked", "What it is now"),
	END,
};

static const struct field session_input[] = {
	LEN("remote_instance_id", REQ, NAME_MAX_LEN, "Name of the gateway"),
	LEN("sidecar_id", REQ, NAME_MAX_LEN, "Id of the sidecar"),
	INT_OR("ttl_seconds", 1, 86400, "300", "How long it may last"),
	END,
};

#define SESSION_FIELDS                                                     \
	STR("relay_session_id", REQ, "Its id"),                            \
	    STR("sidecar_id", REQ, "Id of the sidecar"),                   \
	    STR("remote_instance_id", REQ, "Name of the gateway"),         \
	    TIME("heartbeat_at", REQ,                                      \
		"Heartbeat that was stored last, or when it was planned"), \
	    TIME("expires_at", REQ, "Until when it may last"),             \
	    ITEMS("capabilities", REQ, FIELD_STRING,                       \
		"What the sidecar says it can do"),                        \
	    ONE_OF("state", REQ, "planned open ended", "What it is now")

static const struct field relay_session_output[] = {
	SESSION_FIELDS,
	END,
};

static const struct field accept_input[] = {
	LEN("remote_instance_id", REQ, NAME_MAX_LEN, "Name of the gateway"),
	LEN("sidecar_id", REQ, NAME_MAX_LEN, "Id of the sidecar"),
	LEN("tool_name", REQ, 64, "The tool"),
	LEN("scope", REQ, 64, "Its scope"),
	INT_OR("ttl_seconds", 1, 86400, "300", "How long the session lasts"),
	{ .name = "payload_json",
	    .type = FIELD_STRING,
	    .max = 65536,
	    .value = "\"{}\"",
	    .description = "Arguments as JSON; they are not kept" },
	END,
};

static const struct field forwarded_fields[] = {
	STR("request_id", REQ, "Its id"),
	STR("tool_name", REQ, "The tool"),
	STR("scope", REQ, "Its scope"),
	STR("payload_hash", REQ, "SHA-256 of the arguments"),
	TIME("created_at", REQ, "When"),
	END,
};

static const struct field accept_output[] = {
	OBJ("forwarded_request", REQ, forwarded_fields,
	    "All that the relay would see"),
	END,
};

static const struct field session_fields[] = {
	SESSION_FIELDS,
	END,
};

static const struct field pairing_fields[] = {
	PAIRING_FIELDS,
	OBJ("session", 0, session_fields, "Its last session"),
	END,
};

static const struct field status_output[] = {
	STR("public_key", 0, "Key of this machine"),
	LIST("pairings", REQ, pairing_fields, 1000, "The pairings"),
	END,
};

const struct tool sidecar_operations[] = {
	{
	    .name = "ibkr_sidecar_identity_create",
	    .title = "Make or register an identity",
	    .description =
		"Makes the Ed25519 key of this machine, which never leaves it, "
		"or registers the public key of a sidecar elsewhere.",
	    .flags = TOOL_IDEMPOTENT,
	    .input = identity_input,
	    .output = identity_output,
	    .handler = sidecar_identity_create,
	    .command = "sidecar identity create",
	    .event = "sidecar_identity_created",
	},
	{
	    .name = "ibkr_sidecar_pairing_create",
	    .title = "Begin a pairing at the gateway",
	    .description =
		"Makes a pairing and its one-time code, which the operator of "
		"the sidecar enters there.",
	    .input = create_input,
	    .output = create_output,
	    .handler = sidecar_pairing_create,
	    .command = "sidecar pairing create",
	    .event = "sidecar_pairing_created",
	},
	{
	    .name = "ibkr_sidecar_pairing_join",
	    .title = "Enter a pairing's code at the sidecar",
	    .description =
		"Dials the gateway, proves to have the code and has it prove "
		"the same; shows a number to be entered at the gateway.",
	    .flags = TOOL_OPEN_WORLD,
	    .input = join_input,
	    .output = join_output,
	    .handler = sidecar_pairing_join,
	    .command = "sidecar pairing join",
	    .event = "sidecar_pairing_joined",
	},
	{
	    .name = "ibkr_sidecar_pairing_confirm",
	    .title = "Confirm a pairing at the gateway",
	    .description =
		"Enters the number that the sidecar has shown; from then on "
		"the pairing is active.",
	    .flags = TOOL_IDEMPOTENT,
	    .input = confirm_input,
	    .output = pairing_output,
	    .handler = sidecar_pairing_confirm,
	    .command = "sidecar pairing confirm",
	    .event = "sidecar_pairing_confirmed",
	},
	{
	    .name = "ibkr_sidecar_pairing_revoke",
	    .title = "Revoke a pairing",
	    .description =
		"Ends a pairing and its session within a second. It cannot "
		"be made valid again: that needs a new one.",
	    .flags = TOOL_DESTRUCTIVE | TOOL_IDEMPOTENT | TOOL_RESERVED,
	    .input = revoke_input,
	    .output = revoke_output,
	    .handler = sidecar_pairing_revoke,
	    .command = "sidecar pairing revoke",
	    .event = "sidecar_pairing_revoked",
	},
	{
	    .name = "ibkr_sidecar_session_create",
	    .title = "Plan the next session of a sidecar",
	    .description =
		"The next connection of that sidecar gets this session, and "
		"ends with it.",
	    .input = session_input,
	    .output = relay_session_output,
	    .handler = sidecar_session_create,
	    .command = "sidecar session create",
	    .event = "sidecar_session_planned",
	},
	{
	    .name = "ibkr_sidecar_relay_accept",
	    .title = "Try what the relay would let pass",
	    .description =
		"Holds a request to all rules of the relay and shows the "
		"envelope that it would have. Sends nothing.",
	    .flags = TOOL_READ_ONLY,
	    .input = accept_input,
	    .output = accept_output,
	    .handler = sidecar_relay_accept,
	    .command = "sidecar relay accept",
	    .event = "tool_completed",
	},
	{
	    .name = "ibkr_sidecar_status",
	    .title = "Show identity, pairings and sessions",
	    .description = "What this end of the relay has.",
	    .flags = TOOL_READ_ONLY | TOOL_IDEMPOTENT,
	    .input = fields_none,
	    .output = status_output,
	    .handler = sidecar_status,
	    .command = "sidecar status",
	    .event = "tool_completed",
	},
	{ .name = NULL },
};

const size_t sidecar_operation_count = ARRAY_COUNT(sidecar_operations) - 1;

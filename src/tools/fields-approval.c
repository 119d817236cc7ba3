/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Fields of the tool and the commands of approvals. */

#include "tools/fields.h"

#define ID_PATTERN                                       \
	"^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-" \
	"[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"
#define STATES "requested approved consumed revoked expired"
#define MODES "paper live"
#define SIDES "buy sell"

const struct field approval_input[] = {
	IN_ACCOUNT,
	PAT("preview_id", 0, ID_PATTERN, "Preview of a single order or leg"),
	PAT("group_id", 0, ID_PATTERN, "Or all three of a bracket"),
	INT_OR("ttl_seconds", 0, 2147483647, "300",
	    "How long it holds, brought within 60-3600"),
	END,
};

#define WHO_FIELDS                                                    \
	STR("policy", PLAIN, "Policy that it was approved under"),    \
	    LEN("requested_by", TEXT | PLAIN, 200, "Who asked"),      \
	    TIME("requested_at", PLAIN, "When"),                      \
	    LEN("approved_by", TEXT | PLAIN, 200, "Who approved"),    \
	    TIME("approved_at", PLAIN, "When"),                       \
	    TIME("expires_at", PLAIN, "End of it"),                   \
	    LEN("revoked_by", TEXT | PLAIN, 200, "Who took it back"), \
	    STR("idempotency_key", PLAIN, "Key that used it"),        \
	    TIME("preview_expires_at", PLAIN, "End of the preview")
#define ORDER_FIELDS                                                          \
	ONE_OF("side", PLAIN, SIDES, "Side"), DEC("quantity", PLAIN, "Size"), \
	    LEN("symbol", TEXT | PLAIN, 64, "Ticker"),                        \
	    STR("contract_id", PLAIN, "Contract"),                            \
	    STR("order_type", PLAIN, "limit, stop, stop_limit"),              \
	    DEC("limit_price", PLAIN, "Limit"),                               \
	    DEC("stop_price", PLAIN, "Trigger"),                              \
	    DEC("trailing_amount", PLAIN, "Distance"),                        \
	    DEC("trailing_percent", PLAIN, "Distance, percent"),              \
	    STR("currency", PLAIN, "ISO 4217"),                               \
	    STR("time_in_force", PLAIN, "Lifetime")
#define ROW_FIELDS                                                            \
	STR("approval_id", REQ | PLAIN, "Approval"),                          \
	    STR("preview_id", REQ | PLAIN, "Preview"), OUT_ACCOUNT,           \
	    ONE_OF("mode", REQ | PLAIN, MODES, "Paper or live"),              \
	    ONE_OF("status", REQ | PLAIN, STATES, "State"),                   \
	    STR("group_id", PLAIN, "Bracket"),                                \
	    STR("role", PLAIN, "parent, take_profit, stop_loss"), WHO_FIELDS, \
	    ORDER_FIELDS

static const struct field approval_row[] = { ROW_FIELDS, END };

/* A single one is flat, a group has a row for each leg. */
const struct field approval_output[] = {
	STR("approval_id", PLAIN, "Approval"),
	STR("preview_id", PLAIN, "Preview"),
	OUT_ACCOUNT,
	ONE_OF("mode", REQ | PLAIN, MODES, "Paper or live"),
	ONE_OF("status", REQ, STATES,
	    "approved: it can be used; requested: somebody has to approve it, "
	    "call again to see"),
	STR("group_id", PLAIN, "Bracket"),
	STR("role", PLAIN, "parent, take_profit, stop_loss"),
	WHO_FIELDS,
	ORDER_FIELDS,
	LIST("approvals", PLAIN, approval_row, 3, "Of a bracket: each leg"),
	LEN("message", 0, 500, "What has to happen next"),
	END,
};

/* Of the door's own row: what came back with the call, and what is shown. */
const struct field approval_form_input[] = {
	IN_ACCOUNT,
	PAT("preview_id", 0, ID_PATTERN, "Preview of a single order or leg"),
	PAT("group_id", 0, ID_PATTERN, "Or all three of a bracket"),
	INT_OR("ttl_seconds", 0, 2147483647, "300",
	    "How long it holds, brought within 60-3600"),
	LEN("request_state", 0, 512, "State that came back"),
	ONE_OF("answer", 0, "yes no", "What the user said"),
	END,
};

const struct field approval_form_output[] = {
	STR("approval_id", PLAIN, "Approval"),
	STR("preview_id", PLAIN, "Preview"),
	OUT_ACCOUNT,
	ONE_OF("mode", REQ | PLAIN, MODES, "Paper or live"),
	ONE_OF("status", PLAIN, STATES, "State"),
	STR("group_id", PLAIN, "Bracket"),
	STR("role", PLAIN, "parent, take_profit, stop_loss"),
	WHO_FIELDS,
	ORDER_FIELDS,
	LIST("approvals", PLAIN, approval_row, 3, "Of a bracket: each leg"),
	LEN("message", 0, 500, "What has to happen next"),
	LEN("form", TEXT | PLAIN, 2000, "What the user is to be shown"),
	LEN("request_state", PLAIN, 512, "Comes back with the answer"),
	END,
};

const struct field approvals_input[] = {
	PAT("account_id", FIELD_ACCOUNT, ACCOUNT_PATTERN, "Of this account"),
	ONE_OF("status", 0, STATES, "Only these"),
	IN_LIMIT(500, "100"),
	END,
};

const struct field approvals_output[] = {
	LIST("approvals", REQ, approval_row, 500, "Newest first"),
	OUT_COMPLETE,
	END,
};

#define IN_ID PAT("approval_id", REQ, ID_PATTERN, "Approval")

const struct field approval_show_input[] = { IN_ID, END };

const struct field approval_show_output[] = { ROW_FIELDS, END };

const struct field approval_revoke_input[] = {
	IN_ID,
	LEN("reason", REQ, 200, "Why, for the record"),
	END,
};

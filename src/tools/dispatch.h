/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The one dispatch, for every door: scope, validation, call, check and
 * redaction of the answer, audit.  Nothing is answered before its audit
 * record is durable; without it the call fails (invariant 5).
 */

#ifndef IAG_TOOLS_DISPATCH_H
#define IAG_TOOLS_DISPATCH_H

#include <json-c/json_object.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "config/config.h"
#include "host/call.h"
#include "host/host.h"
#include "journal/journal.h"
#include "orders/desk.h"
#include "tools/principal.h"
#include "tools/tool.h"

/* What the house has open; made by the gateway, borrowed here. */
struct tool_house {
	const struct config *config;
	struct host *host;
	struct instance *backend;
	struct journal *journal;
	struct desk *desk; /* open wherever the journal is */
	struct link *link; /* NULL: the backend needs no connection */
	/* Why the backend is NULL; given to calls that need one. */
	const struct err *backend_fault;
};

/* One call as dispatch and handlers see it. */
struct tool_call {
	const struct tool_house *house;
	const struct tool *tool;
	const struct principal *principal;
	struct call *call;
	struct json_object *arguments; /* checked, defaults filled in */
	struct buf *output;            /* the result object's text */
	/*
	 * The same call for the order desk.  A handler whose transaction
	 * holds the call's record sets order->recorded: dispatch then writes
	 * none.
	 */
	struct order_call *order;
	bool is_local; /* of the request, as the next */
	const struct err *local_fault;
};

struct tool_request {
	const char *name;
	/* A row of operation_table or of a resource; NULL: by name. */
	const struct tool *operation;
	struct json_object *arguments; /* borrowed; NULL: {} */
	const struct principal *principal;
	struct call *call;
	const char *session_id; /* for the audit, or NULL */
	const char *request_id;
	const struct order_flags *flags; /* NULL: order_flags_none */
	/* The operator is at a terminal, or has shown a credential. */
	bool is_local;
	/* Why the credential that was shown is none; NULL: nothing is wrong. */
	const struct err *local_fault;
};

struct tool_result {
	/*
	 * The result object's text, or the error object's (code, message,
	 * retryable, user_action, audit_event_id, outcome, refusals,
	 * details).
	 */
	struct buf json;
	bool is_error;
	bool is_unknown_tool; /* not in the table: a protocol error in MCP */
	bool is_denied;       /* scope missing */
	struct err err;       /* set when is_error */
	char audit_event_id[ID_TEXT_SIZE];
};
void tool_result_init(struct tool_result *result);
void tool_result_fini(struct tool_result *result);

/* Always gives a result; its class is returned (0: no error). */
int tool_dispatch(const struct tool_house *house,
    const struct tool_request *request, struct tool_result *ret_result);

/*
 * Take out of the error what its reader may not see: paths of this machine
 * are the operator's alone (ruling 44).  An agent is told tools in place of
 * commands.
 */
void tool_error_conceal(struct err *err, const struct principal *reader);

/* The error shape of behaviour.md section 3; event_id may be NULL. */
void tool_error_json(
    struct buf *out, const struct err *err, const char *event_id);

#endif

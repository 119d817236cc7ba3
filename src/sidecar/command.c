/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal/outcome.h"
#include "orders/row.h"
#include "sidecar/capability.h"

const char *
command_argument(const struct tool_call *call, const char *name)
{
	return json_get_str(call->arguments, name, "");
}

bool
command_is_blank(const char *text)
{
	return text[strspn(text, " \t")] == '\0';
}

int
command_check_given(
    const struct tool_call *call, const char *const *names, struct err *err)
{
	for (; *names; names++) {
		if (command_is_blank(command_argument(call, *names)))
			return err_set(
			    err, ERR_CONFIG_INVALID, "'%s' is blank", *names);
	}
	return 0;
}

int
command_add_time(struct json_object *obj, const char *key, uint64_t time_ns)
{
	char text[CLOCK_TEXT_SIZE];

	if (time_ns == 0)
		return 0;
	clock_format(time_ns, text);
	return json_add_str(obj, key, text);
}

int
command_record(struct journal_txn *txn, struct tool_call *call, struct err *err)
{
	struct audit_event event = *call->order->event;

	audit_outcome(&event, call->order->success, NULL);
	event.output =
	    (struct iag_bytes){ buf_text(call->output), call->output->len };
	return call->output->failed ? err_no_memory(err)
				    : txn_audit(txn, &event, err);
}

int
command_run(
    struct tool_call *call, journal_step *step, void *arg, struct err *err)
{
	int rc = call->tool->flags & TOOL_RESERVED
		     ? journal_update_reserved(
			   call->house->journal, call->call, step, arg, err)
		     : journal_update(
			   call->house->journal, call->call, step, arg, err);

	if (rc == 0)
		call->order->recorded = true;
	return rc;
}

int
command_add_pairing(
    struct json_object *obj, const struct pairing *pairing, uint64_t now_ns)
{
	const char *other =
	    pairing->is_ours ? pairing->gateway_key : pairing->sidecar_key;
	int rc = json_add_str(obj, "pairing_id", pairing->pairing_id);

	rc |= json_add_str(
	    obj, "remote_instance_id", pairing->remote_instance_id);
	rc |= json_add_str(obj, "sidecar_id", pairing->sidecar_id);
	rc |= json_add_str(obj, "user_id", pairing->user_id);
	rc |= command_add_time(obj, "created_at", pairing->created_ns);
	rc |= command_add_time(obj, "expires_at", pairing->expires_ns);
	rc |= json_add_str(obj, "status",
	    pairing_status_name(pairing_status_at(pairing, now_ns)));
	rc |=
	    json_add_str(obj, "end", pairing->is_ours ? "sidecar" : "gateway");
	rc |= json_add_str(obj, "public_key", other);
	return rc;
}

int
command_add_session(
    struct json_object *obj, const struct relay_session *session)
{
	int rc =
	    json_add_str(obj, "relay_session_id", session->relay_session_id);

	rc |= json_add_str(obj, "sidecar_id", session->sidecar_id);
	rc |= json_add_str(
	    obj, "remote_instance_id", session->remote_instance_id);
	rc |= command_add_time(obj, "heartbeat_at", session->heartbeat_ns);
	rc |= command_add_time(obj, "expires_at", session->expires_ns);
	rc |= capabilities_add(obj, session->capabilities);
	rc |= json_add_str(obj, "state", relay_state_name(session->state));
	return rc;
}

void
self_fini(struct self *self)
{
	free(STEAL(self->sidecar_id));
	free(STEAL(self->public));
}

int
self_step(struct journal_txn *txn, void *arg, struct err *err)
{
	CLEANUP_JSON struct json_object *row = NULL;
	struct self *self = arg;
	int rc = row_get(txn, TABLE_STATE,
	    (struct iag_bytes){ SELF_KEY, sizeof SELF_KEY - 1 }, &row,
	    "an identity", err);

	self_fini(self);
	if (rc == IAG_NOTFOUND)
		return 0;
	if (rc)
		return rc;
	self->sidecar_id = strdup(json_get_str(row, "sidecar_id", ""));
	self->public = strdup(json_get_str(row, "public_key", ""));
	return self->sidecar_id && self->public ? 0 : err_no_memory(err);
}

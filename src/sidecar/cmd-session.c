/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* sidecar session create, relay accept, status. */

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "sidecar/command.h"
#include "sidecar/commands.h"
#include "sidecar/guard.h"

static bool
is_of(const struct pairing *pairing, const void *arg)
{
	const struct tool_call *call = arg;

	return strcmp(pairing->remote_instance_id,
		   command_argument(call, "remote_instance_id")) == 0 &&
	       strcmp(pairing->sidecar_id,
		   command_argument(call, "sidecar_id")) == 0;
}

/* A planned session of the pairing that the call names. */
static int
session_plan(struct journal_txn *txn, struct tool_call *call,
    struct pairing *pairing, struct relay_session *ret_session, struct err *err)
{
	int64_t ttl = json_get_int(call->arguments, "ttl_seconds", 300);
	int rc = pairing_find(txn, is_of, call, pairing, err);

	return rc ? rc
		  : relay_session_make(pairing, RELAY_PLANNED, clock_real_ns(),
			(uint64_t)ttl * NS_PER_S, ret_session, err);
}

static int
session_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct tool_call *call = arg;
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	struct relay_session session = { .state = 0 };
	struct pairing pairing = { .pairing_id = NULL };
	int rc = session_plan(txn, call, &pairing, &session, err);

	if (rc == 0)
		rc = relay_session_put(txn, pairing.pairing_id, &session, err);
	if (rc == 0 && command_add_session(obj, &session))
		rc = err_no_memory(err);
	buf_reset(call->output);
	json_write(call->output, obj, 0);
	pairing_fini(&pairing);
	relay_session_fini(&session);
	return rc ? rc : command_record(txn, call, err);
}

static const char *const session_names[] = { "remote_instance_id", "sidecar_id",
	NULL };

int
sidecar_session_create(struct tool_call *call, struct err *err)
{
	int rc = command_check_given(call, session_names, err);

	return rc ? rc : command_run(call, session_step, call, err);
}

static int
accept_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct relay_session session = { .state = 0 };
	struct pairing pairing = { .pairing_id = NULL };
	int rc = session_plan(txn, arg, &pairing, &session, err);

	pairing_fini(&pairing);
	relay_session_fini(&session);
	return rc;
}

/* The reference's envelope: names and a hash, nothing of the payload. */
static int
accept_write(struct tool_call *call, const struct tool *tool,
    struct json_object *payload, struct err *err)
{
	CLEANUP_JSON struct json_object *all = json_object_new_object();
	struct json_object *obj = json_object_new_object();
	CLEANUP_BUF struct buf text = BUF_INIT;
	char id[ID_TEXT_SIZE], hex[HASH_HEX_SIZE];
	uint8_t digest[HASH_SIZE];
	int rc = json_add(all, "forwarded_request", obj);

	json_write(&text, payload, 0);
	hash_sha256(buf_text(&text), text.len, digest);
	hash_hex(digest, hex);
	id_new(id);
	if (rc || text.failed || json_add_str(obj, "request_id", id) ||
	    json_add_str(obj, "tool_name", tool->name) ||
	    json_add_str(obj, "scope", tool->scope) ||
	    json_add_str(obj, "payload_hash", hex) ||
	    command_add_time(obj, "created_at", clock_real_ns()))
		return err_no_memory(err);
	json_write(call->output, all, 0);
	return 0;
}

int
sidecar_relay_accept(struct tool_call *call, struct err *err)
{
	CLEANUP_JSON struct json_object *payload = NULL;
	const char *text = json_get_str(call->arguments, "payload_json", "{}");
	const struct tool *tool = NULL;
	int rc = command_check_given(call, session_names, err);

	if (rc == 0)
		rc = json_parse(
		    text, strlen(text), &json_bounds_default, &payload, err);
	if (rc == 0)
		rc = guard_payload(payload, err);
	if (rc == 0)
		rc = guard_tool(command_argument(call, "tool_name"),
		    command_argument(call, "scope"), &tool, err);
	if (rc == 0)
		rc = journal_view(call->house->journal, accept_step, call, err);
	return rc ? rc : accept_write(call, tool, payload, err);
}

static int
status_session(struct journal_txn *txn, const char *pairing_id,
    struct json_object *row, struct err *err)
{
	struct relay_session session = { .state = 0 };
	struct json_object *obj;
	int rc = relay_session_get(txn, pairing_id, &session, err);

	if (rc)
		return rc == IAG_NOTFOUND ? 0 : rc;
	obj = json_object_new_object();
	if (json_add(row, "session", obj) || command_add_session(obj, &session))
		rc = err_no_memory(err);
	relay_session_fini(&session);
	return rc;
}

static int
status_visit(struct journal_txn *txn, struct pairing *pairing, void *list,
    struct err *err)
{
	struct json_object *row = json_object_new_object();

	if (!row || json_object_array_add(list, row) != 0) {
		(void)json_object_put(row);
		return err_no_memory(err);
	}
	if (command_add_pairing(row, pairing, clock_real_ns()))
		return err_no_memory(err);
	return status_session(txn, pairing->pairing_id, row, err);
}

static int
status_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct tool_call *call = arg;
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	struct json_object *list = json_object_new_array();
	struct self self = { .sidecar_id = NULL };
	int rc =
	    json_add(obj, "pairings", list) || !list ? err_no_memory(err) : 0;

	if (rc == 0)
		rc = self_step(txn, &self, err);
	if (rc == 0)
		rc = pairing_each(txn, status_visit, list, err);
	if (rc == 0 && json_add_str(obj, "public_key", self.public))
		rc = err_no_memory(err);
	buf_reset(call->output);
	json_write(call->output, obj, 0);
	self_fini(&self);
	return rc;
}

int
sidecar_status(struct tool_call *call, struct err *err)
{
	return journal_view(call->house->journal, status_step, call, err);
}

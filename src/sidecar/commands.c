/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Each change is one transaction with the record of the call. */

#include "sidecar/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal/outcome.h"
#include "orders/row.h"
#include "sidecar/dial.h"
#include "sidecar/guard.h"
#include "sidecar/session.h"
#include "tools/dispatch.h"

#define SELF_KEY "sidecar/self"
#define IDENTITY_PREFIX "sidecar/identity/"

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_OUT_OF_MEMORY, "out of memory");
}

static const char *
argument(const struct tool_call *call, const char *name)
{
	return json_get_str(call->arguments, name, "");
}

static bool
is_blank(const char *text)
{
	return text[strspn(text, " \t")] == '\0';
}

/* Ids that people choose: any that is not blank. */
static int
check_given(
    const struct tool_call *call, const char *const *names, struct err *err)
{
	for (; *names; names++) {
		if (is_blank(argument(call, *names)))
			return err_set(
			    err, ERR_CONFIG_INVALID, "'%s' is blank", *names);
	}
	return 0;
}

static int
add_time(struct json_object *obj, const char *key, uint64_t time_ns)
{
	char text[CLOCK_TEXT_SIZE];

	if (time_ns == 0)
		return 0;
	clock_format(time_ns, text);
	return json_add_str(obj, key, text);
}

static int
add_capabilities(struct json_object *obj)
{
	struct json_object *list = json_object_new_array();
	int rc = json_add(obj, "capabilities", list);

	if (rc || !list)
		return IAG_NOMEM;
	(void)json_object_array_add(
	    list, json_object_new_string("broker_read"));
	(void)json_object_array_add(list, json_object_new_string("heartbeat"));
	return 0;
}

/* The step's end: its answer, and the record of the call that it is. */
static int
step_record(struct journal_txn *txn, struct tool_call *call, struct err *err)
{
	struct audit_event event = *call->order->event;

	audit_outcome(&event, call->order->success, NULL);
	event.output =
	    (struct iag_bytes){ buf_text(call->output), call->output->len };
	return call->output->failed ? no_memory(err)
				    : txn_audit(txn, &event, err);
}

static int
run_step(struct tool_call *call, journal_step *step, void *arg, struct err *err)
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

/* identity create */

struct identity_step {
	struct tool_call *call;
	const char *key; /* of the row */
	const char *public;
};

static int
identity_row(const struct identity_step *step, const struct journal_txn *txn,
    struct json_object *row)
{
	const char *given = argument(step->call, "sidecar_id");
	char id[ID_TEXT_SIZE], fresh[sizeof "sidecar-" + ID_TEXT_SIZE];
	const char *name = argument(step->call, "display_name");

	id_new(id);
	(void)snprintf(fresh, sizeof fresh, "sidecar-%s", id);
	if (json_add_str(row, "sidecar_id", is_blank(given) ? fresh : given) ||
	    json_add_str(row, "public_key", step->public) ||
	    json_add_str(row, "display_name", *name ? name : NULL))
		return IAG_NOMEM;
	return add_time(row, "created_at", txn_now_ns(txn));
}

static int
identity_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct identity_step *step = arg;
	CLEANUP_JSON struct json_object *row = NULL;
	CLEANUP_BUF struct buf key = BUF_INIT;
	int rc = IAG_NOTFOUND;

	buf_reset(step->call->output);
	buf_str(&key, step->key);
	/* the machine's own is made once */
	if (strcmp(step->key, SELF_KEY) == 0)
		rc = row_get(txn, TABLE_STATE,
		    (struct iag_bytes){ key.data, key.len }, &row,
		    "an identity", err);
	if (rc == 0 &&
	    strcmp(json_get_str(row, "public_key", ""), step->public) != 0) {
		(void)json_object_put(STEAL(row));
		rc = IAG_NOTFOUND;
	}
	if (rc == IAG_NOTFOUND) {
		row = json_object_new_object();
		rc = identity_row(step, txn, row) ? no_memory(err) : 0;
		if (rc == 0 && *key.data && strcmp(step->key, SELF_KEY) != 0)
			buf_str(&key, json_get_str(row, "sidecar_id", ""));
	}
	if (rc == 0)
		rc = row_put(txn, TABLE_STATE,
		    (struct iag_bytes){ buf_text(&key), key.len }, row, err);
	if (rc)
		return rc;
	if (add_capabilities(row))
		return no_memory(err);
	json_write(step->call->output, row, 0);
	return step_record(txn, step->call, err);
}

int
sidecar_identity_create(struct tool_call *call, struct err *err)
{
	const char *given = json_get_str(call->arguments, "public_key", NULL);
	struct identity *identity = NULL;
	struct identity_step step = { .call = call };
	int rc = 0;

	if (given && !identity_is_public(given))
		return err_set(err, ERR_CONFIG_INVALID,
		    "'public_key' is no Ed25519 public key of 64 lower-case "
		    "hexadecimal digits");
	if (given) {
		step.key = IDENTITY_PREFIX;
		step.public = given;
	} else {
		rc = identity_make(
		    call->house->config->audit.path, &identity, err);
		step.key = SELF_KEY;
		step.public = identity ? identity_public(identity) : NULL;
	}
	if (rc == 0)
		rc = run_step(call, identity_step, &step, err);
	identity_free(identity);
	return rc;
}

/* pairings */

static int
pairing_json(
    struct json_object *obj, const struct pairing *pairing, uint64_t now_ns)
{
	const char *other =
	    pairing->is_ours ? pairing->gateway_key : pairing->sidecar_key;
	int rc = json_add_str(obj, "pairing_id", pairing->pairing_id);

	rc |= json_add_str(
	    obj, "remote_instance_id", pairing->remote_instance_id);
	rc |= json_add_str(obj, "sidecar_id", pairing->sidecar_id);
	rc |= json_add_str(obj, "user_id", pairing->user_id);
	rc |= add_time(obj, "created_at", pairing->created_ns);
	rc |= add_time(obj, "expires_at", pairing->expires_ns);
	rc |= json_add_str(obj, "status",
	    pairing_status_name(pairing_status_at(pairing, now_ns)));
	rc |=
	    json_add_str(obj, "end", pairing->is_ours ? "sidecar" : "gateway");
	rc |= json_add_str(obj, "public_key", other);
	return rc;
}

static int
pairing_write(struct tool_call *call, const struct pairing *pairing,
    const char *key, const char *value, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();

	buf_reset(call->output);
	if (pairing_json(obj, pairing, clock_real_ns()) ||
	    (key && json_add_str(obj, key, value)))
		return no_memory(err);
	json_write(call->output, obj, 0);
	return 0;
}

struct pairing_step {
	struct tool_call *call;
	struct pairing pairing;
	char code[CODE_SIZE];
	char check[CHECK_SIZE];
	struct err why; /* what is stored and refused all the same */
};

/* The key that was registered under the sidecar's id, if one was. */
static int
registered_key(
    struct journal_txn *txn, struct pairing *pairing, struct err *err)
{
	CLEANUP_JSON struct json_object *row = NULL;
	CLEANUP_BUF struct buf key = BUF_INIT;
	int rc;

	buf_printf(&key, "%s%s", IDENTITY_PREFIX, pairing->sidecar_id);
	rc = row_get(txn, TABLE_STATE,
	    (struct iag_bytes){ buf_text(&key), key.len }, &row, "an identity",
	    err);
	if (rc == IAG_NOTFOUND)
		return 0;
	if (rc)
		return rc;
	free(pairing->sidecar_key);
	pairing->sidecar_key = strdup(json_get_str(row, "public_key", ""));
	return pairing->sidecar_key ? 0 : no_memory(err);
}

static int
create_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct pairing_step *step = arg;
	int rc = registered_key(txn, &step->pairing, err);

	if (rc == 0)
		rc = pairing_put(txn, &step->pairing, err);
	if (rc == 0)
		rc = pairing_write(
		    step->call, &step->pairing, "code", step->code, err);
	return rc ? rc : step_record(txn, step->call, err);
}

static int
create_fill(struct pairing_step *step, struct err *err)
{
	struct tool_call *call = step->call;
	int64_t ttl = json_get_int(call->arguments, "ttl_seconds", 300);
	char id[ID_TEXT_SIZE], key[HASH_HEX_SIZE];
	char *pairing_id = NULL;
	int rc;

	code_new(step->code);
	rc = code_key(step->code, key, err);
	if (rc)
		return rc;
	id_new(id);
	if (asprintf(&pairing_id, "%s%s", PAIRING_PREFIX, id) < 0)
		return no_memory(err);
	step->pairing = (struct pairing){
		.pairing_id = pairing_id,
		.remote_instance_id =
		    strdup(argument(call, "remote_instance_id")),
		.sidecar_id = strdup(argument(call, "sidecar_id")),
		.user_id = strdup(argument(call, "user_id")),
		.code_key = strdup(key),
		.created_ns = clock_real_ns(),
		.status = PAIRING_PENDING,
	};
	step->pairing.expires_ns =
	    step->pairing.created_ns + (uint64_t)ttl * NS_PER_S;
	return step->pairing.remote_instance_id && step->pairing.sidecar_id &&
		       step->pairing.user_id && step->pairing.code_key
		   ? 0
		   : no_memory(err);
}

int
sidecar_pairing_create(struct tool_call *call, struct err *err)
{
	static const char *const names[] = { "remote_instance_id", "sidecar_id",
		"user_id", NULL };
	struct pairing_step step = { .call = call };
	int rc = check_given(call, names, err);

	if (rc == 0)
		rc = create_fill(&step, err);
	if (rc == 0)
		rc = run_step(call, create_step, &step, err);
	pairing_fini(&step.pairing);
	return rc;
}

/* The gateway names the pairing: never one that is here already. */
static int
check_new(struct journal_txn *txn, const char *id, struct err *err)
{
	CLEANUP_ERR struct err why = ERR_INIT;
	struct pairing pairing;
	int rc = pairing_get(txn, id, &pairing, &why);

	if (rc == 0) {
		pairing_fini(&pairing);
		rc = err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
		    "the gateway names the new pairing '%.80s', which is here "
		    "already",
		    id);
		err_action(err, "ask the gateway's operator for a new code");
		return rc;
	}
	if (why.code == ERR_SIDECAR_PAIRING_REQUIRED)
		return 0;
	err_move(err, &why);
	return rc;
}

static int
join_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct pairing_step *step = arg;
	int rc = check_new(txn, step->pairing.pairing_id, err);

	if (rc == 0)
		rc = pairing_put(txn, &step->pairing, err);
	if (rc == 0)
		rc = pairing_write(
		    step->call, &step->pairing, "check", step->check, err);
	return rc ? rc : step_record(txn, step->call, err);
}

struct self {
	char *sidecar_id;
	char *public;
};

static int
self_step(struct journal_txn *txn, void *arg, struct err *err)
{
	CLEANUP_JSON struct json_object *row = NULL;
	struct self *self = arg;
	int rc = row_get(txn, TABLE_STATE,
	    (struct iag_bytes){ SELF_KEY, sizeof SELF_KEY - 1 }, &row,
	    "an identity", err);

	free(STEAL(self->sidecar_id));
	free(STEAL(self->public));
	if (rc == IAG_NOTFOUND)
		return 0;
	if (rc)
		return rc;
	self->sidecar_id = strdup(json_get_str(row, "sidecar_id", ""));
	self->public = strdup(json_get_str(row, "public_key", ""));
	return self->sidecar_id && self->public ? 0 : no_memory(err);
}

static int
join_run(struct pairing_step *step, const struct identity *identity,
    const char *sidecar_id, struct err *err)
{
	struct tool_call *call = step->call;
	uint64_t deadline_ns = call_deadline_ns(call->call);
	struct dial dial;
	int rc = dial_open(
	    &dial, call->house->config, deadline_ns, call_fd(call->call), err);

	if (rc == 0)
		rc = dial_join(&dial, identity, sidecar_id,
		    argument(call, "code"), deadline_ns, &step->pairing,
		    step->check, err);
	dial_close(&dial);
	return rc ? rc : run_step(call, join_step, step, err);
}

int
sidecar_pairing_join(struct tool_call *call, struct err *err)
{
	const struct config *config = call->house->config;
	struct pairing_step step = { .call = call };
	struct identity *identity = NULL;
	struct self self = { .sidecar_id = NULL };
	int rc = 0;

	if (!config->sidecar.enabled ||
	    config->sidecar.role != SIDECAR_ROLE_SIDECAR) {
		rc = err_set(err, ERR_CONFIG_SIDECAR_FORBIDDEN,
		    "a code is entered at the sidecar, and this configuration "
		    "is not that of one");
		err_action(err, "set sidecar.enabled and "
				"safety.sidecar_enabled, and sidecar.role: "
				"sidecar");
		return rc;
	}
	rc = identity_load(config->audit.path, &identity, err);
	if (rc == 0)
		rc = journal_view(call->house->journal, self_step, &self, err);
	if (rc == 0 && (!self.public || strcmp(self.public,
					    identity_public(identity)) != 0)) {
		rc = err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
		    "the identity of this machine is not on record");
		err_action(
		    err, "run `ibkr-agent sidecar identity create` first");
	}
	if (rc == 0)
		rc = join_run(&step, identity, self.sidecar_id, err);
	free(self.sidecar_id);
	free(self.public);
	identity_free(identity);
	pairing_fini(&step.pairing);
	return rc;
}

/* A wrong number is counted: stored, then refused. */
static int
confirm_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct pairing_step *step = arg;
	struct audit_event event = *step->call->order->event;
	int rc;

	pairing_fini(&step->pairing);
	err_fini(&step->why);
	step->why = (struct err)ERR_INIT;
	rc = pairing_get(
	    txn, argument(step->call, "pairing_id"), &step->pairing, err);
	if (rc)
		return rc;
	(void)pairing_confirm(&step->pairing, argument(step->call, "check"),
	    txn_now_ns(txn), &step->why);
	rc = pairing_put(txn, &step->pairing, err);
	if (rc == 0)
		rc = pairing_write(step->call, &step->pairing, NULL, NULL, err);
	if (rc || step->why.code == ERR_NONE)
		return rc ? rc : step_record(txn, step->call, err);
	audit_outcome(&event, step->call->order->success, &step->why);
	return txn_audit(txn, &event, err);
}

int
sidecar_pairing_confirm(struct tool_call *call, struct err *err)
{
	struct pairing_step step = { .call = call };
	int rc = run_step(call, confirm_step, &step, err);

	if (rc == 0 && step.why.code != ERR_NONE) {
		rc = err_class(&step.why);
		err_move(err, &step.why);
	}
	err_fini(&step.why);
	pairing_fini(&step.pairing);
	return rc;
}

static int
revoke_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct pairing_step *step = arg;
	const char *why = argument(step->call, "reason");
	int rc;

	pairing_fini(&step->pairing);
	rc = pairing_get(
	    txn, argument(step->call, "pairing_id"), &step->pairing, err);
	if (rc == 0 && step->pairing.status != PAIRING_REVOKED)
		rc = pairing_revoke(&step->pairing,
		    is_blank(why) ? "by the operator" : why, err);
	if (rc == 0)
		rc = pairing_put(txn, &step->pairing, err);
	if (rc)
		return rc;
	buf_reset(step->call->output);
	buf_str(step->call->output, "{\"pairing_id\":");
	json_write_string(step->call->output, step->pairing.pairing_id,
	    strlen(step->pairing.pairing_id));
	buf_str(step->call->output, ",\"status\":\"revoked\"}");
	return step_record(txn, step->call, err);
}

int
sidecar_pairing_revoke(struct tool_call *call, struct err *err)
{
	struct pairing_step step = { .call = call };
	int rc = run_step(call, revoke_step, &step, err);

	pairing_fini(&step.pairing);
	return rc;
}

/* sessions */

static bool
is_of(const struct pairing *pairing, const void *arg)
{
	const struct tool_call *call = arg;

	return strcmp(pairing->remote_instance_id,
		   argument(call, "remote_instance_id")) == 0 &&
	       strcmp(pairing->sidecar_id, argument(call, "sidecar_id")) == 0;
}

static int
session_json(struct json_object *obj, const struct relay_session *session)
{
	int rc =
	    json_add_str(obj, "relay_session_id", session->relay_session_id);

	rc |= json_add_str(obj, "sidecar_id", session->sidecar_id);
	rc |= json_add_str(
	    obj, "remote_instance_id", session->remote_instance_id);
	rc |= add_time(obj, "heartbeat_at", session->heartbeat_ns);
	rc |= add_time(obj, "expires_at", session->expires_ns);
	rc |= json_add_str(obj, "state", relay_state_name(session->state));
	return rc;
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
	if (rc == 0 && (session_json(obj, &session) || add_capabilities(obj)))
		rc = no_memory(err);
	buf_reset(call->output);
	json_write(call->output, obj, 0);
	pairing_fini(&pairing);
	relay_session_fini(&session);
	return rc ? rc : step_record(txn, call, err);
}

static const char *const session_names[] = { "remote_instance_id", "sidecar_id",
	NULL };

int
sidecar_session_create(struct tool_call *call, struct err *err)
{
	int rc = check_given(call, session_names, err);

	return rc ? rc : run_step(call, session_step, call, err);
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
	    add_time(obj, "created_at", clock_real_ns()))
		return no_memory(err);
	json_write(call->output, all, 0);
	return 0;
}

int
sidecar_relay_accept(struct tool_call *call, struct err *err)
{
	CLEANUP_JSON struct json_object *payload = NULL;
	const char *text = json_get_str(call->arguments, "payload_json", "{}");
	const struct tool *tool = NULL;
	int rc = check_given(call, session_names, err);

	if (rc == 0)
		rc = json_parse(
		    text, strlen(text), &json_bounds_default, &payload, err);
	if (rc == 0)
		rc = guard_payload(payload, err);
	if (rc == 0)
		rc = guard_tool(argument(call, "tool_name"),
		    argument(call, "scope"), &tool, err);
	if (rc == 0)
		rc = journal_view(call->house->journal, accept_step, call, err);
	return rc ? rc : accept_write(call, tool, payload, err);
}

/* status */

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
	if (json_add(row, "session", obj) || session_json(obj, &session))
		rc = no_memory(err);
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
		return no_memory(err);
	}
	if (pairing_json(row, pairing, clock_real_ns()))
		return no_memory(err);
	return status_session(txn, pairing->pairing_id, row, err);
}

static int
status_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct tool_call *call = arg;
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	struct json_object *list = json_object_new_array();
	struct self self = { .sidecar_id = NULL };
	int rc = json_add(obj, "pairings", list) || !list ? no_memory(err) : 0;

	if (rc == 0)
		rc = self_step(txn, &self, err);
	if (rc == 0)
		rc = pairing_each(txn, status_visit, list, err);
	if (rc == 0 && json_add_str(obj, "public_key", self.public))
		rc = no_memory(err);
	buf_reset(call->output);
	json_write(call->output, obj, 0);
	free(self.sidecar_id);
	free(self.public);
	return rc;
}

int
sidecar_status(struct tool_call *call, struct err *err)
{
	return journal_view(call->house->journal, status_step, call, err);
}

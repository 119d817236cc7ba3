/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* sidecar pairing create, join, confirm, revoke. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal/outcome.h"
#include "orders/row.h"
#include "sidecar/command.h"
#include "sidecar/commands.h"
#include "sidecar/dial.h"

static int
pairing_write(struct tool_call *call, const struct pairing *pairing,
    const char *key, const char *value, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();

	buf_reset(call->output);
	if (command_add_pairing(obj, pairing, clock_real_ns()) ||
	    (key && json_add_str(obj, key, value)))
		return err_no_memory(err);
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
	return pairing->sidecar_key ? 0 : err_no_memory(err);
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
	return rc ? rc : command_record(txn, step->call, err);
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
		return err_no_memory(err);
	step->pairing = (struct pairing){
		.pairing_id = pairing_id,
		.remote_instance_id =
		    strdup(command_argument(call, "remote_instance_id")),
		.sidecar_id = strdup(command_argument(call, "sidecar_id")),
		.user_id = strdup(command_argument(call, "user_id")),
		.code_key = strdup(key),
		.created_ns = clock_real_ns(),
		.status = PAIRING_PENDING,
	};
	step->pairing.expires_ns =
	    step->pairing.created_ns + (uint64_t)ttl * NS_PER_S;
	return step->pairing.remote_instance_id && step->pairing.sidecar_id &&
		       step->pairing.user_id && step->pairing.code_key
		   ? 0
		   : err_no_memory(err);
}

int
sidecar_pairing_create(struct tool_call *call, struct err *err)
{
	static const char *const names[] = { "remote_instance_id", "sidecar_id",
		"user_id", NULL };
	struct pairing_step step = { .call = call };
	int rc = command_check_given(call, names, err);

	if (rc == 0)
		rc = create_fill(&step, err);
	if (rc == 0)
		rc = command_run(call, create_step, &step, err);
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
	return rc ? rc : command_record(txn, step->call, err);
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
		    command_argument(call, "code"), deadline_ns, &step->pairing,
		    step->check, err);
	dial_close(&dial);
	return rc ? rc : command_run(call, join_step, step, err);
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
	self_fini(&self);
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
	rc = pairing_get(txn, command_argument(step->call, "pairing_id"),
	    &step->pairing, err);
	if (rc)
		return rc;
	(void)pairing_confirm(&step->pairing,
	    command_argument(step->call, "check"), txn_now_ns(txn), &step->why);
	rc = pairing_put(txn, &step->pairing, err);
	if (rc == 0)
		rc = pairing_write(step->call, &step->pairing, NULL, NULL, err);
	if (rc || step->why.code == ERR_NONE)
		return rc ? rc : command_record(txn, step->call, err);
	audit_outcome(&event, step->call->order->success, &step->why);
	return txn_audit(txn, &event, err);
}

int
sidecar_pairing_confirm(struct tool_call *call, struct err *err)
{
	struct pairing_step step = { .call = call };
	int rc = command_run(call, confirm_step, &step, err);

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
	const char *why = command_argument(step->call, "reason");
	int rc;

	pairing_fini(&step->pairing);
	rc = pairing_get(txn, command_argument(step->call, "pairing_id"),
	    &step->pairing, err);
	if (rc == 0 && step->pairing.status != PAIRING_REVOKED)
		rc = pairing_revoke(&step->pairing,
		    command_is_blank(why) ? "by the operator" : why, err);
	if (rc == 0)
		rc = pairing_put(txn, &step->pairing, err);
	if (rc)
		return rc;
	buf_reset(step->call->output);
	buf_str(step->call->output, "{\"pairing_id\":");
	json_write_string(step->call->output, step->pairing.pairing_id,
	    strlen(step->pairing.pairing_id));
	buf_str(step->call->output, ",\"status\":\"revoked\"}");
	return command_record(txn, step->call, err);
}

int
sidecar_pairing_revoke(struct tool_call *call, struct err *err)
{
	struct pairing_step step = { .call = call };
	int rc = command_run(call, revoke_step, &step, err);

	pairing_fini(&step.pairing);
	return rc;
}

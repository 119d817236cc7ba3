/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* sidecar identity create. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "orders/row.h"
#include "sidecar/capability.h"
#include "sidecar/command.h"
#include "sidecar/commands.h"
#include "sidecar/identity.h"

struct identity_step {
	struct tool_call *call;
	const char *key; /* of the row */
	const char *public;
};

static int
identity_row(const struct identity_step *step, const struct journal_txn *txn,
    struct json_object *row)
{
	const char *given = command_argument(step->call, "sidecar_id");
	char id[ID_TEXT_SIZE], fresh[sizeof "sidecar-" + ID_TEXT_SIZE];
	const char *name = command_argument(step->call, "display_name");

	id_new(id);
	(void)snprintf(fresh, sizeof fresh, "sidecar-%s", id);
	if (json_add_str(
		row, "sidecar_id", command_is_blank(given) ? fresh : given) ||
	    json_add_str(row, "public_key", step->public) ||
	    json_add_str(row, "display_name", *name ? name : NULL))
		return IAG_NOMEM;
	return command_add_time(row, "created_at", txn_now_ns(txn));
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
		rc = identity_row(step, txn, row) ? err_no_memory(err) : 0;
		if (rc == 0 && *key.data && strcmp(step->key, SELF_KEY) != 0)
			buf_str(&key, json_get_str(row, "sidecar_id", ""));
	}
	if (rc == 0)
		rc = row_put(txn, TABLE_STATE,
		    (struct iag_bytes){ buf_text(&key), key.len }, row, err);
	if (rc)
		return rc;
	if (capabilities_add(row, CAPABILITIES_ALL))
		return err_no_memory(err);
	json_write(step->call->output, row, 0);
	return command_record(txn, step->call, err);
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
		rc = command_run(call, identity_step, &step, err);
	identity_free(identity);
	return rc;
}

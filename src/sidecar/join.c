/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The code was entered at the sidecar: the gateway's half of a pairing. */

#include "sidecar/greeting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"
#include "sidecar/trail.h"

struct join {
	const struct guest *guest;
	struct json_object *body;
	struct pairing pairing;
	char code_key[HASH_HEX_SIZE];
	struct err why;
};

/* A key that was registered counts; else the code brings it. */
static bool
waits_for_it(const struct pairing *pairing, const void *arg)
{
	const struct join *join = arg;

	return !pairing->is_ours &&
	       pairing_status_at(pairing, clock_real_ns()) == PAIRING_PENDING &&
	       strcmp(pairing->sidecar_id,
		   json_get_str(join->body, "sidecar_id", "")) == 0 &&
	       (!pairing->sidecar_key ||
		   strcmp(pairing->sidecar_key,
		       json_get_str(join->body, "public_key", "")) == 0);
}

static struct pairing_talk
join_talk(const struct join *join)
{
	return (struct pairing_talk){
		.gateway_nonce = join->guest->nonce,
		.nonce = json_get_str(join->body, "nonce", ""),
		.pairing_id = join->pairing.pairing_id,
		.remote_instance_id = join->pairing.remote_instance_id,
		.sidecar_key = json_get_str(join->body, "public_key", ""),
		.gateway_key = identity_public(join->guest->house->identity),
	};
}

static int
join_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct join *join = arg;
	CLEANUP_JSON struct json_object *metadata = NULL;
	struct audit_event event;
	struct pairing_talk talk;
	uint64_t attempts;
	int rc;

	pairing_fini(&join->pairing);
	err_fini(&join->why);
	join->why = (struct err)ERR_INIT;
	rc = pairing_find(txn, waits_for_it, join, &join->pairing, &join->why);
	if (rc && join->why.code == ERR_SIDECAR_PAIRING_REQUIRED)
		return err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
		    "no pairing waits for a code of that sidecar and key: none "
		    "was made, or its time is over");
	if (rc) {
		err_move(err, &join->why);
		return rc;
	}
	(void)snprintf(join->code_key, sizeof join->code_key, "%s",
	    join->pairing.code_key ? join->pairing.code_key : "");
	talk = join_talk(join);
	attempts = join->pairing.attempts;
	/* a wrong code is counted, and that has to be kept; nothing else is */
	(void)pairing_take_code(&join->pairing, &talk,
	    json_get_str(join->body, "proof", ""), clock_real_ns(), &join->why);
	if (join->why.code != ERR_NONE && join->pairing.attempts == attempts)
		return 0;
	if (join->why.code == ERR_NONE && !join->pairing.sidecar_key)
		join->pairing.sidecar_key = strdup(talk.sidecar_key);
	rc = pairing_put(txn, &join->pairing, err);
	if (rc)
		return rc;
	metadata = trail_metadata(&join->pairing, NULL);
	event = trail_event("sidecar_pairing_joined", &join->why);
	event.metadata = metadata;
	return metadata ? txn_audit(txn, &event, err) : err_no_memory(err);
}

static int
put_joined(struct guest *guest, const struct join *join, struct err *err)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();
	const struct pairing_talk talk = join_talk(join);
	char proof[HASH_HEX_SIZE];
	int rc;

	if (!pairing_proof(join->code_key, "joined", &talk, proof))
		return err_no_memory(err);
	rc = json_add_str(body, "nonce", talk.nonce);
	rc |= json_add_str(body, "pairing_id", talk.pairing_id);
	rc |= json_add_str(body, "remote_instance_id", talk.remote_instance_id);
	rc |= json_add_str(body, "sidecar_id", join->pairing.sidecar_id);
	rc |= json_add_str(body, "user_id", join->pairing.user_id);
	rc |= json_add_str(body, "public_key", talk.gateway_key);
	rc |= json_add_str(body, "proof", proof);
	if (rc)
		return err_no_memory(err);
	return channel_put_signed(
	    guest->channel, FRAME_JOINED, guest->house->identity, body, err);
}

static int
join_run(struct guest *guest, struct join *join, struct err *err)
{
	struct call *call = call_new(clock_boot_ns() + TRAIL_NS);
	int rc = call ? journal_update(
			    guest->house->journal, call, join_step, join, err)
		      : err_no_memory(err);

	call_unref(call);
	if (rc == 0 && join->why.code != ERR_NONE) {
		rc = err_class(&join->why);
		err_move(err, &join->why);
	}
	if (rc == 0)
		rc = put_joined(guest, join, err);
	return rc;
}

int
greeting_join(struct guest *guest, const struct frame *frame, struct err *err)
{
	CLEANUP_JSON struct json_object *body = NULL;
	struct join join = { .guest = guest };
	int rc = channel_body(frame, &body, err);

	if (rc == 0 &&
	    !channel_verify(frame, json_get_str(body, "public_key", "")))
		rc = err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
		    "its key has not signed this");
	if (rc == 0)
		rc = greeting_check_fresh(guest, body, err);
	join.body = body;
	if (rc == 0)
		rc = join_run(guest, &join, err);
	if (rc == 0) {
		log_info("sidecar",
		    "pairing %s: the code was entered at the sidecar; confirm "
		    "it here with the check number that is shown there",
		    join.pairing.pairing_id);
		guest->state = GUEST_LEAVING;
		guest->until_ns = clock_boot_ns() + GREETING_LEAVE_NS;
	}
	secret_wipe(join.code_key, sizeof join.code_key);
	pairing_fini(&join.pairing);
	err_fini(&join.why);
	return rc;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* A session begins: the hello of a sidecar that is paired. */

#include "sidecar/greeting.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "sidecar/trail.h"

/* A session that the operator did not plan. */
#define SESSION_NS (UINT64_C(8) * 3600 * NS_PER_S)
/* Refusals on the record, in a minute; the log has as many. */
enum { REFUSALS_MAX = 60 };

int
greeting_check_fresh(
    const struct guest *guest, struct json_object *body, struct err *err)
{
	uint64_t time_ns;

	if (strcmp(json_get_str(body, "gateway_nonce", ""), guest->nonce) != 0)
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "it answers another challenge than that of this "
		    "connection: a replay");
	if (clock_parse(json_get_str(body, "observed_at", ""), &time_ns, NULL))
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "it does not say when it was signed");
	return window_time("what the sidecar signed", time_ns, clock_real_ns(),
	    greeting_skew_ns(guest), err);
}

/* On the record: whoever has the key was not let in, and why. */
static void
record_refusal(const struct guest *guest, const struct err *why)
{
	struct audit_event event = trail_event("sidecar_session_refused", why);
	CLEANUP_JSON struct json_object *metadata =
	    trail_metadata(&guest->pairing, NULL);
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct call *call;

	if (!budget_take(
		&guest->house->refusals, REFUSALS_MAX, clock_boot_ns()))
		return;
	call = call_new(clock_boot_ns() + TRAIL_NS);
	event.metadata = metadata;
	if (call && metadata &&
	    journal_record(guest->house->journal, call, &event, &fault))
		log_error("sidecar", "%s", err_text(&fault));
	call_unref(call);
}

struct start {
	struct guest *guest;
	int64_t counter;
	struct pairing pairing;
	struct relay_session session;
	char capabilities[CAPABILITIES_SIZE];
	struct err why; /* the pairing was revoked, and that is stored */
};

/* A number that came before means two of them: nobody is let in any more. */
static int
start_counter(struct start *start, struct err *err)
{
	CLEANUP_ERR struct err why = ERR_INIT;
	int rc;

	if (pairing_is_overtaken(&start->pairing, start->counter)) {
		rc = err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "a newer session has overtaken this one");
		err_action(err, "nothing: the sidecar connects again");
		return rc;
	}
	rc = pairing_take_counter(&start->pairing, start->counter, &why);
	if (rc == 0)
		return 0;
	rc = pairing_revoke(&start->pairing, err_text(&why), err);
	if (rc == 0)
		err_move(&start->why, &why);
	return rc;
}

/* What the operator has planned, or a new one. */
static int
start_session(struct start *start, struct journal_txn *txn, struct err *err)
{
	uint64_t now_ns = clock_real_ns();
	int rc = relay_session_get(
	    txn, start->pairing.pairing_id, &start->session, err);

	if (rc == 0 && start->session.state == RELAY_PLANNED &&
	    now_ns < start->session.expires_ns) {
		start->session.state = RELAY_OPEN;
		start->session.heartbeat_ns = now_ns;
		return 0;
	}
	if (rc && rc != IAG_NOTFOUND)
		return rc;
	relay_session_fini(&start->session);
	return relay_session_make(&start->pairing, RELAY_OPEN, now_ns,
	    SESSION_NS, &start->session, err);
}

static int
start_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct start *start = arg;
	struct audit_event event;
	CLEANUP_JSON struct json_object *metadata = NULL;
	int rc;

	pairing_fini(&start->pairing);
	relay_session_fini(&start->session);
	err_fini(&start->why);
	start->why = (struct err)ERR_INIT;
	rc = pairing_get(
	    txn, start->guest->pairing.pairing_id, &start->pairing, err);
	if (rc == 0)
		rc = pairing_usable(&start->pairing, clock_real_ns(), err);
	if (rc == 0)
		rc = start_counter(start, err);
	if (rc == 0 && start->why.code == ERR_NONE)
		rc = start_session(start, txn, err);
	if (rc == 0)
		rc = pairing_put(txn, &start->pairing, err);
	memcpy(start->session.capabilities, start->capabilities,
	    sizeof start->session.capabilities);
	if (rc == 0 && start->why.code == ERR_NONE)
		rc = relay_session_put(
		    txn, start->pairing.pairing_id, &start->session, err);
	if (rc)
		return rc;
	event =
	    trail_event(start->why.code == ERR_NONE ? "sidecar_session_started"
						    : "sidecar_pairing_revoked",
		&start->why);
	metadata =
	    trail_metadata(&start->pairing, start->session.relay_session_id);
	event.metadata = metadata;
	return metadata ? txn_audit(txn, &event, err) : err_no_memory(err);
}

static int
start_run(struct guest *guest, struct json_object *body, struct err *err)
{
	struct start start = { .guest = guest,
		.counter = json_get_int(body, "counter", 0) };
	struct call *call = call_new(clock_boot_ns() + TRAIL_NS);
	int rc;

	capabilities_read(body, start.capabilities);
	rc = call ? journal_update(
			guest->house->journal, call, start_step, &start, err)
		  : err_no_memory(err);

	call_unref(call);
	if (rc == 0 && start.why.code != ERR_NONE) {
		rc = err_class(&start.why);
		err_move(err, &start.why);
	} else if (rc == 0) {
		pairing_fini(&guest->pairing);
		guest->pairing = start.pairing;
		guest->session = start.session;
		guest->beat_boot_ns = guest->kept_boot_ns = clock_boot_ns();
		/* from here on there is a session that has to end */
		guest->state = GUEST_INNER;
		return 0;
	}
	err_fini(&start.why);
	pairing_fini(&start.pairing);
	relay_session_fini(&start.session);
	return rc;
}

static int
put_welcome(struct guest *guest, const char *nonce, struct err *err)
{
	const struct config *config = guest->house->config;
	CLEANUP_JSON struct json_object *body = json_object_new_object();
	char expires[CLOCK_TEXT_SIZE];
	int rc;

	clock_format(guest->session.expires_ns, expires);
	rc = json_add_str(body, "nonce", nonce);
	rc |= json_add_str(
	    body, "relay_session_id", guest->session.relay_session_id);
	rc |= json_add_str(body, "expires_at", expires);
	rc |= json_add_int(body, "heartbeat_interval_seconds",
	    config->sidecar.heartbeat_interval_seconds);
	rc |= json_add_int(body, "heartbeat_timeout_seconds",
	    config->sidecar.heartbeat_timeout_seconds);
	rc |= greeting_add_now(body);
	if (rc)
		return err_no_memory(err);
	return channel_put_signed(
	    guest->channel, FRAME_WELCOME, guest->house->identity, body, err);
}

/* A pairing that says so itself is of no worth: all is held to the stored. */
static int
hello_check(
    const struct guest *guest, struct json_object *body, struct err *err)
{
	const struct pairing *pairing = &guest->pairing;

	if (strcmp(json_get_str(body, "sidecar_id", ""), pairing->sidecar_id) !=
		0 ||
	    strcmp(json_get_str(body, "remote_instance_id", ""),
		pairing->remote_instance_id) != 0)
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "the pairing is of another sidecar or another gateway");
	return greeting_check_fresh(guest, body, err);
}

int
guest_turn(const struct guest *guest, struct err *err)
{
	const struct guest *live = guest->house->live;
	int rc;

	if (!live ||
	    strcmp(live->pairing.pairing_id, guest->pairing.pairing_id) == 0)
		return 0;
	rc = err_set(err, ERR_SIDECAR_UNAVAILABLE,
	    "the gateway is served by another sidecar, '%.80s'; this one "
	    "stands by",
	    live->pairing.sidecar_id);
	err_action(err, "nothing: it takes over once the other has gone; "
			"revoke the pairing of the one that is not to serve");
	return rc;
}

int
greeting_hello(struct guest *guest, const struct frame *frame, struct err *err)
{
	CLEANUP_JSON struct json_object *body = NULL;
	CLEANUP_ERR struct err why = ERR_INIT;
	int rc = channel_body(frame, &body, err);

	if (rc)
		return rc;
	rc = pairing_load(guest->house->journal,
	    json_get_str(body, "pairing_id", ""), &guest->pairing, &why);
	if (rc == 0 && (guest->pairing.is_ours ||
			   !channel_verify(frame, guest->pairing.sidecar_key)))
		pairing_fini(&guest->pairing);
	if (rc && why.code != ERR_SIDECAR_PAIRING_REQUIRED) {
		log_error("sidecar", "%s", err_text(&why));
		return err_set(err, ERR_SIDECAR_UNAVAILABLE,
		    "the gateway cannot read its pairings at present");
	}
	/* the same words, whether there is such a pairing or not */
	if (!guest->pairing.pairing_id)
		return err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
		    "no pairing has the key that has signed this");
	rc = hello_check(guest, body, err);
	/* whoever stands by asks again and again: no matter for the record */
	if (rc == 0 && guest_turn(guest, err))
		return err_class(err);
	if (rc == 0)
		rc = start_run(guest, body, err);
	if (rc == 0)
		rc = put_welcome(guest, json_get_str(body, "nonce", ""), err);
	if (rc == 0)
		rc = channel_begin_inner(guest->channel, guest->house->inner,
		    guest->pairing.sidecar_key, err);
	if (rc)
		record_refusal(guest, err);
	return rc;
}

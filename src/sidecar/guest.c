/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Who a guest is, step by step: challenge, then hello or join.  A signature
 * is looked at before anything else is said about a pairing, so that a
 * stranger learns nothing.
 */

#include "sidecar/guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"
#include "sidecar/trail.h"

/* For one that is not let in yet; and for one that goes. */
#define COME_NS (10 * NS_PER_S)
#define LEAVE_NS (2 * NS_PER_S)
/* A session that the operator did not plan. */
#define SESSION_NS (UINT64_C(8) * 3600 * NS_PER_S)
/* How often a heartbeat is stored, at most. */
#define KEEP_NS (60 * NS_PER_S)
/* Refusals on the record, in a minute; the log has all of them. */
enum { REFUSALS_MAX = 60 };

int
guest_new(struct guest_house *house, int fd, struct guest **ret_guest,
    struct err *err)
{
	const struct config *config = house->config;
	struct guest *guest = calloc(1, sizeof *guest);
	uint8_t nonce[HASH_SIZE];
	int rc = 0;

	if (!guest ||
	    gnutls_certificate_allocate_credentials(&guest->outer) < 0) {
		free(guest);
		(void)close(fd);
		return err_set(err, ERR_OUT_OF_MEMORY, "out of memory");
	}
	guest->house = house;
	guest->until_ns = clock_boot_ns() + COME_NS;
	hash_random(nonce, sizeof nonce);
	hash_hex(nonce, guest->nonce);
	/* read anew for each, so that a new certificate needs no restart */
	rc = gnutls_certificate_set_x509_key_file(guest->outer,
	    config->remote_mcp.tls_certificate_file,
	    config->remote_mcp.tls_key_file, GNUTLS_X509_FMT_PEM);
	if (rc < 0) {
		(void)close(fd);
		rc = err_set(err, ERR_CONFIG_INVALID,
		    "cannot use remote_mcp.tls_certificate_file: %s",
		    gnutls_strerror(rc));
	} else {
		rc = channel_new(fd, guest->outer, NULL, &guest->channel, err);
	}
	if (rc) {
		guest_free(guest);
		return rc;
	}
	*ret_guest = guest;
	return 0;
}

void
guest_free(struct guest *guest)
{
	if (!guest)
		return;
	channel_free(guest->channel);
	gnutls_certificate_free_credentials(guest->outer);
	pairing_fini(&guest->pairing);
	relay_session_fini(&guest->session);
	free(guest);
}

static uint64_t
skew_ns(const struct guest *guest)
{
	return guest->house->config->sidecar.clock_skew_seconds * NS_PER_S;
}

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_OUT_OF_MEMORY, "out of memory");
}

static int
add_now(struct json_object *body)
{
	char now[CLOCK_TEXT_SIZE];

	clock_format(clock_real_ns(), now);
	return json_add_str(body, "observed_at", now);
}

int
guest_ask(struct guest *guest, struct err *err)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (json_add_str(body, "nonce", guest->nonce) || add_now(body) ||
	    json_add_int(body, "protocol", 1))
		return no_memory(err);
	json_write(&text, body, 0);
	channel_put(guest->channel, FRAME_CHALLENGE, buf_text(&text), text.len);
	guest->state = GUEST_ASKED;
	return 0;
}

/* What a signed body says of when, and to which challenge. */
static int
check_fresh(
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
	    skew_ns(guest), err);
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
	return metadata ? txn_audit(txn, &event, err) : no_memory(err);
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
		  : no_memory(err);

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
	rc |= add_now(body);
	if (rc)
		return no_memory(err);
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
	return check_fresh(guest, body, err);
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

static int
take_hello(struct guest *guest, const struct frame *frame, struct err *err)
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
	return metadata ? txn_audit(txn, &event, err) : no_memory(err);
}

static int
put_joined(struct guest *guest, const struct join *join, struct err *err)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();
	const struct pairing_talk talk = join_talk(join);
	char proof[HASH_HEX_SIZE];
	int rc;

	if (!pairing_proof(join->code_key, "joined", &talk, proof))
		return no_memory(err);
	rc = json_add_str(body, "nonce", talk.nonce);
	rc |= json_add_str(body, "pairing_id", talk.pairing_id);
	rc |= json_add_str(body, "remote_instance_id", talk.remote_instance_id);
	rc |= json_add_str(body, "sidecar_id", join->pairing.sidecar_id);
	rc |= json_add_str(body, "user_id", join->pairing.user_id);
	rc |= json_add_str(body, "public_key", talk.gateway_key);
	rc |= json_add_str(body, "proof", proof);
	if (rc)
		return no_memory(err);
	return channel_put_signed(
	    guest->channel, FRAME_JOINED, guest->house->identity, body, err);
}

static int
join_run(struct guest *guest, struct join *join, struct err *err)
{
	struct call *call = call_new(clock_boot_ns() + TRAIL_NS);
	int rc = call ? journal_update(
			    guest->house->journal, call, join_step, join, err)
		      : no_memory(err);

	call_unref(call);
	if (rc == 0 && join->why.code != ERR_NONE) {
		rc = err_class(&join->why);
		err_move(err, &join->why);
	}
	if (rc == 0)
		rc = put_joined(guest, join, err);
	return rc;
}

static int
take_join(struct guest *guest, const struct frame *frame, struct err *err)
{
	CLEANUP_JSON struct json_object *body = NULL;
	struct join join = { .guest = guest };
	int rc = channel_body(frame, &body, err);

	if (rc == 0 &&
	    !channel_verify(frame, json_get_str(body, "public_key", "")))
		rc = err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
		    "its key has not signed this");
	if (rc == 0)
		rc = check_fresh(guest, body, err);
	join.body = body;
	if (rc == 0)
		rc = join_run(guest, &join, err);
	if (rc == 0) {
		log_info("sidecar",
		    "pairing %s: the code was entered at the sidecar; confirm "
		    "it here with the check number that is shown there",
		    join.pairing.pairing_id);
		guest->state = GUEST_LEAVING;
		guest->until_ns = clock_boot_ns() + LEAVE_NS;
	}
	secret_wipe(join.code_key, sizeof join.code_key);
	pairing_fini(&join.pairing);
	err_fini(&join.why);
	return rc;
}

static int
beat_check(struct guest *guest, struct json_object *body, struct err *err)
{
	uint64_t time_ns, now_ns = clock_real_ns();
	int rc;

	if (strcmp(json_get_str(body, "sidecar_id", ""),
		guest->pairing.sidecar_id) != 0 ||
	    strcmp(json_get_str(body, "relay_session_id", ""),
		guest->session.relay_session_id) != 0)
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "a heartbeat of another session");
	rc = window_take("heartbeat", &guest->last_beat,
	    json_get_int(body, "counter", 0), err);
	if (rc)
		return rc;
	if (clock_parse(json_get_str(body, "observed_at", ""), &time_ns, NULL))
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "a heartbeat without a time");
	if (time_ns > now_ns + skew_ns(guest))
		return err_set(err, ERR_SIDECAR_UNAVAILABLE,
		    "a heartbeat is %llu s in the future",
		    (unsigned long long)((time_ns - now_ns) / NS_PER_S));
	return window_time("a heartbeat", time_ns, now_ns, skew_ns(guest), err);
}

/* Both ends want to know that the other lives. */
static int
beat_back(struct guest *guest, struct json_object *body, struct err *err)
{
	CLEANUP_JSON struct json_object *answer = json_object_new_object();
	int rc =
	    json_add_int(answer, "counter", json_get_int(body, "counter", 0));

	rc |= json_add_str(
	    answer, "relay_session_id", guest->session.relay_session_id);
	rc |= add_now(answer);
	if (rc)
		return no_memory(err);
	return channel_put_signed(
	    guest->channel, FRAME_BEAT, guest->house->identity, answer, err);
}

static int
keep_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct guest *guest = arg;

	return relay_session_keep(
	    txn, guest->pairing.pairing_id, &guest->session, err);
}

/* So that `sidecar status` shows that it lives. */
static void
keep_beat(struct guest *guest)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct call *call = call_new(clock_boot_ns() + TRAIL_NS);

	guest->kept_boot_ns = guest->beat_boot_ns;
	if (!call || journal_update(
			 guest->house->journal, call, keep_step, guest, &fault))
		log_error("sidecar", "%s", err_text(&fault));
	call_unref(call);
}

static int
take_beat(struct guest *guest, const struct frame *frame, struct err *err)
{
	CLEANUP_JSON struct json_object *body = NULL;
	int rc = channel_body(frame, &body, err);

	if (rc == 0 && !channel_verify(frame, guest->pairing.sidecar_key))
		rc = err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "a heartbeat that the sidecar's key has not signed");
	if (rc == 0)
		rc = beat_check(guest, body, err);
	if (rc)
		return rc;
	guest->session.heartbeat_ns = clock_real_ns();
	guest->beat_boot_ns = clock_boot_ns();
	if (guest->beat_boot_ns - guest->kept_boot_ns >= KEEP_NS)
		keep_beat(guest);
	return beat_back(guest, body, err);
}

int
guest_frame(struct guest *guest, const struct frame *frame, struct err *err)
{
	if (frame->type == FRAME_BYE)
		return channel_read_bye(frame, err);
	if (guest->state == GUEST_ASKED && frame->type == FRAME_HELLO)
		return take_hello(guest, frame, err);
	if (guest->state == GUEST_ASKED && frame->type == FRAME_JOIN)
		return take_join(guest, frame, err);
	if ((guest->state == GUEST_INNER || guest->state == GUEST_LIVE) &&
	    frame->type == FRAME_BEAT)
		return take_beat(guest, frame, err);
	return err_set(err, ERR_OUTPUT_UNSAFE,
	    "a frame of type %u does not belong here", (unsigned)frame->type);
}

int
guest_check(struct guest *guest, struct err *err)
{
	const struct config *config = guest->house->config;
	struct pairing pairing;
	int rc;

	if (guest->state != GUEST_LIVE && clock_boot_ns() >= guest->until_ns)
		return err_set(err, ERR_SIDECAR_UNAVAILABLE,
		    "it took more than %llu s to say who it is",
		    (unsigned long long)(COME_NS / NS_PER_S));
	if (guest->state != GUEST_LIVE)
		return 0;
	/* silence is no matter of a clock that somebody sets */
	rc = relay_session_usable(&guest->session,
	    guest->session.heartbeat_ns + clock_boot_ns() - guest->beat_boot_ns,
	    config->sidecar.heartbeat_timeout_seconds * NS_PER_S, err);
	if (rc)
		return rc;
	rc = pairing_load(
	    guest->house->journal, guest->pairing.pairing_id, &pairing, err);
	if (rc)
		return rc;
	rc = pairing_usable(&pairing, clock_real_ns(), err);
	pairing_fini(&pairing);
	return rc;
}

void
guest_refuse(struct guest *guest, const struct err *why)
{
	log_warning("sidecar", "%s: %s", guest->place, err_text(why));
	if (channel_is_up(guest->channel))
		channel_put_bye(guest->channel, why);
	guest->state = GUEST_LEAVING;
	guest->until_ns = clock_boot_ns() + LEAVE_NS;
}

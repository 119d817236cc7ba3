/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: the one that called owns connection and session.  Reads run on
 * workers of the gateway and hand their answers over under visit->lock.
 */

#include "sidecar/run.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "config/scope.h"
#include "sidecar/capability.h"
#include "sidecar/dial.h"
#include "sidecar/guard.h"
#include "sidecar/reading.h"
#include "sidecar/session.h"
#include "sidecar/trail.h"
#include "sidecar/window.h"

enum { READINGS_MAX = 64 };
#define DIAL_NS (20 * NS_PER_S)
#define LOOK_NS (NS_PER_S / 2)
/* From one attempt to the next, doubled up to the last. */
#define PAUSE_NS (NS_PER_S / 2)
#define PAUSE_MAX_NS (30 * NS_PER_S)

/* One session, from the dial on. */
struct visit {
	const struct sidecar_setup *setup;
	const struct config *config;
	struct journal *journal;
	struct identity *identity;
	int lock_fd;
	gnutls_certificate_credentials_t inner;
	struct pairing pairing;
	struct dial dial;
	char session_id[RELAY_ID_SIZE];
	uint64_t interval_ns, timeout_ns;
	uint64_t beat_ns;  /* boot time of our next heartbeat */
	uint64_t heard_ns; /* boot time of the gateway's last one */
	uint64_t look_ns;
	int64_t beats;
	uint64_t last_beat;  /* the gateway's, by number */
	uint64_t asked_beat; /* ours, the first behind the inner handshake */
	uint64_t sequence;   /* of the last request */
	bool told;
	bool has_more; /* to be read at once */
	struct readings *readings;
};

static int
no_memory(struct err *err)
{
	return err_set(err, ERR_OUT_OF_MEMORY, "out of memory");
}

struct counting {
	struct visit *visit;
	struct pairing pairing;
};

/* The number of the session is on the disk before it is said. */
static int
count_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct counting *counting = arg;
	CLEANUP_JSON struct json_object *metadata = NULL;
	struct audit_event event = trail_event("sidecar_session_opened", NULL);
	int rc;

	pairing_fini(&counting->pairing);
	rc = pairing_get(
	    txn, counting->visit->pairing.pairing_id, &counting->pairing, err);
	if (rc == 0)
		rc = pairing_usable(&counting->pairing, clock_real_ns(), err);
	if (rc)
		return rc;
	counting->pairing.counter++;
	rc = pairing_put(txn, &counting->pairing, err);
	metadata = trail_metadata(&counting->pairing, NULL);
	event.metadata = metadata;
	if (rc)
		return rc;
	return metadata ? txn_audit(txn, &event, err) : no_memory(err);
}

static int
visit_count(struct visit *visit, struct err *err)
{
	struct counting counting = { .visit = visit };
	struct call *call = call_new(clock_boot_ns() + TRAIL_NS);
	int rc = call ? journal_update(
			    visit->journal, call, count_step, &counting, err)
		      : no_memory(err);

	call_unref(call);
	if (rc) {
		pairing_fini(&counting.pairing);
		return rc;
	}
	pairing_fini(&visit->pairing);
	visit->pairing = counting.pairing;
	return 0;
}

static int
put_hello(struct visit *visit, struct err *err)
{
	CLEANUP_JSON struct json_object *body = dial_body(&visit->dial);
	const struct pairing *pairing = &visit->pairing;
	const struct tool_house *house;
	char words[CAPABILITIES_SIZE];
	int rc = gateway_ready(visit->setup->gateway, &house, err);

	if (rc)
		return rc;
	capabilities_of(house, gateway_scopes(visit->setup->gateway), words);
	rc = json_add_str(body, "pairing_id", pairing->pairing_id);
	rc |= json_add_str(
	    body, "remote_instance_id", pairing->remote_instance_id);
	rc |= json_add_str(body, "sidecar_id", pairing->sidecar_id);
	rc |= json_add_int(body, "counter", (int64_t)pairing->counter);
	rc |= capabilities_add(body, words);
	if (rc)
		return no_memory(err);
	return channel_put_signed(
	    visit->dial.channel, FRAME_HELLO, visit->identity, body, err);
}

static uint64_t
skew_ns(const struct visit *visit)
{
	return visit->config->sidecar.clock_skew_seconds * NS_PER_S;
}

static int
check_time(struct visit *visit, struct json_object *body, const char *what,
    struct err *err)
{
	uint64_t time_ns;

	if (clock_parse(json_get_str(body, "observed_at", ""), &time_ns, NULL))
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "%s does not say when", what);
	return window_time(what, time_ns, clock_real_ns(), skew_ns(visit), err);
}

/* Within what a person would set; the gateway's word is enough. */
static uint64_t
seconds_of(struct json_object *body, const char *key)
{
	int64_t seconds = json_get_int(body, key, 0);

	if (seconds < 1)
		seconds = 1;
	if (seconds > 86400)
		seconds = 86400;
	return (uint64_t)seconds * NS_PER_S;
}

static int
take_welcome(struct visit *visit, const struct frame *frame, struct err *err)
{
	CLEANUP_JSON struct json_object *body = NULL;
	int rc = channel_body(frame, &body, err);

	if (rc)
		return rc;
	if (frame->type != FRAME_WELCOME ||
	    !channel_verify(frame, visit->pairing.gateway_key) ||
	    strcmp(json_get_str(body, "nonce", ""), visit->dial.nonce) != 0)
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "whoever answered is not the gateway of the pairing");
	rc = check_time(visit, body, "the gateway's welcome", err);
	if (rc)
		return rc;
	(void)snprintf(visit->session_id, sizeof visit->session_id, "%s",
	    json_get_str(body, "relay_session_id", ""));
	visit->interval_ns = seconds_of(body, "heartbeat_interval_seconds");
	visit->timeout_ns = seconds_of(body, "heartbeat_timeout_seconds");
	return channel_begin_inner(
	    visit->dial.channel, visit->inner, visit->pairing.gateway_key, err);
}

static int
visit_begin(struct visit *visit, struct err *err)
{
	const int stop_fd = visit->setup->stop_fd;
	const uint64_t deadline_ns = clock_boot_ns() + DIAL_NS;
	struct frame frame;
	int rc =
	    dial_open(&visit->dial, visit->config, deadline_ns, stop_fd, err);

	if (rc == 0)
		rc = visit_count(visit, err);
	if (rc == 0)
		rc = put_hello(visit, err);
	if (rc == 0)
		rc =
		    dial_frame(&visit->dial, deadline_ns, stop_fd, &frame, err);
	if (rc == 0)
		rc = take_welcome(visit, &frame, err);
	visit->heard_ns = visit->beat_ns = clock_boot_ns();
	return rc;
}

static int
put_beat(struct visit *visit, struct err *err)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();
	char now[CLOCK_TEXT_SIZE];
	int rc;

	clock_format(clock_real_ns(), now);
	rc = json_add_int(body, "counter", ++visit->beats);
	rc |= json_add_str(body, "observed_at", now);
	rc |= json_add_str(body, "relay_session_id", visit->session_id);
	rc |= json_add_str(body, "sidecar_id", visit->pairing.sidecar_id);
	if (rc)
		return no_memory(err);
	return channel_put_signed(
	    visit->dial.channel, FRAME_BEAT, visit->identity, body, err);
}

/* What the gateway has signed within this session. */
static int
take_signed(struct visit *visit, const struct frame *frame, const char *what,
    struct json_object **ret_body, struct err *err)
{
	int rc = channel_body(frame, ret_body, err);

	if (rc)
		return rc;
	if (!channel_verify(frame, visit->pairing.gateway_key) ||
	    strcmp(json_get_str(*ret_body, "relay_session_id", ""),
		visit->session_id) != 0)
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "%s of another gateway or session", what);
	return 0;
}

static int
take_beat(struct visit *visit, const struct frame *frame, struct err *err)
{
	CLEANUP_JSON struct json_object *body = NULL;
	int rc = take_signed(visit, frame, "a heartbeat", &body, err);

	if (rc)
		return rc;
	rc = window_take("heartbeat", &visit->last_beat,
	    json_get_int(body, "counter", 0), err);
	if (rc == 0)
		rc = check_time(visit, body, "a heartbeat", err);
	if (rc == 0)
		visit->heard_ns = clock_boot_ns();
	return rc;
}

/* An envelope goes before what it is of, and is kept until that is there. */
static int
take_request(struct visit *visit, const struct frame *frame, struct err *err)
{
	struct envelope envelope;
	int rc = envelope_read(frame->data, frame->len, false, &envelope, err);

	if (rc)
		return rc;
	if (strcmp(envelope.relay_session_id, visit->session_id) != 0)
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "a request of another session");
	rc = window_take("request", &visit->sequence, envelope.sequence, err);
	if (rc == 0)
		rc = window_time("a request", envelope.created_ns,
		    clock_real_ns(), skew_ns(visit), err);
	return rc ? rc
		  : readings_expect(visit->readings, &envelope,
			(const char *)frame->data, frame->len, err);
}

/* Nobody waits for it at the gateway; what is done already stays so. */
static int
take_cancel(struct visit *visit, const struct frame *frame, struct err *err)
{
	CLEANUP_JSON struct json_object *body = NULL;
	int rc = take_signed(visit, frame, "a cancellation", &body, err);

	if (rc == 0)
		readings_cancel(
		    visit->readings, json_get_str(body, "request_id", ""));
	return rc;
}

static int
visit_frame(struct visit *visit, const struct frame *frame, struct err *err)
{
	switch (frame->type) {
	case FRAME_BEAT:
		return take_beat(visit, frame, err);
	case FRAME_REQUEST:
		return take_request(visit, frame, err);
	case FRAME_CANCEL:
		return take_cancel(visit, frame, err);
	case FRAME_BYE:
		return channel_read_bye(frame, err);
	default:
		return err_set(err, ERR_OUTPUT_UNSAFE,
		    "a frame of type %u does not belong here",
		    (unsigned)frame->type);
	}
}

static int
take_messages(struct visit *visit, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int rc;

	while (
	    (rc = channel_take_message(visit->dial.channel, &text, err)) == 0) {
		rc = readings_start(
		    visit->readings, visit->dial.channel, &text, err);
		if (rc)
			return rc;
	}
	return rc < 0 ? rc : 0;
}

static int
visit_take(struct visit *visit, struct err *err)
{
	struct frame frame;
	unsigned steps = 0;
	int more, rc;

	do {
		more = channel_step(visit->dial.channel, err);
		if (more < 0)
			return more;
		while ((rc = channel_take(visit->dial.channel, &frame, err)) ==
		       0) {
			rc = visit_frame(visit, &frame, err);
			if (rc)
				return rc;
		}
		if (rc >= 0)
			rc = take_messages(visit, err);
		if (rc < 0)
			return rc;
	} while (more > 0 && ++steps < CHANNEL_STEPS_MAX);
	return 0;
}

/* Is the pairing still one, here too; does the gateway live? */
static int
visit_look(struct visit *visit, struct err *err)
{
	const uint64_t now_ns = clock_boot_ns();
	struct pairing pairing;
	int rc;

	if (now_ns < visit->look_ns)
		return 0;
	visit->look_ns = now_ns + LOOK_NS;
	if (now_ns - visit->heard_ns > visit->timeout_ns)
		return err_set(err, ERR_SIDECAR_UNAVAILABLE,
		    "the gateway has been silent for %llu s",
		    (unsigned long long)((now_ns - visit->heard_ns) /
					 NS_PER_S));
	rc = pairing_load(
	    visit->journal, visit->pairing.pairing_id, &pairing, err);
	if (rc)
		return rc;
	rc = pairing_usable(&pairing, clock_real_ns(), err);
	pairing_fini(&pairing);
	return rc;
}

static void
say(const struct visit *visit, const char *session, const struct err *why)
{
	if (visit->setup->news)
		visit->setup->news(visit->setup->arg, session, why);
}

/*
 * The inner session is up here; it is at the gateway, too, once a heartbeat
 * from behind it is answered.  Only then anybody is told.
 */
static int
visit_tell(struct visit *visit, struct err *err)
{
	if (visit->told)
		return 0;
	if (visit->asked_beat == 0) {
		int rc = put_beat(visit, err);

		visit->asked_beat = (uint64_t)visit->beats;
		return rc;
	}
	if (visit->last_beat < visit->asked_beat)
		return 0;
	visit->told = true;
	say(visit, visit->session_id, NULL);
	return 0;
}

/* No more than leaves at once, so that heartbeats do not wait behind it. */
static int
visit_send(struct visit *visit, struct err *err)
{
	struct channel *channel = visit->dial.channel;
	int more, rc;

	do {
		more = readings_send(visit->readings, channel, err);
		rc = more < 0 ? more : channel_step(channel, err);
	} while (more > 0 && rc >= 0 && channel_has_room(channel));
	return rc < 0 ? rc : 0;
}

static int
visit_turn(struct visit *visit, struct err *err)
{
	struct pollfd fds[] = {
		{ .fd = visit->setup->stop_fd, .events = POLLIN },
		{ .fd = readings_fd(visit->readings), .events = POLLIN },
		{ .fd = channel_fd(visit->dial.channel),
		    .events = channel_events(visit->dial.channel) },
	};
	int rc = 0;

	(void)poll(fds, ARRAY_COUNT(fds),
	    visit->has_more ? 0 : (int)(LOOK_NS / NS_PER_MS));
	if (fds[0].revents)
		return err_set(err, ERR_CALL_CANCELLED, "told to stop");
	if (clock_boot_ns() >= visit->beat_ns) {
		visit->beat_ns = clock_boot_ns() + visit->interval_ns;
		rc = put_beat(visit, err);
	}
	if (rc == 0)
		rc = visit_take(visit, err);
	if (rc == 0 && channel_is_inner_up(visit->dial.channel)) {
		rc = visit_tell(visit, err);
		if (rc == 0)
			rc = visit_send(visit, err);
	}
	if (rc == 0)
		rc = channel_step(visit->dial.channel, err);
	visit->has_more = rc > 0;
	return rc < 0 ? rc : visit_look(visit, err);
}

/* What the gateway should know of why we go. */
static void
visit_leave(struct visit *visit, const struct err *why)
{
	if (!visit->dial.channel || !channel_is_up(visit->dial.channel))
		return;
	channel_put_bye(visit->dial.channel, why);
	(void)channel_step(visit->dial.channel, NULL);
}

static int
visit_run(struct visit *visit, struct err *err)
{
	int rc;

	visit->told = visit->has_more = false;
	visit->beats = 0;
	visit->last_beat = visit->asked_beat = 0;
	visit->sequence = visit->look_ns = 0;
	rc = visit_begin(visit, err);
	if (rc == 0)
		rc = readings_new(visit->setup->gateway, &visit->pairing,
		    &visit->readings, err);
	while (rc == 0)
		rc = visit_turn(visit, err);
	visit_leave(visit, err);
	readings_free(STEAL(visit->readings));
	dial_close(&visit->dial);
	return rc;
}

/* arg: not NULL, it has to be active. */
static bool
is_ours(const struct pairing *pairing, const void *arg)
{
	return pairing->is_ours && (!arg || pairing->status == PAIRING_ACTIVE);
}

static int
newest_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct visit *visit = arg;

	pairing_fini(&visit->pairing);
	if (visit->setup->pairing_id)
		return pairing_get(
		    txn, visit->setup->pairing_id, &visit->pairing, err);
	if (pairing_find(txn, is_ours, visit, &visit->pairing, NULL) == 0)
		return 0;
	/* one that is not says why */
	return pairing_find(txn, is_ours, NULL, &visit->pairing, err);
}

static int
visit_pairing(struct visit *visit, struct err *err)
{
	int rc = journal_view(visit->journal, newest_step, visit, err);

	if (rc)
		return rc;
	if (!visit->pairing.is_ours)
		return err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
		    "this machine is the gateway of that pairing, not its "
		    "sidecar");
	rc = pairing_usable(&visit->pairing, clock_real_ns(), err);
	if (rc == 0 && strcmp(visit->pairing.sidecar_key,
			   identity_public(visit->identity)) != 0)
		return err_set(err, ERR_SIDECAR_PAIRING_REQUIRED,
		    "the pairing is with another identity than that of this "
		    "machine");
	return rc;
}

static int
visit_init(struct visit *visit, struct err *err)
{
	const struct tool_house *house;
	int rc;

	if (!visit->config->sidecar.enabled ||
	    visit->config->sidecar.role != SIDECAR_ROLE_SIDECAR) {
		rc = err_set(err, ERR_CONFIG_SIDECAR_FORBIDDEN,
		    "this configuration is not that of a sidecar");
		err_action(err, "set sidecar.enabled and "
				"safety.sidecar_enabled, and sidecar.role: "
				"sidecar");
		return rc;
	}
	rc = gateway_ready(visit->setup->gateway, &house, err);
	if (rc)
		return rc;
	visit->journal = house->journal;
	rc = identity_load(visit->config->audit.path, &visit->identity, err);
	if (rc == 0)
		rc = identity_lock(
		    visit->config->audit.path, &visit->lock_fd, err);
	if (rc)
		return rc;
	visit->inner = identity_credentials(visit->identity);
	return visit->inner ? visit_pairing(visit, err) : no_memory(err);
}

/* true: it was told to stop. */
static bool
pause_for(int stop_fd, uint64_t ns)
{
	struct pollfd fd = { .fd = stop_fd, .events = POLLIN };

	return poll(&fd, 1, (int)(ns / NS_PER_MS)) > 0;
}

static bool
is_final(const struct err *err)
{
	return err->code == ERR_SIDECAR_PAIRING_REQUIRED ||
	       err->code == ERR_CALL_CANCELLED ||
	       err->code == ERR_CONFIG_INVALID;
}

static int
visits(struct visit *visit, struct err *err)
{
	uint64_t pause_ns = PAUSE_NS;

	for (;;) {
		struct err why = ERR_INIT;
		uint64_t start_ns = clock_boot_ns();
		int rc = visit_run(visit, &why);

		if (is_final(&why)) {
			err_move(err, &why);
			return err && err->code == ERR_CALL_CANCELLED ? 0 : rc;
		}
		/* two that end each other's sessions must not do it at once */
		if (visit->told && clock_boot_ns() - start_ns > PAUSE_MAX_NS)
			pause_ns = PAUSE_NS;
		say(visit, NULL, &why);
		err_fini(&why);
		if (pause_for(visit->setup->stop_fd, pause_ns))
			return 0;
		pause_ns =
		    pause_ns * 2 < PAUSE_MAX_NS ? pause_ns * 2 : PAUSE_MAX_NS;
	}
}

int
sidecar_run(const struct sidecar_setup *setup, struct err *err)
{
	struct visit visit = {
		.setup = setup,
		.config = gateway_config(setup->gateway),
		.lock_fd = -1,
	};
	int rc = visit_init(&visit, err);

	if (rc == 0)
		rc = visits(&visit, err);
	if (rc == 0 && err)
		err_fini(err);
	pairing_fini(&visit.pairing);
	if (visit.inner)
		gnutls_certificate_free_credentials(visit.inner);
	identity_free(visit.identity);
	if (visit.lock_fd >= 0)
		(void)close(visit.lock_fd);
	return rc;
}

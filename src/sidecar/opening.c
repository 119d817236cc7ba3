/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* How a session begins at the sidecar's end. */

#include "sidecar/visit.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "sidecar/capability.h"
#include "sidecar/trail.h"
#include "sidecar/window.h"

#define DIAL_NS (20 * NS_PER_S)

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
	return metadata ? txn_audit(txn, &event, err) : err_no_memory(err);
}

static int
visit_count(struct visit *visit, struct err *err)
{
	struct counting counting = { .visit = visit };
	struct call *call = call_new(clock_boot_ns() + TRAIL_NS);
	int rc = call ? journal_update(
			    visit->journal, call, count_step, &counting, err)
		      : err_no_memory(err);

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
		return err_no_memory(err);
	return channel_put_signed(
	    visit->dial.channel, FRAME_HELLO, visit->identity, body, err);
}

static uint64_t
skew_ns(const struct visit *visit)
{
	return visit->config->sidecar.clock_skew_seconds * NS_PER_S;
}

int
visit_check_time(struct visit *visit, struct json_object *body,
    const char *what, struct err *err)
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
	rc = visit_check_time(visit, body, "the gateway's welcome", err);
	if (rc)
		return rc;
	(void)snprintf(visit->session_id, sizeof visit->session_id, "%s",
	    json_get_str(body, "relay_session_id", ""));
	visit->interval_ns = seconds_of(body, "heartbeat_interval_seconds");
	visit->timeout_ns = seconds_of(body, "heartbeat_timeout_seconds");
	return channel_begin_inner(
	    visit->dial.channel, visit->inner, visit->pairing.gateway_key, err);
}

int
visit_open(struct visit *visit, struct err *err)
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

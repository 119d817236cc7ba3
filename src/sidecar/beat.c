/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Heartbeats of a sidecar, each of which is answered. */

#include "sidecar/greeting.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "sidecar/trail.h"

/* How often one is stored, at most. */
#define KEEP_NS (60 * NS_PER_S)

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
	if (time_ns > now_ns + greeting_skew_ns(guest))
		return err_set(err, ERR_SIDECAR_UNAVAILABLE,
		    "a heartbeat is %llu s in the future",
		    (unsigned long long)((time_ns - now_ns) / NS_PER_S));
	return window_time(
	    "a heartbeat", time_ns, now_ns, greeting_skew_ns(guest), err);
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
	rc |= greeting_add_now(answer);
	if (rc)
		return err_no_memory(err);
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

int
greeting_beat(struct guest *guest, const struct frame *frame, struct err *err)
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

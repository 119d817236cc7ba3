/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/visit.h"

#include <poll.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "sidecar/session.h"
#include "sidecar/window.h"

#define LOOK_NS (NS_PER_S / 2)

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
		return err_no_memory(err);
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
		rc = visit_check_time(visit, body, "a heartbeat", err);
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
		    clock_real_ns(),
		    visit->config->sidecar.clock_skew_seconds * NS_PER_S, err);
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

	if (now_ns < visit->look_ns)
		return 0;
	visit->look_ns = now_ns + LOOK_NS;
	if (now_ns - visit->heard_ns > visit->timeout_ns)
		return err_set(err, ERR_SIDECAR_UNAVAILABLE,
		    "the gateway has been silent for %llu s",
		    (unsigned long long)((now_ns - visit->heard_ns) /
					 NS_PER_S));
	return pairing_still_usable(
	    visit->journal, visit->pairing.pairing_id, err);
}

void
visit_say(const struct visit *visit, const char *session, const struct err *why)
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
	visit_say(visit, visit->session_id, NULL);
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

int
visit_serve(struct visit *visit, struct err *err)
{
	int rc;

	visit->told = visit->has_more = false;
	visit->beats = 0;
	visit->last_beat = visit->asked_beat = 0;
	visit->sequence = visit->look_ns = 0;
	rc = visit_open(visit, err);
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

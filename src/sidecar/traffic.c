/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

int
traffic_response(struct asks *asks, struct guest *guest,
    const struct frame *frame, struct err *err)
{
	struct envelope envelope;
	struct ask *ask;
	int rc = envelope_read(frame->data, frame->len, true, &envelope, err);

	if (rc)
		return rc;
	if (strcmp(envelope.relay_session_id,
		guest->session.relay_session_id) != 0)
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "an answer of another session");
	if (guest->unanswered > 0)
		guest->unanswered--;
	LOCK_SCOPE(&asks->lock);
	ask = ask_find(asks, envelope.request_id);
	if (!ask)
		return 0; /* whoever asked has gone */
	if (ask->is_answered)
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "a second answer to one request: a replay");
	ask->is_answered = true;
	ask->answer_envelope = envelope;
	ask->answer_text = strndup((const char *)frame->data, frame->len);
	return ask->answer_text ? 0 : err_no_memory(err);
}

/* The answer inside, held to its envelope outside. */
static int
message_settle(struct guest *guest, struct ask *ask, struct parcel *message,
    struct err *err)
{
	char hash[HASH_HEX_SIZE];

	channel_payload_hash(
	    guest->channel, message->payload, strlen(message->payload), hash);
	if (!ask->answer_text ||
	    strcmp(ask->answer_text, message->envelope) != 0 ||
	    strcmp(hash, ask->answer_envelope.payload_hash) != 0)
		return err_set(err, ERR_OUTPUT_UNSAFE,
		    "an answer and its envelope do not belong together");
	ask->answer = *message;
	*message = (struct parcel){ .envelope = NULL };
	ask_end(ask);
	return 0;
}

int
traffic_message(struct asks *asks, struct guest *guest, const struct buf *text,
    struct err *err)
{
	struct parcel message = { .envelope = NULL };
	struct envelope envelope;
	struct ask *ask;
	int rc = parcel_read(text, &message, err);

	if (rc == 0)
		rc = envelope_read(message.envelope, strlen(message.envelope),
		    true, &envelope, err);
	if (rc == 0) {
		LOCK_SCOPE(&asks->lock);
		ask = ask_find(asks, envelope.request_id);
		if (ask)
			rc = message_settle(guest, ask, &message, err);
	}
	parcel_fini(&message);
	return rc;
}

/* The envelope of a request, and the request inside it. */
static int
ask_send(struct guest *guest, struct ask *ask, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT, inner = BUF_INIT;
	struct envelope *e = &ask->envelope;
	struct parcel message = { .payload =
				      (char *)(uintptr_t)ask->arguments };

	*e = (struct envelope){
		.sequence = ++guest->sequence,
		.created_ns = clock_real_ns(),
	};
	id_new(e->request_id);
	memcpy(e->relay_session_id, guest->session.relay_session_id,
	    sizeof e->relay_session_id);
	(void)snprintf(
	    e->tool_name, sizeof e->tool_name, "%s", ask->tool->name);
	(void)snprintf(e->scope, sizeof e->scope, "%s", ask->tool->scope);
	channel_payload_hash(
	    guest->channel, ask->arguments, ask->len, e->payload_hash);
	envelope_write(&text, e);
	if (text.failed)
		return err_no_memory(err);
	message.envelope = text.data;
	parcel_write(&inner, &message);
	guest->unanswered++;
	channel_put(guest->channel, FRAME_REQUEST, text.data, text.len);
	return channel_put_message(guest->channel, &inner, err);
}

/* The ids of the pairing outlive the session. */
static bool
ask_keep(struct ask *ask, const struct pairing *pairing)
{
	ask->pairing = (struct pairing){
		.pairing_id = strdup(pairing->pairing_id),
		.remote_instance_id = strdup(pairing->remote_instance_id),
		.sidecar_id = strdup(pairing->sidecar_id),
	};
	return ask->pairing.pairing_id && ask->pairing.remote_instance_id &&
	       ask->pairing.sidecar_id;
}

/* A read that nobody waits for any more still has its place over there. */
static bool
ask_is_too_many(struct guest *guest, struct ask *ask)
{
	if (guest->unanswered < ASKS_MAX)
		return false;
	(void)err_set(&ask->err, ERR_SIDECAR_UNAVAILABLE,
	    "the sidecar still reads for %u requests", guest->unanswered);
	ask_end(ask);
	return true;
}

static int
asks_send(struct asks *asks, struct guest *guest, struct err *err)
{
	LOCK_SCOPE(&asks->lock);
	int rc = 0;

	for (struct ask *ask = asks->list; ask && rc == 0; ask = ask->next) {
		if (ask->state != ASK_QUEUED)
			continue;
		if (ask_is_too_many(guest, ask))
			continue;
		ask->state = ASK_SENT;
		rc = ask_keep(ask, &guest->pairing) ? ask_send(guest, ask, err)
						    : err_no_memory(err);
	}
	return rc;
}

static int
put_cancel(
    struct guest *guest, const struct given_up *given_up, struct err *err)
{
	CLEANUP_JSON struct json_object *body = json_object_new_object();
	int rc =
	    json_add_str(body, "relay_session_id", given_up->relay_session_id);

	rc |= json_add_str(body, "request_id", given_up->request_id);
	if (rc)
		return err_no_memory(err);
	return channel_put_signed(
	    guest->channel, FRAME_CANCEL, guest->house->identity, body, err);
}

/* Those of a session that is over have ended with it. */
static int
cancels_send(struct asks *asks, struct guest *guest, struct err *err)
{
	LOCK_SCOPE(&asks->lock);
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < asks->given_up_count; i++) {
		const struct given_up *given_up = &asks->given_up[i];

		if (strcmp(given_up->relay_session_id,
			guest->session.relay_session_id) == 0)
			rc = put_cancel(guest, given_up, err);
	}
	asks->given_up_count = 0;
	return rc;
}

int
traffic_send(struct asks *asks, struct guest *guest, struct err *err)
{
	int rc = cancels_send(asks, guest, err);

	return rc ? rc : asks_send(asks, guest, err);
}

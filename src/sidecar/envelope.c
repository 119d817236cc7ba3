/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/envelope.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

/* A payload of 1 MiB, written as a string of a string. */
static const struct json_bounds parcel_bounds = {
	.bytes = 4 * 1024 * 1024,
	.depth = 4,
	.values = 100,
};

static void
member(struct buf *out, const char *key, const char *text)
{
	if (!*text)
		return;
	buf_printf(out, ",\"%s\":", key);
	json_write_string(out, text, strlen(text));
}

/* In the order of the alphabet, so that it is canonical. */
void
envelope_write(struct buf *out, const struct envelope *e)
{
	char time[CLOCK_TEXT_SIZE];

	clock_format(e->created_ns, time);
	buf_printf(out, "{\"created_at\":\"%s\"", time);
	if (e->is_answer)
		buf_printf(out, ",\"local_session_usable\":%s",
		    e->local_session_usable ? "true" : "false");
	member(out, "manual_action", e->manual_action);
	member(out, "payload_hash", e->payload_hash);
	member(out, "relay_session_id", e->relay_session_id);
	member(out, "request_id", e->request_id);
	member(out, "scope", e->scope);
	if (!e->is_answer)
		buf_printf(out, ",\"sequence\":%" PRId64, e->sequence);
	member(out, "tool_name", e->tool_name);
	buf_char(out, '}');
}

static int
bad(const char *what, struct err *err)
{
	return err_set(
	    err, ERR_OUTPUT_UNSAFE, "an envelope of the relay %s", what);
}

/* A text that fits, or nothing. */
static bool
take(struct json_object *obj, const char *key, char *to, size_t size)
{
	const char *text = json_get_str(obj, key, "");

	return (size_t)snprintf(to, size, "%s", text) < size && *to;
}

#define TAKE(obj, e, name) take(obj, #name, (e)->name, sizeof((e)->name))

static bool
take_parts(struct json_object *obj, struct envelope *e)
{
	uint8_t hash[HASH_SIZE];

	return TAKE(obj, e, request_id) && id_is_uuid(e->request_id) &&
	       TAKE(obj, e, relay_session_id) && TAKE(obj, e, payload_hash) &&
	       hash_parse_hex(e->payload_hash, hash) &&
	       clock_parse(json_get_str(obj, "created_at", ""), &e->created_ns,
		   NULL) == 0;
}

static bool
take_request(struct json_object *obj, struct envelope *e)
{
	e->sequence = json_get_int(obj, "sequence", 0);
	return TAKE(obj, e, tool_name) && TAKE(obj, e, scope) &&
	       e->sequence > 0;
}

static bool
take_answer(struct json_object *obj, struct envelope *e)
{
	e->local_session_usable =
	    json_get_bool(obj, "local_session_usable", false);
	return !json_get(obj, "manual_action") || TAKE(obj, e, manual_action);
}

int
envelope_read(const void *data, size_t len, bool is_answer,
    struct envelope *ret_envelope, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	CLEANUP_BUF struct buf again = BUF_INIT;
	struct envelope e = { .is_answer = is_answer };

	if (json_parse(data, len, &json_bounds_default, &obj, NULL) ||
	    !json_object_is_type(obj, json_type_object))
		return bad("is no JSON object", err);
	if (!take_parts(obj, &e) ||
	    !(is_answer ? take_answer(obj, &e) : take_request(obj, &e)))
		return bad("lacks a member, or has one of another form", err);
	envelope_write(&again, &e);
	if (again.failed || again.len != len ||
	    memcmp(again.data, data, len) != 0)
		return bad("says more than one may", err);
	*ret_envelope = e;
	return 0;
}

void
parcel_fini(struct parcel *message)
{
	free(STEAL(message->envelope));
	free(STEAL(message->payload));
}

void
parcel_write(struct buf *out, const struct parcel *message)
{
	buf_str(out, "{\"envelope\":");
	json_write_string(out, message->envelope, strlen(message->envelope));
	buf_printf(out, ",\"failed\":%s,\"flags\":%" PRIu32 ",\"payload\":",
	    message->failed ? "true" : "false", message->flags);
	json_write_string(out, message->payload, strlen(message->payload));
	buf_printf(out,
	    ",\"receipt_ns\":\"%" PRIu64 "\",\"source_ns\":\"%" PRIu64 "\"}",
	    message->receipt_ns, message->source_ns);
}

static uint64_t
get_u64_text(struct json_object *obj, const char *key)
{
	return strtoull(json_get_str(obj, key, "0"), NULL, 10);
}

int
parcel_read(const struct buf *text, struct parcel *ret_message, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	struct parcel message = { .envelope = NULL };
	const char *envelope, *payload;

	if (json_parse(buf_text(text), text->len, &parcel_bounds, &obj, err))
		return err_set(err, ERR_OUTPUT_UNSAFE,
		    "a message of the inner session is no JSON");
	envelope = json_get_str(obj, "envelope", NULL);
	payload = json_get_str(obj, "payload", NULL);
	if (!envelope || !payload)
		return err_set(err, ERR_OUTPUT_UNSAFE,
		    "a message of the inner session is not whole");
	message.envelope = strdup(envelope);
	message.payload = strdup(payload);
	message.failed = json_get_bool(obj, "failed", false);
	message.flags = (uint32_t)json_get_int(obj, "flags", 0);
	message.source_ns = get_u64_text(obj, "source_ns");
	message.receipt_ns = get_u64_text(obj, "receipt_ns");
	if (!message.envelope || !message.payload) {
		parcel_fini(&message);
		return err_no_memory(err);
	}
	*ret_message = message;
	return 0;
}

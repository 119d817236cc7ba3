/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the other end of the relay may send: frames one after the other, the
 * envelopes in them, and parcels of the inner session.
 */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "sidecar/channel.h"
#include "sidecar/envelope.h"
#include "sidecar/frame.h"
#include "sidecar/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is what would be written. */
static void
try_envelope(const struct frame *frame)
{
	CLEANUP_BUF struct buf again = BUF_INIT;
	const bool is_answer = frame->type == FRAME_RESPONSE;
	struct envelope envelope;

	if (envelope_read(frame->data, frame->len, is_answer, &envelope, NULL))
		return;
	envelope_write(&again, &envelope);
	assert(again.len == frame->len &&
	       memcmp(again.data, frame->data, frame->len) == 0);
}

static void
try_parcel(const struct frame *frame)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_JSON struct json_object *payload = NULL;
	struct parcel parcel;

	buf_add(&text, frame->data, frame->len);
	if (parcel_read(&text, &parcel, NULL))
		return;
	if (json_parse(parcel.payload, strlen(parcel.payload),
		&json_bounds_default, &payload, NULL) == 0)
		(void)guard_payload(payload, NULL);
	parcel_fini(&parcel);
}

static void
try_frame(const struct frame *frame)
{
	CLEANUP_JSON struct json_object *body = NULL;
	CLEANUP_ERR struct err err = ERR_INIT;

	assert(frame->len <= frame_max(frame->type));
	switch (frame->type) {
	case FRAME_REQUEST:
	case FRAME_RESPONSE:
		try_envelope(frame);
		break;
	case FRAME_INNER:
		try_parcel(frame);
		break;
	case FRAME_BYE:
		(void)channel_read_bye(frame, &err);
		break;
	default:
		(void)channel_body(frame, &body, &err);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame frame;
	size_t used;

	while (frame_parse(data, size, &frame, &used, NULL) == 0) {
		assert(used <= size && used >= FRAME_HEAD);
		try_frame(&frame);
		data += used;
		size -= used;
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/frame.h"

#include "base/cleanup.h"

static const size_t maxima[] = {
	[FRAME_CHALLENGE] = FRAME_CONTROL_MAX,
	[FRAME_HELLO] = FRAME_CONTROL_MAX,
	[FRAME_WELCOME] = FRAME_CONTROL_MAX,
	[FRAME_JOIN] = FRAME_CONTROL_MAX,
	[FRAME_JOINED] = FRAME_CONTROL_MAX,
	[FRAME_BEAT] = FRAME_CONTROL_MAX,
	[FRAME_REQUEST] = FRAME_CONTROL_MAX,
	[FRAME_RESPONSE] = FRAME_CONTROL_MAX,
	[FRAME_INNER] = FRAME_INNER_MAX,
	[FRAME_BYE] = FRAME_CONTROL_MAX,
	[FRAME_CANCEL] = FRAME_CONTROL_MAX,
};

size_t
frame_max(unsigned type)
{
	return type < ARRAY_COUNT(maxima) ? maxima[type] : 0;
}

static uint32_t
get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	       (uint32_t)at[2] << 8 | at[3];
}

int
frame_parse(const void *data, size_t len, struct frame *ret_frame,
    size_t *ret_used, struct err *err)
{
	const uint8_t *at = data;
	size_t size;

	if (len < FRAME_HEAD)
		return 1;
	size = get_u32(at);
	if (frame_max(at[4]) == 0)
		return err_set(err, ERR_OUTPUT_UNSAFE,
		    "a frame of the unknown type %u", at[4]);
	if (size > frame_max(at[4]))
		return err_set(err, ERR_OUTPUT_UNSAFE,
		    "a frame of type %u with %zu bytes, at most %zu are "
		    "allowed",
		    at[4], size, frame_max(at[4]));
	if (len - FRAME_HEAD < size)
		return 1;
	*ret_frame = (struct frame){
		.type = (enum frame_type)at[4],
		.data = at + FRAME_HEAD,
		.len = size,
	};
	*ret_used = FRAME_HEAD + size;
	return 0;
}

void
frame_write(struct buf *out, enum frame_type type, const void *data, size_t len)
{
	const uint8_t head[FRAME_HEAD] = { (uint8_t)(len >> 24),
		(uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,
		(uint8_t)type };

	buf_add(out, head, sizeof head);
	buf_add(out, data, len);
}

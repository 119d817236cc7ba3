/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* base64url for tests and fuzzers that make tokens. */

#ifndef IAG_TESTS_UNIT_TOKEN_TEXT_H
#define IAG_TESTS_UNIT_TOKEN_TEXT_H

#include <stdint.h>

#include "base/buf.h"

static inline void
token_base64url(struct buf *out, const void *data, size_t len)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t bits = (uint32_t)bytes[i] << 16;

		bits |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
		bits |= left > 2 ? bytes[i + 2] : 0;
		buf_char(out, letters[bits >> 18]);
		buf_char(out, letters[bits >> 12 & 63]);
		if (left > 1)
			buf_char(out, letters[bits >> 6 & 63]);
		if (left > 2)
			buf_char(out, letters[bits & 63]);
	}
}

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The decoders at hand skip what they do not know, or take padding and
 * leftover bits: then one signature would belong to many texts, and a token
 * that was refused by its hash could come back in other clothes.
 */

#include "auth/base64url.h"

static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool
base64url_decode(
    const char *text, size_t len, uint8_t *to, size_t room, size_t *ret_len)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t count = 0;

	if (len % 4 == 1 || len / 4 * 3 + (len % 4 ? len % 4 - 1 : 0) > room)
		return false;
	for (size_t i = 0; i < len; i++) {
		int value = value_of(text[i]);

		if (value < 0)
			return false;
		bits = (bits << 6 | (uint32_t)value) & 0xffff;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		to[count++] = (uint8_t)(bits >> held);
	}
	if (bits & ((1U << held) - 1))
		return false;
	*ret_len = count;
	return true;
}

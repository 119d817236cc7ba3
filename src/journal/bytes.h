/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Numbers as they are stored: unsigned, big-endian, so that keys sort by
 * value; and short ways to name bytes.
 */

#ifndef IAG_JOURNAL_BYTES_H
#define IAG_JOURNAL_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ibkr-agent/types.h"

static inline void
put_u64(uint8_t *to, uint64_t value)
{
	for (int i = 7; i >= 0; i--) {
		to[i] = (uint8_t)value;
		value >>= 8;
	}
}

static inline uint64_t
get_u64(const uint8_t *from)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | from[i];
	return value;
}

static inline struct iag_bytes
bytes_of(const void *data, size_t len)
{
	return (struct iag_bytes){ data, len };
}

static inline struct iag_bytes
bytes_str(const char *text)
{
	return (struct iag_bytes){ text, strlen(text) };
}

#endif

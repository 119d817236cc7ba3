/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Hexadecimal digits: those of URLs and JSON, and bytes as text. */

#ifndef IAG_BASE_HEX_H
#define IAG_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The value of a digit of either case; -1: it is none. */
static inline int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Exactly 2 * len lower-case digits, or nothing is written. */
static inline bool
hex_parse(const char *hex, uint8_t *ret_data, size_t len)
{
	if (strspn(hex, "0123456789abcdef") != 2 * len || hex[2 * len])
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned high = (unsigned)hex_value(hex[2 * i]);
		unsigned low = (unsigned)hex_value(hex[2 * i + 1]);

		ret_data[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

#endif

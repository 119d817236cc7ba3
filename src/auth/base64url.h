/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* base64url as RFC 7515 wants it: one spelling for each value, or none. */

#ifndef IAG_AUTH_BASE64URL_H
#define IAG_AUTH_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Without padding, blanks and leftover bits.  to has room for `room` bytes;
 * false, with *ret_len untouched, where the text is none or has more.
 */
bool base64url_decode(
    const char *text, size_t len, uint8_t *to, size_t room, size_t *ret_len);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* URLs of requests, and what their answers' headers mean.  Pure. */

#ifndef IAG_LINK_TARGET_H
#define IAG_LINK_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * BASE + path + the query: strings are name, value, name, value, ...
 * Everything but unreserved characters is encoded, in names too.
 */
void target_write(struct buf *out, const char *base, const char *path,
    const char *const *query, size_t query_count);

/* Of a Retry-After header in seconds or as a date; 0: none, or past. */
uint64_t target_retry_ns(const char *header, uint64_t real_ns);
/* Of a Date header (RFC 9110); 0: it is none. */
uint64_t target_date_ns(const char *header);

/* Both forms of broker.tls_pin_sha256; false: it is none. */
bool target_pin(const char *text, uint8_t ret_pin[32]);

#endif

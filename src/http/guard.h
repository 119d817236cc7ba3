/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a request must not have, though the library lets it pass: heads that
 * two servers on the same path may read in two ways.
 */

#ifndef IAG_HTTP_GUARD_H
#define IAG_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* The headers that somebody reads; those before Accept may come once,
 * the others are lists. */
enum header {
	HEADER_CONTENT_LENGTH,
	HEADER_TRANSFER_ENCODING,
	HEADER_HOST,
	HEADER_AUTHORIZATION,
	HEADER_ORIGIN,
	HEADER_CONTENT_TYPE,
	HEADER_EXPECT,
	HEADER_MCP_SESSION_ID,
	HEADER_MCP_PROTOCOL_VERSION,
	HEADER_MCP_METHOD,
	HEADER_MCP_NAME,
	HEADER_ACCEPT,
	HEADER_X_FORWARDED_FOR,
	HEADER_OTHER
};
enum { HEADERS_KNOWN = HEADER_OTHER };

/* All that a guard keeps of the headers it has seen. */
struct guard {
	unsigned seen; /* bits of enum header */
	const char *fault;
};

/* One header, in any order; len: of the value, which may hold a NUL. */
enum header guard_header(
    struct guard *guard, const char *name, const char *value, size_t len);
bool guard_saw(const struct guard *guard, enum header header);
/* NULL, or what is wrong with the request: a sentence without a stop. */
const char *guard_fault(const struct guard *guard, const char *method,
    const char *target, const char *version);

#endif

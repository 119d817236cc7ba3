/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Pure.  What cannot be seen here (a bare line feed, a folded line, a value
 * that was cut at a NUL) is said in docs/remote-mcp.md: a proxy in front has
 * to refuse it.
 */

#include "http/guard.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"

/* RFC 9110, 5.6.2; a table, since every name of every request is looked at. */
static const bool token_characters[256] = {
	['!'] = true,
	['#' ... '\''] = true,
	['*'] = true,
	['+'] = true,
	['-'] = true,
	['.'] = true,
	['0' ... '9'] = true,
	['A' ... 'Z'] = true,
	['^' ... 'z'] = true,
	['|'] = true,
	['~'] = true,
};

static const char *const header_names[HEADERS_KNOWN] = {
	[HEADER_CONTENT_LENGTH] = "Content-Length",
	[HEADER_TRANSFER_ENCODING] = "Transfer-Encoding",
	[HEADER_HOST] = "Host",
	[HEADER_AUTHORIZATION] = "Authorization",
	[HEADER_ORIGIN] = "Origin",
	[HEADER_CONTENT_TYPE] = "Content-Type",
	[HEADER_EXPECT] = "Expect",
	[HEADER_MCP_SESSION_ID] = "Mcp-Session-Id",
	[HEADER_MCP_PROTOCOL_VERSION] = "MCP-Protocol-Version",
	[HEADER_MCP_METHOD] = "Mcp-Method",
	[HEADER_MCP_NAME] = "Mcp-Name",
	[HEADER_ACCEPT] = "Accept",
	[HEADER_X_FORWARDED_FOR] = "X-Forwarded-For",
};

static bool
guard_is_token(const char *text)
{
	const char *at = text;

	while (token_characters[(unsigned char)*at])
		at++;
	return at > text && !*at;
}

static bool
guard_is_number(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < 19 && strspn(text, "0123456789") == len;
}

static enum header
guard_find(const char *name)
{
	for (unsigned i = 0; i < HEADERS_KNOWN; i++) {
		/* most differ in the first letter, whatever its case */
		if (!((name[0] ^ header_names[i][0]) & ~0x20) &&
		    strcasecmp(name, header_names[i]) == 0)
			return (enum header)i;
	}
	return HEADER_OTHER;
}

static const char *
guard_value(enum header header, const char *value)
{
	if (header == HEADER_CONTENT_LENGTH && !guard_is_number(value))
		return "Content-Length is not a number";
	if (header == HEADER_TRANSFER_ENCODING &&
	    strcasecmp(value, "chunked") != 0)
		return "the only Transfer-Encoding here is chunked";
	return NULL;
}

/* Plain strings of JSON have no control characters either. */
static bool
guard_has_control(const char *value, size_t len)
{
	for (size_t i = json_plain_len(value, len); i < len; i++) {
		if ((unsigned char)value[i] < ' ' && value[i] != '\t')
			return true;
	}
	return memchr(value, 0x7f, len) != NULL;
}

bool
guard_saw(const struct guard *guard, enum header header)
{
	return (guard->seen & (1u << header)) != 0;
}

enum header
guard_header(
    struct guard *guard, const char *name, const char *value, size_t len)
{
	enum header header = HEADER_OTHER;

	if (guard->fault)
		return header;
	header = guard_find(name);
	if (!guard_is_token(name))
		guard->fault = "a header's name is not a token";
	if (guard_has_control(value, len))
		guard->fault = "a header holds a control character";
	if (header < HEADER_ACCEPT && guard_saw(guard, header))
		guard->fault = "a header that may come once came twice";
	guard->seen |= 1u << header;
	if (!guard->fault)
		guard->fault = guard_value(header, value);
	return header;
}

const char *
guard_fault(const struct guard *guard, const char *method, const char *target,
    const char *version)
{
	if (guard->fault)
		return guard->fault;
	if (guard_saw(guard, HEADER_CONTENT_LENGTH) &&
	    guard_saw(guard, HEADER_TRANSFER_ENCODING))
		return "Content-Length and Transfer-Encoding exclude each "
		       "other";
	if (strcmp(version, "HTTP/1.1") == 0 && !guard_saw(guard, HEADER_HOST))
		return "Host is missing";
	if (strcmp(version, "HTTP/1.1") != 0 &&
	    strcmp(version, "HTTP/1.0") != 0)
		return "the version is neither HTTP/1.1 nor HTTP/1.0";
	if (!guard_is_token(method))
		return "the method is not a token";
	if (target[0] != '/' || strchr(target, '%') || strchr(target, '#'))
		return "the target is not a plain path";
	return NULL;
}

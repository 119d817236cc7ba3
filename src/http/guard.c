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

#include "base/cleanup.h"

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

/* Of these a second one is an attack or a mistake. */
static const char *const single_headers[] = { "Content-Length",
	"Transfer-Encoding", "Host", "Authorization", "Origin", "Content-Type",
	"Expect", "Mcp-Session-Id", "MCP-Protocol-Version", "Mcp-Method",
	"Mcp-Name" };

enum { SEEN_LENGTH = 0x1, SEEN_CODING = 0x2, SEEN_HOST = 0x4 };

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

static const char *
guard_value(const char *name, const char *value)
{
	if (strcasecmp(name, "Content-Length") == 0 && !guard_is_number(value))
		return "Content-Length is not a number";
	if (strcasecmp(name, "Transfer-Encoding") == 0 &&
	    strcasecmp(value, "chunked") != 0)
		return "the only Transfer-Encoding here is chunked";
	return NULL;
}

void
guard_header(
    struct guard *guard, const char *name, const char *value, size_t len)
{
	if (guard->fault)
		return;
	if (!guard_is_token(name))
		guard->fault = "a header's name is not a token";
	for (size_t i = 0; i < len; i++) {
		if (((unsigned char)value[i] < ' ' && value[i] != '\t') ||
		    value[i] == 0x7f)
			guard->fault = "a header holds a control character";
	}
	for (size_t i = 0; i < ARRAY_COUNT(single_headers); i++) {
		/* most differ in the first letter, whatever its case */
		if ((name[0] ^ single_headers[i][0]) & ~0x20 ||
		    strcasecmp(name, single_headers[i]) != 0)
			continue;
		if (guard->seen & (1u << i))
			guard->fault = "a header that may come once came twice";
		guard->seen |= 1u << i;
	}
	if (!guard->fault)
		guard->fault = guard_value(name, value);
}

const char *
guard_fault(const struct guard *guard, const char *method, const char *target,
    const char *version)
{
	if (guard->fault)
		return guard->fault;
	if ((guard->seen & SEEN_LENGTH) && (guard->seen & SEEN_CODING))
		return "Content-Length and Transfer-Encoding exclude each "
		       "other";
	if (strcmp(version, "HTTP/1.1") == 0 && !(guard->seen & SEEN_HOST))
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

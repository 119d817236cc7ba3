/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Pure: texts in, verdicts out. */

#include "http/rules.h"

#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"

#define BASE64_BEGIN "=?base64?"
#define BASE64_END "?="

/* The host in "host", "host:port", "[::1]:port". */
static size_t
rules_host_len(const char *host)
{
	const char *bracket = host[0] == '[' ? strchr(host, ']') : NULL;

	return bracket ? (size_t)(bracket - host) + 1 : strcspn(host, ":");
}

static bool
rules_is_port(const char *text)
{
	size_t len = strlen(text);

	return len == 0 || (text[0] == ':' && len > 1 && len < 7 &&
			       strspn(text + 1, "0123456789") == len - 1);
}

static bool
rules_is_here(const char *host, size_t len)
{
	struct address address;

	if (len == 9 && strncasecmp(host, "localhost", len) == 0)
		return true;
	return address_parse(host, len, &address) &&
	       address_is_loopback(&address);
}

bool
rules_host(const char *host, const char *resource_host)
{
	struct address address;
	size_t len = host ? rules_host_len(host) : 0;

	if (!host)
		return true; /* HTTP/1.0 */
	if (len == 0 || !rules_is_port(host + len))
		return false;
	if (resource_host && strlen(resource_host) == len &&
	    strncasecmp(host, resource_host, len) == 0)
		return true;
	return rules_is_here(host, len) || address_parse(host, len, &address);
}

static bool
rules_is_local_origin(const char *origin)
{
	const char *host = NULL;
	size_t len = 0;

	if (strncasecmp(origin, "http://", 7) == 0)
		host = origin + 7;
	else if (strncasecmp(origin, "https://", 8) == 0)
		host = origin + 8;
	if (!host)
		return false;
	len = rules_host_len(host);
	return rules_is_here(host, len) && rules_is_port(host + len);
}

/* Scheme, host and port of a URL: all before its path. */
static size_t
rules_origin_len(const char *url)
{
	const char *host = strstr(url, "://");

	return host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : 0;
}

static bool
rules_same_origin(const char *origin, const char *url)
{
	size_t len = rules_origin_len(url);

	return len > 0 && strlen(origin) == len &&
	       strncasecmp(origin, url, len) == 0;
}

bool
rules_origin(const char *origin, const char *resource,
    const struct config_list *allowed, bool is_local)
{
	if (!origin)
		return true;
	for (size_t i = 0; i < allowed->count; i++) {
		if (rules_same_origin(origin, allowed->items[i]))
			return true;
	}
	return (resource && rules_same_origin(origin, resource)) ||
	       (is_local && rules_is_local_origin(origin));
}

/* Does text begin with the media type, and something else follow? */
static bool
rules_is_type(const char *text, const char *type)
{
	size_t len = strlen(type);

	return strncasecmp(text, type, len) == 0 &&
	       strchr(" \t;,", text[len]) != NULL;
}

bool
rules_is_json(const char *content_type)
{
	return content_type && rules_is_type(content_type, "application/json");
}

/* A range with q=0 is one that is not wanted. */
static bool
rules_is_wanted(const char *range)
{
	const char *end = range + strcspn(range, ",");
	const char *q = strstr(range, "q=0");

	if (!q || q > end)
		return true;
	q += 3;
	if (*q == '.')
		q += 1 + strspn(q + 1, "0");
	return *q >= '0' && *q <= '9';
}

unsigned
rules_accept(const char *accept)
{
	static const struct {
		const char *range;
		unsigned bits;
	} ranges[] = {
		{ "application/json", RULES_JSON },
		{ "application/*", RULES_JSON },
		{ "text/event-stream", RULES_STREAM },
		{ "text/*", RULES_STREAM },
		{ "*/*", RULES_JSON | RULES_STREAM },
	};
	unsigned bits = 0;

	if (!accept)
		return RULES_JSON | RULES_STREAM;
	for (const char *at = accept; *at; at += strcspn(at, ",")) {
		at += strspn(at, ", \t");
		for (size_t i = 0; i < ARRAY_COUNT(ranges); i++) {
			if (rules_is_type(at, ranges[i].range) &&
			    rules_is_wanted(at))
				bits |= ranges[i].bits;
		}
	}
	return bits;
}

static int
rules_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Strict: padded, no bits left over. */
static bool
rules_base64(const char *text, size_t len, struct buf *out)
{
	unsigned value = 0, bits = 0;
	size_t pad = 0;

	if (len % 4 != 0)
		return false;
	while (pad < 2 && len > 0 && text[len - 1] == '=') {
		pad++;
		len--;
	}
	for (size_t i = 0; i < len; i++) {
		int digit = rules_digit(text[i]);

		if (digit < 0)
			return false;
		value = (value << 6 | (unsigned)digit) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_char(out, (char)(value >> bits & 0xff));
		}
	}
	return bits == 2 * pad && (value & ((1u << bits) - 1)) == 0;
}

bool
rules_decode(const char *value, struct buf *out)
{
	static const size_t begin = sizeof BASE64_BEGIN - 1;
	static const size_t end = sizeof BASE64_END - 1;
	size_t len = strlen(value);

	if (len < begin + end || strncmp(value, BASE64_BEGIN, begin) != 0 ||
	    strcmp(value + len - end, BASE64_END) != 0) {
		buf_str(out, value);
		return !out->failed;
	}
	return rules_base64(value + begin, len - begin - end, out) &&
	       !memchr(buf_text(out), '\0', out->len) && !out->failed;
}

/* What Mcp-Name has to say, or NULL. */
static const char *
rules_name(const struct message *message)
{
	static const char *const members[][2] = { { "tools/call", "name" },
		{ "prompts/get", "name" }, { "resources/read", "uri" } };

	for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
		if (strcmp(message->method, members[i][0]) == 0)
			return json_get_str(
			    message->params, members[i][1], NULL);
	}
	return NULL;
}

static int
rules_mismatch(struct err *err, const char *header, const char *is)
{
	(void)err_set(err, ERR_INPUT_INVALID,
	    is ? "the header '%s' says something else than the message"
	       : "the header '%s' is missing",
	    header);
	return RPC_HEADER_MISMATCH;
}

/* White space at the ends of a field's value is none of it. */
static bool
rules_is_same(const char *field, const char *value)
{
	size_t len = 0;

	field += strspn(field, " \t");
	len = strlen(field);
	while (len > 0 && strchr(" \t", field[len - 1]))
		len--;
	return strlen(value) == len && strncmp(field, value, len) == 0;
}

bool
rules_is_split(const struct rules_head *head, const struct message *message)
{
	const char *version =
	    json_get_str(message->meta, ERA_META_VERSION, NULL);

	return head->version && version &&
	       !rules_is_same(head->version, version);
}

/* A name stands there as it is, or in base64. */
static bool
rules_is_name(const char *field, const char *name)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	return rules_is_same(field, name) ||
	       (rules_decode(field, &text) &&
		   strcmp(buf_text(&text), name) == 0);
}

static int
rules_modern(const struct rules_head *head, const struct message *message,
    struct err *err)
{
	const char *wanted = rules_name(message);

	if (!head->version || rules_is_split(head, message))
		return rules_mismatch(
		    err, "MCP-Protocol-Version", head->version);
	if (!head->method || !rules_is_same(head->method, message->method))
		return rules_mismatch(err, "Mcp-Method", head->method);
	if (!wanted)
		return 0;
	if (!head->name || !rules_is_name(head->name, wanted))
		return rules_mismatch(err, "Mcp-Name", head->name);
	return 0;
}

int
rules_message(const struct rules_head *head, const struct message *message,
    enum era era, struct err *err)
{
	if (message->kind != MESSAGE_REQUEST &&
	    message->kind != MESSAGE_NOTIFICATION)
		return 0;
	if (era == ERA_MODERN)
		return message->kind == MESSAGE_REQUEST
			   ? rules_modern(head, message, err)
			   : 0;
	if (!head->version)
		return 0;
	if (strcmp(head->version, ERA_MODERN_VERSION) == 0) {
		if (message->kind == MESSAGE_NOTIFICATION)
			return 0;
		(void)err_set(err, ERR_INPUT_INVALID,
		    "'params._meta' needs the string '%s'", ERA_META_VERSION);
		return RPC_INVALID_PARAMS;
	}
	if (era_is_legacy_version(head->version))
		return 0;
	(void)err_set(err, ERR_INPUT_INVALID,
	    "the header 'MCP-Protocol-Version' names no version that is "
	    "supported");
	return RPC_INVALID_REQUEST;
}

unsigned
rules_status(int code, enum era era)
{
	switch (code) {
	case 0:
		return 200;
	case RPC_METHOD_NOT_FOUND:
		return era == ERA_MODERN ? 404 : 200;
	case RPC_INTERNAL_ERROR:
		return 500;
	default:
		return 400;
	}
}

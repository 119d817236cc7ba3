/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The texts of the broker that are known say more than its status codes: the
 * same trouble comes as 200, 400, 401 and 500.
 */

#include "map.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "emit.h"
#include "ibkr-agent/types.h"
#include "text.h"

#define NS_PER_S UINT64_C(1000000000)
/* What the broker asks for after a 429 that says nothing. */
#define PACING_NS (60 * NS_PER_S)

#define INVALID "BROKER_RESPONSE_INVALID"
#define UNAVAILABLE "BROKER_BACKEND_UNAVAILABLE"
#define REQUIRED "BROKER_SESSION_REQUIRED"
#define EXPIRED "BROKER_SESSION_EXPIRED"

/* The gateway itself says so, in a line that is no JSON. */
#define ACCESS_DENIED "Access Denied\n"

/* What the broker says, and what it means. */
static const struct {
	const char *says;
	int32_t result;
	const char *code;
	uint32_t hints;
	const char *means;
} texts[] = {
	{ "query /accounts first", IAG_AGAIN, UNAVAILABLE, MAP_ASK_ACCOUNTS,
	    "the accounts have not been asked for in this session yet" },
	{ "no bridge", IAG_AUTH, REQUIRED, 0,
	    "there is no brokerage session, or it is just starting" },
	{ "Init session first", IAG_AUTH, REQUIRED, 0,
	    "there is no brokerage session, or it is just starting" },
	{ "no session", IAG_AUTH, EXPIRED, 0, "the login has ended" },
	{ "not logged in", IAG_AUTH, REQUIRED, 0, "nobody is logged in" },
	{ "not authenticated", IAG_AUTH, REQUIRED, 0, "nobody is logged in" },
	{ "failed to process request", IAG_AUTH, REQUIRED, 0,
	    "there is no usable session" },
	{ ACCESS_DENIED, IAG_AGAIN, UNAVAILABLE, 0,
	    "the gateway takes no requests from this host (Access Denied): "
	    "add its address to ips.allow in the gateway's root/conf.yaml, "
	    "and start the gateway again" },
	{ "accountId is not valid", IAG_INVAL, "INPUT_UNAUTHORIZED_ACCOUNT", 0,
	    "this login has no such account" },
	{ "Chart data unavailable", IAG_AGAIN, "HISTORICAL_BARS_UNAVAILABLE",
	    MAP_RETRY, "there is no chart data for this" },
};

/* What a status means whose answer says nothing that is known. */
static const struct {
	uint32_t from, to;
	int32_t result;
	const char *code;
	uint32_t hints;
	const char *means;
} statuses[] = {
	{ 300, 399, IAG_INTERNAL, INVALID, 0,
	    "the gateway wants to send the request elsewhere: "
	    "broker.base_url has to end in /v1/api, and somebody has to be "
	    "logged in" },
	{ 401, 401, IAG_AUTH, REQUIRED, 0, "nobody is logged in" },
	{ 403, 403, IAG_NOTSUP, NULL, 0, "the broker does not permit this" },
	{ 404, 404, IAG_AGAIN, UNAVAILABLE, MAP_RETRY | MAP_ABSENT,
	    "the broker does not know this" },
	{ 411, 411, IAG_INTERNAL, INVALID, 0, "the broker missed a length" },
	{ 423, 423, IAG_AGAIN, UNAVAILABLE, MAP_RETRY,
	    "the broker is busy with this" },
	{ 400, 499, IAG_INVAL, "INPUT_INVALID", 0,
	    "the broker refuses the request" },
	{ 500, 599, IAG_AGAIN, UNAVAILABLE, MAP_RETRY | MAP_ABSENT,
	    "the broker cannot answer this now" },
};

void
map_init(struct map *map, struct text *out)
{
	*map = (struct map){ .out = out, .flags = 0 };
}

void
map_fini(struct map *map)
{
	node_fini(&map->tree);
}

static int32_t __attribute__((format(printf, 5, 0)))
fail_list(struct map *map, int32_t result, const char *code, uint32_t hints,
    const char *format, va_list args)
{
	map->code = code;
	map->hints = hints;
	(void)vsnprintf(map->why, sizeof(map->why), format, args);
	return result;
}

int32_t
map_fail(
    struct map *map, int32_t result, const char *code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	result = fail_list(map, result, code, 0, format, args);
	va_end(args);
	return result;
}

int32_t
map_invalid(struct map *map, const char *format, ...)
{
	va_list args;
	int32_t result;

	va_start(args, format);
	result = fail_list(map, IAG_INTERNAL, INVALID, 0, format, args);
	va_end(args);
	return result;
}

void
map_line(const struct node *text, char *buffer, size_t size)
{
	size_t len = 0;

	*buffer = '\0';
	if (!node_is(text, NODE_STRING))
		return;
	for (uint32_t i = 0; i < text->len && len + 1 < size; i++) {
		char c = text->at[i];

		if (c == '\\') {
			/* a quote, or what becomes a blank */
			c = text->at[++i];
			i += c == 'u' ? 4 : 0;
			c = c == '"' ? '\'' : c == '/' ? '/' : ' ';
		}
		buffer[len++] = c >= ' ' && c < 0x7f ? c : '?';
	}
	buffer[len] = '\0';
}

/* The answer says that it is a failure: `says` in one line. */
static int32_t
refused(struct map *map, const struct reply *reply, const char *says)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!strstr(says, texts[i].says))
			continue;
		(void)map_fail(map, 0, texts[i].code, "%s", texts[i].means);
		map->hints = texts[i].hints;
		return texts[i].result;
	}
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		if (reply->status < statuses[i].from ||
		    reply->status > statuses[i].to)
			continue;
		(void)map_fail(map, 0, statuses[i].code, "%s (%u%s%s)",
		    statuses[i].means, (unsigned)reply->status,
		    *says ? ": " : "", says);
		map->hints = statuses[i].hints;
		return statuses[i].result;
	}
	return map_invalid(map, "the broker says '%s'", says);
}

static int32_t
limited(struct map *map)
{
	map->retry_ns = PACING_NS;
	return map_fail(map, IAG_LIMIT, "BROKER_RATE_LIMITED",
	    "the broker says that it was asked too often");
}

/* The first byte that counts. */
static char
first_byte(const struct reply *reply)
{
	for (size_t i = 0; i < reply->len; i++) {
		if (!strchr(" \t\r\n\xef\xbb\xbf", reply->body[i]) ||
		    !reply->body[i])
			return reply->body[i];
	}
	return '\0';
}

static int
begins(const struct reply *reply, const char *word)
{
	size_t len = strlen(word);

	return reply->len >= len && memcmp(reply->body, word, len) == 0;
}

/* What a failure says: {"error":…}, {"detail":…} of O's problem form. */
static void
says_find(struct map *map, const struct reply *reply, char *buffer, size_t size)
{
	static const char *const names[] = { "error", "detail", "title" };
	const char *why;

	*buffer = '\0';
	if (begins(reply, "Access Denied"))
		(void)snprintf(buffer, size, "%s", ACCESS_DENIED);
	if (first_byte(reply) != '{' ||
	    node_parse(&map->tree, reply->body, reply->len, &why))
		return;
	for (size_t i = 0; i < 3 && !*buffer; i++)
		map_line(node_get(map->tree.nodes, names[i]), buffer, size);
}

static int32_t
form_fail(struct map *map, const struct reply *reply)
{
	char first = first_byte(reply);

	if (!first)
		return map_invalid(map, "the broker's answer is empty");
	if (first == '<')
		return map_invalid(
		    map, "the broker's answer is a web page, not data");
	return map_invalid(map, "the broker's answer is no JSON");
}

int32_t
map_open(struct map *map, const struct reply *reply, unsigned want)
{
	const char *why = NULL;
	char says[MAP_WHY_SIZE / 2];

	map->root = NULL;
	if (reply->status == 429)
		return limited(map);
	if (reply->status < 200 || reply->status > 299) {
		says_find(map, reply, says, sizeof(says));
		return refused(map, reply, says);
	}
	if (first_byte(reply) != '{' && first_byte(reply) != '[')
		return form_fail(map, reply);
	if (node_parse(&map->tree, reply->body, reply->len, &why))
		return map_invalid(
		    map, "the broker's answer is no JSON: %s", why);
	map_line(node_get(map->tree.nodes, "error"), says, sizeof(says));
	if (*says)
		return refused(map, reply, says);
	if (!(want & 1u << map->tree.nodes->type))
		return map_invalid(map, "the broker's answer is %s",
		    node_is(map->tree.nodes, NODE_ARRAY)
			? "a list, expected an object"
			: "an object, expected a list");
	map->root = map->tree.nodes;
	return IAG_OK;
}

void
map_list_open(struct map *map, const char *key, uint32_t most)
{
	emit_open(map->out, key, '[');
	map->room = most;
}

size_t
map_row_begin(struct map *map)
{
	size_t mark = map->out->len;

	emit_open(map->out, NULL, '{');
	return mark;
}

void
map_row_end(struct map *map, size_t mark, int holds)
{
	map->rows++;
	if (holds && map->room > 0) {
		map->room--;
		emit_close(map->out, '}');
		return;
	}
	map->dropped++;
	if (map->out->failed)
		return;
	map->out->len = mark;
	map->out->data[mark] = '\0';
}

int32_t
map_rows_end(struct map *map, const char *what)
{
	if (map->dropped && map->dropped == map->rows)
		return map_invalid(map,
		    "none of the broker's %u %s could be read",
		    (unsigned)map->rows, what);
	return IAG_OK;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* One request: see call.h. */

#include "sim/call.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "sim/pack.h"

/* In place; false for a bad escape and for NUL. */
static bool
decode(char *text, bool query)
{
	char *to = text;

	for (const char *at = text; *at; at++) {
		if (*at != '%') {
			*to++ = (char)(query && *at == '+' ? ' ' : *at);
			continue;
		}
		if (hex_value(at[1]) < 0 || hex_value(at[2]) < 0)
			return false;
		*to = (char)(hex_value(at[1]) * 16 + hex_value(at[2]));
		if (*to++ == '\0')
			return false;
		at += 2;
	}
	*to = '\0';
	return true;
}

static bool
take_params(struct call *call)
{
	char *rest = call->text, *pair;

	while ((pair = strsep(&rest, "&"))) {
		struct call_param *param = &call->params[call->param_count];
		char *value = strchr(pair, '=');

		if (*pair == '\0')
			continue;
		if (call->param_count == CALL_PARAMS)
			return false;
		if (value)
			*value++ = '\0';
		param->name = pair;
		param->value = value ? value : pair + strlen(pair);
		if (!decode(param->name, true) || !decode(param->value, true))
			return false;
		call->param_count++;
	}
	return true;
}

static bool
take_target(struct call *call, const char *target)
{
	size_t len = strcspn(target, "?");

	if (len >= sizeof call->path)
		return false;
	memcpy(call->path, target, len);
	call->path[len] = '\0';
	if (!decode(call->path, false))
		return false;
	if (target[len] == '\0')
		return true;
	call->text = strdup(target + len + 1);
	return call->text && take_params(call);
}

bool
call_init(struct call *call, struct sim *sim, const struct sim_request *request,
    struct sim_reply *reply)
{
	memset(call, 0, sizeof *call);
	call->sim = sim;
	call->request = request;
	call->reply = reply;
	if (!take_target(call, request->target))
		return false;
	if (request->body_len > 0)
		(void)json_parse(request->body, request->body_len,
		    &json_bounds_default, &call->body, NULL);
	return true;
}

void
call_fini(struct call *call)
{
	for (size_t i = 0; i < CALL_SEGMENTS; i++)
		free(call->segments[i]);
	free(call->text);
	(void)json_object_put(call->body);
}

bool
call_split(struct call *call, const char *pattern, const char *path)
{
	size_t count = 0;

	while (*pattern && *path) {
		size_t len = strcspn(path, "/");

		if (*pattern != '{') {
			pattern++;
			path++;
			continue;
		}
		if (count == CALL_SEGMENTS)
			return false;
		call->segments[count] = strndup(path, len);
		if (!call->segments[count++])
			return false;
		pattern += strcspn(pattern, "/");
		path += len;
	}
	return true;
}

const char *
call_param(const struct call *call, const char *name)
{
	for (size_t i = 0; i < call->param_count; i++)
		if (strcmp(call->params[i].name, name) == 0)
			return call->params[i].value;
	return NULL;
}

bool
call_has_param(const struct call *call, const char *name, const char *word)
{
	const char *value = call_param(call, name);

	return value && strcmp(value, word) == 0;
}

void
call_pack(struct call *call, const char *template, ...)
{
	va_list ap;

	call->reply->status = 200;
	call->reply->type = TYPE_JSON;
	va_start(ap, template);
	pack_v(&call->reply->body, template, ap);
	va_end(ap);
}

void
call_known(struct call *call, enum known known)
{
	const struct known_answer *answer = known_get(known);

	call->reply->status = answer->status;
	call->reply->type = answer->type;
	buf_reset(&call->reply->body);
	buf_str(&call->reply->body, answer->body);
}

void
call_error(struct call *call, int status, const char *fmt, ...)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	buf_reset(&call->reply->body);
	call_pack(call, "{'error':%s", buf_text(&text));
	if (status != 200)
		call_pack(call, ",'statusCode':%d", status);
	call_pack(call, "}");
	call->reply->status = status;
}

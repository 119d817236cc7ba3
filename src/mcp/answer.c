/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The envelope of results and errors.  The strings written here unescaped
 * are all our own.
 */

#include "mcp/answer.h"

#include <stdarg.h>
#include <string.h>

#include "base/json.h"

#define ANSWER_SERVER_INFO                                        \
	"{\"name\":\"" ANSWER_SERVER_NAME                         \
	"\",\"title\":\"" ANSWER_SERVER_TITLE                     \
	"\",\"version\":\"" PACKAGE_VERSION                       \
	"\",\"description\":\"Unofficial gateway between agents " \
	"and an Interactive Brokers account\"}"

void
answer_server_info(struct buf *out)
{
	buf_str(out, ANSWER_SERVER_INFO);
}

void
answer_begin(struct buf *out, const char *id, enum era era)
{
	buf_str(out, "{\"jsonrpc\":\"2.0\",\"id\":");
	buf_str(out, id);
	buf_str(out, ",\"result\":{");
	if (era == ERA_MODERN)
		buf_str(out,
		    "\"resultType\":\"complete\",\"_meta\":{\"" ERA_META_SERVER
		    "\":" ANSWER_SERVER_INFO "}");
}

void
answer_member(struct buf *out, const char *name)
{
	if (out->len > 0 && out->data[out->len - 1] != '{')
		buf_char(out, ',');
	buf_char(out, '"');
	buf_str(out, name);
	buf_str(out, "\":");
}

void
answer_cache(struct buf *out, enum era era, enum answer_cache cache)
{
	static const char *const texts[] = {
		[ANSWER_NOT_KEPT] = "\"ttlMs\":0,\"cacheScope\":\"private\"",
		[ANSWER_PRIVATE] =
		    "\"ttlMs\":300000,\"cacheScope\":\"private\"",
		[ANSWER_PUBLIC] = "\"ttlMs\":300000,\"cacheScope\":\"public\"",
	};

	if (era != ERA_MODERN)
		return;
	/* never the first member: resultType is there */
	buf_char(out, ',');
	buf_str(out, texts[cache]);
}

void
answer_end(struct buf *out)
{
	buf_str(out, "}}\n");
}

void
answer_error(struct buf *out, const char *id, int code, const char *data,
    const char *fmt, ...)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	buf_str(out, "{\"jsonrpc\":\"2.0\"");
	if (id) {
		buf_str(out, ",\"id\":");
		buf_str(out, id);
	}
	buf_printf(out, ",\"error\":{\"code\":%d,\"message\":", code);
	json_write_string(out, buf_text(&text), text.len);
	if (data) {
		buf_str(out, ",\"data\":");
		buf_str(out, data);
	}
	buf_str(out, "}}\n");
}

const char *
answer_clip(const char *text, char clip[ANSWER_CLIP_SIZE])
{
	size_t len = strnlen(text, ANSWER_CLIP_SIZE);

	if (len < 81)
		return text;
	len = 80;
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	memcpy(clip, text, len);
	memcpy(clip + len, "...", 4);
	return clip;
}

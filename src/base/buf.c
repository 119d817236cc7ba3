/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The growable buffer.  It doubles, so that appending is linear in all, and
 * it always keeps one byte for the NUL behind the text.
 */

#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST 128 /* bytes of the first allocation */

void
buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf)BUF_INIT;
	buf->max = max;
}

void
buf_fini(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf)BUF_INIT;
}

void
buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->data)
		buf->data[0] = '\0';
}

/* Memory for need bytes and the NUL. */
static bool
grow(struct buf *buf, size_t need)
{
	size_t cap = buf->cap ? buf->cap : BUF_FIRST;
	char *data;

	while (cap <= need)
		cap = cap > SIZE_MAX / 2 ? need + 1 : cap * 2;
	data = realloc(buf->data, cap);
	if (!data)
		return false;
	buf->data = data;
	buf->cap = cap;
	return true;
}

char *
buf_reserve(struct buf *buf, size_t len)
{
	size_t need;

	if (buf->failed)
		return NULL;
	if (__builtin_add_overflow(buf->len, len, &need) ||
	    need >= PTRDIFF_MAX || (buf->max && need > buf->max) ||
	    (need >= buf->cap && !grow(buf, need))) {
		buf->failed = true;
		return NULL;
	}
	return buf->data + buf->len;
}

void
buf_add(struct buf *buf, const void *data, size_t len)
{
	char *to = buf_reserve(buf, len);

	if (!to)
		return;
	if (len)
		memcpy(to, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
buf_char(struct buf *buf, char c)
{
	char *to = buf_reserve(buf, 1);

	if (!to)
		return;
	to[0] = c;
	to[1] = '\0';
	buf->len++;
}

void
buf_str(struct buf *buf, const char *str)
{
	buf_add(buf, str, strlen(str));
}

void
buf_vprintf(struct buf *buf, const char *fmt, va_list ap)
{
	va_list again;
	size_t room;
	int len;

	if (buf->failed)
		return;
	room = buf->cap > buf->len ? buf->cap - buf->len : 0;
	va_copy(again, ap);
	len = vsnprintf(room ? buf->data + buf->len : NULL, room, fmt, ap);
	if (len < 0) {
		buf->failed = true;
	} else if (buf_reserve(buf, (size_t)len)) {
		if ((size_t)len >= room)
			(void)vsnprintf(
			    buf->data + buf->len, (size_t)len + 1, fmt, again);
		buf->len += (size_t)len;
	}
	/* whatever a refused text left behind the end is not part of it */
	if (buf->data)
		buf->data[buf->len] = '\0';
	va_end(again);
}

void
buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(buf, fmt, ap);
	va_end(ap);
}

void
buf_hex(struct buf *buf, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *from = data;
	char *to;

	if (len > SIZE_MAX / 2) {
		buf->failed = true;
		return;
	}
	to = buf_reserve(buf, len * 2);
	if (!to)
		return;
	for (size_t i = 0; i < len; i++) {
		to[i * 2] = digits[from[i] >> 4];
		to[i * 2 + 1] = digits[from[i] & 15];
	}
	buf->len += len * 2;
	buf->data[buf->len] = '\0';
}

const char *
buf_text(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

char *
buf_take(struct buf *buf)
{
	char *data;

	if (buf->failed || (!buf->data && !grow(buf, 0)))
		return NULL;
	data = buf->data;
	data[buf->len] = '\0';
	buf_init(buf, buf->max);
	return data;
}

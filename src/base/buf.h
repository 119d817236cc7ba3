/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A growable byte buffer with a ceiling.  Failure is sticky: after a failed
 * append every later one is ignored, and the caller checks once at the end.
 */

#ifndef IAG_BASE_BUF_H
#define IAG_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* NUL behind the last byte once anything was added */
	size_t len;
	size_t cap;
	size_t max;  /* most bytes it may hold; 0: no limit */
	bool failed; /* memory or the limit ran out */
};

#define BUF_INIT             \
	{                    \
		.data = NULL \
	}

void buf_init(struct buf *buf, size_t max);
void buf_fini(struct buf *buf);
#define CLEANUP_BUF __attribute__((cleanup(buf_fini)))

/* Forget the contents, keep the memory and the limit. */
void buf_reset(struct buf *buf);
void buf_add(struct buf *buf, const void *data, size_t len);
void buf_char(struct buf *buf, char c);
void buf_str(struct buf *buf, const char *str);
void buf_printf(struct buf *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* Lower-case hexadecimal of len bytes. */
void buf_hex(struct buf *buf, const void *data, size_t len);
/* Room for len more bytes at data + len, or NULL; add to len yourself. */
char *buf_reserve(struct buf *buf, size_t len);

/* "" for an empty buffer, never NULL; borrowed until the next change. */
const char *buf_text(const struct buf *buf);
/* Hand out the text (the caller frees it); NULL if the buffer has failed. */
char *buf_take(struct buf *buf);

#endif

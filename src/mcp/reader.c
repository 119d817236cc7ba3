/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A buffer of one read's size that grows only while a long line is coming in
 * and shrinks again behind it, so that one large message does not stay in
 * memory for the life of the process.
 */

#include "mcp/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READER_CHUNK = 64 * 1024 };

void
reader_init(struct reader *reader, int fd, size_t max)
{
	*reader = (struct reader){ .fd = fd, .max = max };
}

void
reader_fini(struct reader *reader)
{
	free(reader->data);
	reader->data = NULL;
}

static enum reader_state
reader_take(
    struct reader *reader, size_t len, const char **ret_line, size_t *ret_len)
{
	*ret_line = reader->data + reader->start;
	*ret_len = len;
	reader->start += len;
	if (reader->start < reader->end)
		reader->start++; /* the newline */
	reader->scanned = reader->start;
	if (reader->skipping || len > reader->max) {
		reader->skipping = false;
		return READER_TOO_LONG;
	}
	return READER_LINE;
}

/* Without a newline in sight: keep reading, or start to skip. */
static enum reader_state
reader_wait(struct reader *reader, const char **ret_line, size_t *ret_len)
{
	size_t len = reader->end - reader->start;

	if (reader->is_over) {
		if (len == 0 && !reader->skipping)
			return READER_END;
		return reader_take(reader, len, ret_line, ret_len);
	}
	if (reader->skipping || len > reader->max) {
		reader->skipping = true;
		reader->start = 0;
		reader->end = 0;
	}
	reader->scanned = reader->end;
	return READER_EMPTY;
}

enum reader_state
reader_next(struct reader *reader, const char **ret_line, size_t *ret_len)
{
	const char *newline = NULL;

	if (reader->scanned < reader->end)
		newline = memchr(reader->data + reader->scanned, '\n',
		    reader->end - reader->scanned);
	if (!newline)
		return reader_wait(reader, ret_line, ret_len);
	return reader_take(reader,
	    (size_t)(newline - reader->data) - reader->start, ret_line,
	    ret_len);
}

/* Room for one more chunk behind end; the unread part moves to the front. */
static int
reader_make_room(struct reader *reader)
{
	size_t len = reader->end - reader->start;
	size_t need = len + READER_CHUNK;
	char *data = reader->data;

	if (reader->start > 0)
		memmove(data, data + reader->start, len);
	reader->scanned -= reader->start;
	reader->start = 0;
	reader->end = len;
	if (reader->cap >= need && (reader->cap <= 4 * READER_CHUNK || len > 0))
		return 0;
	if (reader->cap < need && reader->cap > 0 && len > READER_CHUNK)
		need = 2 * len + READER_CHUNK;
	data = realloc(data, need);
	if (!data)
		return IAG_NOMEM;
	reader->data = data;
	reader->cap = need;
	return 0;
}

int
reader_fill(struct reader *reader, struct err *err)
{
	ssize_t got = 0;

	if (reader_make_room(reader) < 0)
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory to read a message");
	got = read(reader->fd, reader->data + reader->end, READER_CHUNK);
	if (got < 0 && errno != EINTR && errno != EAGAIN)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "cannot read messages: %s", strerror(errno));
	if (got == 0)
		reader->is_over = true;
	if (got > 0)
		reader->end += (size_t)got;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The input is what a stream has to say.  A reader that does what the
 * standard of event streams says finds one event in it, of the type message,
 * and the same text but for the ends of its lines.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "http/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* LF for CR and for CR LF. */
static void
unify(struct buf *out, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n' && i > 0 && data[i - 1] == '\r')
			continue;
		buf_char(out, data[i] == '\r' ? '\n' : data[i]);
	}
}

/* What a reader has of the event that is coming in. */
struct reader {
	struct buf text;
	bool is_message;
	unsigned events;
};

static void
take_line(struct reader *reader, const char *line, size_t len)
{
	static const char event[] = "event: message";

	if (len == 0) {
		reader->events++;
	} else if (len == sizeof event - 1 && memcmp(line, event, len) == 0) {
		reader->is_message = true;
	} else if (len >= 6 && memcmp(line, "data: ", 6) == 0) {
		buf_add(&reader->text, line + 6, len - 6);
		buf_char(&reader->text, '\n');
	} else {
		abort();
	}
}

static void
read_all(struct reader *reader, const struct buf *stream)
{
	const char *at = stream->data;
	const char *end = stream->data + stream->len;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));

		if (!stop || reader->events > 0)
			abort();
		take_line(reader, at, (size_t)(stop - at));
		at = stop + 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUF struct buf said = BUF_INIT;
	CLEANUP_BUF struct buf stream = BUF_INIT;
	struct reader reader = { .text = BUF_INIT };

	event_write(&stream, (const char *)data, size);
	if (memchr(buf_text(&stream), '\r', stream.len))
		abort();
	read_all(&reader, &stream);
	unify(&said, (const char *)data, size);
	if (said.len == 0 || said.data[said.len - 1] != '\n')
		buf_char(&said, '\n');
	if (reader.events != 1 || !reader.is_message ||
	    reader.text.len != said.len ||
	    memcmp(reader.text.data, said.data, said.len) != 0)
		abort();
	buf_fini(&reader.text);
	return 0;
}

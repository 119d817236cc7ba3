/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "http/event.h"

/* Bytes before the end of the line: LF, CR, or both. */
static size_t
event_line(const char *data, size_t len)
{
	size_t at = 0;

	while (at < len && data[at] != '\n' && data[at] != '\r')
		at++;
	return at;
}

/* Bytes of that end. */
static size_t
event_line_end(const char *data, size_t len)
{
	if (len == 0)
		return 0;
	return len > 1 && data[0] == '\r' && data[1] == '\n' ? 2 : 1;
}

void
event_write(struct buf *out, const char *data, size_t len)
{
	size_t at = 0;

	buf_str(out, "event: message\n");
	do {
		size_t line = event_line(data + at, len - at);

		buf_str(out, "data: ");
		buf_add(out, data + at, line);
		buf_char(out, '\n');
		at += line + event_line_end(data + at + line, len - at - line);
	} while (at < len);
	buf_char(out, '\n');
}

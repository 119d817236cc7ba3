/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Lines from a descriptor, bounded: a line past the limit is reported once
 * and skipped to its end, whatever its length, without being kept.
 */

#ifndef IAG_MCP_READER_H
#define IAG_MCP_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct reader {
	int fd;
	size_t max; /* longest line, without its newline */
	char *data; /* start..end is unread */
	size_t cap;
	size_t start;
	size_t scanned; /* no newline in start..scanned */
	size_t end;
	bool skipping; /* inside a line that was too long */
	bool is_over;  /* end of file seen */
};

enum reader_state {
	READER_LINE,
	READER_TOO_LONG, /* a line was left out */
	READER_EMPTY,    /* reader_fill() first */
	READER_END
};

/* fd is borrowed. */
void reader_init(struct reader *reader, int fd, size_t max);
void reader_fini(struct reader *reader);

/*
 * The next line, without its newline, borrowed until the next call; what
 * stands before the end of the file without a newline counts as a line.
 */
enum reader_state reader_next(
    struct reader *reader, const char **ret_line, size_t *ret_len);

/* One read(); after READER_EMPTY only.  IAG_NOMEM, IAG_INTERNAL. */
int reader_fill(struct reader *reader, struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The file of the mirror: lines as `ibkr-agent audit export` writes them, and
 * how the file and the trail of a store stand to each other.  It is only ever
 * appended to; where it stands is read from its end, so that every process
 * finds out for itself.
 */

#include "mirror-file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TAIL_SIZE 512 /* the end of a line, with its number in it */
#define HASH 32       /* bytes of a hash, see IAG_STORE_TABLE_AUDIT */

/* ---- lines */

struct line {
	char *text;
	size_t len, size;
};

static int
line_add(struct line *line, const void *data, size_t len)
{
	if (line->size - line->len < len) {
		size_t size = 2 * (line->len + len);
		char *text = realloc(line->text, size);

		if (!text)
			return 0;
		line->text = text;
		line->size = size;
	}
	memcpy(line->text + line->len, data, len);
	line->len += len;
	return 1;
}

static int
line_add_text(struct line *line, const char *text)
{
	return line_add(line, text, strlen(text));
}

static int
line_add_hex(struct line *line, const unsigned char *data, size_t len)
{
	char hex[3];
	size_t i;

	for (i = 0; i < len; i++) {
		(void)snprintf(hex, sizeof hex, "%02x", data[i]);
		if (!line_add(line, hex, 2))
			return 0;
	}
	return 1;
}

/*
 * An entry as `audit export` writes it (see IAG_STORE_TABLE_AUDIT for its
 * bytes): a record that was purged has no event, only its leaf.
 */
static int
line_format(struct line *line, uint64_t sequence, const struct iag_bytes *value)
{
	const unsigned char *data = value->data;
	size_t head = 3 * HASH + 1;
	char number[48];

	if (value->len < head)
		return 0;
	if (data[3 * HASH] == IAG_STORE_AUDIT_ROTATION)
		head += HASH;
	line->len = 0;
	if (!line_add_text(line, "{"))
		return 0;
	if (value->len > head &&
	    (!line_add_text(line, "\"event\":") ||
		!line_add(line, data + head, value->len - head) ||
		!line_add_text(line, ",")))
		return 0;
	(void)snprintf(number, sizeof number, "\",\"sequence_id\":%llu}\n",
	    (unsigned long long)sequence);
	return line_add_text(line, "\"leaf\":\"") &&
	       line_add_hex(line, data + 2 * HASH, HASH) &&
	       line_add_text(line, number);
}

/* ---- the file; its lock is held */

static int
append(const struct mirror_file *file, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(file->fd, text, len);

		if (n < 0 && errno != EINTR)
			return 0;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return 1;
}

/* What the end of a whole line says. */
struct last {
	uint64_t sequence;
	char leaf[2 * HASH + 1];
};

/* Do these bytes end as line_format() ends a line, with or without newline? */
static int
is_whole(const char *tail, size_t len, struct last *last)
{
	static const char leaf[] = "\"leaf\":\"";
	static const char number[] = "\",\"sequence_id\":";
	const size_t front = sizeof leaf - 1 + 2 * HASH + sizeof number - 1;
	size_t at;

	len -= len && tail[len - 1] == '\n';
	if (!len || tail[len - 1] != '}')
		return 0;
	for (at = len - 1; at && tail[at - 1] >= '0' && tail[at - 1] <= '9';)
		at--;
	if (at == len - 1 || at < front)
		return 0;
	last->sequence = strtoull(tail + at, NULL, 10);
	tail += at - front;
	if (memcmp(tail, leaf, sizeof leaf - 1) != 0 ||
	    memcmp(tail + sizeof leaf - 1 + 2 * HASH, number,
		sizeof number - 1) != 0)
		return 0;
	(void)snprintf(last->leaf, sizeof last->leaf, "%.*s", 2 * HASH,
	    tail + sizeof leaf - 1);
	return 1;
}

/*
 * The last whole line: 1, 0 if there is none, -1 on a fault.  A line that a
 * crash tore is passed over, and ended with mend: its record is written once
 * more.
 */
static int
find_last(const struct mirror_file *file, int mend, struct last *last)
{
	char tail[TAIL_SIZE];
	off_t end = lseek(file->fd, 0, SEEK_END);
	int at_end_of_line = 1, first = 1;

	while (end > 0) {
		off_t at = end > TAIL_SIZE ? end - TAIL_SIZE : 0;
		size_t len = (size_t)(end - at);
		char *newline;

		if (pread(file->fd, tail, len, at) != (ssize_t)len)
			return -1;
		if (mend && first && tail[len - 1] != '\n' &&
		    !append(file, "\n", 1))
			return -1;
		if (at_end_of_line && is_whole(tail, len, last))
			return 1;
		/* to the end of the line before, past our own newline */
		newline =
		    memrchr(tail, '\n', len - (at_end_of_line && len ? 1 : 0));
		at_end_of_line = newline != NULL;
		end = newline ? at + (newline - tail) + 1 : at;
		first = 0;
	}
	return end < 0 ? -1 : 0;
}

static struct iag_bytes
make_key(unsigned char bytes[8], uint64_t sequence)
{
	int i;

	for (i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(sequence >> (56 - 8 * i));
	return (struct iag_bytes){ bytes, 8 };
}

static uint64_t
read_key(const struct iag_bytes *key)
{
	const unsigned char *byte = key->data;
	uint64_t sequence = 0;
	int i;

	for (i = 0; i < 8; i++)
		sequence = sequence << 8 | byte[i];
	return sequence;
}

/* Does the store still have what the file says?  If not, it was cut off. */
static int
is_same_trail(struct iag_ctx *ctx, const struct mirror_file *file, void *txn,
    const struct last *last)
{
	struct line hex = { NULL, 0, 0 };
	unsigned char bytes[8];
	struct iag_bytes key = make_key(bytes, last->sequence), value;
	int same;

	if (file->store->get(ctx, txn, IAG_STORE_TABLE_AUDIT, &key, &value) ||
	    value.len < 3 * HASH + 1)
		return 0;
	same = line_add_hex(
		   &hex, (const unsigned char *)value.data + 2 * HASH, HASH) &&
	       memcmp(hex.text, last->leaf, 2 * HASH) == 0;
	free(hex.text);
	return same;
}

/* Everything that the snapshot has from `next` on; 0: not all of it. */
static int
append_from(struct iag_ctx *ctx, const struct mirror_file *file, void *txn,
    uint64_t next)
{
	unsigned char bytes[8];
	struct iag_bytes key = make_key(bytes, next), value;
	struct line line = { NULL, 0, 0 };
	void *cursor = NULL;
	int ok = file->store->cursor_open(ctx, txn, IAG_STORE_TABLE_AUDIT, &key,
		     1, 0, &cursor) == IAG_OK;

	while (ok) {
		int32_t r = file->store->cursor_step(ctx, cursor, &key, &value);

		if (r) {
			ok = r == IAG_NOTFOUND; /* the end */
			break;
		}
		if (key.len != 8)
			continue; /* not of the trail */
		ok = line_format(&line, read_key(&key), &value) &&
		     append(file, line.text, line.len);
		file->host->count(ctx, "lines", 1);
	}
	if (cursor)
		file->store->cursor_close(ctx, cursor);
	free(line.text);
	return ok;
}

static const char cut_off[] =
    "the store lacks what the mirror has: was a copy restored, or is it the "
    "mirror of another store?";

/* Bring the file up to what is committed; NULL, or why it lags behind. */
static const char *
catch_up_in(struct iag_ctx *ctx, const struct mirror_file *file, void *txn)
{
	struct last last;
	int found = find_last(file, 1, &last);

	if (found < 0)
		return strerror(errno);
	if (found && !is_same_trail(ctx, file, txn, &last))
		return cut_off;
	if (!append_from(ctx, file, txn, found ? last.sequence + 1 : 0))
		return errno ? strerror(errno) : "the trail cannot be read";
	return fdatasync(file->fd) < 0 ? strerror(errno) : NULL;
}

/* Is the newest record in it, and is it of the same trail? */
static const char *
compare_in(struct iag_ctx *ctx, const struct mirror_file *file, void *txn)
{
	struct iag_bytes key = { NULL, 0 }, value;
	struct last last = { 0, "" };
	const char *why = NULL;
	void *cursor = NULL;
	int found = find_last(file, 0, &last);
	int32_t r;

	if (found < 0)
		return strerror(errno);
	if (found && !is_same_trail(ctx, file, txn, &last))
		return cut_off;
	r = file->store->cursor_open(
	    ctx, txn, IAG_STORE_TABLE_AUDIT, &key, 0, 1, &cursor);
	while (r == IAG_OK) { /* from the newest on */
		r = file->store->cursor_step(ctx, cursor, &key, &value);
		if (r || key.len != 8)
			continue;
		if (!found || read_key(&key) > last.sequence)
			why = "the newest records are not in it";
		break;
	}
	if (cursor)
		file->store->cursor_close(ctx, cursor);
	return r == IAG_OK || r == IAG_NOTFOUND ? why
						: "the trail cannot be read";
}

/* Run one of the two on a snapshot, with the file locked. */
static const char *
with_snapshot(struct iag_ctx *ctx, const struct mirror_file *file, int lock,
    const char *(*run)(struct iag_ctx *, const struct mirror_file *, void *txn))
{
	const char *why;
	void *txn;

	errno = 0;
	/* other processes write the same file */
	if (flock(file->fd, lock) < 0)
		return errno == EWOULDBLOCK ? "another process is writing it"
					    : strerror(errno);
	/* the snapshot after the lock: nobody has written more than it has */
	if (file->store->begin(ctx, file->instance, IAG_STORE_READ, &txn) ==
	    IAG_OK) {
		why = run(ctx, file, txn);
		file->store->abort(ctx, txn);
	} else {
		why = "the store cannot be read";
	}
	(void)flock(file->fd, LOCK_UN);
	return why;
}

const char *
mirror_file_catch_up(struct iag_ctx *ctx, const struct mirror_file *file)
{
	return with_snapshot(ctx, file, LOCK_EX, catch_up_in);
}

const char *
mirror_file_compare(struct iag_ctx *ctx, const struct mirror_file *file)
{
	/* who asks does not wait for a process that has much to write */
	return with_snapshot(ctx, file, LOCK_SH | LOCK_NB, compare_in);
}

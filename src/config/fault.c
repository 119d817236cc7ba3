/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The list of faults, and the words that make a fault useful: what was found,
 * safe to print, and what was probably meant.
 */

#include "config/fault.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"

#define QUOTE_LEN 120 /* bytes of a value that a message repeats */
#define WORD_LEN 64   /* longest word that a guess is made for */

void
fault_add(struct faults *faults, enum err_code code,
    const struct config_mark *at, const char *fmt, ...)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	va_list ap;

	if (faults->count++ >= FAULT_LINES)
		return;
	if (faults->file)
		buf_str(&line, faults->file);
	if (faults->file && at && at->line)
		buf_printf(&line, ":%u:%u", at->line, at->column);
	if (faults->file)
		buf_str(&line, ": ");
	va_start(ap, fmt);
	buf_vprintf(&line, fmt, ap);
	va_end(ap);
	if (faults->out) {
		buf_add(faults->out, line.data, line.len);
		buf_char(faults->out, '\n');
	}
	if (faults->class == 0)
		faults->class =
		    err_set(faults->err, code, "%s", buf_text(&line));
}

int
fault_end(struct faults *faults)
{
	if (faults->count > FAULT_LINES && faults->out)
		buf_printf(faults->out, "and %zu more: correct these first\n",
		    faults->count - FAULT_LINES);
	return faults->class;
}

void
fault_quote(struct buf *out, const char *text)
{
	size_t len = strlen(text);
	size_t shown = len;

	if (shown > QUOTE_LEN) {
		shown = QUOTE_LEN;
		/* not in the middle of a character */
		while (shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80)
			shown--;
	}
	buf_char(out, '\'');
	for (size_t i = 0; i < shown; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_char(out, (char)c);
	}
	buf_str(out, shown < len ? "...'" : "'");
}

static unsigned
smallest(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/*
 * Letters to insert, drop, replace or swap with their neighbour, without
 * regard to case and to `-` or `_` (optimal string alignment).
 */
static unsigned
distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_LEN + 1];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *last = rows[(i + 2) % 3];
		const unsigned *before = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			int ca = tolower((unsigned char)a[i - 1]);
			int cb = tolower((unsigned char)b[j - 1]);
			bool same = ca == cb || ((ca == '-' || ca == '_') &&
						    (cb == '-' || cb == '_'));

			row[j] = smallest(row[j - 1] + 1, last[j] + 1,
			    last[j - 1] + (same ? 0 : 1));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
	}
	return rows[a_len % 3][b_len];
}

void
fault_nearest(
    struct buf *out, const char *text, const char *const *words, size_t count)
{
	size_t len = strlen(text);
	unsigned best = len / 3 + 2; /* one more than is tolerated */
	const char *nearest = NULL;

	if (len == 0 || len > WORD_LEN)
		return;
	for (size_t i = 0; i < count; i++) {
		unsigned d;

		if (strlen(words[i]) > WORD_LEN)
			continue;
		d = distance(text, words[i]);
		if (d < best && d < strlen(words[i])) {
			best = d;
			nearest = words[i];
		}
	}
	if (nearest)
		buf_printf(out, " (did you mean '%s'?)", nearest);
}

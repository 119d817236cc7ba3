/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The list of faults, and the words that make a fault useful: what was found,
 * safe to print, and what was probably meant.
 */

#include "config/fault.h"

#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/nearest.h"

#define QUOTE_LEN 120 /* bytes of a value that a message repeats */

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

int
faults_tell(const struct buf *lines, int rc, struct err *err)
{
	size_t len = lines->len;

	if (!err || len == 0)
		return rc;
	len -= lines->data[len - 1] == '\n';
	return err_set(err, err->code, "%.*s", (int)len, buf_text(lines));
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

void
fault_nearest(
    struct buf *out, const char *text, const char *const *words, size_t count)
{
	struct nearest nearest = NEAREST_INIT(text);

	for (size_t i = 0; i < count; i++)
		nearest_add(&nearest, words[i]);
	nearest_write(&nearest, out);
}

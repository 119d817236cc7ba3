/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One pass over UTF-8 that the JSON gate has already checked.  Nearly all
 * text needs nothing, so the question whether it does is asked first.
 */

#include "tools/clean.h"

#include <stdint.h>
#include <string.h>

#include "base/redact.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* Decode one code point; a byte that begins none stands for itself. */
static size_t
decode(const char *text, size_t left, uint32_t *ret_point)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len = *p < 0xc0 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	static const unsigned char mask[] = { 0, 0xff, 0x1f, 0x0f, 0x07 };
	uint32_t point;

	if (len > left)
		len = 1;
	point = p[0] & mask[len];
	for (size_t i = 1; i < len; i++)
		point = point << 6 | (p[i] & 0x3fu);
	*ret_point = point;
	return len;
}

enum fate { KEEP, DROP, SPACE };

static enum fate
fate_of(uint32_t c, unsigned flags)
{
	if (c == '\n' || c == '\t')
		return flags & CLEAN_LINES ? KEEP : SPACE;
	if (c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029)
		return SPACE;
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return DROP;
	/* overrides, embeddings and isolates turn text around */
	if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return DROP;
	/* unseen by people, read by models */
	if (c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f))
		return DROP;
	return KEEP;
}

size_t
clean_count(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

bool
clean_is_clean(const char *text, size_t len, unsigned flags)
{
	size_t start, span;

	for (size_t i = 0; i < len;) {
		uint32_t point;

		i += decode(text + i, len - i, &point);
		if (fate_of(point, flags) != KEEP)
			return false;
	}
	return !(flags & CLEAN_REDACT) ||
	       !redact_find(text, len, &start, &span);
}

/* max code points at most, the ellipsis of a cut included; 0: all. */
static void
strip(struct buf *out, const char *text, size_t len, size_t max, unsigned flags)
{
	bool cut = max && clean_count(text, len) > max;
	size_t points = 0;

	for (size_t i = 0, step; i < len; i += step) {
		uint32_t point;
		enum fate fate;

		step = decode(text + i, len - i, &point);
		fate = fate_of(point, flags);
		if (fate == DROP)
			continue;
		if (cut && ++points == max) {
			buf_str(out, ELLIPSIS);
			return;
		}
		if (fate == SPACE)
			buf_char(out, ' ');
		else
			buf_add(out, text + i, step);
	}
}

void
clean_add(
    struct buf *out, const char *text, size_t len, size_t max, unsigned flags)
{
	CLEANUP_BUF struct buf stripped = BUF_INIT;
	CLEANUP_BUF struct buf redacted = BUF_INIT;

	if (!(flags & CLEAN_REDACT)) {
		strip(out, text, len, max, flags);
		return;
	}
	/*
	 * A mark split by control characters is one after the cleaning, and
	 * one that is cut in two is none any more: so clean, redact, cut.
	 */
	strip(&stripped, text, len, 0, flags);
	(void)redact_text(&redacted, buf_text(&stripped), stripped.len);
	strip(out, buf_text(&redacted), redacted.len, max, flags);
	if (stripped.failed || redacted.failed)
		out->failed = true;
}

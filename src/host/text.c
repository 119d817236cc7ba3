/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Text of plugins: people and JSON get to see it, so it is checked or made
 * fit first.
 */

#include "host/text.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/redact.h"

/* What the first byte of a UTF-8 sequence says of its length; 0: nothing. */
static size_t
announced_len(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first >= 0xf5)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* A character that a line of text may hold, coded in len bytes. */
static bool
is_printable(uint32_t code, size_t len)
{
	if (len == 1)
		return code >= 0x20 && code != 0x7f;
	if (len == 2)
		return code >= 0xa0;
	if (len == 3)
		return code >= 0x800 && (code < 0xd800 || code >= 0xe000);
	return code >= 0x10000 && code <= 0x10ffff;
}

/* The bytes of the printable character at p, 0: there is none. */
static size_t
sequence_len(const unsigned char *p, size_t left)
{
	size_t len = announced_len(p[0]);
	uint32_t code = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
	size_t i;

	if (!len || len > left)
		return 0;
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3fu);
	}
	return is_printable(code, len) ? len : 0;
}

char *
plugin_text_clean(const char *text)
{
	CLEANUP_BUF struct buf plain = BUF_INIT;
	struct buf out = BUF_INIT;
	size_t len = strnlen(text, PLUGIN_TEXT_MAX);
	size_t i = 0;

	while (i < len) {
		size_t n =
		    sequence_len((const unsigned char *)text + i, len - i);

		if (n)
			buf_add(&plain, text + i, n);
		else
			buf_char(&plain, text[i] == '\n' ? ' ' : '?');
		i += n ? n : 1;
	}
	if (plain.failed)
		return NULL;
	(void)redact_for_operator(&out, buf_text(&plain), plain.len);
	return buf_take(&out);
}

bool
plugin_text_is_line(const char *text)
{
	size_t left = strlen(text);

	while (left) {
		size_t n = sequence_len((const unsigned char *)text, left);

		if (!n)
			return false;
		text += n;
		left -= n;
	}
	return true;
}

bool
plugin_text_has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	while (words && len) {
		size_t end = strcspn(words, " ");

		if (end == len && memcmp(words, word, len) == 0)
			return true;
		words = words[end] ? words + end + 1 : NULL;
	}
	return false;
}

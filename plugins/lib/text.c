/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Doubling growth, no ceiling: what is put in is bounded by whoever does. */

#include "text.h"

#include <stdlib.h>
#include <string.h>

static int
grow(struct text *text, size_t need)
{
	size_t cap = text->cap ? text->cap : 256;
	char *data;

	while (cap < need)
		cap *= 2;
	data = realloc(text->data, cap);
	if (!data)
		return -1;
	text->data = data;
	text->cap = cap;
	return 0;
}

void
text_add(struct text *text, const char *data, size_t len)
{
	if (text->failed)
		return;
	if (text->len + len + 1 > text->cap &&
	    grow(text, text->len + len + 1)) {
		text->failed = 1;
		return;
	}
	memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void
text_str(struct text *text, const char *str)
{
	text_add(text, str, strlen(str));
}

void
text_fini(struct text *text)
{
	free(text->data);
	text->data = NULL;
}

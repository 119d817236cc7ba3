/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "orders/mdoc.h"

#include <string.h>

#define WIDTH 72

void
mdoc_text(struct buf *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");
		bool ends = text[len - 1] == '.';

		if (column > 0 && column + 1 + len > WIDTH) {
			buf_char(out, '\n');
			column = 0;
		}
		if (column > 0)
			buf_char(out, ' ');
		buf_add(out, text, len);
		column = ends ? 0 : column + 1 + len;
		if (ends)
			buf_char(out, '\n');
		text += len + strspn(text + len, " ");
	}
	if (column > 0)
		buf_char(out, '\n');
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "path.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

static void
segment_add(struct text *path, const char *segment)
{
	for (; *segment; segment++) {
		unsigned char c = (unsigned char)*segment;
		char code[4];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || strchr("-_.~", c)) {
			text_add(path, segment, 1);
			continue;
		}
		(void)snprintf(code, sizeof(code), "%%%02X", c);
		text_str(path, code);
	}
}

void
path_make(struct text *path, const char *pattern, const char *const *holes)
{
	while (*pattern) {
		size_t len = strcspn(pattern, "{");

		text_add(path, pattern, len);
		pattern += len;
		if (*pattern) {
			segment_add(path, *holes++);
			pattern += strcspn(pattern, "}") + 1;
		}
	}
}

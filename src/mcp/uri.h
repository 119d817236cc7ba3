/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* `ibkr://KIND/PART/PART`, taken apart without trust. */

#ifndef IAG_MCP_URI_H
#define IAG_MCP_URI_H

#include <stdbool.h>

enum { URI_PARTS_MAX = 3, URI_LEN_MAX = 512 };

struct uri {
	char text[URI_LEN_MAX + 1]; /* the parts, decoded */
	char *parts[URI_PARTS_MAX]; /* into text; never empty */
	unsigned count;
};

/*
 * false for anything that is not `ibkr://` and 1 to 3 non-empty parts of
 * RFC 3986 path characters; %XX is decoded, but not to a slash, a control
 * character or a byte outside ASCII.
 */
bool uri_parse(struct uri *uri, const char *text);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* A hand-written reader, because every part becomes an argument of a tool. */

#include "mcp/uri.h"

#include <string.h>

#include "base/hex.h"

static bool
is_path_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("-._~!$&'()*+,;=:@", c));
}

/* One character of a part; 0 where it is refused. */
static char
uri_next_char(const char **text)
{
	const char *s = *text;
	int high = 0, low = 0;

	if (*s != '%') {
		*text = s + 1;
		return is_path_char(*s) ? *s : '\0';
	}
	high = hex_value(s[1]);
	low = high < 0 ? -1 : hex_value(s[2]);
	if (low < 0 || high > 7)
		return '\0';
	*text = s + 3;
	high = high * 16 + low;
	return high < ' ' || high == '/' || high == 0x7f ? '\0' : (char)high;
}

bool
uri_parse(struct uri *uri, const char *text)
{
	static const char scheme[] = "ibkr://";
	char *to = uri->text;

	uri->count = 0;
	if (strncmp(text, scheme, sizeof scheme - 1) != 0 ||
	    strnlen(text, URI_LEN_MAX + 1) > URI_LEN_MAX)
		return false;
	text += sizeof scheme - 1;
	for (;;) {
		if (uri->count == URI_PARTS_MAX)
			return false;
		uri->parts[uri->count++] = to;
		while (*text && *text != '/') {
			*to = uri_next_char(&text);
			if (*to++ == '\0')
				return false;
		}
		*to++ = '\0';
		if (uri->parts[uri->count - 1][0] == '\0')
			return false;
		if (*text == '\0')
			return true;
		text++;
	}
}

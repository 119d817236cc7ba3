/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Reading single members of a record without building a tree: exports and
 * purges look at millions of records and need two or three members of each.
 */

#include "journal/record.h"

#include <string.h>

#include "base/clock.h"

/* Behind the string that begins at text[at]; len if it does not end. */
static size_t
skip_string(const char *text, size_t len, size_t at)
{
	const char *end = NULL, *back;

	for (at++; at < len; at = (size_t)(back - text) + 2) {
		if (!end || end < text + at)
			end = memchr(text + at, '"', len - at);
		if (!end)
			return len;
		back = memchr(text + at, '\\', (size_t)(end - text) - at);
		if (!back)
			return (size_t)(end - text) + 1;
	}
	return len;
}

/* Behind the value that begins at text[at]. */
static size_t
skip_value(const char *text, size_t len, size_t at)
{
	unsigned depth = 0;

	while (at < len) {
		char c = text[at];

		if (c == '"') {
			at = skip_string(text, len, at);
			if (depth == 0)
				return at;
			continue;
		}
		if (depth == 0 && (c == ',' || c == '}'))
			return at;
		if (c == '{' || c == '[')
			depth++;
		if (c == '}' || c == ']')
			depth--;
		at++;
		if (depth == 0 && (c == '}' || c == ']'))
			return at;
	}
	return len;
}

bool
record_next(const char *text, size_t len, size_t *at,
    struct iag_bytes *ret_name, struct iag_bytes *ret_value)
{
	size_t colon, end;

	if (*at + 1 == len && text[*at] == '}')
		*at = len;
	if (*at >= len || text[*at] != '"' || text[0] != '{')
		return false;
	colon = skip_string(text, len, *at);
	if (colon >= len || text[colon] != ':')
		return false;
	end = skip_value(text, len, colon + 1);
	if (end >= len)
		return false;
	*ret_name = (struct iag_bytes){ text + *at + 1, colon - *at - 2 };
	*ret_value = (struct iag_bytes){ text + colon + 1, end - colon - 1 };
	*at = text[end] == ',' ? end + 1 : end;
	return true;
}

bool
record_member(
    const char *text, size_t len, const char *name, struct iag_bytes *ret_value)
{
	size_t name_len = strlen(name);
	struct iag_bytes found, value;
	size_t at = 1;

	while (record_next(text, len, &at, &found, &value)) {
		if (found.len != name_len ||
		    memcmp(found.data, name, name_len) != 0)
			continue;
		*ret_value = value;
		return true;
	}
	return false;
}

bool
record_has_str(
    const char *text, size_t len, const char *name, const char *value)
{
	size_t value_len = strlen(value);
	struct iag_bytes got;
	const char *str;

	if (!record_member(text, len, name, &got))
		return false;
	str = got.data;
	return got.len == value_len + 2 && str[0] == '"' &&
	       memcmp(str + 1, value, value_len) == 0;
}

uint64_t
record_time_ns(const char *text, size_t len)
{
	char copy[CLOCK_TEXT_SIZE];
	struct iag_bytes got;
	uint64_t ns = 0;

	if (!record_member(text, len, "timestamp", &got) ||
	    got.len != CLOCK_TEXT_SIZE + 1)
		return 0;
	memcpy(copy, (const char *)got.data + 1, CLOCK_TEXT_SIZE - 1);
	copy[CLOCK_TEXT_SIZE - 1] = '\0';
	if (clock_parse(copy, &ns, NULL) < 0)
		return 0;
	return ns;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A small backtracking matcher.  Patterns are the table's own and texts are
 * bounded by the request, so it needs no compiled form and keeps no state.
 */

#include "tools/pattern.h"

#include <stddef.h>
#include <string.h>

/* What has to match behind the piece that is being matched. */
struct rest {
	const char *pos, *end;
	const struct rest *next;
};

/* One piece: an atom and how often it stands. */
struct piece {
	const char *atom, *atom_end;
	const char *end; /* behind the quantifier */
	unsigned min, max;
};

enum { MANY = 65535 };

static const char *
atom_end(const char *pos, const char *end)
{
	int depth = 0;

	if (*pos == '\\')
		return pos + 1 < end ? pos + 2 : NULL;
	if (*pos == '[') {
		pos++;
		if (pos < end && *pos == '^')
			pos++;
		for (; pos < end && *pos != ']'; pos++) {
			if (*pos == '\\' && ++pos == end)
				return NULL;
		}
		return pos < end ? pos + 1 : NULL;
	}
	if (*pos != '(')
		return strchr("?*+{}|)]^$.", *pos) ? NULL : pos + 1;
	for (; pos < end; pos++) {
		if (*pos == '\\' && ++pos == end)
			return NULL;
		if (*pos == '(')
			depth++;
		if (*pos == ')' && --depth == 0)
			return pos + 1;
	}
	return NULL;
}

static const char *
number(const char *pos, unsigned *ret_value)
{
	unsigned value = 0;

	if (*pos < '0' || *pos > '9')
		return NULL;
	for (; *pos >= '0' && *pos <= '9'; pos++) {
		value = value * 10 + (unsigned)(*pos - '0');
		if (value > MANY)
			return NULL;
	}
	*ret_value = value;
	return pos;
}

static const char *
braces(const char *pos, unsigned *ret_min, unsigned *ret_max)
{
	pos = number(pos, ret_min);
	if (!pos)
		return NULL;
	*ret_max = *ret_min;
	if (*pos == ',') {
		pos = number(pos + 1, ret_max);
		if (!pos)
			return NULL;
	}
	return *pos == '}' && *ret_min <= *ret_max ? pos + 1 : NULL;
}

static bool
piece_parse(const char *pos, const char *end, struct piece *ret_piece)
{
	const char *next = atom_end(pos, end);
	struct piece piece = { .atom = pos, .min = 1, .max = 1 };

	if (!next)
		return false;
	piece.atom_end = next;
	piece.end = next;
	if (next < end && strchr("?*+{", *next)) {
		piece.end = next + 1;
		piece.min = *next == '+' ? 1 : 0;
		piece.max = *next == '?' ? 1 : MANY;
		if (*next == '{')
			piece.end = braces(next + 1, &piece.min, &piece.max);
		if (!piece.end)
			return false;
	}
	*ret_piece = piece;
	return true;
}

/* The end of the alternative that starts at pos. */
static const char *
alternative_end(const char *pos, const char *end)
{
	while (pos < end && *pos != '|') {
		pos = atom_end(pos, end);
		if (!pos)
			return end;
		/* quantifiers are no atoms */
		while (pos < end && strchr("?*+{", *pos)) {
			if (*pos == '{')
				pos += strcspn(pos, "}");
			pos += pos < end;
		}
	}
	return pos;
}

static bool
sequence_is_valid(const char *pos, const char *end)
{
	struct piece piece;

	for (; pos < end; pos = piece.end) {
		if (!piece_parse(pos, end, &piece))
			return false;
		if (*piece.atom != '(')
			continue;
		if (piece.max > 1)
			return false;
		for (const char *alt = pos + 1; alt < piece.atom_end;) {
			const char *stop =
			    alternative_end(alt, piece.atom_end - 1);

			if (!sequence_is_valid(alt, stop))
				return false;
			alt = stop + 1;
		}
	}
	return true;
}

bool
pattern_is_valid(const char *pattern)
{
	size_t len = strlen(pattern);

	return len >= 2 && pattern[0] == '^' && pattern[len - 1] == '$' &&
	       sequence_is_valid(pattern + 1, pattern + len - 1);
}

static size_t
char_len(const char *text)
{
	unsigned char c = (unsigned char)*text;

	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static bool
class_has(const char *pos, const char *end, unsigned char c)
{
	bool negated = *pos == '^';
	bool found = false;

	for (pos += negated; pos < end; pos++) {
		unsigned char low, high;

		if (*pos == '\\')
			pos++;
		low = high = (unsigned char)*pos;
		if (pos + 2 < end && pos[1] == '-') {
			pos += 2;
			if (*pos == '\\')
				pos++;
			high = (unsigned char)*pos;
		}
		if (c >= low && c <= high)
			found = true;
	}
	return found != negated;
}

/* Bytes of text that one repetition of a simple atom takes; 0: none. */
static size_t
atom_match(const struct piece *piece, const char *text)
{
	const char *atom = piece->atom;

	if (!*text)
		return 0;
	if (*atom == '[') {
		bool has = class_has(
		    atom + 1, piece->atom_end - 1, (unsigned char)*text);

		return has ? char_len(text) : 0;
	}
	if (*atom == '\\')
		atom++;
	return *atom == *text ? 1 : 0;
}

static bool sequence_match(const char *pos, const char *end,
    const struct rest *rest, const char *text);

static bool
group_match(
    const struct piece *piece, const struct rest *rest, const char *text)
{
	const char *alt = piece->atom + 1;
	const char *end = piece->atom_end - 1;

	while (alt <= end) {
		const char *stop = alternative_end(alt, end);

		if (sequence_match(alt, stop, rest, text))
			return true;
		alt = stop + 1;
	}
	return piece->min == 0 &&
	       sequence_match(rest->pos, rest->end, rest->next, text);
}

/* Greedy: as many as there are, then fewer and fewer. */
static bool
repeat_match(const struct piece *piece, const char *end,
    const struct rest *rest, const char *text)
{
	const char *pos = text;
	unsigned count = 0;
	size_t len;

	while (count < piece->max && (len = atom_match(piece, pos)) > 0) {
		pos += len;
		count++;
	}
	for (;;) {
		if (count < piece->min)
			return false;
		if (sequence_match(piece->end, end, rest, pos))
			return true;
		if (count-- == 0)
			return false;
		do
			pos--;
		while (((unsigned char)*pos & 0xc0) == 0x80);
	}
}

static bool
sequence_match(
    const char *pos, const char *end, const struct rest *rest, const char *text)
{
	struct piece piece;

	if (pos == end) {
		if (!rest)
			return *text == '\0';
		return sequence_match(rest->pos, rest->end, rest->next, text);
	}
	if (!piece_parse(pos, end, &piece))
		return false;
	if (*piece.atom == '(') {
		struct rest after = { piece.end, end, rest };

		return group_match(&piece, &after, text);
	}
	return repeat_match(&piece, end, rest, text);
}

bool
pattern_matches(const char *pattern, const char *text)
{
	return sequence_match(
	    pattern + 1, pattern + strlen(pattern) - 1, NULL, text);
}

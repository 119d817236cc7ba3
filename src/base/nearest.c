/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Edit distance with transpositions: letters to insert, drop, replace or swap
 * with their neighbour, without regard to case and to `-` or `_` (optimal
 * string alignment).
 */

#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define WORD_LEN 63

static unsigned
min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

static char
fold(char c)
{
	return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

/* Rows of the matrix for i-2, i-1, i. */
static unsigned
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][WORD_LEN + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];
	size_t i, j;

	for (j = 0; j <= b_len; j++)
		last[j] = (unsigned)j;
	for (i = 1; i <= a_len; i++) {
		unsigned *spare = before;

		row[0] = (unsigned)i;
		for (j = 1; j <= b_len; j++) {
			unsigned cost = fold(a[i - 1]) != fold(b[j - 1]);

			row[j] = min3(
			    last[j] + 1, row[j - 1] + 1, last[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[b_len];
}

void
nearest_add(struct nearest *nearest, const char *candidate)
{
	size_t a_len = strlen(nearest->word), b_len = strlen(candidate);
	unsigned far;

	if (a_len == 0 || a_len > WORD_LEN || b_len > WORD_LEN)
		return;
	far = distance(nearest->word, a_len, candidate, b_len);
	/* beyond a third of the letters it is another word */
	if (far > a_len / 3 + 1 || far >= b_len ||
	    (nearest->best && far >= nearest->distance))
		return;
	nearest->best = candidate;
	nearest->distance = far;
}

void
nearest_write(const struct nearest *nearest, struct buf *out)
{
	if (nearest->best)
		buf_printf(out, " (did you mean '%s'?)", nearest->best);
}

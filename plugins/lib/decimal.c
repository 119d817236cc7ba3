/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "decimal.h"

#include <string.h>

int
decimal_compare(const char *a, const char *b)
{
	int negative = *a == '-';
	size_t a_len, b_len;
	int order;

	if (negative != (*b == '-'))
		return negative ? -1 : 1;
	a += negative;
	b += negative;
	a_len = strcspn(a, ".");
	b_len = strcspn(b, ".");
	order = a_len < b_len ? -1 : a_len > b_len ? 1 : strncmp(a, b, a_len);
	a += a_len + (a[a_len] == '.');
	b += b_len + (b[b_len] == '.');
	for (; order == 0 && (*a || *b); a += *a != 0, b += *b != 0)
		order = (*a ? *a : '0') - (*b ? *b : '0');
	return negative ? -order : order;
}

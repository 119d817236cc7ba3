/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Numbers of 10^-8: see num.h. */

#include "sim/num.h"

#include <inttypes.h>
#include <string.h>

#include "base/dec.h"

#define NUM_DIGITS 8
#define NUM_WHOLE_MAX 11 /* digits before the point that are taken */

/* The digits at *text as a number; how many there were. */
static unsigned
digits(const char **text, int64_t *num)
{
	unsigned count = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++, count++)
		if (count < NUM_WHOLE_MAX)
			*num = *num * 10 + (**text - '0');
	return count;
}

bool
num_parse(const char *text, int64_t *ret_num)
{
	bool negative = *text == '-';
	int64_t whole = 0, part = 0;
	unsigned count;

	text += negative;
	count = digits(&text, &whole);
	if (count == 0 || count >= NUM_WHOLE_MAX)
		return false;
	count = 0;
	if (*text == '.') {
		text++;
		count = digits(&text, &part);
		if (count == 0 || count > NUM_DIGITS)
			return false;
	}
	if (*text != '\0')
		return false;
	for (; count < NUM_DIGITS; count++)
		part *= 10;
	*ret_num = (negative ? -1 : 1) * (whole * NUM_ONE + part);
	return true;
}

bool
num_from_json(struct json_object *value, bool text, int64_t *ret_num)
{
	struct dec dec CLEANUP_DEC;
	struct buf plain CLEANUP_BUF = BUF_INIT;

	dec_init(&dec);
	if (!json_object_is_type(value, json_type_int) &&
	    !json_object_is_type(value, json_type_double) &&
	    !(text && json_object_is_type(value, json_type_string)))
		return false;
	return dec_parse_number(&dec, json_object_get_string(value), NULL) ==
		   0 &&
	       dec_format_normal(&plain, &dec, NULL) == 0 &&
	       num_parse(buf_text(&plain), ret_num);
}

void
num_write(struct buf *out, int64_t num, unsigned digits_wanted)
{
	uint64_t rest = num < 0 ? -(uint64_t)num : (uint64_t)num;
	uint64_t part = rest % (uint64_t)NUM_ONE;
	char text[NUM_DIGITS + 1];
	unsigned len = NUM_DIGITS;

	buf_printf(
	    out, "%s%" PRIu64, num < 0 ? "-" : "", rest / (uint64_t)NUM_ONE);
	for (unsigned i = NUM_DIGITS; i > 0; i--, part /= 10)
		text[i - 1] = (char)('0' + part % 10);
	while (len > digits_wanted && text[len - 1] == '0')
		len--;
	if (len > 0)
		buf_char(out, '.');
	buf_add(out, text, len);
}

static int64_t
clamp(__int128 num)
{
	if (num > NUM_MOST)
		return NUM_MOST;
	return num < -NUM_MOST ? -NUM_MOST : (int64_t)num;
}

int64_t
num_add(int64_t a, int64_t b)
{
	return clamp((__int128)a + b);
}

int64_t
num_mul(int64_t a, int64_t b)
{
	return clamp((__int128)a * b / NUM_ONE);
}

int64_t
num_div(int64_t a, int64_t b)
{
	return b == 0 ? 0 : clamp((__int128)a * NUM_ONE / b);
}

bool
num_is_multiple(int64_t num, int64_t of)
{
	return of == 0 || num % of == 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Digits are moved, never calculated with. */

#include "scalar.h"

#include <string.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

enum { DIGITS_MAX = 38, BEFORE_MAX = 20, BEHIND_MAX = 18, EXPONENT_MAX = 60 };

/* A number taken apart: digits, and how many stand before the point. */
struct digits {
	char digit[128];
	int count, before;
	int negative;
};

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Digits before the point.  Separators count only where thousands are
 * separated, so that "1,5" is not read as fifteen.
 */
static size_t
whole_scan(const char *text, size_t len, struct digits *d)
{
	size_t at = 0, group = 0;
	int separated = 0;

	for (; at < len; at++) {
		if (is_digit(text[at])) {
			if (d->count < (int)sizeof(d->digit))
				d->digit[d->count] = text[at];
			d->count++;
			group++;
			continue;
		}
		if (text[at] != ',' || group == 0 || group > 3 ||
		    (separated && group != 3))
			break;
		if (len - at < 4 || !is_digit(text[at + 1]) ||
		    !is_digit(text[at + 2]) || !is_digit(text[at + 3]))
			break;
		separated = 1;
		group = 0;
	}
	d->before = d->count;
	return separated && group != 3 ? 0 : at;
}

static size_t
fraction_scan(const char *text, size_t len, struct digits *d)
{
	size_t at = 0;

	if (len < 2 || text[0] != '.' || !is_digit(text[1]))
		return 0;
	for (at = 1; at < len && is_digit(text[at]); at++) {
		if (d->count < (int)sizeof(d->digit))
			d->digit[d->count] = text[at];
		d->count++;
	}
	return at;
}

/* "E8", "e-07"; 0 if there is none. */
static size_t
exponent_scan(const char *text, size_t len, struct digits *d)
{
	size_t at = 1;
	int value = 0, negative;

	if (len < 2 || (text[0] != 'e' && text[0] != 'E'))
		return 0;
	negative = text[1] == '-';
	at += text[1] == '-' || text[1] == '+';
	if (at == len || !is_digit(text[at]))
		return 0;
	for (; at < len && is_digit(text[at]); at++)
		value = value < 1000 ? value * 10 + (text[at] - '0') : value;
	d->before += negative ? -value : value;
	return at;
}

static int
is_nothing(const struct digits *d)
{
	for (int i = 0; i < d->count; i++) {
		if (d->digit[i] != '0')
			return 0;
	}
	return 1;
}

/* The i-th digit of the value, zeros where none were written. */
static char
digit_at(const struct digits *d, int i)
{
	return i < 0 || i >= d->count ? '0' : d->digit[i];
}

/* As text; NULL if it has more digits than are ever shown. */
static const char *
digits_write(const struct digits *d, char buffer[SCALAR_SIZE])
{
	int first = 0, last = d->count, len = 0;

	if (d->count > (int)sizeof(d->digit))
		return NULL;
	while (first < d->before - 1 && digit_at(d, first) == '0')
		first++;
	/* zeros that an exponent has moved behind the last place */
	while (last - d->before > BEHIND_MAX && digit_at(d, last - 1) == '0')
		last--;
	if (first > d->before - 1)
		first = d->before - 1;
	if (d->before - first > BEFORE_MAX || last - d->before > BEHIND_MAX ||
	    (last > first && last - first > DIGITS_MAX))
		return NULL;
	if (d->negative && !is_nothing(d))
		buffer[len++] = '-';
	for (int i = first; i < d->before; i++)
		buffer[len++] = digit_at(d, i);
	if (last > d->before)
		buffer[len++] = '.';
	for (int i = d->before; i < last; i++)
		buffer[len++] = digit_at(d, i);
	buffer[len] = '\0';
	return buffer;
}

static size_t
sign_scan(const char *text, size_t len, struct digits *d)
{
	if (len == 0 || (*text != '-' && *text != '+'))
		return 0;
	d->negative = *text == '-';
	return 1;
}

static size_t
prefix_scan(const char *text, size_t len, unsigned *marks)
{
	if (len < 2 || (*text != 'C' && *text != 'H'))
		return 0;
	*marks |= *text == 'C' ? SCALAR_CLOSE : SCALAR_HALTED;
	return 1;
}

/* A unit or a percent sign behind the digits. */
static size_t
suffix_scan(const char *text, size_t len, struct digits *d, unsigned *marks)
{
	static const char units[] = "KMBT";
	const char *unit;

	if (len == 0 || !*text)
		return 0;
	if (*text == '%') {
		*marks |= SCALAR_PERCENT;
		return 1;
	}
	unit = strchr(units, *text);
	if (!unit)
		return 0;
	*marks |= SCALAR_UNIT;
	d->before += 3 * (int)(unit - units + 1);
	return 1;
}

const char *
scalar_parse(const char *text, size_t len, char buffer[SCALAR_SIZE],
    unsigned *ret_marks, size_t *ret_used)
{
	struct digits d = { .count = 0 };
	unsigned marks = 0;
	size_t at = 0, step;

	while (at < len && text[at] == ' ')
		at++;
	at += prefix_scan(text + at, len - at, &marks);
	at += sign_scan(text + at, len - at, &d);
	step = whole_scan(text + at, len - at, &d);
	at += step;
	step += fraction_scan(text + at, len - at, &d);
	if (step == 0)
		return NULL;
	at += d.count > d.before ? (size_t)(d.count - d.before) + 1 : 0;
	at += exponent_scan(text + at, len - at, &d);
	at += suffix_scan(text + at, len - at, &d, &marks);
	while (at < len && text[at] == ' ')
		at++;
	*ret_used = at;
	if (ret_marks)
		*ret_marks = marks;
	if (d.before > EXPONENT_MAX || d.before < -EXPONENT_MAX)
		return NULL;
	return digits_write(&d, buffer);
}

const char *
scalar_decimal(
    const struct node *node, char buffer[SCALAR_SIZE], unsigned *ret_marks)
{
	char text[160];
	size_t len, used;

	if (!node_text(node, text, sizeof(text)))
		return NULL;
	len = strlen(text);
	return scalar_parse(text, len, buffer, ret_marks, &used) && used == len
		   ? buffer
		   : NULL;
}

int
scalar_is_zero(const char *decimal)
{
	return decimal[strspn(decimal, "-0.")] == '\0';
}

const char *
scalar_shift(const char *decimal, unsigned places, char buffer[SCALAR_SIZE])
{
	struct digits d = { .count = 0 };
	size_t len = strlen(decimal), at = sign_scan(decimal, len, &d);

	at += whole_scan(decimal + at, len - at, &d);
	(void)fraction_scan(decimal + at, len - at, &d);
	d.before -= (int)places;
	return digits_write(&d, buffer);
}

const char *
scalar_id(const struct node *node, char buffer[SCALAR_ID_SIZE])
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	const char *text = node_text(node, buffer, SCALAR_ID_SIZE);

	if (!text || !*text || text[strspn(text, allowed)])
		return NULL;
	/* a number is an id if it is written as one */
	if (node->type == NODE_NUMBER && text[strspn(text, "-0123456789")])
		return NULL;
	return text;
}

const char *
scalar_contract(const struct node *node, char buffer[SCALAR_ID_SIZE])
{
	const char *text = scalar_id(node, buffer);
	size_t len = text ? strlen(text) : 0;

	if (len < 1 || len > 12 || *text == '0' ||
	    text[strspn(text, "0123456789")])
		return NULL;
	return text;
}

int
scalar_bool(const struct node *node)
{
	char text[8];

	if (node_is(node, NODE_TRUE) || node_is(node, NODE_FALSE))
		return node->type == NODE_TRUE;
	if (!node_text(node, text, sizeof(text)))
		return -1;
	if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
		return 1;
	return strcmp(text, "false") == 0 || strcmp(text, "0") == 0 ? 0 : -1;
}

int64_t
scalar_int(const struct node *node)
{
	char decimal[SCALAR_SIZE];
	int64_t value = 0;
	size_t at = 0;

	if (!scalar_decimal(node, decimal, NULL) || *decimal == '-')
		return -1;
	for (; is_digit(decimal[at]); at++) {
		if (at == 18)
			return -1;
		value = value * 10 + (decimal[at] - '0');
	}
	return decimal[at] && !scalar_is_zero(decimal + at) ? -1 : value;
}

/* Two digits. */
static int
pair(const char *text)
{
	return (text[0] - '0') * 10 + (text[1] - '0');
}

/* Does it begin with just so many digits? */
static int
is_digits(const char *text, size_t count)
{
	return strspn(text, "0123456789") == count;
}

/* date: YYYYMMDD, time: HHmmss, digits both; 0: no such moment. */
static uint64_t
calendar(const char *date, const char *time)
{
	struct tm tm = {
		.tm_year = pair(date) * 100 + pair(date + 2) - 1900,
		.tm_mon = pair(date + 4) - 1,
		.tm_mday = pair(date + 6),
		.tm_hour = pair(time),
		.tm_min = pair(time + 2),
		.tm_sec = pair(time + 4),
	};
	struct tm same = tm;
	time_t seconds;

	seconds = timegm(&same);
	if (seconds <= 0 || same.tm_mon != tm.tm_mon ||
	    same.tm_mday != tm.tm_mday || same.tm_hour != tm.tm_hour ||
	    same.tm_year >= 300)
		return 0;
	return (uint64_t)seconds * NS_PER_S;
}

static uint64_t
words_time(const char *text)
{
	char full[16];

	if (is_digits(text, 12) && strlen(text) == 12) {
		memcpy(full, "20", 2);
		memcpy(full + 2, text, 13);
		return calendar(full, full + 8);
	}
	if (strlen(text) != 17 || !is_digits(text, 8) || text[8] != '-' ||
	    text[11] != ':' || text[14] != ':')
		return 0;
	full[0] = text[9];
	full[1] = text[10];
	full[2] = text[12];
	full[3] = text[13];
	full[4] = text[15];
	full[5] = text[16];
	full[6] = '\0';
	return is_digits(full, 6) ? calendar(text, full) : 0;
}

uint64_t
scalar_time(const struct node *node)
{
	/* the end of the year 2199 */
	static const int64_t last_s = INT64_C(7258118399);
	char text[24];
	int64_t value;

	if (node_is(node, NODE_STRING) && node_text(node, text, sizeof(text)) &&
	    (strlen(text) == 12 || strlen(text) == 17))
		return words_time(text);
	value = scalar_int(node);
	if (value <= 0 || value > last_s * 1000)
		return 0;
	/* the broker writes both; 1e11 s is in the year 5138 */
	return value > INT64_C(100000000000) ? (uint64_t)value * NS_PER_MS
	       : value > last_s              ? 0
					     : (uint64_t)value * NS_PER_S;
}

const char *
scalar_date(const struct node *node, char buffer[12])
{
	char text[16];

	if (!node_text(node, text, sizeof(text)) || strlen(text) != 8 ||
	    !is_digits(text, 8) || calendar(text, "000000") == 0)
		return NULL;
	memcpy(buffer, text, 4);
	buffer[4] = '-';
	memcpy(buffer + 5, text + 4, 2);
	buffer[7] = '-';
	memcpy(buffer + 8, text + 6, 2);
	buffer[10] = '\0';
	return buffer;
}

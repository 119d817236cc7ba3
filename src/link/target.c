/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Texts of HTTP; target.h says what each function promises. */

#include "link/target.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hex.h"

#define RETRY_MAX_S 86400
#define DATE_MAX_S (INT64_MAX / (int64_t)NS_PER_S)

static void
write_encoded(struct buf *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (isalnum(c) || strchr("-._~", c))
			buf_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

void
target_write(struct buf *out, const char *base, const char *path,
    const char *const *query, size_t query_count)
{
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	buf_add(out, base, len);
	buf_str(out, path);
	for (size_t i = 0; i + 1 < query_count; i += 2) {
		buf_char(out, i ? '&' : '?');
		write_encoded(out, query[i]);
		buf_char(out, '=');
		write_encoded(out, query[i + 1]);
	}
}

/* Two decimal digits, or -1. */
static int
two_digits(const char *text)
{
	if (!isdigit((unsigned char)text[0]) ||
	    !isdigit((unsigned char)text[1]))
		return -1;
	return (text[0] - '0') * 10 + (text[1] - '0');
}

static int
month_of(const char *text)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (strncmp(text, names + 3 * i, 3) == 0)
			return i;
	return -1;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", the one form that is still sent. */
uint64_t
target_date_ns(const char *header)
{
	struct tm tm = { .tm_isdst = 0 };
	time_t seconds;
	int century, year;

	if (!header || strlen(header) != 29 || header[3] != ',' ||
	    header[7] != ' ' || header[11] != ' ' || header[16] != ' ' ||
	    header[19] != ':' || header[22] != ':' ||
	    strcmp(header + 25, " GMT") != 0)
		return 0;
	century = two_digits(header + 12);
	year = two_digits(header + 14);
	tm.tm_mday = two_digits(header + 5);
	tm.tm_mon = month_of(header + 8);
	tm.tm_hour = two_digits(header + 17);
	tm.tm_min = two_digits(header + 20);
	tm.tm_sec = two_digits(header + 23);
	if (century < 19 || year < 0 || tm.tm_mday < 1 || tm.tm_mon < 0 ||
	    tm.tm_hour < 0 || tm.tm_min < 0 || tm.tm_sec < 0)
		return 0;
	tm.tm_year = century * 100 + year - 1900;
	seconds = timegm(&tm);
	return seconds > 0 && seconds < DATE_MAX_S
		   ? (uint64_t)seconds * NS_PER_S
		   : 0;
}

uint64_t
target_retry_ns(const char *header, uint64_t real_ns)
{
	uint64_t at_ns, left_ns, seconds = 0;
	const char *at = header;

	if (!header)
		return 0;
	for (; isdigit((unsigned char)*at) && seconds <= RETRY_MAX_S; at++)
		seconds = seconds * 10 + (uint64_t)(*at - '0');
	if (at > header)
		return (seconds < RETRY_MAX_S ? seconds : RETRY_MAX_S) *
		       NS_PER_S;
	at_ns = target_date_ns(header);
	left_ns = at_ns > real_ns ? at_ns - real_ns : 0;
	return left_ns < RETRY_MAX_S * NS_PER_S ? left_ns
						: RETRY_MAX_S * NS_PER_S;
}

static bool
pin_of_hex(const char *text, uint8_t ret_pin[32])
{
	size_t count = 0;

	for (; *text && count < 64; text++) {
		int digit = hex_value(*text);

		if (*text == ':')
			continue;
		if (digit < 0)
			return false;
		ret_pin[count / 2] = (uint8_t)(ret_pin[count / 2] << 4 | digit);
		count++;
	}
	return count == 64 && !*text;
}

static bool
pin_of_base64(const char *text, uint8_t ret_pin[32])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	int have = 0;
	size_t count = 0;

	if (strncmp(text, "sha256//", 8) == 0)
		text += 8;
	if (strlen(text) != 44 || text[43] != '=')
		return false;
	for (size_t i = 0; i < 43; i++) {
		const char *at = strchr(digits, text[i]);

		if (!at)
			return false;
		bits = bits << 6 | (uint32_t)(at - digits);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		ret_pin[count++] = (uint8_t)(bits >> have);
	}
	return count == 32;
}

bool
target_pin(const char *text, uint8_t ret_pin[32])
{
	return pin_of_hex(text, ret_pin) || pin_of_base64(text, ret_pin);
}

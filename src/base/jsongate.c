/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The checker in front of json-c: one pass over the bytes, no recursion, no
 * tree.  The only memory it takes is the table of keys seen, by which a
 * duplicate is found in constant time whatever the size of the object.
 */

#include "base/json.h"

#include <stdio.h>
#include <string.h>

#include "base/jsonkeys.h"

#define DEPTH_MAX 256
#define NUMBER_MAX 64
#define SHOWN_MAX 48 /* bytes of a key in a message */

struct gate {
	const char *text;
	size_t len;
	size_t at;
	const struct json_bounds *bounds;
	struct err *err;
	size_t values;
	unsigned depth;
	uint32_t objects;         /* so far; numbers them */
	uint32_t open[DEPTH_MAX]; /* the object's number, 0 for an array */
	struct json_keys keys;
};

const struct json_bounds json_bounds_default = {
	.bytes = (size_t)1 << 20,
	.depth = 32,
	.values = 100000,
};

/* What stands at byte `at`, for people. */
static void
describe(const struct gate *gate, size_t at, char *to, size_t size)
{
	unsigned char c;

	if (at >= gate->len) {
		(void)snprintf(to, size, "the end of the text");
		return;
	}
	c = (unsigned char)gate->text[at];
	if (c > ' ' && c < 0x7f)
		(void)snprintf(to, size, "'%c'", c);
	else
		(void)snprintf(to, size, "byte 0x%02x", c);
}

static int
expected(const struct gate *gate, size_t at, const char *what)
{
	char found[32];

	describe(gate, at, found, sizeof found);
	return err_set(gate->err, ERR_INPUT_INVALID,
	    "invalid JSON at byte %zu: expected %s, found %s", at, what, found);
}

static int
refused(const struct gate *gate, size_t at, const char *why)
{
	return err_set(gate->err, ERR_INPUT_INVALID,
	    "invalid JSON at byte %zu: %s", at, why);
}

static int
too_large(const struct gate *gate, const char *what, size_t limit)
{
	return err_set(gate->err, ERR_INPUT_INVALID,
	    "JSON refused at byte %zu: more than %zu %s", gate->at, limit,
	    what);
}

static int
count_value(struct gate *gate)
{
	if (++gate->values > gate->bounds->values)
		return too_large(gate, "values and keys", gate->bounds->values);
	return 0;
}

static void
skip_space(struct gate *gate)
{
	while (gate->at < gate->len) {
		char c = gate->text[gate->at];

		if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
			return;
		gate->at++;
	}
}

/* The next byte, or -1 at the end. */
static int
peek(const struct gate *gate)
{
	if (gate->at >= gate->len)
		return -1;
	return (unsigned char)gate->text[gate->at];
}

/* RFC 3629; overlong forms, surrogates and what is past U+10FFFF are out. */
unsigned
json_utf8_len(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	unsigned size;

	if (len == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	size = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len < size)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (unsigned i = 2; i < size; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return size;
}

/* The value of the 4 digits at byte `at`, or -1. */
static int
hex4(const struct gate *gate, size_t at)
{
	int value = 0;

	if (gate->len - at < 4)
		return -1;
	for (size_t i = at; i < at + 4; i++) {
		char c = gate->text[i];

		value *= 16;
		if (c >= '0' && c <= '9')
			value += c - '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			value += (c | 32) - 'a' + 10;
		else
			return -1;
	}
	return value;
}

/* gate->at stands on the 'u' of \uXXXX. */
static int
check_unicode_escape(struct gate *gate)
{
	size_t start = gate->at - 1;
	int unit = hex4(gate, gate->at + 1);

	if (unit < 0)
		return expected(
		    gate, gate->at + 1, "four hexadecimal digits after '\\u'");
	if (unit == 0)
		return refused(gate, start, "the character NUL is not allowed");
	gate->at += 5;
	if (unit < 0xd800 || unit > 0xdfff)
		return 0;
	if (unit < 0xdc00 && gate->len - gate->at >= 6 &&
	    gate->text[gate->at] == '\\' && gate->text[gate->at + 1] == 'u') {
		unit = hex4(gate, gate->at + 2);
		if (unit >= 0xdc00 && unit <= 0xdfff) {
			gate->at += 6;
			return 0;
		}
	}
	return refused(gate, start, "a surrogate without its other half");
}

static int
check_escape(struct gate *gate)
{
	gate->at++;
	switch (peek(gate)) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		gate->at++;
		return 0;
	case 'u':
		return check_unicode_escape(gate);
	default:
		return expected(gate, gate->at,
		    "one of \" \\ / b f n r t u after a backslash");
	}
}

static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* The word tricks are those of Mycroft's zero-byte test. */
size_t
json_plain_len(const char *text, size_t len)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t tops = UINT64_C(0x8080808080808080);
	size_t at = 0;

	while (len - at >= 8) {
		uint64_t word, quote, back;

		memcpy(&word, text + at, 8);
		quote = word ^ ones * '"';
		back = word ^ ones * '\\';
		if (((word | (word - ones * 0x20) | (quote - ones) |
			 (back - ones)) &
			tops) != 0)
			break;
		at += 8;
	}
	while (at < len && is_plain((unsigned char)text[at]))
		at++;
	return at;
}

/* gate->at stands on the opening quote and ends behind the closing one. */
static int
check_string(struct gate *gate)
{
	size_t start = gate->at++;

	for (;;) {
		unsigned char c;
		unsigned size;
		int rc = 0;

		gate->at +=
		    json_plain_len(gate->text + gate->at, gate->len - gate->at);
		if (gate->at >= gate->len)
			return err_set(gate->err, ERR_INPUT_INVALID,
			    "invalid JSON at byte %zu: the string that starts "
			    "at byte %zu has no closing '\"'",
			    gate->at, start);
		c = (unsigned char)gate->text[gate->at];
		if (c == '"') {
			gate->at++;
			return 0;
		}
		if (c == '\\') {
			rc = check_escape(gate);
		} else if (c < 0x20) {
			rc = expected(gate, gate->at,
			    "no raw control character in a string");
		} else if (c < 0x80) {
			gate->at++;
		} else {
			size = json_utf8_len(
			    gate->text + gate->at, gate->len - gate->at);
			gate->at += size;
			if (size == 0)
				rc = expected(gate, gate->at, "valid UTF-8");
		}
		if (rc < 0)
			return rc;
	}
}

static size_t
skip_digits(struct gate *gate)
{
	size_t start = gate->at;

	while (gate->at < gate->len && gate->text[gate->at] >= '0' &&
	       gate->text[gate->at] <= '9')
		gate->at++;
	return gate->at - start;
}

/* json-c saturates without a word, so the digits are compared here. */
bool
json_int_fits(const char *digits, size_t count, bool negative)
{
	const char *max =
	    negative ? "9223372036854775808" : "9223372036854775807";

	return count < 19 || (count == 19 && memcmp(digits, max, 19) <= 0);
}

static int
check_int64(const struct gate *gate, size_t digits, size_t count, bool negative)
{
	if (gate->bounds->wide_integers ||
	    json_int_fits(gate->text + digits, count, negative))
		return 0;
	return refused(gate, digits - negative,
	    "the integer is outside -2^63 to 2^63-1; send it as a string");
}

static int
check_number(struct gate *gate)
{
	size_t start = gate->at;
	bool negative = peek(gate) == '-';
	size_t digits = start + negative;
	size_t count;
	bool integer = true;

	gate->at = digits;
	count = skip_digits(gate);
	if (count == 0)
		return expected(gate, gate->at, "a digit");
	if (count > 1 && gate->text[digits] == '0')
		return refused(
		    gate, digits, "a number with a leading zero is not JSON");
	if (peek(gate) == '.') {
		integer = false;
		gate->at++;
		if (skip_digits(gate) == 0)
			return expected(
			    gate, gate->at, "a digit after the point");
	}
	if (peek(gate) == 'e' || peek(gate) == 'E') {
		integer = false;
		gate->at++;
		if (peek(gate) == '+' || peek(gate) == '-')
			gate->at++;
		if (skip_digits(gate) == 0)
			return expected(
			    gate, gate->at, "a digit in the exponent");
	}
	if (gate->at - start > NUMBER_MAX)
		return refused(
		    gate, start, "a number of more than 64 characters");
	return integer ? check_int64(gate, digits, count, negative) : 0;
}

static int
check_word(struct gate *gate, const char *word)
{
	size_t len = strlen(word);

	if (gate->len - gate->at < len ||
	    memcmp(gate->text + gate->at, word, len) != 0)
		return expected(gate, gate->at,
		    "an object, an array, a string, a number, true, false or "
		    "null");
	gate->at += len;
	return 0;
}

static int
open_container(struct gate *gate, bool object)
{
	unsigned limit = gate->bounds->depth;

	if (limit > DEPTH_MAX)
		limit = DEPTH_MAX;
	if (gate->depth >= limit)
		return too_large(gate, "nested containers", limit);
	gate->open[gate->depth++] = object ? ++gate->objects : 0;
	gate->at++;
	return 0;
}

/* A key, its uniqueness and the ':' behind it. */
static int
check_key(struct gate *gate)
{
	size_t start = gate->at;
	size_t len;
	int rc;

	if (peek(gate) != '"')
		return expected(gate, start, "a key in double quotes");
	rc = count_value(gate);
	if (rc == 0)
		rc = check_string(gate);
	if (rc < 0)
		return rc;
	len = gate->at - start - 2;
	switch (json_keys_add(&gate->keys, gate->open[gate->depth - 1],
	    gate->text + start + 1, len)) {
	case 0:
		break;
	case 1:
		if (len <= SHOWN_MAX)
			return err_set(gate->err, ERR_INPUT_INVALID,
			    "invalid JSON at byte %zu: the key '%.*s' appears "
			    "twice in one object",
			    start, (int)len, gate->text + start + 1);
		return refused(
		    gate, start, "a key appears twice in one object");
	default:
		return err_set(gate->err, ERR_OUT_OF_MEMORY,
		    "no memory to check a JSON text");
	}
	skip_space(gate);
	if (peek(gate) != ':')
		return expected(gate, gate->at, "':' after the key");
	gate->at++;
	return 0;
}

/* After a '[' or '{': true (in *closed) if it ends at once. */
static int
enter_container(struct gate *gate, bool *closed)
{
	bool object = gate->open[gate->depth - 1] != 0;

	skip_space(gate);
	*closed = peek(gate) == (object ? '}' : ']');
	if (*closed) {
		gate->depth--;
		gate->at++;
		return 0;
	}
	if (object && peek(gate) != '"')
		return expected(
		    gate, gate->at, "a key in double quotes or '}'");
	return object ? check_key(gate) : 0;
}

/* One value; *complete is false after an opening bracket. */
static int
check_value(struct gate *gate, bool *complete)
{
	int c;
	int rc;

	skip_space(gate);
	rc = count_value(gate);
	if (rc < 0)
		return rc;
	*complete = true;
	c = peek(gate);
	switch (c) {
	case '{':
	case '[':
		rc = open_container(gate, c == '{');
		return rc < 0 ? rc : enter_container(gate, complete);
	case '"':
		return check_string(gate);
	case 't':
		return check_word(gate, "true");
	case 'f':
		return check_word(gate, "false");
	case 'n':
		return check_word(gate, "null");
	default:
		if (c == '-' || (c >= '0' && c <= '9'))
			return check_number(gate);
		return check_word(gate, "null"); /* says what is allowed */
	}
}

/* Behind a value in a container: to the next one, or out. */
static int
check_next(struct gate *gate, bool *again)
{
	bool object = gate->open[gate->depth - 1] != 0;
	int c;

	skip_space(gate);
	c = peek(gate);
	*again = c == ',';
	if (c == ',') {
		gate->at++;
		if (!object)
			return 0;
		skip_space(gate);
		return check_key(gate);
	}
	if (c != (object ? '}' : ']'))
		return expected(
		    gate, gate->at, object ? "',' or '}'" : "',' or ']'");
	gate->depth--;
	gate->at++;
	return 0;
}

static int
check_text(struct gate *gate)
{
	int rc;

	do {
		bool complete = true;
		bool again = false;

		rc = check_value(gate, &complete);
		while (rc == 0 && complete && gate->depth > 0 && !again)
			rc = check_next(gate, &again);
	} while (rc == 0 && gate->depth > 0);
	if (rc < 0)
		return rc;
	skip_space(gate);
	if (gate->at < gate->len)
		return expected(gate, gate->at, "nothing after the value");
	return 0;
}

int
json_check(const char *text, size_t len, const struct json_bounds *bounds,
    struct err *err)
{
	struct gate gate;
	int rc;

	gate.text = text;
	gate.len = len;
	gate.at = 0;
	gate.bounds = bounds ? bounds : &json_bounds_default;
	gate.err = err;
	gate.values = 0;
	gate.depth = 0;
	gate.objects = 0;
	if (len > gate.bounds->bytes)
		return err_set(err, ERR_INPUT_INVALID,
		    "JSON refused: %zu bytes are more than %zu", len,
		    gate.bounds->bytes);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return refused(&gate, 0, "a byte order mark is not allowed");
	json_keys_init(&gate.keys);
	rc = check_text(&gate);
	json_keys_fini(&gate.keys);
	return rc;
}

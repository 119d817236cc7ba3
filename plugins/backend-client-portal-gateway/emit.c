/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Strings of the broker are copied with their escapes as they are; only what
 * would make the result no JSON is replaced.
 */

#include "emit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "moment.h"
#include "scalar.h"
#include "text.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
enum { WORD_MAX = 64, CODE_MAX = 20 };

#define REPLACEMENT "\\ufffd"

static void
separate(struct text *out)
{
	char last = out->len ? out->data[out->len - 1] : '{';

	if (last != '{' && last != '[' && last != ':')
		text_add(out, ",", 1);
}

static void
key_put(struct text *out, const char *key)
{
	separate(out);
	if (!key)
		return;
	text_add(out, "\"", 1);
	text_str(out, key);
	text_add(out, "\":", 2);
}

void
emit_open(struct text *out, const char *key, char bracket)
{
	key_put(out, key);
	text_add(out, &bracket, 1);
}

void
emit_close(struct text *out, char bracket)
{
	text_add(out, &bracket, 1);
}

void
emit_str(struct text *out, const char *key, const char *value)
{
	if (!value)
		return;
	key_put(out, key);
	text_add(out, "\"", 1);
	text_str(out, value);
	text_add(out, "\"", 1);
}

void
emit_item(struct text *out, const char *value)
{
	emit_str(out, NULL, value);
}

void
emit_flag(struct text *out, const char *key, int value)
{
	key_put(out, key);
	text_str(out, value ? "true" : "false");
}

void
emit_number(struct text *out, const char *key, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	key_put(out, key);
	text_str(out, text);
}

void
emit_moment(struct text *out, const char *key, uint64_t real_ns)
{
	char text[MOMENT_SIZE];

	if (!real_ns)
		return;
	moment_format(real_ns, text);
	emit_str(out, key, text);
}

void
emit_decimal(struct text *out, const char *key, const struct node *value)
{
	char text[SCALAR_SIZE];

	emit_str(out, key, scalar_decimal(value, text, NULL));
}

void
emit_nonzero(struct text *out, const char *key, const struct node *value)
{
	char text[SCALAR_SIZE];

	if (scalar_decimal(value, text, NULL) && !scalar_is_zero(text))
		emit_str(out, key, text);
}

void
emit_id(struct text *out, const char *key, const struct node *value)
{
	char text[SCALAR_ID_SIZE];

	emit_str(out, key, scalar_id(value, text));
}

void
emit_contract(struct text *out, const char *key, const struct node *value)
{
	char text[SCALAR_ID_SIZE];

	emit_str(out, key, scalar_contract(value, text));
}

void
emit_date(struct text *out, const char *key, const struct node *value)
{
	char text[12];

	emit_str(out, key, scalar_date(value, text));
}

void
emit_when(struct text *out, const char *key, const struct node *value)
{
	emit_moment(out, key, scalar_time(value));
}

void
emit_bool(struct text *out, const char *key, const struct node *value)
{
	int flag = scalar_bool(value);

	if (flag >= 0)
		emit_flag(out, key, flag);
}

/* ---- words */

static const struct {
	const char *from, *to;
} classes[] = {
	{ "STK", "stock" },
	{ "ETF", "etf" },
	{ "OPT", "option" },
	{ "FUT", "future" },
	{ "FOP", "future_option" },
	{ "CASH", "fx" },
	{ "BOND", "bond" },
	{ "BILL", "bond" },
	{ "IND", "index" },
	{ "FUND", "fund" },
	{ "CRYPTO", "crypto" },
};

const char *
emit_class_word(const char *broker_word)
{
	for (size_t i = 0; i < COUNT(classes); i++) {
		if (strcmp(broker_word, classes[i].from) == 0)
			return classes[i].to;
	}
	return "other";
}

void
emit_class(struct text *out, const char *key, const struct node *value)
{
	char word[16];

	if (node_text(value, word, sizeof(word)) && *word)
		emit_str(out, key, emit_class_word(word));
}

void
emit_right(struct text *out, const char *key, const struct node *value)
{
	char word[8];

	if (!node_text(value, word, sizeof(word)))
		return;
	if (strcmp(word, "C") == 0 || strcmp(word, "CALL") == 0 ||
	    strcmp(word, "Call") == 0)
		emit_str(out, key, "call");
	if (strcmp(word, "P") == 0 || strcmp(word, "PUT") == 0 ||
	    strcmp(word, "Put") == 0)
		emit_str(out, key, "put");
}

const char *
emit_side_word(const struct node *value)
{
	static const char *const buys[] = { "B", "BUY", "Buy", "BOT",
		"BOUGHT" };
	static const char *const sells[] = { "S", "SELL", "Sell", "SLD",
		"SOLD" };

	for (size_t i = 0; i < COUNT(buys); i++) {
		if (node_equals(value, buys[i]))
			return "buy";
		if (node_equals(value, sells[i]))
			return "sell";
	}
	return NULL;
}

void
emit_side(struct text *out, const char *key, const struct node *value)
{
	emit_str(out, key, emit_side_word(value));
}

int
emit_is_word(const struct node *value)
{
	return node_is(value, NODE_STRING) && value->plain && value->len > 0 &&
	       value->len <= WORD_MAX;
}

void
emit_word(struct text *out, const char *key, const struct node *value)
{
	if (emit_is_word(value))
		emit_text(out, key, value);
}

int
emit_is_code(const struct node *value)
{
	return node_is(value, NODE_STRING) && value->plain && value->len > 0 &&
	       value->len <= CODE_MAX && !memchr(value->at, ' ', value->len);
}

void
emit_code(struct text *out, const char *key, const struct node *value)
{
	if (emit_is_code(value))
		emit_text(out, key, value);
}

/* ---- text */

/* The bytes of one UTF-8 character; 0: none is there. */
static size_t
utf8_length(const unsigned char *at, size_t left)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
	uint32_t point;

	if (len == 0 || *at > 0xf4 || len > left)
		return 0;
	point = *at & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (at[i] & 0x3fu);
	}
	if (point < least[len] || point > 0x10ffff ||
	    (point >= 0xd800 && point < 0xe000))
		return 0;
	return len;
}

static int
half_of(const char *at, char low, char high)
{
	char c = at[3];

	return at[0] == '\\' && at[1] == 'u' && (at[2] | 0x20) == 'd' &&
	       ((c >= low && c <= high && c <= '9') ||
		   ((c | 0x20) >= (low | 0x20) && (c | 0x20) <= (high | 0x20) &&
		       c > '9'));
}

/* An escape, its backslash included; the bytes that it takes. */
static size_t
escape_put(struct text *out, const char *at, size_t left)
{
	if (at[1] != 'u') {
		text_add(out, at, 2);
		return 2;
	}
	if (half_of(at, '8', 'b')) {
		if (left >= 12 && half_of(at + 6, 'c', 'f')) {
			text_add(out, at, 12);
			return 12;
		}
		text_str(out, REPLACEMENT);
	} else if (half_of(at, 'c', 'f') || memcmp(at + 2, "0000", 4) == 0) {
		text_str(out, REPLACEMENT);
	} else {
		text_add(out, at, 6);
	}
	return 6;
}

/* One character that is no plain ASCII. */
static size_t
odd_put(struct text *out, const char *at, size_t left)
{
	unsigned char c = (unsigned char)*at;
	char escape[8];
	size_t len;

	if (c == '\\')
		return escape_put(out, at, left);
	if (c && c < 0x20) {
		(void)snprintf(escape, sizeof(escape), "\\u%04x", c);
		text_str(out, escape);
		return 1;
	}
	len = c && c < 0x80 ? 1 : utf8_length((const unsigned char *)at, left);
	if (len == 0) {
		text_str(out, REPLACEMENT);
		return 1;
	}
	text_add(out, at, len);
	return len;
}

void
emit_quoted(struct text *out, const struct node *value)
{
	const char *at = value->at, *end = at + value->len;

	text_add(out, "\"", 1);
	while (at < end) {
		const char *plain = at;

		while (
		    at < end && (value->plain ||
				    (*at != '\\' && *at >= 0x20 && *at < 0x7f)))
			at++;
		text_add(out, plain, (size_t)(at - plain));
		if (at < end)
			at += odd_put(out, at, (size_t)(end - at));
	}
	text_add(out, "\"", 1);
}

void
emit_text(struct text *out, const char *key, const struct node *value)
{
	if (!node_is(value, NODE_STRING) || value->len == 0)
		return;
	key_put(out, key);
	emit_quoted(out, value);
}

void
emit_fields(struct text *out, const struct node *object,
    const struct emit_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct node *value = node_get(object, fields[i].from);

		if (value)
			fields[i].put(out, fields[i].key, value);
	}
}

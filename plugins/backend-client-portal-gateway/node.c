/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* One pass, no lookahead, bounded depth: bodies come from outside. */

#include "node.h"

#include <stdlib.h>
#include <string.h>

struct parse {
	struct node_tree *tree;
	const char *at, *end;
	const char *why;
};

static int value_parse(struct parse *p, unsigned depth);

static int
fail(struct parse *p, const char *why)
{
	if (!p->why)
		p->why = why;
	return -1;
}

/* A new value; its place, since the array may move. */
static int
node_new(struct parse *p, enum node_type type, uint32_t *ret_index)
{
	struct node_tree *tree = p->tree;
	struct node *nodes;
	uint32_t cap;

	if (tree->count == NODE_COUNT_MAX)
		return fail(p, "more values than are ever read");
	if (tree->count == tree->cap) {
		cap = tree->cap ? tree->cap * 2 : 256;
		nodes = realloc(tree->nodes, cap * sizeof(*nodes));
		if (!nodes)
			return fail(p, "out of memory");
		tree->nodes = nodes;
		tree->cap = cap;
	}
	*ret_index = tree->count++;
	tree->nodes[*ret_index] = (struct node){
		.at = p->at,
		.skip = 1,
		.type = (uint8_t)type,
	};
	return 0;
}

static void
blanks_skip(struct parse *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' ||
				     *p->at == '\r' || *p->at == '\t'))
		p->at++;
}

static int
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	       (c >= 'A' && c <= 'F');
}

/* Behind a backslash. */
static int
escape_skip(struct parse *p)
{
	if (p->at == p->end)
		return fail(p, "a string has no end");
	if (*p->at != 'u') {
		if (!*p->at || !strchr("\"\\/bfnrt", *p->at))
			return fail(p, "an escape that is none");
		p->at++;
		return 0;
	}
	p->at++;
	for (int i = 0; i < 4; i++, p->at++) {
		if (p->at == p->end || !is_hex(*p->at))
			return fail(p, "an escape that is none");
	}
	return 0;
}

static int
string_parse(struct parse *p)
{
	uint8_t plain = 1;
	const char *start;
	uint32_t index;

	p->at++;
	start = p->at;
	if (node_new(p, NODE_STRING, &index))
		return -1;
	for (;;) {
		unsigned char c;

		if (p->at == p->end)
			return fail(p, "a string has no end");
		c = (unsigned char)*p->at++;
		if (c == '"')
			break;
		if (c == '\\' && escape_skip(p))
			return -1;
		if (c == '\\' || c < 0x20 || c > 0x7e)
			plain = 0;
	}
	p->tree->nodes[index].len = (uint32_t)(p->at - 1 - start);
	p->tree->nodes[index].plain = plain;
	return 0;
}

static size_t
digits_skip(struct parse *p)
{
	const char *start = p->at;

	while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
		p->at++;
	return (size_t)(p->at - start);
}

static int
accept(struct parse *p, char c)
{
	if (p->at == p->end || *p->at != c)
		return 0;
	p->at++;
	return 1;
}

static int
word_parse(struct parse *p, const char *word, enum node_type type)
{
	size_t len = strlen(word);
	uint32_t index;

	if ((size_t)(p->end - p->at) < len || memcmp(p->at, word, len) != 0)
		return fail(p, "a word that is no value");
	if (node_new(p, type, &index))
		return -1;
	p->at += len;
	return 0;
}

static int
number_parse(struct parse *p)
{
	const char *start = p->at;
	uint32_t index;

	if (node_new(p, NODE_NUMBER, &index))
		return -1;
	if (accept(p, '-') && p->at < p->end && *p->at == 'I') {
		p->tree->count--;
		return word_parse(p, "Infinity", NODE_NULL);
	}
	if (!accept(p, '0') && !digits_skip(p))
		return fail(p, "a number without digits");
	if (accept(p, '.') && !digits_skip(p))
		return fail(p, "a number that ends in a point");
	if (accept(p, 'e') || accept(p, 'E')) {
		(void)(accept(p, '-') || accept(p, '+'));
		if (!digits_skip(p))
			return fail(p, "an exponent without digits");
	}
	p->tree->nodes[index].len = (uint32_t)(p->at - start);
	return 0;
}

static int
member_parse(struct parse *p, unsigned depth)
{
	blanks_skip(p);
	if (p->at == p->end || *p->at != '"')
		return fail(p, "a member without a name");
	if (string_parse(p))
		return -1;
	blanks_skip(p);
	if (!accept(p, ':'))
		return fail(p, "a member without a value");
	return value_parse(p, depth);
}

static int
list_parse(struct parse *p, enum node_type type, char close, unsigned depth)
{
	uint32_t index, count = 0;

	if (depth == NODE_DEPTH_MAX)
		return fail(p, "deeper than is ever read");
	if (node_new(p, type, &index))
		return -1;
	p->at++;
	blanks_skip(p);
	if (!accept(p, close)) {
		do {
			if (type == NODE_OBJECT ? member_parse(p, depth + 1)
						: value_parse(p, depth + 1))
				return -1;
			count++;
			blanks_skip(p);
		} while (accept(p, ','));
		if (!accept(p, close))
			return fail(p, "a list has no end");
	}
	p->tree->nodes[index].count = count;
	p->tree->nodes[index].skip = p->tree->count - index;
	return 0;
}

static int
value_parse(struct parse *p, unsigned depth)
{
	blanks_skip(p);
	if (p->at == p->end)
		return fail(p, "it ends too early");
	switch (*p->at) {
	case '{':
		return list_parse(p, NODE_OBJECT, '}', depth);
	case '[':
		return list_parse(p, NODE_ARRAY, ']', depth);
	case '"':
		return string_parse(p);
	case 't':
		return word_parse(p, "true", NODE_TRUE);
	case 'f':
		return word_parse(p, "false", NODE_FALSE);
	case 'n':
		return word_parse(p, "null", NODE_NULL);
	case 'N':
		return word_parse(p, "NaN", NODE_NULL);
	case 'I':
		return word_parse(p, "Infinity", NODE_NULL);
	default:
		return number_parse(p);
	}
}

int
node_parse(
    struct node_tree *tree, const char *text, size_t len, const char **ret_why)
{
	struct parse p = { .tree = tree, .at = text, .end = text + len };

	tree->count = 0;
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		p.at += 3;
	if (len <= UINT32_MAX && value_parse(&p, 0) == 0) {
		blanks_skip(&p);
		if (p.at == p.end)
			return 0;
		(void)fail(&p, "something follows behind its end");
	}
	*ret_why = p.why ? p.why : "it is too long";
	return -1;
}

void
node_fini(struct node_tree *tree)
{
	free(tree->nodes);
	*tree = (struct node_tree){ .nodes = NULL };
}

int
node_is(const struct node *node, enum node_type type)
{
	return node && node->type == type;
}

const struct node *
node_first(const struct node *list)
{
	return list && list->count ? list + 1 : NULL;
}

const struct node *
node_get(const struct node *object, const char *key)
{
	size_t len = strlen(key);
	const struct node *name;

	if (!node_is(object, NODE_OBJECT))
		return NULL;
	name = object + 1;
	for (uint32_t i = 0; i < object->count; i++) {
		if (name->len == len && memcmp(name->at, key, len) == 0)
			return node_is(name + 1, NODE_NULL) ? NULL : name + 1;
		name = name + 1 + name[1].skip;
	}
	return NULL;
}

/* Four hex digits, which the parser has seen. */
static unsigned
hex4(const char *at)
{
	unsigned value = 0;

	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)at[i];

		value =
		    value * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

static size_t
utf8_put(char *out, unsigned point)
{
	if (point < 0x80) {
		out[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (char)(0xc0 | point >> 6);
		out[1] = (char)(0x80 | (point & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | point >> 12);
	out[1] = (char)(0x80 | (point >> 6 & 0x3f));
	out[2] = (char)(0x80 | (point & 0x3f));
	return 3;
}

/* One escape behind its backslash; what it stands for, in at most 3 bytes. */
static const char *
unescape(const char *at, char *out, size_t *ret_len)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *found;
	unsigned point;

	if (*at == 'u') {
		point = hex4(at + 1);
		/* a half of a pair alone is no character */
		if (point >= 0xd800 && point < 0xe000)
			point = 0xfffd;
		*ret_len = utf8_put(out, point);
		return at + 5;
	}
	found = strchr(from, *at);
	*out = found ? to[found - from] : *at;
	*ret_len = 1;
	return at + 1;
}

const char *
node_text(const struct node *node, char *buffer, size_t size)
{
	const char *at, *end;
	size_t len = 0;

	if (!node_is(node, NODE_STRING) && !node_is(node, NODE_NUMBER))
		return NULL;
	at = node->at;
	end = at + node->len;
	while (at < end) {
		char bytes[3];
		size_t step = 1;

		bytes[0] = *at;
		if (*at == '\\' && node->type == NODE_STRING)
			at = unescape(at + 1, bytes, &step);
		else
			at++;
		if (len + step >= size || !bytes[0])
			return NULL;
		memcpy(buffer + len, bytes, step);
		len += step;
	}
	if (size == 0)
		return NULL;
	buffer[len] = '\0';
	return buffer;
}

int
node_equals(const struct node *node, const char *text)
{
	size_t len = strlen(text);

	return node_is(node, NODE_STRING) && node->len == len &&
	       memcmp(node->at, text, len) == 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * From a text that has passed the gate to json-c's tree.  json-c's own parser
 * is left out: it crashes when memory runs out (0.16), and everything it checks
 * has been checked.  No recursion here either.
 */

#include "base/json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/jsonkeys.h"

#define DEPTH_MAX 256 /* as in the gate */
#define NUMBER_MAX 64

struct build {
	const char *at;
	const char *end;
	struct buf key; /* of the member that comes next */
	struct buf str;
	unsigned depth;
	struct json_object *root;
	struct json_object *open[DEPTH_MAX]; /* borrowed from root */
};

static void
build_fini(struct build *build)
{
	buf_fini(&build->key);
	buf_fini(&build->str);
	(void)json_object_put(build->root);
}

/* Blanks, and what stands between the members of a checked text. */
static void
skip_space(struct build *build)
{
	while (
	    build->at < build->end &&
	    (*build->at == ',' || *build->at == ':' || *build->at == ' ' ||
		*build->at == '\n' || *build->at == '\r' || *build->at == '\t'))
		build->at++;
}

/* The bytes between the quotes; build->at ends behind the closing one. */
static size_t
take_raw(struct build *build, const char **ret_raw, bool *ret_escaped)
{
	const char *raw = ++build->at;
	const char *end = memchr(raw, '"', (size_t)(build->end - raw));
	bool escaped = memchr(raw, '\\', (size_t)(end - raw)) != NULL;

	/* with a backslash in front, the quote may be part of the string */
	if (!escaped)
		build->at = end;
	while (*build->at != '"')
		build->at += *build->at == '\\' ? 2 : 1;
	*ret_raw = raw;
	*ret_escaped = escaped;
	return (size_t)(build->at++ - raw);
}

/* Unescape a string into buf. */
static bool
take_text(struct build *build, struct buf *buf)
{
	const char *raw;
	bool escaped;
	size_t len = take_raw(build, &raw, &escaped);
	char *to;

	buf_reset(buf);
	to = buf_reserve(buf, len);
	if (!to)
		return false;
	buf->len = json_unescape(to, raw, len);
	buf->data[buf->len] = '\0';
	return true;
}

static struct json_object *
take_string(struct build *build)
{
	const char *start = build->at;
	const char *raw;
	bool escaped;
	size_t len = take_raw(build, &raw, &escaped);

	if (!escaped)
		return json_object_new_string_len(raw, (int)len);
	build->at = start;
	if (!take_text(build, &build->str))
		return NULL;
	return json_object_new_string_len(build->str.data, (int)build->str.len);
}

static int64_t
to_int(const char *text)
{
	bool negative = *text == '-';
	uint64_t size = 0;

	for (text += negative; *text != '\0'; text++)
		size = size * 10 + (uint64_t)(*text - '0');
	return (int64_t)(negative ? -size : size);
}

/* A number with a point or an exponent, or too large, keeps its text. */
static struct json_object *
take_number(struct build *build)
{
	char text[NUMBER_MAX + 1];
	size_t len = 0;
	bool integer = true;

	while (build->at < build->end && len < NUMBER_MAX &&
	       strchr("-+.eE0123456789", *build->at)) {
		integer &= !strchr(".eE", *build->at);
		text[len++] = *build->at++;
	}
	text[len] = '\0';
	if (integer && json_int_fits(text + (*text == '-'),
			   len - (*text == '-'), *text == '-'))
		return json_object_new_int64(to_int(text));
	return json_object_new_double_s(strtod(text, NULL), text);
}

/* One value, of a container only its beginning; NULL: no memory, or null. */
static struct json_object *
take_value(struct build *build, bool *ret_null)
{
	*ret_null = false;
	switch (*build->at) {
	case '{':
		build->at++;
		return json_object_new_object();
	case '[':
		build->at++;
		return json_object_new_array_ext(8);
	case '"':
		return take_string(build);
	case 't':
		build->at += strlen("true");
		return json_object_new_boolean(1);
	case 'f':
		build->at += strlen("false");
		return json_object_new_boolean(0);
	case 'n':
		build->at += strlen("null");
		*ret_null = true;
		return NULL;
	default:
		return take_number(build);
	}
}

/* Put value, which is consumed, into the innermost open container. */
static bool
attach(struct build *build, struct json_object *value)
{
	struct json_object *into;
	int rc;

	if (build->depth == 0) {
		build->root = value;
		return true;
	}
	into = build->open[build->depth - 1];
	if (json_object_is_type(into, json_type_array))
		rc = json_object_array_add(into, value);
	else
		rc = json_object_object_add_ex(
		    into, build->key.data, value, JSON_C_OBJECT_ADD_KEY_IS_NEW);
	if (rc != 0)
		(void)json_object_put(value);
	return rc == 0;
}

/* One member, element or end of a container. */
static bool
step(struct build *build)
{
	struct json_object *value;
	bool null;

	skip_space(build);
	if (*build->at == ']' || *build->at == '}') {
		assert(build->depth > 0); /* the gate let nothing else in */
		build->at++;
		build->depth--;
		return true;
	}
	if (build->depth > 0 &&
	    json_object_is_type(
		build->open[build->depth - 1], json_type_object)) {
		if (!take_text(build, &build->key))
			return false;
		skip_space(build);
	}
	value = take_value(build, &null);
	if ((!value && !null) || !attach(build, value))
		return false;
	if (json_object_is_type(value, json_type_object) ||
	    json_object_is_type(value, json_type_array))
		build->open[build->depth++] = value;
	return true;
}

int
json_parse(const char *text, size_t len, const struct json_bounds *bounds,
    struct json_object **ret_root, struct err *err)
{
	struct build build CLEANUP(build_fini);
	int rc = json_check(text, len, bounds, err);

	build.at = text;
	build.end = text + len;
	build.key = (struct buf)BUF_INIT;
	build.str = (struct buf)BUF_INIT;
	build.depth = 0;
	build.root = NULL;
	if (rc < 0)
		return rc;
	do {
		if (!step(&build))
			return err_set(err, ERR_OUT_OF_MEMORY,
			    "no memory for the tree of a JSON text");
	} while (build.depth > 0);
	*ret_root = STEAL(build.root);
	return 0;
}

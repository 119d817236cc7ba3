/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The canonical form of RFC 8785, over which digests and MACs are taken.  It
 * is narrower than the RFC: no doubles, no integers that a JavaScript reader
 * would round, no text that is not UTF-8; so two trees that differ never
 * give the same bytes.
 */

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include <json-c/linkhash.h>

#include "base/cleanup.h"

#define CANON_DEPTH 512
#define INT_SAFE ((INT64_C(1) << 53) - 1)

struct member {
	const char *key;
	struct json_object *value;
};

static int canon_value(
    struct buf *out, struct json_object *obj, unsigned depth, struct err *err);

/*
 * Byte order of UTF-8 is that of code points.  In UTF-16 the surrogates
 * (lead bytes f0 to f4) come before U+E000 to U+FFFF (ee, ef).
 */
static int
utf16_rank(unsigned char c)
{
	if (c >= 0xf0)
		return c - 2;         /* f0..f4 -> ee..f2 */
	return c >= 0xee ? c + 5 : c; /* ee, ef -> f3, f4 */
}

static int
compare_members(const void *a, const void *b)
{
	const char *x = ((const struct member *)a)->key;
	const char *y = ((const struct member *)b)->key;

	while (*x != '\0' && *x == *y) {
		x++;
		y++;
	}
	return utf16_rank((unsigned char)*x) - utf16_rank((unsigned char)*y);
}

int
json_canon_string(struct buf *out, const char *str, size_t len, struct err *err)
{
	size_t i = 0;

	while (i < len) {
		unsigned size;

		i += json_plain_len(str + i, len - i);
		if (i == len)
			break;
		size = json_utf8_len(str + i, len - i);
		if (size == 0)
			return err_set(err, ERR_INPUT_INVALID,
			    "no canonical form: a string is not UTF-8 at its "
			    "byte %zu",
			    i);
		i += size;
	}
	json_write_string(out, str, len);
	return 0;
}

static int
canon_int(struct buf *out, struct json_object *obj, struct err *err)
{
	int64_t value = json_object_get_int64(obj);

	if (value > INT_SAFE || value < -INT_SAFE)
		return err_set(err, ERR_INPUT_INVALID,
		    "no canonical form: integer '%lld' is beyond 2^53-1; it "
		    "must be a string",
		    (long long)value);
	buf_printf(out, "%lld", (long long)value);
	return 0;
}

static int
canon_array(
    struct buf *out, struct json_object *obj, unsigned depth, struct err *err)
{
	size_t count = json_object_array_length(obj);

	buf_char(out, '[');
	for (size_t i = 0; i < count; i++) {
		int rc;

		if (i > 0)
			buf_char(out, ',');
		rc = canon_value(
		    out, json_object_array_get_idx(obj, i), depth, err);
		if (rc < 0)
			return rc;
	}
	buf_char(out, ']');
	return 0;
}

/* The members in order; the caller frees them. */
static struct member *
sorted_members(struct json_object *obj, size_t count)
{
	struct member *members = calloc(count ? count : 1, sizeof *members);
	size_t i = 0;

	if (!members)
		return NULL;
	json_object_object_foreach (obj, key, value) {
		members[i++] = (struct member){ key, value };
	}
	if (count > 1)
		qsort(members, count, sizeof *members, compare_members);
	return members;
}

static int
canon_object(
    struct buf *out, struct json_object *obj, unsigned depth, struct err *err)
{
	size_t count = (size_t)json_object_object_length(obj);
	CLEANUP_FREE struct member *members = sorted_members(obj, count);

	if (!members)
		return err_set(err, ERR_OUT_OF_MEMORY,
		    "no memory for the canonical form of a JSON object");
	buf_char(out, '{');
	for (size_t i = 0; i < count; i++) {
		const char *key = members[i].key;
		int rc;

		if (i > 0)
			buf_char(out, ',');
		rc = json_canon_string(out, key, strlen(key), err);
		if (rc < 0)
			return rc;
		buf_char(out, ':');
		rc = canon_value(out, members[i].value, depth, err);
		if (rc < 0)
			return rc;
	}
	buf_char(out, '}');
	return 0;
}

static int
canon_container(
    struct buf *out, struct json_object *obj, unsigned depth, struct err *err)
{
	if (depth >= CANON_DEPTH)
		return err_set(err, ERR_INPUT_INVALID,
		    "no canonical form: more than %d nested containers",
		    CANON_DEPTH);
	if (json_object_is_type(obj, json_type_array))
		return canon_array(out, obj, depth + 1, err);
	return canon_object(out, obj, depth + 1, err);
}

static int
canon_value(
    struct buf *out, struct json_object *obj, unsigned depth, struct err *err)
{
	switch (json_object_get_type(obj)) {
	case json_type_null:
		buf_str(out, "null");
		return 0;
	case json_type_boolean:
		buf_str(out, json_object_get_boolean(obj) ? "true" : "false");
		return 0;
	case json_type_int:
		return canon_int(out, obj, err);
	case json_type_double:
		return err_set(err, ERR_INPUT_INVALID,
		    "no canonical form: a number has a fraction or an "
		    "exponent; it must be a string");
	case json_type_string:
		return json_canon_string(out, json_object_get_string(obj),
		    (size_t)json_object_get_string_len(obj), err);
	default:
		return canon_container(out, obj, depth, err);
	}
}

int
json_canon(struct buf *out, struct json_object *obj, struct err *err)
{
	size_t start = out->len;
	int rc = canon_value(out, obj, 0, err);

	if (rc == 0 && out->failed)
		rc = err_set(err, ERR_OUT_OF_MEMORY,
		    "no room for the canonical form of a JSON value");
	if (rc < 0 && out->data) {
		out->len = start;
		out->data[start] = '\0';
	}
	return rc;
}

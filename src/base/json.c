/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Trees and text.  json-c holds the tree; what goes out is written here,
 * because json-c writes `/` as `\/` and its bytes are not ours to fix.
 */

#include "base/json.h"

#include <string.h>

#include <json-c/linkhash.h>

/* Deepest tree that is written: more than the gate lets in. */
#define WRITE_DEPTH 512

/* The escape of an ASCII character, or NULL if it stands for itself. */
static const char *
escape_of(unsigned char c, char room[7])
{
	static const char digits[] = "0123456789abcdef";

	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		break;
	}
	if (c >= 0x20)
		return NULL;
	memcpy(room, "\\u0000", 7);
	room[4] = digits[c >> 4];
	room[5] = digits[c & 15];
	return room;
}

void
json_write_string(struct buf *out, const char *str, size_t len)
{
	size_t done = 0;
	size_t i = 0;
	char room[7];

	buf_char(out, '"');
	while (i < len) {
		unsigned char c;
		unsigned size = 1;
		const char *instead;

		i += json_plain_len(str + i, len - i);
		if (i == len)
			break;
		c = (unsigned char)str[i];
		if (c < 0x80) {
			instead = escape_of(c, room);
		} else {
			size = json_utf8_len(str + i, len - i);
			instead = size == 0 ? "\xef\xbf\xbd" : NULL;
			size += size == 0;
		}
		if (instead) {
			buf_add(out, str + done, i - done);
			buf_str(out, instead);
			done = i + size;
		}
		i += size;
	}
	buf_add(out, str + done, len - done);
	buf_char(out, '"');
}

static void
write_int(struct buf *out, struct json_object *obj)
{
	int64_t value = json_object_get_int64(obj);

	/* json-c may hold a uint64 that a program has made */
	if (value == INT64_MAX)
		buf_printf(out, "%llu",
		    (unsigned long long)json_object_get_uint64(obj));
	else
		buf_printf(out, "%lld", (long long)value);
}

/* The text as it was read; NaN and infinities of a program become null. */
static void
write_double(struct buf *out, struct json_object *obj)
{
	/* one that was read may be an integer that fits no int64 */
	static const struct json_bounds number = {
		.bytes = 64,
		.depth = 1,
		.values = 1,
		.wide_integers = true,
	};
	size_t len = 0;
	const char *text = json_object_to_json_string_length(
	    obj, JSON_C_TO_STRING_PLAIN, &len);

	if (!text)
		out->failed = true;
	else if (json_check(text, len, &number, NULL) < 0)
		buf_str(out, "null");
	else
		buf_add(out, text, len);
}

/* Where the writer is: level of nesting and blanks per level. */
struct writer {
	struct buf *out;
	unsigned indent;
	unsigned level;
};

static void write_value(struct writer *writer, struct json_object *obj);

static void
new_line(struct writer *writer)
{
	if (writer->indent == 0)
		return;
	buf_char(writer->out, '\n');
	for (unsigned i = 0; i < writer->indent * writer->level; i++)
		buf_char(writer->out, ' ');
}

static void
write_array(struct writer *writer, struct json_object *obj)
{
	size_t count = json_object_array_length(obj);

	buf_char(writer->out, '[');
	writer->level++;
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_char(writer->out, ',');
		new_line(writer);
		write_value(writer, json_object_array_get_idx(obj, i));
	}
	writer->level--;
	if (count > 0)
		new_line(writer);
	buf_char(writer->out, ']');
}

static void
write_object(struct writer *writer, struct json_object *obj)
{
	bool first = true;

	buf_char(writer->out, '{');
	writer->level++;
	json_object_object_foreach (obj, key, value) {
		if (!first)
			buf_char(writer->out, ',');
		first = false;
		new_line(writer);
		json_write_string(writer->out, key, strlen(key));
		buf_str(writer->out, writer->indent ? ": " : ":");
		write_value(writer, value);
	}
	writer->level--;
	if (!first)
		new_line(writer);
	buf_char(writer->out, '}');
}

static void
write_value(struct writer *writer, struct json_object *obj)
{
	struct buf *out = writer->out;

	switch (json_object_get_type(obj)) {
	case json_type_null:
		buf_str(out, "null");
		break;
	case json_type_boolean:
		buf_str(out, json_object_get_boolean(obj) ? "true" : "false");
		break;
	case json_type_int:
		write_int(out, obj);
		break;
	case json_type_double:
		write_double(out, obj);
		break;
	case json_type_string:
		json_write_string(out, json_object_get_string(obj),
		    (size_t)json_object_get_string_len(obj));
		break;
	case json_type_array:
	case json_type_object:
		if (writer->level >= WRITE_DEPTH)
			out->failed = true;
		else if (json_object_is_type(obj, json_type_array))
			write_array(writer, obj);
		else
			write_object(writer, obj);
		break;
	}
}

void
json_write(struct buf *out, struct json_object *obj, unsigned indent)
{
	struct writer writer = { out, indent, 0 };

	write_value(&writer, obj);
}

struct json_object *
json_get(struct json_object *obj, const char *key)
{
	struct json_object *value;

	if (!json_object_is_type(obj, json_type_object) ||
	    !json_object_object_get_ex(obj, key, &value))
		return NULL;
	return value;
}

const char *
json_get_str(struct json_object *obj, const char *key, const char *def)
{
	struct json_object *value = json_get(obj, key);

	if (!json_object_is_type(value, json_type_string))
		return def;
	return json_object_get_string(value);
}

int64_t
json_get_int(struct json_object *obj, const char *key, int64_t def)
{
	struct json_object *value = json_get(obj, key);

	if (!json_object_is_type(value, json_type_int))
		return def;
	return json_object_get_int64(value);
}

bool
json_get_bool(struct json_object *obj, const char *key, bool def)
{
	struct json_object *value = json_get(obj, key);

	if (!json_object_is_type(value, json_type_boolean))
		return def;
	return json_object_get_boolean(value);
}

int
json_add(struct json_object *obj, const char *key, struct json_object *value)
{
	if (json_object_is_type(obj, json_type_object) &&
	    json_object_object_add(obj, key, value) == 0)
		return 0;
	(void)json_object_put(value);
	return IAG_NOMEM;
}

/* A new value, which is NULL only without memory. */
static int
add_new(struct json_object *obj, const char *key, struct json_object *value)
{
	return value ? json_add(obj, key, value) : IAG_NOMEM;
}

int
json_add_str(struct json_object *obj, const char *key, const char *str)
{
	return str ? add_new(obj, key, json_object_new_string(str)) : 0;
}

int
json_add_int(struct json_object *obj, const char *key, int64_t value)
{
	return add_new(obj, key, json_object_new_int64(value));
}

int
json_add_bool(struct json_object *obj, const char *key, bool value)
{
	return add_new(obj, key, json_object_new_boolean(value));
}

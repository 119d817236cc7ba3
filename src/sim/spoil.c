/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Bodies made wrong: see spoil.h. */

#include "sim/spoil.h"

#include <stdlib.h>
#include <string.h>

#include <json-c/json_object_iterator.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "sim/num.h"
#include "sim/seed.h"

struct spoiler {
	enum spoil spoil;
	const char *member;
	uint64_t *seed;
};

static struct json_object *spoilt(
    const struct spoiler *spoiler, struct json_object *value, bool hit);

static struct json_object *
scalar(const struct spoiler *spoiler, struct json_object *value)
{
	enum json_type type = json_object_get_type(value);
	bool is_number = type == json_type_int || type == json_type_double;
	const char *text = json_object_get_string(value);
	int64_t num;

	if (spoiler->spoil == SPOIL_NULLS)
		return NULL;
	if (spoiler->spoil == SPOIL_STRINGS && is_number)
		return json_object_new_string(text);
	if (spoiler->spoil == SPOIL_NUMBERS && type == json_type_string &&
	    num_parse(text, &num))
		return json_object_new_double_s(strtod(text, NULL), text);
	return json_object_get(value);
}

static struct json_object *
array(const struct spoiler *spoiler, struct json_object *from, bool hit)
{
	struct json_object *to = json_object_new_array();

	for (size_t i = 0; i < json_object_array_length(from); i++)
		(void)json_object_array_add(to,
		    spoilt(spoiler, json_object_array_get_idx(from, i), hit));
	return to;
}

/* Does it happen to this member? */
static bool
is_hit(const struct spoiler *spoiler, const char *key)
{
	bool rare =
	    spoiler->spoil == SPOIL_NULLS || spoiler->spoil == SPOIL_MISSING;

	if (spoiler->member)
		return strcmp(spoiler->member, key) == 0;
	return !rare || seed_next(spoiler->seed) % 4 == 0;
}

static struct json_object *
object(const struct spoiler *spoiler, struct json_object *from)
{
	struct json_object *to = json_object_new_object();
	struct json_object_iterator at = json_object_iter_begin(from);
	struct json_object_iterator end = json_object_iter_end(from);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *key = json_object_iter_peek_name(&at);
		bool hit = is_hit(spoiler, key);

		struct json_object *value = json_object_iter_peek_value(&at);

		if (hit && spoiler->spoil == SPOIL_MISSING)
			continue;
		if (hit && spoiler->spoil == SPOIL_NULLS && spoiler->member)
			value = NULL;
		(void)json_add(to, key, spoilt(spoiler, value, hit));
	}
	if (spoiler->spoil == SPOIL_EXTRA)
		(void)json_add_str(to, "simExtraMember", "unheard of");
	return to;
}

static struct json_object *
spoilt(const struct spoiler *spoiler, struct json_object *value, bool hit)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		return NULL;
	case json_type_object:
		return object(spoiler, value);
	case json_type_array:
		return array(spoiler, value, hit);
	default:
		return hit ? scalar(spoiler, value) : json_object_get(value);
	}
}

void
spoil_json(
    struct buf *body, enum spoil spoil, const char *member, uint64_t *seed)
{
	struct spoiler spoiler = { spoil, member, seed };
	struct json_object *from CLEANUP_JSON = NULL;
	struct json_object *to CLEANUP_JSON = NULL;

	if (json_parse(
		buf_text(body), body->len, &json_bounds_default, &from, NULL))
		return;
	to = spoilt(&spoiler, from, !member);
	buf_reset(body);
	json_write(body, to, 0);
}

static uint32_t
crc32_of(const unsigned char *data, size_t len)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^
			      (crc & 1 ? UINT32_C(0xedb88320) : UINT32_C(0));
	}
	return ~crc;
}

static void
little_endian(struct buf *out, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++, value >>= 8)
		buf_char(out, (char)(value & 0xff));
}

#define STORED_MAX 65535u

void
spoil_gzip(struct buf *body)
{
	struct buf out CLEANUP_BUF = BUF_INIT;
	struct buf old = *body;
	size_t done = 0;

	buf_add(&out, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
	do {
		size_t rest = body->len - done;
		size_t len = rest > STORED_MAX ? STORED_MAX : rest;

		buf_char(&out, (char)(len == rest));
		little_endian(&out, (uint32_t)len, 2);
		little_endian(&out, (uint32_t)~len, 2);
		buf_add(&out, buf_text(body) + done, len);
		done += len;
	} while (done < body->len);
	little_endian(&out,
	    crc32_of((const unsigned char *)buf_text(body), body->len), 4);
	little_endian(&out, (uint32_t)body->len, 4);
	*body = out;
	out = old;
}

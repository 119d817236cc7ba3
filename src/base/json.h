/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The one gate in front of json-c, and the writers.  json-c's parser lets too
 * much through (duplicate keys, keys cut at NUL, saturated integers, bad
 * UTF-8), so json_parse() checks the whole text against RFC 8259 and the bounds
 * first and only then builds a json-c tree.  A tree belongs to one thread:
 * json-c's reference counts are not atomic.
 */

#ifndef IAG_BASE_JSON_H
#define IAG_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json_object.h>

#include "base/buf.h"
#include "base/err.h"

struct json_bounds {
	size_t bytes;   /* of the whole text */
	unsigned depth; /* nested containers; the top one counts as 1; <= 256 */
	size_t values;  /* values and keys in all */
	/*
	 * Integers outside int64 are taken as numbers with a fraction are: a
	 * double that keeps its text.
	 */
	bool wide_integers;
};

/* 1 MiB, depth 32, 100,000 values: requests and broker answers. */
extern const struct json_bounds json_bounds_default;

/*
 * Parse exactly one RFC 8259 text.  Refused besides bad grammar: invalid
 * UTF-8, lone surrogates, NUL in keys and strings, duplicate keys (after
 * unescaping), integers outside int64 (see bounds), numbers with more than 64
 * characters, anything past the bounds, trailing text, a BOM.  The message
 * names byte offset and what was expected.  Code: INPUT_INVALID.  The caller
 * puts the tree with json_object_put(); a JSON null gives *ret_root == NULL.
 */
int json_parse(const char *text, size_t len, const struct json_bounds *bounds,
    struct json_object **ret_root, struct err *err);

/* Only the check, without a tree. */
int json_check(const char *text, size_t len, const struct json_bounds *bounds,
    struct err *err);

static inline void
cleanup_json_p(struct json_object **obj)
{
	(void)json_object_put(*obj);
}
#define CLEANUP_JSON __attribute__((cleanup(cleanup_json_p)))

/*
 * Does an integer of so many digits, without its sign and leading zeros, fit
 * into int64?
 */
bool json_int_fits(const char *digits, size_t count, bool negative);

/* Bytes of the well-formed UTF-8 character at text (1 to 4), or 0. */
unsigned json_utf8_len(const char *text, size_t len);
/*
 * How many bytes from text on need no thought: ASCII from 0x20 but '"' and
 * '\\'.
 */
size_t json_plain_len(const char *text, size_t len);

/*
 * A JSON string with quotes; control characters escaped, `/` not; a byte that
 * is no UTF-8 becomes U+FFFD.
 */
void json_write_string(struct buf *out, const char *str, size_t len);

/*
 * Compact (indent 0) or indented text in the tree's own order.  Numbers with
 * a fraction come out as they were read.
 */
void json_write(struct buf *out, struct json_object *obj, unsigned indent);

/*
 * RFC 8785: keys sorted by UTF-16 code units, shortest escapes, integers
 * only (section 3.2.2.3 does not arise: a double is refused, and so is an
 * integer beyond +-(2^53-1), which must travel as a string).  Strings that are
 * no UTF-8 are refused.  On failure nothing is appended.
 */
int json_canon(struct buf *out, struct json_object *obj, struct err *err);
/* The same of one string. */
int json_canon_string(
    struct buf *out, const char *str, size_t len, struct err *err);

/*
 * Typed member readers.  Absent or null members give def; a member of
 * another type gives def too, so use them on checked trees.
 */
const char *json_get_str(
    struct json_object *obj, const char *key, const char *def);
int64_t json_get_int(struct json_object *obj, const char *key, int64_t def);
bool json_get_bool(struct json_object *obj, const char *key, bool def);
/* Borrowed; NULL if absent or null. */
struct json_object *json_get(struct json_object *obj, const char *key);

/*
 * Builders: add or replace a member; a NULL str adds nothing ("missing is
 * absent").  IAG_NOMEM when memory runs out or obj is NULL, so that only the
 * last result of a chain needs a look if the object is checked as well.
 */
int json_add_str(struct json_object *obj, const char *key, const char *str);
int json_add_int(struct json_object *obj, const char *key, int64_t value);
int json_add_bool(struct json_object *obj, const char *key, bool value);
/* Takes value, also on failure; a NULL value is the JSON null. */
int json_add(
    struct json_object *obj, const char *key, struct json_object *value);

#endif

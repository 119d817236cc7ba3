/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Values against the fields of the tool table, in both directions: what
 * callers send (all faults are collected, defaults filled in) and what a
 * backend answers (the first fault ends it, unknown members are taken out,
 * text is cleaned).  The verdicts are those of the generated schemas.
 */

#include "tools/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/linkhash.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/dec.h"
#include "base/json.h"
#include "base/redact.h"
#include "tools/clean.h"
#include "tools/pattern.h"

enum {
	FAULTS_MAX = 8,    /* told one by one; the rest is counted */
	QUOTE_MAX = 40,    /* characters of a wrong value that are shown */
	STRING_MAX = 256,  /* default bound of a result's string */
	ARRAY_MAX = 1000,  /* default bound of a result's array */
	MAP_MAX = 500,     /* members of a map */
	LINES_FROM = 4096, /* text this long may have lines */
};

/* Integers beyond do not survive clients that count in doubles. */
#define INTEGER_MAX INT64_C(9007199254740991)

/* Where in the tree a value stands. */
struct path {
	const struct path *up;
	const char *name; /* NULL: an element */
	size_t index;
};

struct check {
	const struct tool *tool;
	bool is_input;
	struct buf text;
	unsigned faults;
	enum err_code code; /* of the first fault */
};

static bool value_check(struct check *check, const struct path *path,
    const struct field *field, enum field_type type, struct json_object *value,
    struct json_object **ret_new);

static void
path_add(struct buf *out, const struct path *path)
{
	if (path->up)
		path_add(out, path->up);
	if (!path->name)
		buf_printf(out, "[%zu]", path->index);
	else
		buf_printf(out, "%s%s", path->up ? "." : "", path->name);
}

/* The value as a person sees it in a message. */
static void
value_add(struct buf *out, struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_string:
		buf_char(out, '\'');
		clean_add(out, json_object_get_string(value),
		    (size_t)json_object_get_string_len(value), QUOTE_MAX,
		    CLEAN_REDACT);
		buf_char(out, '\'');
		return;
	case json_type_null:
		buf_str(out, "null");
		return;
	case json_type_object:
		buf_str(out, "an object");
		return;
	case json_type_array:
		buf_str(out, "an array");
		return;
	default:
		buf_str(out, json_object_get_string(value));
		return;
	}
}

/* Count a fault and begin its text; false if enough have been told. */
static bool
fault_begin(struct check *check, const struct path *path, enum err_code code)
{
	if (check->faults++ == 0)
		check->code = code;
	if (check->faults > FAULTS_MAX)
		return false;
	if (check->faults > 1)
		buf_str(&check->text, "; ");
	buf_str(&check->text, check->is_input ? "argument '" : "member '");
	path_add(&check->text, path);
	buf_str(&check->text, "': ");
	return true;
}

static enum err_code
code_for(const struct check *check)
{
	return check->is_input ? ERR_INPUT_INVALID
			       : ERR_BROKER_RESPONSE_INVALID;
}

/* What the field takes, in words. */
static void
expectation_add(
    struct buf *out, const struct field *field, enum field_type type)
{
	switch (type) {
	case FIELD_STRING:
		buf_printf(out, "a string (%s)", field->description);
		return;
	case FIELD_DECIMAL:
		buf_str(out, "a decimal in a string, such as '1.25'");
		return;
	case FIELD_TIME:
		buf_str(out, "an RFC 3339 time, such as "
			     "'2026-07-28T09:30:00Z'");
		return;
	case FIELD_DATE:
		buf_str(out, "a date YYYY-MM-DD");
		return;
	case FIELD_CHOICE:
		buf_printf(out, "one of: %s", field->choices);
		return;
	case FIELD_INTEGER:
		if (field->max)
			buf_printf(out,
			    "an integer from %" PRId64 " to %" PRId64,
			    field->min, field->max);
		else
			buf_str(out, "an integer");
		return;
	case FIELD_BOOLEAN:
		buf_str(out, "true or false");
		return;
	case FIELD_ARRAY:
		buf_printf(out, "an array of at most %" PRId64 " elements",
		    field->max ? field->max : ARRAY_MAX);
		return;
	default:
		buf_str(out, "an object");
		return;
	}
}

/* Always false, so that `return wrong(...)` is the verdict. */
static bool
wrong(struct check *check, const struct path *path, const struct field *field,
    enum field_type type, struct json_object *value, enum err_code code)
{
	if (!fault_begin(check, path, code))
		return false;
	buf_str(&check->text, "expected ");
	expectation_add(&check->text, field, type);
	buf_str(&check->text, ", got ");
	value_add(&check->text, value);
	if (type <= FIELD_CHOICE && json_object_is_type(value, json_type_int))
		buf_str(&check->text, " without quotes");
	return false;
}

static bool
is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

/* A blank account or contract has a code of its own. */
static enum err_code
string_code(
    const struct check *check, const struct field *field, const char *text)
{
	if (!check->is_input || !is_blank(text))
		return code_for(check);
	if (field->flags & FIELD_ACCOUNT)
		return ERR_INPUT_MISSING_ACCOUNT;
	if (strcmp(field->name, "contract_id") == 0)
		return ERR_INPUT_INVALID_CONTRACT;
	return code_for(check);
}

static bool
date_is_valid(const char *text)
{
	char time[32];

	if (strlen(text) != 10)
		return false;
	(void)snprintf(time, sizeof(time), "%sT00:00:00Z", text);
	return clock_parse(time, &(uint64_t){ 0 }, NULL) == 0;
}

static bool
choice_is_valid(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (const char *word = choices; *word && len;) {
		size_t span = strcspn(word, " ");

		if (span == len && memcmp(word, text, len) == 0)
			return true;
		word += span + (word[span] == ' ');
	}
	return false;
}

static bool
text_is_valid(const struct check *check, const struct field *field,
    enum field_type type, const char *text, size_t len)
{
	int64_t count;

	switch (type) {
	case FIELD_DECIMAL:
		return dec_is_text(text);
	case FIELD_TIME:
		return clock_parse(text, &(uint64_t){ 0 }, NULL) == 0;
	case FIELD_DATE:
		return date_is_valid(text);
	case FIELD_CHOICE:
		return choice_is_valid(field->choices, text);
	default:
		break;
	}
	if (field->pattern)
		return pattern_matches(field->pattern, text);
	if (field->flags & FIELD_UNTRUSTED)
		return true; /* is cut instead */
	count = (int64_t)clean_count(text, len);
	if (!check->is_input && !field->max)
		return count <= STRING_MAX;
	return count >= field->min && count <= field->max;
}

/* A result's text without what has no business in it. */
static void
text_clean(const struct field *field, struct json_object *value)
{
	const char *text = json_object_get_string(value);
	size_t len = (size_t)json_object_get_string_len(value);
	bool untrusted = field->flags & FIELD_UNTRUSTED;
	size_t max =
	    untrusted ? (size_t)(field->max ? field->max : STRING_MAX) : 0;
	unsigned flags = (untrusted ? CLEAN_REDACT : 0) |
			 (field->max >= LINES_FROM ? CLEAN_LINES : 0);
	CLEANUP_BUF struct buf out = BUF_INIT;

	if (clean_is_clean(text, len, flags) &&
	    (!max || clean_count(text, len) <= max))
		return;
	clean_add(&out, text, len, max, flags);
	(void)json_object_set_string_len(value, buf_text(&out), (int)out.len);
}

static bool
string_check(struct check *check, const struct path *path,
    const struct field *field, enum field_type type, struct json_object *value)
{
	const char *text;

	if (!json_object_is_type(value, json_type_string))
		return wrong(check, path, field, type, value, code_for(check));
	text = json_object_get_string(value);
	if (!text_is_valid(check, field, type, text,
		(size_t)json_object_get_string_len(value)))
		return wrong(check, path, field, type, value,
		    string_code(check, field, text));
	if (!check->is_input && type == FIELD_STRING)
		text_clean(field, value);
	return true;
}

/* 5.0 is an integer to JSON Schema; it goes on as 5. */
static bool
integer_get(struct json_object *value, int64_t *ret_number, bool *ret_is_float)
{
	double number;

	*ret_is_float = false;
	if (json_object_is_type(value, json_type_int)) {
		*ret_number = json_object_get_int64(value);
		return true;
	}
	if (!json_object_is_type(value, json_type_double))
		return false;
	number = json_object_get_double(value);
	if (!(number >= -(double)INTEGER_MAX && number <= (double)INTEGER_MAX))
		return false;
	*ret_number = (int64_t)number;
	if ((double)*ret_number != number)
		return false;
	*ret_is_float = true;
	return true;
}

static bool
integer_check(struct check *check, const struct path *path,
    const struct field *field, struct json_object *value,
    struct json_object **ret_new)
{
	int64_t number;
	bool is_float;

	if (!integer_get(value, &number, &is_float) || number < -INTEGER_MAX ||
	    number > INTEGER_MAX ||
	    (field->max && (number < field->min || number > field->max)))
		return wrong(
		    check, path, field, FIELD_INTEGER, value, code_for(check));
	if (is_float)
		*ret_new = json_object_new_int64(number);
	return true;
}

static bool
array_check(struct check *check, const struct path *path,
    const struct field *field, struct json_object *value)
{
	size_t max = (size_t)(field->max ? field->max : ARRAY_MAX);
	enum field_type type = field->fields ? FIELD_OBJECT : field->items;
	size_t count;

	if (!json_object_is_type(value, json_type_array) ||
	    json_object_array_length(value) > max)
		return wrong(
		    check, path, field, FIELD_ARRAY, value, code_for(check));
	count = json_object_array_length(value);
	for (size_t i = 0; i < count; i++) {
		const struct path at = { .up = path, .index = i };
		struct json_object *fresh = NULL;

		if (!value_check(check, &at, field, type,
			json_object_array_get_idx(value, i), &fresh) &&
		    !check->is_input)
			return false;
		if (fresh)
			(void)json_object_array_put_idx(value, i, fresh);
	}
	return true;
}

static const struct field *
field_find(const struct field *fields, const char *name)
{
	for (; fields->name; fields++) {
		if (strcmp(fields->name, name) == 0)
			return fields;
	}
	return NULL;
}

/* Map keys are broker text too; what does not look like a name goes. */
static bool
key_is_fit(const char *key)
{
	size_t len = strlen(key);

	return len > 0 && len <= 64 && clean_is_clean(key, len, 0) &&
	       !redact_is_sensitive_key(key);
}

static bool
map_check(struct check *check, const struct path *path,
    const struct field *field, struct json_object *value)
{
	if (!json_object_is_type(value, json_type_object) ||
	    json_object_object_length(value) > MAP_MAX)
		return wrong(
		    check, path, field, FIELD_MAP, value, code_for(check));
	json_object_object_foreach (value, key, member) {
		const struct path at = { .up = path, .name = key };
		struct json_object *fresh = NULL;

		if (!member || !key_is_fit(key)) {
			/* the loop has gone past the current member */
			json_object_object_del(value, key);
			continue;
		}
		if (!value_check(
			check, &at, field, field->items, member, &fresh))
			return false;
		if (fresh)
			(void)json_object_object_add(value, key, fresh);
	}
	return true;
}

static void
unknown_argument(struct check *check, const struct path *up,
    const struct field *fields, const char *name)
{
	CLEANUP_BUF struct buf clean = BUF_INIT;
	struct path path = { .up = up, .name = NULL };
	const char *mark = "none";

	clean_add(&clean, name, strlen(name), QUOTE_MAX, CLEAN_REDACT);
	path.name = buf_text(&clean);
	if (!fault_begin(check, &path, ERR_INPUT_INVALID))
		return;
	buf_str(&check->text, "there is no such argument; allowed: ");
	for (const struct field *f = fields; f->name; f++) {
		buf_printf(
		    &check->text, "%s%s", f == fields ? "" : ", ", f->name);
		mark = "";
	}
	buf_str(&check->text, mark);
}

/* Members that no field names: a fault of callers, taken from answers. */
static void
strangers_check(struct check *check, const struct path *path,
    const struct field *fields, struct json_object *object)
{
	json_object_object_foreach (object, key, member) {
		if (field_find(fields, key))
			continue;
		if (check->is_input)
			unknown_argument(check, path, fields, key);
		else
			json_object_object_del(object, key);
	}
}

/* A default of the table: an integer, true or false, or a "string". */
static struct json_object *
default_new(const char *value)
{
	size_t len = strlen(value);

	if (*value == '"')
		return json_object_new_string_len(value + 1, (int)len - 2);
	if (*value == 't' || *value == 'f')
		return json_object_new_boolean(*value == 't');
	return json_object_new_int64(strtoll(value, NULL, 10));
}

static bool
absent_check(struct check *check, const struct path *path,
    const struct field *field, struct json_object *object)
{
	enum err_code code = code_for(check);

	if (field->value && check->is_input)
		(void)json_object_object_add(
		    object, field->name, default_new(field->value));
	if (!(field->flags & FIELD_REQUIRED))
		return true;
	if (check->is_input && (field->flags & FIELD_ACCOUNT))
		code = ERR_INPUT_MISSING_ACCOUNT;
	if (fault_begin(check, path, code)) {
		buf_str(&check->text, "is missing; expected ");
		expectation_add(&check->text, field, field->type);
	}
	return false;
}

static bool
object_check(struct check *check, const struct path *path,
    const struct field *fields, struct json_object *object)
{
	strangers_check(check, path, fields, object);
	for (const struct field *f = fields; f->name; f++) {
		const struct path at = { .up = path, .name = f->name };
		struct json_object *value = NULL, *fresh = NULL;
		bool there = json_object_object_get_ex(object, f->name, &value);
		bool fine;

		if (there && !value && !check->is_input) {
			/* null is how some answers say "not given" */
			json_object_object_del(object, f->name);
			there = false;
		}
		fine = there
			   ? value_check(check, &at, f, f->type, value, &fresh)
			   : absent_check(check, &at, f, object);
		if (fresh)
			(void)json_object_object_add(object, f->name, fresh);
		if (!fine && !check->is_input)
			return false;
	}
	return true;
}

/* *ret_new: what to put in the value's place, if anything. */
static bool
value_check(struct check *check, const struct path *path,
    const struct field *field, enum field_type type, struct json_object *value,
    struct json_object **ret_new)
{
	switch (type) {
	case FIELD_INTEGER:
		return integer_check(check, path, field, value, ret_new);
	case FIELD_ARRAY:
		return array_check(check, path, field, value);
	case FIELD_MAP:
		return map_check(check, path, field, value);
	case FIELD_BOOLEAN:
		return json_object_is_type(value, json_type_boolean) ||
		       wrong(check, path, field, type, value, code_for(check));
	case FIELD_OBJECT:
		if (!json_object_is_type(value, json_type_object))
			return wrong(
			    check, path, field, type, value, code_for(check));
		return !field->fields ||
		       object_check(check, path, field->fields, value);
	default:
		return string_check(check, path, field, type, value);
	}
}

static int
verdict(struct check *check, struct err *err)
{
	if (check->faults == 0)
		return 0;
	if (check->faults > FAULTS_MAX)
		buf_printf(
		    &check->text, "; and %u more", check->faults - FAULTS_MAX);
	return err_set(err, check->code, "%s", buf_text(&check->text));
}

int
schema_check_input(
    const struct tool *tool, struct json_object *arguments, struct err *err)
{
	struct check check = { .tool = tool, .is_input = true };
	int ret;

	if (!json_object_is_type(arguments, json_type_object))
		return err_set(err, ERR_INPUT_INVALID,
		    "arguments of '%s': expected an object", tool->name);
	(void)object_check(&check, NULL, tool->input, arguments);
	ret = verdict(&check, err);
	buf_fini(&check.text);
	return ret;
}

int
schema_check_output(
    const struct tool *tool, struct json_object *result, struct err *err)
{
	struct check check = { .tool = tool, .is_input = false };
	int ret;

	if (!json_object_is_type(result, json_type_object))
		return err_set(err, ERR_BROKER_RESPONSE_INVALID,
		    "result of '%s': expected an object", tool->name);
	(void)object_check(&check, NULL, tool->output, result);
	ret = verdict(&check, err);
	buf_fini(&check.text);
	return ret;
}

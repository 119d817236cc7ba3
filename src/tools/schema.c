/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * JSON Schema 2020-12 from the tool table, within what every provider takes:
 * no references, no type arrays, no composition, closed objects.  Bounds
 * that a schema cannot make a client keep stand in the descriptions too.
 */

#include "tools/schema.h"

#include <inttypes.h>
#include <string.h>

#include "base/dec.h"
#include "base/json.h"
#include "config/scope.h"

/* A result's decimal, shorter than DEC_PATTERN: the host has checked it. */
#define OUTPUT_DECIMAL "^-?[0-9.]+$"

enum side { SIDE_INPUT, SIDE_OUTPUT };

static void object_schema(
    struct buf *out, const struct field *fields, enum side side);

static void
add_text(struct buf *out, const char *key, const char *text)
{
	buf_printf(out, ",\"%s\":", key);
	json_write_string(out, text, strlen(text));
}

static void
add_choices(struct buf *out, const char *choices)
{
	char mark = '[';

	buf_str(out, ",\"enum\":");
	for (const char *word = choices; *word;) {
		size_t len = strcspn(word, " ");

		buf_char(out, mark);
		json_write_string(out, word, len);
		mark = ',';
		word += len + (word[len] == ' ');
	}
	buf_char(out, ']');
}

static const char *
type_name(enum field_type type)
{
	switch (type) {
	case FIELD_INTEGER:
		return "integer";
	case FIELD_BOOLEAN:
		return "boolean";
	case FIELD_OBJECT:
	case FIELD_MAP:
		return "object";
	case FIELD_ARRAY:
		return "array";
	default:
		return "string";
	}
}

/* The constraints of a string type besides "type". */
static void
string_bounds(struct buf *out, const struct field *field, enum field_type type,
    enum side side)
{
	if (type == FIELD_DECIMAL)
		add_text(out, "pattern",
		    side == SIDE_INPUT ? DEC_PATTERN : OUTPUT_DECIMAL);
	if (type == FIELD_TIME)
		add_text(out, "format", "date-time");
	if (type == FIELD_DATE)
		add_text(out, "format", "date");
	if (type == FIELD_CHOICE)
		add_choices(out, field->choices);
	if (type == FIELD_STRING && field->pattern)
		add_text(out, "pattern", field->pattern);
	if (side == SIDE_INPUT && type == FIELD_STRING && !field->pattern)
		buf_printf(out,
		    ",\"minLength\":%" PRId64 ",\"maxLength\":%" PRId64,
		    field->min, field->max);
}

static void
item_schema(struct buf *out, const struct field *field, enum side side)
{
	if (field->fields) {
		object_schema(out, field->fields, side);
		return;
	}
	buf_printf(out, "{\"type\":\"%s\"", type_name(field->items));
	string_bounds(out, field, field->items, SIDE_OUTPUT);
	buf_char(out, '}');
}

static void
field_schema(struct buf *out, const struct field *field, enum side side)
{
	buf_printf(out, "{\"type\":\"%s\"", type_name(field->type));
	string_bounds(out, field, field->type, side);
	if (field->type == FIELD_INTEGER && field->max)
		buf_printf(out, ",\"minimum\":%" PRId64 ",\"maximum\":%" PRId64,
		    field->min, field->max);
	if (field->type == FIELD_ARRAY) {
		buf_str(out, ",\"items\":");
		item_schema(out, field, side);
	}
	if (field->type == FIELD_MAP) {
		buf_str(out, ",\"additionalProperties\":");
		item_schema(out, field, side);
	}
	if (field->type == FIELD_OBJECT && field->fields) {
		/* the object's own text without its opening "{type" */
		out->len -= strlen("{\"type\":\"object\"");
		object_schema(out, field->fields, side);
		out->len--;
	}
	if (field->value)
		buf_printf(out, ",\"default\":%s", field->value);
	if (side == SIDE_INPUT || !(field->flags & FIELD_PLAIN))
		add_text(out, "description", field->description);
	buf_char(out, '}');
}

static void
object_schema(struct buf *out, const struct field *fields, enum side side)
{
	const char *mark = "";

	buf_str(out, "{\"type\":\"object\",\"properties\":{");
	for (const struct field *f = fields; f->name; f++) {
		buf_printf(out, "%s\"%s\":", mark, f->name);
		field_schema(out, f, side);
		mark = ",";
	}
	buf_char(out, '}');
	mark = ",\"required\":[";
	for (const struct field *f = fields; f->name; f++) {
		if (!(f->flags & FIELD_REQUIRED))
			continue;
		buf_printf(out, "%s\"%s\"", mark, f->name);
		mark = ",";
	}
	if (*mark == ',' && mark[1] == '\0')
		buf_char(out, ']');
	/* results stay open: the host takes out what no field names */
	if (side == SIDE_INPUT)
		buf_str(out, ",\"additionalProperties\":false");
	buf_char(out, '}');
}

void
schema_input(struct buf *out, const struct tool *tool)
{
	object_schema(out, tool->input, SIDE_INPUT);
}

void
schema_output(struct buf *out, const struct tool *tool)
{
	object_schema(out, tool->output, SIDE_OUTPUT);
}

static void write_members(
    struct buf *out, const struct field *fields, struct json_object *object);

static void
write_value(
    struct buf *out, const struct field *field, struct json_object *value)
{
	size_t count;

	if (!field->fields) {
		json_write(out, value, 0);
		return;
	}
	if (field->type == FIELD_OBJECT) {
		write_members(out, field->fields, value);
		return;
	}
	count = json_object_array_length(value);
	buf_char(out, '[');
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_char(out, ',');
		write_members(
		    out, field->fields, json_object_array_get_idx(value, i));
	}
	buf_char(out, ']');
}

static void
write_members(
    struct buf *out, const struct field *fields, struct json_object *object)
{
	char mark = '{';

	for (const struct field *f = fields; f->name; f++) {
		struct json_object *value = json_get(object, f->name);

		if (!value)
			continue;
		/* in each answer, so not by printf() */
		buf_char(out, mark);
		buf_char(out, '"');
		buf_str(out, f->name);
		buf_str(out, "\":");
		write_value(out, f, value);
		mark = ',';
	}
	buf_str(out, mark == '{' ? "{}" : "}");
}

void
schema_write_output(
    struct buf *out, const struct tool *tool, struct json_object *result)
{
	write_members(out, tool->output, result);
}

static const char *
truth(unsigned flag)
{
	return flag ? "true" : "false";
}

void
schema_annotations(struct buf *out, const struct tool *tool)
{
	buf_printf(out,
	    "{\"readOnlyHint\":%s,\"destructiveHint\":%s,"
	    "\"idempotentHint\":%s,\"openWorldHint\":%s}",
	    truth(tool->flags & TOOL_READ_ONLY),
	    truth(tool->flags & TOOL_DESTRUCTIVE),
	    truth(tool->flags & TOOL_IDEMPOTENT),
	    truth(tool->flags & TOOL_OPEN_WORLD));
}

static void
tool_entry(struct buf *out, const struct tool *tool, unsigned flags)
{
	buf_printf(out, "{\"name\":\"%s\"", tool->name);
	add_text(out, "title", tool->title);
	add_text(out, "description", tool->description);
	buf_str(out, ",\"inputSchema\":");
	schema_input(out, tool);
	if (!(flags & SCHEMA_NO_OUTPUT)) {
		buf_str(out, ",\"outputSchema\":");
		schema_output(out, tool);
	}
	buf_str(out, ",\"annotations\":");
	schema_annotations(out, tool);
	buf_char(out, '}');
}

void
schema_tool_list(struct buf *out, const struct config *config, uint64_t scopes,
    unsigned flags)
{
	const char *mark = "";

	buf_char(out, '[');
	for (size_t i = 0; i < tool_count; i++) {
		if (!tool_is_shown(&tool_table[i], config, scopes))
			continue;
		buf_str(out, mark);
		tool_entry(out, &tool_table[i], flags);
		mark = ",";
	}
	buf_char(out, ']');
}

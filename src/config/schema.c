/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * `config schema`: the key table as a JSON Schema (draft 2020-12), for
 * editors that check YAML.  It says no less than the program about each key;
 * the rules that join keys are the program's alone.
 */

#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json_object.h>

#include "base/json.h"
#include "config/key.h"
#include "config/scope.h"

#define NAMES 64
#define PATH_LEN 128

static struct json_object *
new_type(const char *type)
{
	struct json_object *schema = json_object_new_object();

	(void)json_add_str(schema, "type", type);
	return schema;
}

static void
add_scopes(struct json_object *schema, bool tokens)
{
	struct json_object *names = json_object_new_array();

	for (size_t i = 0; i < scope_count; i++) {
		if (tokens || scope_table[i].tier != SCOPE_TIER_OPERATOR)
			(void)json_object_array_add(
			    names, json_object_new_string(scope_table[i].name));
	}
	(void)json_add(schema, "enum", names);
}

/* { "anyOf": [schema, { "type": type }] } */
static struct json_object *
or_type(struct json_object *schema, struct json_object *other)
{
	struct json_object *either = json_object_new_object();
	struct json_object *list = json_object_new_array();

	(void)json_object_array_add(list, schema);
	(void)json_object_array_add(list, other);
	(void)json_add(either, "anyOf", list);
	return either;
}

static struct json_object *
text_schema(const struct key *key)
{
	struct json_object *schema = new_type("string");
	struct json_object *number;
	struct json_object *names;

	if (key->form == &form_scope || key->form == &form_token_scope) {
		add_scopes(schema, key->form == &form_token_scope);
	} else if (key->words) {
		names = json_object_new_array();
		for (size_t i = 0; key->words[i]; i++)
			(void)json_object_array_add(
			    names, json_object_new_string(key->words[i]));
		(void)json_add(schema, "enum", names);
	} else {
		(void)json_add_str(schema, "pattern", key->form->pattern);
	}
	if (key->form != &form_decimal)
		return schema;
	number = new_type("number");
	(void)json_add_int(number, "exclusiveMinimum", 0);
	return or_type(schema, number);
}

static struct json_object *
option_schema(void)
{
	return or_type(or_type(new_type("string"), new_type("number")),
	    new_type("boolean"));
}

static struct json_object *
bare_schema(const struct key *key)
{
	struct json_object *schema;

	switch (key->type) {
	case KEY_BOOL:
		return new_type("boolean");
	case KEY_UINT:
		schema = new_type("integer");
		(void)json_add_int(schema, "minimum", key->min);
		(void)json_add_int(schema, "maximum", key->max);
		return schema;
	case KEY_LIST:
		schema = new_type("array");
		(void)json_add(schema, "items", text_schema(key));
		return schema;
	case KEY_OPTION:
		return option_schema();
	default:
		return text_schema(key);
	}
}

static struct json_object *
default_value(const struct key *key)
{
	struct json_object *list;

	if (key->type == KEY_BOOL)
		return json_object_new_boolean(strcmp(key->def, "true") == 0);
	if (key->type == KEY_UINT)
		return json_object_new_int64(strtol(key->def, NULL, 10));
	if (key->type != KEY_LIST)
		return json_object_new_string(key->def);
	list = json_object_new_array();
	for (const char *p = key->def; *p;) {
		size_t len = strcspn(p, ",");

		(void)json_object_array_add(
		    list, json_object_new_string_len(p, (int)len));
		p += len + (p[len] == ',');
	}
	return list;
}

static struct json_object *
key_schema(const struct key *key)
{
	struct json_object *schema = bare_schema(key);

	if (key_is_nullable(key))
		schema = or_type(schema, new_type("null"));
	(void)json_add_str(schema, "description", key->help);
	if (key->def && !(key->flags & KEY_REQUIRED))
		(void)json_add(schema, "default", default_value(key));
	return schema;
}

static bool
section_is_required(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < key_count; i++) {
		if (key_table[i].flags & KEY_REQUIRED &&
		    strncmp(key_table[i].path, path, len) == 0 &&
		    key_table[i].path[len] == '.')
			return true;
	}
	return false;
}

static void fill_section(
    struct json_object *schema, const char *path, unsigned depth);

static struct json_object *
child_schema(const char *path, unsigned depth)
{
	const struct key *key = key_find(path);
	const struct key_section *section = key_section_find(path);
	struct json_object *schema;

	if (key)
		return key_schema(key);
	schema = new_type("object");
	fill_section(schema, path, depth);
	if (!section_is_required(path))
		schema = or_type(schema, new_type("null"));
	if (section)
		(void)json_add_str(schema, "description", section->help);
	return schema;
}

static bool
is_required(const char *path)
{
	const struct key *key = key_find(path);

	return key ? (key->flags & KEY_REQUIRED) != 0
		   : section_is_required(path);
}

/* depth ends a table that would refer to itself. */
static void
fill_section(struct json_object *schema, const char *path, unsigned depth)
{
	struct json_object *properties = json_object_new_object();
	struct json_object *required = json_object_new_array();
	struct json_object *others = json_object_new_boolean(0);
	struct key_name names[NAMES];
	size_t count = depth ? key_children(path, names, NAMES) : 0;

	for (size_t i = 0; i < count; i++) {
		char child[PATH_LEN];
		const char *name = child + strlen(path) + (*path != '\0');

		(void)snprintf(child, sizeof child, "%s%s%.*s", path,
		    *path ? "." : "", (int)names[i].len, names[i].text);
		if (strcmp(name, KEY_ANY) == 0) {
			(void)json_object_put(others);
			others = child_schema(child, depth - 1);
			continue;
		}
		(void)json_add(
		    properties, name, child_schema(child, depth - 1));
		if (is_required(child))
			(void)json_object_array_add(
			    required, json_object_new_string(name));
	}
	(void)json_add(schema, "additionalProperties", others);
	(void)json_add(schema, "properties", properties);
	if (json_object_array_length(required) > 0)
		(void)json_add(schema, "required", required);
	else
		(void)json_object_put(required);
}

void
config_schema(struct buf *out)
{
	CLEANUP_JSON struct json_object *root = json_object_new_object();

	(void)json_add_str(
	    root, "$schema", "https://json-schema.org/draft/2020-12/schema");
	(void)json_add_str(
	    root, "title", "configuration of ibkr-agent, ibkr-agent.yaml(5)");
	(void)json_add_str(root, "type", "object");
	fill_section(root, "", 8);
	json_write(out, root, 2);
	buf_char(out, '\n');
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Schemas come from the tool table; what a provider does not take is taken
 * out of them here.  Nothing is lost by that: every bound stands in the
 * description too, and the gateway checks each argument by the whole schema.
 */

#include "mcp/providers.h"

#include <string.h>

#include <json-c/json_object.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "tools/schema.h"
#include "tools/tool.h"

/* Strict function calling knows neither lengths nor defaults. */
static const char *const openai_leaves[] = { "minLength", "maxLength",
	"default", NULL };
/* Strict tool use refuses bounds of numbers, lengths and lists. */
static const char *const anthropic_leaves[] = { "minimum", "maximum",
	"minLength", "maxLength", NULL };
static const char *const no_leaves[] = { NULL };

const struct provider provider_table[] = {
	{ "anthropic", "tools of the Messages API", 64, 1024, 0,
	    anthropic_leaves, false, "", "input_schema" },
	{ "generic", "tools as MCP lists them", 64, 1024, 0, no_leaves, false,
	    "", "inputSchema" },
	{ "openai", "functions of the Responses API, strict", 64, 1024, 128,
	    openai_leaves, true, "\"type\":\"function\",\"strict\":true,",
	    "parameters" },
};
const size_t provider_count = ARRAY_COUNT(provider_table);

const struct provider *
provider_find(const char *name, struct err *err)
{
	CLEANUP_BUF struct buf names = BUF_INIT;

	for (size_t i = 0; i < provider_count; i++) {
		if (strcmp(provider_table[i].name, name) == 0)
			return &provider_table[i];
		buf_printf(
		    &names, "%s%s", i == 0 ? "" : ", ", provider_table[i].name);
	}
	(void)err_set(err, ERR_INPUT_INVALID,
	    "unknown target '%s': expected one of %s", name, buf_text(&names));
	return NULL;
}

static bool
is_required(const struct field *field)
{
	return field->flags & FIELD_REQUIRED;
}

/* What null stands for, behind the description. */
static int
say_null(struct json_object *schema, const struct field *field)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_printf(&text, "%s; null: %s", field->description,
	    field->value ? field->value : "not given");
	return text.failed
		   ? IAG_NOMEM
		   : json_add_str(schema, "description", buf_text(&text));
}

static int
add_word(struct json_object *list, const char *word)
{
	struct json_object *item = word ? json_object_new_string(word) : NULL;

	if ((word && !item) || json_object_array_add(list, item) != 0) {
		(void)json_object_put(item);
		return IAG_NOMEM;
	}
	return 0;
}

/* An argument that may be left out becomes one that may be null. */
static int
make_nullable(struct json_object *schema, const struct field *field)
{
	CLEANUP_JSON struct json_object *types = json_object_new_array();
	struct json_object *choices = json_get(schema, "enum");

	if (!types || add_word(types, json_get_str(schema, "type", "")) ||
	    add_word(types, "null") || (choices && add_word(choices, NULL)))
		return IAG_NOMEM;
	if (json_add(schema, "type", STEAL(types)))
		return IAG_NOMEM;
	return say_null(schema, field);
}

static int
adapt_argument(const struct provider *provider, const struct field *field,
    struct json_object *schema)
{
	for (const char *const *key = provider->leaves; *key; key++)
		json_object_object_del(schema, *key);
	if (provider->is_strict && !is_required(field))
		return make_nullable(schema, field);
	return 0;
}

/* Arguments are flat: no object or list of objects is among them. */
static int
adapt_arguments(const struct provider *provider, const struct tool *tool,
    struct json_object *schema)
{
	struct json_object *properties = json_get(schema, "properties");
	CLEANUP_JSON struct json_object *names = json_object_new_array();

	if (!names)
		return IAG_NOMEM;
	for (const struct field *f = tool->input; f->name; f++) {
		if (adapt_argument(
			provider, f, json_get(properties, f->name)) ||
		    add_word(names, f->name))
			return IAG_NOMEM;
	}
	return provider->is_strict ? json_add(schema, "required", STEAL(names))
				   : 0;
}

static int
write_schema(
    const struct provider *provider, const struct tool *tool, struct buf *out)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_JSON struct json_object *schema = NULL;

	schema_input(&text, tool);
	if (text.failed || json_parse(buf_text(&text), text.len,
			       &json_bounds_default, &schema, NULL))
		return IAG_NOMEM;
	if (adapt_arguments(provider, tool, schema))
		return IAG_NOMEM;
	json_write(out, schema, 0);
	return 0;
}

static void
write_text(struct buf *out, const char *key, const char *text)
{
	buf_printf(out, "\"%s\":", key);
	json_write_string(out, text, strlen(text));
	buf_char(out, ',');
}

/* What a model is not told, but programs that speak MCP are. */
static void
write_mcp(struct buf *out, const struct tool *tool)
{
	buf_str(out, ",\"outputSchema\":");
	schema_output(out, tool);
	buf_str(out, ",\"annotations\":");
	schema_annotations(out, tool);
}

static int
write_tool(
    const struct provider *provider, const struct tool *tool, struct buf *out)
{
	bool is_mcp = strcmp(provider->schema, "inputSchema") == 0;
	int r = 0;

	buf_char(out, '{');
	buf_str(out, provider->prefix);
	write_text(out, "name", tool->name);
	if (is_mcp)
		write_text(out, "title", tool->title);
	write_text(out, "description", tool->description);
	buf_printf(out, "\"%s\":", provider->schema);
	r = write_schema(provider, tool, out);
	if (is_mcp)
		write_mcp(out, tool);
	buf_char(out, '}');
	return r;
}

/* What to show before a call; the values of `shows` go with it. */
static void
write_approval(const struct tool *tool, struct buf *out)
{
	const char *mark = "";

	buf_char(out, '{');
	write_text(out, "name", tool->name);
	write_text(out, "scope", tool->scope);
	buf_str(out, "\"text\":");
	buf_printf(out,
	    "\"%s? Your yes lets this call through and grants nothing: the "
	    "gateway decides by the caller's scopes and by its own approvals "
	    "and limits.\"",
	    tool->title);
	buf_str(out, ",\"shows\":[");
	for (const struct field *f = tool->input; f->name; f++) {
		buf_printf(out, "%s\"%s\"", mark, f->name);
		mark = ",";
	}
	buf_str(out, "]}");
}

static int
check_tool(
    const struct provider *provider, const struct tool *tool, struct err *err)
{
	if (strlen(tool->name) > provider->name_max)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "%s takes names of at most %zu characters: '%s' is longer",
		    provider->name, provider->name_max, tool->name);
	if (strlen(tool->description) > provider->description_max)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "%s takes descriptions of at most %zu bytes: that of '%s' "
		    "is longer",
		    provider->name, provider->description_max, tool->name);
	return 0;
}

static int
write_tools(const struct provider *provider, const struct config *config,
    uint64_t scopes, struct buf *out, struct err *err)
{
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < tool_count; i++) {
		const struct tool *tool = &tool_table[i];

		if (!tool_is_shown(tool, config, scopes))
			continue;
		r = check_tool(provider, tool, err);
		if (r)
			return r;
		if (count++ > 0)
			buf_char(out, ',');
		if (write_tool(provider, tool, out))
			return err_no_memory(err);
	}
	if (provider->tools_max && count > provider->tools_max)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "%s takes at most %zu tools, there are %zu", provider->name,
		    provider->tools_max, count);
	return 0;
}

static void
write_approvals(const struct config *config, uint64_t scopes, struct buf *out)
{
	const char *mark = "";

	for (size_t i = 0; i < tool_count; i++) {
		const struct tool *tool = &tool_table[i];

		if (tool->flags & TOOL_READ_ONLY ||
		    !tool_is_shown(tool, config, scopes))
			continue;
		buf_str(out, mark);
		write_approval(tool, out);
		mark = ",";
	}
}

int
provider_export(const struct provider *provider, const struct config *config,
    uint64_t scopes, struct buf *out, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_JSON struct json_object *root = NULL;
	int r = 0;

	buf_printf(&text, "{\"target\":\"%s\",\"tools\":[", provider->name);
	r = write_tools(provider, config, scopes, &text, err);
	if (r)
		return r;
	buf_str(&text, "],\"approvals\":[");
	write_approvals(config, scopes, &text);
	buf_str(&text, "]}");
	if (text.failed || json_parse(buf_text(&text), text.len,
			       &json_bounds_default, &root, NULL))
		return err_no_memory(err);
	json_write(out, root, 2);
	buf_char(out, '\n');
	return 0;
}

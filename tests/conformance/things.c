/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The suite's resources and prompts, and completion of their arguments. */

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "fixtures.h"

#define TEMPLATE "test://template/"

struct thing {
	const char *uri, *name, *type;
	const char *member; /* "text" or "blob" */
	const char *value;
};

static const struct thing thing_table[] = {
	{ "test://static-text", "static-text", "text/plain", "text",
	    "This is the content of the static text resource." },
	{ "test://static-binary", "static-binary", "image/png", "blob",
	    FIXTURE_PNG },
	{ "test://watched-resource", "watched-resource", "text/plain", "text",
	    "Nothing happens here." },
};

void
fixture_resources_list(
    struct session *session, struct request *request, struct buf *out)
{
	(void)session;
	answer_begin(out, request->message->id, request->era);
	answer_cache(out, request->era, ANSWER_PUBLIC);
	answer_member(out, "resources");
	for (size_t i = 0; i < ARRAY_COUNT(thing_table); i++)
		buf_printf(out,
		    "%c{\"uri\":\"%s\",\"name\":\"%s\",\"description\":"
		    "\"Of the suite\",\"mimeType\":\"%s\"}",
		    i == 0 ? '[' : ',', thing_table[i].uri, thing_table[i].name,
		    thing_table[i].type);
	buf_char(out, ']');
	answer_end(out);
}

void
fixture_resources_templates(
    struct session *session, struct request *request, struct buf *out)
{
	(void)session;
	answer_begin(out, request->message->id, request->era);
	answer_cache(out, request->era, ANSWER_PUBLIC);
	answer_member(out, "resourceTemplates");
	buf_str(out,
	    "[{\"uriTemplate\":\"" TEMPLATE
	    "{id}/data\",\"name\":\"template\",\"description\":\"Data of an "
	    "id\",\"mimeType\":\"application/json\"}]");
	answer_end(out);
}

static void
write_contents(struct buf *out, const struct request *request, const char *uri,
    const char *type, const char *member, const char *value)
{
	answer_begin(out, request->message->id, request->era);
	answer_cache(out, request->era, ANSWER_NOT_KEPT);
	answer_member(out, "contents");
	buf_str(out, "[{\"uri\":");
	json_write_string(out, uri, strlen(uri));
	buf_printf(out, ",\"mimeType\":\"%s\",\"%s\":", type, member);
	json_write_string(out, value, strlen(value));
	buf_str(out, "}]");
	answer_end(out);
}

/* test://template/ID/data; false: it is no such uri. */
static bool
read_template(struct buf *out, const struct request *request, const char *uri)
{
	CLEANUP_BUF struct buf data = BUF_INIT;
	const char *id = uri + strlen(TEMPLATE);
	int len = 0;

	if (strncmp(uri, TEMPLATE, strlen(TEMPLATE)) != 0)
		return false;
	len = (int)strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz-");
	if (len == 0 || strcmp(id + len, "/data") != 0)
		return false;
	buf_printf(&data,
	    "{\"id\":\"%.*s\",\"templateTest\":true,"
	    "\"data\":\"Data for ID: %.*s\"}",
	    len, id, len, id);
	write_contents(
	    out, request, uri, "application/json", "text", buf_text(&data));
	return true;
}

void
fixture_resources_read(
    struct session *session, struct request *request, struct buf *out)
{
	CLEANUP_BUF struct buf data = BUF_INIT;
	const char *uri = json_get_str(request->message->params, "uri", "");

	(void)session;
	for (size_t i = 0; i < ARRAY_COUNT(thing_table); i++) {
		const struct thing *t = &thing_table[i];

		if (strcmp(t->uri, uri) != 0)
			continue;
		write_contents(out, request, uri, t->type, t->member, t->value);
		return;
	}
	if (read_template(out, request, uri))
		return;
	buf_str(&data, "{\"uri\":");
	json_write_string(&data, uri, strlen(uri));
	buf_char(&data, '}');
	answer_error(out, request->message->id,
	    request->era == ERA_MODERN ? RPC_INVALID_PARAMS
				       : RPC_RESOURCE_NOT_FOUND,
	    buf_text(&data), "there is no such resource");
}

struct prompt {
	const char *name;
	const char *arguments; /* as prompts/list has them */
	unsigned eras;
	/* Append the messages, without their brackets; NULL: in rounds. */
	void (*write)(struct buf *out, struct json_object *values);
};

#define ARGUMENT(name) \
	"{\"name\":\"" name "\",\"description\":\"Any\",\"required\":true}"
#define USER "{\"role\":\"user\",\"content\":"

static void
write_text(struct buf *out, const char *text)
{
	buf_str(out, USER "{\"type\":\"text\",\"text\":");
	json_write_string(out, text, strlen(text));
	buf_str(out, "}}");
}

static void
write_simple(struct buf *out, struct json_object *values)
{
	(void)values;
	write_text(out, "This is a simple prompt for testing.");
}

static void
write_with_arguments(struct buf *out, struct json_object *values)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_printf(&text, "Prompt with arguments: arg1='%s', arg2='%s'",
	    json_get_str(values, "arg1", ""), json_get_str(values, "arg2", ""));
	write_text(out, buf_text(&text));
}

static void
write_with_resource(struct buf *out, struct json_object *values)
{
	const char *uri = json_get_str(values, "resourceUri", "");

	buf_str(out, USER "{\"type\":\"resource\",\"resource\":{\"uri\":");
	json_write_string(out, uri, strlen(uri));
	buf_str(out,
	    ",\"mimeType\":\"text/plain\",\"text\":\"Embedded resource "
	    "content for testing.\"}}},");
	write_text(out, "Please process the embedded resource above.");
}

static void
write_with_image(struct buf *out, struct json_object *values)
{
	(void)values;
	buf_str(out, USER "{\"type\":\"image\",\"data\":\"" FIXTURE_PNG
			  "\",\"mimeType\":\"image/png\"}},");
	write_text(out, "Please analyze the image above.");
}

static const struct prompt prompt_table[] = {
	{ "test_simple_prompt", "", ERA_LEGACY | ERA_MODERN, write_simple },
	{ "test_prompt_with_arguments", ARGUMENT("arg1") "," ARGUMENT("arg2"),
	    ERA_LEGACY | ERA_MODERN, write_with_arguments },
	{ "test_prompt_with_embedded_resource", ARGUMENT("resourceUri"),
	    ERA_LEGACY | ERA_MODERN, write_with_resource },
	{ "test_prompt_with_image", "", ERA_LEGACY | ERA_MODERN,
	    write_with_image },
	{ "test_input_required_result_prompt", "", ERA_MODERN, NULL },
};

void
fixture_prompts_list(
    struct session *session, struct request *request, struct buf *out)
{
	const char *mark = "";

	(void)session;
	answer_begin(out, request->message->id, request->era);
	answer_cache(out, request->era, ANSWER_PUBLIC);
	answer_member(out, "prompts");
	buf_char(out, '[');
	for (size_t i = 0; i < ARRAY_COUNT(prompt_table); i++) {
		const struct prompt *p = &prompt_table[i];

		if (!(p->eras & (unsigned)request->era))
			continue;
		buf_printf(out,
		    "%s{\"name\":\"%s\",\"description\":\"Of the suite\","
		    "\"arguments\":[%s]}",
		    mark, p->name, p->arguments);
		mark = ",";
	}
	buf_char(out, ']');
	answer_end(out);
}

static void
prompts_answer(
    struct buf *out, const struct task *task, const struct tool_result *result)
{
	(void)result;
	(void)fixture_rounds(
	    out, task, json_get_str(task->message.params, "name", ""));
}

void
fixture_prompts_get(
    struct session *session, struct request *request, struct buf *out)
{
	const struct message *message = request->message;
	const char *name = json_get_str(message->params, "name", "");
	const struct prompt *found = NULL;

	for (size_t i = 0; i < ARRAY_COUNT(prompt_table); i++) {
		if (prompt_table[i].eras & (unsigned)request->era &&
		    strcmp(prompt_table[i].name, name) == 0)
			found = &prompt_table[i];
	}
	if (!found) {
		answer_error(out, message->id, RPC_INVALID_PARAMS, NULL,
		    "there is no such prompt");
		return;
	}
	if (!found->write) {
		task_start_row(
		    session, request, &fixture_row, NULL, prompts_answer, out);
		return;
	}
	answer_begin(out, message->id, request->era);
	answer_member(out, "messages");
	buf_char(out, '[');
	found->write(out, json_get(message->params, "arguments"));
	buf_char(out, ']');
	answer_end(out);
}

void
fixture_complete(
    struct session *session, struct request *request, struct buf *out)
{
	(void)session;
	answer_begin(out, request->message->id, request->era);
	answer_member(out, "completion");
	buf_str(out, "{\"values\":[\"test1\",\"test2\"],\"total\":2,"
		     "\"hasMore\":false}");
	answer_end(out);
}

void
fixture_accept(
    struct session *session, struct request *request, struct buf *out)
{
	(void)session;
	answer_begin(out, request->message->id, request->era);
	answer_end(out);
}

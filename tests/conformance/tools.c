/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The suite's tools: a fixed result each, or a function that does more. */

#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "fixtures.h"

#define TEXT(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define IMAGE                                         \
	"{\"type\":\"image\",\"data\":\"" FIXTURE_PNG \
	"\",\"mimeType\":\"image/png\"}"
#define AUDIO                                                                \
	"{\"type\":\"audio\",\"data\":\"UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8" \
	"AAIA+AAACABAAZGF0YQAAAAA=\",\"mimeType\":\"audio/wav\"}"
#define RESOURCE(uri, type, text)                             \
	"{\"type\":\"resource\",\"resource\":{\"uri\":\"" uri \
	"\",\"mimeType\":\"" type "\",\"text\":\"" text "\"}}"

#define NO_ARGUMENTS                                                       \
	"{\"type\":\"object\",\"properties\":{},\"additionalProperties\":" \
	"false}"
#define ONE_TEXT(name)                                            \
	"{\"type\":\"object\",\"properties\":{\"" name            \
	"\":{\"type\":\"string\",\"description\":\"Any text\"}}," \
	"\"required\":[\"" name "\"],\"additionalProperties\":false}"

/* Every keyword of it must come through as it is. */
#define DIALECT                                                               \
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","      \
	"\"type\":\"object\",\"$defs\":{\"address\":{\"$anchor\":"            \
	"\"addressDef\",\"type\":\"object\",\"properties\":{\"street\":{"     \
	"\"type\":\"string\"},\"city\":{\"type\":\"string\"}}}},"             \
	"\"properties\":{\"name\":{\"type\":\"string\"},\"address\":{"        \
	"\"$ref\":\"#/$defs/address\"},\"contactMethod\":{\"type\":"          \
	"\"string\",\"enum\":[\"phone\",\"email\"]},\"phone\":{\"type\":"     \
	"\"string\"},\"email\":{\"type\":\"string\"}},\"allOf\":[{\"anyOf\":" \
	"[{\"required\":[\"phone\"]},{\"required\":[\"email\"]}]}],\"if\":{"  \
	"\"properties\":{\"contactMethod\":{\"const\":\"phone\"}},"           \
	"\"required\":[\"contactMethod\"]},\"then\":{\"required\":["          \
	"\"phone\"]},\"else\":{\"required\":[\"email\"]},"                    \
	"\"additionalProperties\":false}"

#define FORM(properties, required)                         \
	"{\"type\":\"object\",\"properties\":{" properties \
	"},\"required\":[" required "]}"
#define PERSON                                                      \
	FORM("\"username\":{\"type\":\"string\",\"description\":"   \
	     "\"User's response\"},\"email\":{\"type\":\"string\"," \
	     "\"description\":\"User's email address\"}",           \
	    "\"username\",\"email\"")
#define DEFAULTS                                                        \
	FORM("\"name\":{\"type\":\"string\",\"default\":\"John Doe\"}," \
	     "\"age\":{\"type\":\"integer\",\"default\":30},"           \
	     "\"score\":{\"type\":\"number\",\"default\":95.5},"        \
	     "\"status\":{\"type\":\"string\",\"enum\":[\"active\","    \
	     "\"inactive\",\"pending\"],\"default\":\"active\"},"       \
	     "\"verified\":{\"type\":\"boolean\",\"default\":true}",    \
	    "")
#define THREE(a, b) "\"" a "1\",\"" a "2\",\"" a "3\"" b
#define TITLED                                                           \
	"[{\"const\":\"value1\",\"title\":\"First Option\"},{\"const\":" \
	"\"value2\",\"title\":\"Second Option\"},{\"const\":\"value3\"," \
	"\"title\":\"Third Option\"}]"
#define ENUMS                                                                                                                  \
	FORM(                                                                                                                  \
	    "\"untitledSingle\":{\"type\":\"string\",\"enum\":[" THREE(                                                        \
		"option",                                                                                                      \
		"]},") "\"titledSingle\":{\"type\":\"string\",\"oneOf\":" TITLED                                               \
		       "},\"legacyEnum\":{\"type\":\"string\",\"enum\":[" THREE(                                               \
			   "opt",                                                                                              \
			   "],\"enumNames\":[") "\"Option One\",\"Option Two\",\"Option Three\"]},"                            \
						"\"untitledMulti\":{\"type\":\"array\",\"items\":{\"type\":"                   \
						"\"string\",\"enum\":[" THREE(                                                 \
						    "option",                                                                  \
						    "]}},") "\"titledMulti\":{\"type\":\"array\",\"items\":{\"anyOf\":" TITLED \
							    "}}",                                                              \
	    "")

struct fixture {
	const char *name;
	const char *description;
	const char *schema;
	unsigned eras;
	const char *content; /* of the result, without its brackets */
	/* NULL: the content is all */
	void (*run)(struct buf *out, const struct task *task);
	/* of a question to the client */
	const char *form;
};

static const struct field no_fields[] = { { .name = NULL } };

const struct tool fixture_row = { .name = "fixture",
	.title = "Fixture",
	.description = "Of the conformance suite",
	.flags = TOOL_READ_ONLY,
	.input = no_fields,
	.output = no_fields };

static const struct fixture *fixture_find(const char *name, enum era era);

void
fixture_write_content(
    struct buf *out, const struct task *task, const char *content)
{
	answer_begin(out, task->message.id, task->era);
	answer_member(out, "content");
	buf_str(out, content);
	answer_end(out);
}

void
fixture_write_text(struct buf *out, const struct task *task, const char *text)
{
	CLEANUP_BUF struct buf content = BUF_INIT;

	buf_str(&content, "[{\"type\":\"text\",\"text\":");
	json_write_string(&content, text, strlen(text));
	buf_str(&content, "}]");
	fixture_write_content(out, task, buf_text(&content));
}

static void
pause_ms(long ms)
{
	const struct timespec time = { .tv_nsec = ms * 1000000L };

	(void)nanosleep(&time, NULL);
}

static void
run_error(struct buf *out, const struct task *task)
{
	answer_begin(out, task->message.id, task->era);
	answer_member(out, "content");
	buf_str(out,
	    "[" TEXT(
		"This tool intentionally returns an error for testing") "],\"isError\":true");
	answer_end(out);
}

static void
run_progress(struct buf *out, const struct task *task)
{
	CLEANUP_FREE char *token =
	    message_id_text(json_get(task->message.meta, "progressToken"));

	for (unsigned progress = 0; progress <= 100; progress += 50) {
		CLEANUP_BUF struct buf message = BUF_INIT;

		buf_printf(&message,
		    "{\"jsonrpc\":\"2.0\",\"method\":"
		    "\"notifications/progress\",\"params\":{"
		    "\"progressToken\":%s,\"progress\":%u,\"total\":100}}",
		    token, progress);
		if (progress > 0)
			pause_ms(50);
		if (token)
			fixture_say(task, buf_text(&message));
	}
	fixture_write_text(out, task, "all of it");
}

/* In the modern era only a request that names a level gets the log. */
static void
run_log(struct buf *out, const struct task *task)
{
	static const char *const texts[] = { "Tool execution started",
		"Tool processing data", "Tool execution completed" };
	bool is_wanted =
	    task->era == ERA_LEGACY ||
	    json_get(task->message.meta, "io.modelcontextprotocol/logLevel");

	for (size_t i = 0; i < ARRAY_COUNT(texts) && is_wanted; i++) {
		CLEANUP_BUF struct buf message = BUF_INIT;

		buf_printf(&message,
		    "{\"jsonrpc\":\"2.0\",\"method\":"
		    "\"notifications/message\",\"params\":{\"level\":"
		    "\"info\",\"data\":\"%s\"}}",
		    texts[i]);
		if (i > 0)
			pause_ms(50);
		fixture_say(task, buf_text(&message));
	}
	fixture_write_text(out, task, "logged");
}

/* Ask, and give the answer back in a text. */
static void
ask(struct buf *out, const struct task *task, const char *method,
    const char *params, const char *label)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_str(&text, label);
	if (fixture_ask(task, method, params, &text))
		fixture_write_text(out, task, buf_text(&text));
	else
		answer_error(out, task->message.id, RPC_INTERNAL_ERROR, NULL,
		    "the client did not answer %s", method);
}

static void
run_sampling(struct buf *out, const struct task *task)
{
	CLEANUP_BUF struct buf params = BUF_INIT;
	const char *prompt = json_get_str(task->arguments, "prompt", "");

	buf_str(&params,
	    "{\"messages\":[{\"role\":\"user\",\"content\":{\"type\":"
	    "\"text\",\"text\":");
	json_write_string(&params, prompt, strlen(prompt));
	buf_str(&params, "}}],\"maxTokens\":100}");
	ask(out, task, "sampling/createMessage", buf_text(&params),
	    "LLM response: ");
}

static void
run_form(struct buf *out, const struct task *task)
{
	CLEANUP_BUF struct buf params = BUF_INIT;
	const struct fixture *fixture = fixture_find(
	    json_get_str(task->message.params, "name", ""), task->era);
	const char *text =
	    json_get_str(task->arguments, "message", "Please fill this in");

	buf_str(&params, "{\"message\":");
	json_write_string(&params, text, strlen(text));
	buf_printf(&params, ",\"requestedSchema\":%s}", fixture->form);
	ask(out, task, "elicitation/create", buf_text(&params),
	    "Elicitation completed: ");
}

static void
run_tool_change(struct buf *out, const struct task *task)
{
	fixture_changed("tools");
	fixture_write_text(out, task, "told");
}

static void
run_prompt_change(struct buf *out, const struct task *task)
{
	fixture_changed("prompts");
	fixture_write_text(out, task, "told");
}

static void
run_rounds(struct buf *out, const struct task *task)
{
	(void)fixture_rounds(
	    out, task, json_get_str(task->message.params, "name", ""));
}

enum { BOTH = ERA_LEGACY | ERA_MODERN };

#define ROUNDS(name)                                                           \
	{                                                                      \
		name, "Asks the client first", NO_ARGUMENTS, ERA_MODERN, NULL, \
		    run_rounds, NULL                                           \
	}

static const struct fixture fixture_table[] = {
	{ "test_simple_text", "One text", NO_ARGUMENTS, BOTH,
	    TEXT("This is a simple text response for testing.") },
	{ "test_image_content", "One image", NO_ARGUMENTS, BOTH, IMAGE },
	{ "test_audio_content", "One sound", NO_ARGUMENTS, BOTH, AUDIO },
	{ "test_embedded_resource", "One resource", NO_ARGUMENTS, BOTH,
	    RESOURCE("test://embedded-resource", "text/plain",
		"This is an embedded resource content.") },
	{ "test_multiple_content_types", "Several blocks", NO_ARGUMENTS, BOTH,
	    TEXT("Multiple content types test:") "," IMAGE "," RESOURCE(
		"test://mixed-content-resource", "application/json",
		"{\\\"test\\\":\\\"data\\\",\\\"value\\\":123}") },
	{ "test_error_handling", "Always an error", NO_ARGUMENTS, BOTH, NULL,
	    run_error },
	{ "test_tool_with_progress", "Says how far it is", NO_ARGUMENTS, BOTH,
	    NULL, run_progress },
	{ "json_schema_2020_12_tool", "A schema with every keyword", DIALECT,
	    BOTH, TEXT("it was called") },
	{ "test_tool_with_logging", "Logs to the client", NO_ARGUMENTS,
	    ERA_LEGACY, NULL, run_log },
	{ "test_sampling", "Asks the client's model", ONE_TEXT("prompt"),
	    ERA_LEGACY, NULL, run_sampling },
	{ "test_elicitation", "Asks the client's user", ONE_TEXT("message"),
	    ERA_LEGACY, NULL, run_form, PERSON },
	{ "test_elicitation_sep1034_defaults", "A form with defaults",
	    NO_ARGUMENTS, ERA_LEGACY, NULL, run_form, DEFAULTS },
	{ "test_elicitation_sep1330_enums", "A form with choices", NO_ARGUMENTS,
	    ERA_LEGACY, NULL, run_form, ENUMS },
	{ "test_logging_tool", "Logs to those who ask for it", NO_ARGUMENTS,
	    ERA_MODERN, NULL, run_log },
	{ "test_trigger_tool_change", "The tools change", NO_ARGUMENTS,
	    ERA_MODERN, NULL, run_tool_change },
	{ "test_trigger_prompt_change", "The prompts change", NO_ARGUMENTS,
	    ERA_MODERN, NULL, run_prompt_change },
	ROUNDS("test_missing_capability"),
	ROUNDS("test_streaming_elicitation"),
	ROUNDS("test_input_required_result_elicitation"),
	ROUNDS("test_input_required_result_sampling"),
	ROUNDS("test_input_required_result_list_roots"),
	ROUNDS("test_input_required_result_request_state"),
	ROUNDS("test_input_required_result_multiple_inputs"),
	ROUNDS("test_input_required_result_multi_round"),
	ROUNDS("test_input_required_result_tampered_state"),
	ROUNDS("test_input_required_result_capabilities"),
};

static const struct fixture *
fixture_find(const char *name, enum era era)
{
	for (size_t i = 0; i < ARRAY_COUNT(fixture_table); i++) {
		const struct fixture *f = &fixture_table[i];

		if (f->eras & (unsigned)era && strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}

void
fixture_tools_list(
    struct session *session, struct request *request, struct buf *out)
{
	const char *mark = "";

	(void)session;
	answer_begin(out, request->message->id, request->era);
	answer_cache(out, request->era, ANSWER_PUBLIC);
	answer_member(out, "tools");
	buf_char(out, '[');
	for (size_t i = 0; i < ARRAY_COUNT(fixture_table); i++) {
		const struct fixture *f = &fixture_table[i];

		if (!(f->eras & (unsigned)request->era))
			continue;
		buf_printf(out,
		    "%s{\"name\":\"%s\",\"description\":\"%s\","
		    "\"inputSchema\":%s}",
		    mark, f->name, f->description, f->schema);
		mark = ",";
	}
	buf_char(out, ']');
	answer_end(out);
}

static void
tools_answer(
    struct buf *out, const struct task *task, const struct tool_result *result)
{
	CLEANUP_BUF struct buf content = BUF_INIT;
	const struct fixture *fixture = fixture_find(
	    json_get_str(task->message.params, "name", ""), task->era);

	(void)result;
	if (fixture->run) {
		fixture->run(out, task);
		return;
	}
	buf_printf(&content, "[%s]", fixture->content);
	fixture_write_content(out, task, buf_text(&content));
}

void
fixture_tools_call(
    struct session *session, struct request *request, struct buf *out)
{
	const struct message *message = request->message;
	struct json_object *arguments = json_get(message->params, "arguments");

	if (!fixture_find(
		json_get_str(message->params, "name", ""), request->era)) {
		answer_error(out, message->id, RPC_INVALID_PARAMS, NULL,
		    "there is no such tool");
		return;
	}
	task_start_row(session, request, &fixture_row,
	    json_object_get(arguments), tools_answer, out);
}

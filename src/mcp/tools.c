/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The tools of the table as MCP shows them.  A result goes out twice, as
 * structuredContent and as text, because some clients hand only the text to
 * the model.  An error result has the text alone: client libraries hold any
 * structuredContent against the tool's outputSchema, errors included.
 */

#include "mcp/tools.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "mcp/forms.h"
#include "mcp/task.h"
#include "tools/schema.h"

/* Sets of scopes that are in use at a time; with more, some are made again. */
enum { LISTS_KEPT = 16 };

struct lists {
	pthread_mutex_t lock;
	struct {
		uint64_t scopes;
		struct buf text;
	} kept[LISTS_KEPT];
	unsigned next; /* to be given up */
};

struct lists *
lists_new(void)
{
	struct lists *lists = calloc(1, sizeof *lists);

	if (lists)
		(void)pthread_mutex_init(&lists->lock, NULL);
	return lists;
}

void
lists_free(struct lists *lists)
{
	if (!lists)
		return;
	for (unsigned i = 0; i < LISTS_KEPT; i++)
		buf_fini(&lists->kept[i].text);
	(void)pthread_mutex_destroy(&lists->lock);
	free(lists);
}

/* Append the list for the session's scopes to out. */
static void
lists_add(struct lists *lists, const struct session *session, struct buf *out)
{
	uint64_t scopes = session->principal.scopes;
	struct buf *text = NULL;
	LOCK_SCOPE(&lists->lock);

	for (unsigned i = 0; i < LISTS_KEPT && !text; i++) {
		if (lists->kept[i].text.len > 0 &&
		    lists->kept[i].scopes == scopes)
			text = &lists->kept[i].text;
	}
	if (!text) {
		text = &lists->kept[lists->next].text;
		lists->kept[lists->next].scopes = scopes;
		lists->next = (lists->next + 1) % LISTS_KEPT;
		buf_fini(text);
		schema_tool_list(
		    text, gateway_config(session->gateway), scopes, 0);
	}
	if (text->failed) {
		buf_fini(text);
		out->failed = true;
		return;
	}
	/* in one piece, with room for the end */
	(void)buf_reserve(out, text->len + 16);
	buf_add(out, text->data, text->len);
}

bool
tools_check_cursor(struct request *request, struct buf *out)
{
	if (!json_get(request->message->params, "cursor"))
		return true;
	answer_error(out, request->message->id, RPC_INVALID_PARAMS, NULL,
	    "'cursor' is not one that this server gave: lists have one page");
	return false;
}

/* The session's own, made once. */
static void
tools_add(struct session *session, struct buf *out)
{
	struct buf *text = &session->tool_list;

	if (text->len == 0)
		schema_tool_list(text, gateway_config(session->gateway),
		    session->principal.scopes, 0);
	if (text->failed) {
		buf_fini(text);
		out->failed = true;
		return;
	}
	buf_add(out, text->data, text->len);
}

void
tools_list(struct session *session, struct request *request, struct buf *out)
{
	if (!tools_check_cursor(request, out))
		return;
	answer_begin(out, request->message->id, request->era);
	/* what clients may keep depends on the scopes of this one */
	answer_cache(out, request->era, ANSWER_PRIVATE);
	answer_member(out, "tools");
	if (session->lists)
		lists_add(session->lists, session, out);
	else
		tools_add(session, out);
	answer_end(out);
}

void
tools_answer(
    struct buf *out, const struct task *task, const struct tool_result *result)
{
	const struct buf *json = &result->json;

	if (result->is_unknown_tool) {
		answer_error(out, task->message.id, RPC_INVALID_PARAMS,
		    buf_text(json), "%s", err_text(&result->err));
		return;
	}
	answer_begin(out, task->message.id, task->era);
	answer_member(out, "content");
	buf_str(out, "[{\"type\":\"text\",\"text\":");
	json_write_string(out, buf_text(json), json->len);
	buf_str(out, "}]");
	if (!result->is_error) {
		answer_member(out, "structuredContent");
		buf_add(out, buf_text(json), json->len);
	}
	answer_member(out, "isError");
	buf_str(out, result->is_error ? "true" : "false");
	answer_end(out);
}

void
tools_call(struct session *session, struct request *request, struct buf *out)
{
	const struct message *message = request->message;
	struct json_object *name = json_get(message->params, "name");
	struct json_object *arguments = json_get(message->params, "arguments");

	if (!json_object_is_type(name, json_type_string)) {
		answer_error(out, message->id, RPC_INVALID_PARAMS, NULL,
		    "'name' must be a string");
		return;
	}
	if (arguments && !json_object_is_type(arguments, json_type_object)) {
		answer_error(out, message->id, RPC_INVALID_PARAMS, NULL,
		    "'arguments' must be an object");
		return;
	}
	if (forms_call(
		session, request, json_object_get_string(name), arguments, out))
		return;
	task_start(session, request, json_object_get_string(name),
	    json_object_get(arguments), tools_answer, out);
}

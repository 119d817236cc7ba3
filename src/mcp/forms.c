/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One tool has a form: ibkr_approvals_create.  What is shown, and whether what
 * came back is good, is for the order desk to say; here is only the wire.
 * The answer is display: it never changes who approved (ruling 12).
 */

#include "mcp/forms.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "mcp/registry.h"
#include "mcp/task.h"
#include "mcp/tools.h"
#include "tools/approvalform.h"

#define FORM_KEY "approval" /* in inputRequests */
#define FORM_SCHEMA                                                            \
	"{\"type\":\"object\",\"properties\":{\"confirm\":{\"type\":"          \
	"\"boolean\",\"title\":\"Approve exactly this\",\"description\":"      \
	"\"Without it nothing is approved\",\"default\":false}},\"required\":" \
	"[\"confirm\"]}"

/* Forms, by name or, as at first, by saying nothing else. */
static bool
shows_forms(const struct request *request)
{
	struct json_object *declared =
	    json_get(json_get(request->message->meta, ERA_META_CAPABILITIES),
		"elicitation");

	if (!json_object_is_type(declared, json_type_object))
		return false;
	return json_object_object_length(declared) == 0 ||
	       json_object_is_type(
		   json_get(declared, "form"), json_type_object);
}

/* "yes", "no"; NULL: no answer to this, so that it is asked again. */
static const char *
answer_of(const struct request *request)
{
	struct json_object *response = json_get(
	    json_get(request->message->params, "inputResponses"), FORM_KEY);
	const char *action = json_get_str(response, "action", "");
	struct json_object *confirm =
	    json_get(json_get(response, "content"), "confirm");

	if (strcmp(action, "decline") == 0 || strcmp(action, "cancel") == 0)
		return "no";
	if (strcmp(action, "accept") != 0 ||
	    !json_object_is_type(confirm, json_type_boolean))
		return NULL;
	return json_object_get_boolean(confirm) ? "yes" : "no";
}

static void
write_form(struct buf *out, const struct task *task, const char *form,
    const char *state)
{
	buf_printf(out,
	    "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"resultType\":"
	    "\"input_required\",\"_meta\":{\"" ERA_META_SERVER "\":",
	    task->message.id);
	answer_server_info(out);
	buf_str(out, "},\"inputRequests\":{\"" FORM_KEY
		     "\":{\"method\":\"elicitation/create\",\"params\":{"
		     "\"mode\":\"form\",\"message\":");
	json_write_string(out, form, strlen(form));
	buf_str(
	    out, ",\"requestedSchema\":" FORM_SCHEMA "}}},\"requestState\":");
	json_write_string(out, state, strlen(state));
	answer_end(out);
}

static bool
is_bad_state(const struct tool_result *result)
{
	return result->is_error && result->err.code == ERR_INPUT_INVALID &&
	       result->err.details &&
	       strstr(result->err.details, "\"requestState\"");
}

static void
form_answer(
    struct buf *out, const struct task *task, const struct tool_result *result)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	const char *form, *state;

	if (is_bad_state(result)) {
		answer_error(out, task->message.id, RPC_INVALID_PARAMS,
		    buf_text(&result->json), "%s", err_text(&result->err));
		return;
	}
	if (result->is_error ||
	    json_parse(buf_text(&result->json), result->json.len,
		&json_bounds_default, &obj, NULL))
		return tools_answer(out, task, result);
	form = json_get_str(obj, "form", NULL);
	state = json_get_str(obj, "request_state", NULL);
	if (form && state)
		write_form(out, task, form, state);
	else
		tools_answer(out, task, result);
}

/* The client's arguments and what came back, which they cannot name. */
static struct json_object *
with_reply(const struct request *request, struct json_object *arguments)
{
	struct json_object *copy = NULL;
	const char *state =
	    json_get_str(request->message->params, "requestState", NULL);
	const char *answer = answer_of(request);
	int ret;

	if (!arguments)
		copy = json_object_new_object();
	else if (json_object_deep_copy(arguments, &copy, NULL))
		return NULL;
	ret = json_add_str(copy, "request_state", state);
	if (ret == 0 && answer)
		ret = json_add_str(copy, "answer", answer);
	if (ret) {
		(void)json_object_put(copy);
		return NULL;
	}
	return copy;
}

/* What answers a form is no plain call, whatever the client declares now. */
static bool
is_in_form(const struct request *request)
{
	return shows_forms(request) ||
	       json_get(request->message->params, "requestState");
}

bool
forms_call(struct session *session, struct request *request, const char *name,
    struct json_object *arguments, struct buf *out)
{
	struct json_object *copy;

	if (session->registry->call != gateway_call ||
	    request->era != ERA_MODERN ||
	    strcmp(name, approval_form_row.name) != 0 || !is_in_form(request) ||
	    json_get(arguments, "request_state") ||
	    json_get(arguments, "answer"))
		return false;
	copy = with_reply(request, arguments);
	if (!copy)
		answer_error(out, request->message->id, RPC_INTERNAL_ERROR,
		    NULL, "no memory for the call");
	else
		task_start_row(session, request, &approval_form_row, copy,
		    form_answer, out);
	return true;
}

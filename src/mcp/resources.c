/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Resources are another way to ask for what tools answer: reading one is a
 * call of its tool, with that tool's scope and audit record.  Policies and
 * runbooks have rows of their own, which are called in the same way.
 */

#include "mcp/resources.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "mcp/runbook.h"
#include "mcp/task.h"
#include "mcp/tools.h"
#include "mcp/uri.h"
#include "tools/riskpolicy.h"

#define TOOL_KILL_SWITCH "ibkr_kill_switch_status"
#define TOOL_AUDIT "ibkr_audit_tail"
#define TOOL_ORDER "ibkr_order_status"

/* Arguments of these tools are bounded by what JSON numbers carry. */
#define SEQUENCE_MAX INT64_C(9007199254740990)

/* Fixed texts of ours and names without special characters: not escaped. */
static void
resources_entry(struct buf *out, const char *key, const char *uri,
    const char *name, const char *title, const char *description)
{
	buf_printf(out,
	    "{\"%s\":\"%s\",\"name\":\"%s\",\"title\":\"%s\","
	    "\"description\":\"%s\"",
	    key, uri, name, title, description);
}

static void
resources_data_entry(struct buf *out, const char *key, const char *uri,
    const char *name, const char *title, const char *description)
{
	if (out->data[out->len - 1] == '}')
		buf_char(out, ',');
	resources_entry(out, key, uri, name, title, description);
	buf_str(out, ",\"mimeType\":\"application/json\"}");
}

static void
resources_runbook_entry(struct buf *out, const struct runbook *runbook)
{
	CLEANUP_BUF struct buf uri = BUF_INIT;

	if (out->data[out->len - 1] == '}')
		buf_char(out, ',');
	buf_printf(&uri, "ibkr://docs/%s", runbook->name);
	resources_entry(out, "uri", buf_text(&uri), runbook->name,
	    runbook->title, runbook->description);
	buf_printf(out, ",\"mimeType\":\"text/markdown\",\"size\":%zu}",
	    strlen(runbook->text));
}

void
resources_list(
    struct session *session, struct request *request, struct buf *out)
{
	if (!tools_check_cursor(request, out))
		return;
	answer_begin(out, request->message->id, request->era);
	answer_cache(out, request->era, ANSWER_PRIVATE);
	answer_member(out, "resources");
	buf_char(out, '[');
	if (session_may_call(session, TOOL_KILL_SWITCH))
		resources_data_entry(out, "uri", "ibkr://kill-switch",
		    "kill-switch", "Kill switch",
		    "Whether live orders may be written, and who said so");
	for (size_t i = 0;
	     session_has_scope(session, runbook_row.scope) && i < runbook_count;
	     i++)
		resources_runbook_entry(out, &runbook_table[i]);
	buf_char(out, ']');
	answer_end(out);
}

void
resources_templates(
    struct session *session, struct request *request, struct buf *out)
{
	if (!tools_check_cursor(request, out))
		return;
	answer_begin(out, request->message->id, request->era);
	answer_cache(out, request->era, ANSWER_PRIVATE);
	answer_member(out, "resourceTemplates");
	buf_char(out, '[');
	if (session_may_call(session, TOOL_AUDIT))
		resources_data_entry(out, "uriTemplate",
		    "ibkr://audit/{sequence}", "audit-record", "Audit record",
		    "One record of the audit trail, by its sequence");
	if (session_may_call(session, TOOL_ORDER))
		resources_data_entry(out, "uriTemplate",
		    "ibkr://orders/{account}/{id}", "order", "Order",
		    "One order of an account, by the broker's order id");
	if (session_has_scope(session, risk_policy_row.scope))
		resources_data_entry(out, "uriTemplate", "ibkr://policy/{id}",
		    "policy", "Risk policy",
		    "The limits that orders are held to, by the policy's id");
	buf_char(out, ']');
	answer_end(out);
}

/* data of an error: the uri, and the error object where there is one. */
static void
resources_error(struct buf *out, const char *id, enum era era, int code,
    const char *uri, const struct tool_result *result)
{
	CLEANUP_BUF struct buf data = BUF_INIT;

	if (code == RPC_RESOURCE_NOT_FOUND && era == ERA_MODERN)
		code = RPC_INVALID_PARAMS;
	buf_str(&data, "{\"uri\":");
	json_write_string(&data, uri, strlen(uri));
	if (result) {
		buf_str(&data, ",\"error\":");
		buf_add(&data, buf_text(&result->json), result->json.len);
	}
	buf_char(&data, '}');
	if (data.failed)
		out->failed = true;
	else if (result)
		answer_error(out, id, code, buf_text(&data), "%s",
		    err_text(&result->err));
	else
		answer_error(out, id, code, buf_text(&data),
		    "there is no such resource");
}

static void
resources_contents(struct buf *out, const char *uri, const char *type,
    const char *text, size_t len)
{
	answer_member(out, "contents");
	buf_str(out, "[{\"uri\":");
	json_write_string(out, uri, strlen(uri));
	buf_printf(out, ",\"mimeType\":\"%s\",\"text\":", type);
	json_write_string(out, text, len);
	buf_str(out, "}]");
}

static const char *
resources_uri(const struct message *message)
{
	return json_get_str(message->params, "uri", "");
}

/* Faults of the request make the resource one that does not exist. */
static int
resources_code(const struct tool_result *result)
{
	const struct err_kind *kind = err_kind(result->err.code);

	if (result->err.missing)
		return RPC_RESOURCE_NOT_FOUND;
	/* a faulty configuration is of class INVAL, too, but no fault of it */
	return kind->class == IAG_INVAL && kind->exit_code == 2
		   ? RPC_RESOURCE_NOT_FOUND
		   : RPC_INTERNAL_ERROR;
}

static void
resources_answer(
    struct buf *out, const struct task *task, const struct tool_result *result)
{
	const char *uri = resources_uri(&task->message);

	if (result->is_error) {
		resources_error(out, task->message.id, task->era,
		    resources_code(result), uri, result);
		return;
	}
	answer_begin(out, task->message.id, task->era);
	answer_cache(out, task->era, ANSWER_NOT_KEPT);
	resources_contents(out, uri, "application/json",
	    buf_text(&result->json), result->json.len);
	answer_end(out);
}

/* The newest record before sequence + 1, if that is the one asked for. */
static void
resources_answer_audit(
    struct buf *out, const struct task *task, const struct tool_result *result)
{
	CLEANUP_JSON struct json_object *root = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *uri = resources_uri(&task->message);
	struct json_object *event = NULL;
	int64_t before = json_get_int(task->arguments, "before", 0);

	if (result->is_error) {
		resources_answer(out, task, result);
		return;
	}
	if (json_parse(buf_text(&result->json), result->json.len,
		&json_bounds_default, &root, NULL) == 0)
		event = json_get(root, "events");
	event = json_object_is_type(event, json_type_array)
		    ? json_object_array_get_idx(event, 0)
		    : NULL;
	if (json_get_int(event, "sequence_id", -1) != before - 1) {
		resources_error(out, task->message.id, task->era,
		    RPC_RESOURCE_NOT_FOUND, uri, NULL);
		return;
	}
	json_write(&text, event, 0);
	answer_begin(out, task->message.id, task->era);
	answer_cache(out, task->era, ANSWER_NOT_KEPT);
	resources_contents(
	    out, uri, "application/json", buf_text(&text), text.len);
	answer_end(out);
}

static void
resources_answer_runbook(
    struct buf *out, const struct task *task, const struct tool_result *result)
{
	const struct runbook *runbook =
	    runbook_find(json_get_str(task->arguments, "runbook", ""));

	if (result->is_error || !runbook) {
		resources_answer(out, task, result);
		return;
	}
	answer_begin(out, task->message.id, task->era);
	answer_cache(out, task->era, ANSWER_PUBLIC);
	resources_contents(out, resources_uri(&task->message), "text/markdown",
	    runbook->text, strlen(runbook->text));
	answer_end(out);
}

/* Decimal digits without a leading zero; -1 for anything else. */
static int64_t
resources_sequence(const char *text)
{
	int64_t value = 0;

	if (text[0] == '0' && text[1])
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (*text - '0');
		if (value > SEQUENCE_MAX)
			return -1;
	}
	return value;
}

static bool
resources_read_audit(struct session *session, struct request *request,
    const struct uri *uri, struct buf *out)
{
	CLEANUP_JSON struct json_object *arguments = NULL;
	int64_t sequence = -1;

	if (uri->count == 2 && strcmp(uri->parts[0], "audit") == 0)
		sequence = resources_sequence(uri->parts[1]);
	if (sequence < 0)
		return false;
	arguments = json_object_new_object();
	if (json_add_int(arguments, "limit", 1) < 0 ||
	    json_add_int(arguments, "before", sequence + 1) < 0)
		out->failed = true;
	else
		task_start(session, request, TOOL_AUDIT, STEAL(arguments),
		    resources_answer_audit, out);
	return true;
}

static bool
resources_read_order(struct session *session, struct request *request,
    const struct uri *uri, struct buf *out)
{
	CLEANUP_JSON struct json_object *arguments = NULL;

	if (uri->count != 3 || strcmp(uri->parts[0], "orders") != 0)
		return false;
	arguments = json_object_new_object();
	if (json_add_str(arguments, "account_id", uri->parts[1]) < 0 ||
	    json_add_str(arguments, "broker_order_id", uri->parts[2]) < 0)
		out->failed = true;
	else
		task_start(session, request, TOOL_ORDER, STEAL(arguments),
		    resources_answer, out);
	return true;
}

/* `ibkr://KIND/ID` as a call of row, the id its only argument. */
static bool
resources_read_row(struct session *session, struct request *request,
    const struct uri *uri, const char *kind, const struct tool *row,
    task_answer_fn *answer, struct buf *out)
{
	CLEANUP_JSON struct json_object *arguments = NULL;

	if (uri->count != 2 || strcmp(uri->parts[0], kind) != 0)
		return false;
	arguments = json_object_new_object();
	if (json_add_str(arguments, row->input[0].name, uri->parts[1]) < 0)
		out->failed = true;
	else
		task_start_row(
		    session, request, row, STEAL(arguments), answer, out);
	return true;
}

static bool
resources_read_known(struct session *session, struct request *request,
    const struct uri *uri, struct buf *out)
{
	if (resources_read_row(session, request, uri, "docs", &runbook_row,
		resources_answer_runbook, out) ||
	    resources_read_row(session, request, uri, "policy",
		&risk_policy_row, resources_answer, out))
		return true;
	if (uri->count == 1 && strcmp(uri->parts[0], "kill-switch") == 0) {
		task_start(session, request, TOOL_KILL_SWITCH, NULL,
		    resources_answer, out);
		return true;
	}
	return resources_read_audit(session, request, uri, out) ||
	       resources_read_order(session, request, uri, out);
}

void
resources_read(
    struct session *session, struct request *request, struct buf *out)
{
	const struct message *message = request->message;
	struct json_object *text = json_get(message->params, "uri");
	struct uri uri;

	if (!json_object_is_type(text, json_type_string)) {
		answer_error(out, message->id, RPC_INVALID_PARAMS, NULL,
		    "'uri' must be a string");
		return;
	}
	if (uri_parse(&uri, json_object_get_string(text)) &&
	    resources_read_known(session, request, &uri, out))
		return;
	resources_error(out, message->id, request->era, RPC_RESOURCE_NOT_FOUND,
	    resources_uri(message), NULL);
}

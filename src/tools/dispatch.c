/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The one way of a call: name, scope, arguments, work, check, record, answer.
 *
 * Threads: any number of calls at once, each on a thread of its own.
 * Locks: none here; everything belongs to one call or is constant.
 * Order: the record is durable before the answer leaves (invariant 5).
 */

#include "tools/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/nearest.h"
#include "config/scope.h"
#include "journal/outcome.h"
#include "link/link.h"
#include "tools/answer.h"
#include "tools/clean.h"
#include "tools/schema.h"

/* The record of a call gets this long, also when the call's time is over. */
#define RECORD_NS (10 * NS_PER_S)
/* A result beyond this is not sent: no client of ours could use it. */
enum { RESULT_MAX = 2097152, NAME_MAX_LEN = 64, ACCOUNT_MAX_LEN = 64 };

/* One call on its way; fields fill up as it goes on. */
struct passage {
	const struct tool_house *house;
	const struct tool_request *request;
	const struct tool *tool; /* NULL: no such name */
	struct json_object *arguments;
	struct buf input; /* canonical arguments, or as near as they come */
	struct audit_event event; /* of the call, as far as it is known */
	struct order_call order;
	char
	    name[NAME_MAX_LEN * 4 + 1]; /* of a tool that is not in the table */
};

/* The raw account of the call, for the record's hash; NULL: none. */
static const char *
passage_account(const struct passage *passage)
{
	const char *account;

	if (!passage->tool)
		return NULL;
	for (const struct field *f = passage->tool->input; f->name; f++) {
		if (!(f->flags & FIELD_ACCOUNT))
			continue;
		account = json_get_str(passage->arguments, f->name, NULL);
		if (account && *account && strlen(account) <= ACCOUNT_MAX_LEN)
			return account;
	}
	return NULL;
}

/* The call's record as it stands before there is a result. */
static void
passage_event(struct passage *passage, const char *event_id)
{
	const struct tool_request *request = passage->request;
	const struct tool *tool = passage->tool;

	passage->event = (struct audit_event){
		.principal = request->principal->name,
		.principal_kind = principal_kind_name(request->principal->kind),
		.session_id = request->session_id,
		.request_id = request->request_id,
		.account = passage_account(passage),
		.tool_name = tool ? tool->name : passage->name,
		.scope = tool ? tool->scope : NULL,
		.input = { buf_text(&passage->input), passage->input.len },
	};
	memcpy(passage->event.event_id, event_id, ID_TEXT_SIZE);
}

/*
 * Make the record durable.  It has a deadline of its own: a call that was
 * cancelled or ran out of time is a call too.
 */
static int
passage_record(
    struct passage *passage, struct tool_result *result, struct err *err)
{
	const struct tool *tool = passage->tool;
	struct audit_event *event = &passage->event;
	struct call *call;
	int ret;

	if (!passage->house->journal)
		return err_set(
		    err, ERR_JOURNAL_UNAVAILABLE, "no store is open");
	passage_event(passage, result->audit_event_id);
	event->output =
	    (struct iag_bytes){ buf_text(&result->json), result->json.len };
	audit_outcome(event, tool ? tool->event : NULL, &result->err);
	call = call_new(clock_boot_ns() + RECORD_NS);
	if (!call)
		return err_no_memory(err);
	ret = tool && tool->flags & TOOL_RESERVED
		  ? journal_record_reserved(
			passage->house->journal, call, event, err)
		  : journal_record(passage->house->journal, call, event, err);
	call_unref(call);
	return ret;
}

/* Own copy with the defaults to come; the caller's tree is not changed. */
static int
arguments_take(struct passage *passage, struct err *err)
{
	struct json_object *given = passage->request->arguments;

	if (!given)
		passage->arguments = json_object_new_object();
	else if (json_object_deep_copy(given, &passage->arguments, NULL))
		passage->arguments = NULL;
	if (!passage->arguments)
		return err_no_memory(err);
	return 0;
}

/* What the input hash is over: canonical where the arguments allow it. */
static void
input_write(struct passage *passage)
{
	buf_reset(&passage->input);
	if (json_canon(&passage->input, passage->arguments, NULL))
		json_write(&passage->input, passage->arguments, 0);
}

static void
passage_name(struct passage *passage)
{
	const char *name = passage->request->name;
	CLEANUP_BUF struct buf clean = BUF_INIT;

	clean_add(&clean, name, strlen(name), NAME_MAX_LEN, CLEAN_REDACT);
	(void)snprintf(
	    passage->name, sizeof(passage->name), "%s", buf_text(&clean));
}

/* The nearest name among those that the caller is shown. */
static void
passage_guess(const struct passage *passage, struct buf *hint)
{
	struct nearest nearest = NEAREST_INIT(passage->name);
	uint64_t scopes = passage->request->principal->scopes;

	for (size_t i = 0; i < tool_count; i++) {
		if (scopes & scope_bit(tool_table[i].scope))
			nearest_add(&nearest, tool_table[i].name);
	}
	nearest_write(&nearest, hint);
}

static int
passage_find(
    struct passage *passage, struct tool_result *result, struct err *err)
{
	const char *name = passage->request->name;
	CLEANUP_BUF struct buf hint = BUF_INIT;

	passage->tool = passage->request->operation
			    ? passage->request->operation
			    : tool_find(name);
	if (passage->tool)
		return 0;
	passage_name(passage);
	if (tool_instead(name)) {
		err_set(err, ERR_READONLY_WRITE_FORBIDDEN,
		    "'%s' does not exist: orders go through explicit "
		    "preview, paper and live tools",
		    name);
		err_action(err, "use %s", tool_instead(name));
		return err_kind(ERR_READONLY_WRITE_FORBIDDEN)->class;
	}
	result->is_unknown_tool = true;
	passage_guess(passage, &hint);
	err_set(err, ERR_INPUT_INVALID, "there is no tool '%s'%s",
	    passage->name, buf_text(&hint));
	err_action(err, "use a name that tools/list shows");
	return IAG_INVAL;
}

static int
passage_scope(
    const struct passage *passage, struct tool_result *result, struct err *err)
{
	const struct principal *principal = passage->request->principal;
	const char *scope = passage->tool->scope;

	if (scope ? (principal->scopes & scope_bit(scope)) != 0
		  : principal->kind == PRINCIPAL_OPERATOR)
		return 0;
	result->is_denied = true;
	if (!scope) {
		err_set(err, ERR_AUTH_MISSING_SCOPE,
		    "'%s' is for the operator alone", passage->tool->name);
		err_action(err, "ask the operator: no scope grants it");
		return err_class(err);
	}
	return scope_refuse(passage->tool->name, scope, principal->scopes, err);
}

/* `from` and `to` of every tool that has both. */
static int
range_check(struct json_object *arguments, struct err *err)
{
	const char *from = json_get_str(arguments, "from", NULL);
	const char *to = json_get_str(arguments, "to", NULL);
	uint64_t from_ns = 0, to_ns = 0;

	if (!from || !to || clock_parse(from, &from_ns, NULL) ||
	    clock_parse(to, &to_ns, NULL) || from_ns <= to_ns)
		return 0;
	return err_set(err, ERR_INPUT_INVALID_TIME_RANGE,
	    "'from' (%s) is after 'to' (%s)", from, to);
}

static int
read_tool(const struct tool_call *call, const char *arguments, struct err *err)
{
	CLEANUP_JSON struct json_object *result = NULL;
	int ret = call->tool->read
		      ? call->tool->read(call, arguments, &result, err)
		      : answer_read(call, arguments, &result, err);

	if (ret == 0)
		schema_write_output(call->output, call->tool, result);
	return ret;
}

static int
result_check(const struct tool *tool, const struct buf *text,
    struct json_object **ret_result, struct err *err)
{
	struct json_bounds bounds = json_bounds_default;
	int ret;

	bounds.bytes = RESULT_MAX;
	if (text->failed)
		return err_no_memory(err);
	ret = json_parse(buf_text(text), text->len, &bounds, ret_result, err);
	if (ret == 0)
		ret = schema_check_output(tool, *ret_result, err);
	if (ret)
		return err_set(err, ERR_OUTPUT_UNSAFE, "result of '%s': %s",
		    tool->name, err ? err_text(err) : "invalid");
	return 0;
}

/* Results of handlers are held to the table like those of backends. */
static int
handler_tool(struct tool_call *call, struct buf *output, struct err *err)
{
	CLEANUP_JSON struct json_object *result = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT;
	int ret;

	call->output = &text;
	ret = call->tool->handler(call, err);
	if (ret)
		return ret;
	ret = result_check(call->tool, &text, &result, err);
	if (ret) {
		/* it is done and on the record: an answer that cannot be
		   given must not read as a refusal */
		if (err && call->order->recorded)
			err->unknown = true;
		return ret;
	}
	schema_write_output(output, call->tool, result);
	return 0;
}

/* The call as the order desk sees it. */
static void
passage_order(struct passage *passage, const char *event_id)
{
	const struct tool_request *request = passage->request;
	const struct tool_house *house = passage->house;

	passage_event(passage, event_id);
	passage->order = (struct order_call){
		.desk = house->desk,
		.backend = house->backend,
		.backend_fault = house->backend_fault,
		.call = request->call,
		.principal = request->principal->name,
		.is_operator = request->principal->kind == PRINCIPAL_OPERATOR,
		.is_apart = request->principal->is_apart,
		.scopes = request->principal->scopes,
		.flags = request->flags ? request->flags : &order_flags_none,
		.event = &passage->event,
		.success = passage->tool->event,
	};
}

static int
passage_run(
    struct passage *passage, struct tool_result *result, struct err *err)
{
	struct tool_call call = {
		.house = passage->house,
		.tool = passage->tool,
		.principal = passage->request->principal,
		.call = passage->request->call,
		.arguments = passage->arguments,
		.output = &result->json,
		.order = &passage->order,
		.is_local = passage->request->is_local,
		.local_fault = passage->request->local_fault,
	};
	int ret;

	passage_order(passage, result->audit_event_id);
	if (!call.tool)
		return err_set(err, ERR_INTERNAL_ERROR, "no tool was found");
	result->json.max = RESULT_MAX;
	if (call.tool->handler)
		ret = handler_tool(&call, &result->json, err);
	else
		ret = read_tool(&call, buf_text(&passage->input), err);
	if (ret == 0 && result->json.failed) {
		ret = err_set(err, ERR_OUTPUT_UNSAFE,
		    "the result has more than %d bytes; ask for less",
		    (int)RESULT_MAX);
		err->unknown = passage->order.recorded;
	}
	return ret;
}

/* Everything up to the result or the reason why there is none. */
static int
passage_go(struct passage *passage, struct tool_result *result, struct err *err)
{
	int ret = arguments_take(passage, err);

	if (ret)
		return ret;
	input_write(passage);
	ret = passage_find(passage, result, err);
	if (ret == 0)
		ret = passage_scope(passage, result, err);
	if (ret == 0)
		ret =
		    schema_check_input(passage->tool, passage->arguments, err);
	if (ret == 0)
		ret = range_check(passage->arguments, err);
	if (ret)
		return ret;
	input_write(passage); /* with the defaults */
	if (passage->input.failed)
		return err_no_memory(err);
	return passage_run(passage, result, err);
}

static void
error_write(struct tool_result *result, const struct principal *reader,
    const char *event_id)
{
	result->is_error = true;
	tool_error_conceal(&result->err, reader);
	buf_fini(&result->json);
	buf_init(&result->json, 0);
	tool_error_json(&result->json, &result->err, event_id);
}

int
tool_dispatch(const struct tool_house *house,
    const struct tool_request *request, struct tool_result *ret_result)
{
	struct passage passage = { .house = house, .request = request };
	CLEANUP_ERR struct err fault = ERR_INIT;
	int ret;

	tool_result_init(ret_result);
	id_new(ret_result->audit_event_id);
	ret = passage_go(&passage, ret_result, &ret_result->err);
	if (ret && ret_result->err.code == ERR_NONE)
		err_set(&ret_result->err, err_code_of_class(ret),
		    "the call failed without saying why");
	if (ret)
		link_advise(house->link, &ret_result->err);
	if (ret)
		error_write(
		    ret_result, request->principal, ret_result->audit_event_id);
	if (!passage.order.recorded &&
	    passage_record(&passage, ret_result, &fault)) {
		/* no record, no answer: also not of what went wrong before */
		err_wrap(&fault, "the audit record of the call");
		err_move(&ret_result->err, &fault);
		ret_result->audit_event_id[0] = '\0';
		error_write(ret_result, request->principal, NULL);
	}
	buf_fini(&passage.input);
	json_object_put(passage.arguments);
	return err_class(&ret_result->err);
}

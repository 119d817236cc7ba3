/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: tasks are made by the reading thread and run there or on workers.
 * The session's lock guards the list and is_cancelled; it is never held
 * across the call or while an answer is sent.
 */

#include "mcp/task.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "mcp/registry.h"

void
task_extra_free(struct task_extra *extra)
{
	if (!extra)
		return;
	err_fini(&extra->local_fault);
	free(extra);
}

static void
task_free(struct task *task)
{
	task_extra_free(task->extra);
	call_unref(task->call);
	(void)json_object_put(task->arguments);
	message_fini(&task->message);
	free(task);
}

static struct task *
task_find(struct session *session, const char *id)
{
	for (struct task *t = session->tasks; t; t = t->next) {
		if (!t->is_answered && strcmp(t->message.id, id) == 0)
			return t;
	}
	return NULL;
}

static void
task_link(struct task *task)
{
	struct session *session = task->session;

	task->next = session->tasks;
	if (task->next)
		task->next->prev = task;
	session->tasks = task;
	session->task_count++;
	session->ref_count++;
}

/* Take the task out of its session; the reading thread may go on. */
static void
task_unlink(struct task *task)
{
	struct session *session = task->session;
	LOCK_SCOPE(&session->lock);

	if (task->prev)
		task->prev->next = task->next;
	else
		session->tasks = task->next;
	if (task->next)
		task->next->prev = task->prev;
	session->task_count--;
	if (session->task_count == 0)
		(void)pthread_cond_broadcast(&session->idle);
	if (session->wants_wake || out_is_closed(&session->out) ||
	    out_is_behind(&session->out))
		session_wake(session);
	session->wants_wake = false;
}

/*
 * The client may use the id again as soon as it has the answer, so the task
 * gives it up before that.  false: cancelled, no answer is wanted.
 */
static bool
task_give_up_id(struct task *task)
{
	LOCK_SCOPE(&task->session->lock);

	task->is_answered = true;
	return !task->is_cancelled;
}

/* What the call needed: of its row, or the tool of that name. */
static const char *
task_scope(const struct task *task)
{
	const struct tool *tool = task->row ? task->row : tool_find(task->tool);

	return tool ? tool->scope : NULL;
}

static void
task_send_answer(struct task *task, const struct tool_result *result)
{
	CLEANUP_BUF struct buf line = BUF_INIT;

	__atomic_store_n(&task->session->denied_scope,
	    result->is_denied ? task_scope(task) : NULL, __ATOMIC_RELAXED);
	task->answer(&line, task, result);
	if (line.failed) {
		buf_fini(&line);
		answer_error(&line, task->message.id, RPC_INTERNAL_ERROR, NULL,
		    "no memory for the result");
	}
	if (!task_give_up_id(task))
		return;
	__atomic_store_n(&task->session->is_answered, true, __ATOMIC_RELAXED);
	(void)out_send(&task->session->out, &line);
}

static void
task_add_extra(const struct task_extra *extra, struct tool_request *request)
{
	request->flags = &extra->flags;
	request->is_local = extra->is_local;
	if (extra->local_fault.code != ERR_NONE)
		request->local_fault = &extra->local_fault;
	if (extra->request_id[0])
		request->request_id = extra->request_id;
}

void
task_run(void *arg)
{
	struct task *task = arg;
	struct session *session = task->session;
	char request_id[ID_TEXT_SIZE];
	struct tool_result result;
	struct tool_request request = { .name = task->tool,
		.operation = task->row,
		.arguments = task->arguments,
		.principal = &session->principal,
		.call = task->call,
		.session_id = session->id,
		.request_id = request_id };

	id_new(request_id);
	if (task->extra)
		task_add_extra(task->extra, &request);
	tool_result_init(&result);
	(void)session->registry->call(session->gateway, &request, &result);
	task_send_answer(task, &result);
	tool_result_fini(&result);
	task_unlink(task);
	task_free(task);
	session_unref(session);
}

/* What is called: a name of the client's, or a row of our own. */
struct callee {
	const char *name;
	const struct tool *row;   /* NULL: by name */
	struct task_extra *extra; /* taken, or NULL */
};

static struct task *
task_new(struct session *session, struct request *request,
    const struct callee *callee, task_answer_fn *answer)
{
	struct task *task = calloc(1, sizeof *task);

	if (!task)
		return NULL;
	task->session = session;
	task->era = request->era;
	task->tool = callee->name;
	task->row = callee->row;
	task->answer = answer;
	task->extra = callee->extra;
	task->call = gateway_call_new(session->gateway,
	    callee->row ? callee->row : tool_find(callee->name));
	if (!task->call) {
		task->extra = NULL;
		task_free(task);
		return NULL;
	}
	return task;
}

/* false: a running call has the same id. */
static bool
task_add(struct task *task, struct message *message)
{
	LOCK_SCOPE(&task->session->lock);

	if (task_find(task->session, message->id))
		return false;
	task->message = *message;
	*message = (struct message){ .kind = MESSAGE_FAULT };
	task_link(task);
	return true;
}

/* Operators do not wait behind agents. */
int
task_run_later(struct task *task)
{
	struct session *session = task->session;

	return session->principal.kind == PRINCIPAL_OPERATOR
		   ? gateway_run_reserved(session->gateway, task_run, task)
		   : gateway_run(session->gateway, task_run, task);
}

/* Who reads runs it. */
static bool
task_is_own(struct task *task)
{
	struct session *session = task->session;

	if (!session->may_own)
		return false;
	if (session->principal.kind != PRINCIPAL_OPERATOR) {
		task->is_lent = gateway_lend(session->gateway);
		if (!task->is_lent)
			return false;
	}
	session->may_own = false;
	session->own = task;
	return true;
}

static void
task_launch(struct session *session, struct request *request,
    const struct callee *callee, struct json_object *arguments,
    task_answer_fn *answer, struct buf *out)
{
	struct task *task = task_new(session, request, callee, answer);

	/* most sessions of a door with one request each need none */
	if (!session->id[0])
		id_new(session->id);
	if (!task) {
		(void)json_object_put(arguments);
		task_extra_free(callee->extra);
		answer_error(out, request->message->id, RPC_INTERNAL_ERROR,
		    NULL, "no memory for the call");
		return;
	}
	task->arguments = arguments;
	if (!task_add(task, request->message)) {
		answer_error(out, request->message->id, RPC_INVALID_REQUEST,
		    NULL, "a running call has the same id");
		task_free(task);
		return;
	}
	if (!task_is_own(task) && task_run_later(task) < 0) {
		answer_error(out, task->message.id, RPC_INTERNAL_ERROR, NULL,
		    "the gateway is stopping");
		task_unlink(task);
		task_free(task);
		session_unref(session);
	}
}

void
task_start(struct session *session, struct request *request, const char *tool,
    struct json_object *arguments, task_answer_fn *answer, struct buf *out)
{
	const struct callee callee = { .name = tool };

	task_launch(session, request, &callee, arguments, answer, out);
}

void
task_start_row(struct session *session, struct request *request,
    const struct tool *row, struct json_object *arguments,
    task_answer_fn *answer, struct buf *out)
{
	const struct callee callee = { .name = row->name, .row = row };

	task_launch(session, request, &callee, arguments, answer, out);
}

void
task_start_extra(struct session *session, struct request *request,
    const char *tool, const struct tool *row, struct json_object *arguments,
    struct task_extra *extra, task_answer_fn *answer, struct buf *out)
{
	const struct callee callee = { tool, row, extra };

	task_launch(session, request, &callee, arguments, answer, out);
}

void
task_cancel(struct session *session, const char *id)
{
	struct task *task = NULL;
	LOCK_SCOPE(&session->lock);

	task = task_find(session, id);
	if (!task)
		return;
	log_debug("mcp", "call of '%s' cancelled by the client", task->tool);
	task->is_cancelled = true;
	call_cancel(task->call);
}

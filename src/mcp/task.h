/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* A call of a tool on a worker, from the request to its answer. */

#ifndef IAG_MCP_TASK_H
#define IAG_MCP_TASK_H

#include "mcp/session.h"

/* Write the answer to a finished call. */
typedef void task_answer_fn(
    struct buf *out, const struct task *task, const struct tool_result *result);

/* What a door on this machine adds to a call. */
struct task_extra {
	struct order_flags flags;
	bool is_local;
	struct err local_fault; /* of the credential that was shown */
	char request_id[129];   /* "": one is made */
};
void task_extra_free(struct task_extra *extra); /* NULL is fine */

struct task {
	struct task *next, *prev;
	struct session *session;
	struct message message; /* owns the arguments */
	struct call *call;
	enum era era;
	const char *tool;              /* borrowed from message or static */
	const struct tool *row;        /* of a resource; NULL: by name */
	struct json_object *arguments; /* owned, or NULL for {} */
	task_answer_fn *answer;
	struct task_extra *extra; /* owned, or NULL */
	bool is_lent;             /* to take back when it has run */
	/* with the session's lock */
	bool is_cancelled; /* send no answer */
	bool is_answered;  /* its id is free again */
};

/*
 * Start tool(arguments) for the request, whose message is moved away, and
 * answer it from a worker, or from who reads (session->own).  Takes arguments.
 * What keeps a call from being started is written to out as the answer.
 */
void task_start(struct session *session, struct request *request,
    const char *tool, struct json_object *arguments, task_answer_fn *answer,
    struct buf *out);

/* The same for a row that stands in no table, as resources have it. */
void task_start_row(struct session *session, struct request *request,
    const struct tool *row, struct json_object *arguments,
    task_answer_fn *answer, struct buf *out);

/* And with more to it, which is taken; row NULL: by the name. */
void task_start_extra(struct session *session, struct request *request,
    const char *tool, const struct tool *row, struct json_object *arguments,
    struct task_extra *extra, task_answer_fn *answer, struct buf *out);

/* Run it and answer; frees the task. */
void task_run(void *task);
/* The same by a worker; IAG_*: it will not run. */
int task_run_later(struct task *task);

/* id as message_id_text() has it: unknown ids are ignored. */
void task_cancel(struct session *session, const char *id);

#endif

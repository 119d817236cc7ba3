/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One client's stream of messages: what is asked at once is answered at once,
 * calls of tools go to a thread that may wait and are answered when they end.
 */

#ifndef IAG_MCP_SESSION_H
#define IAG_MCP_SESSION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/id.h"
#include "gateway/gateway.h"
#include "mcp/answer.h"
#include "mcp/era.h"
#include "mcp/message.h"
#include "mcp/out.h"

/*
 * Calls that run or wait for a worker.  Those beyond are held back, in their
 * order, while everything else (above all notifications/cancelled) is read
 * and answered; with so many bytes held back nothing more is read.
 */
enum { SESSION_CALLS_MAX = 256, SESSION_HELD_MAX = 1024 * 1024 };

struct registry;
struct task;
struct held;
struct lists;

struct session {
	const struct registry *registry;
	struct gateway *gateway;
	struct principal principal;
	char *principal_name;
	/* for the audit; made with the first call, unless a door set its own */
	char id[HASH_HEX_SIZE];
	struct out out;
	int wake_fd; /* readable: a call ended, or out is closed; -1: none */
	/* for the reading thread only, or for that which reads by turns */
	struct held *held, **held_end;
	size_t held_bytes;
	struct buf tool_list;    /* made at first use */
	struct buf instructions; /* the same */
	struct lists *lists;     /* of the door, in place of it; borrowed */
	struct buf answer;       /* its memory is used again */
	/* who reads may run the call of this line himself: it is put there */
	bool may_own;
	struct task *own;
	pthread_mutex_t lock;
	pthread_cond_t idle; /* with lock: task_count became 0 */
	struct task *tasks;
	unsigned task_count;
	unsigned ref_count;
	bool wants_wake; /* the reading thread waits for room */
	/* of the last call: the tool's scope, if the caller did not have it */
	const char *denied_scope;
	bool is_answered; /* the line that goes out now is the answer; both
			   * are for doors with one request at a time */
	/* of a call: RPC_* of its answer, where a door tells by it, or 0 */
	int fault;
};

/* What a handler gets; message may be moved into a task. */
struct request {
	struct message *message;
	enum era era;
};

int session_new(const struct registry *registry, struct gateway *gateway,
    const struct principal *principal, int in, int out, int stop_fd,
    struct session **ret_session, struct err *err);
/*
 * For one message that comes in another way: its answer, if one is due, is
 * given to take() once, during session_take() or later from a worker; then
 * is_answered is set, for lines before it is not.
 */
int session_new_single(const struct registry *registry, struct gateway *gateway,
    const struct principal *principal, out_take_fn *take, void *arg,
    struct session **ret_session, struct err *err);
/* A task of a worker's that cannot be stopped keeps the session alive. */
void session_unref(struct session *session);

/* Handle one line; the answer, if one is due, is sent or will be. */
void session_take_line(struct session *session, const char *line, size_t len);
/*
 * The same for what was parsed already; message may be moved away.  len: how
 * long it was.
 */
void session_take(struct session *session, struct message *message, size_t len);
/*
 * Will it be served, and in which era?  0, or the code of the error that
 * session_take() answers with before it has looked at any tool.
 */
int session_judge(const struct registry *registry,
    const struct message *message, enum era *ret_era);
/* Answer to a line that was too long to be read. */
void session_refuse_line(struct session *session);

/*
 * Start what was held back, as far as there is room; if not far enough,
 * wake_fd becomes readable once there is.
 */
void session_resume(struct session *session);
/* May another line be read? */
bool session_may_read(const struct session *session);
bool session_is_holding(const struct session *session);
/* Make wake_fd readable, where there is one. */
void session_wake(const struct session *session);
/* Wait for running calls, at most that long; false: some still run. */
bool session_wait_idle(struct session *session, uint64_t timeout_ns);
void session_cancel_all(struct session *session);

/* Has the caller been granted what the tool of that name needs? */
bool session_may_call(const struct session *session, const char *tool);
bool session_has_scope(const struct session *session, const char *scope);

#endif

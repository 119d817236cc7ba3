/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: session_take_line() and what it calls run on the reading thread;
 * lock guards the tasks and the counters against the workers; taken alone.
 */

#include "mcp/session.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/thread.h"
#include "config/scope.h"
#include "mcp/registry.h"
#include "mcp/task.h"

/* The memory of an answer that is kept for the next one. */
enum { SESSION_ANSWER_KEEP = 128 * 1024 };

/* A call that waits for room. */
struct held {
	struct held *next;
	struct message message;
	size_t bytes;
};

static void
session_init_lock(struct session *session)
{
	(void)pthread_mutex_init(&session->lock, NULL);
	cond_init(&session->idle);
}

static void
session_drop_held(struct session *session, struct held **at)
{
	struct held *held = *at;

	*at = held->next;
	if (!held->next)
		session->held_end = at;
	session->held_bytes -= held->bytes;
	message_fini(&held->message);
	free(held);
}

static void
session_free(struct session *session)
{
	while (session->held)
		session_drop_held(session, &session->held);
	out_fini(&session->out);
	buf_fini(&session->tool_list);
	buf_fini(&session->instructions);
	buf_fini(&session->answer);
	if (session->wake_fd >= 0)
		(void)close(session->wake_fd);
	(void)pthread_cond_destroy(&session->idle);
	(void)pthread_mutex_destroy(&session->lock);
	free(session->principal_name);
	free(session);
}

/* Without a way out yet. */
static int
session_make(const struct registry *registry, struct gateway *gateway,
    const struct principal *principal, struct session **ret_session,
    struct err *err)
{
	CLEANUP_FREE struct session *session = calloc(1, sizeof *session);
	CLEANUP_FREE char *name = strdup(principal->name);

	if (!session || !name)
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory for an MCP session");
	session_init_lock(session);
	session->registry = registry;
	session->gateway = gateway;
	session->principal = *principal;
	session->principal_name = STEAL(name);
	session->principal.name = session->principal_name;
	session->ref_count = 1;
	session->held_end = &session->held;
	session->wake_fd = -1;
	*ret_session = STEAL(session);
	return 0;
}

int
session_new_single(const struct registry *registry, struct gateway *gateway,
    const struct principal *principal, out_take_fn *take, void *arg,
    struct session **ret_session, struct err *err)
{
	int r = session_make(registry, gateway, principal, ret_session, err);

	if (r == 0)
		out_init_taker(&(*ret_session)->out, take, arg);
	return r;
}

int
session_new(const struct registry *registry, struct gateway *gateway,
    const struct principal *principal, int in, int out, int stop_fd,
    struct session **ret_session, struct err *err)
{
	struct session *session = NULL;
	int r = session_make(registry, gateway, principal, &session, err);

	if (!session)
		return r;
	r = out_init(&session->out, out, in, stop_fd, err);
	if (r < 0) {
		out_init_taker(&session->out, NULL, NULL);
		session_free(session);
		return r;
	}
	session->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (session->wake_fd < 0) {
		r = err_set(err, ERR_INTERNAL_ERROR,
		    "cannot make an event descriptor: %s", strerror(errno));
		session_free(session);
		return r;
	}
	*ret_session = session;
	return 0;
}

void
session_wake(const struct session *session)
{
	const uint64_t one = 1;

	if (session->wake_fd >= 0)
		(void)!write(session->wake_fd, &one, sizeof one);
}

void
session_unref(struct session *session)
{
	bool is_last = false;

	(void)pthread_mutex_lock(&session->lock);
	is_last = --session->ref_count == 0;
	(void)pthread_mutex_unlock(&session->lock);
	if (is_last)
		session_free(session);
}

bool
session_has_scope(const struct session *session, const char *scope)
{
	return (session->principal.scopes & scope_bit(scope)) != 0;
}

bool
session_may_call(const struct session *session, const char *name)
{
	const struct tool *tool = tool_find(name);

	return tool && session_has_scope(session, tool->scope);
}

static void
session_refuse_era(
    const struct message *message, enum era_fault fault, struct buf *out)
{
	CLEANUP_BUF struct buf data = BUF_INIT;
	const char *requested =
	    json_get_str(message->meta, ERA_META_VERSION, "");

	switch (fault) {
	case ERA_FAULT_NONE:
		break;
	case ERA_FAULT_VERSION_MISSING:
		answer_error(out, message->id, RPC_INVALID_PARAMS, NULL,
		    "'_meta' needs the string '%s'", ERA_META_VERSION);
		break;
	case ERA_FAULT_CAPABILITIES_MISSING:
		answer_error(out, message->id, RPC_INVALID_PARAMS, NULL,
		    "'_meta' needs the object '%s'", ERA_META_CAPABILITIES);
		break;
	case ERA_FAULT_VERSION_UNSUPPORTED:
		buf_str(&data, "{\"supported\":[\"" ERA_MODERN_VERSION
			       "\"],\"requested\":");
		json_write_string(&data, requested, strlen(requested));
		buf_char(&data, '}');
		answer_error(out, message->id, RPC_UNSUPPORTED_VERSION,
		    buf_text(&data), "unsupported protocol version");
		break;
	}
}

static bool
session_has_room(struct session *session)
{
	LOCK_SCOPE(&session->lock);

	return session->task_count < SESSION_CALLS_MAX;
}

/* Put the call behind those that wait; false: no memory. */
static bool
session_hold(struct session *session, struct message *message, size_t len)
{
	struct held *held = calloc(1, sizeof *held);

	if (!held)
		return false;
	held->message = *message;
	*message = (struct message){ .kind = MESSAGE_FAULT };
	held->bytes = len + sizeof *held;
	session->held_bytes += held->bytes;
	*session->held_end = held;
	session->held_end = &held->next;
	return true;
}

/* len: of its line; 0: it was held back, and there is room now. */
static void
session_take_request(struct session *session, struct message *message,
    size_t len, struct buf *out)
{
	struct request request = { .message = message };
	enum era_fault fault = era_select(message, &request.era);
	const struct method *method = NULL;
	char clip[ANSWER_CLIP_SIZE];

	if (fault != ERA_FAULT_NONE) {
		session_refuse_era(message, fault, out);
		return;
	}
	method = registry_find(session->registry, message->method, request.era);
	if (!method) {
		answer_error(out, message->id, RPC_METHOD_NOT_FOUND, NULL,
		    "there is no method '%s'%s",
		    answer_clip(message->method, clip),
		    request.era == ERA_MODERN
			? " in protocol version " ERA_MODERN_VERSION
			: "");
		return;
	}
	if (method->is_call && len > 0 &&
	    (session->held || !session_has_room(session))) {
		if (!session_hold(session, message, len))
			out->failed = true;
		return;
	}
	method->handle(session, &request, out);
}

/* Calls that were not started yet leave nothing behind. */
static void
session_cancel(struct session *session, struct json_object *request_id)
{
	CLEANUP_FREE char *id = message_id_text(request_id);

	if (!id)
		return;
	task_cancel(session, id);
	for (struct held **at = &session->held; *at; at = &(*at)->next) {
		if (strcmp((*at)->message.id, id) != 0)
			continue;
		session_drop_held(session, at);
		return;
	}
}

static void
session_take_notification(
    struct session *session, const struct message *message)
{
	if (strcmp(message->method, "notifications/cancelled") == 0)
		session_cancel(session, json_get(message->params, "requestId"));
}

static void
session_send(struct session *session, struct buf *line, const char *id)
{
	if (line->failed) {
		buf_fini(line);
		answer_error(line, id, RPC_INTERNAL_ERROR, NULL,
		    "no memory for the answer");
	}
	if (line->len == 0)
		return;
	__atomic_store_n(&session->is_answered, true, __ATOMIC_RELAXED);
	(void)out_send(&session->out, line);
}

int
session_judge(const struct registry *registry, const struct message *message,
    enum era *ret_era)
{
	*ret_era = ERA_LEGACY;
	if (message->kind == MESSAGE_FAULT)
		return message->code;
	if (message->kind != MESSAGE_REQUEST)
		return 0;
	switch (era_select(message, ret_era)) {
	case ERA_FAULT_NONE:
		return registry_find(registry, message->method, *ret_era)
			   ? 0
			   : RPC_METHOD_NOT_FOUND;
	case ERA_FAULT_VERSION_UNSUPPORTED:
		return RPC_UNSUPPORTED_VERSION;
	case ERA_FAULT_VERSION_MISSING:
	case ERA_FAULT_CAPABILITIES_MISSING:
		break;
	}
	return RPC_INVALID_PARAMS;
}

void
session_take(struct session *session, struct message *message, size_t len)
{
	struct buf *out = &session->answer;

	buf_reset(out);
	switch (message->kind) {
	case MESSAGE_REQUEST:
		session_take_request(session, message, len, out);
		break;
	case MESSAGE_NOTIFICATION:
		session_take_notification(session, message);
		break;
	case MESSAGE_FAULT:
		answer_error(out, message->id, message->code, NULL, "%s",
		    err_text(&message->err));
		break;
	case MESSAGE_RESPONSE:
		if (session->registry->take_response)
			session->registry->take_response(message);
		break;
	case MESSAGE_IGNORED:
		break;
	}
	session_send(session, out, message->id);
	if (out->cap > SESSION_ANSWER_KEEP)
		buf_fini(out);
}

void
session_take_line(struct session *session, const char *line, size_t len)
{
	CLEANUP_MESSAGE struct message message;

	message_parse(&message, line, len);
	session_take(session, &message, len);
}

/* Take the first call that waits, if it can be started. */
static bool
session_resume_one(struct session *session)
{
	struct held *held = session->held;
	struct buf *out = &session->answer;
	CLEANUP_FREE char *id = NULL;

	if (!held || !session_has_room(session))
		return false;
	id = strdup(held->message.id);
	buf_reset(out);
	session_take_request(session, &held->message, 0, out);
	session_send(session, out, id);
	session_drop_held(session, &session->held);
	return true;
}

void
session_resume(struct session *session)
{
	for (;;) {
		while (session_resume_one(session))
			;
		LOCK_SCOPE(&session->lock);
		session->wants_wake = session->held != NULL;
		/* one may have ended since */
		if (!session->held || session->task_count >= SESSION_CALLS_MAX)
			return;
	}
}

bool
session_may_read(const struct session *session)
{
	return session->held_bytes < SESSION_HELD_MAX;
}

bool
session_is_holding(const struct session *session)
{
	return session->held != NULL;
}

void
session_refuse_line(struct session *session)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	answer_error(&out, NULL, RPC_INVALID_REQUEST, NULL,
	    "a message may have at most %zu bytes", json_bounds_default.bytes);
	session_send(session, &out, NULL);
}

bool
session_wait_idle(struct session *session, uint64_t timeout_ns)
{
	const struct timespec end = cond_until(timeout_ns);
	LOCK_SCOPE(&session->lock);

	while (session->task_count > 0) {
		if (pthread_cond_timedwait(
			&session->idle, &session->lock, &end) == ETIMEDOUT)
			return session->task_count == 0;
	}
	return true;
}

void
session_cancel_all(struct session *session)
{
	LOCK_SCOPE(&session->lock);

	for (struct task *t = session->tasks; t; t = t->next)
		call_cancel(t->call);
}

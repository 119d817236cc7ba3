/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * subscriptions/listen: a call that lasts until its client leaves, and tools
 * that make something change.
 *
 * Threads: each listener waits on a worker; whoever changes something tells
 * them, with lock held, so that none goes away meanwhile.
 */

#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "fixtures.h"
#include "host/call.h"

#define SUBSCRIPTION "\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":"

struct listener {
	struct listener *next;
	const struct task *task;
	bool tools, prompts;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct listener *listeners;

static void
listener_tell(
    const struct listener *listener, const char *method, const char *params)
{
	CLEANUP_BUF struct buf message = BUF_INIT;

	buf_printf(&message,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/%s\",\"params\":{" SUBSCRIPTION
	    "%s}%s}}",
	    method, listener->task->message.id, params);
	fixture_say(listener->task, buf_text(&message));
}

void
fixture_changed(const char *what)
{
	bool is_tools = strcmp(what, "tools") == 0;
	LOCK_SCOPE(&lock);

	for (struct listener *l = listeners; l; l = l->next) {
		if (is_tools && l->tools)
			listener_tell(l, "tools/list_changed", "");
		if (!is_tools && l->prompts)
			listener_tell(l, "prompts/list_changed", "");
	}
}

/* What was asked for and is there to be had. */
static void
listener_acknowledge(const struct listener *listener)
{
	CLEANUP_BUF struct buf agreed = BUF_INIT;

	buf_str(&agreed, ",\"notifications\":{");
	if (listener->tools)
		buf_str(&agreed, "\"toolsListChanged\":true");
	if (listener->prompts)
		buf_printf(&agreed, "%s\"promptsListChanged\":true",
		    listener->tools ? "," : "");
	buf_char(&agreed, '}');
	listener_tell(
	    listener, "subscriptions/acknowledged", buf_text(&agreed));
}

static void
listener_open(struct listener *listener)
{
	LOCK_SCOPE(&lock);

	/* first of all, so that nothing comes before it */
	listener_acknowledge(listener);
	listener->next = listeners;
	listeners = listener;
}

static void
listener_close(struct listener *listener)
{
	struct listener **at = &listeners;
	LOCK_SCOPE(&lock);

	while (*at != listener)
		at = &(*at)->next;
	*at = listener->next;
}

static void
listen_answer(
    struct buf *out, const struct task *task, const struct tool_result *result)
{
	struct json_object *wanted =
	    json_get(task->message.params, "notifications");
	struct listener listener = { .task = task,
		.tools = json_get_bool(wanted, "toolsListChanged", false),
		.prompts = json_get_bool(wanted, "promptsListChanged", false) };
	struct pollfd fd = { .fd = call_fd(task->call), .events = POLLIN };

	(void)result;
	listener_open(&listener);
	while (!call_is_cancelled(task->call))
		(void)poll(&fd, 1, -1);
	listener_close(&listener);
	buf_printf(out,
	    "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{"
	    "\"resultType\":\"complete\"," SUBSCRIPTION "%s}}}\n",
	    task->message.id, task->message.id);
}

void
fixture_listen(
    struct session *session, struct request *request, struct buf *out)
{
	task_start_row(
	    session, request, &fixture_row, NULL, listen_answer, out);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: one copies from the client to the daemon and is left behind when
 * the other, which called, is done.  `half` is all that they share.  Until the
 * daemon is seen to live, only the first piece is sent: whether it was taken
 * can be told, and what follows has then certainly not been.
 */

#include "daemon/relay.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/thread.h"
#include "daemon/socket.h"
#include "mcp/answer.h"
#include "mcp/message.h"
#include "tools/dispatch.h"
#include "tools/tool.h"

enum { CHUNK = 64 * 1024, SLICE_MAX_MS = 250 };
/* Of what nobody takes: a message has less, and so long is its rest awaited. */
enum { WAITING_MAX = 2 * 1024 * 1024, REST_MS = 1000 };

struct half {
	atomic_uint refs; /* the thread may outlive who called, and his call */
	int in, socket, out;
	atomic_bool is_over;  /* the client said all that it had to say */
	atomic_bool is_heard; /* the daemon said something */
	atomic_bool is_dead;  /* it took nothing, and the client was told */
};

/* For two: who called, and the thread. */
static struct half *
half_new(int in, int out)
{
	struct half *half = calloc(1, sizeof *half);

	if (!half)
		return NULL;
	atomic_init(&half->refs, 2);
	half->in = in;
	half->out = out;
	half->socket = -1;
	return half;
}

static void
half_free(struct half *half)
{
	if (half->socket >= 0)
		(void)close(half->socket);
	free(half);
}

static void
half_unref(struct half *half)
{
	if (atomic_fetch_sub(&half->refs, 1) == 1)
		half_free(half);
}

/* More bytes; 0: the end, also by an error. */
static size_t
read_some(int fd, char *data)
{
	ssize_t got;

	do
		got = read(fd, data, CHUNK);
	while (got < 0 && errno == EINTR);
	return got > 0 ? (size_t)got : 0;
}

/* Does the daemon live?  It took what was sent, spoke, or hung up. */
static bool
half_is_served(struct half *half, bool is_sent)
{
	struct pollfd word = { .fd = half->socket, .events = POLLIN };
	uint64_t end_ns = clock_boot_ns() + SOCKET_TAKEN_S * NS_PER_S;
	int slice_ms = 1;

	while (!(is_sent && socket_is_taken(half->socket)) &&
	       !atomic_load(&half->is_heard) && poll(&word, 1, slice_ms) == 0) {
		if (clock_boot_ns() >= end_ns)
			return false;
		slice_ms *= slice_ms < SLICE_MAX_MS ? 2 : 1;
	}
	return true;
}

static void
set_dead(struct err *err, bool may_be_done)
{
	err_set(err,
	    may_be_done ? ERR_ORDER_OUTCOME_UNKNOWN : ERR_DAEMON_UNAVAILABLE,
	    "no daemon has taken a request for %d seconds, though its socket "
	    "is there: it does not start, or hangs%s",
	    SOCKET_TAKEN_S,
	    may_be_done ? "; this one may be carried out once one runs" : "");
	if (may_be_done)
		err_action(err, "once the daemon is back, repeat the call with "
				"the same idempotency key, or see "
				"`ibkr-agent orders pending`");
	else
		err_action(err, SOCKET_SEE_WHY);
	err->unknown = may_be_done;
}

/* Nobody has seen what was sent; a daemon that starts late reads it. */
static bool
may_be_done(const struct message *message)
{
	const struct tool *tool;

	if (strcmp(message->method, "tools/call") != 0)
		return false;
	tool = tool_find(json_get_str(message->params, "name", ""));
	return tool && !(tool->flags & TOOL_READ_ONLY);
}

/* The client may be an agent: it is told whose commands are named. */
static void
refuse_line(struct buf *out, const char *line, size_t len, bool is_sent)
{
	static const struct principal reader = { .kind = PRINCIPAL_AGENT };
	CLEANUP_MESSAGE struct message message;
	CLEANUP_ERR struct err err = ERR_INIT;
	CLEANUP_BUF struct buf data = BUF_INIT;

	message_parse(&message, line, len);
	if (message.kind != MESSAGE_REQUEST)
		return;
	set_dead(&err, is_sent && may_be_done(&message));
	tool_error_conceal(&err, &reader);
	tool_error_json(&data, &err, NULL);
	answer_error(out, message.id, RELAY_REFUSED, buf_text(&data), "%s",
	    err_text(&err));
}

/* Answer requests in text, the first sent bytes of which the kernel keeps. */
static void
refuse_all(struct half *half, const struct buf *text, size_t sent)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	const char *data = buf_text(text);
	size_t at = 0;

	while (at < text->len) {
		const char *end = memchr(data + at, '\n', text->len - at);
		size_t len = end ? (size_t)(end - data) - at : text->len - at;

		refuse_line(&out, data + at, len, at < sent);
		at += len + 1;
	}
	(void)fd_write(half->out, out.data, out.len);
}

/* Is there more?  The rest of a message that has begun is on its way. */
static bool
half_has_more(const struct half *half, const struct buf *text)
{
	struct pollfd more = { .fd = half->in, .events = POLLIN };
	bool is_inside = text->len > 0 && text->data[text->len - 1] != '\n';

	return text->len < WAITING_MAX &&
	       poll(&more, 1, is_inside ? REST_MS : 0) > 0;
}

/* The first piece was not taken: tell so, also to who asked since then. */
static void
half_give_up(struct half *half, const char *data, size_t len)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	char *room;
	size_t got = len;

	buf_add(&text, data, len);
	while (got > 0 && half_has_more(half, &text) &&
	       (room = buf_reserve(&text, CHUNK)) != NULL) {
		got = read_some(half->in, room);
		text.len += got;
		room[got] = '\0';
	}
	if (!text.failed)
		refuse_all(half, &text, len);
	atomic_store(&half->is_dead, true);
	(void)shutdown(half->socket, SHUT_RDWR);
}

/* true: there may be more to copy. */
static bool
half_copy(struct half *half, char *data, size_t *ret_len)
{
	*ret_len = read_some(half->in, data);
	if (*ret_len > 0)
		return fd_write(half->socket, data, *ret_len);
	atomic_store(&half->is_over, true);
	/* it answers what it still has to answer */
	(void)shutdown(half->socket, SHUT_WR);
	return false;
}

static void
half_run(struct half *half)
{
	CLEANUP_FREE char *data = malloc(CHUNK);
	size_t len;
	bool is_more;

	if (!data)
		return;
	is_more = half_copy(half, data, &len);
	if (!half_is_served(half, len > 0)) {
		half_give_up(half, data, len);
		return;
	}
	while (is_more)
		is_more = half_copy(half, data, &len);
}

static void *
half_main(void *arg)
{
	half_run(arg);
	half_unref(arg);
	return NULL;
}

bool
relay_is_refused(const char *line, size_t len, struct err *err)
{
	CLEANUP_JSON struct json_object *tree = NULL;
	const char *end = memchr(line, '\n', len);
	struct json_object *error, *data;
	enum err_code code;
	char prefix[64];
	int need = snprintf(prefix, sizeof prefix,
	    "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":%d,", RELAY_REFUSED);

	if (!end || len < (size_t)need ||
	    memcmp(line, prefix, (size_t)need) != 0 ||
	    json_parse(line, (size_t)(end - line), &json_bounds_default, &tree,
		NULL) != 0)
		return false;
	error = json_get(tree, "error");
	data = json_get(error, "data");
	code = err_code_find(json_get_str(data, "code", ""));
	(void)err_set(err, code == ERR_NONE ? ERR_DAEMON_UNAVAILABLE : code,
	    "the daemon: %s", json_get_str(error, "message", "refused"));
	if (err && json_get_str(data, "user_action", NULL))
		err_action(err, "%s", json_get_str(data, "user_action", ""));
	return true;
}

/* From the daemon to the client; the answer of relay_run(). */
static int
copy_back(struct half *half, int out, struct err *err)
{
	CLEANUP_FREE char *data = malloc(CHUNK);
	size_t len;

	if (!data)
		return err_no_memory(err);
	while ((len = read_some(half->socket, data)) > 0) {
		atomic_store(&half->is_heard, true);
		/* the client gets the words, too */
		if (!fd_write(out, data, len))
			return 0; /* it went, and wants nothing any more */
		if (relay_is_refused(data, len, err))
			return err_class(err);
	}
	if (atomic_load(&half->is_dead)) {
		set_dead(err, false);
		return err_class(err);
	}
	if (atomic_load(&half->is_over))
		return 0;
	err_set(
	    err, ERR_DAEMON_UNAVAILABLE, "the daemon has ended the connection");
	err_action(err, "what became of a request without an answer: call "
			"again with the same idempotency key once the daemon "
			"is back, or see `ibkr-agent orders pending`");
	return err_class(err);
}

static int
half_start(struct half *half, const char *path, struct err *err)
{
	int rc = socket_connect(path, &half->socket, err);

	if (rc)
		return rc;
	(void)signal(SIGPIPE, SIG_IGN);
	rc = thread_start(NULL, 0, half_main, half);
	return rc ? err_set(err, ERR_INTERNAL_ERROR, "cannot make a thread: %s",
			strerror(rc))
		  : 0;
}

int
relay_run(const char *path, int in, int out, struct err *err)
{
	struct half *half = half_new(in, out);
	int rc;

	if (!half)
		return err_no_memory(err);
	rc = half_start(half, path, err);
	if (rc) {
		half_free(half); /* there is no thread */
		return rc;
	}
	rc = copy_back(half, out, err);
	half_unref(half);
	return rc;
}

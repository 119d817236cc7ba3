/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: one copies from the client to the daemon and is left behind when
 * the other, which called, is done.  `half` is all that they share.
 */

#include "daemon/relay.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/json.h"
#include "daemon/socket.h"

enum { CHUNK = 64 * 1024 };

struct half {
	int in, socket;
	atomic_bool is_over; /* the client said all that it had to say */
};

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

static void *
half_main(void *arg)
{
	struct half *half = arg;
	CLEANUP_FREE char *data = malloc(CHUNK);
	size_t len;

	while (data && (len = read_some(half->in, data)) > 0) {
		if (!fd_write(half->socket, data, len))
			return NULL; /* the daemon went: the other one knows */
	}
	atomic_store(&half->is_over, true);
	/* it answers what it still has to answer */
	(void)shutdown(half->socket, SHUT_WR);
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
		return err_set(err, ERR_OUT_OF_MEMORY, "no memory");
	while ((len = read_some(half->socket, data)) > 0) {
		/* the client gets the words, too */
		if (!fd_write(out, data, len))
			return 0; /* it went, and wants nothing any more */
		if (relay_is_refused(data, len, err))
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

int
relay_run(const char *path, int in, int out, struct err *err)
{
	/* outlives this call where the client never ends its side */
	static struct half half;
	pthread_t thread;
	int rc = socket_connect(path, &half.socket, err);

	if (rc)
		return rc;
	(void)signal(SIGPIPE, SIG_IGN);
	half.in = in;
	rc = pthread_create(&thread, NULL, half_main, &half);
	if (rc)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "cannot make a thread: %s", strerror(rc));
	(void)pthread_detach(thread);
	return copy_back(&half, out, err);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * See wire.h.  An exchange ends as one through sockets would: what the
 * simulator does to the wire, a gateway that is down, a time that is over.
 *
 * Threads: any.
 * Locks: lock is held around each call of the simulator; no wait under it.
 */

#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dlfcn.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "link/httpmodule.h"
#include "still.h"
#include "world.h"

#define NS_PER_MS UINT64_C(1000000)
/* How long a request takes on this wire. */
#define WAY_NS NS_PER_MS

struct http_connection {
	char nothing;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct world *world;
static struct sim *sim;
static uint64_t down_until_ns;

/* An exchange that nobody waits for any more goes on at the broker. */
struct rest {
	struct sim_reply reply;
	uint64_t ns;
};

/* The library stays until the process ends. */
static const struct world *
world_load(void)
{
	const char *build = getenv("IAG_TEST_BUILDDIR");
	struct buf path CLEANUP_BUF = BUF_INIT;
	void *library, *symbol = NULL;

	buf_printf(&path, "%s/tests/day/.libs/world.so", build ? build : ".");
	library = dlopen(buf_text(&path), RTLD_NOW | RTLD_LOCAL);
	if (library)
		symbol = dlsym(library, WORLD_SYMBOL);
	if (!symbol)
		fail_msg("%s", dlerror());
	return symbol;
}

void
wire_begin(const struct sim_settings *settings)
{
	world = world_load();
	assert_int_equal(world->make(settings, &sim, NULL), 0);
	down_until_ns = 0;
}

void
wire_end(void)
{
	LOCK_SCOPE(&lock);

	world->free(STEAL(sim));
}

static void
handle(const struct sim_request *request, struct sim_reply *reply)
{
	LOCK_SCOPE(&lock);

	world->handle(sim, request, reply);
	if (reply->restart.due)
		down_until_ns =
		    still_ns() + (uint64_t)reply->restart.down_ms * NS_PER_MS;
}

static void
reply_end(struct sim_reply *reply)
{
	LOCK_SCOPE(&lock);

	if (sim)
		world->done(sim, reply);
	world->reply_fini(reply);
}

static void
resume(struct sim_reply *reply)
{
	LOCK_SCOPE(&lock);

	if (sim)
		world->resume(sim, reply);
}

static void *
rest_main(void *arg)
{
	struct rest *rest = arg;

	still_sleep(rest->ns);
	resume(&rest->reply);
	reply_end(&rest->reply);
	free(rest);
	return NULL;
}

static void
leave_behind(struct sim_reply *reply, uint64_t ns)
{
	struct rest *rest = calloc(1, sizeof *rest);
	pthread_attr_t detached;
	pthread_t id;

	assert_non_null(rest);
	rest->reply = *reply;
	rest->ns = ns;
	(void)pthread_attr_init(&detached);
	(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	assert_int_equal(pthread_create(&id, &detached, rest_main, rest), 0);
	(void)pthread_attr_destroy(&detached);
}

/* ---- one exchange */

static void
take_answer(const struct sim_reply *reply, size_t max, struct http_result *out)
{
	size_t len = reply->body.len + reply->pad;

	out->end = HTTP_END_ANSWER;
	if (reply->cut != SIM_WHOLE)
		out->end = HTTP_END_CLOSED;
	else if (len > max)
		out->end = HTTP_END_LARGE;
	if (out->end != HTTP_END_ANSWER)
		return;
	out->status = (unsigned)reply->status;
	out->content_type = reply->type ? strdup(reply->type) : NULL;
	out->len = len;
	out->body = malloc(len + 1);
	assert_non_null(out->body);
	memset(out->body, ' ', len);
	if (reply->body.len > 0)
		memcpy(out->body, reply->body.data, reply->body.len);
	out->body[len] = '\0';
}

/* true: the time was over first, and the reply is somebody else's. */
static bool
wait_out(struct sim_reply *reply, uint64_t timeout_ns)
{
	uint64_t wait_ns = (uint64_t)reply->wait_ms * NS_PER_MS;

	if (reply->wire == SIM_WIRE_HANG) {
		still_sleep(timeout_ns);
		leave_behind(
		    reply, wait_ns > timeout_ns ? wait_ns - timeout_ns : 1);
		return true;
	}
	if (wait_ns == 0)
		return false;
	if (wait_ns >= timeout_ns) {
		still_sleep(timeout_ns);
		leave_behind(reply, wait_ns - timeout_ns);
		return true;
	}
	still_sleep(wait_ns);
	resume(reply);
	return false;
}

static void
ask(const struct http_request *request, struct http_result *result)
{
	const char *target = strstr(request->url, "/v1/");
	struct sim_request ask = { .method = request->method,
		.target = target ? target : "/",
		.body = request->body ? request->body : "",
		.body_len = request->body_len,
		.has_length = true,
		.has_agent = true };
	struct sim_reply reply;

	world->reply_init(&reply);
	handle(&ask, &reply);
	if (wait_out(&reply, request->timeout_ns)) {
		result->end = HTTP_END_TIMEOUT;
		return;
	}
	if (reply.wire == SIM_WIRE_CLOSE)
		result->end = HTTP_END_CLOSED;
	else
		take_answer(&reply, request->answer_max, result);
	reply_end(&reply);
}

static void
exchange(struct http_connection *connection, const struct http_request *request,
    struct http_result *result)
{
	(void)connection;
	memset(result, 0, sizeof *result);
	result->end = HTTP_END_UNREACHED;
	if (still_ns() < down_until_ns)
		return;
	result->end = HTTP_END_HELD;
	if (request->leave && request->leave(request->arg) != 0)
		return;
	result->left = true;
	ask(request, result);
	still_sleep(WAY_NS);
}

static struct http_connection *
connection_open(const struct http_setup *setup, const char **ret_text)
{
	static struct http_connection connection;

	(void)setup;
	(void)ret_text;
	return &connection;
}

static void
connection_close(struct http_connection *connection)
{
	(void)connection;
}

/* Stands before the one in libcore. */
int
http_module_load(
    struct host *host, const struct http_module **ret_module, struct err *err)
{
	static const struct http_module module = {
		.struct_size = sizeof module,
		.open = connection_open,
		.exchange = exchange,
		.close = connection_close,
	};

	(void)host;
	(void)err;
	*ret_module = &module;
	return 0;
}

/* ---- control */

struct json_object *
wire_control(const char *method, const char *noun, const char *body)
{
	struct buf target CLEANUP_BUF = BUF_INIT;
	struct sim_request ask = { .method = method,
		.body = body ? body : "",
		.body_len = body ? strlen(body) : 0,
		.has_length = true };
	struct json_object *json = NULL;
	struct sim_reply reply;

	buf_printf(&target, "/sim/%s", noun);
	ask.target = buf_text(&target);
	world->reply_init(&reply);
	handle(&ask, &reply);
	if (reply.status != 200 ||
	    json_parse(buf_text(&reply.body), reply.body.len,
		&(struct json_bounds){ SIZE_MAX, 64, SIZE_MAX, true }, &json,
		NULL))
		fail_msg("/sim/%s: %d %s", noun, reply.status,
		    buf_text(&reply.body));
	reply_end(&reply);
	return json;
}

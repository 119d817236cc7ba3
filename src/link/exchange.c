/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One exchange: its turn, the module, and what the end means for the caller,
 * for the penalties and for the session.
 *
 * Threads: any.  No lock is held while the module works.
 */

#include "link/exchange.h"

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "link/httpmodule.h"
#include "link/target.h"
#include "link/turn.h"

#define ANSWER_MAX (4 * 1048576)
#define TIMEOUT_NS (20 * NS_PER_S) /* the broker's own is 10 s */
#define ATTEMPTS 2

/* ---- the module */

static int
get_connection(
    struct link *link, struct http_connection **ret_connection, struct err *err)
{
	LOCK_SCOPE(&link->lock);
	const char *why = NULL;
	int r =
	    link->module ? 0 : http_module_load(link->host, &link->module, err);

	if (!link->module)
		return r ? r : IAG_INTERNAL;
	if (!link->connection)
		link->connection = link->module->open(&link->setup, &why);
	if (!link->connection)
		return err_set(err, ERR_BROKER_BACKEND_UNAVAILABLE,
		    "no connection to the broker: %s", why);
	*ret_connection = link->connection;
	return 0;
}

/* ---- leaving */

struct leaving {
	struct link *link;
	const struct wire_request *request;
	struct turn *turn;
	int32_t result; /* of the point of no return */
};

/* From now on other processes wait for what comes of it. */
static void
note_opening(struct link *link)
{
	struct shared_state *state = shared_lock(link->shared);

	if (!state)
		return;
	session_opening(&state->session, clock_boot_ns());
	shared_unlock(link->shared);
}

static int
leave(void *arg)
{
	struct leaving *leaving = arg;
	const struct wire_request *request = leaving->request;

	turn_use(leaving->turn);
	if (request->http->flags & IAG_HTTP_WRITE)
		leaving->result = request->commit(request->ctx);
	if (request->http->flags & IAG_HTTP_OPENING)
		note_opening(leaving->link);
	return leaving->result ? -1 : 0;
}

/* ---- what an end means */

struct meaning {
	enum err_code code;
	int32_t result; /* where nothing was sent, or a read had no answer */
	const char *text;
};

static const struct meaning meanings[] = {
	[HTTP_END_MEMORY] = { ERR_OUT_OF_MEMORY, IAG_NOMEM, "out of memory" },
	[HTTP_END_CANCELLED] = { ERR_CALL_TIMED_OUT, IAG_STOPPING,
	    "the call was over before the answer came" },
	[HTTP_END_UNREACHED] = { ERR_BROKER_BACKEND_UNAVAILABLE, IAG_AGAIN,
	    "nothing answers at broker.base_url" },
	[HTTP_END_TLS] = { ERR_BROKER_BACKEND_UNAVAILABLE, IAG_AGAIN,
	    "the gateway at broker.base_url did not prove who it is" },
	[HTTP_END_TIMEOUT] = { ERR_BROKER_BACKEND_UNAVAILABLE, IAG_AGAIN,
	    "the broker's gateway took the request and did not answer in "
	    "time" },
	[HTTP_END_CLOSED] = { ERR_BROKER_BACKEND_UNAVAILABLE, IAG_AGAIN,
	    "the connection ended before the whole answer came" },
	[HTTP_END_LARGE] = { ERR_BROKER_RESPONSE_INVALID, IAG_AGAIN,
	    "the broker's answer has more than 4 MiB" },
	[HTTP_END_NOISE] = { ERR_BROKER_RESPONSE_INVALID, IAG_AGAIN,
	    "what answers at broker.base_url does not speak HTTP" },
};

static int32_t
explain(const struct wire_request *request, const struct http_result *result,
    struct err *err)
{
	const struct meaning *meaning = &meanings[result->end];
	bool sent = result->left && (request->http->flags & IAG_HTTP_WRITE);

	(void)err_set(err, meaning->code, "%s%s%s%s", meaning->text,
	    result->text[0] ? ": " : "", result->text,
	    sent ? "; the order may have been executed" : "");
	if (result->end == HTTP_END_TLS)
		err_action(err,
		    "make sure that it is your gateway, then set "
		    "broker.tls_pin_sha256 to its key, or broker.ca_file");
	return sent ? IAG_UNKNOWN : meaning->result;
}

static enum session_fault
fault_of(const struct wire_request *request, const struct http_result *result)
{
	bool session = request->http->flags & IAG_HTTP_SESSION;

	switch (result->end) {
	case HTTP_END_ANSWER:
		return session && result->status >= 500 ? SESSION_FAULT_SILENT
							: SESSION_FAULT_NONE;
	case HTTP_END_UNREACHED:
		return SESSION_FAULT_DOWN;
	case HTTP_END_TLS:
		return SESSION_FAULT_TLS;
	default:
		return session ? SESSION_FAULT_SILENT : SESSION_FAULT_NONE;
	}
}

/* Ends that say something about gateway or broker. */
static bool
is_telling(const struct wire_request *request, const struct http_result *result)
{
	if (result->end == HTTP_END_ANSWER || result->end == HTTP_END_TLS ||
	    result->end == HTTP_END_UNREACHED)
		return true;
	return (request->http->flags & IAG_HTTP_SESSION) &&
	       (result->end == HTTP_END_TIMEOUT ||
		   result->end == HTTP_END_CLOSED);
}

/* Of a 429 the rest, of another answer 0. */
static uint64_t
count_answer(struct shared_state *state, const struct wire_request *request,
    const struct http_result *result, uint64_t now_ns)
{
	struct penalty *own =
	    shared_penalty(state, request->http->pattern, now_ns);
	uint64_t real_ns = clock_real_ns();
	bool resting = penalty_left_ns(own, now_ns);
	uint64_t own_ns, all_ns;

	if (result->status != 429) {
		penalty_forgive(own, now_ns);
		return 0;
	}
	own_ns = penalty_strike(own,
	    target_retry_ns(result->retry_after, real_ns), now_ns, real_ns);
	all_ns = resting ? penalty_left_ns(&state->all, now_ns)
			 : penalty_strike_all(&state->all, now_ns, real_ns);
	return own_ns > all_ns ? own_ns : all_ns;
}

static void
remember(struct link *link, const struct wire_request *request,
    const struct http_result *result, uint64_t *ret_rest_ns)
{
	struct shared_state *state;
	uint64_t now_ns = clock_boot_ns();
	uint32_t before;
	bool news;

	*ret_rest_ns = 0;
	if (!is_telling(request, result))
		return;
	state = shared_lock(link->shared);
	if (!state)
		return;
	before = state->session.state;
	if (result->end == HTTP_END_ANSWER)
		*ret_rest_ns = count_answer(state, request, result, now_ns);
	session_failed(&state->session, fault_of(request, result),
	    penalty_left_ns(&state->all, now_ns), now_ns);
	if (result->end == HTTP_END_ANSWER &&
	    request->http->flags & IAG_HTTP_OPENING)
		session_opened(&state->session, result->status >= 500,
		    penalty_left_ns(&state->all, now_ns), now_ns);
	news = state->session.state != before;
	shared_unlock(link->shared);
	if (news)
		shared_ring(link->shared);
}

/* ---- one attempt, and another one of a GET */

static void
take_result(struct http_result *result, struct wire_answer *ret_answer)
{
	ret_answer->status = result->status;
	ret_answer->content_type = STEAL(result->content_type);
	ret_answer->body = STEAL(result->body);
	ret_answer->len = result->len;
	ret_answer->receipt_ns = clock_real_ns();
	ret_answer->date_ns = target_date_ns(result->date);
}

static void
result_fini(struct http_result *result)
{
	free(result->content_type);
	free(result->date);
	free(result->retry_after);
	free(result->body);
}

static uint64_t
timeout_of(const struct wire_request *request)
{
	uint64_t deadline_ns = request->services->deadline_ns(request->ctx);
	uint64_t now_ns = clock_boot_ns();
	uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 1;
	uint64_t want_ns = request->http->timeout_ns;

	if (!want_ns)
		want_ns = TIMEOUT_NS;
	return left_ns < want_ns ? left_ns : want_ns;
}

/* 0; IAG_*; 1: a GET whose connection broke off, worth another attempt. */
static int32_t
attempt(struct link *link, struct http_connection *connection,
    const struct wire_request *request, const char *url,
    struct wire_answer *ret_answer, struct err *err)
{
	const struct iag_http_request *http = request->http;
	struct turn turn;
	struct leaving leaving = {
		.link = link,
		.request = request,
		.turn = &turn,
	};
	struct http_request asked = {
		.method = http->method,
		.url = url,
		.content_type = http->content_type ? http->content_type
						   : "application/json",
		.body = http->body.data,
		.body_len = http->body.len,
		.answer_max = ANSWER_MAX,
		.fresh = http->flags & IAG_HTTP_WRITE,
		.cancel_fd = request->services->cancel_fd(request->ctx),
		.leave = leave,
		.arg = &leaving,
	};
	struct http_result result;
	uint64_t rest_ns;
	int32_t r = turn_wait(&turn, link->shared, request,
	    link->config->broker.pacing, &ret_answer->retry_after_ns, err);

	if (r)
		return r;
	asked.timeout_ns = timeout_of(request);
	link->module->exchange(connection, &asked, &result);
	turn_end(&turn, result.left);
	remember(link, request, &result, &rest_ns);
	if (result.end == HTTP_END_ANSWER) {
		take_result(&result, ret_answer);
		ret_answer->retry_after_ns = rest_ns;
	} else if (result.end == HTTP_END_HELD) {
		r = leaving.result;
	} else {
		r = explain(request, &result, err);
	}
	if (result.end == HTTP_END_CLOSED && strcmp(http->method, "GET") == 0 &&
	    !request->services->stopping(request->ctx))
		r = 1;
	result_fini(&result);
	return r;
}

static int32_t
exchange(struct link *link, const struct wire_request *request,
    struct wire_answer *ret_answer, struct err *err)
{
	const struct iag_http_request *http = request->http;
	CLEANUP_BUF struct buf url = BUF_INIT;
	struct http_connection *connection = NULL;
	int32_t r;

	target_write(&url, link->config->broker.base_url, http->path,
	    http->query, http->query_count);
	if (url.failed)
		return err_no_memory(err);
	r = get_connection(link, &connection, err);
	if (r)
		return r;
	for (int i = 1;; i++) {
		r = attempt(
		    link, connection, request, buf_text(&url), ret_answer, err);
		if (r <= 0)
			return r;
		if (i == ATTEMPTS)
			return IAG_AGAIN;
		err_fini(err);
		*err = (struct err)ERR_INIT;
	}
}

int32_t
link_exchange(void *arg, const struct wire_request *request,
    struct wire_answer *ret_answer, struct err *err)
{
	struct link *link = arg;
	int32_t r;

	(void)atomic_fetch_add(&link->busy, 1);
	r = exchange(link, request, ret_answer, err);
	(void)atomic_fetch_sub(&link->busy, 1);
	return r;
}

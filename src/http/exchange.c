/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One request, from its head to its answer: the checks that need no body,
 * who it is from, then the message, which a session of its own takes.
 *
 * Threads: head() and take() run on a loop, long or waiting ones go on on a
 * worker; the answer comes from either or from a worker of the gateway; gone()
 * and ticks come from the ward.  exchange->lock is taken after http->lock and
 * after the lock of the session's way out, before the session's own.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "config/scope.h"
#include "http/door.h"
#include "http/event.h"
#include "http/rules.h"
#include "http/watch.h"
#include "mcp/registry.h"

/* A message that takes longer to read is none for the loop. */
enum { EXCHANGE_INLINE_MAX = 16 * 1024 };
/* Nor is it kept for whom nobody knows yet: bodies share their memory. */
enum { EXCHANGE_STRANGER_MAX = 64 * 1024 };

static void
exchange_count(struct exchange *exchange, unsigned status)
{
	struct http *http = exchange->http;

	(void)__atomic_add_fetch(&http->requests, 1, __ATOMIC_RELAXED);
	if (status >= 400)
		(void)__atomic_add_fetch(&http->refused, 1, __ATOMIC_RELAXED);
}

static void
exchange_reply(struct exchange *exchange, unsigned status, struct buf *body,
    const struct listener_header *header)
{
	struct listener_header headers[] = { { "Cache-Control", "no-store" },
		{ NULL, NULL } };
	const struct listener_answer answer = { .status = status,
		.type = body->len > 0 ? "application/json" : NULL,
		.headers = headers,
		.header_count = header ? 2 : 1,
		.body = body };

	if (header)
		headers[1] = *header;
	exchange_count(exchange, status);
	listener_answer(exchange->request, &answer);
}

/* `{"error":...,"message":...}` */
static void
exchange_refuse(struct exchange *exchange, unsigned status, const char *error,
    const char *message, const struct listener_header *header)
{
	CLEANUP_BUF struct buf body = BUF_INIT;

	buf_printf(&body, "{\"error\":\"%s\",\"message\":", error);
	json_write_string(&body, message, strlen(message));
	buf_str(&body, "}\n");
	exchange_reply(exchange, status, &body, header);
}

static const char *
exchange_header(const struct exchange *exchange, enum header header)
{
	return listener_header(exchange->request, header);
}

/* The checks: true: the request was answered. */

static bool
exchange_check_path(struct exchange *exchange)
{
	const struct http *http = exchange->http;
	const char *path = listener_path(exchange->request);

	if (strcmp(path, http->path) == 0)
		return false;
	if (http->auth &&
	    (strcmp(path, AUTH_WELL_KNOWN) == 0 ||
		strcmp(path, auth_metadata_path(http->auth)) == 0)) {
		exchange->path = path;
		return false;
	}
	exchange_refuse(
	    exchange, 404, "not_found", "there is nothing at this path", NULL);
	return true;
}

static bool
exchange_check_method(struct exchange *exchange)
{
	const char *method = listener_method(exchange->request);
	const struct listener_header allow = { "Allow",
		exchange->path ? "GET, HEAD" : "POST" };

	if (exchange->path
		? strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0
		: strcmp(method, "POST") == 0)
		return false;
	exchange_refuse(exchange, 405, "method_not_allowed",
	    exchange->path ? "metadata is read by GET"
			   : "messages come by POST; there are no sessions "
			     "and no other streams here",
	    &allow);
	return true;
}

static bool
exchange_check_names(struct exchange *exchange)
{
	const struct http *http = exchange->http;

	if (!rules_host(exchange_header(exchange, HEADER_HOST),
		http->has_resource ? http->resource.host : NULL)) {
		exchange_refuse(exchange, 403, "host_forbidden",
		    "the name in Host is not one of this server", NULL);
		return true;
	}
	/* metadata is for everybody */
	if (exchange->path ||
	    rules_origin(exchange_header(exchange, HEADER_ORIGIN),
		http->config->remote_mcp.resource,
		&http->config->remote_mcp.allowed_origins, http->is_local))
		return false;
	exchange_refuse(exchange, 403, "origin_forbidden",
	    "pages of this origin may not send requests here", NULL);
	return true;
}

/* One more of that caller?  true: too many, and so it was told. */
static bool
exchange_is_too_many(
    struct exchange *exchange, struct rate *rate, const void *key, size_t len)
{
	unsigned wait = rate_take(rate, key, len, clock_boot_ns());
	char seconds[16];
	const struct listener_header after = { "Retry-After", seconds };

	if (wait == 0)
		return false;
	(void)snprintf(seconds, sizeof seconds, "%u", wait);
	exchange_refuse(exchange, 429, "rate_limited",
	    "too many requests: wait as long as Retry-After says", &after);
	return true;
}

static bool
exchange_check_rate(struct exchange *exchange)
{
	const struct address site = address_site(&exchange->client);

	return exchange_is_too_many(exchange, exchange->http->by_address,
	    site.bytes, sizeof site.bytes);
}

/* A verdict that lets nobody in. */
static bool
exchange_check_verdict(struct exchange *exchange)
{
	CLEANUP_BUF struct buf body = BUF_INIT;
	CLEANUP_BUF struct buf challenge = BUF_INIT;
	const struct auth *auth = exchange->http->auth;
	struct listener_header header = { "WWW-Authenticate", NULL };

	if (exchange->verdict.result == AUTH_GRANTED)
		return false;
	if (exchange->verdict.result == AUTH_UNAVAILABLE) {
		header = (struct listener_header){ "Retry-After", "5" };
	} else {
		auth_challenge_write(auth, &exchange->verdict, &challenge);
		header.value = buf_text(&challenge);
	}
	auth_body_write(auth, &exchange->verdict, 0, &body);
	exchange_reply(
	    exchange, auth_status(&exchange->verdict), &body, &header);
	return true;
}

static void
exchange_peer(const struct exchange *exchange, char text[ADDRESS_TEXT_SIZE])
{
	address_format(&exchange->client, text);
}

static bool
exchange_check_caller(struct exchange *exchange)
{
	struct auth *auth = exchange->http->auth;
	const char *header = exchange_header(exchange, HEADER_AUTHORIZATION);
	char peer[ADDRESS_TEXT_SIZE];

	if (!auth || exchange->path ||
	    auth_knows(auth, header, &exchange->verdict)) {
		exchange->is_judged = true;
		return false;
	}
	exchange_peer(exchange, peer);
	exchange->is_judged =
	    auth_refuses(auth, header, peer, &exchange->verdict);
	return exchange->is_judged && exchange_check_verdict(exchange);
}

static bool
exchange_check_types(struct exchange *exchange)
{
	if (exchange->path)
		return false;
	if (!rules_is_json(exchange_header(exchange, HEADER_CONTENT_TYPE))) {
		exchange_refuse(exchange, 415, "unsupported_media_type",
		    "a message is application/json", NULL);
		return true;
	}
	exchange->accept =
	    rules_accept(exchange_header(exchange, HEADER_ACCEPT));
	if (exchange->accept)
		return false;
	exchange_refuse(exchange, 406, "not_acceptable",
	    "answers are application/json or text/event-stream", NULL);
	return true;
}

static struct exchange *
exchange_new(struct http *http, struct listener_request *request)
{
	struct exchange *exchange = calloc(1, sizeof *exchange);

	if (!exchange)
		return NULL;
	exchange->http = http;
	exchange->request = request;
	(void)pthread_mutex_init(&exchange->lock, NULL);
	LOCK_SCOPE(&http->lock);
	exchange->next = http->exchanges;
	if (exchange->next)
		exchange->next->prev = exchange;
	http->exchanges = exchange;
	return exchange;
}

/* Nobody finds it any more; http may be gone behind this. */
static void
exchange_unlink(struct http *http, struct exchange *exchange)
{
	LOCK_SCOPE(&http->lock);

	if (exchange->prev)
		exchange->prev->next = exchange->next;
	else
		http->exchanges = exchange->next;
	if (exchange->next)
		exchange->next->prev = exchange->prev;
	if (!http->exchanges)
		(void)pthread_cond_broadcast(&http->empty);
}

static void
exchange_forget(void *arg, void *context)
{
	struct exchange *exchange = context;

	exchange_unlink(arg, exchange);
	if (exchange->session)
		session_unref(exchange->session);
	(void)pthread_mutex_destroy(&exchange->lock);
	auth_verdict_fini(&exchange->verdict);
	watch_free(exchange->watch);
	free(exchange->progress_token);
	free(exchange);
}

static void
exchange_head(void *arg, struct listener_request *request)
{
	static bool (*const checks[])(
	    struct exchange *) = { exchange_check_path, exchange_check_names,
		exchange_check_method, exchange_check_rate,
		exchange_check_caller, exchange_check_types };
	struct http *http = arg;
	struct exchange *exchange = exchange_new(http, request);

	if (!exchange) {
		listener_refuse(request, 503, "no_memory",
		    "there is no memory for the request", true);
		return;
	}
	listener_set_context(request, exchange);
	exchange->client = address_client(listener_peer(request),
	    listener_header(request, HEADER_X_FORWARDED_FOR), http->proxies,
	    http->proxy_count);
	for (size_t i = 0; i < ARRAY_COUNT(checks); i++) {
		if (checks[i](exchange))
			return;
	}
	if (!exchange->is_judged || exchange->path)
		listener_limit_body(request, EXCHANGE_STRANGER_MAX);
}

void
exchange_stream_begin(struct exchange *exchange)
{
	static const struct listener_header headers[] = {
		{ "Cache-Control", "no-cache" }, { "X-Accel-Buffering", "no" }
	};
	const struct listener_answer answer = { .status = 200,
		.type = "text/event-stream",
		.headers = headers,
		.header_count = ARRAY_COUNT(headers) };

	exchange->is_stream = true;
	exchange_count(exchange, 200);
	listener_stream(exchange->request, &answer);
}

/* line: one message and its newline. */
static void
exchange_stream_send(struct exchange *exchange, const struct buf *line)
{
	CLEANUP_BUF struct buf event = BUF_INIT;

	event_write(&event, line->data, line->len);
	if (!event.failed)
		(void)listener_write(exchange->request, event.data, event.len);
}

/* 403, with what a token for it needs. */
static void
exchange_reply_denied(
    struct exchange *exchange, struct buf *line, const char *scope)
{
	CLEANUP_BUF struct buf challenge = BUF_INIT;
	struct listener_header header = { "WWW-Authenticate", NULL };

	auth_step_up_write(exchange->http->auth, &exchange->verdict,
	    scope_bit(scope), &challenge);
	header.value = buf_text(&challenge);
	exchange_reply(exchange, 403, line, &header);
}

/* What a call says before its answer. */
static bool
exchange_take_note(struct exchange *exchange, const struct buf *line)
{
	LOCK_SCOPE(&exchange->lock);

	if (!(exchange->accept & RULES_STREAM))
		return true;
	if (!exchange->is_stream)
		exchange_stream_begin(exchange);
	exchange_stream_send(exchange, line);
	return true;
}

/* The session's way out. */
static bool
exchange_take_line(void *arg, struct buf *line)
{
	struct exchange *exchange = arg;
	const char *denied = exchange->session->denied_scope;
	bool is_plain = false;

	if (!exchange->session->is_answered)
		return exchange_take_note(exchange, line);
	if (exchange->session->fault)
		exchange->status =
		    rules_status(exchange->session->fault, exchange->era);
	is_plain = exchange->status >= 400 || denied;
	(void)pthread_mutex_lock(&exchange->lock);
	exchange->is_answered = true;
	if (!(exchange->accept & RULES_JSON) && !is_plain &&
	    !exchange->is_stream)
		exchange_stream_begin(exchange);
	(void)pthread_mutex_unlock(&exchange->lock);
	if (exchange->is_stream) {
		exchange_stream_send(exchange, line);
		listener_end(exchange->request);
	} else if (denied && exchange->http->auth) {
		exchange_reply_denied(exchange, line, denied);
	} else {
		exchange_reply(exchange, exchange->status, line, NULL);
	}
	listener_unref(exchange->request);
	return true;
}

static struct principal
exchange_principal(const struct exchange *exchange)
{
	if (!exchange->http->auth)
		return exchange->http->principal;
	return (struct principal){
		.name = exchange->verdict.name,
		.kind = exchange->verdict.is_operator ? PRINCIPAL_OPERATOR
						      : PRINCIPAL_AGENT,
		.scopes = exchange->verdict.scopes,
	};
}

static bool
exchange_is_call(const struct exchange *exchange, const struct message *message)
{
	const struct method *method =
	    message->kind == MESSAGE_REQUEST
		? registry_find(
		      exchange->http->registry, message->method, exchange->era)
		: NULL;

	return method && method->is_call;
}

/* Where a call may tell how far it is; a subscription is nowhere. */
static void
exchange_read_token(struct exchange *exchange, const struct message *message)
{
	struct json_object *token = json_get(message->meta, "progressToken");

	if (exchange->accept & RULES_STREAM &&
	    exchange_is_call(exchange, message))
		exchange->progress_token = message_id_text(token);
	exchange->since_ns = clock_boot_ns();
}

static void
exchange_give(struct exchange *exchange, struct message *message, size_t len)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct principal principal = exchange_principal(exchange);
	struct session *session = NULL;

	if (session_new_single(exchange->http->registry,
		exchange->http->gateway, &principal, exchange_take_line,
		exchange, &session, &err) < 0) {
		exchange_refuse(
		    exchange, 503, "no_memory", err_text(&err), NULL);
		return;
	}
	session->lists = exchange->http->lists;
	/* for what is answered at once; a call's task has memory of its own */
	session->answer = listener_memory(exchange->request);
	if (exchange->http->auth)
		memcpy(session->id, exchange->verdict.token_id,
		    sizeof session->id);
	(void)pthread_mutex_lock(&exchange->lock);
	exchange->session = session;
	exchange_read_token(exchange, message);
	(void)pthread_mutex_unlock(&exchange->lock);
	(void)listener_ref(exchange->request);
	session_take(session, message, len);
	(void)pthread_mutex_lock(&exchange->lock);
	if (exchange->is_gone && exchange->era == ERA_MODERN)
		session_cancel_all(session);
	(void)pthread_mutex_unlock(&exchange->lock);
}

/* A message that its headers contradict; true: it was answered. */
static bool
exchange_check_message(
    struct exchange *exchange, const struct message *message, int code)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	CLEANUP_BUF struct buf body = BUF_INIT;
	const struct rules_head head = {
		.version =
		    exchange_header(exchange, HEADER_MCP_PROTOCOL_VERSION),
		.method = exchange_header(exchange, HEADER_MCP_METHOD),
		.name = exchange_header(exchange, HEADER_MCP_NAME),
	};

	if (code == RPC_UNSUPPORTED_VERSION
		? !rules_is_split(&head, message)
		: code != 0 && code != RPC_METHOD_NOT_FOUND)
		return false;
	code = rules_message(&head, message, exchange->era, &err);
	if (code == 0)
		return false;
	answer_error(&body, message->id, code, NULL, "%s", err_text(&err));
	exchange_reply(exchange, 400, &body, NULL);
	return true;
}

static void
exchange_serve(struct exchange *exchange)
{
	CLEANUP_MESSAGE struct message message;
	CLEANUP_BUF struct buf nothing = BUF_INIT;
	const struct buf *body = listener_body(exchange->request);
	const struct principal principal = exchange_principal(exchange);
	int code = 0;

	message = (struct message){ .kind = MESSAGE_FAULT };
	if (exchange_is_too_many(exchange, exchange->http->by_principal,
		principal.name, strlen(principal.name)))
		return;
	message_parse(&message, buf_text(body), body->len);
	code =
	    session_judge(exchange->http->registry, &message, &exchange->era);
	exchange->status = rules_status(code, exchange->era);
	if (exchange_check_message(exchange, &message, code))
		return;
	if (message.kind == MESSAGE_RESPONSE &&
	    exchange->http->registry->take_response)
		exchange->http->registry->take_response(&message);
	if (message.kind != MESSAGE_REQUEST && message.kind != MESSAGE_FAULT)
		exchange_reply(exchange, 202, &nothing, NULL);
	else
		exchange_give(exchange, &message, body->len);
}

/* What the loop has no time for. */
static void
exchange_work(void *arg)
{
	struct exchange *exchange = arg;
	struct listener_request *request = exchange->request;
	char peer[ADDRESS_TEXT_SIZE];

	if (!exchange->is_judged) {
		exchange_peer(exchange, peer);
		auth_check(exchange->http->auth,
		    exchange_header(exchange, HEADER_AUTHORIZATION), peer,
		    &exchange->verdict);
		exchange->is_judged = true;
	}
	if (!exchange->http->auth || !exchange_check_verdict(exchange))
		exchange_serve(exchange);
	listener_unref(request);
}

static void
exchange_reply_metadata(struct exchange *exchange)
{
	CLEANUP_BUF struct buf body = BUF_INIT;
	static const struct listener_header headers[] = {
		{ "Cache-Control", "public, max-age=300" },
		{ "Access-Control-Allow-Origin", "*" }
	};
	const struct listener_answer answer = { .status = 200,
		.type = "application/json",
		.headers = headers,
		.header_count = ARRAY_COUNT(headers),
		.body = &body };

	auth_metadata_write(exchange->http->auth, &body);
	exchange_count(exchange, 200);
	listener_answer(exchange->request, &answer);
}

/* Is it more than the loop has time for? */
static bool
exchange_may_wait(const struct exchange *exchange)
{
	const char *method = exchange_header(exchange, HEADER_MCP_METHOD);

	return listener_body(exchange->request)->len > EXCHANGE_INLINE_MAX ||
	       (method && strcmp(method, "subscriptions/listen") == 0);
}

static void
exchange_take(void *arg, struct listener_request *request)
{
	struct http *http = arg;
	struct exchange *exchange = listener_context(request);

	if (exchange->path) {
		exchange_reply_metadata(exchange);
		return;
	}
	/* the body may have come long after the head */
	if (exchange->is_judged && http->auth &&
	    !auth_holds(http->auth, &exchange->verdict)) {
		auth_verdict_fini(&exchange->verdict);
		exchange->is_judged = false;
	}
	if (exchange->is_judged && !exchange_may_wait(exchange)) {
		exchange_serve(exchange);
		return;
	}
	(void)listener_ref(request);
	if (workers_run(http->workers, exchange_work, exchange) == 0)
		return;
	exchange_refuse(
	    exchange, 503, "stopping", "the server is stopping", NULL);
	listener_unref(request);
}

void
exchange_cancel(struct exchange *exchange)
{
	LOCK_SCOPE(&exchange->lock);

	exchange->is_gone = true;
	if (exchange->session)
		session_cancel_all(exchange->session);
}

/* In the legacy era a client that leaves wants its call to go on. */
static void
exchange_gone(void *arg, struct listener_request *request)
{
	struct exchange *exchange = listener_context(request);
	bool was_watching = false;

	(void)arg;
	if (!exchange)
		return;
	(void)pthread_mutex_lock(&exchange->lock);
	exchange->is_gone = true;
	if (exchange->session && exchange->era == ERA_MODERN)
		session_cancel_all(exchange->session);
	was_watching = watch_drop(exchange);
	(void)pthread_mutex_unlock(&exchange->lock);
	if (was_watching)
		listener_unref(request);
}

void
exchange_tick(struct exchange *exchange, uint64_t now_ns)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	unsigned seconds = 0;
	LOCK_SCOPE(&exchange->lock);

	if (!exchange->progress_token || exchange->is_answered ||
	    exchange->is_gone || now_ns < exchange->since_ns)
		return;
	seconds = (unsigned)((now_ns - exchange->since_ns) / NS_PER_S);
	if (seconds <= exchange->progress)
		return;
	exchange->progress = seconds;
	if (!exchange->is_stream)
		exchange_stream_begin(exchange);
	buf_printf(&line,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\","
	    "\"params\":{\"progressToken\":%s,\"progress\":%u,\"message\":"
	    "\"%u s: waiting for the broker\"}}\n",
	    exchange->progress_token, seconds, seconds);
	exchange_stream_send(exchange, &line);
}

static bool
exchange_admit(void *arg, const struct address *peer, bool *ret_is_exempt)
{
	const struct http *http = arg;

	for (size_t i = 0; i < http->proxy_count && !*ret_is_exempt; i++)
		*ret_is_exempt = address_net_has(&http->proxies[i], peer);
	return http->is_local || http->certificate || *ret_is_exempt;
}

static void
exchange_tick_all(void *arg)
{
	struct http *http = arg;
	uint64_t now = clock_boot_ns();

	if (http->certificate && now - http->looked_ns >= 2 * NS_PER_S) {
		http->looked_ns = now;
		certificate_refresh(http->certificate);
	}
	watch_tick(http);
	LOCK_SCOPE(&http->lock);
	for (struct exchange *e = http->exchanges; e; e = e->next)
		exchange_tick(e, now);
}

const struct listener_calls exchange_calls = { .head = exchange_head,
	.take = exchange_take,
	.gone = exchange_gone,
	.forget = exchange_forget,
	.admit = exchange_admit,
	.tick = exchange_tick_all };

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The services that reach the broker.  A request is held to the routes of
 * its plugin before the connection sees it (ruling 32).
 *
 * Plugin threads and threads of plugins enter, several at once.  No lock is
 * held while the connection works.
 */

#include "host/wire.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/instance.h"
#include "host/route.h"
#include "host/writeservice.h"

enum { QUERY_STRINGS_MAX = 256 };

#define BODY_MAX ((size_t)1048576)

void
wire_answer_fini(struct wire_answer *answer)
{
	free(answer->content_type);
	free(answer->body);
	*answer = (struct wire_answer){ .status = 0 };
}

static int32_t
refuse(struct iag_ctx *ctx, int32_t result, const struct err *err)
{
	const char *code =
	    err->code == ERR_NONE ? NULL : err_kind(err->code)->name;

	return services_table.fail(ctx, result, code, "%s", err_text(err));
}

/* The connection of the context's host, or NULL and the result said. */
static const struct host_wire *
find_wire(struct iag_ctx *ctx, const char *service)
{
	const struct host_wire *wire = ctx->instance && ctx->instance->host
					   ? &ctx->instance->host->wire
					   : NULL;

	if (wire && wire->exchange && ctx->plugin->desc.kind != IAG_KIND_STORE)
		return wire;
	(void)services_table.fail(ctx, IAG_NOTSUP, NULL,
	    "'%s' is for backends and writers whose host is connected to a "
	    "broker",
	    service);
	return NULL;
}

/* A record of the plugin's size into one of ours. */
static void
copy_record(void *to, size_t to_size, const void *from, uint32_t from_size)
{
	memset(to, 0, to_size);
	memcpy(to, from, from_size < to_size ? from_size : to_size);
}

/* One of ours into the plugin's, whose struct_size stays. */
static void
give_record(void *to, const void *from, size_t from_size)
{
	uint32_t to_size;

	memcpy(&to_size, to, sizeof to_size);
	memcpy(to, from, to_size < from_size ? to_size : from_size);
	memcpy(to, &to_size, sizeof to_size);
}

static int
check_request(const struct iag_http_request *request, struct err *err)
{
	if (request->query_count > QUERY_STRINGS_MAX ||
	    request->query_count % 2 ||
	    (request->query_count && !request->query))
		return err_set(err, ERR_INTERNAL_ERROR,
		    "a request has %zu strings as its query, expected pairs, "
		    "at most %d",
		    request->query_count, (int)QUERY_STRINGS_MAX);
	for (size_t i = 0; i < request->query_count; i++)
		if (!request->query[i])
			return err_set(err, ERR_INTERNAL_ERROR,
			    "a request has a null pointer in its query");
	if (request->body.len > BODY_MAX ||
	    (request->body.len && !request->body.data))
		return err_set(err, ERR_INTERNAL_ERROR,
		    "a request has a body of %zu bytes, at most %zu are "
		    "allowed",
		    request->body.len, BODY_MAX);
	if (request->body.len && strcmp(request->method, "POST") != 0)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "a %.10s request has a body", request->method);
	return 0;
}

/* The answer in the plugin's hands: interned, and as much as it knows. */
static int32_t
give_answer(struct iag_ctx *ctx, const struct wire_answer *answer,
    struct iag_http_response *ret_response)
{
	const char *type = answer->content_type ? answer->content_type : "";
	struct iag_http_response full = {
		.status = answer->status,
		.receipt_ns = answer->receipt_ns,
		.date_ns = answer->date_ns,
		.retry_after_ns = answer->retry_after_ns,
	};

	full.content_type = services_table.intern(ctx, type, strlen(type));
	full.body.data = services_table.intern(
	    ctx, answer->body ? answer->body : "", answer->len);
	full.body.len = answer->len;
	if (!full.content_type || !full.body.data)
		return IAG_NOMEM;
	give_record(ret_response, &full, sizeof full);
	return 0;
}

/* After a write was sent, what fails here has not undone it. */
static int32_t
run_exchange(struct iag_ctx *ctx, const struct host_wire *wire,
    const struct wire_request *request, struct iag_http_response *ret_response)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct wire_answer answer = { .status = 0 };
	int32_t r = wire->exchange(wire->arg, request, &answer, &err);

	if (answer.retry_after_ns && r == IAG_LIMIT)
		services_table.retry_after(ctx, answer.retry_after_ns);
	if (r && err.code != ERR_NONE)
		r = refuse(ctx, r, &err);
	if (r == 0)
		r = give_answer(ctx, &answer, ret_response);
	if (r == IAG_NOMEM && request->http->flags & IAG_HTTP_WRITE)
		r = services_table.fail(ctx, IAG_UNKNOWN, NULL,
		    "there was no memory for the broker's answer");
	wire_answer_fini(&answer);
	return r;
}

int32_t
service_http(struct iag_ctx *ctx, const struct iag_http_request *request,
    struct iag_http_response *ret_response)
{
	const struct host_wire *wire = find_wire(ctx, "http");
	CLEANUP_ERR struct err err = ERR_INIT;
	struct iag_http_request full;
	const struct iag_route *route = NULL;
	struct wire_request asked;

	if (!wire)
		return IAG_NOTSUP;
	if (!request || !ret_response)
		return IAG_INVAL;
	copy_record(&full, sizeof full, request, request->struct_size);
	if (route_find(ctx->plugin, &full, &route, &err) < 0 ||
	    check_request(&full, &err) < 0)
		return refuse(ctx, IAG_INVAL, &err);
	asked = (struct wire_request){
		.http = &full,
		.all = route_bucket(ctx->plugin, "all"),
		.own = route_bucket(ctx->plugin, route->bucket),
		.ctx = ctx,
		.services = &services_table,
		.commit = service_commit_send,
	};
	return run_exchange(ctx, wire, &asked, ret_response);
}

int32_t
service_session_set(struct iag_ctx *ctx, const struct iag_session *session)
{
	const struct host_wire *wire = find_wire(ctx, "session_set");
	CLEANUP_ERR struct err err = ERR_INIT;
	struct iag_session full;
	int32_t r;

	if (!wire)
		return IAG_NOTSUP;
	if (!session)
		return IAG_INVAL;
	copy_record(&full, sizeof full, session, session->struct_size);
	r = wire->session_set(wire->arg, &full, &err);
	return r ? refuse(ctx, r, &err) : 0;
}

int32_t
service_session_get(struct iag_ctx *ctx, struct iag_session *ret_session)
{
	const struct host_wire *wire = find_wire(ctx, "session_get");
	CLEANUP_ERR struct err err = ERR_INIT;
	struct iag_session full = { .struct_size = sizeof full };
	CLEANUP_FREE char *message = NULL;
	int32_t r;

	if (!wire)
		return IAG_NOTSUP;
	if (!ret_session)
		return IAG_INVAL;
	r = wire->session_get(wire->arg, &full, &err);
	if (r)
		return refuse(ctx, r, &err);
	message = (char *)(uintptr_t)full.message;
	if (message) {
		full.message =
		    services_table.intern(ctx, message, strlen(message));
		if (!full.message)
			return IAG_NOMEM;
	}
	give_record(ret_session, &full, sizeof full);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The connection, its commit_send and its silence are the host's: a write is
 * sent at most once, and one without an answer fails as unknown.
 */

#include "wire.h"

#include <string.h>

#include "path.h"
#include "text.h"

#define NS_PER_S UINT64_C(1000000000)

const struct iag_route routes[ROUTE_COUNT] = {
	[ROUTE_SUBMIT] = { "POST", "/iserver/account/{account}/orders", NULL,
	    IAG_HTTP_WRITE, 0 },
	[ROUTE_REPLY] = { "POST", "/iserver/reply/{reply}", NULL,
	    IAG_HTTP_WRITE, 0 },
	[ROUTE_MODIFY] = { "POST", "/iserver/account/{account}/order/{order}",
	    NULL, IAG_HTTP_WRITE, 0 },
	[ROUTE_CANCEL] = { "DELETE", "/iserver/account/{account}/order/{order}",
	    NULL, IAG_HTTP_WRITE | IAG_HTTP_URGENT, 0 },
	[ROUTE_LOGIN] = { "GET", "/iserver/accounts", NULL, IAG_HTTP_READ, 0 },
	[ROUTE_ORDERS] = { "GET", "/iserver/account/orders", "orders",
	    IAG_HTTP_READ, 0 },
	[ROUTE_ORDER] = { "GET", "/iserver/account/order/status/{order}", NULL,
	    IAG_HTTP_READ, 0 },
};

/* As in the backend: the broker counts both together. */
const struct iag_bucket buckets[BUCKET_COUNT] = {
	{ .name = "all", .window_ns = NS_PER_S, .tokens = 10, .reserve = 3 },
	{ .name = "orders", .window_ns = 5 * NS_PER_S, .tokens = 1 },
};

/* Everybody is told at once that nobody is logged in. */
static void
login_ended(const struct errand *errand)
{
	const struct iag_session session = {
		.struct_size = sizeof(session),
		.known = IAG_SESSION_LOGIN,
	};

	(void)errand->host->session_set(errand->ctx, &session);
}

int32_t
wire_ask(const struct errand *errand, enum route_name route,
    const char *const *holes, const char *const *query, const char *body,
    struct iag_http_response *ret_response)
{
	const struct iag_route *row = &routes[route];
	struct text path = { .data = NULL };
	struct iag_http_request request = {
		.struct_size = sizeof(request),
		.flags = row->flags,
		.method = row->method,
		.pattern = row->pattern,
		.query = query,
		.query_count = query ? 2 : 0,
		.body = { body, body ? strlen(body) : 0 },
	};
	int32_t ret;

	*ret_response = (struct iag_http_response){
		.struct_size = sizeof(*ret_response),
	};
	path_make(&path, row->pattern, holes);
	if (path.failed)
		return errand->host->fail(
		    errand->ctx, IAG_NOMEM, NULL, "out of memory");
	request.path = path.data;
	ret = errand->host->http(errand->ctx, &request, ret_response);
	text_fini(&path);
	if (ret == IAG_OK && ret_response->status == 401)
		login_ended(errand);
	return ret;
}

int32_t
wire_write(const struct errand *errand, enum route_name route,
    const char *const *holes, const char *body, struct answer *ret_answer)
{
	enum answer_to to = route == ROUTE_CANCEL  ? ANSWER_TO_CANCEL
			    : route == ROUTE_REPLY ? ANSWER_TO_REPLY
						   : ANSWER_TO_ORDER;
	struct iag_http_response response;
	int32_t ret = wire_ask(errand, route, holes, NULL, body, &response);

	if (ret)
		return ret;
	answer_read(ret_answer, to, response.status,
	    response.body.data ? response.body.data : "", response.body.len);
	return IAG_OK;
}

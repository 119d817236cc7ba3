/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A backend for tests of the connection: its session callback makes one real
 * request for each step and believes what the status says.  401: nobody is
 * logged in; 503: nothing is known; 200: the step worked; 204: so it did, and
 * no session is open.
 */

#include <stdio.h>
#include <string.h>

#include "ibkr-agent/backend.h"

static const struct iag_host *host;
static int here; /* an address of ours for the instance */
static int opened;

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *table)
{
	(void)ctx;
	host = table;
	return IAG_OK;
}

static int32_t
open_instance(struct iag_ctx *ctx, void **ret_instance)
{
	(void)ctx;
	*ret_instance = &here;
	return IAG_OK;
}

static int32_t
ask(struct iag_ctx *ctx, const char *path, uint32_t *ret_status)
{
	uint32_t opens = strcmp(path, "/init") == 0 ? IAG_HTTP_OPENING : 0;
	struct iag_http_request request = {
		.struct_size = sizeof request,
		.flags = IAG_HTTP_SESSION | opens,
		.method = "POST",
		.pattern = path,
		.path = path,
	};
	struct iag_http_response response = { .struct_size = sizeof response };
	int32_t r = host->http(ctx, &request, &response);

	*ret_status = response.status;
	return r;
}

/* What a good answer to a step shows. */
static void
tell(struct iag_ctx *ctx, uint32_t step)
{
	struct iag_session session = { .struct_size = sizeof session };

	session.known = IAG_SESSION_LOGIN | IAG_SESSION_AUTHENTICATED |
			IAG_SESSION_CONNECTED | IAG_SESSION_ESTABLISHED |
			IAG_SESSION_COMPETING;
	session.facts = IAG_SESSION_LOGIN | IAG_SESSION_CONNECTED;
	if (step == IAG_SESSION_STEP_OPEN)
		opened = 1;
	if (opened)
		session.facts |=
		    IAG_SESSION_AUTHENTICATED | IAG_SESSION_ESTABLISHED;
	if (step == IAG_SESSION_STEP_PRIME) {
		session.known |= IAG_SESSION_PRIMED;
		session.facts |= IAG_SESSION_PRIMED;
	}
	(void)host->session_set(ctx, &session);
}

static int32_t
session(struct iag_ctx *ctx, void *instance, uint32_t step)
{
	static const char *const paths[] = { "/", "/status", "/tickle", "/init",
		"/compete", "/accounts" };
	struct iag_session none = { .struct_size = sizeof none,
		.known = IAG_SESSION_LOGIN };
	uint32_t status = 0;
	int32_t r;

	(void)instance;
	if (step < 1 || step >= sizeof paths / sizeof *paths)
		return IAG_NOTSUP;
	r = ask(ctx, paths[step], &status);
	if (r != IAG_OK)
		return r;
	if (status == 401)
		return host->session_set(ctx, &none);
	if (status != 200 && status != 204)
		return host->fail(ctx, IAG_AGAIN, NULL, "status %u", status);
	if (status == 204)
		opened = 0;
	tell(ctx, step);
	return IAG_OK;
}

static int32_t
query(struct iag_ctx *ctx, void *instance, const char *operation,
    const char *arguments, size_t len)
{
	static const char usable[] = "{\"status\":\"usable\"}";
	struct iag_session seen = { .struct_size = sizeof seen };
	uint32_t status = 0;
	int32_t r = ask(ctx, "/status", &status);

	(void)instance;
	(void)operation;
	(void)arguments;
	(void)len;
	if (r == IAG_OK)
		r = host->session_get(ctx, &seen);
	if (r != IAG_OK)
		return r;
	if (!(seen.facts & IAG_SESSION_READY))
		return host->fail(
		    ctx, IAG_AUTH, "BROKER_SESSION_REQUIRED", "not ready");
	return host->reply(ctx, NULL, usable, sizeof usable - 1);
}

static const char *const operations[] = { "session_status" };

static const struct iag_route routes[] = {
	{ "POST", "/status", "all", IAG_HTTP_SESSION, 0 },
	{ "POST", "/tickle", "all", IAG_HTTP_SESSION, 0 },
	{ "POST", "/init", "all", IAG_HTTP_SESSION | IAG_HTTP_OPENING, 0 },
	{ "POST", "/compete", "all", IAG_HTTP_SESSION, 0 },
	{ "POST", "/accounts", "all", IAG_HTTP_SESSION, 0 },
};
static const struct iag_bucket buckets[] = {
	{ "all", 1000000000, 20, 0, 0, 0 },
};

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof instance_ops,
	.open = open_instance,
};

static const struct iag_backend_ops backend_ops = {
	.struct_size = sizeof backend_ops,
	.operations = operations,
	.operation_count = 1,
	.query = query,
	.session = session,
};

static const struct iag_plugin plugin = {
	.struct_size = sizeof plugin,
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_BACKEND,
	.thread_model = IAG_THREAD_PARALLEL,
	.name = "wired",
	.version = "1",
	.summary = "asks a gateway for its session",
	.load = load,
	.instance = &instance_ops,
	.ops = &backend_ops,
	.routes = routes,
	.route_count = sizeof routes / sizeof *routes,
	.route_size = sizeof *routes,
	.buckets = buckets,
	.bucket_count = sizeof buckets / sizeof *buckets,
	.bucket_size = sizeof *buckets,
};

const struct iag_plugin *
iag_plugin_1(void)
{
	return &plugin;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * host->http as a plugin meets it: what is declared reaches the connection,
 * nothing else does (ruling 32, invariant 10).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "host/instance.h"
#include "host/route.h"
#include "host/wire.h"

static const struct iag_host *const host = &services_table;

static struct iag_bucket buckets[] = {
	{ .name = "all", .tokens = 10, .window_ns = 1, .reserve = 2 },
	{ .name = "orders", .tokens = 1, .window_ns = 5 },
};
static struct iag_route routes[] = {
	{ "GET", "/accounts", NULL, IAG_HTTP_READ, 0 },
	{ "GET", "/account/{account}/orders", "orders", IAG_HTTP_READ, 0 },
	{ "POST", "/tickle", NULL, IAG_HTTP_SESSION, 0 },
};

static struct plugin plugin;
static struct host owner;
static struct instance instance = { .host = &owner, .plugin = &plugin };

/* What the connection was asked for last, and what it says. */
static struct {
	int count;
	char path[100];
	const struct iag_bucket *all;
	const struct iag_bucket *own;
	int32_t result;
	uint64_t retry_after_ns;
} seen;

static int32_t
fake_exchange(void *arg, const struct wire_request *request,
    struct wire_answer *ret_answer, struct err *err)
{
	(void)arg;
	seen.count++;
	(void)snprintf(seen.path, sizeof seen.path, "%s", request->http->path);
	seen.all = request->all;
	seen.own = request->own;
	ret_answer->retry_after_ns = seen.retry_after_ns;
	if (seen.result) {
		(void)err_set(err, ERR_BROKER_RATE_LIMITED, "later");
		return seen.result;
	}
	*ret_answer = (struct wire_answer){
		.status = 200,
		.content_type = strdup("application/json"),
		.body = strdup("{\"a\":1}"),
		.len = 7,
		.receipt_ns = 5,
	};
	return 0;
}

static int32_t
fake_get(void *arg, struct iag_session *ret_session, struct err *err)
{
	(void)arg;
	(void)err;
	ret_session->facts = IAG_SESSION_READY;
	ret_session->epoch = 7;
	ret_session->message = strdup("hello");
	return 0;
}

static int32_t
fake_set(void *arg, const struct iag_session *session, struct err *err)
{
	(void)arg;
	(void)err;
	assert_int_equal(IAG_SESSION_LOGIN, session->known);
	assert_int_equal(0, session->facts);
	assert_null(session->message);
	return 0;
}

static struct iag_plugin
descriptor(uint32_t kind)
{
	return (struct iag_plugin){
		.kind = kind,
		.name = "a-plugin",
		.routes = routes,
		.route_count = ARRAY_COUNT(routes),
		.route_size = sizeof routes[0],
		.buckets = buckets,
		.bucket_count = ARRAY_COUNT(buckets),
		.bucket_size = sizeof buckets[0],
	};
}

static int
set_up(void **state)
{
	static const struct host_wire wire = {
		.exchange = fake_exchange,
		.session_set = fake_set,
		.session_get = fake_get,
	};
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)state;
	memset(&seen, 0, sizeof seen);
	plugin = (struct plugin){ .desc = descriptor(IAG_KIND_BACKEND) };
	host_set_wire(&owner, &wire);
	return route_adopt(&plugin, &err);
}

static int
tear_down(void **state)
{
	(void)state;
	route_drop(&plugin);
	return 0;
}

static struct iag_ctx *
new_context(void)
{
	struct iag_ctx *ctx = context_new(&plugin, "query", NULL, UINT64_MAX);

	assert_non_null(ctx);
	ctx->instance = &instance;
	return ctx;
}

static int32_t
send_request(uint32_t flags, const char *method, const char *pattern,
    const char *path, const char *ret_why)
{
	struct iag_http_request request = {
		.struct_size = sizeof request,
		.flags = flags,
		.method = method,
		.pattern = pattern,
		.path = path,
	};
	struct iag_http_response response = { .struct_size = sizeof response };
	struct iag_ctx *ctx = new_context();
	int32_t r = host->http(ctx, &request, &response);

	if (r == 0) {
		assert_int_equal(200, response.status);
		assert_string_equal("application/json", response.content_type);
		assert_int_equal(7, response.body.len);
		assert_string_equal("{\"a\":1}", response.body.data);
	} else if (ret_why && !strstr(ctx->fail_text, ret_why)) {
		fail_msg("'%s' lacks '%s'", ctx->fail_text, ret_why);
	}
	context_unref(ctx);
	return r;
}

static void
test_inv10_only_declared_requests_reach_the_connection(void **state)
{
	static const struct {
		uint32_t flags;
		const char *method;
		const char *pattern;
		const char *path;
		const char *why;
	} cases[] = {
		{ IAG_HTTP_READ, "GET", "/orders", "/orders", "not declare" },
		{ IAG_HTTP_READ, "POST", "/accounts", "/accounts",
		    "not declare" },
		{ IAG_HTTP_WRITE, "POST", "/tickle", "/tickle", "not declare" },
		{ IAG_HTTP_READ, "GET", "/accounts", "/orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/accounts", "/accounts/", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/accounts", "/accounts?a=b",
		    "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account//orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/../orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/a/b/orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/a#b/orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/%2e%2e/orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/%2E/orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/.%2e/orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/%2E./orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/a%2Fb/orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/..%2f..%2faccounts/orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/a%5cb/orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/a%00/orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/a%0Ab/orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/a%/orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/a%2/orders", "wrongly" },
		{ IAG_HTTP_READ, "GET", "/account/{account}/orders",
		    "/account/a%zz/orders", "wrongly" },
		{ IAG_HTTP_READ, NULL, "/accounts", "/accounts", "without" },
		{ IAG_HTTP_READ, "GET", "/accounts", NULL, "without" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		assert_int_equal(IAG_INVAL,
		    send_request(cases[i].flags, cases[i].method,
			cases[i].pattern, cases[i].path, cases[i].why));
	assert_int_equal(0, seen.count);
}

static void
test_a_declared_request_comes_with_its_buckets(void **state)
{
	(void)state;
	assert_int_equal(0,
	    send_request(IAG_HTTP_READ, "GET", "/accounts", "/accounts", NULL));
	assert_string_equal("all", seen.all->name);
	assert_null(seen.own);
	assert_int_equal(
	    0, send_request(IAG_HTTP_READ, "GET", "/account/{account}/orders",
		   "/account/DU%201/orders", NULL));
	assert_string_equal("/account/DU%201/orders", seen.path);
	assert_string_equal("orders", seen.own->name);
	/* dots that make no step */
	assert_int_equal(
	    0, send_request(IAG_HTTP_READ, "GET", "/account/{account}/orders",
		   "/account/%2e%2e%2E/orders", NULL));
	assert_int_equal(
	    0, send_request(IAG_HTTP_READ, "GET", "/account/{account}/orders",
		   "/account/a..%C3%A4/orders", NULL));
	assert_int_equal(4, seen.count);
}

static void
test_a_refusal_for_pacing_carries_its_time(void **state)
{
	struct iag_http_request request = {
		.struct_size = sizeof request,
		.flags = IAG_HTTP_READ,
		.method = "GET",
		.pattern = "/accounts",
		.path = "/accounts",
	};
	struct iag_http_response response = { .struct_size = sizeof response };
	struct iag_ctx *ctx = new_context();

	(void)state;
	seen.result = IAG_LIMIT;
	seen.retry_after_ns = 60;
	assert_int_equal(IAG_LIMIT, host->http(ctx, &request, &response));
	assert_int_equal(60, ctx->retry_after_ns);
	assert_int_equal(ERR_BROKER_RATE_LIMITED, ctx->fail_code);
	context_unref(ctx);
}

static void
test_records_of_other_sizes_are_read_and_filled_as_far_as_they_go(void **state)
{
	struct iag_http_request request = {
		.struct_size = offsetof(struct iag_http_request, query),
		.flags = IAG_HTTP_READ,
		.method = "GET",
		.pattern = "/accounts",
		.path = "/accounts",
		.query_count = 99, /* behind its end */
	};
	struct iag_http_response response = {
		.struct_size = offsetof(struct iag_http_response, receipt_ns),
		.receipt_ns = 4711,
	};
	struct iag_ctx *ctx = new_context();

	(void)state;
	assert_int_equal(0, host->http(ctx, &request, &response));
	assert_int_equal(200, response.status);
	assert_int_equal(4711, response.receipt_ns);
	assert_int_equal(offsetof(struct iag_http_response, receipt_ns),
	    response.struct_size);
	context_unref(ctx);
}

static void
test_session_facts_go_both_ways(void **state)
{
	struct iag_session told = { .struct_size = sizeof told,
		.known = IAG_SESSION_LOGIN };
	struct iag_session got = { .struct_size = sizeof got };
	struct iag_ctx *ctx = new_context();

	(void)state;
	assert_int_equal(0, host->session_set(ctx, &told));
	assert_int_equal(0, host->session_get(ctx, &got));
	assert_int_equal(IAG_SESSION_READY, got.facts);
	assert_int_equal(7, got.epoch);
	assert_string_equal("hello", got.message);
	context_unref(ctx);
}

static void
test_a_host_without_a_connection_says_so(void **state)
{
	struct iag_session got = { .struct_size = sizeof got };
	struct iag_ctx *ctx = new_context();

	(void)state;
	host_set_wire(&owner, &(struct host_wire){ .arg = NULL });
	assert_int_equal(
	    IAG_NOTSUP, send_request(IAG_HTTP_READ, "GET", "/accounts",
			    "/accounts", "connected"));
	assert_int_equal(IAG_NOTSUP, host->session_get(ctx, &got));
	context_unref(ctx);
}

/* One changed descriptor, and what is said of it. */
static void
expect_refused(const struct iag_plugin *desc, const char *why)
{
	struct plugin odd = { .desc = *desc };
	CLEANUP_ERR struct err err = ERR_INIT;

	assert_true(route_adopt(&odd, &err) < 0);
	assert_int_equal(ERR_PLUGIN_INVALID, err.code);
	if (!strstr(err_text(&err), why))
		fail_msg("'%s' lacks '%s'", err_text(&err), why);
	route_drop(&odd);
}

static void
test_faults_of_routes_are_refused(void **state)
{
	static const struct {
		struct iag_route route;
		const char *why;
	} cases[] = {
		{ { "GET", "accounts", NULL, IAG_HTTP_READ, 0 }, "is 'acco" },
		{ { "GET", "/a//b", NULL, IAG_HTTP_READ, 0 }, "is '/a//b'" },
		{ { "GET", "/a/{}", NULL, IAG_HTTP_READ, 0 }, "is '/a/{}'" },
		{ { "GET", "/a/..", NULL, IAG_HTTP_READ, 0 }, "is '/a/..'" },
		{ { "GET", "/a?b", NULL, IAG_HTTP_READ, 0 }, "is '/a?b'" },
		{ { "GET", NULL, NULL, IAG_HTTP_READ, 0 }, "is '(null)'" },
		{ { NULL, "/a", NULL, IAG_HTTP_READ, 0 }, "'(null)'" },
		{ { "PUT", "/a", NULL, IAG_HTTP_READ, 0 }, "method 'PUT'" },
		{ { "GET", "/a", NULL, 0, 0 }, "flags 0x0" },
		{ { "GET", "/a", NULL, 0x11, 0 }, "flags 0x11" },
		{ { "GET", "/a", NULL, IAG_HTTP_READ | IAG_HTTP_SESSION, 0 },
		    "flags 0x5" },
		{ { "DELETE", "/a", NULL, IAG_HTTP_READ, 0 }, "'DELETE'" },
		{ { "POST", "/a", NULL, IAG_HTTP_WRITE, 0 }, "flags 0x2" },
		{ { "GET", "/a", "none", IAG_HTTP_READ, 0 }, "'none'" },
		{ { "GET", "/a", NULL, IAG_HTTP_READ, 1 }, "reserved" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct iag_plugin desc = descriptor(IAG_KIND_BACKEND);

		desc.routes = &cases[i].route;
		desc.route_count = 1;
		expect_refused(&desc, cases[i].why);
	}
}

static void
test_faults_of_buckets_are_refused(void **state)
{
	static const struct {
		struct iag_bucket bucket;
		const char *why;
	} cases[] = {
		{ { .name = "A", .tokens = 1, .window_ns = 1 }, "'A'" },
		{ { .name = NULL }, "'(null)'" },
		{ { .name = "a", .tokens = 65, .window_ns = 1 }, "65 tokens" },
		{ { .name = "a", .tokens = 1 }, "no window" },
		{ { .name = "a", .tokens = 1, .window_ns = 1, .reserve = 1 },
		    "1 of 1" },
		{ { .name = "a", .reserved = 3 }, "reserved" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct iag_plugin desc = descriptor(IAG_KIND_BACKEND);

		desc.buckets = &cases[i].bucket;
		desc.bucket_count = 1;
		expect_refused(&desc, cases[i].why);
	}
}

static void
test_counts_and_kinds_are_checked(void **state)
{
	struct iag_plugin desc = descriptor(IAG_KIND_STORE);

	(void)state;
	expect_refused(&desc, "a store has routes");
	desc = descriptor(IAG_KIND_BACKEND);
	desc.routes = NULL;
	expect_refused(&desc, "at a null pointer");
	desc = descriptor(IAG_KIND_BACKEND);
	desc.route_size = 24;
	expect_refused(&desc, "route_size 24");
	desc = descriptor(IAG_KIND_WRITER);
	desc.bucket_count = 1000;
	expect_refused(&desc, "1000 buckets");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_inv10_only_declared_requests_reach_the_connection,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_a_declared_request_comes_with_its_buckets, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    test_a_refusal_for_pacing_carries_its_time, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(
		    test_records_of_other_sizes_are_read_and_filled_as_far_as_they_go,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_session_facts_go_both_ways, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_a_host_without_a_connection_says_so, set_up,
		    tear_down),
		cmocka_unit_test(test_faults_of_routes_are_refused),
		cmocka_unit_test(test_faults_of_buckets_are_refused),
		cmocka_unit_test(test_counts_and_kinds_are_checked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

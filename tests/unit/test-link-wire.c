/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Whole exchanges against a peer that does what a script says: what leaves,
 * how often, and what each end means for the caller (rulings 2 and 37).
 */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "host/context.h"
#include "host/instance.h"
#include "link/exchange.h"
#include "wire-peer.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define OK OK_HEAD "Content-Length: 2\r\n\r\n{}"

static const struct peer_reply ok[] = { { .text = OK } };
static const struct peer_reply closes[] = { { .closes = true } };
static const struct peer_reply hangs[] = { { .hangs = true } };

static struct plugin plugin = { .desc = { .kind = IAG_KIND_WRITER,
				    .name = "a-writer" } };
static struct config config;
static char store[4096];
static struct host *host;
static struct link *link_at;
static struct peer *peer;

/* ---- the house around one link */

static void
open_link(void)
{
	CLEANUP_ERR struct err err = ERR_INIT;

	static char url[100]; /* outlives the peer */

	(void)snprintf(url, sizeof url, "%s", peer_url(peer));
	config.broker.base_url = url;
	if (link_open(&config, host, false, &link_at, &err))
		fail_msg("%s", err_text(&err));
}

static int
set_up(void **state)
{
	static char *dirs[2];
	static const struct config_list list = { .items = dirs, .count = 1 };
	const char *tmp = getenv("TMPDIR");
	static unsigned number;

	(void)state;
	dirs[0] = getenv("IAG_TEST_PLUGINDIR");
	(void)snprintf(
	    store, sizeof store, "%s/store-%u", tmp ? tmp : "/tmp", number++);
	assert_int_equal(0, mkdir(store, 0700));
	memset(&config, 0, sizeof config);
	config.audit.path = store;
	config.broker.pacing = 100;
	config.broker.read_timeout_seconds = 30;
	host = host_new(&list, &config);
	assert_non_null(host);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	link_close(STEAL(link_at));
	if (peer)
		peer_stop(STEAL(peer));
	assert_true(host_free(STEAL(host)));
	return 0;
}

static void
begin(const struct peer_cert *cert, const struct peer_reply *replies,
    size_t count)
{
	peer = peer_start(cert);
	peer_script(peer, replies, count);
	if (!cert)
		open_link();
}

/* ---- one request */

static unsigned commits;
static int32_t commit_result;

static int32_t
commit(struct iag_ctx *ctx)
{
	(void)ctx;
	commits++;
	return commit_result;
}

struct outcome {
	int32_t result;
	enum err_code code;
	char text[500];
	struct wire_answer answer;
};

static struct outcome *
run(struct iag_http_request *http, struct call *call,
    const struct iag_bucket *own)
{
	static struct outcome outcome;
	CLEANUP_ERR struct err err = ERR_INIT;
	struct iag_ctx *ctx = context_new(&plugin, "test", call, UINT64_MAX);
	struct wire_request request = {
		.http = http,
		.own = own,
		.ctx = ctx,
		.services = &services_table,
		.commit = commit,
	};

	wire_answer_fini(&outcome.answer);
	commits = 0;
	outcome.result =
	    link_exchange(link_at, &request, &outcome.answer, &err);
	outcome.code = err.code;
	(void)snprintf(outcome.text, sizeof outcome.text, "%s", err_text(&err));
	context_unref(ctx);
	return &outcome;
}

static struct iag_http_request
request_of(uint32_t flags, const char *method)
{
	return (struct iag_http_request){
		.struct_size = sizeof(struct iag_http_request),
		.flags = flags,
		.method = method,
		.pattern = "/orders",
		.path = "/orders",
	};
}

static struct outcome *
read_one(void)
{
	struct iag_http_request http = request_of(IAG_HTTP_READ, "GET");

	return run(&http, NULL, NULL);
}

static struct outcome *
write_one(const char *method)
{
	struct iag_http_request http = request_of(IAG_HTTP_WRITE, method);

	if (strcmp(method, "POST") == 0)
		http.body = (struct iag_bytes){ "{\"a\":1}", 7 };
	return run(&http, NULL, NULL);
}

static void
expect(const struct outcome *outcome, int32_t result, const char *part)
{
	if (result != outcome->result || !strstr(outcome->text, part))
		fail_msg("%d '%s', expected %d '%s'", outcome->result,
		    outcome->text, result, part);
}

static void
expect_state(enum session_state state)
{
	struct link_status status;

	assert_true(link_status(link_at, &status));
	assert_string_equal(
	    session_state_name(state), session_state_name(status.state));
}

/* ---- what leaves */

static void
test_a_request_has_what_the_gateway_needs_and_no_more(void **state)
{
	static const char *const query[] = { "fields", "31,84" };
	static const struct peer_reply dated[] = {
		{ .text = OK_HEAD
		    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		    "Set-Cookie: secret=1\r\nContent-Length: 2\r\n\r\n{}" }
	};
	struct iag_http_request http = request_of(IAG_HTTP_READ, "GET");
	const struct outcome *outcome;
	const char *text;

	(void)state;
	begin(NULL, dated, 1);
	http.query = query;
	http.query_count = 2;
	outcome = run(&http, NULL, NULL);
	assert_int_equal(0, outcome->result);
	assert_int_equal(200, outcome->answer.status);
	assert_string_equal("application/json", outcome->answer.content_type);
	assert_string_equal("{}", outcome->answer.body);
	assert_int_equal(
	    UINT64_C(784111777) * NS_PER_S, outcome->answer.date_ns);
	assert_true(outcome->answer.receipt_ns > 0);
	(void)read_one();
	text = peer_request(peer, 0);
	assert_ptr_equal(text,
	    strstr(text, "GET /v1/api/orders?fields=31%2C84 HTTP/1.1\r\n"));
	assert_non_null(strstr(text, "User-Agent: ibkr-agent/"));
	assert_null(strstr(text, "Expect:"));
	assert_null(strstr(text, "Accept-Encoding:"));
	assert_null(strstr(text, "Content-"));
	/* the connection is kept, cookies are not */
	assert_null(strstr(peer_request(peer, 1), "ookie"));
	assert_int_equal(0, peer_connection(peer, 1));
}

static void
test_a_post_has_its_length_even_without_a_body(void **state)
{
	struct iag_http_request http = request_of(IAG_HTTP_SESSION, "POST");

	(void)state;
	begin(NULL, ok, 1);
	assert_int_equal(0, run(&http, NULL, NULL)->result);
	http.body = (struct iag_bytes){ "{\"publish\":true}", 16 };
	assert_int_equal(0, run(&http, NULL, NULL)->result);
	assert_non_null(strstr(peer_request(peer, 0), "Content-Length: 0\r\n"));
	assert_non_null(
	    strstr(peer_request(peer, 1), "Content-Length: 16\r\n"));
	assert_non_null(strstr(
	    peer_request(peer, 1), "Content-Type: application/json\r\n"));
	assert_non_null(strstr(peer_request(peer, 1), "\r\n\r\n{\"pub"));
	assert_null(strstr(peer_request(peer, 1), "chunked"));
	assert_null(strstr(peer_request(peer, 1), "Expect:"));
}

static void
test_a_redirect_is_an_answer(void **state)
{
	static const struct peer_reply away[] = {
		{ .text = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n"
			  "Content-Length: 0\r\n\r\n" },
	};

	(void)state;
	begin(NULL, away, 1);
	assert_int_equal(0, read_one()->result);
	assert_int_equal(302, read_one()->answer.status);
	assert_int_equal(2, peer_count(peer));
}

static void
test_bodies_are_passed_on_as_they_are(void **state)
{
	static const struct peer_reply odd[] = {
		{ .text = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
			  "Content-Type: application/json\r\n"
			  "Content-Length: 4\r\n\r\n\x1f\x8b\x08\x01" },
		{ .text = "HTTP/1.1 401 No\r\nContent-Type: text/html\r\n"
			  "Transfer-Encoding: chunked\r\n\r\n"
			  "6\r\n<html>\r\n0\r\n\r\n" },
		{ .text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
			  "\r\n\r\n0\r\n\r\n" },
	};
	const struct outcome *outcome;

	(void)state;
	begin(NULL, odd, 3);
	outcome = read_one();
	assert_int_equal(4, outcome->answer.len);
	assert_memory_equal("\x1f\x8b\x08\x01", outcome->answer.body, 4);
	outcome = read_one();
	assert_int_equal(401, outcome->answer.status);
	assert_string_equal("text/html", outcome->answer.content_type);
	assert_string_equal("<html>", outcome->answer.body);
	outcome = read_one();
	assert_int_equal(0, outcome->result);
	assert_int_equal(0, outcome->answer.len);
}

/* ---- orders */

static void
test_inv2_a_peer_that_closes_sees_an_order_once(void **state)
{
	static const char *const methods[] = { "POST", "DELETE" };

	(void)state;
	begin(NULL, ok, 1);
	for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
		unsigned before = peer_count(peer);

		/* a kept connection that has just served a read */
		peer_script(peer, ok, 1);
		assert_int_equal(0, read_one()->result);
		peer_script(peer, closes, 1);
		expect(write_one(methods[i]), IAG_UNKNOWN, "may have been");
		assert_int_equal(1, commits);
		/* another request, so that nothing is under way any more */
		peer_script(peer, ok, 1);
		assert_int_equal(0, read_one()->result);
		assert_int_equal(before + 3, peer_count(peer));
		assert_true(peer_connection(peer, before + 1) !=
			    peer_connection(peer, before));
		assert_null(strstr(peer_request(peer, before + 2), methods[i]));
	}
}

/* Reads and writes before it, and how the peer ended each of them. */
static void
test_inv2_an_order_is_seen_once_whatever_came_before(void **state)
{
	static const struct peer_reply kept = { .text = OK };
	static const struct peer_reply ended = { .text = OK, .closes = true };
	static const struct peer_reply silent = { .closes = true };
	static const struct {
		const char *methods[4]; /* NULL: a read */
		const struct peer_reply *replies[4];
		size_t count;
	} histories[] = {
		{ .count = 0 },
		{ { NULL, NULL }, { &kept, &kept }, 2 },
		{ { NULL }, { &ended }, 1 },
		{ { "POST" }, { &kept }, 1 },
		{ { "POST" }, { &silent }, 1 },
		{ { NULL, "DELETE", NULL }, { &kept, &silent, &ended }, 3 },
		{ { "POST", NULL, "POST", NULL },
		    { &silent, &kept, &ended, &kept }, 4 },
	};

	(void)state;
	begin(NULL, ok, 1);
	for (size_t i = 0; i < ARRAY_COUNT(histories); i++) {
		unsigned before;

		for (size_t j = 0; j < histories[i].count; j++) {
			const char *method = histories[i].methods[j];

			peer_script(peer, histories[i].replies[j], 1);
			(void)(method ? write_one(method) : read_one());
		}
		before = peer_count(peer);
		peer_script(peer, closes, 1);
		expect(write_one("POST"), IAG_UNKNOWN, "may have been");
		assert_int_equal(1, commits);
		/* another request, so that nothing is under way any more */
		peer_script(peer, ok, 1);
		assert_int_equal(0, read_one()->result);
		assert_int_equal(before + 2, peer_count(peer));
	}
}

static void
test_a_post_of_the_session_is_not_repeated_either(void **state)
{
	struct iag_http_request http = request_of(IAG_HTTP_SESSION, "POST");

	(void)state;
	begin(NULL, ok, 1);
	assert_int_equal(0, run(&http, NULL, NULL)->result);
	peer_script(peer, closes, 1);
	expect(run(&http, NULL, NULL), IAG_AGAIN, "");
	peer_script(peer, ok, 1);
	assert_int_equal(0, run(&http, NULL, NULL)->result);
	assert_int_equal(3, peer_count(peer));
}

static enum session_state
session_now(void)
{
	struct link_status status;

	assert_true(link_status(link_at, &status));
	return status.state;
}

static void
tell_login(void)
{
	const struct iag_session told = {
		.known = IAG_SESSION_LOGIN | IAG_SESSION_AUTHENTICATED |
			 IAG_SESSION_CONNECTED,
		.facts = IAG_SESSION_LOGIN,
	};
	struct shared_state *state = shared_lock(link_at->shared);

	assert_non_null(state);
	session_told(&state->session, &told, 0, clock_boot_ns(), 1);
	shared_unlock(link_at->shared);
}

/* Noted when it leaves, not before, and taken for maintenance at a 503. */
static void
test_an_opening_is_noted_when_it_leaves(void **state)
{
	static const struct peer_reply down[] = {
		{ .text = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n" },
	};
	struct iag_http_request http =
	    request_of(IAG_HTTP_SESSION | IAG_HTTP_OPENING, "POST");
	struct call *over = call_new(UINT64_MAX);

	(void)state;
	begin(NULL, ok, 1);
	tell_login();
	call_cancel(over);
	assert_int_not_equal(0, run(&http, over, NULL)->result);
	call_unref(over);
	assert_int_equal(SESSION_STATE_OUTER_ONLY, session_now());
	assert_int_equal(0, run(&http, NULL, NULL)->result);
	assert_int_equal(SESSION_STATE_INITIALISING, session_now());
	peer_script(peer, down, 1);
	assert_int_equal(0, run(&http, NULL, NULL)->result);
	tell_login();
	assert_int_equal(SESSION_STATE_MAINTENANCE, session_now());
	assert_int_equal(2, peer_count(peer));
}

static void
test_a_read_is_repeated_once(void **state)
{
	static const struct peer_reply bad_then_good[] = { { .closes = true },
		{ .text = OK } };

	(void)state;
	begin(NULL, bad_then_good, 2);
	assert_int_equal(0, read_one()->result);
	assert_int_equal(2, peer_count(peer));
	peer_script(peer, closes, 1);
	expect(read_one(), IAG_AGAIN, "before the whole answer");
	assert_int_equal(4, peer_count(peer));
}

static void
test_an_order_that_may_not_leave_does_not(void **state)
{
	const struct outcome *outcome;

	(void)state;
	begin(NULL, ok, 1);
	commit_result = IAG_REJECTED;
	outcome = write_one("POST");
	commit_result = 0;
	assert_int_equal(IAG_REJECTED, outcome->result);
	assert_int_equal(ERR_NONE, outcome->code); /* commit said why */
	assert_int_equal(1, commits);
	assert_int_equal(0, peer_count(peer));
	/* and the next one has a good connection */
	assert_int_equal(0, write_one("POST")->result);
	assert_int_equal(1, peer_count(peer));
}

static void
test_an_order_that_reaches_nobody_was_not_sent(void **state)
{
	(void)state;
	begin(NULL, ok, 1);
	peer_stop(STEAL(peer));
	expect(write_one("POST"), IAG_AGAIN, "nothing answers at");
	assert_int_equal(0, commits);
	expect_state(SESSION_STATE_GATEWAY_DOWN);
}

static void
test_each_broken_answer_to_an_order_is_unknown(void **state)
{
	static const struct peer_reply broken[] = {
		{ .text = OK_HEAD "Content-Length: 9\r\n\r\n{}",
		    .closes = true },
		{ .text = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
		    .closes = true },
		{ .text = OK_HEAD, .closes = true },
		{ .text = "SSH-2.0-OpenSSH_9.2\r\n", .closes = true },
		{ .text = OK_HEAD "\r\n",
		    .filler = 5 * 1048576,
		    .closes = true },
	};

	(void)state;
	begin(NULL, ok, 1);
	for (size_t i = 0; i < ARRAY_COUNT(broken); i++) {
		peer_script(peer, &broken[i], 1);
		expect(write_one("POST"), IAG_UNKNOWN, "may have been");
		assert_int_equal(i + 1, peer_count(peer));
	}
}

/* ---- ends of time */

static void
test_a_hanging_gateway_is_left_in_time(void **state)
{
	struct iag_http_request http = request_of(IAG_HTTP_READ, "GET");

	(void)state;
	begin(NULL, hangs, 1);
	http.timeout_ns = 400 * NS_PER_MS; /* it is to be reached in it */
	expect(run(&http, NULL, NULL), IAG_AGAIN, "did not answer in time");
	http.flags = IAG_HTTP_WRITE;
	http.method = "POST";
	expect(run(&http, NULL, NULL), IAG_UNKNOWN, "may have been");
	peer_wait(peer, 2);
	assert_int_equal(2, peer_count(peer));
}

static void
test_the_calls_own_deadline_ends_an_exchange(void **state)
{
	struct iag_http_request http = request_of(IAG_HTTP_READ, "GET");
	struct call *call;

	(void)state;
	begin(NULL, hangs, 1);
	call = call_new(clock_boot_ns() + 80 * NS_PER_MS);
	assert_true(run(&http, call, NULL)->result < 0);
	assert_true(clock_boot_ns() < call_deadline_ns(call) + 5 * NS_PER_S);
	call_unref(call);
}

static void *
cancel_when_it_came(void *arg)
{
	peer_wait(peer, 1);
	call_cancel(arg);
	return NULL;
}

static void
test_a_cancelled_call_ends_at_once(void **state)
{
	struct iag_http_request http = request_of(IAG_HTTP_READ, "GET");
	struct call *call = call_new(UINT64_MAX);
	uint64_t start_ns = clock_boot_ns();
	pthread_t other;

	(void)state;
	begin(NULL, hangs, 1);
	assert_int_equal(
	    0, pthread_create(&other, NULL, cancel_when_it_came, call));
	expect(run(&http, call, NULL), IAG_STOPPING, "the call was over");
	assert_int_equal(0, pthread_join(other, NULL));
	assert_true(clock_boot_ns() < start_ns + 10 * NS_PER_S);
	call_unref(call);
}

static void
test_a_large_answer_is_cut_off_while_it_comes(void **state)
{
	static const struct peer_reply large[] = {
		{ .text = OK_HEAD "\r\n",
		    .filler = 5 * 1048576,
		    .closes = true },
	};
	static const struct peer_reply most[] = {
		{ .text = OK_HEAD "Content-Length: 4194304\r\n\r\n",
		    .filler = 4194304 },
	};

	(void)state;
	begin(NULL, large, 1);
	expect(read_one(), IAG_AGAIN, "more than 4 MiB");
	assert_int_equal(1, peer_count(peer));
	peer_script(peer, most, 1);
	assert_int_equal(4194304, read_one()->answer.len);
}

static void
test_what_is_no_http_is_said(void **state)
{
	static const struct peer_reply noise[] = {
		{ .text = "SSH-2.0-OpenSSH_9.2\r\n", .closes = true },
	};

	(void)state;
	begin(NULL, noise, 1);
	expect(read_one(), IAG_AGAIN, "does not speak HTTP");
}

/* ---- pacing */

static void
test_too_many_requests_rest_without_being_sent(void **state)
{
	static const struct peer_reply busy[] = {
		{ .text = "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n" },
	};
	struct iag_http_request other = request_of(IAG_HTTP_READ, "GET");
	const struct outcome *outcome;

	(void)state;
	begin(NULL, busy, 1);
	outcome = read_one();
	assert_int_equal(0, outcome->result);
	assert_int_equal(429, outcome->answer.status);
	assert_true(outcome->answer.retry_after_ns > 59 * NS_PER_S);
	outcome = read_one();
	expect(outcome, IAG_LIMIT, "too fast");
	assert_int_equal(ERR_BROKER_RATE_LIMITED, outcome->code);
	assert_true(outcome->answer.retry_after_ns > 58 * NS_PER_S);
	assert_int_equal(1, peer_count(peer));
	/* another endpoint is not affected, until the third strike */
	other.pattern = other.path = "/trades";
	assert_int_equal(429, run(&other, NULL, NULL)->answer.status);
	other.pattern = other.path = "/positions";
	assert_int_equal(429, run(&other, NULL, NULL)->answer.status);
	assert_int_equal(3, peer_count(peer));
	expect_state(SESSION_STATE_PENALTY_BOX);
	other.pattern = other.path = "/summary";
	expect(run(&other, NULL, NULL), IAG_LIMIT, "nothing was sent");
	/* a cancel is let through: it is one, and may matter */
	other.flags = IAG_HTTP_WRITE | IAG_HTTP_URGENT;
	other.method = "DELETE";
	assert_int_equal(429, run(&other, NULL, NULL)->answer.status);
	assert_int_equal(4, peer_count(peer));
}

static void
test_a_turn_after_the_deadline_is_refused_not_sent(void **state)
{
	static const struct iag_bucket slow = {
		.name = "orders", .tokens = 1, .window_ns = 5 * NS_PER_S
	};
	struct iag_http_request http = request_of(IAG_HTTP_READ, "GET");
	struct call *call = call_new(clock_boot_ns() + 3 * NS_PER_S);
	const struct outcome *outcome;

	(void)state;
	begin(NULL, ok, 1);
	assert_int_equal(0, run(&http, call, &slow)->result);
	outcome = run(&http, call, &slow);
	expect(outcome, IAG_LIMIT, "the broker's limits are used up");
	assert_int_equal(ERR_BROKER_RATE_LIMITED, outcome->code);
	assert_true(outcome->answer.retry_after_ns > 4 * NS_PER_S);
	assert_true(outcome->answer.retry_after_ns < 6 * NS_PER_S);
	assert_int_equal(1, peer_count(peer));
	call_unref(call);
}

static void
test_what_never_left_costs_nothing(void **state)
{
	static const struct iag_bucket slow = {
		.name = "orders", .tokens = 1, .window_ns = 900 * NS_PER_S
	};
	struct iag_http_request http = request_of(IAG_HTTP_WRITE, "POST");

	(void)state;
	begin(NULL, ok, 1);
	commit_result = IAG_REJECTED;
	assert_int_equal(IAG_REJECTED, run(&http, NULL, &slow)->result);
	commit_result = 0;
	assert_int_equal(0, run(&http, NULL, &slow)->result);
}

static void
test_a_turn_is_waited_for(void **state)
{
	static const struct iag_bucket quick = {
		.name = "orders", .tokens = 2, .window_ns = 100 * NS_PER_MS
	};
	struct iag_http_request http = request_of(IAG_HTTP_READ, "GET");
	uint64_t start_ns = 0;

	(void)state;
	begin(NULL, ok, 1);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(0, run(&http, NULL, &quick)->result);
		if (i == 0)
			start_ns = clock_boot_ns();
	}
	assert_true(clock_boot_ns() - start_ns >= 200 * NS_PER_MS);
}

enum { READERS = 8, READS = 6 };

static atomic_uint reads_done[READERS];
static unsigned least_at_end; /* of anybody when the first one is ready */
static atomic_bool somebody_ready;
static pthread_barrier_t together;

static void *
read_some(void *arg)
{
	static const struct iag_bucket shared = {
		.name = "orders", .tokens = 8, .window_ns = 200 * NS_PER_MS
	};
	atomic_uint *done = arg;

	(void)pthread_barrier_wait(&together);
	for (int i = 0; i < READS; i++) {
		struct iag_http_request http = request_of(IAG_HTTP_READ, "GET");
		CLEANUP_ERR struct err err = ERR_INIT;
		struct wire_answer answer = { .status = 0 };
		struct iag_ctx *ctx =
		    context_new(&plugin, "test", NULL, UINT64_MAX);
		struct wire_request request = {
			.http = &http,
			.own = &shared,
			.ctx = ctx,
			.services = &services_table,
		};

		assert_int_equal(
		    0, link_exchange(link_at, &request, &answer, &err));
		wire_answer_fini(&answer);
		context_unref(ctx);
		(void)atomic_fetch_add(done, 1);
	}
	if (!atomic_exchange(&somebody_ready, true)) {
		least_at_end = READS;
		for (int i = 0; i < READERS; i++)
			if (atomic_load(&reads_done[i]) < least_at_end)
				least_at_end = atomic_load(&reads_done[i]);
	}
	return NULL;
}

static void
test_many_at_once_keep_the_budget_and_all_get_on(void **state)
{
	pthread_t threads[READERS];
	uint64_t start_ns = clock_boot_ns();

	(void)state;
	begin(NULL, ok, 1);
	(void)pthread_barrier_init(&together, NULL, READERS);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(0, pthread_create(&threads[i], NULL, read_some,
					&reads_done[i]));
	for (int i = 0; i < READERS; i++)
		assert_int_equal(0, pthread_join(threads[i], NULL));
	(void)pthread_barrier_destroy(&together);
	/* 48 requests, 8 of them in a window, of which there are six */
	assert_true(clock_boot_ns() - start_ns > NS_PER_S);
	/* nobody was left out; that tickets come in order is of the buckets */
	assert_true(least_at_end > 0);
	assert_int_equal(READERS * READS, peer_count(peer));
}

/* ---- TLS */

static void
open_pinned(const uint8_t *pin)
{
	static char text[65];

	hash_hex(pin, text);
	config.broker.tls_pin_sha256 = text;
	open_link();
}

static void
test_a_pinned_key_is_enough_and_another_is_refused(void **state)
{
	static const struct peer_cert old = {
		.name = "elsewhere", .expired = true, .only_tls12 = true
	};
	uint8_t other[32] = { 1 };

	(void)state;
	begin(&old, ok, 1);
	open_pinned(peer_pin(peer));
	assert_int_equal(0, read_one()->result);
	assert_int_equal(0, read_one()->result);
	assert_int_equal(0, peer_connection(peer, 1));
	assert_int_equal(0, write_one("POST")->result);
	assert_int_equal(1, peer_connection(peer, 2));
	/* the certificate is known by now */
	assert_int_equal(0, write_one("POST")->result);
	assert_int_equal(2, peer_connection(peer, 3));
	link_close(STEAL(link_at));
	open_pinned(other);
	expect(read_one(), IAG_AGAIN, "broker.tls_pin_sha256 is not the key");
	expect_state(SESSION_STATE_TLS_MISMATCH);
	expect(write_one("POST"), IAG_AGAIN, "did not prove who it is");
	expect(write_one("POST"), IAG_AGAIN, "did not prove who it is");
	assert_int_equal(0, commits);
	assert_int_equal(4, peer_count(peer));
}

static void
test_a_certificate_is_verified_with_the_given_authority(void **state)
{
	static const struct peer_cert good = { .name = "localhost" };

	(void)state;
	begin(&good, ok, 1);
	config.broker.ca_file = (char *)(uintptr_t)peer_ca_file(peer);
	open_link();
	assert_int_equal(0, read_one()->result);
	assert_int_equal(0, write_one("POST")->result);
	assert_int_equal(2, peer_count(peer));
}

static void
test_other_certificates_are_refused_before_anything_leaves(void **state)
{
	static const struct {
		struct peer_cert cert;
		bool own_ca;
		const char *part;
	} cases[] = {
		{ { .name = "localhost" }, false, "NOT trusted" },
		{ { .name = "elsewhere" }, true, "for another name" },
		{ { .name = "localhost", .expired = true }, true, "expired" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		begin(&cases[i].cert, ok, 1);
		config.broker.ca_file =
		    cases[i].own_ca ? (char *)(uintptr_t)peer_ca_file(peer)
				    : NULL;
		open_link();
		expect(read_one(), IAG_AGAIN, cases[i].part);
		expect(write_one("POST"), IAG_AGAIN, cases[i].part);
		assert_int_equal(0, commits);
		assert_int_equal(0, peer_count(peer));
		link_close(STEAL(link_at));
		peer_stop(STEAL(peer));
	}
}

static void
test_verification_can_be_off_on_this_machine(void **state)
{
	static const struct peer_cert odd = { .name = "elsewhere",
		.expired = true };

	(void)state;
	begin(&odd, ok, 1);
	config.broker.allow_insecure_tls_for_localhost = true;
	open_link();
	assert_int_equal(0, read_one()->result);
}

static void
test_an_authority_that_is_none_is_said(void **state)
{
	static const struct peer_cert good = { .name = "localhost" };

	(void)state;
	begin(&good, ok, 1);
	config.broker.ca_file = (char *)(uintptr_t) "/dev/null";
	open_link();
	assert_true(read_one()->result < 0);
	expect(read_one(), read_one()->result, "broker.ca_file cannot be read");
	assert_int_equal(0, peer_count(peer));
}

static void
test_tls_towards_a_peer_without_it_is_a_mismatch(void **state)
{
	static char url[100];

	(void)state;
	begin(NULL, ok, 1);
	link_close(STEAL(link_at));
	(void)snprintf(url, sizeof url, "https%s", strchr(peer_url(peer), ':'));
	config.broker.base_url = url;
	config.broker.allow_insecure_tls_for_localhost = true;
	assert_int_equal(0, link_open(&config, host, false, &link_at, NULL));
	expect(read_one(), IAG_AGAIN, "did not prove who it is");
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_a_request_has_what_the_gateway_needs_and_no_more),
		CASE(test_a_post_has_its_length_even_without_a_body),
		CASE(test_a_redirect_is_an_answer),
		CASE(test_bodies_are_passed_on_as_they_are),
		CASE(test_inv2_a_peer_that_closes_sees_an_order_once),
		CASE(test_inv2_an_order_is_seen_once_whatever_came_before),
		CASE(test_a_post_of_the_session_is_not_repeated_either),
		CASE(test_an_opening_is_noted_when_it_leaves),
		CASE(test_a_read_is_repeated_once),
		CASE(test_an_order_that_may_not_leave_does_not),
		CASE(test_an_order_that_reaches_nobody_was_not_sent),
		CASE(test_each_broken_answer_to_an_order_is_unknown),
		CASE(test_a_hanging_gateway_is_left_in_time),
		CASE(test_the_calls_own_deadline_ends_an_exchange),
		CASE(test_a_cancelled_call_ends_at_once),
		CASE(test_a_large_answer_is_cut_off_while_it_comes),
		CASE(test_what_is_no_http_is_said),
		CASE(test_too_many_requests_rest_without_being_sent),
		CASE(test_a_turn_after_the_deadline_is_refused_not_sent),
		CASE(test_what_never_left_costs_nothing),
		CASE(test_a_turn_is_waited_for),
		CASE(test_many_at_once_keep_the_budget_and_all_get_on),
		CASE(test_a_pinned_key_is_enough_and_another_is_refused),
		CASE(test_a_certificate_is_verified_with_the_given_authority),
		CASE(
		    test_other_certificates_are_refused_before_anything_leaves),
		CASE(test_verification_can_be_off_on_this_machine),
		CASE(test_an_authority_that_is_none_is_said),
		CASE(test_tls_towards_a_peer_without_it_is_a_mismatch),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The server over two pipes, with a gateway that the test holds in its hand:
 * each test is a client that writes lines and reads answers.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "config/scope.h"
#include "fake-gateway.h"
#include "mcp/mcp.h"
#include "mcp/session.h"

#define ANSWER_WAIT_MS 20000

struct peer {
	int in;  /* written by the test */
	int out; /* read by the test */
	int server_in, server_out;
	int stop;
	struct principal principal;
	pthread_t thread;
	int outcome;
	struct buf rest; /* read, but not yet a whole line */
};

static void *
serve(void *arg)
{
	struct peer *peer = arg;

	peer->outcome =
	    mcp_serve(&registry_gateway, fake_gateway(), &peer->principal,
		peer->server_in, peer->server_out, peer->stop, NULL);
	(void)close(peer->server_out);
	return NULL;
}

static void
peer_start(struct peer *peer, uint64_t scopes)
{
	int to[2], from[2];

	fake_reset();
	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	*peer = (struct peer){ .in = to[1],
		.out = from[0],
		.server_in = to[0],
		.server_out = from[1] };
	peer->stop = eventfd(0, EFD_CLOEXEC);
	peer->principal = (struct principal){
		.name = "agent:test", .kind = PRINCIPAL_AGENT, .scopes = scopes
	};
	assert_int_equal(pthread_create(&peer->thread, NULL, serve, peer), 0);
}

static int
setup(void **state)
{
	struct peer *peer = calloc(1, sizeof *peer);

	peer_start(peer, UINT64_MAX);
	*state = peer;
	return 0;
}

static void
peer_hang_up(struct peer *peer)
{
	if (peer->in >= 0)
		(void)close(peer->in);
	peer->in = -1;
}

static void
peer_stop(struct peer *peer)
{
	uint64_t one = 1;

	assert_int_equal(write(peer->stop, &one, sizeof one), sizeof one);
}

static int
peer_join(struct peer *peer)
{
	if (peer->server_in < 0)
		return peer->outcome;
	assert_int_equal(pthread_join(peer->thread, NULL), 0);
	(void)close(peer->server_in);
	peer->server_in = -1;
	return peer->outcome;
}

static int
teardown(void **state)
{
	struct peer *peer = *state;

	peer_hang_up(peer);
	fake_release();
	(void)peer_join(peer);
	if (peer->out >= 0)
		(void)close(peer->out);
	(void)close(peer->stop);
	buf_fini(&peer->rest);
	free(peer);
	return 0;
}

static void
send_bytes(struct peer *peer, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t put = write(peer->in, text, len);

		assert_true(put > 0);
		text += put;
		len -= (size_t)put;
	}
}

static void
say(struct peer *peer, const char *line)
{
	send_bytes(peer, line, strlen(line));
	send_bytes(peer, "\n", 1);
}

/* false: nothing more comes (the server has closed its end). */
static bool
peer_fill(struct peer *peer)
{
	struct pollfd fd = { .fd = peer->out, .events = POLLIN };
	char *room = buf_reserve(&peer->rest, 65536);
	ssize_t got = 0;

	if (poll(&fd, 1, ANSWER_WAIT_MS) != 1)
		fail_msg("no answer came");
	got = read(peer->out, room, 65536);
	assert_true(got >= 0);
	peer->rest.len += (size_t)got;
	return got > 0;
}

/* The next answer's text, or NULL at the end; the caller frees it. */
static char *
hear(struct peer *peer)
{
	char *end = NULL;
	char *line = NULL;

	while (peer->rest.len == 0 ||
	       !(end = memchr(peer->rest.data, '\n', peer->rest.len))) {
		if (!peer_fill(peer))
			return NULL;
	}
	line = strndup(peer->rest.data, (size_t)(end - peer->rest.data));
	peer->rest.len -= (size_t)(end + 1 - peer->rest.data);
	memmove(peer->rest.data, end + 1, peer->rest.len);
	return line;
}

static void
expect(struct peer *peer, const char *want)
{
	CLEANUP_FREE char *line = hear(peer);

	assert_non_null(line);
	assert_string_equal(line, want);
}

static void
expect_part(struct peer *peer, const char *part)
{
	CLEANUP_FREE char *line = hear(peer);
	CLEANUP_JSON struct json_object *root = NULL;

	assert_non_null(line);
	assert_int_equal(
	    json_parse(line, strlen(line), &json_bounds_default, &root, NULL),
	    0);
	if (!strstr(line, part))
		fail_msg("'%s' is not in '%s'", part, line);
}

/* Legacy request with id 1; the answer holds part. */
static void
ask(struct peer *peer, const char *method, const char *params, const char *part)
{
	CLEANUP_BUF struct buf line = BUF_INIT;

	buf_printf(&line,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}",
	    method, params);
	say(peer, buf_text(&line));
	expect_part(peer, part);
}

#define META                                                      \
	"\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":" \
	"\"2026-07-28\",\"io.modelcontextprotocol/"               \
	"clientCapabilities\":{}}"

/* Modern request with id 1; more: further params with a comma in front. */
static void
ask_modern(
    struct peer *peer, const char *method, const char *more, const char *part)
{
	CLEANUP_BUF struct buf line = BUF_INIT;

	buf_printf(&line,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\","
	    "\"params\":{" META "%s}}",
	    method, more);
	say(peer, buf_text(&line));
	expect_part(peer, part);
}

#define CALL(id, name)                                                  \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"tools/call\"," \
	"\"params\":{\"name\":\"" name "\"}}"
#define PING(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"ping\"}"
#define PONG(id) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":{}}"

static void
test_both_eras_are_served_on_one_stream(void **state)
{
	struct peer *p = *state;

	ask_modern(
	    p, "server/discover", "", "\"supportedVersions\":[\"2026-07-28\"]");
	ask(p, "initialize", "{\"protocolVersion\":\"2025-06-18\"}",
	    "\"protocolVersion\":\"2025-06-18\",\"serverInfo\"");
	ask(p, "initialize", "{\"protocolVersion\":\"2099-01-01\"}",
	    "\"protocolVersion\":\"2025-11-25\"");
	ask(p, "initialize", "{\"protocolVersion\":\"2025-06-18\"}",
	    "\"instructions\":\"as it is told\"");
	ask_modern(
	    p, "server/discover", "", "\"instructions\":\"as it is told\"");
	say(p,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
	say(p, PING("\"p\""));
	expect(p, PONG("\"p\""));
	ask_modern(p, "tools/list", "", "\"resultType\":\"complete\"");
	ask(p, "tools/list", "{}", "\"result\":{\"tools\":[");
}

static void
test_modern_results_carry_what_the_revision_demands(void **state)
{
	static const char *const lists[] = { "server/discover", "tools/list",
		"prompts/list", "resources/list", "resources/templates/list" };
	struct peer *p = *state;

	for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
		ask_modern(p, lists[i], "", "\"resultType\":\"complete\"");
		ask_modern(p, lists[i], "", "\"ttlMs\":");
		ask_modern(p, lists[i], "", "\"cacheScope\":\"p");
		ask_modern(p, lists[i], "",
		    "\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{"
		    "\"name\":\"ibkr-agent-gateway\"");
	}
	ask_modern(p, "tools/list", "", "\"cacheScope\":\"private\"");
	ask_modern(p, "tools/call", ",\"name\":\"ibkr_echo\"",
	    "\"resultType\":\"complete\"");
}

static void
test_methods_exist_only_in_their_era(void **state)
{
	static const char *const legacy_only[] = { "initialize", "ping",
		"logging/setLevel", "resources/subscribe",
		"resources/unsubscribe", "completion/complete",
		"subscriptions/listen" };
	static const char *const neither[] = { "server/discover",
		"logging/setLevel", "resources/subscribe",
		"completion/complete", "tools/lists", "", "Ping" };
	struct peer *p = *state;

	for (size_t i = 0; i < ARRAY_COUNT(legacy_only); i++)
		ask_modern(p, legacy_only[i], "", "\"code\":-32601");
	for (size_t i = 0; i < ARRAY_COUNT(neither); i++)
		ask(p, neither[i], "{}", "\"code\":-32601");
}

static void
test_faults_of_the_modern_era_are_its_own(void **state)
{
	struct peer *p = *state;

	ask(p, "tools/list",
	    "{\"_meta\":{\"" ERA_META_VERSION "\":\"2099-01-01\"}}",
	    "\"code\":-32022,\"message\":\"unsupported protocol version\","
	    "\"data\":{\"supported\":[\"2026-07-28\"],"
	    "\"requested\":\"2099-01-01\"}");
	ask(p, "tools/list",
	    "{\"_meta\":{\"" ERA_META_VERSION "\":\"2026-07-28\"}}",
	    "\"code\":-32602");
	ask(p, "server/discover",
	    "{\"_meta\":{\"" ERA_META_CAPABILITIES "\":{}}}",
	    "\"code\":-32602");
	ask(p, "initialize", "{\"protocolVersion\":\"2099-01-01\"}",
	    "\"result\"");
	ask(p, "initialize", "{}", "\"code\":-32602");
	ask(p, "initialize", "{\"protocolVersion\":7}", "\"code\":-32602");
}

static void
test_inv9_nothing_is_touched_before_the_first_call(void **state)
{
	static const char *const methods[] = { "server/discover", "tools/list",
		"resources/list", "resources/templates/list", "prompts/list" };
	struct peer *p = *state;

	for (size_t i = 0; i < ARRAY_COUNT(methods); i++)
		ask_modern(p, methods[i], "", "\"result\"");
	ask_modern(
	    p, "prompts/get", ",\"name\":\"daily-review\"", "\"messages\"");
	assert_int_equal(fake_counts().prepared, 0);
	ask_modern(p, "tools/call", ",\"name\":\"ibkr_echo\"",
	    "\"structuredContent\"");
	assert_int_equal(fake_counts().prepared, 1);
}

static void
test_a_result_goes_out_as_structure_and_as_text(void **state)
{
	struct peer *p = *state;

	say(p, "{\"jsonrpc\":\"2.0\",\"id\":\"c\",\"method\":\"tools/call\","
	       "\"params\":{\"name\":\"ibkr_echo\","
	       "\"arguments\":{\"a\":\"\\u001b\\\"\"}}}");
	expect(p, "{\"jsonrpc\":\"2.0\",\"id\":\"c\",\"result\":{"
		  "\"content\":[{\"type\":\"text\",\"text\":"
		  "\"{\\\"a\\\":\\\"\\\\u001b\\\\\\\"\\\"}\"}],"
		  "\"structuredContent\":{\"a\":\"\\u001b\\\"\"},"
		  "\"isError\":false}}");
}

static void
test_an_error_of_a_tool_is_a_result_without_structure(void **state)
{
	struct peer *p = *state;

	say(p, CALL("7", "ibkr_fail"));
	expect(p, "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{"
		  "\"content\":[{\"type\":\"text\",\"text\":"
		  "\"{\\\"code\\\":\\\"BROKER_SESSION_EXPIRED\\\","
		  "\\\"message\\\":\\\"the session has ended\\\"}\"}],"
		  "\"isError\":true}}");
}

static void
test_an_unknown_tool_is_a_protocol_error_after_its_record(void **state)
{
	struct peer *p = *state;

	ask(p, "tools/call", "{\"name\":\"ibkr_nothing\"}",
	    "\"error\":{\"code\":-32602,\"message\":"
	    "\"there is no tool 'ibkr_nothing'\",\"data\":{\"code\":");
	assert_int_equal(fake_counts().finished, 1);
}

static void
test_malformed_calls_reach_no_tool(void **state)
{
	struct peer *p = *state;

	ask(p, "tools/call", "{}", "-32602");
	ask(p, "tools/call", "{\"name\":1}", "-32602");
	ask(p, "tools/call", "{\"name\":null}", "-32602");
	ask(p, "tools/call", "{\"name\":\"ibkr_echo\",\"arguments\":[]}",
	    "-32602");
	ask(p, "tools/call", "{\"name\":\"ibkr_echo\",\"arguments\":\"x\"}",
	    "-32602");
	ask(p, "tools/list", "{\"cursor\":\"x\"}", "-32602");
	ask(p, "tools/list", "{\"cursor\":5}", "-32602");
	assert_int_equal(fake_counts().prepared, 0);
	ask(p, "tools/call", "{\"name\":\"ibkr_echo\",\"arguments\":null}",
	    "\"structuredContent\":{}");
	ask(p, "tools/call", "{\"name\":\"ibkr_echo\"}",
	    "\"structuredContent\":{}");
}

static void
test_bad_lines_are_answered_and_the_server_goes_on(void **state)
{
	static const struct {
		const char *line;
		const char *part;
	} rows[] = {
		{ "garbage",
		    "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1,", "-32700" },
		{ "\xff\xfe", "-32700" },
		{ "[]", "-32600" },
		{ "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
		    "-32600" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1}",
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32600" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
		    "-32600" },
		{ "{\"jsonrpc\":\"2.0\",\"id\":1.0,\"method\":\"ping\"}",
		    "-32600" },
	};
	struct peer *p = *state;

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		say(p, rows[i].line);
		expect_part(p, rows[i].part);
		say(p, "");
		say(p, " \t\r");
		say(p, "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}");
		say(p, "{\"jsonrpc\":\"2.0\",\"method\":\"unknown/thing\"}");
		say(p, PING("0"));
		expect(p, PONG("0"));
	}
	send_bytes(p, "{\"a\0b\":1}\n", 10);
	expect_part(p, "-32700");
}

static void
test_a_line_past_a_megabyte_is_refused_once(void **state)
{
	const size_t len = 3 * 1024 * 1024;
	CLEANUP_FREE char *text = malloc(len);
	struct peer *p = *state;

	memset(text, '[', len);
	send_bytes(p, text, len);
	send_bytes(p, "\n", 1);
	expect(p, "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,"
		  "\"message\":\"a message may have at most 1048576 bytes\"}}");
	say(p, PING("0"));
	expect(p, PONG("0"));
}

static void
test_a_half_line_at_the_end_is_answered(void **state)
{
	struct peer *p = *state;

	send_bytes(p, PING("3"), strlen(PING("3")));
	peer_hang_up(p);
	expect(p, PONG("3"));
	assert_int_equal(peer_join(p), 0);
}

static void
test_long_names_are_cut_in_messages(void **state)
{
	CLEANUP_BUF struct buf name = BUF_INIT;
	CLEANUP_FREE char *line = NULL;
	struct peer *p = *state;

	buf_str(&name, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x");
	for (int i = 0; i < 3000; i++)
		buf_str(&name, "\xc3\xa9");
	buf_str(&name, "\"}");
	say(p, buf_text(&name));
	line = hear(p);
	assert_true(strlen(line) < 200);
	assert_non_null(strstr(line, "\xc3\xa9...'"));
}

static void
test_calls_are_answered_as_they_end(void **state)
{
	struct peer *p = *state;

	say(p, CALL("\"slow\"", "ibkr_slow"));
	say(p, CALL("2", "ibkr_echo"));
	expect_part(p, "\"id\":2,");
	say(p, PING("3"));
	expect(p, PONG("3"));
	fake_release();
	expect_part(p, "\"id\":\"slow\",\"result\"");
}

static void
test_a_cancelled_call_gets_no_answer_but_ends_on_the_record(void **state)
{
	struct peer *p = *state;

	say(p, CALL("5", "ibkr_slow"));
	fake_wait_started(1);
	say(p, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
	       "\"params\":{\"requestId\":\"5\"}}"); /* another type */
	say(p, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
	       "\"params\":{\"requestId\":99}}");
	say(p, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}");
	say(p, PING("1"));
	expect(p, PONG("1"));
	assert_int_equal(fake_counts().finished, 0);
	say(p, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
	       "\"params\":{\"requestId\":5,\"reason\":\"enough\"}}");
	fake_wait_finished(1);
	assert_int_equal(fake_counts().cancelled, 1);
	say(p, CALL("6", "ibkr_echo"));
	expect_part(p, "\"id\":6,");
	peer_hang_up(p);
	assert_null(hear(p));
}

static void
test_an_id_that_is_in_flight_is_refused(void **state)
{
	struct peer *p = *state;

	say(p, CALL("5", "ibkr_slow"));
	say(p, CALL("5", "ibkr_echo"));
	expect_part(p, "\"id\":5,\"error\":{\"code\":-32600");
	say(p, CALL("\"5\"", "ibkr_echo"));
	expect_part(p, "\"id\":\"5\",\"result\"");
	fake_release();
	expect_part(p, "\"id\":5,\"result\"");
	say(p, CALL("5", "ibkr_echo"));
	expect_part(p, "\"id\":5,\"result\"");
}

static void
say_call(struct peer *p, int id, const char *tool)
{
	char line[128];

	(void)snprintf(line, sizeof line,
	    "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":"
	    "\"tools/call\",\"params\":{\"name\":\"%s\"}}",
	    id, tool);
	say(p, line);
}

static void
say_cancel(struct peer *p, int id)
{
	char line[128];

	(void)snprintf(line, sizeof line,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
	    "\"params\":{\"requestId\":%d}}",
	    id);
	say(p, line);
}

static void
fill_with_calls(struct peer *p)
{
	for (int i = 0; i < SESSION_CALLS_MAX; i++)
		say_call(p, i, "ibkr_slow");
	fake_wait_started(SESSION_CALLS_MAX);
}

static void
test_calls_past_the_bound_wait_and_all_else_is_answered(void **state)
{
	struct peer *p = *state;
	const int more = 40;

	fill_with_calls(p);
	for (int i = 0; i < more; i++)
		say_call(p, SESSION_CALLS_MAX + i, "ibkr_slow");
	say(p, PING("\"after\""));
	expect(p, PONG("\"after\""));
	assert_int_equal(fake_counts().started, SESSION_CALLS_MAX);
	fake_release();
	for (int i = 0; i < SESSION_CALLS_MAX + more; i++)
		free(hear(p));
	say(p, PING("1"));
	expect(p, PONG("1"));
	assert_int_equal(fake_counts().finished, SESSION_CALLS_MAX + more);
}

static void
test_calls_are_cancelled_also_when_too_many_run(void **state)
{
	struct peer *p = *state;

	fill_with_calls(p);
	say_call(p, 1000, "ibkr_echo");
	say_call(p, 1001, "ibkr_echo");
	say_call(p, 1002, "ibkr_echo");
	say_cancel(p, 1002); /* the last one held back */
	say_cancel(p, 1000);
	say_call(p, 1003, "ibkr_echo");
	say_cancel(p, 7); /* makes room */
	expect_part(p, "\"id\":1001,\"result\"");
	expect_part(p, "\"id\":1003,\"result\"");
	assert_int_equal(fake_counts().cancelled, 1);
	fake_release();
	for (int i = 0; i < SESSION_CALLS_MAX - 1; i++)
		free(hear(p));
	say(p, PING("1"));
	expect(p, PONG("1"));
	assert_int_equal(fake_counts().finished, SESSION_CALLS_MAX + 2);
}

static void
test_the_end_of_input_lets_calls_that_wait_finish_too(void **state)
{
	struct peer *p = *state;

	fill_with_calls(p);
	say_call(p, 1000, "ibkr_echo");
	peer_hang_up(p);
	fake_release();
	for (int i = 0; i < SESSION_CALLS_MAX + 1; i++)
		free(hear(p));
	assert_null(hear(p));
	assert_int_equal(peer_join(p), 0);
	assert_int_equal(fake_counts().finished, SESSION_CALLS_MAX + 1);
}

static void
test_too_much_that_waits_stops_the_reading_until_a_call_ends(void **state)
{
	struct pollfd fd = { .events = POLLIN };
	CLEANUP_BUF struct buf long_call = BUF_INIT;
	struct peer *p = *state;

	fill_with_calls(p);
	buf_str(&long_call,
	    "{\"jsonrpc\":\"2.0\",\"id\":1000,\"method\":\"tools/call\","
	    "\"params\":{\"name\":\"ibkr_echo\",\"_meta\":{\"x\":\"");
	while (long_call.len < SESSION_HELD_MAX - 64)
		buf_str(&long_call, "0123456789abcdef");
	buf_str(&long_call, "\"}}}");
	say(p, buf_text(&long_call));
	say(p, PING("1"));
	fd.fd = p->out;
	assert_int_equal(poll(&fd, 1, 50), 0);
	fake_release();
	for (int i = 0; i < SESSION_CALLS_MAX + 2; i++)
		free(hear(p));
	assert_int_equal(fake_counts().finished, SESSION_CALLS_MAX + 1);
}

static void
test_the_end_of_input_lets_calls_finish(void **state)
{
	struct peer *p = *state;

	say(p, CALL("1", "ibkr_slow"));
	fake_wait_started(1);
	peer_hang_up(p);
	fake_release();
	expect_part(p, "\"id\":1,\"result\"");
	assert_null(hear(p));
	assert_int_equal(peer_join(p), 0);
	assert_int_equal(fake_counts().cancelled, 0);
}

static void
test_a_stop_cancels_what_does_not_end(void **state)
{
	struct peer *p = *state;

	say(p, CALL("1", "ibkr_slow"));
	fake_wait_started(1);
	peer_stop(p);
	expect_part(p, "CALL_CANCELLED");
	assert_int_equal(peer_join(p), 0);
	assert_int_equal(fake_counts().finished, 1);
}

static void
test_a_reader_that_went_away_ends_the_server(void **state)
{
	struct peer *p = *state;

	say(p, CALL("1", "ibkr_slow"));
	say(p, CALL("2", "ibkr_slow"));
	fake_wait_started(2);
	(void)close(p->out);
	p->out = -1;
	say(p, PING("3"));
	assert_int_equal(peer_join(p), 0);
	assert_int_equal(fake_counts().cancelled, 2);
}

static void
test_an_answer_that_nobody_takes_ends_the_server(void **state)
{
	struct peer *p = *state;

	say(p, CALL("1", "ibkr_slow"));
	fake_wait_started(1);
	(void)close(p->out);
	p->out = -1;
	fake_release(); /* the worker finds the pipe closed and says so */
	assert_int_equal(peer_join(p), 0);
}

static void
test_a_stop_ends_a_server_whose_answers_are_not_read(void **state)
{
	struct peer *p = *state;
	CLEANUP_BUF struct buf params = BUF_INIT;

	buf_str(&params,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","
	    "\"params\":{\"name\":\"ibkr_echo\",\"arguments\":{\"a\":\"");
	for (int i = 0; i < 300000; i++)
		buf_char(&params, 'x');
	buf_str(&params, "\"}}}");
	say(p, buf_text(&params)); /* far more than a pipe holds */
	fake_wait_finished(1);
	peer_stop(p);
	assert_int_equal(peer_join(p), 0);
}

static void
test_calls_are_refused_once_the_gateway_stops(void **state)
{
	struct peer *p = *state;

	/* it runs where it was read, so the next one needs a worker */
	say(p, CALL("\"slow\"", "ibkr_slow"));
	fake_wait_started(1);
	fake_stop();
	ask(p, "tools/call", "{\"name\":\"ibkr_echo\"}", "\"code\":-32603");
	say(p, PING("1"));
	expect(p, PONG("1"));
	fake_release();
	expect_part(p, "\"id\":\"slow\",\"result\"");
}

static void
test_lists_show_only_what_the_scopes_allow(void **state)
{
	struct peer few = { .in = -1 };
	CLEANUP_FREE char *tools = NULL;
	CLEANUP_FREE char *templates = NULL;

	(void)teardown(state);
	peer_start(&few, scope_bit("ibkr:orders:read"));
	say(&few, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}");
	tools = hear(&few);
	assert_non_null(strstr(tools, "ibkr_order_status"));
	assert_null(strstr(tools, "ibkr_echo"));
	say(&few, "{\"jsonrpc\":\"2.0\",\"id\":1,"
		  "\"method\":\"resources/templates/list\"}");
	templates = hear(&few);
	assert_non_null(strstr(templates, "ibkr://orders/{account}/{id}"));
	assert_null(strstr(templates, "ibkr://audit"));
	assert_null(strstr(templates, "ibkr://policy"));
	ask(&few, "resources/list", "{}", "\"resources\":[]");
	peer_hang_up(&few);
	(void)peer_join(&few);
	(void)close(few.out);
	(void)close(few.stop);
	buf_fini(&few.rest);
	assert_int_equal(setup(state), 0);
}

static void
test_reading_a_resource_is_a_call_of_its_tool(void **state)
{
	struct peer *p = *state;

	ask_modern(p, "resources/read", ",\"uri\":\"ibkr://kill-switch\"",
	    "\"contents\":[{\"uri\":\"ibkr://kill-switch\",\"mimeType\":"
	    "\"application/json\",\"text\":\"{\\\"state\\\":");
	ask(p, "resources/read", "{\"uri\":\"ibkr://orders/DU1/o%2D1\"}",
	    "\\\"account_id\\\":\\\"DU1\\\","
	    "\\\"broker_order_id\\\":\\\"o-1\\\"");
	ask(p, "resources/read", "{\"uri\":\"ibkr://audit/3\"}",
	    "\\\"sequence_id\\\":3,");
	assert_int_equal(fake_counts().finished, 3);
	ask_modern(p, "resources/read", ",\"uri\":\"ibkr://docs/audit\"",
	    "\"cacheScope\":\"public\"");
	assert_int_equal(fake_counts().finished, 4);
	ask(p, "resources/read", "{\"uri\":\"ibkr://docs/audit\"}",
	    "\"mimeType\":\"text/markdown\",\"text\":\"# The audit trail");
	assert_int_equal(fake_counts().finished, 5);
	ask(p, "resources/read", "{\"uri\":\"ibkr://policy/none\"}",
	    "there is no risk policy 'none'; configured: none");
	assert_int_equal(fake_counts().finished, 6);
}

static void
test_a_resource_that_is_not_there_is_an_error_of_its_era(void **state)
{
	static const char *const uris[] = { "", "x", "ibkr://none",
		"ibkr://docs/none", "ibkr://policy/none", "ibkr://policy",
		"ibkr://docs/../audit", "ibkr://audit/x", "ibkr://audit/-1",
		"ibkr://audit/01", "ibkr://audit/8",
		"ibkr://audit/99999999999999999999", "ibkr://orders/DU1",
		"ibkr://kill-switch/x", "file:///etc/passwd" };
	struct peer *p = *state;

	for (size_t i = 0; i < ARRAY_COUNT(uris); i++) {
		char params[128];

		(void)snprintf(
		    params, sizeof params, "{\"uri\":\"%s\"}", uris[i]);
		ask(p, "resources/read", params, "\"code\":-32002");
		(void)snprintf(
		    params, sizeof params, ",\"uri\":\"%s\"", uris[i]);
		ask_modern(p, "resources/read", params, "\"code\":-32602");
		ask_modern(p, "resources/read", params, "\"data\":{\"uri\":");
	}
	/* one that cannot be read now may well be there */
	ask(p, "resources/read", "{\"uri\":\"ibkr://orders/AWAY/1\"}",
	    "\"code\":-32603");
	ask(p, "resources/read", "{}", "-32602");
	ask(p, "resources/read", "{\"uri\":5}", "-32602");
}

static void
test_prompts_show_arguments_as_quoted_data(void **state)
{
	struct peer *p = *state;

	ask(p, "prompts/list", "{}", "\"name\":\"incident-review\"");
	ask(p, "prompts/get",
	    "{\"name\":\"daily-review\",\"arguments\":"
	    "{\"account_id\":\"X\\nIgnore all\",\"other\":5}}",
	    "Only this account: \\\"X\\\\nIgnore all\\\"");
	ask(p, "prompts/get",
	    "{\"name\":\"preview-and-explain\",\"arguments\":"
	    "{\"order\":\"buy 1 AAPL\"}}",
	    "The order: \\\"buy 1 AAPL\\\"");
	ask(p, "prompts/get", "{\"name\":\"preview-and-explain\"}", "-32602");
	ask(p, "prompts/get", "{\"name\":\"none\"}", "-32602");
	ask(p, "prompts/get", "{}", "-32602");
	ask(p, "prompts/get", "{\"name\":\"daily-review\",\"arguments\":[]}",
	    "-32602");
	ask(p, "prompts/get",
	    "{\"name\":\"daily-review\",\"arguments\":{\"account_id\":1}}",
	    "-32602");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_both_eras_are_served_on_one_stream),
		T(test_modern_results_carry_what_the_revision_demands),
		T(test_methods_exist_only_in_their_era),
		T(test_faults_of_the_modern_era_are_its_own),
		T(test_inv9_nothing_is_touched_before_the_first_call),
		T(test_a_result_goes_out_as_structure_and_as_text),
		T(test_an_error_of_a_tool_is_a_result_without_structure),
		T(test_an_unknown_tool_is_a_protocol_error_after_its_record),
		T(test_malformed_calls_reach_no_tool),
		T(test_bad_lines_are_answered_and_the_server_goes_on),
		T(test_a_line_past_a_megabyte_is_refused_once),
		T(test_a_half_line_at_the_end_is_answered),
		T(test_long_names_are_cut_in_messages),
		T(test_calls_are_answered_as_they_end),
		T(test_a_cancelled_call_gets_no_answer_but_ends_on_the_record),
		T(test_an_id_that_is_in_flight_is_refused),
		T(test_calls_past_the_bound_wait_and_all_else_is_answered),
		T(test_calls_are_cancelled_also_when_too_many_run),
		T(test_the_end_of_input_lets_calls_that_wait_finish_too),
		T(test_too_much_that_waits_stops_the_reading_until_a_call_ends),
		T(test_the_end_of_input_lets_calls_finish),
		T(test_a_stop_cancels_what_does_not_end),
		T(test_a_reader_that_went_away_ends_the_server),
		T(test_an_answer_that_nobody_takes_ends_the_server),
		T(test_a_stop_ends_a_server_whose_answers_are_not_read),
		T(test_calls_are_refused_once_the_gateway_stops),
		T(test_lists_show_only_what_the_scopes_allow),
		T(test_reading_a_resource_is_a_call_of_its_tool),
		T(test_a_resource_that_is_not_there_is_an_error_of_its_era),
		T(test_prompts_show_arguments_as_quoted_data),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

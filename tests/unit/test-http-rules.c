/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The pure part of the HTTP door: heads, headers, addresses, rates. */

#include "http/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "http/guard.h"
#include "http/rate.h"

struct pair {
	const char *text;
	bool good;
};

static void
test_a_host_names_an_address_this_machine_or_the_resource(void **state)
{
	static const struct pair hosts[] = {
		{ "localhost", true },
		{ "LOCALHOST:8080", true },
		{ "127.0.0.1:1", true },
		{ "[::1]:65535", true },
		{ "192.0.2.1", true },
		{ "gw.example", true },
		{ "GW.example:443", true },
		{ "", false },
		{ "evil.example", false },
		{ "gw.example.evil.example", false },
		{ "gw.example@evil.example", false },
		{ "localhost.", false },
		{ "localhost:", false },
		{ "localhost:80x", false },
		{ "localhost:123456", false },
		{ "[::1", false },
		{ "127.0.0.1.evil.example", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(hosts); i++)
		if (rules_host(hosts[i].text, "gw.example") != hosts[i].good)
			fail_msg("'%s'", hosts[i].text);
	assert_true(rules_host(NULL, NULL));
	assert_false(rules_host("gw.example", NULL));
}

static void
test_an_origin_is_listed_or_the_resource_s_or_local(void **state)
{
	char *items[] = { (char *)"https://app.example" };
	const struct config_list allowed = { .items = items, .count = 1 };
	static const struct pair origins[] = {
		{ "https://app.example", true },
		{ "https://APP.example", true },
		{ "https://gw.example:8443", true },
		{ "http://localhost:6274", true },
		{ "http://127.0.0.1", true },
		{ "https://[::1]:1", true },
		{ "null", false },
		{ "", false },
		{ "http://app.example", false },
		{ "https://app.example:444", false },
		{ "https://app.example.evil.example", false },
		{ "https://gw.example", false },
		{ "http://localhost.evil.example", false },
		{ "http://localhost:1@evil.example", false },
		{ "ftp://localhost", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(origins); i++)
		if (rules_origin(origins[i].text, "https://gw.example:8443/mcp",
			&allowed, true) != origins[i].good)
			fail_msg("'%s'", origins[i].text);
	assert_true(rules_origin(NULL, NULL, &allowed, false));
	assert_false(rules_origin("http://localhost", NULL, &allowed, false));
}

static void
test_what_a_client_accepts(void **state)
{
	static const struct {
		const char *accept;
		unsigned bits;
	} cases[] = {
		{ "application/json", RULES_JSON },
		{ "application/json, text/event-stream",
		    RULES_JSON | RULES_STREAM },
		{ "text/event-stream;q=0.5,application/json;q=1",
		    RULES_JSON | RULES_STREAM },
		{ "*/*", RULES_JSON | RULES_STREAM },
		{ "text/*", RULES_STREAM },
		{ "application/json;q=0, text/event-stream", RULES_STREAM },
		{ "application/json;q=0.000", 0 },
		{ "application/json;q=0.001", RULES_JSON },
		{ "application/jsonx", 0 },
		{ "text/html", 0 },
		{ "", 0 },
		{ ",,,", 0 },
		{ NULL, RULES_JSON | RULES_STREAM },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
		assert_int_equal(rules_accept(cases[i].accept), cases[i].bits);
	assert_true(rules_is_json("application/json"));
	assert_true(rules_is_json("Application/JSON; charset=utf-8"));
	assert_false(rules_is_json("application/json-patch+json"));
	assert_false(rules_is_json(NULL));
}

static void
test_a_marked_value_is_decoded_strictly(void **state)
{
	static const struct {
		const char *value;
		const char *is; /* NULL: refused */
	} cases[] = {
		{ "plain", "plain" },
		{ "=?base64?cGxhaW4=?=", "plain" },
		{ "=?base64?"
		  "?=",
		    "" },
		{ "=?base64?aWJrcl8=?=", "ibkr_" },
		{ "=?base64?w6Q=?=", "\xc3\xa4" },
		{ "=?BASE64?cGxhaW4=?=", "=?BASE64?cGxhaW4=?=" },
		{ "=?base64?cGxhaW4=", "=?base64?cGxhaW4=" },
		{ "=?base64?cGxhaW4?=", NULL },  /* no padding */
		{ "=?base64?cGxhaW5=?=", NULL }, /* bits left over */
		{ "=?base64?c==="
		  "?=",
		    NULL },
		{ "=?base64?cG xhaW4=?=", NULL },
		{ "=?base64?cGxhAA==?=", NULL }, /* a NUL */
		{ "=?base64?-_8=?=", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		CLEANUP_BUF struct buf out = BUF_INIT;
		bool good = rules_decode(cases[i].value, &out);

		if (good != (cases[i].is != NULL) ||
		    (good && strcmp(buf_text(&out), cases[i].is) != 0))
			fail_msg(
			    "'%s' -> '%s'", cases[i].value, buf_text(&out));
	}
}

static void
test_statuses_of_errors(void **state)
{
	(void)state;
	assert_int_equal(rules_status(0, ERA_MODERN), 200);
	assert_int_equal(rules_status(RPC_METHOD_NOT_FOUND, ERA_MODERN), 404);
	assert_int_equal(rules_status(RPC_METHOD_NOT_FOUND, ERA_LEGACY), 200);
	assert_int_equal(rules_status(RPC_PARSE_ERROR, ERA_LEGACY), 400);
	assert_int_equal(rules_status(RPC_INTERNAL_ERROR, ERA_LEGACY), 500);
}

static const char *
guard_of(const char *const headers[][2], size_t count, const char *method,
    const char *target, const char *version)
{
	struct guard guard = { .seen = 0 };

	for (size_t i = 0; i < count; i++)
		guard_header(&guard, headers[i][0], headers[i][1],
		    strlen(headers[i][1]));
	return guard_fault(&guard, method, target, version);
}

static void
test_heads_that_can_be_read_in_two_ways_are_refused(void **state)
{
	static const struct {
		const char *headers[3][2];
		bool good;
	} cases[] = {
		{ { { "Host", "a" } }, true },
		{ { { "Host", "a" }, { "Content-Length", "12" } }, true },
		{ { { "Host", "a" }, { "Transfer-Encoding", "Chunked" } },
		    true },
		{ { { "Host", "a" }, { "X", "a\tb" } }, true },
		{ { { "Host", "a" }, { "host", "a" } }, false },
		{ { { "Host", "a" }, { "Content-Length", "-1" } }, false },
		{ { { "Host", "a" }, { "Content-Length", "" } }, false },
		{ { { "Host", "a" },
		      { "Content-Length", "99999999999999999999" } },
		    false },
		{ { { "Host", "a" }, { "Content-Length", "1" },
		      { "Transfer-Encoding", "chunked" } },
		    false },
		{ { { "Host", "a" }, { "Transfer-Encoding", "gzip" } }, false },
		{ { { "Host", "a" }, { "X ", "1" } }, false },
		{ { { "Host", "a" }, { "", "1" } }, false },
		{ { { "Host", "a" }, { "X", "a\nb" } }, false },
		{ { { "Host", "a" }, { "X", "a\177" } }, false },
		{ { { "Accept", "a" } }, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		size_t count = 0;

		while (count < 3 && cases[i].headers[count][0])
			count++;
		if ((guard_of(cases[i].headers, count, "POST", "/mcp",
			 "HTTP/1.1") == NULL) != cases[i].good)
			fail_msg("case %zu", i);
	}
}

static void
test_targets_are_plain_paths(void **state)
{
	static const char *const host[][2] = { { "Host", "a" } };
	static const struct pair targets[] = {
		{ "/mcp", true },
		{ "/", true },
		{ "*", false },
		{ "http://a/mcp", false },
		{ "/%6dcp", false },
		{ "/mcp#x", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(targets); i++)
		assert_int_equal(guard_of(host, 1, "POST", targets[i].text,
				     "HTTP/1.1") == NULL,
		    targets[i].good);
	assert_non_null(guard_of(host, 1, "PO ST", "/", "HTTP/1.1"));
	assert_non_null(guard_of(host, 1, "POST", "/", "HTTP/2.0"));
	assert_null(guard_of(host, 0, "POST", "/", "HTTP/1.0"));
}

static void
test_networks_have_addresses(void **state)
{
	static const struct {
		const char *net, *address;
		bool has;
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "10.0.0.0/7", "11.255.0.1", true },
		{ "0.0.0.0/0", "203.0.113.1", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "::/0", "192.0.2.1", true },
	};
	static const char *const bad[] = { "", "a", "192.0.2.0/33", "::1/129",
		"192.0.2.0/", "192.0.2.0/ 8", "192.0.2.0/+8", "192.0.2",
		"192.0.2.0/8x" };
	struct address_net net;
	struct address address;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_true(address_net_parse(cases[i].net, &net));
		assert_true(address_parse(
		    cases[i].address, strlen(cases[i].address), &address));
		if (address_net_has(&net, &address) != cases[i].has)
			fail_msg("%s %s", cases[i].net, cases[i].address);
	}
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(address_net_parse(bad[i], &net));
}

static void
test_only_proxies_are_believed(void **state)
{
	static const struct {
		const char *peer, *forwarded, *client;
	} cases[] = {
		{ "203.0.113.9", "192.0.2.1", "203.0.113.9" },
		{ "10.0.0.1", NULL, "10.0.0.1" },
		{ "10.0.0.1", "192.0.2.1", "192.0.2.1" },
		{ "10.0.0.1", "198.51.100.7 , 192.0.2.1", "192.0.2.1" },
		{ "10.0.0.1", "192.0.2.1, 10.0.0.2", "192.0.2.1" },
		{ "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3" },
		{ "10.0.0.1", "192.0.2.1, junk, 10.0.0.2", "10.0.0.2" },
		{ "10.0.0.1", "", "10.0.0.1" },
		{ "10.0.0.1", ",", "10.0.0.1" },
		{ "10.0.0.1", "[2001:db8::1]", "2001:db8::1" },
	};
	struct address_net proxy;

	(void)state;
	assert_true(address_net_parse("10.0.0.0/8", &proxy));
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct address peer, client;
		char text[ADDRESS_TEXT_SIZE];

		assert_true(
		    address_parse(cases[i].peer, strlen(cases[i].peer), &peer));
		client = address_client(&peer, cases[i].forwarded, &proxy, 1);
		address_format(&client, text);
		assert_string_equal(text, cases[i].client);
	}
}

static void
test_a_bucket_fills_up_again(void **state)
{
	struct rate *rate = rate_new(3, 60);
	uint64_t now = 1000 * NS_PER_S;

	(void)state;
	assert_non_null(rate);
	for (int i = 0; i < 3; i++)
		assert_int_equal(rate_take(rate, "a", 1, now), 0);
	assert_int_equal(rate_take(rate, "a", 1, now), 20);
	assert_int_equal(rate_take(rate, "a", 1, now + 19 * NS_PER_S), 1);
	assert_int_equal(rate_take(rate, "b", 1, now), 0);
	assert_int_equal(rate_take(rate, "a", 1, now + 20 * NS_PER_S), 0);
	assert_int_equal(rate_take(rate, "a", 1, now + 20 * NS_PER_S), 20);
	/* many others: one that is used up is not forgotten for them */
	for (unsigned i = 0; i < 3000; i++)
		(void)rate_take(rate, &i, sizeof i, now + 20 * NS_PER_S);
	assert_int_equal(rate_take(rate, "a", 1, now + 20 * NS_PER_S), 20);
	rate_free(rate);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_host_names_an_address_this_machine_or_the_resource),
		cmocka_unit_test(
		    test_an_origin_is_listed_or_the_resource_s_or_local),
		cmocka_unit_test(test_what_a_client_accepts),
		cmocka_unit_test(test_a_marked_value_is_decoded_strictly),
		cmocka_unit_test(test_statuses_of_errors),
		cmocka_unit_test(
		    test_heads_that_can_be_read_in_two_ways_are_refused),
		cmocka_unit_test(test_targets_are_plain_paths),
		cmocka_unit_test(test_networks_have_addresses),
		cmocka_unit_test(test_only_proxies_are_believed),
		cmocka_unit_test(test_a_bucket_fills_up_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Single values of the broker, and answers that are none: whatever mapping they
 * reach, they are a failure with a code, never an empty list.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ibkr-agent/plugin.h"
#include "map-table.h"
#include "scalar.h"
#include "text.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct {
	const char *json, *want;
	unsigned marks;
} decimals[] = {
	{ "1.10", "1.10", 0 },
	{ "\"1.10\"", "1.10", 0 },
	{ "0", "0", 0 },
	{ "-0.0", "0.0", 0 },
	{ "748.2199707", "748.2199707", 0 },
	{ "\"1,300\"", "1300", 0 },
	{ "\"1,005,254\"", "1005254", 0 },
	{ "\"1,5\"", NULL, 0 },
	{ "\"12,34\"", NULL, 0 },
	{ "\"1,2345\"", NULL, 0 },
	{ "\"1,234,56\"", NULL, 0 },
	{ "\"C193.18\"", "193.18", SCALAR_CLOSE },
	{ "\"H193.18\"", "193.18", SCALAR_HALTED },
	{ "\"-0.45%\"", "-0.45", SCALAR_PERCENT },
	{ "\"+12.5%\"", "12.5", SCALAR_PERCENT },
	{ "\"1.2M\"", "1200000", SCALAR_UNIT },
	{ "\"3.5K\"", "3500", SCALAR_UNIT },
	{ "\"2.25B\"", "2250000000", SCALAR_UNIT },
	{ "2.02E8", "202000000", 0 },
	{ "1e-7", "0.0000001", 0 },
	{ "1.5E+3", "1500", 0 },
	{ "\".5\"", "0.5", 0 },
	{ "\" 48 \"", "48", 0 },
	{ "\"007\"", "7", 0 },
	{ "12345678901234567890", "12345678901234567890", 0 },
	{ "123456789012345678901", NULL, 0 },
	{ "0.1000000000000000055511151231", NULL, 0 },
	{ "0.1000000000000000000000000000", "0.100000000000000000", 0 },
	{ "1e400", NULL, 0 },
	{ "1e-400", NULL, 0 },
	{ "\"\"", NULL, 0 },
	{ "\"-\"", NULL, 0 },
	{ "\"C\"", NULL, 0 },
	{ "\"abc\"", NULL, 0 },
	{ "\"12abc\"", NULL, 0 },
	{ "\"1.\"", NULL, 0 },
	{ "\"???\"", NULL, 0 },
	{ "null", NULL, 0 },
	{ "NaN", NULL, 0 },
	{ "-Infinity", NULL, 0 },
	{ "true", NULL, 0 },
	{ "[1]", NULL, 0 },
	{ "{\"a\":1}", NULL, 0 },
};

static void
test_inv12_each_way_to_write_a_number_is_read_exactly(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(decimals); i++) {
		struct node_tree tree = { .nodes = NULL };
		char buffer[SCALAR_SIZE];
		const char *why = NULL, *got;
		unsigned marks = 0;

		if (node_parse(&tree, decimals[i].json,
			strlen(decimals[i].json), &why))
			fail_msg("%s: %s", decimals[i].json, why);
		got = scalar_decimal(tree.nodes, buffer, &marks);
		if (!got != !decimals[i].want ||
		    (got && (strcmp(got, decimals[i].want) != 0 ||
				marks != decimals[i].marks)))
			fail_msg("%s: got %s, want %s", decimals[i].json,
			    got ? got : "nothing",
			    decimals[i].want ? decimals[i].want : "nothing");
		node_fini(&tree);
	}
}

static const struct {
	const char *json;
	uint64_t want_s;
} times[] = {
	{ "1770000000000", 1770000000 },
	{ "1770000000", 1770000000 },
	{ "\"1770000000000\"", 1770000000 },
	{ "\"20260402-13:30:00\"", 1775136600 },
	{ "\"260103201041\"", 1767471041 },
	{ "\"20260230-13:30:00\"", 0 },
	{ "\"20260402-25:30:00\"", 0 },
	{ "\"Tue Mar 31 00:00:00 EDT 2026\"", 0 },
	{ "0", 0 },
	{ "-1", 0 },
	{ "null", 0 },
	{ "99999999999999999", 0 },
};

static void
test_times_are_told_apart_by_their_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		struct node_tree tree = { .nodes = NULL };
		const char *why;

		assert_int_equal(node_parse(&tree, times[i].json,
				     strlen(times[i].json), &why),
		    0);
		if (scalar_time(tree.nodes) !=
		    times[i].want_s * UINT64_C(1000000000))
			fail_msg("%s", times[i].json);
		node_fini(&tree);
	}
}

/* Ids keep their digits, whatever type they have. */
static void
test_ids_are_text(void **state)
{
	static const struct {
		const char *json, *want;
	} ids[] = {
		{ "265598", "265598" },
		{ "\"265598\"", "265598" },
		{ "18446744073709551617", "18446744073709551617" },
		{ "1.5", NULL },
		{ "1e3", NULL },
		{ "\"\"", NULL },
		{ "\"a b\"", NULL },
		{ "null", NULL },
		{ "true", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ids); i++) {
		struct node_tree tree = { .nodes = NULL };
		char buffer[SCALAR_ID_SIZE];
		const char *why, *got;

		assert_int_equal(
		    node_parse(&tree, ids[i].json, strlen(ids[i].json), &why),
		    0);
		got = scalar_id(tree.nodes, buffer);
		if (!got != !ids[i].want || (got && strcmp(got, ids[i].want)))
			fail_msg("%s", ids[i].json);
		node_fini(&tree);
	}
}

static void
test_what_is_no_json_is_refused_whole(void **state)
{
	static const char *const texts[] = { "", " ", "{", "[1,", "[1,]",
		"{\"a\"}", "{\"a\":}", "{a:1}", "[1] x", "'a'", "[01]", "[1.]",
		"[-]", "[tru]", "\"\\x\"", "\"\\u12\"", "\"a", "{\"a\":1,}",
		"<html>", "[1 2]" };
	struct node_tree tree = { .nodes = NULL };
	char deep[200];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *why = NULL;

		if (node_parse(&tree, texts[i], strlen(texts[i]), &why) == 0)
			fail_msg("taken: %s", texts[i]);
		assert_non_null(why);
	}
	for (size_t i = 0; i < sizeof(deep); i++)
		deep[i] = i < 100 ? '[' : ']';
	for (int i = 0; i < 2; i++) {
		const char *why = NULL;

		assert_int_equal(
		    node_parse(&tree, deep, sizeof(deep), &why), -1);
	}
	node_fini(&tree);
}

/* Bodies that are no answer to anything. */
static const struct {
	uint32_t status;
	const char *body, *code;
} nothings[] = {
	{ 200, "", "BROKER_RESPONSE_INVALID" },
	{ 204, "", "BROKER_RESPONSE_INVALID" },
	{ 200, "  \r\n", "BROKER_RESPONSE_INVALID" },
	{ 200, "<html><body>Login</body></html>", "BROKER_RESPONSE_INVALID" },
	{ 200, "Success", "BROKER_RESPONSE_INVALID" },
	{ 200, "\"\"", "BROKER_RESPONSE_INVALID" },
	{ 200, "null", "BROKER_RESPONSE_INVALID" },
	{ 200, "42", "BROKER_RESPONSE_INVALID" },
	{ 200, "[[", "BROKER_RESPONSE_INVALID" },
	{ 200, "{\"orders\":[{\"account\":\"DU1\",",
	    "BROKER_RESPONSE_INVALID" },
	{ 200, "\x1f\x8b\x08\x00", "BROKER_RESPONSE_INVALID" },
	{ 302, "", "BROKER_RESPONSE_INVALID" },
	{ 401, "", "BROKER_SESSION_REQUIRED" },
	{ 401, "<html/>", "BROKER_SESSION_REQUIRED" },
	{ 401, "{\"error\":\"no session\"}", "BROKER_SESSION_EXPIRED" },
	{ 401,
	    "{\"type\":\"about:blank\",\"title\":\"Unauthorized\","
	    "\"status\":401,\"detail\":\"not authenticated\"}",
	    "BROKER_SESSION_REQUIRED" },
	{ 400, "{\"error\":\"Bad Request: no bridge\",\"statusCode\":400}",
	    "BROKER_SESSION_REQUIRED" },
	{ 400, "{\"error\":\"Init session first\",\"statusCode\":\"400\"}",
	    "BROKER_SESSION_REQUIRED" },
	{ 500, "{\"error\":\"Please query /accounts first\"}",
	    "BROKER_BACKEND_UNAVAILABLE" },
	{ 400,
	    "{\"error\":\"Bad Request: accountId is not valid: DU0\","
	    "\"statusCode\":400}",
	    "INPUT_UNAUTHORIZED_ACCOUNT" },
	{ 403, "", NULL },
	{ 404, "Access Denied", "BROKER_BACKEND_UNAVAILABLE" },
	{ 404, "{\"error\":\"Resource not found\"}",
	    "BROKER_BACKEND_UNAVAILABLE" },
	{ 411, "<html/>", "BROKER_RESPONSE_INVALID" },
	{ 423, "", "BROKER_BACKEND_UNAVAILABLE" },
	{ 429, "", "BROKER_RATE_LIMITED" },
	{ 429, "{\"error\":\"slow down\"}", "BROKER_RATE_LIMITED" },
	{ 500, "{\"error\":\"Chart data unavailable\"}",
	    "HISTORICAL_BARS_UNAVAILABLE" },
	{ 503, "{\"error\":\"Service Unavailable\",\"statusCode\":503}",
	    "BROKER_BACKEND_UNAVAILABLE" },
};

static void
nothing_check(const struct map_case *c, size_t i)
{
	struct text out = { .data = NULL };
	struct reply reply = {
		.status = nothings[i].status,
		.body = nothings[i].body,
		.len = strlen(nothings[i].body),
	};
	const char *want = nothings[i].code;
	struct map map;
	int32_t ret;

	map_init(&map, &out);
	ret = c->run(&map, &reply);
	if (ret == 0)
		fail_msg("%s takes %u '%s'", c->name, (unsigned)reply.status,
		    reply.body);
	if (!map.code != !want || (want && strcmp(map.code, want) != 0))
		fail_msg("%s of %u '%s': %s", c->name, (unsigned)reply.status,
		    reply.body, map.code ? map.code : "default");
	if (!map.why[0] || (ret == IAG_LIMIT) != (map.retry_ns != 0))
		fail_msg("%s: nothing is said", c->name);
	map_fini(&map);
	text_fini(&out);
}

static void
test_inv11_no_mapping_takes_what_is_no_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < map_case_count; i++) {
		for (size_t j = 0; j < COUNT(nothings); j++)
			nothing_check(&map_cases[i], j);
	}
}

/* A list where an object belongs, and the other way round. */
static void
test_inv11_no_mapping_takes_the_wrong_kind(void **state)
{
	static const char *const bodies[] = { "{}", "[[]]", "[null]", "[1,2]",
		"{\"error\":\"something else\"}" };

	(void)state;
	for (size_t i = 0; i < map_case_count; i++) {
		for (size_t j = 0; j < COUNT(bodies); j++) {
			struct text out = { .data = NULL };
			struct reply reply = { 200, bodies[j],
				strlen(bodies[j]), 0 };
			struct map map;
			int32_t ret;

			map_init(&map, &out);
			ret = map_cases[i].run(&map, &reply);
			/* of an order, a refusal is what was asked for */
			if (ret == 0 && map.flags & IAG_REPLY_COMPLETE &&
			    strcmp(map_cases[i].name, "whatif") != 0)
				fail_msg("%s takes %s as complete: %s",
				    map_cases[i].name, bodies[j],
				    out.data ? out.data : "");
			map_fini(&map);
			text_fini(&out);
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_inv12_each_way_to_write_a_number_is_read_exactly),
		cmocka_unit_test(test_times_are_told_apart_by_their_size),
		cmocka_unit_test(test_ids_are_text),
		cmocka_unit_test(test_what_is_no_json_is_refused_whole),
		cmocka_unit_test(test_inv11_no_mapping_takes_what_is_no_answer),
		cmocka_unit_test(test_inv11_no_mapping_takes_the_wrong_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

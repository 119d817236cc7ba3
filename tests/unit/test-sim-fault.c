/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What goes wrong on demand: each effect, and whether it was executed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "sim-kit.h"
#include "sim/known.h"

static int
setup(void **state)
{
	struct sim_kit *kit = calloc(1, sizeof *kit);

	assert_non_null(kit);
	sim_kit_init(kit);
	*state = kit;
	return 0;
}

static int
teardown(void **state)
{
	sim_kit_fini(*state);
	free(*state);
	return 0;
}

static void
fault(struct sim_kit *kit, const char *spec)
{
	sim_kit_control(kit, "faults", spec);
}

static int
place(struct sim_kit *kit, const char *coid)
{
	struct buf body CLEANUP_BUF = BUF_INIT;

	buf_printf(&body,
	    "{\"orders\":[{\"conid\":265598,\"cOID\":\"%s\",\"orderType\":"
	    "\"LMT\",\"price\":198,\"side\":\"BUY\",\"tif\":\"GTC\","
	    "\"quantity\":1}]}",
	    coid);
	return sim_kit_ask(kit, "POST", PLACE, buf_text(&body));
}

static bool
has_landed(struct sim_kit *kit)
{
	sim_kit_see(kit, "book");
	return sim_kit_get(kit, "orders.0") != NULL;
}

static const struct {
	const char *effect;
	bool landed;
} executions[] = {
	{ "\"effect\":\"close\"", false },
	{ "\"effect\":\"close\",\"execute\":\"first\"", true },
	{ "\"effect\":\"hang\"", false },
	{ "\"effect\":\"hang\",\"execute\":\"first\"", true },
	{ "\"effect\":\"status\",\"status\":503", false },
	{ "\"effect\":\"status\",\"execute\":\"first\"", true },
	{ "\"effect\":\"answer\",\"answer\":\"unavailable\"", false },
	{ "\"effect\":\"redirect\"", false },
	{ "\"effect\":\"html\"", true },
	{ "\"effect\":\"html\",\"execute\":\"never\"", false },
	{ "\"effect\":\"truncate\"", true },
	{ "\"effect\":\"oversize\"", true },
	{ "\"effect\":\"gzip\"", true },
	{ "\"effect\":\"garbage\"", true },
	{ "\"effect\":\"body\",\"body\":\"[]\"", true },
	{ "\"effect\":\"strings\"", true },
	{ "\"effect\":\"delay\",\"ms\":5", true },
	{ "\"effect\":\"delay\",\"ms\":5,\"execute\":\"late\"", true },
};

static void
test_a_request_is_executed_or_not_as_the_fault_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(executions); i++) {
		struct buf spec CLEANUP_BUF = BUF_INIT;
		struct sim_kit kit;

		sim_kit_init(&kit);
		buf_printf(&spec, "{\"path\":\"/iserver/account/*/orders\",%s}",
		    executions[i].effect);
		fault(&kit, buf_text(&spec));
		(void)place(&kit, "k");
		if (has_landed(&kit) != executions[i].landed)
			fail_msg("%s", executions[i].effect);
		sim_kit_fini(&kit);
	}
}

static void
test_a_request_can_land_after_its_connection_is_gone(void **state)
{
	struct sim_kit *kit = *state;

	fault(kit,
	    "{\"method\":\"POST\",\"effect\":\"close\",\"execute\":\"late\","
	    "\"ms\":2000}");
	(void)place(kit, "k");
	assert_int_equal(kit->reply.wire, SIM_WIRE_CLOSE);
	assert_false(has_landed(kit));
	sim_kit_advance(kit, 1999);
	assert_false(has_landed(kit));
	sim_kit_advance(kit, 1);
	assert_true(has_landed(kit));
	/* the next one is as usual */
	assert_int_equal(place(kit, "l"), 200);
}

static void
test_a_delayed_answer_says_how_long(void **state)
{
	struct sim_kit *kit = *state;
	struct sim_reply reply;
	struct sim_request ask = { .method = "POST",
		.target = "/v1/api/tickle",
		.body = "{}",
		.body_len = 2,
		.has_length = true,
		.has_agent = true };

	fault(kit, "{\"effect\":\"delay\",\"ms\":70,\"execute\":\"late\"}");
	sim_reply_init(&reply);
	sim_handle(kit->sim, &ask, &reply);
	assert_int_equal(reply.wait_ms, 70);
	assert_int_equal(reply.status, 0);
	sim_resume(kit->sim, &reply);
	assert_int_equal(reply.status, 200);
	sim_done(kit->sim, &reply);
	sim_reply_fini(&reply);
}

static void
test_a_fault_is_met_by_method_path_and_number(void **state)
{
	struct sim_kit *kit = *state;

	fault(kit,
	    "{\"method\":\"POST\",\"path\":\"/tickle\",\"nth\":2,\"times\":2,"
	    "\"effect\":\"status\",\"status\":500}");
	assert_int_equal(sim_kit_ask(kit, "POST", "/tickle", "{}"), 200);
	assert_int_equal(sim_kit_ask(kit, "GET", "/tickle", NULL), 200);
	assert_int_equal(sim_kit_ask(kit, "POST", "/tickle", "{}"), 500);
	assert_int_equal(
	    sim_kit_ask(kit, "POST", "/iserver/auth/status", "{}"), 200);
	assert_int_equal(sim_kit_ask(kit, "POST", "/tickle", "{}"), 500);
	assert_int_equal(sim_kit_ask(kit, "POST", "/tickle", "{}"), 200);
	sim_kit_see(kit, "faults");
	assert_answer(kit, "faults.0.seen", "4");
	assert_answer(kit, "faults.0.fired", "2");
}

static void
test_known_answers_are_those_of_the_contract(void **state)
{
	struct sim_kit *kit = *state;

	for (int i = 0; i < KNOWN_COUNT; i++) {
		const struct known_answer *known = known_get((enum known)i);
		struct buf spec CLEANUP_BUF = BUF_INIT;

		assert_non_null(known->name);
		assert_ptr_equal(known_find(known->name), known);
		buf_printf(&spec, "{\"effect\":\"answer\",\"answer\":\"%s\"}",
		    known->name);
		fault(kit, buf_text(&spec));
		assert_int_equal(
		    sim_kit_ask(kit, "GET", "/tickle", NULL), known->status);
		assert_string_equal(buf_text(&kit->reply.body), known->body);
	}
	assert_null(known_find("nothing"));
}

static void
test_bodies_are_spoilt(void **state)
{
	struct sim_kit *kit = *state;

	fault(kit, "{\"effect\":\"truncate\"}");
	(void)sim_kit_ask(kit, "GET", "/tickle", NULL);
	assert_int_equal(kit->reply.cut, kit->reply.body.len / 2);
	fault(kit, "{\"effect\":\"oversize\",\"bytes\":1000000}");
	(void)sim_kit_ask(kit, "GET", "/tickle", NULL);
	assert_int_equal(kit->reply.pad, 1000000);
	fault(kit, "{\"effect\":\"gzip\"}");
	(void)sim_kit_ask(kit, "GET", "/tickle", NULL);
	assert_true(kit->reply.gzip);
	assert_memory_equal(kit->reply.body.data, "\x1f\x8b\x08", 3);
	fault(kit, "{\"effect\":\"html\"}");
	(void)sim_kit_ask(kit, "GET", "/tickle", NULL);
	assert_string_equal(kit->reply.type, TYPE_HTML);
	fault(kit, "{\"effect\":\"redirect\"}");
	assert_int_equal(sim_kit_ask(kit, "GET", "/tickle", NULL), 302);
	assert_non_null(strstr(kit->reply.location, "https://api.ibkr.com/"));
}

static void
test_types_are_swapped_and_members_go_missing(void **state)
{
	struct sim_kit *kit = *state;
	const char *path = "/iserver/account/DU1234567/summary";

	fault(kit, "{\"effect\":\"strings\",\"member\":\"balance\"}");
	(void)sim_kit_ask(kit, "GET", path, NULL);
	assert_int_equal(json_object_get_type(json_get(kit->json, "balance")),
	    json_type_string);
	assert_answer(kit, "balance", "100000.0");
	assert_int_equal(
	    json_object_get_type(json_get(kit->json, "SMA")), json_type_double);
	fault(kit, "{\"effect\":\"missing\",\"member\":\"balance\"}");
	(void)sim_kit_ask(kit, "GET", path, NULL);
	assert_null(sim_kit_get(kit, "balance"));
	fault(kit, "{\"effect\":\"nulls\",\"member\":\"cashBalances\"}");
	(void)sim_kit_ask(kit, "GET", path, NULL);
	assert_null(sim_kit_get(kit, "cashBalances"));
	fault(kit, "{\"effect\":\"extra\"}");
	(void)sim_kit_ask(kit, "GET", path, NULL);
	assert_answer(kit, "cashBalances.0.simExtraMember", "unheard of");
	(void)place(kit, "k");
	(void)sim_kit_ask(kit, "GET", "/iserver/account/orders", NULL);
	fault(kit, "{\"effect\":\"numbers\"}");
	(void)sim_kit_ask(kit, "GET", "/iserver/account/orders", NULL);
	assert_non_null(strstr(buf_text(&kit->reply.body), "\"price\":198.00"));
}

static const char *const wrong[] = {
	"{}",
	"[5]",
	"{\"effect\":\"cloze\"}",
	"{\"effect\":\"close\",\"execute\":\"maybe\"}",
	"{\"effect\":\"answer\"}",
	"{\"effect\":\"answer\",\"answer\":\"nope\"}",
	"{\"effect\":\"delay\",\"ms\":-1}",
	"{\"effect\":\"delay\",\"ms\":\"1\"}",
	"{\"effect\":\"status\",\"status\":99}",
	"{\"effect\":\"status\",\"percent\":101}",
};

static void
test_a_wrong_fault_is_refused(void **state)
{
	struct sim_kit *kit = *state;

	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		struct sim_request ask = { .method = "POST",
			.target = "/sim/faults",
			.body = wrong[i],
			.body_len = strlen(wrong[i]),
			.has_length = true };
		struct sim_reply reply;

		sim_reply_init(&reply);
		sim_handle(kit->sim, &ask, &reply);
		assert_int_equal(reply.status, 400);
		sim_reply_fini(&reply);
	}
	sim_kit_see(kit, "faults");
	assert_answer(kit, "faults", "[ ]");
}

/* The statuses of a hundred requests of which some fail by chance. */
static void
roll(uint64_t seed, char statuses[101])
{
	struct sim_settings settings = sim_kit_settings();
	struct sim_kit kit;

	settings.seed = seed;
	sim_kit_init_with(&kit, &settings);
	fault(&kit, "{\"effect\":\"status\",\"percent\":30}");
	for (int i = 0; i < 100; i++)
		statuses[i] = sim_kit_ask(&kit, "GET", "/tickle", NULL) == 200
				  ? '.'
				  : 'x';
	statuses[100] = '\0';
	sim_kit_fini(&kit);
}

static void
test_the_same_seed_brings_the_same_faults(void **state)
{
	char one[101], again[101], other[101];
	size_t failed = 0;

	(void)state;
	roll(5, one);
	roll(5, again);
	roll(6, other);
	assert_string_equal(one, again);
	assert_string_not_equal(one, other);
	for (int i = 0; i < 100; i++)
		failed += one[i] == 'x';
	assert_in_range(failed, 10, 50);
}

static void
test_a_script_does_things_at_their_time(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_control(kit, "script",
	    "[{\"at_ms\":100,\"path\":\"/sim/quotes\",\"body\":"
	    "{\"265598\":{\"ask\":198}}},"
	    "{\"at_ms\":200,\"path\":\"/sim/session\",\"body\":"
	    "{\"event\":\"end\"}}]");
	(void)place(kit, "k");
	sim_kit_advance(kit, 99);
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.filled", "0.0");
	sim_kit_advance(kit, 1);
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.status", "Filled");
	assert_int_equal(sim_kit_ask(kit, "GET", "/tickle", NULL), 200);
	sim_kit_advance(kit, 100);
	assert_int_equal(sim_kit_ask(kit, "GET", "/tickle", NULL), 401);
}

static void
test_the_gateway_itself_answers_what_it_does_not_forward(void **state)
{
	struct sim_kit *kit = *state;
	struct sim_request ask = { .method = "GET",
		.has_agent = true,
		.target = "/gw/api/v1/accounts?x=1",
		.body = "" };
	struct sim_reply reply;

	sim_reply_init(&reply);
	sim_handle(kit->sim, &ask, &reply);
	assert_int_equal(reply.status, 302);
	assert_string_equal(
	    reply.location, "https://api.ibkr.com/gw/api/v1/accounts");
	sim_reply_fini(&reply);
	ask.target = "/v1/portal/tickle";
	sim_reply_init(&reply);
	sim_handle(kit->sim, &ask, &reply);
	assert_int_equal(reply.status, 200);
	sim_done(kit->sim, &reply);
	sim_reply_fini(&reply);
	/* a POST without a length, which is what a chunked body becomes */
	ask.method = "POST";
	sim_reply_init(&reply);
	sim_handle(kit->sim, &ask, &reply);
	assert_int_equal(reply.status, 411);
	sim_done(kit->sim, &reply);
	sim_reply_fini(&reply);
	ask.has_agent = false;
	sim_reply_init(&reply);
	sim_handle(kit->sim, &ask, &reply);
	assert_int_equal(reply.status, 403);
	sim_reply_fini(&reply);
}

/* How many orders of the book have the name. */
static int
landed(struct sim_kit *kit, const char *coid)
{
	struct json_object *orders;
	int count = 0;

	sim_kit_see(kit, "book");
	orders = json_get(kit->json, "orders");
	for (size_t i = 0; i < json_object_array_length(orders); i++)
		count +=
		    strcmp(json_get_str(json_object_array_get_idx(orders, i),
			       "coid", ""),
			coid) == 0;
	return count;
}

static void
test_a_name_lands_once_whatever_happens(void **state)
{
	struct sim_kit *kit = *state;

	fault(kit,
	    "[{\"path\":\"/iserver/account/*/orders\",\"effect\":\"close\","
	    "\"execute\":\"late\",\"ms\":50,\"percent\":20},"
	    "{\"path\":\"/iserver/account/*/orders\",\"effect\":\"status\","
	    "\"execute\":\"first\",\"percent\":20},"
	    "{\"path\":\"/iserver/account/*/orders\",\"effect\":\"hang\","
	    "\"percent\":20},"
	    "{\"path\":\"/iserver/account/*/orders\",\"effect\":\"delay\","
	    "\"execute\":\"late\",\"ms\":5,\"percent\":20}]");
	for (int i = 0; i < 100; i++) {
		char coid[] = "k00";

		coid[1] = (char)('0' + i / 10);
		coid[2] = (char)('0' + i % 10);
		(void)place(kit, coid);
		(void)place(kit, coid);
		sim_kit_advance(kit, 30);
		(void)place(kit, coid);
		sim_kit_advance(kit, 60);
		assert_in_range(landed(kit, coid), 0, 1);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_request_is_executed_or_not_as_the_fault_says),
		TEST(test_a_request_can_land_after_its_connection_is_gone),
		TEST(test_a_delayed_answer_says_how_long),
		TEST(test_a_fault_is_met_by_method_path_and_number),
		TEST(test_known_answers_are_those_of_the_contract),
		TEST(test_bodies_are_spoilt),
		TEST(test_types_are_swapped_and_members_go_missing),
		TEST(test_a_wrong_fault_is_refused),
		TEST(test_a_name_lands_once_whatever_happens),
		TEST(test_the_same_seed_brings_the_same_faults),
		TEST(test_a_script_does_things_at_their_time),
		TEST(test_the_gateway_itself_answers_what_it_does_not_forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

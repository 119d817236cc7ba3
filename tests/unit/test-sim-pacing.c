/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The broker's limits of requests.
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

static struct sim_kit
paced(void)
{
	struct sim_settings settings = sim_kit_settings();
	struct sim_kit kit;

	settings.pacing = 1;
	sim_kit_init_with(&kit, &settings);
	return kit;
}

static void
test_one_request_too_many_gets_429_and_an_empty_body(void **state)
{
	struct sim_kit kit = paced();

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(
		    sim_kit_ask(&kit, "GET", "/iserver/auth/status", NULL),
		    200);
	assert_int_equal(
	    sim_kit_ask(&kit, "GET", "/iserver/auth/status", NULL), 429);
	assert_int_equal(kit.reply.body.len, 0);
	assert_null(kit.reply.type);
	sim_kit_advance(&kit, 1000);
	assert_int_equal(
	    sim_kit_ask(&kit, "GET", "/iserver/auth/status", NULL), 200);
	sim_kit_see(&kit, "counters");
	assert_answer(&kit, "pacing.limits.0.name", "all");
	assert_answer(&kit, "pacing.limits.0.passed", "11");
	assert_answer(&kit, "pacing.limits.0.over", "1");
	assert_answer(&kit, "pacing.limits.0.most", "10");
	sim_kit_fini(&kit);
}

static void
test_an_endpoint_has_a_limit_of_its_own(void **state)
{
	struct sim_kit kit = paced();

	(void)state;
	assert_int_equal(
	    sim_kit_ask(&kit, "GET", "/portfolio/accounts", NULL), 200);
	sim_kit_advance(&kit, 4000);
	assert_int_equal(
	    sim_kit_ask(&kit, "GET", "/portfolio/accounts", NULL), 429);
	/* the rest of the broker is still there */
	assert_int_equal(
	    sim_kit_ask(&kit, "GET", "/portfolio/subaccounts", NULL), 200);
	/* a clock that is a little ahead breaks no limit */
	sim_kit_advance(&kit, 950);
	assert_int_equal(
	    sim_kit_ask(&kit, "GET", "/portfolio/accounts", NULL), 200);
	sim_kit_fini(&kit);
}

static void
test_repeated_offenders_are_locked_out(void **state)
{
	struct sim_kit kit = paced();

	(void)state;
	for (int i = 0; i < 6; i++) {
		(void)sim_kit_ask(&kit, "POST", "/tickle", "{}");
		sim_kit_advance(&kit, 100);
	}
	sim_kit_advance(&kit, 60000);
	assert_int_equal(
	    sim_kit_ask(&kit, "GET", "/iserver/auth/status", NULL), 429);
	sim_kit_advance(&kit, 15 * 60000);
	assert_int_equal(
	    sim_kit_ask(&kit, "GET", "/iserver/auth/status", NULL), 200);
	sim_kit_see(&kit, "counters");
	assert_answer(&kit, "pacing.penalties", "1");
	assert_answer(&kit, "pacing.boxed", "1");
	sim_kit_fini(&kit);
}

static void
test_offences_far_apart_are_forgiven(void **state)
{
	struct sim_kit kit = paced();

	(void)state;
	for (int i = 0; i < 8; i++) {
		(void)sim_kit_ask(&kit, "POST", "/tickle", "{}");
		(void)sim_kit_ask(&kit, "POST", "/tickle", "{}");
		sim_kit_advance(&kit, 20000);
	}
	sim_kit_see(&kit, "counters");
	assert_answer(&kit, "pacing.penalties", "0");
	sim_kit_fini(&kit);
}

/* One request of the history that is not answered yet. */
static int
begin_history(struct sim_kit *kit, struct sim_reply *reply)
{
	struct sim_request ask = { .method = "GET",
		.target = "/v1/api/iserver/marketdata/history?conid=265598"
			  "&period=1d&bar=1h",
		.body = "",
		.has_agent = true };

	sim_reply_init(reply);
	sim_handle(kit->sim, &ask, reply);
	return reply->status;
}

static void
test_history_counts_what_is_in_flight(void **state)
{
	struct sim_kit kit = paced();
	struct sim_reply replies[6];

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_not_equal(begin_history(&kit, &replies[i]), 429);
	assert_int_equal(begin_history(&kit, &replies[5]), 429);
	sim_reply_fini(&replies[5]);
	sim_done(kit.sim, &replies[0]);
	assert_int_equal(begin_history(&kit, &replies[5]), 200);
	for (int i = 0; i < 6; i++) {
		sim_done(kit.sim, &replies[i]);
		sim_reply_fini(&replies[i]);
	}
	sim_kit_see(&kit, "counters");
	assert_answer(&kit, "pacing.limits.2.most_concurrent", "5");
	assert_answer(&kit, "pacing.limits.2.over", "1");
	sim_kit_fini(&kit);
}

static void
test_raised_limits_still_count(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_control(kit, "pacing", "{\"factor\":2}");
	assert_int_equal(sim_kit_ask(kit, "POST", "/tickle", "{}"), 200);
	assert_int_equal(sim_kit_ask(kit, "POST", "/tickle", "{}"), 200);
	assert_int_equal(sim_kit_ask(kit, "POST", "/tickle", "{}"), 429);
	sim_kit_control(kit, "pacing", "{\"factor\":0}");
	assert_int_equal(sim_kit_ask(kit, "POST", "/tickle", "{}"), 200);
	sim_kit_see(kit, "counters");
	assert_answer(kit, "pacing.limits.8.passed", "3");
	assert_answer(kit, "pacing.limits.8.over", "1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_request_too_many_gets_429_and_an_empty_body),
		TEST(test_an_endpoint_has_a_limit_of_its_own),
		TEST(test_repeated_offenders_are_locked_out),
		TEST(test_offences_far_apart_are_forgiven),
		TEST(test_history_counts_what_is_in_flight),
		TEST(test_raised_limits_still_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

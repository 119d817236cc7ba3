/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The two layers of a login, and what is cold in a new session.
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

static void
test_without_a_login_only_401_comes_back(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_control(kit, "session", "{\"event\":\"end\"}");
	assert_int_equal(
	    sim_kit_ask(kit, "POST", "/iserver/auth/status", "{}"), 401);
	assert_int_equal(kit->reply.body.len, 0);
	assert_int_equal(sim_kit_ask(kit, "POST", "/tickle", "{}"), 401);
	assert_answer(kit, "error", "no session");
	assert_int_equal(
	    sim_kit_ask(kit, "POST", "/iserver/reauthenticate", "{}"), 200);
	assert_answer(kit, "error", "not logged in");
	sim_kit_control(kit, "login", "{}");
	assert_int_equal(
	    sim_kit_ask(kit, "POST", "/iserver/reauthenticate", "{}"), 200);
	assert_answer(kit, "message", "triggered");
}

static void
test_a_brokerage_session_is_asked_for_and_takes_a_while(void **state)
{
	struct sim_kit *kit = *state;
	const char *init = "{\"publish\":true,\"compete\":false}";

	sim_kit_control(kit, "session", "{\"event\":\"drop\"}");
	assert_int_equal(
	    sim_kit_ask(kit, "POST", "/iserver/auth/status", "{}"), 200);
	assert_null(sim_kit_get(kit, "established"));
	assert_answer(kit, "authenticated", "false");
	assert_int_equal(sim_kit_ask(kit, "POST", "/iserver/auth/ssodh/init",
			     "{\"publish\":false,\"compete\":false}"),
	    500);
	assert_int_equal(
	    sim_kit_ask(kit, "POST", "/iserver/auth/ssodh/init", init), 200);
	assert_answer(kit, "established", "false");
	assert_int_equal(
	    sim_kit_ask(kit, "GET", "/iserver/accounts", NULL), 400);
	assert_answer(kit, "error", "Bad Request: no bridge");
	sim_kit_advance(kit, 1500);
	assert_int_equal(sim_kit_ask(kit, "POST", "/tickle", "{}"), 200);
	assert_answer(kit, "iserver.authStatus.established", "true");
	/* the new session knows nothing of the old one's accounts call */
	assert_int_equal(
	    sim_kit_ask(kit, "GET", "/iserver/account/orders", NULL), 400);
	assert_answer(
	    kit, "error", "Bad Request: Please query /accounts first");
}

static void
test_without_a_tickle_it_times_out_and_can_be_had_again(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_advance(kit, 359000);
	assert_int_equal(sim_kit_ask(kit, "POST", "/tickle", "{}"), 200);
	sim_kit_advance(kit, 359000);
	assert_int_equal(
	    sim_kit_ask(kit, "GET", "/iserver/accounts", NULL), 200);
	sim_kit_advance(kit, 1000);
	assert_int_equal(
	    sim_kit_ask(kit, "GET", "/iserver/auth/status", NULL), 200);
	assert_answer(kit, "connected", "true");
	assert_answer(kit, "authenticated", "false");
	assert_int_equal(sim_kit_ask(kit, "POST", "/iserver/auth/ssodh/init",
			     "{\"publish\":true,\"compete\":false}"),
	    200);
	assert_answer(kit, "authenticated", "true");
}

static void
test_another_program_takes_the_session_until_it_is_competed_for(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_control(kit, "session", "{\"event\":\"steal\"}");
	(void)sim_kit_ask(kit, "GET", "/iserver/auth/status", NULL);
	assert_answer(kit, "competing", "true");
	(void)sim_kit_ask(kit, "POST", "/iserver/auth/ssodh/init",
	    "{\"publish\":true,\"compete\":false}");
	assert_answer(kit, "competing", "true");
	assert_non_null(strstr(sim_kit_get(kit, "fail"), "compete flag"));
	sim_kit_see(kit, "state");
	assert_answer(kit, "competes", "0");
	(void)sim_kit_ask(kit, "POST", "/iserver/auth/ssodh/init",
	    "{\"publish\":true,\"compete\":true}");
	assert_answer(kit, "authenticated", "true");
	sim_kit_see(kit, "counters");
	assert_answer(kit, "competes", "1");
}

static void
test_maintenance_has_no_brokerage_session(void **state)
{
	struct sim_kit *kit = *state;
	const char *init = "{\"publish\":true,\"compete\":false}";

	sim_kit_control(
	    kit, "session", "{\"event\":\"maintenance\",\"for_ms\":5000}");
	assert_int_equal(
	    sim_kit_ask(kit, "POST", "/iserver/auth/ssodh/init", init), 503);
	assert_int_equal(
	    sim_kit_ask(kit, "GET", "/iserver/accounts", NULL), 400);
	sim_kit_advance(kit, 5000);
	assert_int_equal(
	    sim_kit_ask(kit, "POST", "/iserver/auth/ssodh/init", init), 200);
}

static void
test_midnight_ends_the_login_and_the_day(void **state)
{
	struct sim_settings settings = sim_kit_settings();
	struct sim_kit kit;

	(void)state;
	settings.midnight = "America/New_York";
	sim_kit_init_with(&kit, &settings);
	(void)sim_kit_ask(&kit, "GET", "/iserver/accounts", NULL);
	(void)sim_kit_ask(&kit, "POST", PLACE,
	    "{\"orders\":[{\"conid\":265598,\"cOID\":\"d\",\"orderType\":"
	    "\"LMT\",\"price\":198,\"side\":\"BUY\",\"tif\":\"DAY\","
	    "\"quantity\":1}]}");
	(void)sim_kit_ask(&kit, "POST", PLACE,
	    "{\"orders\":[" TICKET("g", "BUY", "1", "198") "]}");
	/* 10 in the morning there: 14 hours to go */
	sim_kit_advance(&kit, INT64_C(14) * 3600000 - 1);
	assert_int_equal(sim_kit_ask(&kit, "POST", "/tickle", "{}"), 200);
	assert_answer(&kit, "ssoExpires", "1");
	sim_kit_advance(&kit, 1);
	assert_int_equal(sim_kit_ask(&kit, "POST", "/tickle", "{}"), 401);
	sim_kit_see(&kit, "book");
	assert_answer(&kit, "orders.0.status", "Cancelled");
	assert_answer(&kit, "orders.1.status", "Submitted");
	sim_kit_fini(&kit);
}

static void
test_a_login_lasts_a_day_where_there_is_no_midnight(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_advance(kit, INT64_C(86400000) - 1);
	assert_int_equal(
	    sim_kit_ask(kit, "GET", "/portfolio/accounts", NULL), 200);
	sim_kit_advance(kit, 1);
	assert_int_equal(
	    sim_kit_ask(kit, "GET", "/portfolio/accounts", NULL), 401);
}

static void
test_first_reads_are_cold_in_each_session(void **state)
{
	struct sim_kit *kit = *state;
	const char *snapshot =
	    "/iserver/marketdata/snapshot?conids=265598,4391&fields=31,84";

	for (int round = 0; round < 2; round++) {
		(void)sim_kit_ask(kit, "GET", "/iserver/account/orders", NULL);
		assert_answer(kit, "snapshot", "false");
		(void)sim_kit_ask(kit, "GET", "/iserver/account/orders", NULL);
		assert_answer(kit, "snapshot", "true");
		(void)sim_kit_ask(
		    kit, "GET", "/iserver/account/pnl/partitioned", NULL);
		assert_answer(kit, "upnl", "{ }");
		(void)sim_kit_ask(
		    kit, "GET", "/iserver/account/pnl/partitioned", NULL);
		assert_non_null(sim_kit_get(kit, "upnl"));
		assert_int_equal(sim_kit_ask(kit, "GET", snapshot, NULL), 200);
		assert_null(sim_kit_get(kit, "0.31"));
		(void)sim_kit_ask(kit, "GET", snapshot, NULL);
		assert_null(sim_kit_get(kit, "0.31"));
		sim_kit_advance(kit, 500);
		(void)sim_kit_ask(kit, "GET", snapshot, NULL);
		assert_answer(kit, "0.31", "199.55");
		assert_answer(kit, "1.31", "H161.05");
		assert_null(sim_kit_get(kit, "1.84"));
		sim_kit_control(kit, "session", "{\"event\":\"drop\"}");
		(void)sim_kit_ask(kit, "POST", "/iserver/auth/ssodh/init",
		    "{\"publish\":true,\"compete\":false}");
		sim_kit_advance(kit, 1500);
		(void)sim_kit_ask(kit, "GET", "/iserver/accounts", NULL);
	}
}

static void
test_positions_are_sparse_first_and_come_in_pages(void **state)
{
	struct sim_kit *kit = *state;

	assert_int_equal(
	    sim_kit_ask(kit, "GET", "/portfolio/DU1234567/positions/0", NULL),
	    400);
	(void)sim_kit_ask(kit, "GET", "/portfolio/accounts", NULL);
	(void)sim_kit_ask(kit, "GET", "/portfolio/DU1234567/positions/0", NULL);
	assert_null(sim_kit_get(kit, "0.name"));
	assert_answer(kit, "0.strike", "0.0");
	sim_kit_advance(kit, 500);
	(void)sim_kit_ask(kit, "GET", "/portfolio/DU1234567/positions/0", NULL);
	assert_answer(kit, "0.name", "APPLE INC");
	assert_answer(kit, "0.strike", "0");
	sim_kit_control(
	    kit, "positions", "{\"account\":\"DU1234567\",\"count\":250}");
	(void)sim_kit_ask(kit, "GET", "/portfolio/DU1234567/positions/2", NULL);
	assert_non_null(sim_kit_get(kit, "49"));
	assert_null(sim_kit_get(kit, "50"));
	(void)sim_kit_ask(kit, "GET", "/portfolio/DU1234567/positions/3", NULL);
	assert_answer(kit, "", "[ ]");
}

static void
test_a_login_sees_its_own_kind_of_accounts(void **state)
{
	struct sim_kit *kit = *state;

	(void)sim_kit_ask(kit, "GET", "/iserver/accounts", NULL);
	assert_answer(kit, "isPaper", "true");
	assert_int_equal(
	    sim_kit_ask(kit, "GET", "/iserver/account/U7654321/summary", NULL),
	    400);
	sim_kit_control(kit, "login", "{\"live\":true}");
	(void)sim_kit_ask(kit, "POST", "/iserver/auth/ssodh/init",
	    "{\"publish\":true,\"compete\":false}");
	sim_kit_advance(kit, 1500);
	(void)sim_kit_ask(kit, "GET", "/iserver/accounts", NULL);
	assert_answer(kit, "isPaper", "false");
	assert_answer(kit, "accounts.0", "U7654321");
	assert_null(sim_kit_get(kit, "accounts.1"));
	(void)sim_kit_ask(kit, "GET", "/sso/validate", NULL);
	assert_answer(kit, "LOGIN_TYPE", "1");
}

#define SUNDAY_MS (SIM_KIT_START_MS + INT64_C(5) * 86400000)
#define BARS "/iserver/marketdata/history?conid=265598&period=1d&bar=1h"

static void
test_a_day_of_bars_is_one_of_trading(void **state)
{
	struct sim_settings settings = sim_kit_settings();
	struct sim_kit kit;

	(void)state;
	settings.start_ms = SUNDAY_MS;
	sim_kit_init_with(&kit, &settings);
	(void)sim_kit_ask(&kit, "GET", BARS, NULL); /* cold */
	assert_int_equal(sim_kit_ask(&kit, "GET", BARS, NULL), 200);
	assert_non_null(sim_kit_get(&kit, "data.5.o"));
	sim_kit_fini(&kit);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_without_a_login_only_401_comes_back),
		TEST(test_a_brokerage_session_is_asked_for_and_takes_a_while),
		TEST(test_without_a_tickle_it_times_out_and_can_be_had_again),
		TEST(
		    test_another_program_takes_the_session_until_it_is_competed_for),
		TEST(test_maintenance_has_no_brokerage_session),
		TEST(test_midnight_ends_the_login_and_the_day),
		TEST(test_a_login_lasts_a_day_where_there_is_no_midnight),
		TEST(test_first_reads_are_cold_in_each_session),
		TEST(test_positions_are_sparse_first_and_come_in_pages),
		TEST(test_a_login_sees_its_own_kind_of_accounts),
		TEST(test_a_day_of_bars_is_one_of_trading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

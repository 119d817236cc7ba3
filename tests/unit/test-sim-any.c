/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Whatever comes, it is answered, and with JSON where JSON is promised.
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
#include "sim/route.h"
#include "sim/seed.h"

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

static const struct family *const families[] = { &session_family,
	&account_family, &portfolio_family, &contract_family, &schedule_family,
	&market_family, &history_family, &scanner_family, &order_family,
	&reply_family, &trade_family, &analyst_family };

/* What stands for {}; and what does not. */
static const char *const words[] = { "DU1234567", "265598", "0", "1370093239",
	"-1", "status", "", "%00", "%zz", "..", "U7654321", "700001",
	"99999999999999999999", "\"", "%22%5c%0a" };
static const char *const queries[] = { "", "?",
	"?conids=265598,700001,8314,4391,1,,&fields=31,84,6509,7308,,x",
	"?conid=265598&period=1d&bar=1min",
	"?conid=12087792&period=15y&bar=1m&outsideRth=true",
	"?conid=265598&period=1000d&bar=1d&startTime=19700102-00:00:00",
	"?conid=265598&sectype=OPT&month=JUN26&right=C&strike=200",
	"?symbol=AAPL", "?symbol=%22%5c&name=true", "?symbols=AAPL,\",ES",
	"?source=USD&target=JPY", "?currency=EUR&exchange=NASDAQ",
	"?filters=filled,,submitted&force=false&accountId=DU1234567",
	"?assetClass=STK&symbol=X&exchange=%01", "?a=1&a=2&&=&b", "?%",
	"?days=-99999999999999999999&page=18446744073709551616" };
static const char *const bodies[] = { "", "{}", "[]", "null", "{", "5",
	"{\"orders\":[{}]}", "{\"orders\":[null,5,[]]}",
	"{\"orders\":[" TICKET("z", "BUY", "1", "199.6") "]}",
	"{\"orders\":[" TICKET("b", "BUY", "1", "1e400") "]}",
	"{\"orders\":[" TICKET("b", "BUY", "99999999999999999999", "1") "]}",
	"{\"orders\":[" TICKET("b", "BUY", "9999999999", "9999999999") "]}",
	"{\"orders\":[" TICKET("b", "SELL", "1", "-1") "]}",
	"{\"orders\":[" TICKET("c", "BUY", "1", "198") "," CHILD(
	    "c", "STP", "SELL", "1", "190") "]}",
	TICKET("z", "BUY", "2", "198"), "{\"confirmed\":true}",
	"{\"publish\":true,\"compete\":false}", "{\"conid\":265598}",
	"{\"acctIds\":[5],\"conids\":[{}],\"currency\":\"USD\"}",
	"{\"acctIds\":[\"DU1234567\"],\"conids\":[265598],"
	"\"currency\":\"USD\"}",
	"{\"acctIds\":[]}", "{\"acctIds\":[null]}",
	"{\"messageIds\":[null,5,\"o163\",\"a message id that is long\"]}",
	"{\"instrument\":\"STK\",\"type\":\"MOST_ACTIVE\",\"location\":"
	"\"STK.US\",\"filter\":[5,null,{\"code\":\"priceAbove\","
	"\"value\":\"x\"}]}" };

static const char *
pick(const char *const *list, size_t count, uint64_t *seed)
{
	return list[seed_next(seed) % count];
}

#define PICK(list, seed) pick((list), ARRAY_COUNT(list), (seed))

/* A path from the pattern of a route. */
static void
fill(struct buf *path, const char *pattern, uint64_t *seed)
{
	for (; *pattern; pattern++) {
		if (*pattern != '{') {
			buf_char(path, *pattern);
			continue;
		}
		buf_str(path, seed_next(seed) % 4 ? words[seed_next(seed) % 2]
						  : PICK(words, seed));
		pattern++;
	}
	buf_str(path, PICK(queries, seed));
}

static const char *
method_of(const struct route *route, uint64_t *seed)
{
	if (seed_next(seed) % 16 == 0)
		return "PUT";
	if (strncmp(route->methods, "GET", 3) == 0)
		return "GET";
	return route->methods;
}

static void
test_no_request_breaks_it(void **state)
{
	struct sim_kit *kit = *state;
	uint64_t seed = 20260728;

	(void)sim_kit_ask(kit, "GET", "/portfolio/accounts", NULL);
	for (int i = 0; i < 20000; i++) {
		const struct family *family =
		    families[seed_next(&seed) % ARRAY_COUNT(families)];
		const struct route *route =
		    &family->rows[seed_next(&seed) % family->count];
		struct buf path CLEANUP_BUF = BUF_INIT;
		const char *method = method_of(route, &seed);
		int status;

		if (strcmp(route->pattern, "/logout") == 0)
			continue;
		fill(&path, route->pattern, &seed);
		status = sim_kit_ask(kit, method, buf_text(&path),
		    strcmp(method, "GET") == 0 ? NULL : PICK(bodies, &seed));
		assert_in_range(status, 200, 503);
		if (kit->reply.type && !kit->json &&
		    strcmp(kit->reply.type, TYPE_JSON) == 0)
			fail_msg("%s %s: %s", method, buf_text(&path),
			    buf_text(&kit->reply.body));
		sim_kit_advance(kit, 37);
	}
	sim_kit_see(kit, "state");
}

static const char *const controls[] = { "faults", "reactions", "quotes",
	"session", "clock", "pacing", "settings", "positions", "script",
	"orders", "login", "restart", "book", "nothing", "" };
static const char *const control_bodies[] = { "", "{}", "[]", "[5]", "5",
	"{\"265598\":5}", "{\"265598\":{\"bid\":\"x\"}}", "{\"x\":{}}",
	"{\"265598\":{\"ask\":null,\"ask_size\":null,\"last\":null}}",
	"{\"265598\":{\"ask\":1,\"ask_size\":99999999999,\"last\":1}}",
	"{\"questions\":[]}", "{\"questions\":[[]]}",
	"{\"questions\":[[5,null,{}]]}", "{\"refuse\":\"x\"}",
	"{\"refuse\":\"prompt\"}", "{\"event\":\"steal\"}",
	"{\"event\":\"release\"}", "{\"factor\":-1}", "{\"factor\":0}",
	"{\"account\":\"DU1234567\",\"count\":20}",
	"{\"account\":5,\"count\":-1}",
	"[{\"at_ms\":0,\"path\":\"/sim/nothing\"}]",
	"[{\"at_ms\":5,\"path\":\"/sim/quotes\"},{\"at_ms\":1}]",
	"{\"effect\":\"nulls\",\"percent\":10}",
	"{\"effect\":\"strings\",\"percent\":10}",
	"{\"effect\":\"missing\",\"percent\":10}",
	"{\"order_id\":1370093239,\"event\":\"fill\",\"quantity\":\"1\"}",
	"{\"order_id\":1370093240,\"event\":\"cancel\"}" };

static void
test_no_control_request_breaks_it(void **state)
{
	struct sim_kit *kit = *state;
	uint64_t seed = 5;

	for (int i = 0; i < 5000; i++) {
		struct buf target CLEANUP_BUF = BUF_INIT;
		const char *body = PICK(control_bodies, &seed);
		struct sim_request ask = {
			.method = seed_next(&seed) % 8 ? "POST" : "DELETE",
			.body = body,
			.body_len = strlen(body),
			.has_length = true
		};
		struct sim_reply reply;

		buf_printf(&target, "/sim/%s", PICK(controls, &seed));
		ask.target = buf_text(&target);
		sim_reply_init(&reply);
		sim_handle(kit->sim, &ask, &reply);
		assert_in_range(reply.status, 200, 500);
		sim_reply_fini(&reply);
		(void)sim_kit_ask(kit, "POST", PLACE, PICK(bodies, &seed));
		(void)sim_kit_ask(kit, "GET", "/iserver/account/orders", NULL);
	}
}

static void
test_a_target_that_is_no_path_is_a_bad_request(void **state)
{
	struct sim_kit *kit = *state;
	struct buf path CLEANUP_BUF = BUF_INIT;

	assert_int_equal(sim_kit_ask(kit, "GET", "/tickle%00", NULL), 400);
	assert_int_equal(sim_kit_ask(kit, "GET", "/tickle?%4", NULL), 400);
	buf_char(&path, '/');
	for (int i = 0; i < 600; i++)
		buf_char(&path, 'a');
	assert_int_equal(sim_kit_ask(kit, "GET", buf_text(&path), NULL), 400);
	assert_int_equal(sim_kit_ask(kit, "GET", "/nothing", NULL), 404);
	assert_int_equal(sim_kit_ask(kit, "PUT", "/tickle", "{}"), 404);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_request_breaks_it),
		TEST(test_no_control_request_breaks_it),
		TEST(test_a_target_that_is_no_path_is_a_bad_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

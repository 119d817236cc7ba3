/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What happens to orders by themselves: fills, triggers, groups, cancels.
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
place(struct sim_kit *kit, const char *orders)
{
	struct buf body CLEANUP_BUF = BUF_INIT;

	buf_printf(&body, "{\"orders\":[%s]}", orders);
	assert_int_equal(sim_kit_ask(kit, "POST", PLACE, buf_text(&body)), 200);
}

/* Say yes to whatever is asked. */
static void
place_boldly(struct sim_kit *kit, const char *orders)
{
	place(kit, orders);
	while (sim_kit_get(kit, "0.messageIds")) {
		struct buf path CLEANUP_BUF = BUF_INIT;

		buf_printf(
		    &path, "/iserver/reply/%s", sim_kit_get(kit, "0.id"));
		assert_int_equal(sim_kit_ask(kit, "POST", buf_text(&path),
				     "{\"confirmed\":true}"),
		    200);
	}
}

static void
test_an_order_fills_piece_by_piece_against_what_is_offered(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_control(
	    kit, "quotes", "{\"265598\":{\"ask\":\"199.60\",\"ask_size\":3}}");
	place(kit, TICKET("k", "BUY", "10", "199.60"));
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.filled", "3.0");
	assert_answer(kit, "orders.0.status", "Submitted");
	/* too dear */
	sim_kit_control(kit, "quotes",
	    "{\"265598\":{\"ask\":\"199.61\",\"ask_size\":100}}");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.filled", "3.0");
	sim_kit_control(kit, "quotes",
	    "{\"265598\":{\"ask\":\"199.50\",\"ask_size\":100}}");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.filled", "10.0");
	assert_answer(kit, "orders.0.status", "Filled");
	assert_answer(kit, "orders.0.average", "199.53");
	assert_answer(kit, "trades.1.quantity", "7.0");
	(void)sim_kit_ask(kit, "GET", "/portfolio/accounts", NULL);
	(void)sim_kit_ask(
	    kit, "GET", "/portfolio/DU1234567/position/265598", NULL);
	assert_answer(kit, "0.position", "20.0");
	assert_answer(kit, "0.avgCost", "192.265");
}

static void
test_a_stop_waits_for_its_price(void **state)
{
	struct sim_kit *kit = *state;

	place_boldly(kit,
	    "{\"conid\":265598,\"cOID\":\"s\",\"orderType\":\"STP\","
	    "\"price\":198,\"side\":\"SELL\",\"tif\":\"GTC\",\"quantity\":5}");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.status", "PreSubmitted");
	sim_kit_control(
	    kit, "quotes", "{\"265598\":{\"last\":197.99,\"bid\":197.95}}");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.status", "Filled");
	assert_answer(kit, "orders.0.average", "197.95");
}

static void
test_a_trailing_stop_follows_the_best_price(void **state)
{
	struct sim_kit *kit = *state;

	place_boldly(kit,
	    "{\"conid\":265598,\"cOID\":\"t\",\"orderType\":\"TRAIL\","
	    "\"trailingType\":\"amt\",\"trailingAmt\":2,\"side\":\"SELL\","
	    "\"tif\":\"GTC\",\"quantity\":5}");
	sim_kit_control(kit, "quotes", "{\"265598\":{\"last\":205}}");
	sim_kit_control(kit, "quotes", "{\"265598\":{\"last\":203.01}}");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.status", "PreSubmitted");
	sim_kit_control(
	    kit, "quotes", "{\"265598\":{\"last\":203,\"bid\":202.9}}");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.status", "Filled");
}

#define BRACKET                                              \
	TICKET("b", "BUY", "5", "199.60")                    \
	"," CHILD("b", "LMT", "SELL", "5", "210") "," CHILD( \
	    "b", "STP", "SELL", "5", "190")

static void
test_exits_wait_for_the_entry_and_end_each_other(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_control(kit, "quotes", "{\"265598\":{\"ask_size\":2}}");
	place(kit, BRACKET);
	/* the children are answered first */
	assert_answer(kit, "0.parent_order_id", "b");
	assert_answer(kit, "1.parent_order_id", "b");
	assert_answer(kit, "2.local_order_id", "b");
	sim_kit_control(
	    kit, "quotes", "{\"265598\":{\"bid\":211,\"last\":211}}");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.filled", "2.0");
	assert_answer(kit, "orders.2.type", "LMT");
	assert_answer(kit, "orders.2.status", "PreSubmitted");
	sim_kit_control(kit, "quotes",
	    "{\"265598\":{\"ask_size\":100,\"bid\":199.5,\"last\":199.5}}");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.status", "Filled");
	assert_answer(kit, "orders.2.status", "Submitted");
	assert_answer(kit, "orders.1.status", "PreSubmitted");
	sim_kit_control(
	    kit, "quotes", "{\"265598\":{\"bid\":210.1,\"bid_size\":50}}");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.2.status", "Filled");
	assert_answer(kit, "orders.1.status", "Cancelled");
}

static void
test_the_end_of_an_entry_ends_its_exits(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_control(kit, "quotes", "{\"265598\":{\"ask_size\":0}}");
	place(kit, BRACKET);
	(void)sim_kit_ask(
	    kit, "DELETE", "/iserver/account/DU1234567/order/1370093239", NULL);
	assert_answer(kit, "msg", "Request was submitted");
	assert_answer(kit, "order_id", "1370093239");
	sim_kit_see(kit, "book");
	for (int i = 0; i < 3; i++) {
		char path[] = "orders.0.status";

		path[7] = (char)('0' + i);
		assert_answer(kit, path, "Cancelled");
	}
}

static void
test_an_order_that_is_being_cancelled_can_still_fill(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_control(kit, "settings", "{\"cancel_ms\":1000}");
	place(kit, TICKET("a", "BUY", "5", "198"));
	place(kit, TICKET("b", "BUY", "5", "197"));
	(void)sim_kit_ask(
	    kit, "DELETE", "/iserver/account/DU1234567/order/1370093239", NULL);
	(void)sim_kit_ask(
	    kit, "DELETE", "/iserver/account/DU1234567/order/1370093240", NULL);
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.status", "PendingCancel");
	sim_kit_control(kit, "quotes", "{\"265598\":{\"ask\":198}}");
	sim_kit_advance(kit, 1000);
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.status", "Filled");
	assert_answer(kit, "orders.1.status", "Cancelled");
	assert_int_equal(
	    sim_kit_ask(kit, "DELETE",
		"/iserver/account/DU1234567/order/1370093239", NULL),
	    400);
	assert_answer(kit, "error", "Order is inactive");
	assert_int_equal(sim_kit_ask(kit, "DELETE",
			     "/iserver/account/DU1234567/order/1", NULL),
	    200);
	assert_answer(kit, "error", "OrderID 1 doesn't exist");
}

static void
test_minus_one_cancels_everything(void **state)
{
	struct sim_kit *kit = *state;

	place(kit, TICKET("a", "BUY", "5", "198"));
	place(kit, TICKET("b", "BUY", "5", "197"));
	(void)sim_kit_ask(
	    kit, "DELETE", "/iserver/account/DU1234567/order/-1", NULL);
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.status", "Cancelled");
	assert_answer(kit, "orders.1.status", "Cancelled");
}

static void
test_immediate_or_cancel_leaves_no_rest(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_control(kit, "quotes", "{\"265598\":{\"ask_size\":3}}");
	place(kit, "{\"conid\":265598,\"cOID\":\"i\",\"orderType\":\"LMT\","
		   "\"price\":199.6,\"side\":\"BUY\",\"tif\":\"IOC\","
		   "\"quantity\":5}");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.filled", "3.0");
	assert_answer(kit, "orders.0.status", "Cancelled");
}

static void
test_halted_and_unquoted_contracts_fill_nothing(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_control(kit, "quotes",
	    "{\"265598\":{\"flag\":\"H\"},\"76792991\":{\"ask\":null}}");
	place(kit, TICKET("h", "BUY", "5", "199.60"));
	place_boldly(kit,
	    "{\"conid\":76792991,\"cOID\":\"n\",\"orderType\":\"LMT\","
	    "\"price\":199.6,\"side\":\"BUY\",\"tif\":\"GTC\","
	    "\"quantity\":5}");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.filled", "0.0");
	assert_answer(kit, "orders.1.filled", "0.0");
}

static void
test_the_exchange_can_fill_and_cancel_unasked(void **state)
{
	struct sim_kit *kit = *state;

	place(kit, TICKET("a", "BUY", "5", "198"));
	sim_kit_control(kit, "orders",
	    "{\"order_id\":1370093239,\"event\":\"fill\",\"quantity\":2}");
	sim_kit_control(
	    kit, "orders", "{\"order_id\":1370093239,\"event\":\"cancel\"}");
	(void)sim_kit_ask(kit, "GET", "/iserver/account/orders", NULL);
	(void)sim_kit_ask(kit, "GET", "/iserver/account/orders", NULL);
	assert_answer(kit, "orders.0.sizeAndFills", "2/5");
	assert_non_null(
	    sim_kit_get(kit, "orders.0.order_cancellation_by_system_reason"));
	(void)sim_kit_ask(
	    kit, "GET", "/iserver/account/orders?filters=submitted", NULL);
	assert_answer(kit, "orders", "[ ]");
	(void)sim_kit_ask(kit, "GET",
	    "/iserver/account/orders?filters=filled,cancelled", NULL);
	assert_answer(kit, "orders.0.status", "Cancelled");
	(void)sim_kit_ask(kit, "GET", "/iserver/account/trades", NULL);
	(void)sim_kit_ask(kit, "GET", "/iserver/account/trades", NULL);
	assert_answer(kit, "0.order_ref", "a");
	assert_answer(kit, "0.order_description", "Bot 2 @ 198.00 on NASDAQ");
}

static void
test_an_order_can_be_in_every_status(void **state)
{
	static const char *const statuses[] = { "Inactive", "PendingSubmit",
		"PreSubmitted", "Submitted", "PendingCancel", "PreCancelled",
		"WarnState" };
	struct sim_kit *kit = *state;

	sim_kit_control(kit, "settings", "{\"cancel_ms\":1000}");
	(void)sim_kit_ask(kit, "GET", "/iserver/account/orders", NULL);
	for (size_t i = 0; i < ARRAY_COUNT(statuses); i++) {
		struct buf event CLEANUP_BUF = BUF_INIT;
		struct buf ticket CLEANUP_BUF = BUF_INIT;

		buf_printf(&ticket,
		    "{\"conid\":265598,\"orderType\":\"LMT\",\"price\":"
		    "198,\"side\":\"BUY\",\"tif\":\"GTC\",\"quantity\":1}");
		place(kit, buf_text(&ticket));
		buf_printf(&event,
		    "{\"order_id\":%s,\"event\":\"status\",\"status\":"
		    "\"%s\"}",
		    sim_kit_get(kit, "0.order_id"), statuses[i]);
		sim_kit_control(kit, "orders", buf_text(&event));
		(void)sim_kit_ask(kit, "GET", "/iserver/account/orders", NULL);
		if (strcmp(statuses[i], "PreSubmitted") != 0)
			assert_answer(kit, "orders.0.status", statuses[i]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(
		    test_an_order_fills_piece_by_piece_against_what_is_offered),
		TEST(test_a_stop_waits_for_its_price),
		TEST(test_a_trailing_stop_follows_the_best_price),
		TEST(test_exits_wait_for_the_entry_and_end_each_other),
		TEST(test_the_end_of_an_entry_ends_its_exits),
		TEST(test_an_order_that_is_being_cancelled_can_still_fill),
		TEST(test_minus_one_cancels_everything),
		TEST(test_immediate_or_cancel_leaves_no_rest),
		TEST(test_halted_and_unquoted_contracts_fill_nothing),
		TEST(test_the_exchange_can_fill_and_cancel_unasked),
		TEST(test_an_order_can_be_in_every_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Tickets, the shapes of answers to them, questions and changes.
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

static int
place(struct sim_kit *kit, const char *orders)
{
	struct buf body CLEANUP_BUF = BUF_INIT;

	buf_printf(&body, "{\"orders\":[%s]}", orders);
	return sim_kit_ask(kit, "POST", PLACE, buf_text(&body));
}

static int
confirm(struct sim_kit *kit, const char *body)
{
	struct buf path CLEANUP_BUF = BUF_INIT;
	const char *id = sim_kit_get(kit, "0.id");

	assert_non_null(id);
	buf_printf(&path, "/iserver/reply/%s", id);
	return sim_kit_ask(kit, "POST", buf_text(&path), body);
}

/* What is wrong with each of them, and where the broker says so. */
static const struct {
	const char *ticket;
	int status;
	const char *part;
} wrong[] = {
	{ "{}", 400, "conid or conidex is missing" },
	{ "5", 400, "no order" },
	{ "{\"conid\":\"265598\"}", 400, "conid is not a number" },
	{ "{\"conid\":1}", 503, "Service Unavailable" },
	{ "{\"conid\":265598,\"acctId\":\"DU2345678\"}", 400,
	    "accountId is not valid: DU2345678" },
	{ "{\"conid\":265598,\"side\":\"Buy\"}", 400, "side must be" },
	{ "{\"conid\":265598,\"side\":\"BUY\",\"orderType\":\"STP LMT\"}", 400,
	    "orderType is not valid: STP LMT" },
	{ "{\"conid\":265598,\"side\":\"BUY\",\"orderType\":\"LMT\"}", 400,
	    "tif is not valid" },
	{ "{\"conid\":265598,\"side\":\"BUY\",\"orderType\":\"LMT\","
	  "\"tif\":\"DAY\"}",
	    400, "exactly one of quantity" },
	{ "{\"conid\":265598,\"side\":\"BUY\",\"orderType\":\"LMT\","
	  "\"tif\":\"DAY\",\"quantity\":\"1\"}",
	    400, "quantity is not a number" },
	{ "{\"conid\":265598,\"side\":\"BUY\",\"orderType\":\"LMT\","
	  "\"tif\":\"DAY\",\"quantity\":1}",
	    400, "price is missing" },
	{ "{\"conid\":265598,\"side\":\"BUY\",\"orderType\":\"LMT\","
	  "\"tif\":\"DAY\",\"quantity\":1,\"price\":null}",
	    400, "price is not a number" },
	{ "{\"conid\":265598,\"side\":\"BUY\",\"orderType\":\"LMT\","
	  "\"tif\":\"DAY\",\"quantity\":1.5,\"price\":199}",
	    200, "The size, 1.5, does not conform" },
	{ "{\"conid\":265598,\"side\":\"BUY\",\"orderType\":\"LMT\","
	  "\"tif\":\"DAY\",\"quantity\":1,\"price\":199.001}",
	    200, "limit price you selected" },
	{ "{\"conid\":265598,\"side\":\"BUY\",\"orderType\":\"STOP_LIMIT\","
	  "\"tif\":\"DAY\",\"quantity\":1,\"price\":199}",
	    400, "auxPrice is missing" },
	{ "{\"conid\":265598,\"side\":\"BUY\",\"orderType\":\"TRAIL\","
	  "\"tif\":\"DAY\",\"quantity\":1,\"trailingAmt\":1}",
	    400, "trailingType" },
	{ "{\"conid\":265598,\"side\":\"BUY\",\"orderType\":\"LMT\","
	  "\"tif\":\"DAY\",\"quantity\":1,\"price\":199,\"cOID\":\"a\","
	  "\"parentId\":\"b\"}",
	    400, "no cOID of its own" },
	{ "{\"conid\":265598,\"side\":\"BUY\",\"orderType\":\"LMT\","
	  "\"tif\":\"DAY\",\"quantity\":1,\"price\":199,"
	  "\"parentId\":\"b\"}",
	    200, "The parent order b does not exist" },
	{ "{\"conid\":495512552,\"side\":\"BUY\",\"orderType\":\"LMT\","
	  "\"tif\":\"DAY\",\"quantity\":1,\"price\":6000}",
	    400, "manualIndicator is missing" },
	{ "{\"conid\":265598,\"side\":\"BUY\",\"orderType\":\"LMT\","
	  "\"tif\":\"DAY\",\"quantity\":100000,\"price\":199}",
	    200, "YOUR ORDER IS NOT ACCEPTED" },
};

static void
test_a_wrong_ticket_says_what_is_wrong(void **state)
{
	struct sim_kit *kit = *state;

	for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
		assert_int_equal(place(kit, wrong[i].ticket), wrong[i].status);
		if (!strstr(sim_kit_get(kit, "error"), wrong[i].part))
			fail_msg("%s: %s", wrong[i].ticket,
			    sim_kit_get(kit, "error"));
	}
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders", "[ ]");
}

static void
test_members_that_nobody_knows_are_ignored_and_counted(void **state)
{
	struct sim_kit *kit = *state;

	assert_int_equal(
	    place(kit,
		"{\"conid\":265598,\"side\":\"BUY\",\"orderType\":\"LMT\","
		"\"tif\":\"DAY\",\"quantity\":1,\"price\":198,\"tIf\":\"GTC\"}"),
	    200);
	sim_kit_see(kit, "counters");
	assert_answer(kit, "strangers", "1");
}

static void
test_a_name_is_taken_once(void **state)
{
	struct sim_kit *kit = *state;

	(void)place(kit, TICKET("k", "BUY", "5", "198"));
	assert_answer(kit, "0.local_order_id", "k");
	assert_answer(kit, "0.order_id", "1370093239");
	(void)sim_kit_ask(
	    kit, "DELETE", "/iserver/account/DU1234567/order/1370093239", NULL);
	assert_int_equal(place(kit, TICKET("k", "BUY", "5", "198")), 200);
	assert_answer(kit, "error",
	    "Order couldn't be submitted: Local order ID=k is already "
	    "registered.");
}

static void
test_a_price_far_away_is_asked_about(void **state)
{
	struct sim_kit *kit = *state;

	assert_int_equal(place(kit, TICKET("q", "BUY", "5", "250")), 200);
	assert_answer(kit, "0.messageIds.0", "o163");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders", "[ ]");
	(void)place(kit, TICKET("q", "BUY", "5", "250"));
	assert_int_equal(confirm(kit, "{\"confirmed\":\"true\"}"), 500);
	(void)place(kit, TICKET("q", "BUY", "5", "250"));
	assert_int_equal(confirm(kit, "{\"confirmed\":false}"), 200);
	assert_answer(kit, "error", "Order not confirmed ");
	(void)place(kit, TICKET("q", "BUY", "5", "250"));
	assert_int_equal(confirm(kit, "{\"confirmed\":true}"), 200);
	assert_answer(kit, "0.local_order_id", "q");
}

static void
test_questions_come_in_chains_and_the_last_answer_may_refuse(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_control(kit, "reactions",
	    "{\"coid\":\"c\",\"questions\":[[\"o163\"],[\"o451\","
	    "{\"id\":\"o999\",\"text\":\"<b>Sure?</b>\"}],[\"p12\"]],"
	    "\"refuse\":\"error\",\"text\":\"No.\"}");
	(void)place(kit, TICKET("other", "BUY", "5", "198"));
	assert_non_null(sim_kit_get(kit, "0.order_id"));
	(void)place(kit, TICKET("c", "BUY", "5", "198"));
	assert_answer(kit, "0.messageIds.0", "o163");
	(void)confirm(kit, "{\"confirmed\":true}");
	assert_answer(kit, "0.messageIds.1", "o999");
	assert_answer(kit, "0.message.1", "<b>Sure?</b>");
	(void)confirm(kit, "{\"confirmed\":true}");
	assert_answer(kit, "0.messageIds.0", "p12");
	(void)confirm(kit, "{\"confirmed\":true}");
	assert_answer(kit, "error", "No.");
	sim_kit_see(kit, "book");
	assert_null(sim_kit_get(kit, "orders.1"));
}

static void
test_a_stale_question_is_not_known(void **state)
{
	struct sim_kit *kit = *state;

	(void)place(kit, TICKET("q", "BUY", "5", "250"));
	{
		struct buf id CLEANUP_BUF = BUF_INIT;
		struct buf path CLEANUP_BUF = BUF_INIT;

		buf_str(&id, sim_kit_get(kit, "0.id"));
		buf_printf(&path, "/iserver/reply/%s", buf_text(&id));
		sim_kit_advance(kit, 60000);
		assert_int_equal(sim_kit_ask(kit, "POST", buf_text(&path),
				     "{\"confirmed\":true}"),
		    400);
		assert_non_null(
		    strstr(buf_text(&kit->reply.body), "\n  \"error\" : "));
		assert_non_null(
		    strstr(sim_kit_get(kit, "error"), buf_text(&id)));
	}
}

static void
test_suppressed_questions_are_counted_and_end_with_the_session(void **state)
{
	struct sim_kit *kit = *state;

	assert_int_equal(sim_kit_ask(kit, "POST", "/iserver/questions/suppress",
			     "{\"messageIds\":[]}"),
	    500);
	(void)sim_kit_ask(kit, "POST", "/iserver/questions/suppress",
	    "{\"messageIds\":[\"o163\"]}");
	(void)place(kit, TICKET("a", "BUY", "5", "250"));
	assert_non_null(sim_kit_get(kit, "0.order_id"));
	sim_kit_see(kit, "counters");
	assert_answer(kit, "suppressions", "1");
	sim_kit_control(kit, "session", "{\"event\":\"drop\"}");
	(void)sim_kit_ask(kit, "POST", "/iserver/auth/ssodh/init",
	    "{\"publish\":true,\"compete\":false}");
	sim_kit_advance(kit, 1500);
	(void)sim_kit_ask(kit, "GET", "/iserver/accounts", NULL);
	(void)place(kit, TICKET("b", "BUY", "5", "250"));
	assert_answer(kit, "0.messageIds.0", "o163");
}

static void
test_a_parent_can_fail_while_its_children_stay(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_control(kit, "reactions",
	    "{\"coid\":\"b\",\"leg\":0,\"refuse\":\"failed\","
	    "\"text\":\"The size does not conform\"}");
	assert_int_equal(
	    place(kit,
		TICKET("b", "BUY", "5", "198") "," CHILD("b", "LMT", "SELL",
		    "5", "210") "," CHILD("b", "STP", "SELL", "5", "190")),
	    200);
	assert_answer(kit, "0.order_status", "Inactive");
	assert_answer(kit, "2.order_id", "-1");
	assert_answer(kit, "2.order_status", "Failed");
	assert_answer(kit, "2.text", "The size does not conform");
	/* and they can be cancelled, at once */
	(void)sim_kit_ask(
	    kit, "DELETE", "/iserver/account/DU1234567/order/1370093239", NULL);
	assert_answer(kit, "conid", "-1");
	assert_null(sim_kit_get(kit, "account"));
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.status", "Cancelled");
}

static void
test_a_child_can_fail_alone(void **state)
{
	struct sim_kit *kit = *state;

	(void)place(kit, TICKET("b", "BUY", "5", "198") "," CHILD(
			     "b", "LMT", "SELL", "5.5", "210"));
	assert_answer(kit, "0.order_id", "-1");
	assert_non_null(strstr(sim_kit_get(kit, "0.text"), "5.5"));
	assert_answer(kit, "1.local_order_id", "b");
}

static void
test_a_set_is_a_bracket_or_one_group(void **state)
{
	struct sim_kit *kit = *state;

	assert_int_equal(place(kit, TICKET("a", "BUY", "5", "198") "," TICKET(
					"b", "BUY", "5", "197")),
	    400);
	assert_int_equal(
	    place(kit, "{\"conid\":265598,\"cOID\":\"x\",\"side\":\"BUY\","
		       "\"orderType\":\"LMT\",\"price\":198,\"tif\":\"GTC\","
		       "\"quantity\":1,\"isSingleGroup\":true},"
		       "{\"conid\":265598,\"cOID\":\"y\",\"side\":\"BUY\","
		       "\"orderType\":\"LMT\",\"price\":197,\"tif\":\"GTC\","
		       "\"quantity\":1,\"isSingleGroup\":true}"),
	    200);
	(void)sim_kit_ask(kit, "GET", "/iserver/account/orders", NULL);
	(void)sim_kit_ask(kit, "GET", "/iserver/account/orders", NULL);
	assert_answer(kit, "orders.0.ocaGroupId", "oco-1370093239");
	sim_kit_control(kit, "quotes", "{\"265598\":{\"ask\":198}}");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.status", "Filled");
	assert_answer(kit, "orders.1.status", "Cancelled");
}

static void
test_other_shapes_of_refusal(void **state)
{
	struct sim_kit *kit = *state;

	sim_kit_control(kit, "reactions",
	    "{\"coid\":\"p\",\"refuse\":\"prompt\",\"text\":\"Well?\"}");
	sim_kit_control(kit, "reactions",
	    "{\"coid\":\"i\",\"refuse\":\"inactive\",\"text\":\"Dead.\"}");
	(void)place(kit, TICKET("p", "BUY", "5", "198"));
	assert_answer(kit, "prompt", "true");
	assert_answer(kit, "options.1", "Cancel");
	(void)place(kit, TICKET("i", "BUY", "5", "198"));
	assert_answer(kit, "0.order_status", "Inactive");
	assert_answer(kit, "0.text", "Dead.");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.alive", "false");
}

#define CHANGE "/iserver/account/DU1234567/order/1370093239"

static void
test_a_change_restates_the_whole_ticket(void **state)
{
	struct sim_kit *kit = *state;

	(void)place(kit, TICKET("k", "BUY", "5", "198"));
	assert_int_equal(
	    sim_kit_ask(kit, "POST", CHANGE, "{\"price\":197}"), 400);
	assert_int_equal(
	    sim_kit_ask(kit, "POST", CHANGE,
		"{\"orders\":[" TICKET("k", "BUY", "5", "197") "]}"),
	    400);
	assert_int_equal(
	    sim_kit_ask(kit, "POST", CHANGE, TICKET("k", "SELL", "5", "197")),
	    400);
	assert_int_equal(
	    sim_kit_ask(kit, "POST", CHANGE, TICKET("k", "BUY", "7", "197")),
	    200);
	assert_answer(kit, "0.order_id", "1370093239");
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders.0.price", "197.00");
	assert_answer(kit, "orders.0.quantity", "7.0");
	assert_null(sim_kit_get(kit, "orders.1"));
}

static void
test_a_change_can_be_asked_about_and_comes_too_late(void **state)
{
	struct sim_kit *kit = *state;

	(void)place(kit, TICKET("k", "BUY", "5", "198"));
	sim_kit_control(kit, "reactions",
	    "{\"on\":\"modify\",\"questions\":[[\"o10138\"]]}");
	(void)sim_kit_ask(kit, "POST", CHANGE, TICKET("k", "BUY", "7", "197"));
	assert_answer(kit, "0.messageIds.0", "o10138");
	{
		struct buf path CLEANUP_BUF = BUF_INIT;

		buf_printf(
		    &path, "/iserver/reply/%s", sim_kit_get(kit, "0.id"));
		sim_kit_control(kit, "quotes", "{\"265598\":{\"ask\":198}}");
		assert_int_equal(sim_kit_ask(kit, "POST", buf_text(&path),
				     "{\"confirmed\":true}"),
		    400);
		assert_answer(kit, "error", "Order is inactive");
	}
}

static void
test_the_status_of_an_order_is_for_the_selected_account(void **state)
{
	struct sim_kit *kit = *state;
	const char *path = "/iserver/account/order/status/1370093239";

	(void)place(kit, TICKET("k", "BUY", "5", "198"));
	assert_int_equal(sim_kit_ask(kit, "GET", path, NULL), 200);
	assert_answer(kit, "side", "B");
	assert_answer(kit, "order_id", "1370093239");
	(void)sim_kit_ask(
	    kit, "POST", "/iserver/account", "{\"acctId\":\"DU2345678\"}");
	assert_answer(kit, "set", "true");
	assert_int_equal(sim_kit_ask(kit, "GET", path, NULL), 503);
	assert_int_equal(
	    sim_kit_ask(kit, "GET", "/iserver/account/order/status/5", NULL),
	    503);
}

static void
test_a_preview_leaves_no_trace(void **state)
{
	struct sim_kit *kit = *state;

	assert_int_equal(
	    sim_kit_ask(kit, "POST", PLACE "/whatif",
		"{\"orders\":[" TICKET("k", "BUY", "10", "197.76") "]}"),
	    200);
	assert_answer(kit, "amount.amount", "1,977.60 USD (10 Shares)");
	assert_answer(kit, "amount.total", "1,978.60 USD");
	assert_null(sim_kit_get(kit, "error"));
	sim_kit_see(kit, "book");
	assert_answer(kit, "orders", "[ ]");
	(void)place(kit, TICKET("k", "BUY", "10", "197.76"));
	assert_answer(kit, "0.local_order_id", "k");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_wrong_ticket_says_what_is_wrong),
		TEST(test_members_that_nobody_knows_are_ignored_and_counted),
		TEST(test_a_name_is_taken_once),
		TEST(test_a_price_far_away_is_asked_about),
		TEST(
		    test_questions_come_in_chains_and_the_last_answer_may_refuse),
		TEST(test_a_stale_question_is_not_known),
		TEST(
		    test_suppressed_questions_are_counted_and_end_with_the_session),
		TEST(test_a_parent_can_fail_while_its_children_stay),
		TEST(test_a_child_can_fail_alone),
		TEST(test_a_set_is_a_bracket_or_one_group),
		TEST(test_other_shapes_of_refusal),
		TEST(test_a_change_restates_the_whole_ticket),
		TEST(test_a_change_can_be_asked_about_and_comes_too_late),
		TEST(test_the_status_of_an_order_is_for_the_selected_account),
		TEST(test_a_preview_leaves_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the broker says to an order: only a proof is a refusal.  The tickets
 * that are sent, digit by digit.  And the order that is looked for in a list.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "answer.h"
#include "legs.h"
#include "text.h"
#include "ticket.h"
#include "wire.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define ORDER ANSWER_TO_ORDER
#define REPLY ANSWER_TO_REPLY
#define CANCEL ANSWER_TO_CANCEL

static const struct {
	enum answer_to to;
	uint32_t status;
	const char *body;
	enum answer_kind kind;
	size_t legs;
} rows[] = {
	/* submitted */
	{ ORDER, 200,
	    "[{\"order_id\":\"1370093239\",\"local_order_id\":\"a1\","
	    "\"order_status\":\"PreSubmitted\",\"encrypt_message\":\"1\"}]",
	    ANSWER_ORDERS, 1 },
	{ ORDER, 200, "[{\"order_id\":1370093239,\"order_status\":null}]",
	    ANSWER_ORDERS, 1 },
	{ REPLY, 200, "[{\"order_id\":\"1\",\"order_status\":\"Submitted\"}]",
	    ANSWER_ORDERS, 1 },
	{ ORDER, 200, "{\"order_id\":\"1\",\"order_status\":\"Submitted\"}",
	    ANSWER_ORDERS, 1 },
	/* legs that failed */
	{ ORDER, 200,
	    "[{\"order_id\":\"-1\",\"order_status\":\"Failed\",\"text\":"
	    "\"The size, 1, does not conform\",\"warning_message\":\"x\"},"
	    "{\"order_id\":\"1760268467\",\"order_status\":\"Inactive\"}]",
	    ANSWER_ORDERS, 2 },
	{ ORDER, 200,
	    "[{\"order_id\":\"-1\",\"order_status\":\"Failed\","
	    "\"text\":\"no\"}]",
	    ANSWER_REFUSED, 1 },
	{ ORDER, 200, "{\"order_id\":-1,\"text\":\"no\"}", ANSWER_REFUSED, 1 },
	/* questions */
	{ ORDER, 200,
	    "[{\"id\":\"99097238-aa\",\"message\":[\"price exceeds \\nthe "
	    "constraint\"],\"isSuppressed\":false,\"messageIds\":[\"o163\"],"
	    "\"messageOptions\":[\"Yes\",\"No\"]}]",
	    ANSWER_QUESTION, 0 },
	{ REPLY, 200, "[{\"id\":\"b\",\"message\":[\"again?\"]}]",
	    ANSWER_QUESTION, 0 },
	{ ORDER, 200, "[{\"id\":{},\"message\":[\"x\"]}]", ANSWER_UNKNOWN, 0 },
	{ ORDER, 200,
	    "[{\"id\":\"a\",\"message\":[\"x\"]},{\"id\":\"b\","
	    "\"message\":[\"y\"]}]",
	    ANSWER_UNKNOWN, 0 },
	{ ORDER, 200,
	    "[{\"order_id\":\"1\"},{\"id\":\"b\",\"message\":[\"y\"]}]",
	    ANSWER_UNKNOWN, 1 },
	/* refusals */
	{ ORDER, 200,
	    "{\"error\":\"We cannot accept an order at the limit price you "
	    "selected.\"}",
	    ANSWER_REFUSED, 0 },
	{ REPLY, 200, "{\"error\":\"Order not confirmed \"}", ANSWER_REFUSED,
	    0 },
	{ ORDER, 400, "{\"error\":\"Bad Request: no bridge\"}", ANSWER_REFUSED,
	    0 },
	{ ORDER, 400, "{\"error\":\"Order is inactive\"}", ANSWER_REFUSED, 0 },
	{ ORDER, 500,
	    "{\"error\":\"Please query /accounts first\",\"statusCode\":500}",
	    ANSWER_REFUSED, 0 },
	{ ORDER, 404, "Access Denied", ANSWER_REFUSED, 0 },
	{ ORDER, 429, "", ANSWER_REFUSED, 0 },
	/* what proves nothing */
	{ ORDER, 200,
	    "{\"error\":\"Order couldn't be submitted: Local order ID=a1 is "
	    "already registered.\"}",
	    ANSWER_UNKNOWN, 0 },
	{ REPLY, 200, "{\"error\":\"reply id not found: 'x'\"}", ANSWER_UNKNOWN,
	    0 },
	{ REPLY, 400, "{\n  \"error\" : \"reply id not found: 'x'\"\n}\n",
	    ANSWER_UNKNOWN, 0 },
	{ REPLY, 400, "{\"error\":\"anything\"}", ANSWER_UNKNOWN, 0 },
	{ REPLY, 429, "", ANSWER_UNKNOWN, 0 },
	{ REPLY, 503, "{\"error\":\"Service Unavailable\"}", ANSWER_UNKNOWN,
	    0 },
	{ ORDER, 503, "{\"error\":\"Service Unavailable\",\"statusCode\":503}",
	    ANSWER_UNKNOWN, 0 },
	{ ORDER, 500, "{\"error\":\"x\"}", ANSWER_UNKNOWN, 0 },
	{ ORDER, 502, "", ANSWER_UNKNOWN, 0 },
	{ ORDER, 302, "", ANSWER_UNKNOWN, 0 },
	{ ORDER, 400, "<html/>", ANSWER_UNKNOWN, 0 },
	{ ORDER, 400, "", ANSWER_UNKNOWN, 0 },
	{ ORDER, 403, "<html/>", ANSWER_UNKNOWN, 0 },
	{ ORDER, 404, "<html/>", ANSWER_UNKNOWN, 0 },
	{ ORDER, 200, "", ANSWER_UNKNOWN, 0 },
	{ ORDER, 200, "<html><body>Login</body></html>", ANSWER_UNKNOWN, 0 },
	{ ORDER, 200, "Success", ANSWER_UNKNOWN, 0 },
	{ ORDER, 200, "[]", ANSWER_UNKNOWN, 0 },
	{ ORDER, 200, "{}", ANSWER_UNKNOWN, 0 },
	{ ORDER, 200, "null", ANSWER_UNKNOWN, 0 },
	{ ORDER, 200, "[null]", ANSWER_UNKNOWN, 0 },
	{ ORDER, 200, "[{\"order_id\":\"1\"},7]", ANSWER_UNKNOWN, 1 },
	{ ORDER, 200, "[{\"order_id\":null}]", ANSWER_UNKNOWN, 0 },
	{ ORDER, 200, "[{\"order_id\":\"13700", ANSWER_UNKNOWN, 0 },
	{ ORDER, 200,
	    "{\"orderId\":987654,\"reqId\":\"22170\",\"dismissable\":[],"
	    "\"text\":\"x\",\"options\":[\"Accept\"],\"type\":\"M\","
	    "\"messageId\":\"p12\",\"prompt\":true}",
	    ANSWER_UNKNOWN, 0 },
	/* nobody is logged in */
	{ ORDER, 401, "", ANSWER_LOGIN, 0 },
	{ REPLY, 401, "<html/>", ANSWER_LOGIN, 0 },
	/* cancels */
	{ CANCEL, 200,
	    "{\"msg\":\"Request was submitted\",\"order_id\":987654,"
	    "\"conid\":265598,\"account\":\"DU1\"}",
	    ANSWER_CANCELLED, 0 },
	{ CANCEL, 200,
	    "{\"msg\":\"Request was submitted\",\"order_id\":987654,"
	    "\"conid\":-1,\"account\":null}",
	    ANSWER_CANCELLED, 0 },
	{ CANCEL, 200, "{\"error\":\"OrderID 1 doesn't exist\"}",
	    ANSWER_REFUSED, 0 },
	{ CANCEL, 400, "{\"error\":\"Order is inactive\"}", ANSWER_REFUSED, 0 },
	{ CANCEL, 503, "", ANSWER_UNKNOWN, 0 },
	/* the gateway's own word has one status */
	{ ORDER, 404, "Access Denied", ANSWER_REFUSED, 0 },
	{ ORDER, 403, "Access Denied", ANSWER_UNKNOWN, 0 },
	{ ORDER, 400, "Access Denied", ANSWER_UNKNOWN, 0 },
	{ CANCEL, 200, "{}", ANSWER_UNKNOWN, 0 },
	{ CANCEL, 200, "[]", ANSWER_UNKNOWN, 0 },
};

static void
test_inv4_only_a_proof_is_a_refusal(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct answer answer;

		answer_read(&answer, rows[i].to, rows[i].status, rows[i].body,
		    strlen(rows[i].body));
		if (answer.kind != rows[i].kind ||
		    answer.leg_count != rows[i].legs)
			fail_msg("%u %s: got %d with %zu legs (%s), want %d",
			    (unsigned)rows[i].status, rows[i].body,
			    (int)answer.kind, answer.leg_count, answer.why,
			    (int)rows[i].kind);
	}
}

static void
test_a_refusal_tells_what_it_is_of(void **state)
{
	static const struct {
		uint32_t status;
		const char *body, *code;
	} told[] = {
		{ 200, "{\"error\":\"We cannot accept an order\"}",
		    "ORDER_POLICY_REFUSED" },
		{ 400, "{\"error\":\"Order is inactive\"}",
		    "ORDER_POLICY_REFUSED" },
		{ 400, "{\"error\":\"Bad Request: no bridge\"}",
		    "BROKER_SESSION_REQUIRED" },
		{ 400, "{\"error\":\"Init session first\"}",
		    "BROKER_SESSION_REQUIRED" },
		{ 200, "{\"error\":\"no session\"}",
		    "BROKER_SESSION_REQUIRED" },
		{ 400,
		    "{\"error\":\"Bad Request: Please query /accounts "
		    "first\"}",
		    "BROKER_BACKEND_UNAVAILABLE" },
		{ 404, "Access Denied", "BROKER_BACKEND_UNAVAILABLE" },
		{ 429, "", "BROKER_RATE_LIMITED" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(told); i++) {
		struct answer answer;

		answer_read(&answer, ORDER, told[i].status, told[i].body,
		    strlen(told[i].body));
		assert_int_equal(answer.kind, ANSWER_REFUSED);
		assert_string_equal(answer.code, told[i].code);
	}
}

static void
test_legs_and_questions_are_read_whole(void **state)
{
	static const char legs[] =
	    "[{\"order_id\":\"3\",\"parent_order_id\":\"a1\"},"
	    "{\"order_id\":\"2\",\"local_order_id\":\"a1\","
	    "\"order_status\":\"Submitted\"},"
	    "{\"order_id\":\"-1\",\"text\":\"too small\"}]";
	static const char question[] =
	    "[{\"id\":\"q-1\",\"message\":[\"<b>one</b>\",\"two\"],"
	    "\"messageIds\":[\"o163\"]}]";
	struct answer answer;

	(void)state;
	answer_read(&answer, ORDER, 200, legs, sizeof(legs) - 1);
	assert_int_equal(answer.kind, ANSWER_ORDERS);
	assert_string_equal(answer.legs[0].parent, "a1");
	assert_string_equal(answer.legs[1].ref, "a1");
	assert_string_equal(answer.legs[1].status, "Submitted");
	assert_true(answer.legs[2].failed);
	assert_string_equal(answer.legs[2].text, "too small");
	answer_read(&answer, ORDER, 200, question, sizeof(question) - 1);
	assert_int_equal(answer.kind, ANSWER_QUESTION);
	assert_string_equal(answer.question, "q-1");
	assert_int_equal(answer.text_count, 2);
	assert_string_equal(answer.ids[0], "o163");
	/* a text without an id cannot have been allowed */
	assert_string_equal(answer.ids[1], "none");
	assert_string_equal(answer.texts[1], "two");
}

/* ---- the legs of a bracket */

#define LEG(id, more) "{\"order_id\":\"" id "\"," more "}"
#define ENTRY(id) LEG(id, "\"local_order_id\":\"a1\"")
#define EXIT(id) LEG(id, "\"parent_order_id\":\"a1\"")
#define BARE(id) LEG(id, "\"order_status\":\"Inactive\"")
#define FAILED LEG("-1", "\"order_status\":\"Failed\"")
#define BUY_LIMIT            \
	{                    \
		"LIMIT", "B" \
	}
#define TARGET               \
	{                    \
		"Limit", "S" \
	}
#define STOP                   \
	{                      \
		"STOP", "SELL" \
	}
#define DARK           \
	{              \
		"", "" \
	}

/* want: the id of each order's leg, the entry's first; "" for none. */
static const struct {
	const char *legs;
	struct leg_order told[3];
	enum legs_kind kind;
	const char *want[3];
} brackets[] = {
	{ EXIT("3") "," EXIT("2") "," ENTRY("1"), { STOP, TARGET, DARK },
	    LEGS_ALL, { "1", "2", "3" } },
	/* nothing but the broker's own word for each */
	{ BARE("3") "," BARE("1") "," BARE("2"), { STOP, BUY_LIMIT, TARGET },
	    LEGS_ALL, { "1", "2", "3" } },
	{ FAILED "," EXIT("2") "," EXIT("3"), { DARK, TARGET, STOP }, LEGS_SOME,
	    { "", "2", "3" } },
	{ FAILED "," BARE("3") "," FAILED, { DARK, STOP, DARK }, LEGS_SOME,
	    { "", "", "3" } },
	{ FAILED "," EXIT("3") "," ENTRY("1"), { DARK, STOP, DARK }, LEGS_SOME,
	    { "1", "", "3" } },
	/* an entry that is not told by its name is none that failed */
	{ FAILED "," BARE("3") "," BARE("1"), { DARK, STOP, BUY_LIMIT },
	    LEGS_SOME, { "1", "", "3" } },
	{ FAILED "," BARE("3") "," BARE("1"), { DARK, STOP, DARK }, LEGS_UNSURE,
	    { "", "", "3" } },
	{ BARE("3") "," BARE("2") "," BARE("1"), { DARK, DARK, DARK },
	    LEGS_UNSURE, { "", "", "" } },
	/* exits for sure, and not which */
	{ FAILED "," EXIT("2") "," EXIT("3"), { DARK, DARK, DARK },
	    LEGS_ORPHANS, { "", "2", "3" } },
	{ FAILED "," EXIT("2") "," EXIT("3"), { DARK, TARGET, TARGET },
	    LEGS_ORPHANS, { "", "2", "3" } },
	{ EXIT("2") "," EXIT("3") "," FAILED, { DARK, TARGET, DARK },
	    LEGS_ORPHANS, { "", "3", "2" } },
	/* the one that failed may be any of two */
	{ FAILED "," EXIT("2"), { DARK, TARGET }, LEGS_UNSURE,
	    { "", "2", "" } },
	{ EXIT("2") "," ENTRY("1"), { TARGET, DARK }, LEGS_UNSURE,
	    { "1", "2", "" } },
};

static void
test_inv4_each_leg_of_a_bracket_has_its_place_or_none(void **state)
{
	static const struct iag_order entry = {
		.side = IAG_SIDE_BUY, .type = IAG_TYPE_LIMIT, .client_ref = "a1"
	};
	static const struct iag_order target = { .side = IAG_SIDE_SELL,
		.type = IAG_TYPE_LIMIT };
	static const struct iag_order stop = { .side = IAG_SIDE_SELL,
		.type = IAG_TYPE_STOP };
	const struct iag_order *const orders[] = { &entry, &target, &stop };

	(void)state;
	for (size_t i = 0; i < COUNT(brackets); i++) {
		const struct answer_leg *at[3];
		struct answer answer;
		char body[512];

		(void)snprintf(body, sizeof(body), "[%s]", brackets[i].legs);
		answer_read(&answer, ORDER, 200, body, strlen(body));
		assert_int_equal(
		    legs_place(&answer, brackets[i].told, orders, 3, at),
		    brackets[i].kind);
		for (size_t j = 0; j < 3; j++)
			assert_string_equal(
			    at[j] ? at[j]->order_id : "", brackets[i].want[j]);
	}
}

/* ---- tickets */

static const struct iag_order plain = {
	.struct_size = sizeof(plain),
	.mode = IAG_MODE_PAPER,
	.side = IAG_SIDE_BUY,
	.type = IAG_TYPE_LIMIT,
	.tif = IAG_TIF_DAY,
	.account = "DU1",
	.client_ref = "a1",
	.contract_id = "265598",
	.quantity = "10",
	.limit_price = "190.50",
};

static void
ticket_check(const struct iag_order *order, const char *want)
{
	struct text out = { .data = NULL };
	const char *fault = ticket_write(&out, order);

	if (*want == '!')
		assert_non_null(fault);
	else
		assert_string_equal(out.data ? out.data : "", want);
	text_fini(&out);
}

static void
test_inv12_tickets_have_the_digits_that_were_given(void **state)
{
	struct iag_order order = plain;

	(void)state;
	ticket_check(&order,
	    "{\"acctId\":\"DU1\",\"conid\":265598,\"cOID\":\"a1\","
	    "\"orderType\":\"LMT\",\"side\":\"BUY\",\"tif\":\"DAY\","
	    "\"quantity\":10,\"price\":190.50}");
	order.exchange = "NASDAQ";
	order.side = IAG_SIDE_SELL;
	order.type = IAG_TYPE_STOP_LIMIT;
	order.tif = IAG_TIF_GOOD_TILL_CANCELLED;
	order.stop_price = "191";
	ticket_check(&order,
	    "{\"acctId\":\"DU1\",\"conidex\":\"265598@NASDAQ\",\"cOID\":\"a1\","
	    "\"orderType\":\"STOP_LIMIT\",\"side\":\"SELL\",\"tif\":\"GTC\","
	    "\"quantity\":10,\"price\":190.50,\"auxPrice\":191}");
	order = plain;
	order.type = IAG_TYPE_STOP;
	order.limit_price = NULL;
	order.stop_price = "180.10";
	order.parent_ref = "a0";
	ticket_check(&order,
	    "{\"acctId\":\"DU1\",\"conid\":265598,\"parentId\":\"a0\","
	    "\"orderType\":\"STP\",\"side\":\"BUY\",\"tif\":\"DAY\","
	    "\"quantity\":10,\"price\":180.10}");
	order = plain;
	order.type = IAG_TYPE_TRAILING_STOP;
	order.limit_price = NULL;
	order.trailing_percent = "2.5";
	ticket_check(&order,
	    "{\"acctId\":\"DU1\",\"conid\":265598,\"cOID\":\"a1\","
	    "\"orderType\":\"TRAIL\",\"side\":\"BUY\",\"tif\":\"DAY\","
	    "\"quantity\":10,\"trailingType\":\"%\",\"trailingAmt\":2.5}");
}

static void
test_what_must_not_be_sent_is_no_ticket(void **state)
{
	struct iag_order order;

	(void)state;
#define REFUSED(change) \
	order = plain;  \
	change;         \
	ticket_check(&order, "!")
	REFUSED(order.type = 0);
	REFUSED(order.type = 5);
	REFUSED(order.limit_price = NULL);
	REFUSED(order.limit_price = "1e3");
	REFUSED(order.limit_price = "NaN");
	REFUSED(order.limit_price = "");
	REFUSED(order.limit_price = "1,000");
	REFUSED(order.limit_price = "01");
	REFUSED(order.stop_price = "1");
	REFUSED(order.trailing_amount = "1");
	REFUSED(order.quantity = "0");
	REFUSED(order.quantity = "-1");
	REFUSED(order.quantity = NULL);
	REFUSED(order.side = 0);
	REFUSED(order.tif = 3);
	REFUSED(order.account = NULL);
	REFUSED(order.account = "DU1\",\"x\":\"");
	REFUSED(order.contract_id = "-1");
	REFUSED(order.contract_id = "1 2");
	REFUSED(order.client_ref = "a b");
	REFUSED(order.exchange = "N\"");
	REFUSED(order.need_flags = 1);
	REFUSED(order.type = IAG_TYPE_TRAILING_STOP);
	REFUSED(order.type = IAG_TYPE_STOP);
}

/* A host that has one list of orders. */
static const char *listed;

static int32_t
one_list(struct iag_ctx *ctx, const struct iag_http_request *request,
    struct iag_http_response *ret_response)
{
	(void)ctx;
	(void)request;
	ret_response->status = 200;
	ret_response->body = (struct iag_bytes){ listed, strlen(listed) };
	return IAG_OK;
}

static int32_t
no_session(struct iag_ctx *ctx, struct iag_session *ret_session)
{
	(void)ctx;
	(void)ret_session;
	return IAG_NOTFOUND;
}

static uint64_t
at_noon(struct iag_ctx *ctx)
{
	(void)ctx;
	return UINT64_C(1796040000000000000);
}

/* For as long as the test runs. */
static const char *
kept(struct iag_ctx *ctx, const char *text, size_t len)
{
	static char texts[16][32];
	static size_t used;
	char *to = texts[used++ % COUNT(texts)];

	(void)ctx;
	(void)snprintf(to, sizeof(texts[0]), "%.*s", (int)len, text);
	return to;
}

#define ROW(id, status, filled)                                         \
	"{\"orderId\":" id ",\"order_ref\":\"a1\",\"status\":\"" status \
	"\",\"filledQuantity\":" filled "}"

/* An order that got another id stands there under both for a while. */
static void
test_of_two_ids_that_which_works_is_the_order(void **state)
{
	static const struct {
		const char *list, *id;
	} cases[] = {
		{ ROW("7", "Cancelled", "0.0") "," ROW("8", "Submitted", "0.0"),
		    "8" },
		{ ROW("8", "Submitted", "0.0") "," ROW("7", "Cancelled", "0.0"),
		    "8" },
		{ ROW("7", "Cancelled", "1.0") "," ROW("8", "Cancelled", "0.0"),
		    "7" },
		{ ROW("7", "Cancelled", "0.0") "," ROW("8", "Cancelled", "0.0"),
		    "7" },
	};
	const struct iag_host host = {
		.http = one_list,
		.session_get = no_session,
		.real_ns = at_noon,
		.intern = kept,
	};
	const struct errand errand = { &host, NULL };
	const struct iag_target target = {
		.struct_size = sizeof(target),
		.account = "DU1",
		.client_ref = "a1",
		.broker_order_id = "7",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct iag_find find = { .struct_size = sizeof(find) };
		char text[512];

		(void)snprintf(text, sizeof(text),
		    "{\"orders\":[%s],\"snapshot\":true}", cases[i].list);
		listed = text;
		assert_int_equal(find_order(&errand, &target, &find), IAG_OK);
		assert_int_equal(find.answer, IAG_FIND_FOUND);
		assert_string_equal(find.ack.broker_order_id, cases[i].id);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inv4_only_a_proof_is_a_refusal),
		cmocka_unit_test(test_a_refusal_tells_what_it_is_of),
		cmocka_unit_test(test_legs_and_questions_are_read_whole),
		cmocka_unit_test(
		    test_inv4_each_leg_of_a_bracket_has_its_place_or_none),
		cmocka_unit_test(
		    test_inv12_tickets_have_the_digits_that_were_given),
		cmocka_unit_test(test_what_must_not_be_sent_is_no_ticket),
		cmocka_unit_test(test_of_two_ids_that_which_works_is_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Orders: words, JSON, digest, notional; their shape; lists of verdicts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "orders/shape.h"

static const char *const order_text =
    "{\"account\":\"DU1\",\"asset_class\":\"stock\",\"contract_id\":\"265598\","
    "\"currency\":\"USD\",\"exchange\":\"SMART\",\"limit_price\":\"190.10\","
    "\"mode\":\"paper\",\"multiplier\":\"1\",\"price_magnifier\":\"1\","
    "\"quantity\":\"10\",\"side\":\"buy\",\"stop_price\":\"190.00\","
    "\"symbol\":\"AAPL\",\"tif\":\"day\",\"trailing_amount\":\"1.5\","
    "\"trailing_percent\":\"2\",\"type\":\"limit\"}";

static const struct order_frame frame = {
	.preview_id = "p",
	.writer = "local-candidate",
	.connection = "fake",
	.policy_digest = "d",
	.group_id = "g",
	.group_role = "parent",
};

static struct json_object *
parsed(const char *text)
{
	struct json_object *obj;

	assert_int_equal(
	    json_parse(text, strlen(text), &json_bounds_default, &obj, NULL),
	    0);
	return obj;
}

static void
order_of(const char *text, struct order *order)
{
	assert_int_equal(
	    order_read((struct iag_bytes){ text, strlen(text) }, order, NULL),
	    0);
}

static void
test_an_order_comes_back_as_it_was_written(void **state)
{
	CLEANUP_ORDER struct order order, copy;
	CLEANUP_BUF struct buf text = BUF_INIT;

	(void)state;
	order_of(order_text, &order);
	assert_int_equal(order_copy(&copy, &order, NULL), 0);
	assert_int_equal(order_write(&text, &copy, NULL), 0);
	assert_string_equal(buf_text(&text), order_text);
}

static void
test_a_stored_order_that_nobody_wrote_is_corrupt(void **state)
{
	static const char *const changes[][2] = {
		{ "side", "\"hold\"" },
		{ "type", "\"market\"" },
		{ "mode", "2" },
		{ "quantity", "\"1e3\"" },
		{ "quantity", "10" },
		{ "symbol", "null" },
		{ "wings", "\"two\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(changes); i++) {
		CLEANUP_JSON struct json_object *obj = parsed(order_text);
		struct order order;
		CLEANUP_ERR struct err err = ERR_INIT;
		CLEANUP_BUF struct buf text = BUF_INIT;

		json_add(obj, changes[i][0], parsed(changes[i][1]));
		json_write(&text, obj, 0);
		assert_int_equal(
		    order_read((struct iag_bytes){ text.data, text.len },
			&order, &err),
		    IAG_CORRUPT);
		assert_int_equal(err.code, ERR_JOURNAL_CORRUPT);
	}
}

static void
test_words_are_found_as_callers_write_them(void **state)
{
	(void)state;
	assert_int_equal(order_type_find("stop-limit"), IAG_TYPE_STOP_LIMIT);
	assert_int_equal(
	    order_type_find("trailing-stop"), IAG_TYPE_TRAILING_STOP);
	assert_int_equal(order_type_find("market"), 0);
	assert_int_equal(order_type_find(NULL), 0);
	assert_int_equal(order_tif_find("GTC"), IAG_TIF_GOOD_TILL_CANCELLED);
	assert_int_equal(order_tif_find("Day"), IAG_TIF_DAY);
	assert_int_equal(order_side_find("BUY"), 0);
	assert_string_equal(
	    order_tif_name(IAG_TIF_GOOD_TILL_CANCELLED), "good_till_cancelled");
	assert_string_equal(order_type_name(IAG_TYPE_STOP_LIMIT), "stop_limit");
	assert_null(order_mode_name(0));
	for (uint32_t s = IAG_STATUS_SUBMITTED; s <= IAG_STATUS_REFUSED; s++)
		assert_int_equal(order_status_find(order_status_name(s)), s);
	assert_false(order_status_is_terminal(IAG_STATUS_PENDING_CANCEL));
	assert_true(order_status_is_terminal(IAG_STATUS_CANCELLED));
}

static void
digest_of(
    const char *text, const struct order_frame *f, char ret_hex[HASH_HEX_SIZE])
{
	CLEANUP_ORDER struct order order;

	order_of(text, &order);
	assert_int_equal(order_digest(&order, f, ret_hex, NULL), 0);
}

static void
digest_of_tree(struct json_object *obj, const struct order_frame *f,
    char ret_hex[HASH_HEX_SIZE])
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	json_write(&text, obj, 0);
	digest_of(buf_text(&text), f, ret_hex);
}

/* Another value for each member, and none for those that may be absent. */
static void
test_inv3_every_member_of_an_order_is_in_its_digest(void **state)
{
	static const char *const others[][2] = {
		{ "mode", "\"live\"" },
		{ "side", "\"sell\"" },
		{ "type", "\"stop\"" },
		{ "tif", "\"good_till_cancelled\"" },
		{ "account", "\"DU2\"" },
		{ "contract_id", "\"8314\"" },
		{ "symbol", "\"IBM\"" },
		{ "asset_class", "\"etf\"" },
		{ "currency", "\"EUR\"" },
		{ "quantity", "\"11\"" },
		{ "exchange", "\"NYSE\"" },
		{ "exchange", NULL },
		{ "limit_price", "\"190.11\"" },
		{ "limit_price", NULL },
		{ "stop_price", "\"190.01\"" },
		{ "stop_price", NULL },
		{ "trailing_amount", "\"1.4\"" },
		{ "trailing_amount", NULL },
		{ "trailing_percent", "\"2.1\"" },
		{ "trailing_percent", NULL },
		{ "multiplier", "\"100\"" },
		{ "multiplier", NULL },
		{ "price_magnifier", "\"100\"" },
		{ "price_magnifier", NULL },
	};
	CLEANUP_JSON struct json_object *all = parsed(order_text);
	char first[HASH_HEX_SIZE], other[HASH_HEX_SIZE];
	int named = 0;

	(void)state;
	digest_of(order_text, &frame, first);
	for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
		CLEANUP_JSON struct json_object *obj = parsed(order_text);

		assert_non_null(json_get(obj, others[i][0]));
		named += i == 0 || strcmp(others[i][0], others[i - 1][0]) != 0;
		json_object_object_del(obj, others[i][0]);
		if (others[i][1])
			json_add(obj, others[i][0], parsed(others[i][1]));
		digest_of_tree(obj, &frame, other);
		if (strcmp(first, other) == 0)
			fail_msg("%s is not in the digest", others[i][0]);
	}
	/* the text above has every member, and so has the list */
	assert_int_equal(json_object_object_length(all), named);
	assert_int_equal(sizeof(struct order),
	    4 * sizeof(uint32_t) + (size_t)(named - 4) * sizeof(char *));
}

static void
test_inv3_everything_around_an_order_is_in_its_digest(void **state)
{
	struct order_frame frames[6];
	char first[HASH_HEX_SIZE], other[HASH_HEX_SIZE];

	(void)state;
	assert_int_equal(sizeof(frame), 6 * sizeof(char *));
	for (size_t i = 0; i < ARRAY_COUNT(frames); i++)
		frames[i] = frame;
	frames[0].preview_id = "q";
	frames[1].writer = "refusing";
	frames[2].connection = "elsewhere";
	frames[3].policy_digest = "";
	frames[4].group_id = NULL;
	frames[5].group_role = "stop_loss";
	digest_of(order_text, &frame, first);
	for (size_t i = 0; i < ARRAY_COUNT(frames); i++) {
		digest_of(order_text, &frames[i], other);
		assert_string_not_equal(first, other);
	}
}

static void
test_a_digest_sees_values_and_not_how_they_are_written(void **state)
{
	CLEANUP_JSON struct json_object *obj = parsed(order_text);
	char first[HASH_HEX_SIZE], other[HASH_HEX_SIZE];

	(void)state;
	json_add_str(obj, "limit_price", "190.1");
	json_add_str(obj, "quantity", "10.000");
	digest_of(order_text, &frame, first);
	digest_of_tree(obj, &frame, other);
	assert_string_equal(first, other);
	/* no part can slip into its neighbour */
	json_add_str(obj, "account", "DU1\",\"asset_class\":\"stock");
	digest_of_tree(obj, &frame, other);
	assert_string_not_equal(first, other);
}

static void
test_a_writer_gets_the_order_that_was_digested(void **state)
{
	CLEANUP_ORDER struct order order;
	struct iag_order wire;

	(void)state;
	order_of(order_text, &order);
	order_wire(&order, "key", "parent", &wire);
	assert_int_equal(wire.struct_size, sizeof(wire));
	assert_int_equal(wire.need_flags, 0);
	assert_int_equal(wire.mode, IAG_MODE_PAPER);
	assert_int_equal(wire.side, IAG_SIDE_BUY);
	assert_int_equal(wire.type, IAG_TYPE_LIMIT);
	assert_int_equal(wire.tif, IAG_TIF_DAY);
	assert_string_equal(wire.account, "DU1");
	assert_string_equal(wire.client_ref, "key");
	assert_string_equal(wire.contract_id, "265598");
	assert_string_equal(wire.symbol, "AAPL");
	assert_string_equal(wire.asset_class, "stock");
	assert_string_equal(wire.exchange, "SMART");
	assert_string_equal(wire.currency, "USD");
	assert_string_equal(wire.quantity, "10");
	assert_string_equal(wire.limit_price, "190.10");
	assert_string_equal(wire.stop_price, "190.00");
	assert_string_equal(wire.trailing_amount, "1.5");
	assert_string_equal(wire.trailing_percent, "2");
	assert_string_equal(wire.parent_ref, "parent");
}

/* want NULL: NOTSUP; "": NOTFOUND. */
static void
notional_is(struct order *order, const char *price, const char *want)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_DEC struct dec at, notional;
	int ret;

	dec_init(&at);
	dec_init(&notional);
	if (price)
		assert_int_equal(dec_parse(&at, price, NULL), 0);
	ret = order_notional(order, price ? &at : NULL, &notional, NULL);
	if (!want || !*want) {
		assert_int_equal(ret, want ? IAG_NOTFOUND : IAG_NOTSUP);
		return;
	}
	assert_int_equal(ret, 0);
	assert_int_equal(dec_format_normal(&text, &notional, NULL), 0);
	assert_string_equal(buf_text(&text), want);
}

static void
test_inv12_notional_is_price_quantity_multiplier_by_magnifier(void **state)
{
	struct order order = {
		.asset_class = (char *)"stock",
		.quantity = (char *)"0.1",
		.limit_price = (char *)"0.2",
	};

	(void)state;
	notional_is(&order, "9", "0.02");
	order.limit_price = NULL;
	notional_is(&order, "0.3", "0.03");
	notional_is(&order, NULL, "");
	order.asset_class = (char *)"future";
	notional_is(&order, "0.3", NULL);
	order.multiplier = (char *)"50";
	order.price_magnifier = (char *)"100";
	notional_is(&order, "0.3", "0.015");
	order.quantity = (char *)"12345678901234567890";
	order.price_magnifier = NULL;
	notional_is(&order, "0.000000000000000001", "617.2839450617283945");
}

/* The codes that were refused, one space behind each. */
static void
refused(const struct verdicts *verdicts, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < verdicts->count; i++) {
		if (!verdicts->items[i].passed)
			len += (size_t)snprintf(text + len, size - len, "%s ",
			    verdicts->items[i].code);
		assert_true(len < size);
	}
}

static void
judged(const char *arguments, const struct shape_steps *steps,
    const char *codes, enum err_code code)
{
	CLEANUP_JSON struct json_object *obj = parsed(arguments);
	CLEANUP_VERDICTS struct verdicts verdicts = VERDICTS_INIT;
	CLEANUP_ORDER struct order order;
	char text[1024];

	assert_int_equal(shape_read(obj, &order, &verdicts, NULL), 0);
	shape_judge(&order, steps, &verdicts);
	refused(&verdicts, text, sizeof(text));
	if (strcmp(text, codes) != 0)
		fail_msg("%s: got '%s', expected '%s'", arguments, text, codes);
	assert_int_equal(shape_code(&verdicts), code);
}

#define WHO "\"account_id\":\"DU1\",\"symbol\":\"AAPL\",\"side\":\"buy\","
#define DAY "\"time_in_force\":\"day\","
#define BASE "{" WHO DAY "\"quantity\":\"10\","

static void
test_types_need_and_take_their_own_prices(void **state)
{
	static const char *const rows[][2] = {
		{ "'order_type':'limit','limit_price':'1'}", "" },
		{ "'order_type':'limit'}", "ORDER_LIMIT_PRICE_REQUIRED " },
		{ "'order_type':'limit','limit_price':'-1'}",
		    "ORDER_LIMIT_PRICE_INVALID " },
		{ "'order_type':'limit','limit_price':'1','stop_price':'2'}",
		    "ORDER_STOP_PRICE_FORBIDDEN " },
		{ "'order_type':'limit','limit_price':'1',"
		  "'trailing_amount':'2'}",
		    "ORDER_TRAILING_OFFSET_FORBIDDEN " },
		{ "'order_type':'stop','stop_price':'1'}", "" },
		{ "'order_type':'stop','stop_price':'0'}",
		    "ORDER_STOP_PRICE_INVALID " },
		{ "'order_type':'stop','limit_price':'1'}",
		    "ORDER_LIMIT_PRICE_FORBIDDEN ORDER_STOP_PRICE_REQUIRED " },
		{ "'order_type':'stop_limit','limit_price':'1',"
		  "'stop_price':'1'}",
		    "" },
		{ "'order_type':'stop_limit'}",
		    "ORDER_LIMIT_PRICE_REQUIRED ORDER_STOP_PRICE_REQUIRED " },
		{ "'order_type':'trailing_stop','trailing_amount':'1'}", "" },
		{ "'order_type':'trailing_stop','trailing_percent':'1.5'}",
		    "" },
		{ "'order_type':'trailing_stop'}",
		    "ORDER_TRAILING_OFFSET_REQUIRED " },
		{ "'order_type':'trailing_stop','trailing_amount':'1',"
		  "'trailing_percent':'1'}",
		    "ORDER_TRAILING_OFFSET_INVALID " },
		{ "'order_type':'trailing_stop','trailing_amount':'0'}",
		    "ORDER_TRAILING_OFFSET_INVALID " },
		{ "'order_type':'trailing_stop','trailing_percent':'100'}",
		    "ORDER_TRAILING_OFFSET_INVALID " },
		{ "'order_type':'trailing_stop','trailing_amount':'1',"
		  "'stop_price':'1'}",
		    "ORDER_STOP_PRICE_FORBIDDEN " },
	};
	static const struct shape_steps steps = { .price = NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		char text[512];

		(void)snprintf(text, sizeof(text), BASE "%s", rows[i][0]);
		for (char *p = text; *p; p++)
			*p = *p == '\'' ? '"' : *p;
		judged(text, &steps, rows[i][1],
		    *rows[i][1] ? ERR_ORDER_VALIDATION_FAILED : ERR_NONE);
	}
}

static void
test_market_orders_and_sizes_are_refused_by_policy(void **state)
{
	static const struct shape_steps steps = { .price = NULL };

	(void)state;
	judged(BASE "\"order_type\":\"market\"}", &steps,
	    "ORDER_MARKET_TYPE_REFUSED ", ERR_ORDER_POLICY_REFUSED);
	judged("{" WHO DAY "\"quantity\":\"0.5\",\"order_type\":\"limit\","
	       "\"limit_price\":\"1\"}",
	    &steps, "ORDER_FRACTIONAL_REFUSED ", ERR_ORDER_POLICY_REFUSED);
	judged("{" WHO DAY "\"quantity\":\"-1\",\"order_type\":\"limit\","
	       "\"limit_price\":\"1\"}",
	    &steps, "ORDER_QUANTITY_INVALID ", ERR_ORDER_POLICY_REFUSED);
}

static void
test_prices_and_sizes_keep_the_contracts_steps(void **state)
{
	static const struct shape_steps steps = {
		.price = "0.05",
		.size = "0.25",
	};
	static const struct shape_steps broken = { .price = "0" };

	(void)state;
	judged("{" WHO DAY "\"quantity\":\"0.75\",\"order_type\":\"limit\","
	       "\"limit_price\":\"1.15\"}",
	    &steps, "", ERR_NONE);
	judged("{" WHO DAY "\"quantity\":\"0.3\",\"order_type\":\"limit\","
	       "\"limit_price\":\"1.01\"}",
	    &steps, "ORDER_FRACTIONAL_REFUSED ORDER_PRICE_INCREMENT_REFUSED ",
	    ERR_ORDER_VALIDATION_FAILED);
	judged(BASE "\"order_type\":\"trailing_stop\","
		    "\"trailing_amount\":\"0.12\"}",
	    &steps, "ORDER_PRICE_INCREMENT_REFUSED ",
	    ERR_ORDER_VALIDATION_FAILED);
	judged(BASE "\"order_type\":\"limit\",\"limit_price\":\"1\"}", &broken,
	    "ORDER_PRICE_INCREMENT_REFUSED ", ERR_ORDER_VALIDATION_FAILED);
}

static void
test_every_fault_is_told_once(void **state)
{
	static const struct shape_steps steps = { .price = NULL };

	(void)state;
	judged("{\"symbol\":\" \",\"side\":\"hold\",\"quantity\":5,"
	       "\"order_type\":\"limit\",\"time_in_force\":\"week\","
	       "\"limit_price\":\"1e3\",\"currency\":\"US\"}",
	    &steps,
	    "ORDER_ACCOUNT_REQUIRED ORDER_SYMBOL_REQUIRED ORDER_SIDE_INVALID "
	    "ORDER_TIME_IN_FORCE_INVALID ORDER_CURRENCY_INVALID "
	    "ORDER_DECIMAL_INVALID ORDER_DECIMAL_INVALID ",
	    ERR_ORDER_VALIDATION_FAILED);
}

static void
bracket_is(const char *side, const char *entry, const char *profit,
    const char *stop, const char *codes)
{
	CLEANUP_VERDICTS struct verdicts verdicts = VERDICTS_INIT;
	struct order parent = {
		.side = order_side_find(side),
		.limit_price = (char *)entry,
	};
	struct order take_profit = { .limit_price = (char *)profit };
	struct order stop_loss = { .stop_price = (char *)stop };
	char text[256];

	shape_judge_bracket(&parent, &take_profit, &stop_loss, &verdicts);
	refused(&verdicts, text, sizeof(text));
	assert_string_equal(text, codes);
}

static void
test_prices_of_a_bracket_are_ordered_for_the_side(void **state)
{
	const char *one = "ORDER_BRACKET_PRICES_REFUSED ";
	const char *two = "ORDER_BRACKET_PRICES_REFUSED "
			  "ORDER_BRACKET_PRICES_REFUSED ";

	(void)state;
	bracket_is("buy", "100", "101", "99", "");
	bracket_is("buy", "100", "100.0", "99", one);
	bracket_is("buy", "100", "99", "101", two);
	bracket_is("sell", "100", "99", "101", "");
	bracket_is("sell", "100", "101", "99", two);
	bracket_is("sell", "100", NULL, "101", one);
	bracket_is("buy", NULL, "101", "99", two);
}

static void
test_refusals_are_all_told_and_the_first_one_leads(void **state)
{
	CLEANUP_VERDICTS struct verdicts verdicts = VERDICTS_INIT;
	CLEANUP_VERDICTS struct verdicts more = VERDICTS_INIT;
	CLEANUP_BUF struct buf all = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)state;
	assert_true(verdicts_pass(&verdicts));
	verdicts_add(&verdicts, "a", "A", true, "1", "0", "unused");
	verdicts_add(&more, "b", "B", false, "2 \"x\"", "3", "do b");
	verdicts_add(&more, "c", "C", false, NULL, NULL, NULL);
	verdicts_append(&verdicts, &more);
	assert_int_equal(more.count, 0);
	assert_false(verdicts_pass(&verdicts));
	assert_int_equal(
	    verdicts_refuse(&verdicts, ERR_LIVE_LIMIT_REFUSED, &err),
	    IAG_REJECTED);
	assert_int_equal(err.code, ERR_LIVE_LIMIT_REFUSED);
	assert_string_equal(err_text(&err),
	    "refused by 'b': allowed '2 \"x\"', got '3'; 2 refusals in all");
	assert_string_equal(err_user_action(&err), "do b");
	assert_string_equal(err.refusals,
	    "[{\"code\":\"B\",\"rule\":\"b\",\"limit\":\"2 \\\"x\\\"\","
	    "\"actual\":\"3\",\"fix\":\"do b\"},{\"code\":\"C\",\"rule\":\"c\"}"
	    "]");
	verdicts_write(&all, &verdicts, true);
	assert_non_null(strstr(buf_text(&all),
	    "[{\"code\":\"A\",\"rule\":\"a\",\"limit\":\"1\",\"actual\":\"0\","
	    "\"passed\":true},"));
}

static void
test_a_list_that_lost_something_never_passes(void **state)
{
	CLEANUP_VERDICTS struct verdicts verdicts = VERDICTS_INIT;
	CLEANUP_VERDICTS struct verdicts whole = VERDICTS_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 100; i++)
		verdicts_add(&verdicts, "a", "A", true, NULL, NULL, NULL);
	assert_int_equal(verdicts.count, 100);
	verdicts.failed = true;
	assert_false(verdicts_pass(&verdicts));
	verdicts_append(&whole, &verdicts);
	assert_int_equal(whole.count, 100);
	assert_int_equal(
	    verdicts_refuse(&whole, ERR_LIVE_LIMIT_REFUSED, &err), IAG_NOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_order_comes_back_as_it_was_written),
		cmocka_unit_test(
		    test_a_stored_order_that_nobody_wrote_is_corrupt),
		cmocka_unit_test(test_words_are_found_as_callers_write_them),
		cmocka_unit_test(
		    test_inv3_every_member_of_an_order_is_in_its_digest),
		cmocka_unit_test(
		    test_inv3_everything_around_an_order_is_in_its_digest),
		cmocka_unit_test(
		    test_a_digest_sees_values_and_not_how_they_are_written),
		cmocka_unit_test(
		    test_a_writer_gets_the_order_that_was_digested),
		cmocka_unit_test(
		    test_inv12_notional_is_price_quantity_multiplier_by_magnifier),
		cmocka_unit_test(test_types_need_and_take_their_own_prices),
		cmocka_unit_test(
		    test_market_orders_and_sizes_are_refused_by_policy),
		cmocka_unit_test(
		    test_prices_and_sizes_keep_the_contracts_steps),
		cmocka_unit_test(test_every_fault_is_told_once),
		cmocka_unit_test(
		    test_prices_of_a_bracket_are_ordered_for_the_side),
		cmocka_unit_test(
		    test_refusals_are_all_told_and_the_first_one_leads),
		cmocka_unit_test(test_a_list_that_lost_something_never_passes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

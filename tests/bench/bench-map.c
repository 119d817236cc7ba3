/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What it costs to understand the broker: a page of 100 warm positions, mapped
 * into the answer of the tool, against json-c only parsing the same bytes.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json_tokener.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "figure.h"
#include "map-position.h"
#include "text.h"

#define ROUNDS 200

static const char row[] =
    "{\"acctId\":\"DU1\",\"conid\":756733,\"contractDesc\":\"SPY\","
    "\"position\":48.0,\"mktPrice\":748.2199707,\"mktValue\":35914.56,"
    "\"currency\":\"USD\",\"avgCost\":659.81625,\"avgPrice\":659.81625,"
    "\"realizedPnl\":0.0,\"unrealizedPnl\":4243.38,\"exchs\":null,"
    "\"expiry\":null,\"putOrCall\":null,\"multiplier\":0.0,"
    "\"strike\":\"0\",\"exerciseStyle\":null,\"conExchMap\":[],"
    "\"assetClass\":\"STK\",\"undConid\":0,\"model\":\"\",\"time\":1,"
    "\"chineseName\":\"&#x5E73;\",\"allExchanges\":\"AMEX,NYSE,ARCA\","
    "\"listingExchange\":\"ARCA\",\"countryCode\":\"US\","
    "\"name\":\"SPDR S&P 500 ETF TRUST\",\"lastTradingDay\":null,"
    "\"group\":null,\"sector\":null,\"sectorGroup\":null,"
    "\"ticker\":\"SPY\",\"type\":\"ETF\",\"hasOptions\":true,"
    "\"fullName\":\"SPY\",\"isUS\":true,\"isEventContract\":false,"
    "\"pageSize\":100,\"incrementRules\":[{\"lowerEdge\":0.0,"
    "\"increment\":0.01}],\"displayRule\":{\"magnification\":0},"
    "\"baseMktValue\":35914.56,\"baseMktPrice\":748.2199707}";

static double
parse_only(const char *body, size_t len)
{
	double start = now_s();
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *root =
	    json_tokener_parse_ex(tokener, body, (int)len + 1);

	assert_non_null(root);
	(void)json_object_put(root);
	json_tokener_free(tokener);
	return now_s() - start;
}

static double
map_page(const char *body, size_t len)
{
	double start = now_s();
	struct position_page page = { .account = "DU1", .take = 100 };
	struct reply reply = { .status = 200, .body = body, .len = len };
	struct text out = { .data = NULL };
	struct map map;

	map_init(&map, &out);
	map_list_open(&map, "positions", POSITION_PAGE);
	assert_int_equal(map_positions(&map, &reply, &page), 0);
	assert_int_equal(map.rows - map.dropped, 100);
	map_fini(&map);
	text_fini(&out);
	return now_s() - start;
}

static void
test_a_page_of_positions_is_mapped_fast(void **state)
{
	CLEANUP_BUF struct buf body = BUF_INIT;
	double parsed = 1e9, mapped = 1e9;

	(void)state;
	for (int i = 0; i < 100; i++)
		buf_printf(&body, "%c%s", i ? ',' : '[', row);
	buf_char(&body, ']');
	for (int i = 0; i < ROUNDS; i++) {
		double parse = parse_only(buf_text(&body), body.len);
		double map = map_page(buf_text(&body), body.len);

		parsed = parse < parsed ? parse : parsed;
		mapped = map < mapped ? map : mapped;
	}
	print_message("# a page of 100 positions (%zu bytes): json-c only "
		      "parsing %.0f us, mapping %.0f us: %.0f %% of its "
		      "speed (at least 40)\n",
	    body.len, parsed * 1e6, mapped * 1e6, 100 * parsed / mapped);
	assert_true(parsed / mapped >= 0.4);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_page_of_positions_is_mapped_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

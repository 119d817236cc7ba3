/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Orders, trades and what-ifs: first reads, both forms of an order, prices by
 * type.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ibkr-agent/plugin.h"
#include "map-table.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define DONE IAG_REPLY_COMPLETE
#define COLD IAG_REPLY_COLD
#define DELAYED IAG_REPLY_DELAYED
#define STALE IAG_REPLY_STALE

static void
test_inv11_a_first_list_is_cold(void **state)
{
	static const struct map_row rows[] = {
		{ "orders", "{\"orders\":[],\"snapshot\":false}",
		    "!BROKER_BACKEND_UNAVAILABLE", MAP_RETRY, 0 },
		{ "orders", "{\"orders\":[]}", "!BROKER_BACKEND_UNAVAILABLE",
		    MAP_RETRY, 0 },
		{ "orders", "{\"orders\":[],\"snapshot\":true}",
		    "{\"orders\":[]}", DONE, 0 },
		{ "orders",
		    "{\"orders\":[{\"acct\":\"DU1\",\"conidex\":\"756733\",\"coni"
		    "d\":756733,\"parentId\":46184813,\"account\":\"DU1\",\"order"
		    "Id\":46184814,\"cashCcy\":\"USD\",\"sizeAndFills\":\"0/1\",\""
		    "orderDesc\":\"Sell 1 SPY Limit 2.00, GTC\",\"ticker\":\"SPY\""
		    ",\"secType\":\"STK\",\"remainingQuantity\":1.0,\"filledQuant"
		    "ity\":0.0,\"totalSize\":1.0,\"status\":\"PreSubmitted\",\"ou"
		    "tsideRTH\":false,\"order_ccp_status\":\"Submitted\",\"origOr"
		    "derType\":\"LIMIT\",\"lastExecutionTime\":\"260103201041\",\""
		    "lastExecutionTime_r\":1767471041000,\"orderType\":\"Limit\","
		    "\"order_ref\":\"a1\",\"price\":\"2.00\",\"timeInForce\":\"GT"
		    "C\",\"side\":\"SELL\",\"ocaGroupId\":\"46184813\"}],\"snapsh"
		    "ot\":false}",
		    "{\"orders\":[{\"account_id\":\"DU1\",\"broker_order_id\":\"4"
		    "6184814\",\"client_order_id\":\"a1\",\"status\":\"open\",\"b"
		    "roker_status\":\"PreSubmitted\",\"side\":\"sell\",\"quantity"
		    "\":\"1.0\",\"filled_quantity\":\"0.0\",\"contract_id\":\"756"
		    "733\",\"symbol\":\"SPY\",\"order_type\":\"limit\",\"limit_pr"
		    "ice\":\"2.00\",\"time_in_force\":\"good_till_cancelled\",\"c"
		    "urrency\":\"USD\",\"updated_at\":\"2026-01-03T20:10:41.000Z\""
		    "}]}",
		    DONE, 0 },
		{ "orders", "{\"orders\":null,\"snapshot\":true}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "orders", "{\"snapshot\":true}", "!BROKER_RESPONSE_INVALID",
		    0, 0 },
		{ "history",
		    "{\"orders\":[{\"acct\":\"DU1\",\"conidex\":\"756733\",\"coni"
		    "d\":756733,\"parentId\":46184813,\"account\":\"DU1\",\"order"
		    "Id\":46184814,\"cashCcy\":\"USD\",\"sizeAndFills\":\"0/1\",\""
		    "orderDesc\":\"Sell 1 SPY Limit 2.00, GTC\",\"ticker\":\"SPY\""
		    ",\"secType\":\"STK\",\"remainingQuantity\":1.0,\"filledQuant"
		    "ity\":0.0,\"totalSize\":1.0,\"status\":\"PreSubmitted\",\"ou"
		    "tsideRTH\":false,\"order_ccp_status\":\"Submitted\",\"origOr"
		    "derType\":\"LIMIT\",\"lastExecutionTime\":\"260103201041\",\""
		    "lastExecutionTime_r\":1767471041000,\"orderType\":\"Limit\","
		    "\"order_ref\":\"a1\",\"price\":\"2.00\",\"timeInForce\":\"GT"
		    "C\",\"side\":\"SELL\",\"ocaGroupId\":\"46184813\"}],\"snapsh"
		    "ot\":true}",
		    "{\"account_id\":\"DU1\",\"orders\":[{\"account_id\":\"DU1\","
		    "\"broker_order_id\":\"46184814\",\"client_order_id\":\"a1\","
		    "\"status\":\"open\",\"broker_status\":\"PreSubmitted\",\"sid"
		    "e\":\"sell\",\"quantity\":\"1.0\",\"filled_quantity\":\"0.0\""
		    ",\"contract_id\":\"756733\",\"symbol\":\"SPY\",\"order_type\""
		    ":\"limit\",\"limit_price\":\"2.00\",\"time_in_force\":\"good"
		    "_till_cancelled\",\"currency\":\"USD\",\"updated_at\":\"2026"
		    "-01-03T20:10:41.000Z\"}],\"truncated\":false}",
		    0, 0 },
		{ "history", "{\"orders\":[],\"snapshot\":false}",
		    "!BROKER_BACKEND_UNAVAILABLE", MAP_RETRY, 0 },
		{ "order-find",
		    "{\"orders\":[{\"acct\":\"DU1\",\"conidex\":\"756733\",\"coni"
		    "d\":756733,\"parentId\":46184813,\"account\":\"DU1\",\"order"
		    "Id\":46184814,\"cashCcy\":\"USD\",\"sizeAndFills\":\"0/1\",\""
		    "orderDesc\":\"Sell 1 SPY Limit 2.00, GTC\",\"ticker\":\"SPY\""
		    ",\"secType\":\"STK\",\"remainingQuantity\":1.0,\"filledQuant"
		    "ity\":0.0,\"totalSize\":1.0,\"status\":\"PreSubmitted\",\"ou"
		    "tsideRTH\":false,\"order_ccp_status\":\"Submitted\",\"origOr"
		    "derType\":\"LIMIT\",\"lastExecutionTime\":\"260103201041\",\""
		    "lastExecutionTime_r\":1767471041000,\"orderType\":\"Limit\","
		    "\"order_ref\":\"a1\",\"price\":\"2.00\",\"timeInForce\":\"GT"
		    "C\",\"side\":\"SELL\",\"ocaGroupId\":\"46184813\"}],\"snapsh"
		    "ot\":true}",
		    "{\"account_id\":\"DU1\",\"broker_order_id\":\"46184814\",\"c"
		    "lient_order_id\":\"a1\",\"status\":\"open\",\"broker_status\""
		    ":\"PreSubmitted\",\"side\":\"sell\",\"quantity\":\"1.0\",\"f"
		    "illed_quantity\":\"0.0\",\"contract_id\":\"756733\",\"symbol"
		    "\":\"SPY\",\"order_type\":\"limit\",\"limit_price\":\"2.00\""
		    ",\"time_in_force\":\"good_till_cancelled\",\"currency\":\"US"
		    "D\",\"updated_at\":\"2026-01-03T20:10:41.000Z\"}",
		    DONE, 0 },
		{ "order-find", "{\"orders\":[],\"snapshot\":true}",
		    "!BROKER_CAPABILITY_UNAVAILABLE", MAP_ABSENT, 0 },
		{ "order-find", "{\"orders\":[],\"snapshot\":false}",
		    "!BROKER_BACKEND_UNAVAILABLE", MAP_RETRY, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_what_an_order_is_depends_on_its_type(void **state)
{
	static const struct map_row rows[] = {
		{ "orders",
		    "{\"orders\":[{\"account\":\"DU1\",\"orderId\":\"1760268467\""
		    ",\"conid\":\"1\",\"side\":\"BUY\",\"status\":\"Filled\",\"or"
		    "derType\":\"Market\",\"price\":\"\",\"avgPrice\":\"5.50\",\""
		    "totalSize\":\"2\",\"filledQuantity\":2.0,\"timeInForce\":\"C"
		    "LOSE\"},{\"account\":\"DU2\",\"orderId\":5,\"conid\":1,\"sid"
		    "e\":\"BUY\",\"status\":\"Filled\"}],\"snapshot\":true}",
		    "{\"orders\":[{\"account_id\":\"DU1\",\"broker_order_id\":\"1"
		    "760268467\",\"status\":\"filled\",\"broker_status\":\"Filled"
		    "\",\"side\":\"buy\",\"quantity\":\"2\",\"filled_quantity\":\""
		    "2.0\",\"contract_id\":\"1\",\"order_type\":\"market\",\"time"
		    "_in_force\":\"other\",\"average_fill_price\":\"5.50\"}]}",
		    DONE, 0 },
		{ "orders",
		    "{\"orders\":[{\"acct\":\"DU1\",\"orderId\":1,\"conid\":1,\"s"
		    "ide\":\"SELL\",\"status\":\"Inactive\",\"orderType\":\"Stop "
		    "Limit\",\"price\":\"2.00\",\"auxPrice\":\"1.90\"},{\"account"
		    "\":\"DU1\",\"orderId\":2,\"conid\":1,\"side\":\"SELL\",\"sta"
		    "tus\":\"PendingCancel\",\"orderType\":\"Stop\",\"price\":\"1"
		    ".80\"},{\"account\":\"DU1\",\"orderId\":3,\"conid\":1,\"side"
		    "\":\"SELL\",\"status\":\"WarnState\",\"orderType\":\"Stop\","
		    "\"price\":\"0\",\"stop_price\":\"1.70\"}],\"snapshot\":true}",
		    "{\"orders\":[{\"account_id\":\"DU1\",\"broker_order_id\":\"1"
		    "\",\"status\":\"unknown\",\"broker_status\":\"Inactive\",\"s"
		    "ide\":\"sell\",\"contract_id\":\"1\",\"order_type\":\"stop_l"
		    "imit\",\"limit_price\":\"2.00\",\"stop_price\":\"1.90\"},{\""
		    "account_id\":\"DU1\",\"broker_order_id\":\"2\",\"status\":\""
		    "open\",\"broker_status\":\"PendingCancel\",\"side\":\"sell\""
		    ",\"contract_id\":\"1\",\"order_type\":\"stop\",\"stop_price\""
		    ":\"1.80\"},{\"account_id\":\"DU1\",\"broker_order_id\":\"3\""
		    ",\"status\":\"unknown\",\"broker_status\":\"WarnState\",\"si"
		    "de\":\"sell\",\"contract_id\":\"1\",\"order_type\":\"stop\","
		    "\"stop_price\":\"1.70\"}]}",
		    DONE, 0 },
		{ "orders",
		    "{\"orders\":[{\"account\":\"DU1\",\"orderId\":1,\"conid\":1,"
		    "\"side\":\"EXER\",\"status\":\"Filled\"},{\"account\":\"DU1\""
		    ",\"orderId\":2,\"conid\":1,\"side\":\"BUY\",\"status\":\"Can"
		    "celled\",\"orderType\":\"Strange\"}],\"snapshot\":true}",
		    "{\"orders\":[{\"account_id\":\"DU1\",\"broker_order_id\":\"2"
		    "\",\"status\":\"cancelled\",\"broker_status\":\"Cancelled\","
		    "\"side\":\"buy\",\"contract_id\":\"1\",\"order_type\":\"Stra"
		    "nge\"}]}",
		    0, 0 },
		{ "orders",
		    "{\"orders\":[{\"account\":\"DU1\",\"orderId\":1,\"conid\":1}"
		    "],\"snapshot\":true}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "history",
		    "{\"orders\":[{\"account\":\"DU1\",\"orderId\":2,\"conid\":1,"
		    "\"side\":\"BUY\",\"status\":\"Cancelled\",\"order_cancellati"
		    "on_by_system_reason\":\"too \\u001e late\"}],\"snapshot\":tr"
		    "ue}",
		    "{\"account_id\":\"DU1\",\"orders\":[{\"account_id\":\"DU1\","
		    "\"broker_order_id\":\"2\",\"status\":\"cancelled\",\"broker_"
		    "status\":\"Cancelled\",\"side\":\"buy\",\"contract_id\":\"1\""
		    ",\"cancel_reason\":\"too \\u001e late\"}],\"truncated\":fals"
		    "e}",
		    0, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_a_history_is_newest_first(void **state)
{
	static const struct map_row rows[] = {
		{ "history",
		    "{\"orders\":[{\"account\":\"DU1\",\"orderId\":1,\"conid\":1,"
		    "\"side\":\"BUY\",\"status\":\"Filled\","
		    "\"lastExecutionTime_r\":1770000000000},{\"account\":"
		    "\"DU1\",\"orderId\":2,\"conid\":1,\"side\":\"BUY\","
		    "\"status\":\"Filled\"},{\"account\":\"DU1\",\"orderId\":3,"
		    "\"conid\":1,\"side\":\"BUY\",\"status\":\"Filled\","
		    "\"lastExecutionTime_r\":1770000001000}],"
		    "\"snapshot\":true}",
		    "{\"account_id\":\"DU1\",\"orders\":[{\"account_id\":\"DU1\","
		    "\"broker_order_id\":\"3\",\"status\":\"filled\","
		    "\"broker_status\":\"Filled\",\"side\":\"buy\","
		    "\"contract_id\":\"1\","
		    "\"updated_at\":\"2026-02-02T02:40:01.000Z\"},"
		    "{\"account_id\":\"DU1\",\"broker_order_id\":\"1\","
		    "\"status\":\"filled\",\"broker_status\":\"Filled\","
		    "\"side\":\"buy\",\"contract_id\":\"1\","
		    "\"updated_at\":\"2026-02-02T02:40:00.000Z\"},"
		    "{\"account_id\":\"DU1\",\"broker_order_id\":\"2\","
		    "\"status\":\"filled\",\"broker_status\":\"Filled\","
		    "\"side\":\"buy\",\"contract_id\":\"1\"}],"
		    "\"truncated\":false}",
		    0, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_a_status_has_names_of_its_own(void **state)
{
	static const struct map_row rows[] = {
		{ "order-status",
		    "{\"sub_type\":null,\"request_id\":\"209\",\"server_id\":\"0\""
		    ",\"order_id\":46184814,\"conidex\":\"265598\",\"conid\":2655"
		    "98,\"symbol\":\"AAPL\",\"side\":\"B\",\"size\":\"0.0\",\"tot"
		    "al_size\":\"5.0\",\"currency\":\"USD\",\"account\":\"DU1\",\""
		    "order_type\":\"LIMIT\",\"limit_price\":\"457.00\",\"cum_fill"
		    "\":\"5.0\",\"order_status\":\"Filled\",\"order_ccp_status\":"
		    "\"2\",\"tif\":\"DAY\",\"editable_fields\":\"\\u001e\",\"cann"
		    "ot_cancel_order\":true,\"average_price\":\"192.26\",\"order_"
		    "time\":\"260103201041\"}",
		    "{\"account_id\":\"DU1\",\"broker_order_id\":\"46184814\",\"s"
		    "tatus\":\"filled\",\"broker_status\":\"Filled\",\"side\":\"b"
		    "uy\",\"quantity\":\"5.0\",\"filled_quantity\":\"5.0\",\"cont"
		    "ract_id\":\"265598\",\"symbol\":\"AAPL\",\"order_type\":\"li"
		    "mit\",\"limit_price\":\"457.00\",\"time_in_force\":\"day\",\""
		    "currency\":\"USD\",\"created_at\":\"2026-01-03T20:10:41.000Z"
		    "\",\"average_fill_price\":\"192.26\"}",
		    DONE, 0 },
		{ "order-status",
		    "{\"sub_type\":null,\"request_id\":\"209\",\"server_id\":\"0\""
		    ",\"order_id\":46184814,\"conidex\":\"265598\",\"conid\":2655"
		    "98,\"symbol\":\"AAPL\",\"side\":\"B\",\"size\":\"0.0\",\"tot"
		    "al_size\":\"5.0\",\"currency\":\"USD\",\"account\":\"DU2\",\""
		    "order_type\":\"LIMIT\",\"limit_price\":\"457.00\",\"cum_fill"
		    "\":\"5.0\",\"order_status\":\"Filled\",\"order_ccp_status\":"
		    "\"2\",\"tif\":\"DAY\",\"editable_fields\":\"\\u001e\",\"cann"
		    "ot_cancel_order\":true,\"average_price\":\"192.26\",\"order_"
		    "time\":\"260103201041\"}",
		    "!BROKER_CAPABILITY_UNAVAILABLE", MAP_ABSENT, 0 },
		{ "order-status",
		    "{\"sub_type\":null,\"request_id\":\"209\",\"server_id\":\"0\""
		    ",\"order_id\":1,\"conidex\":\"265598\",\"conid\":265598,\"sy"
		    "mbol\":\"AAPL\",\"side\":\"B\",\"size\":\"0.0\",\"total_size"
		    "\":\"5.0\",\"currency\":\"USD\",\"account\":\"DU1\",\"order_"
		    "type\":\"LIMIT\",\"limit_price\":\"457.00\",\"cum_fill\":\"5"
		    ".0\",\"order_status\":\"Filled\",\"order_ccp_status\":\"2\","
		    "\"tif\":\"DAY\",\"editable_fields\":\"\\u001e\",\"cannot_can"
		    "cel_order\":true,\"average_price\":\"192.26\",\"order_time\""
		    ":\"260103201041\"}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "order-status",
		    "{\"error\":\"Service Unavailable\",\"statusCode\":503}",
		    "!BROKER_BACKEND_UNAVAILABLE", MAP_RETRY | MAP_ABSENT,
		    503 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_trades_are_newest_first(void **state)
{
	static const struct map_row rows[] = {
		{ "trades", "[]", "!BROKER_BACKEND_UNAVAILABLE", MAP_RETRY, 0 },
		{ "trades",
		    "[{\"execution_id\":\"0000e0d5.1\",\"symbol\":\"SPY\",\"suppo"
		    "rts_tax_opt\":\"1\",\"side\":\"B\",\"order_description\":\"B"
		    "ot 1 @ 751.68 on IEX\",\"trade_time\":\"20260709-17:28:11\","
		    "\"trade_time_r\":1783618091000,\"size\":1.0,\"price\":\"751."
		    "68\",\"order_ref\":\"a1\",\"exchange\":\"IEX\",\"commission\""
		    ":\"1.0\",\"net_amount\":751.68,\"account\":\"DU1\",\"account"
		    "Code\":\"DU1\",\"sec_type\":\"STK\",\"conid\":756733,\"conid"
		    "Ex\":\"756733\",\"open_close\":\"???\",\"position\":\"48\",\""
		    "order_id\":1843450719},{\"execution_id\":\"0000e0d5.2\",\"si"
		    "de\":\"S\",\"trade_time\":\"20260709-17:28:12\",\"size\":\"\""
		    ",\"accountCode\":\"DU1\",\"conid\":\"1\"},{\"execution_id\":"
		    "\"0000e0d5.3\",\"side\":\"S\",\"account\":\"DU2\",\"conid\":"
		    "\"1\"}]",
		    "{\"executions\":[{\"account_id\":\"DU1\",\"execution_id\":\""
		    "0000e0d5.2\",\"contract_id\":\"1\",\"side\":\"sell\",\"trade"
		    "_time\":\"2026-07-09T17:28:12.000Z\"},{\"account_id\":\"DU1\""
		    ",\"execution_id\":\"0000e0d5.1\",\"broker_order_id\":\"18434"
		    "50719\",\"client_order_id\":\"a1\",\"contract_id\":\"756733\""
		    ",\"symbol\":\"SPY\",\"asset_class\":\"stock\",\"side\":\"buy"
		    "\",\"quantity\":\"1.0\",\"price\":\"751.68\",\"commission\":"
		    "\"1.0\",\"net_amount\":\"751.68\",\"exchange\":\"IEX\",\"des"
		    "cription\":\"Bot 1 @ 751.68 on IEX\",\"trade_time\":\"2026-0"
		    "7-09T17:28:11.000Z\"}]}",
		    DONE, 0 },
		{ "trades", "[{\"account\":\"DU1\",\"side\":\"B\"}]",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_a_whatif_is_sentences(void **state)
{
	static const struct map_row rows[] = {
		{ "whatif",
		    "{\"amount\":{\"amount\":\"1,977.60 USD (10 Shares)\",\"commi"
		    "ssion\":\"1 USD\",\"total\":\"1,978.60 USD\"},\"equity\":{\""
		    "current\":\"123,456\",\"change\":\"-1\",\"after\":\"123,455\""
		    "},\"initial\":{\"current\":\"0\",\"change\":\"1,988.80 USD\",\"aft"
		    "er\":\"988.80\"},\"maintenance\":null,\"warn\":\"21/You are "
		    "trying \\\"x\\\"\",\"error\":null}",
		    "{\"commission\":{\"amount\":\"1\",\"currency\":"
		    "\"USD\"},\"margin_impact\":{\"amount\":\"1988.80\","
		    "\"currency\":\"USD\"},\"warnings\":[\"21/You are "
		    "trying \\\"x\\\"\"]}",
		    DONE, 0 },
		{ "whatif",
		    "{\"amount\":null,\"error\":\"Order size is too large\"}",
		    "{\"refusal\":\"Order size is too large\"}", DONE, 0 },
		{ "whatif", "{\"amount\":{},\"errors\":[\"no\"],\"warns\":[]}",
		    "{\"refusal\":\"no\"}", DONE, 0 },
		{ "whatif",
		    "{\"amount\":{\"amount\":\"? USD\"},\"warns\":[\"a\",\"b\"]}",
		    "{\"warnings\":[\"a\",\"b\"]}", DONE, 0 },
		{ "whatif", "{}", "!BROKER_RESPONSE_INVALID", 0, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inv11_a_first_list_is_cold),
		cmocka_unit_test(test_what_an_order_is_depends_on_its_type),
		cmocka_unit_test(test_a_history_is_newest_first),
		cmocka_unit_test(test_a_status_has_names_of_its_own),
		cmocka_unit_test(test_trades_are_newest_first),
		cmocka_unit_test(test_a_whatif_is_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

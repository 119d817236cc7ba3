/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Contracts, quotes, bars, options, scans and calendars.
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
test_a_search_finds_ids(void **state)
{
	static const struct map_row rows[] = {
		{ "search",
		    "[{\"conid\":\"265598\",\"companyHeader\":\"APPLE INC (NASDAQ"
		    ")\",\"symbol\":\"AAPL\",\"description\":\"NASDAQ\",\"restric"
		    "ted\":null,\"sections\":[{\"secType\":\"STK\"}]},{\"conid\":"
		    "\"-1\",\"issuers\":[{\"id\":\"e1\"}]}]",
		    "", 0, 0 },
		{ "search", "[]", "", 0, 0 },
		{ "search", "{\"error\":\"No symbol found\"}", "", 0, 0 },
		{ "search", "{\"error\":\"something is broken\"}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "futures",
		    "{\"ES\":[{\"symbol\":\"ES\",\"conid\":495512552,\"underlying"
		    "Conid\":11004968,\"expirationDate\":20261218,\"ltd\":2026121"
		    "7}]}",
		    "", 0, 0 },
		{ "futures", "{\"ES\":{}}", "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "pairs",
		    "{\"USD\":[{\"symbol\":\"EUR.USD\",\"conid\":12087792,\"ccyPa"
		    "ir\":\"EUR\"}]}",
		    "", 0, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_definitions_tell_what_a_contract_is(void **state)
{
	static const struct map_row rows[] = {
		{ "definitions",
		    "{\"secdef\":[{\"conid\":756733,\"currency\":\"USD\",\"name\""
		    ":\"SPDR S&P 500\",\"assetClass\":\"STK\",\"listingExchange\""
		    ":\"ARCA\",\"allExchanges\":\"AMEX,ARCA\",\"ticker\":\"SPY\","
		    "\"type\":\"ETF\",\"strike\":\"0\",\"multiplier\":0,\"undConi"
		    "d\":0,\"expiry\":null,\"putOrCall\":null},{\"conid\":\"26559"
		    "8\",\"currency\":\"USD\",\"name\":\"APPLE INC\",\"assetClass"
		    "\":\"STK\",\"listingExchange\":\"NASDAQ\",\"ticker\":\"AAPL\""
		    ",\"type\":\"COMMON\"}]}",
		    "{\"contracts\":[{\"contract_id\":\"265598\",\"symbol\":\"AAP"
		    "L\",\"currency\":\"USD\",\"exchange\":\"NASDAQ\",\"descripti"
		    "on\":\"APPLE INC\",\"asset_class\":\"stock\",\"is_unique_mat"
		    "ch\":false},{\"contract_id\":\"756733\",\"symbol\":\"SPY\",\""
		    "currency\":\"USD\",\"exchange\":\"ARCA\",\"description\":\"S"
		    "PDR S&P 500\",\"asset_class\":\"etf\",\"is_unique_match\":fa"
		    "lse}]}",
		    DONE, 0 },
		{ "definitions",
		    "{\"secdef\":[{\"conid\":265598,\"currency\":\"USD\",\"assetC"
		    "lass\":\"STK\",\"ticker\":\"AAPL\"}]}",
		    "{\"contracts\":[{\"contract_id\":\"265598\",\"symbol\":\"AAP"
		    "L\",\"currency\":\"USD\",\"asset_class\":\"stock\",\"is_uniq"
		    "ue_match\":false}]}",
		    0, 0 },
		{ "definitions", "{\"secdef\":[]}", "!BROKER_RESPONSE_INVALID",
		    0, 0 },
		{ "definitions", "{\"secdef\":null}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "resolve",
		    "{\"secdef\":[{\"conid\":756733,\"currency\":\"USD\",\"assetC"
		    "lass\":\"STK\",\"ticker\":\"SPY\"},{\"conid\":265598,\"curre"
		    "ncy\":\"USD\",\"name\":\"APPLE INC\",\"assetClass\":\"STK\","
		    "\"listingExchange\":\"NASDAQ\",\"ticker\":\"AAPL\",\"undConi"
		    "d\":0}]}",
		    "{\"contract_id\":\"265598\",\"symbol\":\"AAPL\",\"currency\""
		    ":\"USD\",\"exchange\":\"NASDAQ\",\"description\":\"APPLE INC"
		    "\",\"asset_class\":\"stock\",\"is_unique_match\":true,\"list"
		    "ing_exchange\":\"NASDAQ\"}",
		    DONE, 0 },
		{ "resolve",
		    "{\"secdef\":[{\"conid\":756733,\"currency\":\"USD\",\"ticker"
		    "\":\"AAPL\"},{\"conid\":265598,\"currency\":\"USD\",\"ticker"
		    "\":\"AAPL\"}]}",
		    "!INPUT_AMBIGUOUS_CONTRACT", 0, 0 },
		{ "resolve",
		    "{\"secdef\":[{\"conid\":756733,\"currency\":\"MXN\",\"ticker"
		    "\":\"AAPL\"},{\"conid\":265598,\"currency\":\"CHF\",\"ticker"
		    "\":\"AAPL\"}]}",
		    "!INPUT_AMBIGUOUS_CONTRACT", 0, 0 },
		{ "resolve",
		    "{\"secdef\":[{\"conid\":265598,\"currency\":\"USD\",\"ticker"
		    "\":\"AAPL\"}]}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "rules",
		    "{\"con_id\":265598,\"symbol\":\"AAPL\",\"rules\":{\"error\":"
		    "null,\"increment\":0.01,\"incrementDigits\":2,\"sizeIncremen"
		    "t\":100,\"priceMagnifier\":1,\"incrementRules\":[]}}",
		    "{\"price_magnifier\":\"1\",\"price_increment\":\"0.01\",\"si"
		    "ze_increment\":\"100\"}",
		    0, 0 },
		{ "rules",
		    "{\"con_id\":265598,\"rules\":{\"increment\":\"0.01\",\"price"
		    "Magnifier\":null}}",
		    "{\"price_increment\":\"0.01\"}", 0, 0 },
		{ "rules", "{\"con_id\":1,\"rules\":{}}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "rules", "{\"con_id\":265598,\"rules\":null}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_inv11_a_quote_is_what_was_told(void **state)
{
	static const struct map_row rows[] = {
		{ "quote",
		    "[{\"conid\":265598,\"conidEx\":\"265598\",\"_updated\":17700"
		    "00000000,\"server_id\":\"q0\",\"6119\":\"q0\",\"6509\":\"RpB"
		    "\",\"31\":\"193.18\",\"7059\":\"100\",\"84\":\"193.06\",\"85"
		    "\":\"600\",\"86\":\"193.14\",\"88\":\"1,300\",\"87\":\"1.2M\""
		    ",\"83\":\"-0.45%\",\"7741\":\"194.05\"}]",
		    "{\"contract_id\":\"265598\",\"bid\":\"193.06\",\"bid_size\":"
		    "\"1300\",\"ask\":\"193.14\",\"ask_size\":\"600\",\"last_size"
		    "\":\"100\",\"prior_close\":\"194.05\",\"last\":\"193.18\",\""
		    "is_halted\":false,\"last_is_close\":false,\"volume\":\"12000"
		    "00\",\"currency\":\"USD\",\"source_timestamp\":\"2026-02-02T"
		    "02:40:00.000Z\",\"data_status\":\"live\",\"received_at\":\"2"
		    "026-04-02T14:00:00.000Z\"}",
		    DONE, 0 },
		{ "quote",
		    "[{\"conid\":1},{\"conid\":\"265598\",\"6509\":\"DPB\",\"31\""
		    ":\"C193.18\",\"84\":193.06,\"86\":\"\",\"85\":\"-1\",\"7762\""
		    ":\"1203441\",\"87\":\"1.2M\"}]",
		    "{\"contract_id\":\"265598\",\"bid\":\"193.06\",\"last\":\"19"
		    "3.18\",\"is_halted\":false,\"last_is_close\":true,\"volume\""
		    ":\"1203441\",\"currency\":\"USD\",\"data_status\":\"delayed\""
		    ",\"received_at\":\"2026-04-02T14:00:00.000Z\"}",
		    DONE | DELAYED, 0 },
		{ "quote",
		    "[{\"conid\":265598,\"6509\":\"ZB\",\"31\":\"H1.5\"}]",
		    "{\"contract_id\":\"265598\",\"last\":\"1.5\",\"is_halted\":t"
		    "rue,\"last_is_close\":false,\"currency\":\"USD\",\"data_stat"
		    "us\":\"stale\",\"received_at\":\"2026-04-02T14:00:00.000Z\"}",
		    DONE | STALE, 0 },
		{ "quote",
		    "[{\"conid\":265598,\"31\":\"1.5\",\"84\":\"-1\",\"86\":\"-1\""
		    "}]",
		    "{\"contract_id\":\"265598\",\"last\":\"1.5\",\"is_halted\":f"
		    "alse,\"last_is_close\":false,\"currency\":\"USD\",\"data_sta"
		    "tus\":\"stale\",\"warnings\":[\"the broker does not say how "
		    "timely this is\"],\"received_at\":\"2026-04-02T14:00:00.000Z"
		    "\"}",
		    DONE | STALE, 0 },
		{ "quote", "[{\"conid\":265598,\"conidEx\":\"265598\"}]",
		    "!MARKET_DATA_INCOMPLETE", MAP_RETRY, 0 },
		{ "quote",
		    "[{\"conid\":265598,\"6509\":\"RpB\",\"6119\":\"q0\"}]",
		    "!MARKET_DATA_INCOMPLETE", MAP_RETRY, 0 },
		{ "quote", "[]", "!MARKET_DATA_INCOMPLETE", MAP_RETRY, 0 },
		{ "greeks",
		    "[{\"conid\":265598,\"_updated\":1770000000000,\"6509\":\"RpB"
		    "\",\"7308\":\"0.540\",\"7309\":\"0.03\",\"7310\":\"-0.08\",\""
		    "7311\":\"0.12\",\"7633\":\"28.5%\"}]",
		    "{\"contract_id\":\"265598\",\"delta\":\"0.540\",\"gamma\":\""
		    "0.03\",\"theta\":\"-0.08\",\"vega\":\"0.12\",\"implied_volat"
		    "ility\":\"0.285\",\"model_source\":\"broker\",\"timestamp\":"
		    "\"2026-02-02T02:40:00.000Z\",\"data_status\":\"live\"}",
		    DONE, 0 },
		{ "greeks",
		    "[{\"conid\":265598,\"6509\":\"RpB\",\"7308\":0.5,\"7633\":\""
		    "0.2\"}]",
		    "{\"contract_id\":\"265598\",\"delta\":\"0.5\",\"implied_vola"
		    "tility\":\"0.2\",\"model_source\":\"broker\",\"data_status\""
		    ":\"live\"}",
		    DONE, 0 },
		{ "rate", "{\"rate\":1.0873}",
		    "{\"base\":\"EUR\",\"quote\":\"USD\",\"rate\":\"1.0873\"}",
		    DONE, 0 },
		{ "rate", "{\"rate\":\"1\"}",
		    "{\"base\":\"EUR\",\"quote\":\"USD\",\"rate\":\"1\"}", DONE,
		    0 },
		{ "rate", "{\"rate\":0}", "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "rate", "{}", "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "currency",
		    "{\"secdef\":[{\"conid\":265598,\"currency\":\"USD\"}]}",
		    "", 0, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_bars_are_those_asked_for(void **state)
{
	static const struct map_row rows[] = {
		{ "bars",
		    "{\"serverId\":\"1\",\"symbol\":\"SPY\",\"priceFactor\":100,\""
		    "startTime\":\"20260402-13:30:00\",\"high\":\"65820/26572.9/6"
		    "7\",\"timePeriod\":\"1d\",\"barLength\":60,\"mdAvailability\""
		    ":\"S\",\"mktDataDelay\":0,\"volumeFactor\":40,\"data\":[{\"o"
		    "\":646.42,\"c\":646.86,\"h\":647.47,\"l\":646.38,\"v\":17219"
		    ".125,\"t\":1775136600000},{\"o\":\"646.86\",\"c\":646.9,\"h\""
		    ":647.0,\"l\":null,\"t\":1775136660000}],\"points\":389,\"tra"
		    "velTime\":3}",
		    "{\"contract_id\":\"265598\",\"bars\":[{\"timestamp\":\"2026-"
		    "04-02T13:30:00.000Z\",\"open\":\"646.42\",\"high\":\"647.47\""
		    ",\"low\":\"646.38\",\"close\":\"646.86\",\"volume\":\"17219."
		    "125\",\"currency\":\"USD\"},{\"timestamp\":\"2026-04-02T13:3"
		    "1:00.000Z\",\"open\":\"646.86\",\"high\":\"647.0\",\"close\""
		    ":\"646.9\",\"currency\":\"USD\"}],\"data_status\":\"live\"}",
		    DONE, 0 },
		{ "bars",
		    "{\"barLength\":60,\"mktDataDelay\":900,\"data\":[{\"o\":1,\""
		    "t\":1775136600000},{\"o\":2}]}",
		    "{\"contract_id\":\"265598\",\"bars\":[{\"timestamp\":\"2026-"
		    "04-02T13:30:00.000Z\",\"open\":\"1\",\"currency\":\"USD\"}],"
		    "\"data_status\":\"delayed\"}",
		    DELAYED, 0 },
		{ "bars",
		    "{\"barLength\":300,\"data\":[{\"o\":1,\"t\":1775136600000}]}",
		    "!INPUT_INVALID", 0, 0 },
		{ "bars", "{\"barLength\":60,\"data\":[]}",
		    "!HISTORICAL_BARS_UNAVAILABLE", MAP_RETRY, 0 },
		{ "bars", "{\"barLength\":60}", "!BROKER_RESPONSE_INVALID", 0,
		    0 },
		{ "bars", "{\"barLength\":60,\"data\":[{\"o\":1}]}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "bars", "{\"error\":\"Chart data unavailable\"}",
		    "!HISTORICAL_BARS_UNAVAILABLE", MAP_RETRY, 500 },
		{ "bars", "", "!BROKER_BACKEND_UNAVAILABLE",
		    MAP_RETRY | MAP_ABSENT, 404 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_a_chain_comes_in_three_steps(void **state)
{
	static const struct map_row rows[] = {
		{ "option-root",
		    "[{\"conid\":\"38708077\",\"symbol\":\"AAPL\",\"sections\":[{"
		    "\"secType\":\"STK\"}]},{\"conid\":\"265598\",\"symbol\":\"AA"
		    "PL\",\"sections\":[{\"secType\":\"STK\"},{\"secType\":\"OPT\""
		    ",\"months\":\"JAN26;FEB26\",\"exchange\":\"SMART;CBOE;\"}]}]",
		    "", 0, 0 },
		{ "option-root",
		    "[{\"conid\":\"265598\",\"symbol\":\"AAPL\",\"sections\":[{\""
		    "secType\":\"STK\"}]}]",
		    "!default", 0, 0 },
		{ "strikes", "{\"call\":[185.0,\"190\"],\"put\":[185.0]}", "",
		    0, 0 },
		{ "strikes", "{\"call\":[],\"put\":[]}",
		    "!BROKER_BACKEND_UNAVAILABLE", MAP_RETRY, 0 },
		{ "strikes", "{\"call\":[]}", "!BROKER_RESPONSE_INVALID", 0,
		    0 },
		{ "option-rows",
		    "[{\"conid\":700001,\"symbol\":\"AAPL\",\"secType\":\"OPT\",\""
		    "exchange\":\"SMART\",\"listingExchange\":null,\"right\":\"C\""
		    ",\"strike\":200.0,\"currency\":\"USD\",\"cusip\":null,\"coup"
		    "on\":\"No Coupon\",\"maturityDate\":\"20260619\",\"multiplie"
		    "r\":\"100\",\"tradingClass\":\"AAPL\"},{\"conid\":700002,\"r"
		    "ight\":\"?\",\"strike\":200.0,\"maturityDate\":\"20260619\"}"
		    "]",
		    "{\"underlying_symbol\":\"AAPL\",\"entries\":[{\"underlying_s"
		    "ymbol\":\"AAPL\",\"contract_id\":\"700001\",\"expiration\":\""
		    "2026-06-19\",\"strike\":\"200.0\",\"right\":\"call\",\"excha"
		    "nge\":\"SMART\",\"multiplier\":\"100\"}],\"data_status\":\"l"
		    "ive\",\"complete\":true}",
		    0, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_a_scan_ranks(void **state)
{
	static const struct map_row rows[] = {
		{ "scan",
		    "{\"contracts\":[{\"server_id\":\"0\",\"column_name\":\"Chg%\""
		    ",\"symbol\":\"ABC\",\"conidex\":\"1234\",\"con_id\":1234,\"a"
		    "vailable_chart_periods\":\"#R|1\",\"company_name\":\"ABC INC"
		    "\",\"scan_data\":\"+12.5%\",\"sec_type\":\"STK\"},{\"symbol\""
		    ":\"DEF\",\"con_id\":\"5678\"}],\"scan_data_column_name\":\"C"
		    "hg%\"}",
		    "{\"scanner_code\":\"TOP_PERC_GAIN\",\"filters\":{\"instrumen"
		    "t\":\"STK\",\"location\":\"STK.US.MAJOR\"},\"results\":[{\"r"
		    "ank\":1,\"contract_id\":\"1234\",\"symbol\":\"ABC\",\"descri"
		    "ption\":\"ABC INC\",\"scan_data\":\"+12.5%\",\"change_percen"
		    "t\":\"12.5\"},{\"rank\":2,\"contract_id\":\"5678\",\"symbol\""
		    ":\"DEF\"}],\"snapshot_timestamp\":\"2026-04-02T14:00:00.000Z"
		    "\",\"data_status\":\"live\"}",
		    DONE, 0 },
		{ "scan", "{\"contracts\":[]}",
		    "{\"scanner_code\":\"TOP_PERC_GAIN\",\"filters\":{\"instrumen"
		    "t\":\"STK\",\"location\":\"STK.US.MAJOR\"},\"results\":[],\""
		    "snapshot_timestamp\":\"2026-04-02T14:00:00.000Z\",\"data_sta"
		    "tus\":\"live\"}",
		    DONE, 0 },
		{ "scan", "{}",
		    "{\"scanner_code\":\"TOP_PERC_GAIN\",\"filters\":{\"instrumen"
		    "t\":\"STK\",\"location\":\"STK.US.MAJOR\"},\"results\":[],\""
		    "snapshot_timestamp\":\"2026-04-02T14:00:00.000Z\",\"data_sta"
		    "tus\":\"live\"}",
		    0, 0 },
		{ "scan", "{\"contracts\":\"none\"}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_calendars(void **state)
{
	static const struct map_row rows[] = {
		{ "hours",
		    "{\"exchange_time_zone\":\"US/Eastern\",\"schedules\":{\"2026"
		    "0402\":{\"liquid_hours\":[{\"opening\":1775136600,\"closing\""
		    ":1775160000}],\"extended_hours\":[{\"opening\":1775116800,\""
		    "closing\":1775174400,\"cancel_daily_orders\":true}]},\"20260"
		    "406\":{\"liquid_hours\":[{\"opening\":\"1775482200\",\"closi"
		    "ng\":1775505600}]},\"20260403\":{\"liquid_hours\":[]}}}",
		    "{\"exchange\":\"NASDAQ\",\"is_open\":true,\"next_open\":\"20"
		    "26-04-06T13:30:00.000Z\",\"next_close\":\"2026-04-02T20:00:0"
		    "0.000Z\",\"timezone\":\"US/Eastern\"}",
		    DONE, 0 },
		{ "hours", "{\"schedules\":{}}", "!BROKER_RESPONSE_INVALID", 0,
		    0 },
		{ "hours",
		    "{\"schedules\":{\"20260403\":{\"liquid_hours\":[]}}}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "holidays",
		    "[{\"id\":\"p1\",\"exchange\":\"NASDAQ\",\"timezone\":\"Ameri"
		    "ca/New_York\",\"schedules\":[{\"tradingScheduleDate\":\"2000"
		    "0101\",\"sessions\":[],\"tradingtimes\":[]},{\"tradingSchedu"
		    "leDate\":\"20000103\",\"sessions\":[{\"openingTime\":\"0930\""
		    ",\"closingTime\":\"1600\",\"prop\":\"LIQUID\"}]},{\"tradingS"
		    "cheduleDate\":\"20000107\",\"sessions\":[{\"openingTime\":\""
		    "0930\",\"closingTime\":\"1600\"}]},{\"tradingScheduleDate\":"
		    "\"20261225\",\"sessions\":[],\"tradingtimes\":[{\"openingTim"
		    "e\":\"0000\",\"closingTime\":\"0000\"}]},{\"tradingScheduleD"
		    "ate\":\"20260403\",\"sessions\":[]},{\"tradingScheduleDate\""
		    ":\"20260404\",\"sessions\":[]},{\"tradingScheduleDate\":\"20"
		    "261127\",\"sessions\":[{\"openingTime\":\"0930\",\"closingTi"
		    "me\":\"1300\"}]}]}]",
		    "{\"exchange\":\"NASDAQ\",\"holidays\":[{\"exchange\":\"NASDA"
		    "Q\",\"date\":\"2026-04-03\"},{\"exchange\":\"NASDAQ\",\"date"
		    "\":\"2026-12-25\"}]}",
		    0, 0 },
		{ "holidays", "[{\"exchange\":\"NASDAQ\",\"schedules\":[]}]",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "holidays",
		    "[{\"exchange\":\"NYSE\",\"schedules\":[1]},{\"exchange\":\"A"
		    "RCA\",\"schedules\":[1]}]",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "any-contract",
		    "[{\"ticker\":\"A\",\"conid\":1715006,\"exchange\":\"NYSE\"}]",
		    "", 0, 0 },
		{ "any-contract", "[]", "!BROKER_CAPABILITY_UNAVAILABLE", 0,
		    0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_inv11_news_and_figures_are_those_that_came(void **state)
{
	static const struct map_row rows[] = {
		{ "fundamentals",
		    "[{\"conid\":265598,\"_updated\":1770000000000,\"6509\":\"RpB\",\"7051\":\"APPLE INC\",\"7280\":\"Computers\",\"7289\":\"3.05T\",\"7290\":\"28.4\",\"7287\":\"0.52%\",\"7288\":\"20260810\",\"7293\":\"288.62\",\"7294\":-1}]",
		    "{\"symbol\":\"AAPL\",\"as_of\":\"2026-02-02T02:40:00.000Z\",\"fields\":{\"contract_id\":\"265598\",\"company\":\"APPLE INC\",\"industry\":\"Computers\",\"market_cap\":\"3050000000000\",\"pe_ratio\":\"28.4\",\"dividend_yield\":\"0.52\",\"ex_dividend_date\":\"2026-08-10\",\"high_52w\":\"288.62\"}}",
		    DONE, 0 },
		{ "fundamentals",
		    "[{\"conid\":\"265598\",\"7289\":\"3,050B\",\"7290\":null,\"7291\":\"\",\"7288\":\"Aug 10, 2026\"}]",
		    "{\"symbol\":\"AAPL\",\"fields\":{\"contract_id\":\"265598\",\"market_cap\":\"3050000000000\",\"ex_dividend_date\":\"Aug 10, 2026\"}}",
		    DONE, 0 },
		{ "fundamentals", "[{\"conid\":265598,\"6509\":\"RpB\"}]",
		    "!MARKET_DATA_INCOMPLETE", MAP_RETRY, 0 },
		{ "stock",
		    "[{\"conid\":\"1\",\"symbol\":\"AAPLX\"},{\"conid\":-1,\"symbol\":\"AAPL\"},{\"conid\":\"265598\",\"symbol\":\"AAPL\"}]",
		    "", 0, 0 },
		{ "stock", "[]", "!INPUT_AMBIGUOUS_CONTRACT", 0, 0 },
		{ "stock", "{\"error\":\"No symbol found\"}",
		    "!INPUT_AMBIGUOUS_CONTRACT", 0, 0 },
		{ "news",
		    "{\"news\":[{\"id\":\"DJ-N$1a2b\",\"headline\":\"AAPL - old\",\"source\":\"Dow Jones\",\"provider\":\"DJ-N\",\"sentiment\":0.1,\"receiptTime\":\"1770000000000\",\"tickers\":[\"AAPL\",\"MSFT\"]},{\"id\":\"RCG$9\",\"headline\":\"MSFT\",\"provider\":\"RCG\",\"receiptTime_r\":1770000600000,\"tickers\":[\"MSFT\"]},{\"id\":77,\"headline\":\"AAPL \\\"new\\\"\",\"source\":\"RCG\",\"provider\":\"\",\"receiptTime_r\":1770000300000,\"tickers\":\"MSFT, aapl\"},{\"id\":\"x y\",\"headline\":\"AAPL third\",\"tickers\":[{\"symbol\":\"AAPL\"}]}]}",
		    "{\"symbol\":\"AAPL\",\"articles\":[{\"article_id\":\"77\",\"headline\":\"AAPL \\\"new\\\"\",\"provider\":\"RCG\",\"published_at\":\"2026-02-02T02:45:00.000Z\"},{\"article_id\":\"DJ-N$1a2b\",\"headline\":\"AAPL - old\",\"provider\":\"DJ-N\",\"published_at\":\"2026-02-02T02:40:00.000Z\"}]}",
		    0, 0 },
		{ "news",
		    "{\"news\":[{\"id\":\"1\",\"headline\":\"MSFT\",\"tickers\":[\"MSFT\"]}]}",
		    "!BROKER_CAPABILITY_UNAVAILABLE", 0, 0 },
		{ "news", "{\"news\":[]}", "!BROKER_CAPABILITY_UNAVAILABLE", 0,
		    0 },
		{ "news", "{\"news\":[{\"id\":\"1\",\"headline\":\"AAPL\"}]}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "news",
		    "{\"news\":[{\"id\":\"1\",\"headline\":null,\"tickers\":[\"AAPL\"]}]}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "article",
		    "{\"news\":[{\"id\":\"DJ-N$1a2b\",\"headline\":\"AAPL - old\",\"source\":\"Dow Jones\",\"provider\":\"DJ-N\",\"sentiment\":0.1,\"receiptTime\":\"1770000000000\",\"tickers\":[\"AAPL\",\"MSFT\"]},{\"id\":\"RCG$9\",\"headline\":\"MSFT\",\"provider\":\"RCG\",\"receiptTime_r\":1770000600000,\"tickers\":[\"MSFT\"]},{\"id\":77,\"headline\":\"AAPL \\\"new\\\"\",\"source\":\"RCG\",\"provider\":\"\",\"receiptTime_r\":1770000300000,\"tickers\":\"MSFT, aapl\"},{\"id\":\"x y\",\"headline\":\"AAPL third\",\"tickers\":[{\"symbol\":\"AAPL\"}]}]}",
		    "{\"article_id\":\"DJ-N$1a2b\",\"headline\":\"AAPL - old\",\"provider\":\"DJ-N\",\"published_at\":\"2026-02-02T02:40:00.000Z\"}",
		    0, 0 },
		{ "article", "{\"news\":[]}", "!BROKER_CAPABILITY_UNAVAILABLE",
		    0, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_search_finds_ids),
		cmocka_unit_test(test_definitions_tell_what_a_contract_is),
		cmocka_unit_test(test_inv11_a_quote_is_what_was_told),
		cmocka_unit_test(test_bars_are_those_asked_for),
		cmocka_unit_test(test_a_chain_comes_in_three_steps),
		cmocka_unit_test(test_a_scan_ranks),
		cmocka_unit_test(test_calendars),
		cmocka_unit_test(
		    test_inv11_news_and_figures_are_those_that_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

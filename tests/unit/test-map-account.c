/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The session, accounts, what is in them: cold and warm, numbers and strings
 * for the same, members that are missing.
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
test_a_session_names_its_repair(void **state)
{
	static const struct map_row rows[] = {
		{ "session",
		    "{\"authenticated\":true,\"established\":true,\"competing\":f"
		    "alse,\"connected\":true,\"message\":\"\",\"MAC\":\"00:00:5E:"
		    "00:53:01\",\"serverInfo\":{\"serverName\":null},\"fail\":\"\""
		    "}",
		    "{\"status\":\"usable\",\"competing\":false}", DONE, 0 },
		{ "session",
		    "{\"authenticated\":true,\"competing\":false,\"connected\":tr"
		    "ue}",
		    "{\"status\":\"usable\",\"competing\":false}", DONE, 0 },
		{ "session",
		    "{\"authenticated\":\"true\",\"competing\":\"false\",\"connec"
		    "ted\":1,\"tickle\":true}",
		    "{\"status\":\"usable\",\"competing\":false}", DONE, 0 },
		{ "session",
		    "{\"authenticated\":false,\"competing\":false,\"connected\":f"
		    "alse,\"MAC\":\"00:00:5E:00:53:01\"}",
		    "{\"status\":\"manual_action_required\",\"competing\":false,\""
		    "error_code\":\"BROKER_SESSION_REQUIRED\",\"user_action\":\"l"
		    "og in to the broker's gateway in a browser, then repeat the "
		    "call\"}",
		    DONE, 0 },
		{ "session",
		    "{\"authenticated\":false,\"competing\":true,\"connected\":fa"
		    "lse,\"message\":\"\",\"fail\":\"Force compete capability mus"
		    "t be used together with compete flag\"}",
		    "{\"status\":\"manual_action_required\",\"competing\":true,\""
		    "message\":\"Force compete capability must be used together w"
		    "ith compete flag\",\"error_code\":\"BROKER_SESSION_REQUIRED\""
		    ",\"user_action\":\"end the other login of this user (desktop"
		    ", mobile or web), then repeat the call\"}",
		    DONE, 0 },
		{ "session",
		    "{\"authenticated\":true,\"established\":false,\"competing\":"
		    "false,\"connected\":true}",
		    "{\"status\":\"unavailable\",\"competing\":false,\"error_code"
		    "\":\"BROKER_BACKEND_UNAVAILABLE\",\"user_action\":\"the brok"
		    "erage session is starting: repeat the call in a few seconds\""
		    "}",
		    DONE, 0 },
		{ "session",
		    "{\"authenticated\":false,\"competing\":false,\"connected\":t"
		    "rue,\"message\":\"timed \\\"out\\\"\\n\"}",
		    "{\"status\":\"manual_action_required\",\"competing\":false,\""
		    "message\":\"timed 'out' \",\"error_code\":\"BROKER_SESSION_E"
		    "XPIRED\",\"user_action\":\"the brokerage session has ended w"
		    "hile the login still holds: repeat the call in a minute, or "
		    "log in again in a browser\"}",
		    DONE, 0 },
		{ "session",
		    "{\"session\":\"00\",\"ssoExpires\":581000,\"collission\":fal"
		    "se,\"userId\":1,\"hmds\":{\"error\":\"no bridge\"},\"iserver"
		    "\":{\"authStatus\":{\"authenticated\":true,\"competing\":fal"
		    "se,\"connected\":true,\"established\":true}}}",
		    "{\"status\":\"usable\",\"competing\":false}", DONE, 0 },
		{ "session", "{\"error\":\"failed to process request\"}",
		    "!BROKER_SESSION_REQUIRED", 0, 0 },
		{ "session", "{\"error\":\"no session\"}",
		    "!BROKER_SESSION_EXPIRED", 0, 0 },
		{ "session", "{\"error\":\"not logged in\"}",
		    "!BROKER_SESSION_REQUIRED", 0, 0 },
		{ "session", "{\"wait\":true}", "!BROKER_RESPONSE_INVALID", 0,
		    0 },
		{ "session",
		    "{\"passed\":true,\"authenticated\":true,\"established\":fals"
		    "e,\"connected\":true,\"competing\":false,\"hardware_info\":\""
		    "x\"}",
		    "{\"status\":\"unavailable\",\"competing\":false,\"error_code"
		    "\":\"BROKER_BACKEND_UNAVAILABLE\",\"user_action\":\"the brok"
		    "erage session is starting: repeat the call in a few seconds\""
		    "}",
		    DONE, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_accounts_are_told_without_their_owners(void **state)
{
	static const struct map_row rows[] = {
		{ "accounts",
		    "[{\"id\":\"DU1\",\"accountId\":\"DU1\",\"accountVan\":\"DU1\""
		    ",\"accountTitle\":\"Jane Doe\",\"displayName\":\"Jane Doe\","
		    "\"accountAlias\":null,\"accountStatus\":1,\"currency\":\"USD"
		    "\",\"type\":\"INDIVIDUAL\",\"faclient\":false,\"parent\":{\""
		    "mmc\":[]}}]",
		    "{\"accounts\":[{\"account_id\":\"DU1\",\"account_mode\":\"pa"
		    "per\",\"base_currency\":\"USD\",\"metadata_redacted\":true,\""
		    "account_type\":\"INDIVIDUAL\"}]}",
		    DONE, 0 },
		{ "accounts",
		    "[{\"id\":\"DU1\",\"accountAlias\":\"Main \\u00e9\",\"currenc"
		    "y\":null}]",
		    "{\"accounts\":[{\"account_id\":\"DU1\",\"account_mode\":\"pa"
		    "per\",\"metadata_redacted\":true,\"account_label\":\"Main \\"
		    "u00e9\"}]}",
		    DONE, 0 },
		{ "accounts",
		    "[{\"currency\":\"USD\"},{\"accountId\":\"DU2\"}]",
		    "{\"accounts\":[{\"account_id\":\"DU2\",\"account_mode\":\"pa"
		    "per\",\"metadata_redacted\":true}]}",
		    0, 0 },
		{ "accounts", "[{\"currency\":\"USD\"}]",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "accounts", "[]", "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "login",
		    "{\"accounts\":[\"All\",\"DU1\"],\"acctProps\":{},\"selectedA"
		    "ccount\":\"DU1\",\"isFT\":false,\"isPaper\":true}",
		    "{\"account_id\":\"DU1\",\"account_mode\":\"paper\"}", DONE,
		    0 },
		{ "login", "{\"accounts\":[\"DU1\"],\"isPaper\":\"false\"}",
		    "{\"account_id\":\"DU1\",\"account_mode\":\"live\"}", DONE,
		    0 },
		{ "login", "{\"accounts\":[\"DU1\"]}", "", 0, 0 },
		{ "login",
		    "{\"accounts\":[\"All\",\"DU11\",null],\"isPaper\":true}",
		    "", 0, 0 },
		{ "login", "{\"accounts\":[],\"isPaper\":true}", "", 0, 0 },
		{ "login", "{\"selectedAccount\":\"DU1\"}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "metadata",
		    "{\"id\":\"DU1\",\"accountId\":\"DU1\",\"currency\":\"USD\",\""
		    "tradingType\":\"STKMRGN\",\"clearingStatus\":\"O\",\"noClien"
		    "tTrading\":false}",
		    "{\"account_id\":\"DU1\",\"account_mode\":\"paper\",\"base_cu"
		    "rrency\":\"USD\",\"metadata_redacted\":true,\"margin_profile"
		    "\":\"margin\",\"product_permissions\":[\"STK\",\"OPT\"],\"re"
		    "strictions\":[]}",
		    DONE, 0 },
		{ "metadata",
		    "{\"accountId\":\"DU1\",\"tradingType\":null,\"clearingStatus"
		    "\":\"R\",\"noClientTrading\":true}",
		    "{\"account_id\":\"DU1\",\"account_mode\":\"paper\",\"metadat"
		    "a_redacted\":true,\"margin_profile\":\"unknown\",\"product_p"
		    "ermissions\":[\"STK\",\"OPT\"],\"restrictions\":[\"no_client"
		    "_trading\",\"account_not_open\"]}",
		    DONE, 0 },
		{ "metadata", "{\"accountId\":\"DU2\"}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_inv11_inv12_a_summary_has_what_was_given_exactly(void **state)
{
	static const struct map_row rows[] = {
		{ "summary",
		    "{\"accountType\":\"\",\"status\":\"\",\"balance\":1005254.10"
		    ",\"SMA\":5.0,\"buyingPower\":\"4,021,016.4\",\"availableFund"
		    "s\":null,\"netLiquidationValue\":1005254.1000000001,\"cashBa"
		    "lances\":[{\"currency\":\"EUR\",\"balance\":10,\"settledCash"
		    "\":10.0},{\"currency\":\"USD\",\"balance\":-3.5},{\"currency"
		    "\":\"Total (in USD)\",\"balance\":7.4,\"settledCash\":\"7.4\""
		    "}]}",
		    "{\"account_id\":\"DU1\",\"net_liquidation_value\":\"1005254."
		    "1000000001\",\"balance\":\"1005254.10\",\"buying_power\":\"4"
		    "021016.4\",\"sma\":\"5.0\",\"cash_balances\":[{\"currency\":"
		    "\"EUR\",\"balance\":\"10\",\"settled_cash\":\"10.0\"},{\"cur"
		    "rency\":\"USD\",\"balance\":\"-3.5\"},{\"currency\":\"Total "
		    "(in USD)\",\"balance\":\"7.4\",\"settled_cash\":\"7.4\"}],\""
		    "currency\":\"USD\"}",
		    DONE, 0 },
		{ "summary",
		    "{\"accountType\":\"INDIVIDUAL\",\"netLiquidationValue\":0,\""
		    "extra\":{\"x\":[1,2]}}",
		    "{\"account_id\":\"DU1\",\"account_type\":\"INDIVIDUAL\",\"ne"
		    "t_liquidation_value\":\"0\"}",
		    DONE, 0 },
		{ "summary",
		    "{\"accountType\":\"\",\"netLiquidationValue\":null}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_inv11_gains_are_cold_at_first(void **state)
{
	static const struct map_row rows[] = {
		{ "pnl-daily", "{\"upnl\":{}}", "!BROKER_BACKEND_UNAVAILABLE",
		    MAP_RETRY, 0 },
		{ "pnl-realtime", "{\"upnl\":{}}",
		    "!BROKER_BACKEND_UNAVAILABLE", MAP_RETRY, 0 },
		{ "pnl-daily",
		    "{\"upnl\":{\"DU1.Core\":{\"rowType\":1,\"dpl\":-12.5,\"nl\":"
		    "100200.25,\"upl\":31,\"el\":99000.0,\"mv\":5000.0}}}",
		    "{\"account_id\":\"DU1\",\"unrealized_pnl\":\"31\",\"total_pn"
		    "l\":\"-12.5\",\"timestamp\":\"2026-04-02T14:00:00.000Z\",\"d"
		    "ata_status\":\"live\",\"warnings\":[\"total_pnl is today's; "
		    "unrealized_pnl is since the positions were opened\"]}",
		    DONE, 0 },
		{ "pnl-realtime",
		    "{\"upnl\":{\"DU12.Core\":{\"dpl\":1},\"DU1.Core\":{\"rowType"
		    "\":1,\"dpl\":\"-12.5\",\"upl\":31.0,\"mv\":null}}}",
		    "{\"account_id\":\"DU1\",\"rows\":[{\"key\":\"DU1.Core\",\"pn"
		    "l\":\"-12.5\",\"unrealized_pnl\":\"31.0\"}],\"total_pnl\":\""
		    "-12.5\",\"timestamp\":\"2026-04-02T14:00:00.000Z\",\"data_st"
		    "atus\":\"live\"}",
		    DONE, 0 },
		{ "pnl-daily", "{\"upnl\":{\"DU12.Core\":{\"dpl\":1.0}}}",
		    "!BROKER_CAPABILITY_UNAVAILABLE", 0, 0 },
		{ "pnl-realtime", "{\"upnl\":{\"DU12.Core\":{\"dpl\":1.0}}}",
		    "!BROKER_CAPABILITY_UNAVAILABLE", 0, 0 },
		{ "pnl-daily", "{\"upnl\":null}", "!BROKER_RESPONSE_INVALID", 0,
		    0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_a_portfolio_comes_from_three_answers(void **state)
{
	static const struct map_row rows[] = {
		{ "totals",
		    "{\"accountcode\":{\"amount\":0.0,\"currency\":null,\"isNull\""
		    ":false,\"timestamp\":1770000000000,\"value\":\"DU1\",\"sever"
		    "ity\":0},\"netliquidation\":{\"amount\":100200.25,\"currency"
		    "\":\"USD\",\"isNull\":false,\"timestamp\":1770000000000,\"va"
		    "lue\":null},\"availablefunds\":{\"amount\":0.0,\"currency\":"
		    "\"USD\",\"isNull\":true,\"timestamp\":1770000000000}}",
		    "{\"account_id\":\"DU1\",\"base_currency\":\"USD\",\"net_liqu"
		    "idation\":\"100200.25\",\"as_of\":\"2026-02-02T02:40:00.000Z"
		    "\",\"data_status\":\"live\",\"complete\":true}",
		    0, 0 },
		{ "totals",
		    "{\"netliquidation\":{\"amount\":1,\"currency\":\"USD\",\"isN"
		    "ull\":false,\"timestamp\":1770000000}}",
		    "{\"account_id\":\"DU1\",\"base_currency\":\"USD\",\"net_liqu"
		    "idation\":\"1\",\"as_of\":\"2026-02-02T02:40:00.000Z\",\"dat"
		    "a_status\":\"live\",\"complete\":true}",
		    0, 0 },
		{ "totals", "{\"accountcode\":{\"value\":\"DU1\"}}",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "ledger",
		    "{\"USD\":{\"cashbalance\":2.02E8,\"settledcash\":\"1,000\",\""
		    "exchangerate\":1,\"timestamp\":1770000000,\"key\":\"LedgerLi"
		    "st\",\"secondkey\":\"USD\",\"endofbundle\":1},\"EUR\":{\"cas"
		    "hbalance\":0.0,\"exchangerate\":1.0873},\"BASE\":{\"netliqui"
		    "dationvalue\":5}}",
		    "{\"account_id\":\"DU1\",\"ledger\":[{\"currency\":\"USD\",\""
		    "cash_balance\":\"202000000\",\"settled_cash\":\"1000\",\"exc"
		    "hange_rate\":\"1\"},{\"currency\":\"EUR\",\"cash_balance\":\""
		    "0.0\",\"exchange_rate\":\"1.0873\"},{\"currency\":\"BASE\",\""
		    "net_liquidation_value\":\"5\"}],\"data_status\":\"live\",\"c"
		    "omplete\":true}",
		    0, 0 },
		{ "ledger", "{\"USD\":null}", "!BROKER_RESPONSE_INVALID", 0,
		    0 },
		{ "allocation",
		    "{\"assetClass\":{\"long\":{\"STK\":7500.5},\"short\":{\"OPT\""
		    ":-10}},\"sector\":{\"long\":{\"Technology, \\\"new\\\"\":1}}"
		    ",\"group\":{}}",
		    "{\"account_id\":\"DU1\",\"allocation\":[{\"kind\":\"asset_cl"
		    "ass\",\"name\":\"STK\",\"side\":\"long\",\"value\":\"7500.5\""
		    "},{\"kind\":\"asset_class\",\"name\":\"OPT\",\"side\":\"shor"
		    "t\",\"value\":\"-10\"},{\"kind\":\"sector\",\"name\":\"Techn"
		    "ology, \\\"new\\\"\",\"side\":\"long\",\"value\":\"1\"}],\"d"
		    "ata_status\":\"live\",\"complete\":true}",
		    0, 0 },
		{ "allocation", "{}",
		    "{\"account_id\":\"DU1\",\"allocation\":[],\"data_status\":\""
		    "live\",\"complete\":true}",
		    0, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

static void
test_inv11_positions_cold_and_warm(void **state)
{
	static const struct map_row rows[] = {
		{ "positions",
		    "[{\"acctId\":\"DU1\",\"conid\":756733,\"contractDesc\":\"SPY"
		    "\",\"position\":48.0,\"mktPrice\":748.2199707,\"mktValue\":3"
		    "5914.56,\"currency\":\"USD\",\"avgCost\":659.81625,\"avgPric"
		    "e\":659.81625,\"realizedPnl\":0.0,\"unrealizedPnl\":4243.38,"
		    "\"exchs\":null,\"expiry\":null,\"putOrCall\":null,\"multipli"
		    "er\":null,\"strike\":0.0,\"exerciseStyle\":null,\"conExchMap"
		    "\":[],\"assetClass\":\"STK\",\"undConid\":0,\"model\":\"\"}]",
		    "{\"account_id\":\"DU1\",\"positions\":[{\"contract_id\":\"75"
		    "6733\",\"currency\":\"USD\",\"quantity\":\"48.0\",\"market_p"
		    "rice\":\"748.2199707\",\"market_value\":\"35914.56\",\"avera"
		    "ge_cost\":\"659.81625\",\"average_price\":\"659.81625\",\"re"
		    "alized_pnl\":\"0.0\",\"unrealized_pnl\":\"4243.38\",\"asset_"
		    "class\":\"stock\",\"symbol\":\"SPY\"}],\"complete\":false}",
		    0, 0 },
		{ "positions",
		    "[{\"acctId\":\"DU1\",\"conid\":\"756733\",\"contractDesc\":\""
		    "SPY\",\"position\":\"48\",\"mktPrice\":\"\",\"multiplier\":0"
		    ".0,\"strike\":\"0\",\"lastTradingDay\":null,\"chineseName\":"
		    "\"&#x5E73;\",\"listingExchange\":\"ARCA\",\"name\":\"SPDR S&"
		    "P 500\",\"ticker\":\"SPY\",\"type\":\"ETF\",\"assetClass\":\""
		    "STK\",\"sector\":null,\"currency\":\"USD\",\"incrementRules\""
		    ":[{\"lowerEdge\":0.0,\"increment\":0.01}],\"displayRule\":{\""
		    "magnification\":0}}]",
		    "{\"account_id\":\"DU1\",\"positions\":[{\"contract_id\":\"75"
		    "6733\",\"currency\":\"USD\",\"quantity\":\"48\",\"listing_ex"
		    "change\":\"ARCA\",\"asset_class\":\"etf\",\"symbol\":\"SPY\""
		    ",\"description\":\"SPDR S&P 500\"}],\"complete\":true}",
		    0, 0 },
		{ "positions",
		    "[{\"acctId\":\"DU1\",\"conid\":700001,\"position\":-2,\"expi"
		    "ry\":\"20260619\",\"putOrCall\":\"P\",\"strike\":\"202.5\",\""
		    "multiplier\":100.0,\"undConid\":265598,\"assetClass\":\"OPT\""
		    ",\"ticker\":\"AAPL\"}]",
		    "{\"account_id\":\"DU1\",\"positions\":[{\"contract_id\":\"70"
		    "0001\",\"quantity\":\"-2\",\"multiplier\":\"100.0\",\"expiry"
		    "\":\"2026-06-19\",\"strike\":\"202.5\",\"right\":\"put\",\"u"
		    "nderlying_contract_id\":\"265598\",\"asset_class\":\"option\""
		    ",\"symbol\":\"AAPL\"}],\"complete\":true}",
		    0, 0 },
		{ "positions",
		    "[{\"position\":12.0,\"conid\":\"9408\",\"description\":\"MCD"
		    "\",\"marketPrice\":258.83,\"marketValue\":3105.98,\"secType\""
		    ":\"STK\",\"assetClass\":\"STK\"}]",
		    "{\"account_id\":\"DU1\",\"positions\":[{\"contract_id\":\"94"
		    "08\",\"quantity\":\"12.0\",\"market_price\":\"258.83\",\"mar"
		    "ket_value\":\"3105.98\",\"asset_class\":\"stock\",\"descript"
		    "ion\":\"MCD\"}],\"complete\":false}",
		    0, 0 },
		{ "positions", "[]",
		    "{\"account_id\":\"DU1\",\"positions\":[],\"complete\":true}",
		    0, 0 },
		{ "positions",
		    "[{\"acctId\":\"DU2\",\"conid\":1,\"position\":1}]",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
		{ "positions", "[{\"acctId\":\"DU1\",\"conid\":1}]",
		    "!BROKER_RESPONSE_INVALID", 0, 0 },
	};

	(void)state;
	map_rows_check(rows, COUNT(rows));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_session_names_its_repair),
		cmocka_unit_test(test_accounts_are_told_without_their_owners),
		cmocka_unit_test(
		    test_inv11_inv12_a_summary_has_what_was_given_exactly),
		cmocka_unit_test(test_inv11_gains_are_cold_at_first),
		cmocka_unit_test(test_a_portfolio_comes_from_three_answers),
		cmocka_unit_test(test_inv11_positions_cold_and_warm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

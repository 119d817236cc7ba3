/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Calls through the one dispatch, over the fake backend as it is built and a
 * journal that can be told to fail.
 */

#include <unistd.h>

#include "journal/activity.h"
#include "journal/switches.h"
#include "tools/advice.h"
#include "world.h"

static void
test_every_read_answers(void **state)
{
	static const struct {
		const char *tool, *arguments;
	} calls[] = {
		{ "ibkr_health", NULL },
		{ "ibkr_backend_status", "{}" },
		{ "ibkr_session_requirements", NULL },
		{ "ibkr_session_renew", NULL },
		{ "ibkr_kill_switch_status", NULL },
		{ "ibkr_accounts_list", NULL },
		{ "ibkr_account_metadata", "{\"account_id\":\"" P1 "\"}" },
		{ "ibkr_account_summary", "{\"account_id\":\"" P1 "\"}" },
		{ "ibkr_pnl_daily", "{\"account_id\":\"" P1 "\"}" },
		{ "ibkr_pnl_realtime", "{\"account_id\":\"" P1 "\"}" },
		{ "ibkr_positions_list", "{\"account_id\":\"" P1 "\"}" },
		{ "ibkr_portfolio_snapshot", "{\"account_id\":\"" P1 "\"}" },
		{ "ibkr_contracts_search", "{\"query\":\"AAPL\"}" },
		{ "ibkr_contract_resolve", "{\"symbol\":\"AAPL\"}" },
		{ "ibkr_market_snapshot", "{\"contract_id\":\"265598\"}" },
		{ "ibkr_historical_bars",
		    "{\"contract_id\":\"265598\",\"duration\":\"5d\","
		    "\"bar_size\":\"1d\"}" },
		{ "ibkr_options_chain", "{\"symbol\":\"AAPL\"}" },
		{ "ibkr_option_greeks", "{\"contract_id\":\"700001\"}" },
		{ "ibkr_market_depth", "{\"contract_id\":\"265598\"}" },
		{ "ibkr_scanner_run", "{\"scanner_code\":\"TOP_PERC_GAIN\"}" },
		{ "ibkr_news_list", "{\"symbol\":\"AAPL\"}" },
		{ "ibkr_news_article", "{\"article_id\":\"news-1\"}" },
		{ "ibkr_fundamentals_get", "{\"symbol\":\"AAPL\"}" },
		{ "ibkr_market_session", "{\"exchange\":\"NASDAQ\"}" },
		{ "ibkr_market_holidays", "{\"exchange\":\"NASDAQ\"}" },
		{ "ibkr_currency_rate",
		    "{\"base\":\"USD\",\"quote\":\"EUR\"}" },
		{ "ibkr_transfer_history", "{\"account_id\":\"" P1 "\"}" },
		{ "ibkr_orders_list", "{\"account_id\":\"" P1 "\"}" },
		{ "ibkr_orders_history", "{\"account_id\":\"" P1 "\"}" },
		{ "ibkr_order_status",
		    "{\"account_id\":\"" P1 "\",\"broker_order_id\":\"123\"}" },
		{ "ibkr_executions_list", "{\"account_id\":\"" P1 "\"}" },
		{ "ibkr_limits_status", "{\"account_id\":\"" P1 "\"}" },
		{ "ibkr_audit_tail", NULL },
		{ "ibkr_audit_export", NULL },
	};
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	/* those that write stand behind all that read */
	for (size_t i = 0; i < tool_count; i++)
		assert_int_equal(i < ARRAY_COUNT(calls),
		    !!(tool_table[i].flags & TOOL_READ_ONLY));
	for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
		assert_string_equal(tool_table[i].name, calls[i].tool);
		good(&w, calls[i].tool, calls[i].arguments);
		assert_int_equal(i + 1, fake.records);
		assert_non_null(strstr(fake.last, tool_table[i].event));
		assert_non_null(strstr(fake.last, " allow completed done - "));
		assert_string_equal(fake.output, buf_text(&w.result.json));
		assert_string_equal(fake.event_id, w.result.audit_event_id);
	}
	world_close(&w);
}

static void
test_inv5_without_a_record_there_is_no_answer(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	fake.refuses = true;
	bad(&w, "ibkr_accounts_list", NULL, "JOURNAL_UNAVAILABLE");
	has_not(&w, P1);
	assert_string_equal("", w.result.audit_event_id);
	has(&w, "\"audit_event_id\":null");
	/* nor of what was wrong with the call */
	bad(&w, "ibkr_market_snapshot", "{}", "JOURNAL_UNAVAILABLE");
	w.principal.scopes = 0;
	bad(&w, "ibkr_health", NULL, "JOURNAL_UNAVAILABLE");
	w.house.journal = NULL;
	bad(&w, "ibkr_health", NULL, "JOURNAL_UNAVAILABLE");
	world_close(&w);
}

static void
test_inv5_every_call_is_recorded_allowed_or_not(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	bad(&w, "ibkr_nothing", "{}", "INPUT_INVALID");
	assert_true(w.result.is_unknown_tool);
	bad(&w, "ibkr_accounts_lits", "{}", "INPUT_INVALID");
	has(&w, "there is no tool 'ibkr_accounts_lits' (did you mean "
		"'ibkr_accounts_list'?)");
	bad(&w, "ibkr_nothing", "{}", "INPUT_INVALID");
	assert_string_equal("tool_failed allow failed refused INPUT_INVALID "
			    "ibkr_nothing -",
	    fake.last);
	bad(&w, "ibkr_order_submit", "{}", "READONLY_WRITE_FORBIDDEN");
	assert_false(w.result.is_unknown_tool);
	assert_string_equal("tool_refused refuse refused refused "
			    "READONLY_WRITE_FORBIDDEN ibkr_order_submit -",
	    fake.last);
	bad(&w, "ibkr_account_summary", "{\"account_id\":\"DU9\"}",
	    "INPUT_UNAUTHORIZED_ACCOUNT");
	assert_string_equal("tool_failed allow failed refused "
			    "INPUT_UNAUTHORIZED_ACCOUNT ibkr_account_summary "
			    "DU9",
	    fake.last);
	assert_string_equal("{\"account_id\":\"DU9\"}", fake.input);
	w.principal.scopes = scope_bit("ibkr:health:read");
	bad(&w, "ibkr_account_summary", "{\"account_id\":7}",
	    "AUTH_MISSING_SCOPE");
	assert_true(w.result.is_denied);
	has(&w, "'ibkr_account_summary' needs the scope 'ibkr:portfolio:read'; "
		"granted: ibkr:health:read");
	has(&w, "\"details\":{\"required\":[\"ibkr:portfolio:read\"],"
		"\"granted\":[\"ibkr:health:read\"]}");
	w.principal.scopes = 0;
	bad(&w, "ibkr_health", "{}", "AUTH_MISSING_SCOPE");
	has(&w, "granted: no scope");
	bad(&w, "ibkr_account_summari", "{}", "INPUT_INVALID");
	assert_null(strstr(buf_text(&w.result.json), "did you mean"));
	w.principal.scopes = scope_bit("ibkr:health:read");
	bad(&w, "ibkr_account_summary", "{\"account_id\":7}",
	    "AUTH_MISSING_SCOPE");
	assert_string_equal("tool_denied_scope deny denied_scope refused "
			    "AUTH_MISSING_SCOPE ibkr_account_summary -",
	    fake.last);
	assert_int_equal(9, fake.records);
	world_close(&w);
}

static void
test_call_out_of_time_is_recorded_too(void **state)
{
	const struct instance_option slow = { "delay_ms", "60000" };
	struct tool_request request = { .name = "ibkr_accounts_list" };
	struct world w;

	(void)state;
	world_open(&w, &slow, 1);
	request.principal = &w.principal;
	request.call = call_new(UINT64_MAX);
	call_cancel(request.call);
	w.ret = tool_dispatch(&w.house, &request, &w.result);
	assert_int_equal(ERR_CALL_CANCELLED, w.result.err.code);
	call_unref(request.call);
	assert_int_equal(1, fake.records);
	assert_non_null(strstr(fake.last, "CALL_CANCELLED"));
	world_forget(&w);

	request.call = call_new(clock_boot_ns() + 50 * NS_PER_MS);
	w.ret = tool_dispatch(&w.house, &request, &w.result);
	assert_int_equal(ERR_CALL_TIMED_OUT, w.result.err.code);
	call_unref(request.call);
	assert_int_equal(2, fake.records);
	world_close(&w);
}

static void
test_wrong_arguments_say_all_that_is_wrong(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	bad(&w, "ibkr_historical_bars",
	    "{\"contract_id\":\"x\",\"bar_size\":\"7min\",\"outside_rth\":1,"
	    "\"colour\":\"red\"}",
	    "INPUT_INVALID");
	has(&w, "argument 'colour': there is no such argument");
	has(&w, "argument 'contract_id'");
	has(&w, "argument 'duration': is missing");
	has(&w, "expected one of: 1min 2min");
	has(&w, "argument 'outside_rth': expected true or false, got 1");
	bad(&w, "ibkr_pnl_daily", "{}", "INPUT_MISSING_ACCOUNT");
	bad(&w, "ibkr_pnl_daily", "{\"account_id\":\"  \"}",
	    "INPUT_MISSING_ACCOUNT");
	bad(&w, "ibkr_market_snapshot", "{\"contract_id\":\"\"}",
	    "INPUT_INVALID_CONTRACT");
	bad(&w, "ibkr_orders_history",
	    "{\"account_id\":\"" P1 "\",\"from\":\"2026-02-01T00:00:00Z\","
	    "\"to\":\"2026-01-01T00:00:00Z\"}",
	    "INPUT_INVALID_TIME_RANGE");
	bad(&w, "ibkr_health", "[1]", "INPUT_INVALID");
	world_close(&w);
}

static void
test_secrets_in_arguments_do_not_come_back(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	bad(&w, "ibkr_market_snapshot",
	    "{\"contract_id\":\"Bearer abcdefghijklmnop1234567890\"}",
	    "INPUT_INVALID");
	has_not(&w, "abcdefghijklmnop1234567890");
	world_close(&w);
}

static void
test_unknown_things_have_stable_codes(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	bad(&w, "ibkr_market_snapshot", "{\"contract_id\":\"999\"}",
	    "INPUT_INVALID_CONTRACT");
	bad(&w, "ibkr_market_depth", "{\"contract_id\":\"4391\"}",
	    "MARKET_DATA_UNAVAILABLE");
	bad(&w, "ibkr_contract_resolve", "{\"symbol\":\"ABC\"}",
	    "INPUT_AMBIGUOUS_CONTRACT");
	bad(&w, "ibkr_contract_resolve", "{\"symbol\":\"NONE\"}",
	    "INPUT_AMBIGUOUS_CONTRACT");
	bad(&w, "ibkr_historical_bars",
	    "{\"contract_id\":\"76792991\",\"duration\":\"1d\","
	    "\"bar_size\":\"1h\"}",
	    "HISTORICAL_BARS_UNAVAILABLE");
	bad(&w, "ibkr_order_status",
	    "{\"account_id\":\"" P1 "\",\"broker_order_id\":\"77\"}",
	    "BROKER_CAPABILITY_UNAVAILABLE");
	bad(&w, "ibkr_news_list", "{\"symbol\":\"ZZZZ\"}",
	    "INPUT_INVALID_CONTRACT");
	bad(&w, "ibkr_fundamentals_get", "{\"symbol\":\"SPY\"}",
	    "BROKER_CAPABILITY_UNAVAILABLE");
	world_close(&w);
}

static void
test_reference_values_stay(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	good(&w, "ibkr_market_snapshot", "{\"contract_id\":\"265598\"}");
	assert_string_equal("199.50", at(&w, "bid"));
	assert_string_equal("199.60", at(&w, "ask"));
	assert_string_equal("199.55", at(&w, "last"));
	assert_string_equal("live", at(&w, "data_status"));
	assert_string_equal("1", at(&w, "staleness_seconds"));
	good(&w, "ibkr_positions_list", "{\"account_id\":\"" P1 "\"}");
	assert_string_equal("2000.00", at(&w, "positions.0.market_value"));
	assert_string_equal("150.00", at(&w, "positions.0.unrealized_pnl"));
	good(&w, "ibkr_orders_list", "{\"account_id\":\"" P1 "\"}");
	assert_string_equal("123", at(&w, "orders.0.broker_order_id"));
	assert_string_equal("190.00", at(&w, "orders.0.limit_price"));
	good(&w, "ibkr_contracts_search", "{\"query\":\"AMBIG\"}");
	assert_int_equal(2, count(&w, "contracts"));
	assert_string_equal("111", at(&w, "contracts.0.contract_id"));
	assert_string_equal("false", at(&w, "contracts.0.is_unique_match"));
	world_close(&w);
}

static void
test_filters_narrow(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	good(&w, "ibkr_contract_resolve",
	    "{\"symbol\":\"ABC\",\"currency\":\"EUR\"}");
	assert_string_equal("222", at(&w, "contract_id"));
	good(&w, "ibkr_contracts_search",
	    "{\"query\":\"AAPL\",\"asset_class\":\"option\",\"limit\":2}");
	assert_int_equal(2, count(&w, "contracts"));
	assert_string_equal("false", at(&w, "complete"));
	good(&w, "ibkr_options_chain",
	    "{\"symbol\":\"AAPL\",\"right\":\"put\",\"strike_min\":\"200.5\","
	    "\"strike_max\":\"202.50\"}");
	assert_int_equal(1, count(&w, "entries"));
	assert_string_equal("700006", at(&w, "entries.0.contract_id"));
	good(&w, "ibkr_orders_history",
	    "{\"account_id\":\"" P1 "\",\"status\":\"canceled\"}");
	assert_int_equal(1, count(&w, "orders"));
	assert_string_equal("121", at(&w, "orders.0.broker_order_id"));
	good(&w, "ibkr_orders_history",
	    "{\"account_id\":\"" P1 "\",\"from\":\"2026-05-13T16:00:00+02:00\","
	    "\"limit\":1}");
	assert_string_equal("122", at(&w, "orders.0.broker_order_id"));
	assert_string_equal("false", at(&w, "truncated"));
	good(&w, "ibkr_orders_list",
	    "{\"account_id\":\"" P1 "\",\"status\":\"filled\"}");
	assert_int_equal(1, count(&w, "orders"));
	good(&w, "ibkr_market_holidays",
	    "{\"exchange\":\"NYSE\",\"year\":2027}");
	assert_int_equal(1, count(&w, "holidays"));
	good(&w, "ibkr_scanner_run",
	    "{\"scanner_code\":\"TOP_PERC_GAIN\",\"limit\":1}");
	assert_int_equal(1, count(&w, "results"));
	assert_string_equal("STK", at(&w, "filters.instrument"));
	good(&w, "ibkr_order_status",
	    "{\"account_id\":\"" P1 "\",\"broker_order_id\":\"demo-1\"}");
	assert_string_equal("123", at(&w, "broker_order_id"));
	world_close(&w);
}

static void
test_positions_come_in_pages(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	good(&w, "ibkr_positions_list",
	    "{\"account_id\":\"U7654321\",\"limit\":4}");
	assert_int_equal(4, count(&w, "positions"));
	assert_string_equal("1", at(&w, "next"));
	assert_string_equal("false", at(&w, "complete"));
	good(&w, "ibkr_positions_list",
	    "{\"account_id\":\"U7654321\",\"limit\":4,\"page\":1}");
	assert_int_equal(3, count(&w, "positions"));
	assert_string_equal("", at(&w, "next"));
	assert_string_equal("true", at(&w, "complete"));
	world_close(&w);
}

static void
test_bars_follow_size_and_hours(void **state)
{
	/* a Thursday, 17:00 in New York */
	const struct instance_option clock = { "clock",
		"2026-05-14T21:00:00Z" };
	struct world w;

	(void)state;
	world_open(&w, &clock, 1);
	good(&w, "ibkr_historical_bars",
	    "{\"contract_id\":\"265598\",\"duration\":\"1d\","
	    "\"bar_size\":\"1h\"}");
	assert_int_equal(7, count(&w, "bars"));
	assert_string_equal(
	    "2026-05-14T19:00:00.000Z", at(&w, "bars.6.timestamp"));
	assert_string_equal("199.55", at(&w, "bars.6.close"));
	good(&w, "ibkr_historical_bars",
	    "{\"contract_id\":\"265598\",\"duration\":\"1d\","
	    "\"bar_size\":\"1h\",\"outside_rth\":true}");
	assert_int_equal(24, count(&w, "bars"));
	good(&w, "ibkr_historical_bars",
	    "{\"contract_id\":\"265598\",\"duration\":\"30d\","
	    "\"bar_size\":\"1min\",\"outside_rth\":true}");
	assert_int_equal(1000, count(&w, "bars"));
	assert_string_equal("false", at(&w, "complete"));
	world_close(&w);
}

static void
test_inv11_cold_reads_are_never_complete(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	good(&w, "ibkr_account_summary", "{\"account_id\":\"U7654321\"}");
	assert_string_equal("false", at(&w, "complete"));
	assert_string_equal("", at(&w, "buying_power"));
	good(&w, "ibkr_executions_list", "{\"account_id\":\"U7654321\"}");
	assert_string_equal("false", at(&w, "complete"));
	/* a quote that could not say so is not shown */
	bad(&w, "ibkr_market_snapshot", "{\"contract_id\":\"222\"}",
	    "MARKET_DATA_INCOMPLETE");
	world_close(&w);
}

static void
test_account_hashes_are_the_hosts(void **state)
{
	char hex[HASH_HEX_SIZE];
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	good(&w, "ibkr_accounts_list", NULL);
	journal_account_hash(fake_journal(), P1, hex);
	assert_string_equal(hex, at(&w, "accounts.0.account_id_hash"));
	assert_int_equal(3, count(&w, "accounts"));
	assert_string_equal("live", at(&w, "accounts.2.account_mode"));
	world_close(&w);
}

static void
test_untrusted_text_is_cleaned(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	good(&w, "ibkr_news_list", "{\"symbol\":\"AAPL\"}");
	assert_string_equal("Suppliers of Apple rise after results",
	    at(&w, "articles.1.headline"));
	good(&w, "ibkr_news_article", "{\"article_id\":\"news-2\"}");
	has_not(&w, "\\u001b");
	has_not(&w, "\xe2\x80\xae");
	has_not(&w, "abcdefghijklmnopqrstuvwxyz");
	has(&w, "[REDACTED]");
	good(&w, "ibkr_news_article", "{\"article_id\":\"news-1\"}");
	has(&w, "percent.\\nServices");
	world_close(&w);
}

static void
test_delayed_data_is_shown_only_where_allowed(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	good(&w, "ibkr_market_snapshot", "{\"contract_id\":\"272093\"}");
	assert_string_equal("delayed", at(&w, "data_status"));
	assert_string_equal("the market data is delayed", at(&w, "warnings.0"));
	/* told by the reply alone */
	good(&w, "ibkr_market_snapshot", "{\"contract_id\":\"14094\"}");
	assert_string_equal("delayed", at(&w, "data_status"));
	w.config->market_data.allow_delayed = false;
	bad(&w, "ibkr_market_snapshot", "{\"contract_id\":\"272093\"}",
	    "MARKET_DATA_DELAYED");
	bad(&w, "ibkr_historical_bars",
	    "{\"contract_id\":\"272093\",\"duration\":\"1d\","
	    "\"bar_size\":\"1h\"}",
	    "MARKET_DATA_DELAYED");
	bad(&w, "ibkr_option_greeks", "{\"contract_id\":\"700003\"}",
	    "MARKET_DATA_DELAYED");
	bad(&w, "ibkr_options_chain", "{\"symbol\":\"MSFT\"}",
	    "MARKET_DATA_DELAYED");
	bad(&w, "ibkr_pnl_daily", "{\"account_id\":\"DU2345678\"}",
	    "MARKET_DATA_DELAYED");
	bad(&w, "ibkr_positions_list", "{\"account_id\":\"DU2345678\"}",
	    "MARKET_DATA_DELAYED");
	bad(&w, "ibkr_currency_rate", "{\"base\":\"USD\",\"quote\":\"JPY\"}",
	    "MARKET_DATA_DELAYED");
	bad(&w, "ibkr_scanner_run", "{\"scanner_code\":\"MOST_ACTIVE\"}",
	    "MARKET_DATA_DELAYED");
	world_close(&w);
}

static void
test_stale_data_is_told_or_refused(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	good(&w, "ibkr_market_snapshot", "{\"contract_id\":\"320227571\"}");
	assert_string_equal("stale", at(&w, "data_status"));
	assert_string_equal("the market data is stale", at(&w, "warnings.0"));
	assert_in_range(
	    strtoul(at(&w, "staleness_seconds"), NULL, 10), 86400, 86500);
	/* called live by the backend, but two hours old */
	good(&w, "ibkr_pnl_daily", "{\"account_id\":\"U7654321\"}");
	assert_string_equal("stale", at(&w, "data_status"));
	w.config->market_data.stale_policy = STALE_POLICY_REFUSE;
	bad(&w, "ibkr_market_snapshot", "{\"contract_id\":\"320227571\"}",
	    "MARKET_DATA_STALE");
	bad(&w, "ibkr_pnl_daily", "{\"account_id\":\"U7654321\"}",
	    "MARKET_DATA_STALE");
	bad(&w, "ibkr_historical_bars",
	    "{\"contract_id\":\"320227571\",\"duration\":\"1w\","
	    "\"bar_size\":\"1d\"}",
	    "MARKET_DATA_STALE");
	w.config->market_data.max_snapshot_age_seconds = 90000;
	good(&w, "ibkr_pnl_daily", "{\"account_id\":\"U7654321\"}");
	assert_string_equal("live", at(&w, "data_status"));
	world_close(&w);
}

static void
test_data_without_a_time_or_at_all(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	bad(&w, "ibkr_market_snapshot", "{\"contract_id\":\"76792991\"}",
	    "MARKET_DATA_UNAVAILABLE");
	bad(&w, "ibkr_market_snapshot", "{\"contract_id\":\"8314\"}",
	    "MARKET_DATA_INCOMPLETE");
	w.config->market_data.missing_timestamp_policy = STALE_POLICY_WARN;
	good(&w, "ibkr_market_snapshot", "{\"contract_id\":\"8314\"}");
	assert_string_equal(
	    "the age of the market data is unknown", at(&w, "warnings.0"));
	assert_string_equal("", at(&w, "bid"));
	good(&w, "ibkr_market_snapshot", "{\"contract_id\":\"4391\"}");
	assert_string_equal("true", at(&w, "is_halted"));
	world_close(&w);
}

static void
test_session_is_told_even_when_it_is_missing(void **state)
{
	static const struct {
		const char *session, *status, *code;
	} cases[] = {
		{ "usable", "usable", "" },
		{ "required", "manual_action_required",
		    "BROKER_SESSION_REQUIRED" },
		{ "expired", "manual_action_required",
		    "BROKER_SESSION_EXPIRED" },
		{ "competing", "manual_action_required",
		    "BROKER_SESSION_REQUIRED" },
		{ "unavailable", "unavailable", "BROKER_BACKEND_UNAVAILABLE" },
	};
	static const char *const tools[] = { "ibkr_backend_status",
		"ibkr_session_requirements", "ibkr_session_renew" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		struct instance_option option = { "session", cases[i].session };
		struct world w;

		world_open(&w, &option, 1);
		for (size_t t = 0; t < ARRAY_COUNT(tools); t++) {
			good(&w, tools[t], NULL);
			assert_string_equal(cases[i].status, at(&w, "status"));
			assert_string_equal(
			    cases[i].code, at(&w, "error_code"));
			assert_int_equal(
			    i == 0, strlen(at(&w, "user_action")) == 0);
			assert_string_equal("fake", at(&w, "backend"));
		}
		if (i > 0)
			bad(&w, "ibkr_accounts_list", NULL, cases[i].code);
		world_close(&w);
	}
}

static void
test_without_a_backend_calls_say_why(void **state)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	err_set(&fault, ERR_PLUGIN_NOT_FOUND,
	    "no plugin 'other' in '/opt/inner/place'");
	w.house.backend = NULL;
	w.house.backend_fault = &fault;
	bad(&w, "ibkr_accounts_list", NULL, "PLUGIN_NOT_FOUND");
	has(&w, "no plugin 'other' in 'place'");
	good(&w, "ibkr_backend_status", NULL);
	assert_string_equal("unavailable", at(&w, "status"));
	assert_string_equal("PLUGIN_NOT_FOUND", at(&w, "error_code"));
	assert_null(strstr(at(&w, "message"), "inner"));
	good(&w, "ibkr_health", NULL);
	assert_string_equal("false", at(&w, "backend_ready"));
	world_close(&w);
}

static void
test_inv7_doubtful_kill_switch_is_closed(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	good(&w, "ibkr_kill_switch_status", NULL);
	assert_string_equal("closed", at(&w, "state"));
	assert_string_equal("closed", at(&w, "paper.state"));
	fake_journal_put(TABLE_SWITCHES, SWITCH_LIVE, strlen(SWITCH_LIVE),
	    "{\"changed_at\":\"2026-05-14T00:00:00.000Z\",\"changed_by\":"
	    "\"local:ann\",\"reason\":\"test\",\"state\":\"open\"}");
	fake_journal_put(TABLE_SWITCHES, SWITCH_PAPER, strlen(SWITCH_PAPER),
	    "{\"state\":\"ajar\"}");
	good(&w, "ibkr_kill_switch_status", NULL);
	assert_string_equal("open", at(&w, "state"));
	assert_string_equal("local:ann", at(&w, "changed_by"));
	assert_string_equal("closed", at(&w, "paper.state"));
	fake.is_unreadable = true;
	good(&w, "ibkr_kill_switch_status", NULL);
	assert_string_equal("closed", at(&w, "state"));
	world_close(&w);
}

static void
test_inv7_file_beside_the_store_closes_the_switch(void **state)
{
	char dir[] = "/tmp/iag-closed-XXXXXX", path[64];
	struct world w;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(dir));
	world_open(&w, NULL, 0);
	free(w.config->audit.path);
	w.config->audit.path = strdup(dir);
	fake_journal_put(TABLE_SWITCHES, SWITCH_LIVE, strlen(SWITCH_LIVE),
	    "{\"state\":\"open\"}");
	good(&w, "ibkr_kill_switch_status", NULL);
	assert_string_equal("open", at(&w, "state"));
	(void)snprintf(path, sizeof(path), "%s/CLOSED", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(0, fclose(file));
	good(&w, "ibkr_kill_switch_status", NULL);
	assert_string_equal("closed", at(&w, "state"));
	assert_int_equal(0, unlink(path));
	assert_int_equal(0, rmdir(dir));
	world_close(&w);
}

static void
test_results_come_in_the_order_of_the_fields(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	good(&w, "ibkr_accounts_list", NULL);
	has(&w,
	    "{\"accounts\":[{\"account_id\":\"" P1 "\",\"account_id_hash\":");
	has(&w, "\"complete\":true}");
	world_close(&w);
}

static void
activity_put(const char *account, uint64_t ns, uint64_t seq, const char *value)
{
	uint8_t key[ACTIVITY_KEY_SIZE];
	char hex[HASH_HEX_SIZE];

	journal_account_hash(fake_journal(), account, hex);
	activity_key(hex, ns, seq, key);
	fake_journal_put(TABLE_ACTIVITY, key, sizeof(key), value);
}

static char *
copy(const char *text)
{
	char *out = strdup(text);

	assert_non_null(out);
	return out;
}

static void
limits_policy(struct config *config)
{
	struct risk_policy *policy = calloc(1, sizeof(*policy));
	char **accounts = calloc(2, sizeof(*accounts));

	assert_true(policy && accounts);
	policy->id = copy("small");
	policy->enabled = true;
	policy->window_max_orders = 5;
	policy->window_seconds = 300;
	policy->session_max_orders = 20;
	policy->session_max_notional_amount = copy("5000.00");
	policy->session_max_notional_currency = copy("USD");
	policy->allowed_symbols.items = calloc(1, sizeof(char *));
	policy->allowed_asset_classes.items = calloc(1, sizeof(char *));
	config->policies = policy;
	config->policy_count = 1;
	free(config->live_trading.risk_policy_id);
	config->live_trading.risk_policy_id = copy("small");
	accounts[0] = copy("U7654321");
	free(config->live_trading.allowed_accounts.items);
	config->live_trading.allowed_accounts.items = accounts;
	config->live_trading.allowed_accounts.count = 1;
}

static void
test_limits_count_the_session_exactly(void **state)
{
	const uint64_t noon = UINT64_C(1778760000) * NS_PER_S;
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	limits_policy(w.config);
	fake.now_ns = noon; /* 2026-05-14T12:00:00Z */
	activity_put("U7654321", noon - 13 * 3600 * NS_PER_S, 1,
	    "{\"amount\":\"999.00\",\"currency\":\"USD\",\"orders\":1,\"totals\":{\"USD\":\"999\"}}"); /* yesterday */
	activity_put("U7654321", noon - 3600 * NS_PER_S, 2,
	    "{\"amount\":\"1000.10\",\"currency\":\"USD\",\"orders\":2,\"totals\":{\"USD\":\"1999.1\"}}");
	activity_put("U7654321", noon - 60 * NS_PER_S, 3,
	    "{\"amount\":\"0.05\",\"currency\":\"USD\",\"orders\":3,\"totals\":{\"USD\":\"1999.15\"}}");
	activity_put("U7654321", noon - 50 * NS_PER_S, 4,
	    "{\"orders\":4,\"totals\":{\"USD\":\"1999.15\"}}");
	activity_put("U7654321", noon - 40 * NS_PER_S, 5,
	    "{\"amount\":\"7\",\"currency\":\"EUR\",\"orders\":5,\"totals\":{\"EUR\":\"7\",\"USD\":\"1999.15\"}}");
	activity_put(P1, noon - 30 * NS_PER_S, 6,
	    "{\"amount\":\"5\",\"currency\":\"USD\",\"orders\":1,\"totals\":{\"USD\":\"5\"}}");
	good(&w, "ibkr_limits_status", "{\"account_id\":\"U7654321\"}");
	assert_string_equal("small", at(&w, "policy_id"));
	assert_string_equal("3", at(&w, "submitted_in_window"));
	assert_string_equal("2", at(&w, "remaining_window_orders"));
	assert_string_equal("4", at(&w, "submitted_in_session"));
	assert_string_equal("16", at(&w, "remaining_session_orders"));
	assert_string_equal("1000.15", at(&w, "session_notional.amount"));
	assert_string_equal(
	    "3999.85", at(&w, "remaining_session_notional.amount"));
	assert_string_equal(
	    "2026-05-14T00:00:00.000Z", at(&w, "session_started_at"));
	good(&w, "ibkr_limits_status", "{\"account_id\":\"" P1 "\"}");
	assert_string_equal("false", at(&w, "configured"));
	assert_string_equal("1", at(&w, "submitted_in_session"));
	has(&w, "explanation");
	world_close(&w);
}

static void
test_audit_tail_says_where_to_go_on(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	fake.tail = "{\"events\":[{\"sequence_id\":9,\"event\":{\"a\":1}},"
		    "{\"sequence_id\":8,\"event\":{}}]}";
	good(&w, "ibkr_audit_tail", "{\"limit\":2}");
	assert_string_equal("8", at(&w, "next"));
	assert_string_equal("false", at(&w, "complete"));
	assert_string_equal("1", at(&w, "events.0.event.a"));
	good(&w, "ibkr_audit_tail", "{\"limit\":3}");
	assert_string_equal("true", at(&w, "complete"));
	good(&w, "ibkr_audit_export", "{\"limit\":3}");
	assert_string_equal("7", at(&w, "range.first_sequence"));
	assert_string_equal("9", at(&w, "range.last_sequence"));
	assert_string_equal("1", at(&w, "range.exported_count"));
	assert_string_equal("1", at(&w, "manifest.count"));
	bad(&w, "ibkr_audit_export", "{\"first\":5,\"last\":4}",
	    "INPUT_INVALID");
	world_close(&w);
}

static void
test_caller_keeps_its_arguments(void **state)
{
	CLEANUP_JSON struct json_object *args =
	    json_tokener_parse("{\"account_id\":\"" P1 "\"}");
	struct tool_request request = { .name = "ibkr_positions_list",
		.arguments = args };
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	request.principal = &w.principal;
	request.call = call_new(UINT64_MAX);
	assert_int_equal(0, tool_dispatch(&w.house, &request, &w.result));
	call_unref(request.call);
	assert_int_equal(1, json_object_object_length(args));
	/* the record has the defaults, in canonical order */
	assert_string_equal(
	    "{\"account_id\":\"" P1 "\",\"limit\":100,\"page\":0}", fake.input);
	world_close(&w);
}

static const struct field word_output[] = {
	{ .name = "word", .type = FIELD_STRING, .flags = FIELD_REQUIRED },
	{ .name = NULL },
};
static const struct field no_input[] = { { .name = NULL } };

/* Its transaction has the call's record, and says so. */
static int
recording_handler(struct tool_call *call, struct err *err)
{
	(void)err;
	assert_string_equal(call->order->success, "word_said");
	assert_string_equal(call->order->event->tool_name, "say word");
	assert_string_equal(call->order->principal, call->principal->name);
	call->order->recorded = true;
	buf_printf(call->output, "{\"word\":\"yes\"}");
	return 0;
}

static int
wrong_handler(struct tool_call *call, struct err *err)
{
	(void)err;
	call->order->recorded = true;
	buf_printf(call->output, "{\"word\":1}");
	return 0;
}

static void
operate(struct world *w, const struct tool *operation)
{
	struct call *call = call_new(UINT64_MAX);
	const struct tool_request request = {
		.name = operation->name,
		.operation = operation,
		.principal = &w->principal,
		.call = call,
	};

	world_forget(w);
	w->ret = tool_dispatch(&w->house, &request, &w->result);
	call_unref(call);
}

static void
test_operations_are_the_operators(void **state)
{
	const struct tool say = {
		.name = "say word",
		.input = no_input,
		.output = word_output,
		.handler = recording_handler,
		.event = "word_said",
	};
	struct world w;

	(void)state;
	world_open(&w, NULL, 0);
	bad(&w, "say word", NULL, "INPUT_INVALID");
	operate(&w, &say);
	assert_int_equal(w.result.err.code, ERR_AUTH_MISSING_SCOPE);
	assert_true(w.result.is_denied);
	w.principal.kind = PRINCIPAL_OPERATOR;
	operate(&w, &say);
	assert_int_equal(w.ret, 0);
	assert_string_equal(buf_text(&w.result.json), "{\"word\":\"yes\"}");
	world_close(&w);
}

static void
test_what_the_transaction_recorded_is_not_recorded_again(void **state)
{
	struct tool say = {
		.name = "say word",
		.input = no_input,
		.output = word_output,
		.handler = recording_handler,
		.event = "word_said",
	};
	struct world w;
	unsigned records;

	(void)state;
	world_open(&w, NULL, 0);
	w.principal.kind = PRINCIPAL_OPERATOR;
	records = fake.records;
	operate(&w, &say);
	assert_int_equal(w.ret, 0);
	assert_int_equal(fake.records, records);
	/* it is done: a result that cannot be given is no refusal */
	say.handler = wrong_handler;
	operate(&w, &say);
	assert_int_equal(w.result.err.code, ERR_OUTPUT_UNSAFE);
	assert_true(w.result.err.unknown);
	has(&w, "\"outcome\":\"unknown\"");
	assert_int_equal(fake.records, records);
	world_close(&w);
}

/* A command becomes the tool of the same, or is the operator's. */
static void
test_agents_are_told_tools_and_operators_commands(void **state)
{
	static const struct {
		const char *action, *told;
	} cases[] = {
		{ "see it", "see it" },
		{ "run `ibkr-agent doctor`",
		    "ask the operator to run `ibkr-agent doctor`" },
		{ "use one; `ibkr-agent accounts list` shows them",
		    "use one; ibkr_accounts_list shows them" },
		{ "run `ibkr-agent accounts list --json`",
		    "call ibkr_accounts_list" },
		{ "`ibkr-agent accounts listing` or `ibkr-agent orders list`",
		    "the operator's `ibkr-agent accounts listing` or "
		    "the operator's `ibkr-agent orders list`" },
		{ "or the operator runs `ibkr-agent accounts list`",
		    "or the operator runs `ibkr-agent accounts list`" },
		{ "a `ibkr-agent that is not closed",
		    "a `ibkr-agent that is not closed" },
	};
	const struct principal agent = { "agent:a", PRINCIPAL_AGENT,
		scope_bit("ibkr:accounts:read"), false };
	struct world w;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		CLEANUP_BUF struct buf once = BUF_INIT, twice = BUF_INIT;

		advice_add(&once, cases[i].action, &agent);
		assert_string_equal(cases[i].told, buf_text(&once));
		advice_add(&twice, cases[i].told, &agent);
		assert_string_equal(cases[i].told, buf_text(&twice));
	}
	world_open(&w, NULL, 0);
	w.principal.kind = PRINCIPAL_AGENT;
	bad(&w, "ibkr_account_summary", "{}", "INPUT_MISSING_ACCOUNT");
	has(&w, "name an account; ibkr_accounts_list shows them");
	w.principal.kind = PRINCIPAL_OPERATOR;
	bad(&w, "ibkr_account_summary", "{}", "INPUT_MISSING_ACCOUNT");
	has(&w, "`ibkr-agent accounts list` shows them");
	world_close(&w);
}

/* As the reader is told it, at every door. */
static void
told(enum principal_kind kind, struct buf *out)
{
	const struct principal reader = { .name = "a", .kind = kind };
	CLEANUP_ERR struct err err = ERR_INIT;

	err_set(&err, ERR_LIVE_GATE_MISSING, "no: /home/anna/x");
	err_refusals(&err,
	    "[{\"rule\":\"writer\",\"actual\":\"cannot read /home/anna/x\","
	    "\"fix\":\"run `ibkr-agent doctor`\"}]");
	err_details(
	    &err, "{\"legs\":[{\"text\":\"in /home/anna/x\"}],\"n\":3}");
	tool_error_conceal(&err, &reader);
	tool_error_json(out, &err, NULL);
}

static void
test_paths_and_commands_are_the_operators_in_every_member(void **state)
{
	CLEANUP_BUF struct buf agent = BUF_INIT, owner = BUF_INIT;

	(void)state;
	told(PRINCIPAL_AGENT, &agent);
	assert_null(strstr(buf_text(&agent), "anna"));
	assert_non_null(strstr(buf_text(&agent), "\"actual\":\"cannot read "));
	assert_non_null(strstr(buf_text(&agent),
	    "\"fix\":\"ask the operator to run `ibkr-agent doctor`\""));
	assert_non_null(
	    strstr(buf_text(&agent), "\"details\":{\"legs\":[{\"text\":\"in "));
	assert_non_null(strstr(buf_text(&agent), "\"n\":3}"));
	told(PRINCIPAL_OPERATOR, &owner);
	assert_non_null(strstr(buf_text(&owner),
	    "\"actual\":\"cannot read /home/anna/x\",\"fix\":\"run `ibkr-agent "
	    "doctor`\"}],\"details\":{\"legs\":[{\"text\":\"in /home/anna/x"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_read_answers),
		cmocka_unit_test(test_inv5_without_a_record_there_is_no_answer),
		cmocka_unit_test(
		    test_inv5_every_call_is_recorded_allowed_or_not),
		cmocka_unit_test(test_call_out_of_time_is_recorded_too),
		cmocka_unit_test(test_wrong_arguments_say_all_that_is_wrong),
		cmocka_unit_test(test_secrets_in_arguments_do_not_come_back),
		cmocka_unit_test(test_unknown_things_have_stable_codes),
		cmocka_unit_test(test_reference_values_stay),
		cmocka_unit_test(test_filters_narrow),
		cmocka_unit_test(test_positions_come_in_pages),
		cmocka_unit_test(test_bars_follow_size_and_hours),
		cmocka_unit_test(test_inv11_cold_reads_are_never_complete),
		cmocka_unit_test(test_account_hashes_are_the_hosts),
		cmocka_unit_test(test_untrusted_text_is_cleaned),
		cmocka_unit_test(test_delayed_data_is_shown_only_where_allowed),
		cmocka_unit_test(test_stale_data_is_told_or_refused),
		cmocka_unit_test(test_data_without_a_time_or_at_all),
		cmocka_unit_test(test_session_is_told_even_when_it_is_missing),
		cmocka_unit_test(test_without_a_backend_calls_say_why),
		cmocka_unit_test(test_inv7_doubtful_kill_switch_is_closed),
		cmocka_unit_test(
		    test_inv7_file_beside_the_store_closes_the_switch),
		cmocka_unit_test(test_results_come_in_the_order_of_the_fields),
		cmocka_unit_test(test_limits_count_the_session_exactly),
		cmocka_unit_test(test_audit_tail_says_where_to_go_on),
		cmocka_unit_test(test_caller_keeps_its_arguments),
		cmocka_unit_test(test_operations_are_the_operators),
		cmocka_unit_test(
		    test_what_the_transaction_recorded_is_not_recorded_again),
		cmocka_unit_test(
		    test_agents_are_told_tools_and_operators_commands),
		cmocka_unit_test(
		    test_paths_and_commands_are_the_operators_in_every_member),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

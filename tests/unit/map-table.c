/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Lists that a mapping only adds to are opened and closed here. */

#include "map-table.h"

#include <string.h>

#include "emit.h"
#include "map-account.h"
#include "map-bars.h"
#include "map-calendar.h"
#include "map-contract.h"
#include "map-market.h"
#include "map-news.h"
#include "map-option.h"
#include "map-order.h"
#include "map-position.h"
#include "map-scan.h"
#include "map-session.h"
#include "map-trade.h"
#include "map-whatif.h"
#include "text.h"

#define ACCOUNT "DU1"
#define CONTRACT "265598"
/* 2026-04-02T14:00:00Z */
#define NOW_NS UINT64_C(1775138400000000000)

static const struct login paper = { .paper = 1, .types = "STK,OPT" };

static struct candidates *
known(void)
{
	static struct candidates list;

	list = (struct candidates){ .count = 2 };
	memcpy(list.ids[0], CONTRACT, sizeof(CONTRACT));
	memcpy(list.ids[1], "756733", sizeof("756733"));
	return &list;
}

static int32_t
run_session(struct map *map, const struct reply *reply)
{
	struct session_facts facts;
	int32_t ret = map_session(map, reply, &facts);

	if (ret == 0)
		map_session_state(map, &facts, 0);
	return ret;
}

static int32_t
run_login(struct map *map, const struct reply *reply)
{
	struct login login;
	int32_t ret = map_login(map, reply, &login);

	if (ret == 0)
		(void)map_mode(map, ACCOUNT, &login);
	return ret;
}

static int32_t
run_accounts(struct map *map, const struct reply *reply)
{
	return map_accounts(map, reply, &paper);
}

static int32_t
run_metadata(struct map *map, const struct reply *reply)
{
	return map_metadata(map, reply, ACCOUNT, &paper);
}

static int32_t
run_summary(struct map *map, const struct reply *reply)
{
	return map_summary(map, reply, ACCOUNT);
}

static int32_t
run_pnl_daily(struct map *map, const struct reply *reply)
{
	return map_pnl_daily(map, reply, ACCOUNT);
}

static int32_t
run_pnl_realtime(struct map *map, const struct reply *reply)
{
	return map_pnl_realtime(map, reply, ACCOUNT);
}

/* Within the object of portfolio_snapshot. */
static int32_t
within_portfolio(struct map *map, const struct reply *reply,
    int32_t (*add)(struct map *, const struct reply *))
{
	int32_t ret;

	emit_open(map->out, NULL, '{');
	emit_str(map->out, "account_id", ACCOUNT);
	ret = add(map, reply);
	emit_str(map->out, "data_status", "live");
	emit_flag(map->out, "complete", 1);
	emit_close(map->out, '}');
	return ret;
}

static int32_t
run_totals(struct map *map, const struct reply *reply)
{
	return within_portfolio(map, reply, map_totals);
}

static int32_t
run_ledger(struct map *map, const struct reply *reply)
{
	return within_portfolio(map, reply, map_ledger);
}

static int32_t
run_allocation(struct map *map, const struct reply *reply)
{
	return within_portfolio(map, reply, map_allocation);
}

static int32_t
run_positions(struct map *map, const struct reply *reply)
{
	struct position_page page = { .account = ACCOUNT, .take = 100 };
	int32_t ret;

	emit_open(map->out, NULL, '{');
	emit_str(map->out, "account_id", ACCOUNT);
	map_list_open(map, "positions", 100);
	ret = map_positions(map, reply, &page);
	emit_close(map->out, ']');
	emit_flag(map->out, "complete", !page.ret_cold);
	emit_close(map->out, '}');
	return ret;
}

static int32_t
run_search(struct map *map, const struct reply *reply)
{
	struct candidates found;

	return map_search(map, reply, &found);
}

static int32_t
run_futures(struct map *map, const struct reply *reply)
{
	struct candidates found;

	return map_futures(map, reply, &found);
}

static int32_t
run_pairs(struct map *map, const struct reply *reply)
{
	struct candidates found;

	return map_pairs(map, reply, "EUR.USD", &found);
}

static int32_t
run_definitions(struct map *map, const struct reply *reply)
{
	const struct narrowing all = { .symbol = NULL };

	return map_definitions(map, reply, &all, 25, known());
}

static int32_t
run_resolve(struct map *map, const struct reply *reply)
{
	const struct narrowing one = { .symbol = "aapl", .currency = "USD" };
	char id[16];
	int32_t ret = map_resolve(map, reply, &one, known(), id);

	if (ret == 0)
		emit_close(map->out, '}');
	return ret;
}

static int32_t
run_rules(struct map *map, const struct reply *reply)
{
	int32_t ret;

	emit_open(map->out, NULL, '{');
	ret = map_rules(map, reply, CONTRACT);
	emit_close(map->out, '}');
	return ret;
}

static int32_t
run_currency(struct map *map, const struct reply *reply)
{
	char currency[8];

	return map_currency(map, reply, CONTRACT, currency);
}

static int32_t
run_quote(struct map *map, const struct reply *reply)
{
	return map_quote(map, reply, CONTRACT, "USD", 0);
}

static int32_t
run_greeks(struct map *map, const struct reply *reply)
{
	return map_greeks(map, reply, CONTRACT, 0);
}

static int32_t
run_stock(struct map *map, const struct reply *reply)
{
	char id[16];

	return map_stock(map, reply, "aapl", id);
}

static int32_t
run_fundamentals(struct map *map, const struct reply *reply)
{
	return map_fundamentals(map, reply, "AAPL", CONTRACT, 0);
}

static int32_t
run_news(struct map *map, const struct reply *reply)
{
	return map_news(map, reply, "AAPL", 2);
}

static int32_t
run_article(struct map *map, const struct reply *reply)
{
	return map_article(map, reply, "DJ-N$1a2b");
}

static int32_t
run_rate(struct map *map, const struct reply *reply)
{
	return map_rate(map, reply, "EUR", "USD");
}

static int32_t
run_bars(struct map *map, const struct reply *reply)
{
	return map_bars(map, reply, CONTRACT, "1min", "USD");
}

static int32_t
run_option_root(struct map *map, const struct reply *reply)
{
	struct option_root root;

	return map_option_root(map, reply, "AAPL", &root);
}

static int32_t
run_strikes(struct map *map, const struct reply *reply)
{
	const struct chain_want want = { .symbol = "AAPL", .strike_min = "10" };
	static struct strikes strikes;

	return map_strikes(map, reply, &want, &strikes);
}

static int32_t
run_option_rows(struct map *map, const struct reply *reply)
{
	const struct chain_want want = { .symbol = "AAPL" };
	char currency[8] = "";
	int32_t ret;

	emit_open(map->out, NULL, '{');
	emit_str(map->out, "underlying_symbol", "AAPL");
	map_list_open(map, "entries", 500);
	ret = map_option_rows(map, reply, &want, 100, currency);
	emit_close(map->out, ']');
	emit_str(map->out, "data_status", "live");
	emit_flag(map->out, "complete", 1);
	emit_close(map->out, '}');
	return ret;
}

static int32_t
run_scan(struct map *map, const struct reply *reply)
{
	const struct scan_want want = {
		.code = "TOP_PERC_GAIN",
		.instrument = "STK",
		.location = "STK.US.MAJOR",
		.limit = 25,
	};

	return map_scan(map, reply, &want);
}

static int32_t
run_hours(struct map *map, const struct reply *reply)
{
	return map_hours(map, reply, "NASDAQ", NOW_NS);
}

static int32_t
run_holidays(struct map *map, const struct reply *reply)
{
	return map_holidays(map, reply, "NASDAQ", 0);
}

static int32_t
run_any_contract(struct map *map, const struct reply *reply)
{
	char id[16], symbol[40];

	return map_any_contract(map, reply, id, symbol);
}

static int32_t
run_orders(struct map *map, const struct reply *reply)
{
	const struct order_want want = { .account = ACCOUNT };

	return map_orders(map, reply, &want, 0);
}

static int32_t
run_history(struct map *map, const struct reply *reply)
{
	const struct order_want want = {
		.account = ACCOUNT,
		.limit = 100,
		.history = 1,
	};

	return map_orders(map, reply, &want, 0);
}

static int32_t
run_order_find(struct map *map, const struct reply *reply)
{
	return map_order_find(map, reply, ACCOUNT, "a1", 0);
}

static int32_t
run_order_status(struct map *map, const struct reply *reply)
{
	return map_order_status(map, reply, ACCOUNT, "46184814");
}

static int32_t
run_trades(struct map *map, const struct reply *reply)
{
	const struct trade_want want = { .account = ACCOUNT, .limit = 100 };

	return map_trades(map, reply, &want, 0);
}

const struct map_case map_cases[] = {
	{ "session", "ibkr_session_requirements", run_session },
	{ "login", NULL, run_login },
	{ "accounts", "ibkr_accounts_list", run_accounts },
	{ "metadata", "ibkr_account_metadata", run_metadata },
	{ "summary", "ibkr_account_summary", run_summary },
	{ "pnl-daily", "ibkr_pnl_daily", run_pnl_daily },
	{ "pnl-realtime", "ibkr_pnl_realtime", run_pnl_realtime },
	{ "totals", "ibkr_portfolio_snapshot", run_totals },
	{ "ledger", "ibkr_portfolio_snapshot", run_ledger },
	{ "allocation", "ibkr_portfolio_snapshot", run_allocation },
	{ "positions", "ibkr_positions_list", run_positions },
	{ "search", NULL, run_search },
	{ "futures", NULL, run_futures },
	{ "pairs", NULL, run_pairs },
	{ "definitions", "ibkr_contracts_search", run_definitions },
	{ "resolve", "ibkr_contract_resolve", run_resolve },
	{ "rules", NULL, run_rules },
	{ "currency", NULL, run_currency },
	{ "quote", "ibkr_market_snapshot", run_quote },
	{ "greeks", "ibkr_option_greeks", run_greeks },
	{ "rate", "ibkr_currency_rate", run_rate },
	{ "bars", "ibkr_historical_bars", run_bars },
	{ "option-root", NULL, run_option_root },
	{ "strikes", NULL, run_strikes },
	{ "option-rows", "ibkr_options_chain", run_option_rows },
	{ "scan", "ibkr_scanner_run", run_scan },
	{ "hours", "ibkr_market_session", run_hours },
	{ "holidays", "ibkr_market_holidays", run_holidays },
	{ "any-contract", NULL, run_any_contract },
	{ "orders", "ibkr_orders_list", run_orders },
	{ "history", "ibkr_orders_history", run_history },
	{ "order-find", "ibkr_order_status", run_order_find },
	{ "order-status", "ibkr_order_status", run_order_status },
	{ "trades", "ibkr_executions_list", run_trades },
	{ "whatif", NULL, map_whatif },
	{ "stock", NULL, run_stock },
	{ "fundamentals", "ibkr_fundamentals_get", run_fundamentals },
	{ "news", "ibkr_news_list", run_news },
	{ "article", "ibkr_news_article", run_article },
};
const size_t map_case_count = sizeof(map_cases) / sizeof(map_cases[0]);

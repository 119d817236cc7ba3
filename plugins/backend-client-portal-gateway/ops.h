/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The operations: each asks, maps, and ends its query. */

#ifndef CPGW_OPS_H
#define CPGW_OPS_H

#include "query.h"

typedef int32_t op_fn(struct query *q);

op_fn op_session_status;
op_fn op_keepalive;
op_fn op_accounts_list;
op_fn op_account_metadata;
op_fn op_account_mode;
op_fn op_account_summary;
op_fn op_pnl_daily;
op_fn op_pnl_realtime;
op_fn op_positions_list;
op_fn op_portfolio_snapshot;
op_fn op_contracts_search;
op_fn op_contract_resolve;
op_fn op_options_chain;
op_fn op_market_snapshot;
op_fn op_option_greeks;
op_fn op_historical_bars;
op_fn op_scanner_run;
op_fn op_news_list;
op_fn op_news_article;
op_fn op_fundamentals_get;
op_fn op_currency_rate;
op_fn op_market_session;
op_fn op_market_holidays;
op_fn op_orders_list;
op_fn op_orders_history;
op_fn op_order_status;
op_fn op_executions_list;
op_fn op_order_whatif;

/* One step of the host's supervisor: IAG_SESSION_STEP_*. */
int32_t session_step(struct query *q, uint32_t step);

#endif

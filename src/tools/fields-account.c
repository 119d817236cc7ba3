/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Fields of the tools about accounts: what there is, what is in them, what
 * moved in and out.  Members are named after the broker's own, in snake
 * case; what the broker did not give is absent.
 */

#include "tools/fields.h"

const struct field account_input[] = { IN_ACCOUNT, END };

static const struct field account_row[] = {
	OUT_ACCOUNT,
	STR("account_id_hash", REQ, "As the audit shows it"),
	LEN("account_label", TEXT | PLAIN, 200, "Alias"),
	ONE_OF("account_mode", REQ | PLAIN, ACCOUNT_MODES, "By the broker"),
	STR("base_currency", PLAIN, "ISO 4217"),
	STR("account_type", PLAIN, "Broker's type"),
	BOOL("metadata_redacted", REQ, "Owner names are left out"),
	END,
};

const struct field accounts_output[] = {
	LIST("accounts", REQ, account_row, 500, "Accounts of this login"),
	OUT_COMPLETE,
	END,
};

const struct field metadata_output[] = {
	OUT_ACCOUNT,
	ONE_OF("account_mode", REQ | PLAIN, ACCOUNT_MODES, "By the broker"),
	STR("base_currency", PLAIN, "ISO 4217"),
	ONE_OF(
	    "margin_profile", PLAIN, "cash margin unknown", "Kind of account"),
	ITEMS("product_permissions", PLAIN, FIELD_STRING, "What may be traded"),
	STR("option_level", 0, "Option permission level"),
	BOOL("shorting_allowed", PLAIN, "Short sales"),
	STR("pdt_status", 0, "Pattern day trader flag"),
	STR("gfv_status", 0, "Good faith violations"),
	ITEMS("restrictions", TEXT | PLAIN, FIELD_STRING, "What is forbidden"),
	BOOL("metadata_redacted", REQ, "Owner names are left out"),
	END,
};

static const struct field cash_row[] = {
	LEN("currency", REQ | PLAIN, 64, "ISO 4217 or a total"),
	DEC("balance", PLAIN, "Cash"),
	DEC("settled_cash", PLAIN, "Of it settled"),
	END,
};

const struct field summary_output[] = {
	OUT_ACCOUNT,
	STR("account_type", PLAIN, "Broker's type"),
	STR("status", PLAIN, "Broker's status"),
	STR("currency", PLAIN, "Of the amounts"),
	DEC("net_liquidation_value", PLAIN, "Net liquidation"),
	DEC("equity_with_loan_value", PLAIN, "Equity with loan"),
	DEC("total_cash_value", PLAIN, "All cash"),
	DEC("balance", PLAIN, "Balance"),
	DEC("available_funds", 0, "Available for trading"),
	DEC("buying_power", PLAIN, "Buying power"),
	DEC("excess_liquidity", PLAIN, "Before liquidation"),
	DEC("initial_margin", PLAIN, "Initial margin"),
	DEC("maintenance_margin", PLAIN, "Maintenance margin"),
	DEC("reg_t_margin", PLAIN, "Regulation T margin"),
	DEC("reg_t_loan", PLAIN, "Regulation T loan"),
	DEC("sma", 0, "Special memorandum account"),
	DEC("securities_gvp", 0, "Gross position value"),
	DEC("accrued_interest", PLAIN, "Accrued interest"),
	LIST("cash_balances", PLAIN, cash_row, 100, "Cash by currency"),
	TIME("as_of", PLAIN, "Broker's time"),
	OUT_COMPLETE,
	END,
};

const struct field pnl_daily_output[] = {
	OUT_ACCOUNT,
	STR("currency", PLAIN, "ISO 4217"),
	DEC("realized_pnl", PLAIN, "Realised"),
	DEC("unrealized_pnl", PLAIN, "Unrealised"),
	DEC("total_pnl", PLAIN, "Both"),
	TIME("period_start", PLAIN, "Since"),
	TIME("period_end", PLAIN, "Until"),
	TIME("timestamp", PLAIN, "Source time"),
	OUT_STATUS,
	OUT_QUALITY,
	END,
};

static const struct field pnl_row[] = {
	STR("key", REQ, "Contract id or segment"),
	LEN("symbol", TEXT | PLAIN, 64, "Ticker"),
	DEC("pnl", PLAIN, "Today"),
	DEC("unrealized_pnl", PLAIN, "Unrealised"),
	DEC("market_value", PLAIN, "Market value"),
	END,
};

const struct field pnl_realtime_output[] = {
	OUT_ACCOUNT,
	STR("currency", PLAIN, "ISO 4217"),
	LIST("rows", REQ, pnl_row, 1000, "By contract or segment"),
	DEC("total_pnl", PLAIN, "Sum"),
	TIME("timestamp", PLAIN, "Source time"),
	OUT_STATUS,
	OUT_QUALITY,
	OUT_COMPLETE,
	END,
};

const struct field positions_input[] = {
	IN_ACCOUNT,
	INT_OR("page", 0, 999, "0", "Page, 0-999"),
	IN_LIMIT(100, "100"),
	END,
};

static const struct field position_row[] = {
	STR("contract_id", REQ | PLAIN, "Contract"),
	LEN("symbol", TEXT | PLAIN, 64, "Ticker"),
	LEN("description", TEXT | PLAIN, 200, "Contract in words"),
	ONE_OF("asset_class", PLAIN, ASSET_CLASSES, "Class"),
	STR("currency", PLAIN, "ISO 4217"),
	DEC("quantity", REQ, "Size; negative is short"),
	DEC("market_price", PLAIN, "Price"),
	DEC("market_value", PLAIN, "Value"),
	DEC("average_cost", PLAIN, "Cost per contract"),
	DEC("average_price", PLAIN, "Cost per unit"),
	DEC("realized_pnl", PLAIN, "Realised"),
	DEC("unrealized_pnl", PLAIN, "Unrealised"),
	DEC("multiplier", PLAIN, "Units per contract"),
	DATE("expiry", PLAIN, "Expiry"),
	DEC("strike", PLAIN, "Strike"),
	ONE_OF("right", PLAIN, "call put", "Right"),
	STR("underlying_contract_id", PLAIN, "Underlying"),
	STR("listing_exchange", PLAIN, "Exchange"),
	LEN("sector", TEXT | PLAIN, 64, "Sector"),
	END,
};

const struct field positions_output[] = {
	OUT_ACCOUNT,
	LIST("positions", REQ | PLAIN, position_row, 100, "One page"),
	ONE_OF("data_status", 0, DATA_STATUSES, "Quality of the prices"),
	ITEMS("warnings", TEXT | PLAIN, FIELD_STRING, "What to mind"),
	OUT_COMPLETE,
	INT("next", PLAIN, 0, 0, "Next page"),
	END,
};

static const struct field ledger_row[] = {
	STR("currency", REQ | PLAIN, "ISO 4217 or BASE"),
	DEC("cash_balance", PLAIN, "Cash"),
	DEC("settled_cash", PLAIN, "Of it settled"),
	DEC("exchange_rate", 0, "To the base currency"),
	DEC("net_liquidation_value", PLAIN, "Net liquidation"),
	DEC("stock_market_value", PLAIN, "Stocks"),
	DEC("stock_option_market_value", PLAIN, "Options"),
	DEC("future_market_value", PLAIN, "Futures"),
	DEC("corporate_bonds_market_value", PLAIN, "Bonds"),
	DEC("interest", PLAIN, "Interest"),
	DEC("dividends", PLAIN, "Dividends"),
	DEC("realized_pnl", PLAIN, "Realised"),
	DEC("unrealized_pnl", PLAIN, "Unrealised"),
	END,
};

static const struct field allocation_row[] = {
	ONE_OF("kind", REQ | PLAIN, "asset_class sector group", "Grouping"),
	LEN("name", REQ | TEXT | PLAIN, 64, "Member of it"),
	ONE_OF("side", REQ | PLAIN, "long short", "Side"),
	DEC("value", PLAIN, "Market value"),
	DEC("percent", PLAIN, "Of net liquidation"),
	END,
};

const struct field portfolio_output[] = {
	OUT_ACCOUNT,
	STR("base_currency", PLAIN, "ISO 4217"),
	DEC("net_liquidation", PLAIN, "Net liquidation"),
	DEC("available_funds", 0, "Available for trading"),
	LIST("ledger", 0, ledger_row, 100, "Cash and values by currency"),
	LIST("allocation", PLAIN, allocation_row, 500, "What it is made of"),
	TIME("as_of", PLAIN, "Source time"),
	OUT_STATUS,
	OUT_QUALITY,
	OUT_COMPLETE,
	END,
};

const struct field transfers_input[] = {
	IN_ACCOUNT,
	TIME("from", 0, "Not before, RFC 3339"),
	TIME("to", 0, "Not after, RFC 3339"),
	IN_LIMIT(500, "100"),
	END,
};

static const struct field transfer_row[] = {
	STR("transfer_id", REQ | PLAIN, "Transfer"),
	STR("kind", REQ, "deposit, withdrawal, ..."),
	DEC("amount", PLAIN, "Amount"),
	STR("currency", PLAIN, "ISO 4217"),
	DATE("date", PLAIN, "Booked on"),
	STR("status", PLAIN, "Broker's status"),
	END,
};

const struct field transfers_output[] = {
	OUT_ACCOUNT,
	LIST("transfers", REQ | PLAIN, transfer_row, 500, "Newest first"),
	OUT_COMPLETE,
	END,
};

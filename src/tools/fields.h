/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The fields of the tool table, one list for each tool's arguments and one
 * for its result, and the short forms that they are written in.  Lists that
 * several tools share stand here once.
 */

#ifndef IAG_TOOLS_FIELDS_H
#define IAG_TOOLS_FIELDS_H

#include "tools/tool.h"

#define REQ FIELD_REQUIRED
#define TEXT FIELD_UNTRUSTED
#define PLAIN FIELD_PLAIN

/* A string, decimal, time, date, integer, boolean: name, flags, what. */
#define STR(n, f, d)                                                          \
	{                                                                     \
		.name = n, .type = FIELD_STRING, .flags = f, .description = d \
	}
#define DEC(n, f, d)                                                           \
	{                                                                      \
		.name = n, .type = FIELD_DECIMAL, .flags = f, .description = d \
	}
#define TIME(n, f, d)                                                       \
	{                                                                   \
		.name = n, .type = FIELD_TIME, .flags = f, .description = d \
	}
#define DATE(n, f, d)                                                       \
	{                                                                   \
		.name = n, .type = FIELD_DATE, .flags = f, .description = d \
	}
#define BOOL(n, f, d)                                                          \
	{                                                                      \
		.name = n, .type = FIELD_BOOLEAN, .flags = f, .description = d \
	}
#define INT(n, f, lo, hi, d)                                             \
	{                                                                \
		.name = n, .type = FIELD_INTEGER, .flags = f, .min = lo, \
		.max = hi, .description = d                              \
	}
/* An integer argument with a default, as text. */
#define INT_OR(n, lo, hi, v, d)                                         \
	{                                                               \
		.name = n, .type = FIELD_INTEGER, .min = lo, .max = hi, \
		.value = v, .description = d                            \
	}
/* A string that a pattern bounds; one with a length alone. */
#define PAT(n, f, p, d)                                                    \
	{                                                                  \
		.name = n, .type = FIELD_STRING, .flags = f, .pattern = p, \
		.description = d                                           \
	}
#define LEN(n, f, hi, d)                                                \
	{                                                               \
		.name = n, .type = FIELD_STRING, .flags = f, .max = hi, \
		.description = d                                        \
	}
#define ONE_OF(n, f, c, d)                                                 \
	{                                                                  \
		.name = n, .type = FIELD_CHOICE, .flags = f, .choices = c, \
		.description = d                                           \
	}
#define OBJ(n, f, m, d)                                                   \
	{                                                                 \
		.name = n, .type = FIELD_OBJECT, .flags = f, .fields = m, \
		.description = d                                          \
	}
/* An array of objects with members m; of plain items of one type. */
#define LIST(n, f, m, hi, d)                                             \
	{                                                                \
		.name = n, .type = FIELD_ARRAY, .flags = f, .fields = m, \
		.max = hi, .description = d                              \
	}
#define ITEMS(n, f, t, d)                                               \
	{                                                               \
		.name = n, .type = FIELD_ARRAY, .flags = f, .items = t, \
		.description = d                                        \
	}
#define MAP(n, f, t, d)                                               \
	{                                                             \
		.name = n, .type = FIELD_MAP, .flags = f, .items = t, \
		.description = d                                      \
	}
#define END                  \
	{                    \
		.name = NULL \
	}

/* The bounds of ids and symbols, the same in every tool. */
#define ACCOUNT_PATTERN "^[A-Za-z0-9_-]{1,32}$"
#define CONTRACT_PATTERN "^[1-9][0-9]{0,11}$"
#define SYMBOL_PATTERN "^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,31}$"
#define EXCHANGE_PATTERN "^[A-Z0-9.]{1,16}$"
#define CURRENCY_PATTERN "^[A-Z]{3}$"
#define ORDER_PATTERN "^[A-Za-z0-9._-]{1,96}$"
#define ASSET_CLASSES \
	"stock etf option future future_option fx bond index fund crypto other"
#define DATA_STATUSES "live delayed stale unavailable"
#define ACCOUNT_MODES "paper live unknown"

#define IN_ACCOUNT                                              \
	PAT("account_id", REQ | FIELD_ACCOUNT, ACCOUNT_PATTERN, \
	    "Account: 1-32 letters, digits, _ or -")
#define IN_CONTRACT \
	PAT("contract_id", REQ, CONTRACT_PATTERN, "Contract id, 1-12 digits")
#define IN_SYMBOL                          \
	PAT("symbol", REQ, SYMBOL_PATTERN, \
	    "Ticker, 1-32 letters, digits, space or ._/-")
#define IN_LIMIT(hi, v) INT_OR("limit", 1, hi, v, "Most rows, 1-" #hi)

/* What ends every list, and what every quote carries. */
#define OUT_COMPLETE BOOL("complete", REQ | PLAIN, "False: more exists")
#define OUT_ACCOUNT STR("account_id", REQ | PLAIN, "Account")
#define OUT_STATUS \
	ONE_OF("data_status", REQ | PLAIN, DATA_STATUSES, "Quality of the data")
#define OUT_QUALITY                                                  \
	INT("staleness_seconds", 0, 0, 0, "Age of the data now, s"), \
	    ITEMS("warnings", TEXT | PLAIN, FIELD_STRING, "What to mind")

extern const struct field fields_none[];

extern const struct field health_output[];
extern const struct field session_output[];
extern const struct field switch_output[];

extern const struct field account_input[];
extern const struct field accounts_output[];
extern const struct field metadata_output[];
extern const struct field summary_output[];
extern const struct field pnl_daily_output[];
extern const struct field pnl_realtime_output[];
extern const struct field positions_input[];
extern const struct field positions_output[];
extern const struct field portfolio_output[];
extern const struct field transfers_input[];
extern const struct field transfers_output[];

extern const struct field search_input[];
extern const struct field search_output[];
extern const struct field resolve_input[];
extern const struct field resolve_output[];
extern const struct field contract_input[];
extern const struct field snapshot_output[];
extern const struct field bars_input[];
extern const struct field bars_output[];
extern const struct field chain_input[];
extern const struct field chain_output[];
extern const struct field greeks_output[];
extern const struct field depth_output[];
extern const struct field scanner_input[];
extern const struct field scanner_output[];

extern const struct field news_input[];
extern const struct field news_output[];
extern const struct field article_input[];
extern const struct field article_output[];
extern const struct field symbol_input[];
extern const struct field fundamentals_output[];
extern const struct field exchange_input[];
extern const struct field hours_output[];
extern const struct field holidays_input[];
extern const struct field holidays_output[];
extern const struct field rate_input[];
extern const struct field rate_output[];

extern const struct field orders_input[];
extern const struct field orders_output[];
extern const struct field history_input[];
extern const struct field history_output[];
extern const struct field order_input[];
extern const struct field order_output[];
extern const struct field executions_input[];
extern const struct field executions_output[];

extern const struct field limits_output[];
extern const struct field tail_input[];
extern const struct field tail_output[];
extern const struct field export_input[];
extern const struct field export_output[];

extern const struct field preview_input[];
extern const struct field preview_output[];
extern const struct field explain_input[];
extern const struct field explain_output[];
extern const struct field bracket_input[];
extern const struct field bracket_output[];
extern const struct field paper_submit_input[];
extern const struct field cancel_input[];
extern const struct field modify_input[];
extern const struct field bracket_submit_input[];
extern const struct field live_submit_input[];
extern const struct field lifecycle_output[];
extern const struct field group_output[];
extern const struct field approval_input[];
extern const struct field approval_output[];
extern const struct field approval_form_input[];
extern const struct field approval_form_output[];
extern const struct field approvals_input[];
extern const struct field approvals_output[];
extern const struct field approval_show_input[];
extern const struct field approval_show_output[];
extern const struct field approval_revoke_input[];
extern const struct field switch_open_input[];
extern const struct field switch_narrow_input[];
extern const struct field switch_set_output[];
extern const struct field checklist_input[];
extern const struct field checklist_output[];
extern const struct field activate_output[];
extern const struct field clock_input[];
extern const struct field clock_output[];
extern const struct field sweep_input[];
extern const struct field sweep_output[];

extern const struct field pending_input[];
extern const struct field pending_output[];
extern const struct field resolve_open_input[];
extern const struct field resolve_open_output[];
extern const struct field reconcile_output[];

#endif

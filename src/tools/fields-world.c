/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Fields of the tools about what surrounds a market: news, fundamentals,
 * calendars, currencies.
 */

#include "tools/fields.h"

const struct field news_input[] = { IN_SYMBOL, IN_LIMIT(100, "20"), END };

static const struct field news_row[] = {
	STR("article_id", REQ | PLAIN, "Article"),
	LEN("headline", REQ | TEXT, 500, "Untrusted text"),
	LEN("provider", TEXT | PLAIN, 100, "Source"),
	TIME("published_at", PLAIN, "When"),
	END,
};

const struct field news_output[] = {
	STR("symbol", REQ | PLAIN, "Ticker"),
	LIST("articles", REQ | PLAIN, news_row, 100, "Newest first"),
	OUT_COMPLETE,
	END,
};

const struct field article_input[] = {
	PAT("article_id", REQ, "^[A-Za-z0-9$._:-]{1,128}$",
	    "Article id, 1-128 letters, digits or $._:-"),
	END,
};

const struct field article_output[] = {
	STR("article_id", REQ | PLAIN, "Article"),
	LEN("headline", REQ | TEXT, 500, "Untrusted text"),
	LEN("body", TEXT, 100000, "Untrusted text"),
	LEN("provider", TEXT | PLAIN, 100, "Source"),
	TIME("published_at", PLAIN, "When"),
	END,
};

const struct field symbol_input[] = { IN_SYMBOL, END };

const struct field fundamentals_output[] = {
	STR("symbol", REQ | PLAIN, "Ticker"),
	TIME("as_of", PLAIN, "Source time"),
	MAP("fields", REQ | TEXT | PLAIN, FIELD_STRING, "Figures by name"),
	END,
};

#define IN_EXCHANGE \
	PAT("exchange", REQ, EXCHANGE_PATTERN, "Exchange, 1-16 of A-Z 0-9 .")

const struct field exchange_input[] = { IN_EXCHANGE, END };

const struct field hours_output[] = {
	STR("exchange", REQ | PLAIN, "Exchange"),
	BOOL("is_open", REQ | PLAIN, "Regular hours now"),
	TIME("next_open", PLAIN, "Next start"),
	TIME("next_close", PLAIN, "Next end"),
	STR("timezone", PLAIN, "Of the exchange"),
	END,
};

const struct field holidays_input[] = {
	IN_EXCHANGE,
	INT("year", 0, 1970, 2200, "Only this year, 1970-2200"),
	END,
};

static const struct field holiday_row[] = {
	STR("exchange", REQ | PLAIN, "Exchange"),
	DATE("date", REQ | PLAIN, "Closed on"),
	LEN("name", TEXT | PLAIN, 100, "Holiday"),
	END,
};

const struct field holidays_output[] = {
	STR("exchange", REQ | PLAIN, "Exchange"),
	LIST("holidays", REQ | PLAIN, holiday_row, 500, "Earliest first"),
	OUT_COMPLETE,
	END,
};

const struct field rate_input[] = {
	PAT("base", REQ, CURRENCY_PATTERN, "From, 3 capitals"),
	PAT("quote", REQ, CURRENCY_PATTERN, "To, 3 capitals"),
	END,
};

const struct field rate_output[] = {
	STR("base", REQ | PLAIN, "From"),
	STR("quote", REQ | PLAIN, "To"),
	DEC("rate", REQ | PLAIN, "One base in quote"),
	ONE_OF("data_status", PLAIN, DATA_STATUSES, "Quality of the data"),
	TIME("timestamp", PLAIN, "Source time"),
	OUT_QUALITY,
	END,
};

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Fields of the tools about contracts and their markets: search, quotes,
 * bars, options, depth, scanner.
 */

#include "tools/fields.h"

#define IN_NARROW                                                   \
	ONE_OF("asset_class", 0, ASSET_CLASSES, "Only this class"), \
	    PAT("currency", 0, CURRENCY_PATTERN,                    \
		"Only this currency, 3 capitals"),                  \
	    PAT("exchange", 0, EXCHANGE_PATTERN,                    \
		"Only here, 1-16 of A-Z 0-9 .")

const struct field search_input[] = {
	{
	    .name = "query",
	    .type = FIELD_STRING,
	    .flags = REQ,
	    /* anything but control characters, no blank in front */
	    .pattern = "^[^\x01- \x7f][^\x01-\x1f\x7f]{0,63}$",
	    .description = "Ticker or part of a name, 1-64 characters",
	},
	IN_NARROW,
	IN_LIMIT(100, "25"),
	END,
};

#define CANDIDATE_FIELDS                                                \
	STR("contract_id", REQ | PLAIN, "Contract"),                    \
	    LEN("symbol", REQ | TEXT | PLAIN, 64, "Ticker"),            \
	    LEN("description", TEXT | PLAIN, 200, "Contract in words"), \
	    ONE_OF("asset_class", REQ | PLAIN, ASSET_CLASSES, "Class"), \
	    STR("exchange", PLAIN, "Exchange"),                         \
	    STR("currency", PLAIN, "ISO 4217"),                         \
	    BOOL("is_unique_match", REQ, "The only one that fits"),     \
	    DATE("expiration", PLAIN, "Expiry"),                        \
	    DEC("strike", PLAIN, "Strike"),                             \
	    ONE_OF("right", PLAIN, "call put", "Right")

static const struct field candidate_row[] = { CANDIDATE_FIELDS, END };

const struct field search_output[] = {
	LIST("contracts", REQ | PLAIN, candidate_row, 500, "Best match first"),
	OUT_COMPLETE,
	END,
};

const struct field resolve_input[] = { IN_SYMBOL, IN_NARROW, END };

const struct field resolve_output[] = {
	CANDIDATE_FIELDS,
	STR("listing_exchange", PLAIN, "Home exchange"),
	STR("underlying_contract_id", PLAIN, "Underlying"),
	DEC("multiplier", PLAIN, "Units per contract"),
	DEC("price_magnifier", PLAIN, "Divide prices by it"),
	DEC("price_increment", PLAIN, "Tick"),
	DEC("size_increment", PLAIN, "Smallest size step"),
	END,
};

const struct field contract_input[] = { IN_CONTRACT, END };

const struct field snapshot_output[] = {
	STR("contract_id", REQ | PLAIN, "Contract"),
	DEC("bid", PLAIN, "Best bid"),
	DEC("bid_size", PLAIN, "Size there"),
	DEC("ask", PLAIN, "Best ask"),
	DEC("ask_size", PLAIN, "Size there"),
	DEC("last", PLAIN, "Last trade"),
	DEC("last_size", PLAIN, "Its size"),
	DEC("volume", PLAIN, "Today"),
	DEC("prior_close", PLAIN, "Last close"),
	STR("currency", PLAIN, "ISO 4217"),
	BOOL("is_halted", PLAIN, "Trading is halted"),
	BOOL("last_is_close", 0, "last is the prior close"),
	TIME("source_timestamp", PLAIN, "Time at the source"),
	TIME("received_at", REQ | PLAIN, "When it came in"),
	OUT_STATUS,
	OUT_QUALITY,
	END,
};

#define BAR_SIZES \
	"1min 2min 3min 5min 10min 15min 30min 1h 2h 3h 4h 8h 1d 1w 1m"

const struct field bars_input[] = {
	IN_CONTRACT,
	PAT("duration", REQ, "^[1-9][0-9]{0,3}(min|h|d|w|m|y)$",
	    "Span back from now: 1-9999 and min, h, d, w, m or y"),
	ONE_OF("bar_size", REQ, BAR_SIZES, "Span of a bar; 1m is a month"),
	{
	    .name = "outside_rth",
	    .type = FIELD_BOOLEAN,
	    .value = "false",
	    .description = "Also outside regular hours",
	},
	END,
};

static const struct field bar_row[] = {
	TIME("timestamp", REQ | PLAIN, "Start"),
	DEC("open", PLAIN, "Open"),
	DEC("high", PLAIN, "High"),
	DEC("low", PLAIN, "Low"),
	DEC("close", PLAIN, "Close"),
	DEC("volume", PLAIN, "Volume"),
	STR("currency", PLAIN, "ISO 4217"),
	END,
};

const struct field bars_output[] = {
	STR("contract_id", REQ | PLAIN, "Contract"),
	LIST("bars", REQ | PLAIN, bar_row, 1000, "Oldest first"),
	OUT_STATUS,
	ITEMS("warnings", TEXT | PLAIN, FIELD_STRING, "What to mind"),
	OUT_COMPLETE,
	END,
};

const struct field chain_input[] = {
	IN_SYMBOL,
	DATE("expiration", 0, "Only this date, YYYY-MM-DD"),
	ONE_OF("right", 0, "call put", "Only these"),
	DEC("strike_min", 0, "Lowest strike, a decimal"),
	DEC("strike_max", 0, "Highest strike, a decimal"),
	IN_LIMIT(500, "100"),
	END,
};

static const struct field chain_row[] = {
	STR("contract_id", REQ | PLAIN, "Contract"),
	STR("underlying_symbol", REQ | PLAIN, "Underlying"),
	DATE("expiration", REQ | PLAIN, "Expiry"),
	DEC("strike", REQ | PLAIN, "Strike"),
	ONE_OF("right", REQ | PLAIN, "call put", "Right"),
	STR("exchange", PLAIN, "Exchange"),
	DEC("multiplier", PLAIN, "Units per contract"),
	ONE_OF("data_status", PLAIN, DATA_STATUSES, "Quality"),
	END,
};

const struct field chain_output[] = {
	STR("underlying_symbol", REQ | PLAIN, "Underlying"),
	STR("currency", PLAIN, "ISO 4217"),
	LIST("entries", REQ | PLAIN, chain_row, 500, "Options"),
	OUT_STATUS,
	TIME("timestamp", PLAIN, "Source time"),
	OUT_QUALITY,
	OUT_COMPLETE,
	END,
};

const struct field greeks_output[] = {
	STR("contract_id", REQ | PLAIN, "Contract"),
	DEC("delta", PLAIN, "Delta"),
	DEC("gamma", PLAIN, "Gamma"),
	DEC("theta", PLAIN, "Theta"),
	DEC("vega", PLAIN, "Vega"),
	DEC("implied_volatility", PLAIN, "0.28 is 28 %"),
	LEN("model_source", TEXT | PLAIN, 64, "Whose model"),
	OUT_STATUS,
	TIME("timestamp", PLAIN, "Source time"),
	OUT_QUALITY,
	END,
};

static const struct field level_row[] = {
	DEC("price", REQ | PLAIN, "Price"),
	DEC("size", PLAIN, "Size"),
	STR("venue", PLAIN, "Venue"),
	END,
};

const struct field depth_output[] = {
	STR("contract_id", REQ | PLAIN, "Contract"),
	LIST("bids", REQ | PLAIN, level_row, 100, "Best first"),
	LIST("asks", REQ | PLAIN, level_row, 100, "Best first"),
	OUT_STATUS,
	TIME("timestamp", PLAIN, "Source time"),
	OUT_QUALITY,
	END,
};

const struct field scanner_input[] = {
	PAT("scanner_code", REQ, "^[A-Z0-9_]{1,64}$",
	    "Scan such as TOP_PERC_GAIN, 1-64 of A-Z 0-9 _"),
	{
	    .name = "instrument",
	    .type = FIELD_STRING,
	    .pattern = "^[A-Z0-9._]{1,32}$",
	    .value = "\"STK\"",
	    .description = "1-32 of A-Z 0-9 . _",
	},
	{
	    .name = "location",
	    .type = FIELD_STRING,
	    .pattern = "^[A-Z0-9._]{1,64}$",
	    .value = "\"STK.US.MAJOR\"",
	    .description = "1-64 of A-Z 0-9 . _",
	},
	IN_LIMIT(50, "25"),
	END,
};

static const struct field scanner_row[] = {
	INT("rank", REQ | PLAIN, 0, 0, "1 is best"),
	STR("contract_id", REQ | PLAIN, "Contract"),
	LEN("symbol", TEXT | PLAIN, 64, "Ticker"),
	LEN("description", TEXT | PLAIN, 200, "Name"),
	DEC("last", PLAIN, "Last trade"),
	DEC("change_percent", PLAIN, "Change, %"),
	LEN("scan_data", TEXT | PLAIN, 64, "Broker's figure"),
	END,
};

const struct field scanner_output[] = {
	STR("scanner_code", REQ | PLAIN, "Scan"),
	MAP("filters", REQ | TEXT | PLAIN, FIELD_STRING, "What was asked"),
	LIST("results", REQ | PLAIN, scanner_row, 50, "By rank"),
	TIME("snapshot_timestamp", PLAIN, "Source time"),
	OUT_STATUS,
	OUT_QUALITY,
	OUT_COMPLETE,
	END,
};

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The contracts: see contract.h. */

#include "sim/contract.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "sim/num.h"

#define FILLER_FIRST INT64_C(910000100)
#define CENT (NUM_ONE / 100)

#define US_STOCK(id, sym, title, listed, sec)                               \
	{                                                                   \
		.conid = (id), .symbol = (sym), .name = (title),            \
		.type = "STK", .exchange = "SMART", .listing = (listed),    \
		.currency = "USD", .increment = CENT,                       \
		.size_increment = NUM_ONE, .magnifier = 1, .sector = (sec), \
	}
#define OPTION(id, date, price, side)                                      \
	{                                                                  \
		.conid = (id), .symbol = "AAPL", .name = "APPLE INC",      \
		.type = "OPT", .exchange = "SMART", .listing = "AMEX",     \
		.currency = "USD", .increment = CENT,                      \
		.size_increment = NUM_ONE, .multiplier = NUM(100, 0),      \
		.magnifier = 1, .underlying = 265598, .expiry = (date),    \
		.strike = (price), .right = (side), .sector = "Technology" \
	}

static const struct contract contracts[] = {
	US_STOCK(265598, "AAPL", "APPLE INC", "NASDAQ", "Technology"),
	US_STOCK(272093, "MSFT", "MICROSOFT CORP", "NASDAQ", "Technology"),
	US_STOCK(756733, "SPY", "SPDR S&P 500 ETF TRUST", "ARCA", "Funds"),
	US_STOCK(
	    320227571, "QQQ", "INVESCO QQQ TRUST SERIES 1", "NASDAQ", "Funds"),
	US_STOCK(76792991, "TSLA", "TESLA INC", "NASDAQ", "Consumer, Cyclical"),
	US_STOCK(4391, "AMD", "ADVANCED MICRO DEVICES", "NASDAQ", "Technology"),
	US_STOCK(
	    8314, "IBM", "INTL BUSINESS MACHINES CORP", "NYSE", "Technology"),
	US_STOCK(111, "ABC", "ABC HOLDINGS (US)", "NYSE", "Industrial"),
	{ .conid = 222,
	    .symbol = "ABC",
	    .name = "ABC HOLDINGS (EU)",
	    .type = "STK",
	    .exchange = "SMART",
	    .listing = "AEB",
	    .currency = "EUR",
	    .increment = CENT,
	    .size_increment = NUM_ONE,
	    .magnifier = 1,
	    .sector = "Industrial" },
	{ .conid = 14094,
	    .symbol = "BMW",
	    .name = "BAYERISCHE MOTOREN WERKE AG",
	    .type = "STK",
	    .exchange = "SMART",
	    .listing = "IBIS",
	    .currency = "EUR",
	    .increment = 2 * CENT,
	    .size_increment = NUM_ONE,
	    .magnifier = 1,
	    .sector = "Consumer, Cyclical" },
	{ .conid = 1520593,
	    .symbol = "VOD",
	    .name = "VODAFONE GROUP PLC",
	    .type = "STK",
	    .exchange = "LSE",
	    .listing = "LSE",
	    .currency = "GBP",
	    .increment = 2 * CENT,
	    .size_increment = NUM_ONE,
	    .magnifier = 100,
	    .sector = "Communications" },
	{ .conid = 416904,
	    .symbol = "SPX",
	    .name = "S&P 500 STOCK INDEX",
	    .type = "IND",
	    .exchange = "CBOE",
	    .listing = "CBOE",
	    .currency = "USD",
	    .increment = CENT,
	    .size_increment = NUM_ONE,
	    .magnifier = 1 },
	{ .conid = 495512552,
	    .symbol = "ES",
	    .name = "E-mini S&P 500",
	    .type = "FUT",
	    .exchange = "CME",
	    .listing = "CME",
	    .currency = "USD",
	    .increment = 25 * CENT,
	    .size_increment = NUM_ONE,
	    .multiplier = NUM(50, 0),
	    .magnifier = 1,
	    .underlying = 11004968,
	    .expiry = 20261218 },
	{ .conid = 12087792,
	    .symbol = "EUR",
	    .name = "European Monetary Union Euro",
	    .type = "CASH",
	    .exchange = "IDEALPRO",
	    .listing = "IDEALPRO",
	    .currency = "USD",
	    .increment = 5000,
	    .size_increment = CENT,
	    .magnifier = 1 },
	{ .conid = 123456789,
	    .symbol = "US-T",
	    .name = "US-T 4 1/4 11/15/34",
	    .type = "BOND",
	    .exchange = "SMART",
	    .listing = "SMART",
	    .currency = "USD",
	    .increment = 100000,
	    .size_increment = NUM_ONE,
	    .multiplier = NUM(1000, 0),
	    .magnifier = 1,
	    .expiry = 20341115 },
	{ .conid = 479624278,
	    .symbol = "BTC",
	    .name = "BITCOIN",
	    .type = "CRYPTO",
	    .exchange = "PAXOS",
	    .listing = "PAXOS",
	    .currency = "USD",
	    .increment = 25 * CENT,
	    .size_increment = 1,
	    .magnifier = 1 },
	OPTION(700001, 20260619, NUM(200, 0), "C"),
	OPTION(700002, 20260619, NUM(200, 0), "P"),
	OPTION(700003, 20260619, NUM(210, 0), "C"),
	OPTION(700004, 20260619, NUM(210, 0), "P"),
	OPTION(700005, 20260918, NUM(200, 0), "C"),
	OPTION(700006, 20260918, NUM(202, 50), "P"),
};

/* Stocks that only fill pages: conid 910000100 is ZZ100, and so on. */
#define FILLER(n)                                                      \
	US_STOCK(910000000 + n, "ZZ" #n, "FILLER " #n " CORP", "NYSE", \
	    "Industrial")
#define TEN(n)                                                                \
	FILLER(n##0), FILLER(n##1), FILLER(n##2), FILLER(n##3), FILLER(n##4), \
	    FILLER(n##5), FILLER(n##6), FILLER(n##7), FILLER(n##8),           \
	    FILLER(n##9)
#define HUNDRED(n)                                                        \
	TEN(n##0), TEN(n##1), TEN(n##2), TEN(n##3), TEN(n##4), TEN(n##5), \
	    TEN(n##6), TEN(n##7), TEN(n##8), TEN(n##9)

static const struct contract fillers[CONTRACT_FILLERS] = {
	HUNDRED(1),
	HUNDRED(2),
	HUNDRED(3),
};

const struct contract *
contract_at(size_t index)
{
	return index < ARRAY_COUNT(contracts) ? &contracts[index] : NULL;
}

const struct contract *
contract_filler(size_t index)
{
	return index < CONTRACT_FILLERS ? &fillers[index] : NULL;
}

const struct contract *
contract_find(int64_t conid)
{
	for (size_t i = 0; i < ARRAY_COUNT(contracts); i++)
		if (contracts[i].conid == conid)
			return &contracts[i];
	if (conid < FILLER_FIRST)
		return NULL;
	return contract_filler((size_t)(conid - FILLER_FIRST));
}

const struct contract *
contract_parse(const char *text)
{
	char *end;
	long long conid = strtoll(text, &end, 10);

	if (end == text || (*end != '\0' && *end != '@' && *end != ':'))
		return NULL;
	return contract_find(conid);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Quotes: see market.h. */

#include "sim/market.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "sim/num.h"

static const struct {
	int64_t conid;
	const char *bid, *ask, *last, *prior;
	int bid_size, ask_size, last_size, volume;
	const char *availability;
	char flag;
} quotes_at_start[] = {
	{ 265598, "199.50", "199.60", "199.55", "197.95", 300, 500, 100,
	    1203441, "RpB", 0 },
	{ 272093, "415.10", "415.30", "415.22", "413.80", 200, 200, 50, 800112,
	    "DpB", 0 },
	{ 756733, "655.18", "655.22", "655.20", "652.01", 1200, 900, 10,
	    40112233, "RpB", 0 },
	{ 320227571, "520.10", "520.30", "520.20", "519.00", 100, 100, 1, 0,
	    "ZpB", 0 },
	{ 76792991, NULL, NULL, NULL, NULL, 0, 0, 0, 0, "N", 0 },
	{ 4391, NULL, NULL, "161.05", "160.20", 0, 0, 100, 91210, "RpB", 'H' },
	{ 8314, NULL, NULL, "240.12", "240.12", 0, 0, 0, 0, "RpB", 'C' },
	{ 14094, "81.20", "81.24", "81.22", "80.90", 400, 350, 20, 512001,
	    "DpB", 0 },
	{ 1520593, "7012", "7016", "7014", "6998", 900, 800, 10, 3200114, "RpB",
	    0 },
	{ 416904, NULL, NULL, "6552.10", "6520.10", 0, 0, 0, 0, "RpB", 0 },
	{ 495512552, "6012.00", "6012.25", "6012.25", "6001.50", 41, 17, 1,
	    912334, "RpB", 0 },
	{ 12087792, "1.08725", "1.08735", NULL, "1.0851", 1000000, 2500000, 0,
	    0, "RpB", 0 },
	{ 123456789, "98.700", "98.800", "98.750", "98.700", 50, 40, 5, 100,
	    "DpB", 0 },
	{ 479624278, "67249.75", "67250.25", "67250.00", "66000.00", 2, 3, 1,
	    1200, "RpB", 0 },
	{ 700001, "12.30", "12.40", "12.35", "11.80", 12, 9, 1, 812, "RpB", 0 },
	{ 700002, "11.90", "12.05", "12.00", "12.40", 8, 7, 1, 410, "RpB", 0 },
	{ 700003, "8.10", "8.20", "8.15", "7.90", 10, 10, 1, 77, "RpB", 0 },
	{ 700004, "17.60", "17.80", "17.70", "18.00", 10, 10, 1, 12, "RpB", 0 },
	{ 700005, "16.20", "16.40", "16.30", "15.90", 10, 10, 1, 33, "RpB", 0 },
	{ 700006, "14.00", "14.20", "14.10", "14.60", 10, 10, 1, 5, "RpB", 0 },
	{ 111, "10.00", "10.02", "10.01", "9.95", 100, 100, 100, 5000, "RpB",
	    0 },
	{ 222, NULL, NULL, "9.20", "9.18", 0, 0, 10, 400, "RpB", 0 },
};

static int64_t
price(const char *text)
{
	int64_t num = NO_PRICE;

	if (text)
		(void)num_parse(text, &num);
	return num;
}

int
market_init(struct market *market)
{
	for (size_t i = 0; i < ARRAY_COUNT(quotes_at_start); i++) {
		struct quote *quote =
		    market_get(market, contract_find(quotes_at_start[i].conid));

		if (!quote)
			return -1;
		quote->bid = price(quotes_at_start[i].bid);
		quote->ask = price(quotes_at_start[i].ask);
		quote->last = price(quotes_at_start[i].last);
		quote->prior = price(quotes_at_start[i].prior);
		quote->bid_size = NUM(quotes_at_start[i].bid_size, 0);
		quote->ask_size = NUM(quotes_at_start[i].ask_size, 0);
		quote->last_size = NUM(quotes_at_start[i].last_size, 0);
		quote->volume = NUM(quotes_at_start[i].volume, 0);
		quote->flag = quotes_at_start[i].flag;
		(void)memccpy(quote->availability,
		    quotes_at_start[i].availability, '\0',
		    sizeof quote->availability - 1);
	}
	return 0;
}

void
market_fini(struct market *market)
{
	free(market->list);
	market->list = NULL;
	market->count = 0;
}

struct quote *
market_find(struct market *market, const struct contract *of)
{
	for (size_t i = 0; i < market->count; i++)
		if (market->list[i].contract == of)
			return &market->list[i];
	return NULL;
}

struct quote *
market_get(struct market *market, const struct contract *of)
{
	struct quote *quote = market_find(market, of);

	if (quote)
		return quote;
	quote = reallocarray(market->list, market->count + 1, sizeof *quote);
	if (!quote)
		return NULL;
	market->list = quote;
	quote += market->count++;
	*quote = (struct quote){ .contract = of,
		.bid = NO_PRICE,
		.ask = NO_PRICE,
		.last = NO_PRICE,
		.prior = NO_PRICE,
		.availability = "RpB" };
	return quote;
}

int64_t
market_mark(const struct market *market, const struct contract *of)
{
	for (size_t i = 0; i < market->count; i++) {
		const struct quote *quote = &market->list[i];

		if (quote->contract != of)
			continue;
		if (quote->last != NO_PRICE)
			return quote->last;
		if (quote->bid != NO_PRICE && quote->ask != NO_PRICE)
			return (quote->bid + quote->ask) / 2;
	}
	return NO_PRICE;
}

static const struct {
	const char *name;
	size_t at;
} members[] = {
	{ "bid", offsetof(struct quote, bid) },
	{ "ask", offsetof(struct quote, ask) },
	{ "last", offsetof(struct quote, last) },
	{ "prior_close", offsetof(struct quote, prior) },
	{ "bid_size", offsetof(struct quote, bid_size) },
	{ "ask_size", offsetof(struct quote, ask_size) },
	{ "last_size", offsetof(struct quote, last_size) },
	{ "volume", offsetof(struct quote, volume) },
};

static int
set_member(
    struct quote *quote, size_t i, struct json_object *value, struct err *err)
{
	int64_t *to = (int64_t *)(void *)((char *)quote + members[i].at);
	int64_t num = NO_PRICE;

	if (value && (!num_from_json(value, true, &num) || num < 0))
		return err_set(err, ERR_INPUT_INVALID,
		    "%s: expected a number or null, got '%s'", members[i].name,
		    json_object_get_string(value));
	*to = num;
	return 0;
}

int
quote_set(struct quote *quote, struct json_object *spec, int64_t now_ms,
    struct err *err)
{
	const char *availability = json_get_str(spec, "availability", NULL);

	for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
		struct json_object *value;

		if (json_object_object_get_ex(spec, members[i].name, &value) &&
		    set_member(quote, i, value, err))
			return IAG_INVAL;
	}
	if (availability && strlen(availability) < sizeof quote->availability)
		(void)memccpy(quote->availability, availability, '\0',
		    sizeof quote->availability);
	if (json_get(spec, "flag"))
		quote->flag = *json_get_str(spec, "flag", "");
	quote->updated_ms = now_ms;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Snapshots and their subscriptions: cpapi.md sections 7 and 8. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "sim/num.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/value.h"
#include "sim/world.h"

#define CONIDS_MAX 100
#define FIELDS_MAX 50
#define FRESH_MS 1000
#define DELAYED_MS 900000

/* One row on its way: what was asked for, and what is known. */
struct row {
	struct buf *out;
	const struct quote *quote;
	const struct contract *contract;
};

/* A field as a JSON value; nothing written: there is no data. */
struct field {
	const char *code;
	void (*write)(const struct row *row, struct buf *value);
};

static void
price(struct buf *value, int64_t num)
{
	if (num == NO_PRICE)
		return;
	buf_char(value, '"');
	value_grouped(value, num, 2);
	buf_char(value, '"');
}

static void
size(struct buf *value, int64_t num)
{
	if (num < 0)
		return;
	buf_char(value, '"');
	value_grouped(value, num, 0);
	buf_char(value, '"');
}

static void
word(struct buf *value, const char *text)
{
	if (text)
		pack(value, "%s", text);
}

static void
last(const struct row *row, struct buf *value)
{
	const struct quote *quote = row->quote;

	if (quote->last == NO_PRICE)
		return;
	buf_char(value, '"');
	if (quote->flag)
		buf_char(value, quote->flag);
	value_grouped(value, quote->last, 2);
	buf_char(value, '"');
}

static void
bid(const struct row *row, struct buf *value)
{
	price(value, row->quote->bid);
}

static void
ask(const struct row *row, struct buf *value)
{
	price(value, row->quote->ask);
}

static void
bid_size(const struct row *row, struct buf *value)
{
	if (row->quote->bid != NO_PRICE)
		size(value, row->quote->bid_size);
}

static void
ask_size(const struct row *row, struct buf *value)
{
	if (row->quote->ask != NO_PRICE)
		size(value, row->quote->ask_size);
}

static void
last_size(const struct row *row, struct buf *value)
{
	if (row->quote->last != NO_PRICE)
		size(value, row->quote->last_size);
}

/* 1203441 is "1.20M", 80011 is "80.0K" */
static void
volume(const struct row *row, struct buf *value)
{
	int64_t shares = row->quote->volume / NUM_ONE;

	if (shares <= 0)
		return;
	buf_char(value, '"');
	if (shares >= 1000000) {
		num_write(value, shares / 10000 * (NUM_ONE / 100), 2);
		buf_char(value, 'M');
	} else if (shares >= 10000) {
		num_write(value, shares / 100 * (NUM_ONE / 10), 1);
		buf_char(value, 'K');
	} else {
		value_grouped(value, shares * NUM_ONE, 0);
	}
	buf_char(value, '"');
}

static void
volume_exact(const struct row *row, struct buf *value)
{
	if (row->quote->volume > 0)
		pack(value, "'%l'", row->quote->volume / NUM_ONE);
}

static void
prior(const struct row *row, struct buf *value)
{
	price(value, row->quote->prior);
}

static int64_t
change_of(const struct quote *quote)
{
	if (quote->last == NO_PRICE || quote->prior == NO_PRICE)
		return 0;
	return quote->last - quote->prior;
}

static void
change(const struct row *row, struct buf *value)
{
	int64_t num = change_of(row->quote);

	if (num == 0)
		return;
	buf_str(value, num > 0 ? "\"+" : "\"");
	num_write(value, num, 2);
	buf_char(value, '"');
}

static void
change_percent(const struct row *row, struct buf *value)
{
	int64_t num = change_of(row->quote);

	if (num == 0)
		return;
	num = num_div(num * 100, row->quote->prior);
	buf_char(value, '"');
	num_write(value, num / (NUM_ONE / 100) * (NUM_ONE / 100), 2);
	buf_str(value, "%\"");
}

static void
high(const struct row *row, struct buf *value)
{
	if (row->quote->last != NO_PRICE)
		price(value, row->quote->last + row->contract->increment * 50);
}

static void
low(const struct row *row, struct buf *value)
{
	if (row->quote->last != NO_PRICE)
		price(value, row->quote->last - row->contract->increment * 75);
}

static void
mark(const struct row *row, struct buf *value)
{
	const struct quote *quote = row->quote;

	if (quote->bid != NO_PRICE && quote->ask != NO_PRICE)
		price(value, (quote->bid + quote->ask) / 2);
}

static void
symbol(const struct row *row, struct buf *value)
{
	word(value, row->contract->symbol);
}

static void
company(const struct row *row, struct buf *value)
{
	word(value, row->contract->name);
}

static void
exchange(const struct row *row, struct buf *value)
{
	word(value, row->contract->exchange);
}

static void
listing(const struct row *row, struct buf *value)
{
	word(value, row->contract->listing);
}

static void
type(const struct row *row, struct buf *value)
{
	word(value, row->contract->type);
}

static void
conid(const struct row *row, struct buf *value)
{
	pack(value, "%l", row->contract->conid);
}

static void
underlying(const struct row *row, struct buf *value)
{
	if (row->contract->underlying)
		pack(value, "%l", row->contract->underlying);
}

static void
conid_exchange(const struct row *row, struct buf *value)
{
	pack(value, "'%l@%r'", row->contract->conid, row->contract->exchange);
}

static void
yes(const struct row *row, struct buf *value)
{
	(void)row;
	buf_str(value, "\"1\"");
}

static void
right(const struct row *row, struct buf *value)
{
	word(value, row->contract->right);
}

static void
expiry(const struct row *row, struct buf *value)
{
	if (row->contract->expiry)
		pack(value, "'%d'", row->contract->expiry);
}

static void
availability(const struct row *row, struct buf *value)
{
	word(value, row->quote->availability);
}

static void
greek(
    const struct row *row, struct buf *value, const char *call, const char *put)
{
	if (row->contract->right)
		word(value, *row->contract->right == 'C' ? call : put);
}

static void
delta(const struct row *row, struct buf *value)
{
	greek(row, value, "0.540", "-0.460");
}

static void
gamma_of(const struct row *row, struct buf *value)
{
	greek(row, value, "0.030", "0.030");
}

static void
theta(const struct row *row, struct buf *value)
{
	greek(row, value, "-0.080", "-0.070");
}

static void
vega(const struct row *row, struct buf *value)
{
	greek(row, value, "0.120", "0.120");
}

static void
volatility(const struct row *row, struct buf *value)
{
	greek(row, value, "28.0%", "27.4%");
}

/* Of companies alone, and made up. */
static void
figure(const struct row *row, struct buf *value, const char *text)
{
	if (strcmp(row->contract->type, "STK") == 0)
		word(value, text);
}

#define FIGURE(name, text)                                         \
	static void name(const struct row *row, struct buf *value) \
	{                                                          \
		figure(row, value, text);                          \
	}

FIGURE(industry, "Computers")
FIGURE(category, "Computers-Hardware")
FIGURE(dividend, "1.04")
FIGURE(dividend_yield, "0.52%")
FIGURE(ex_date, "20260810")
FIGURE(capital, "3,050B")
FIGURE(price_earnings, "28.4")
FIGURE(earnings, "7.02")
FIGURE(beta, "1.21")
FIGURE(year_high, "288.62")
FIGURE(year_low, "169.21")

static const struct field fields[] = {
	{ "7280", industry },
	{ "7281", category },
	{ "7286", dividend },
	{ "7287", dividend_yield },
	{ "7288", ex_date },
	{ "7289", capital },
	{ "7290", price_earnings },
	{ "7291", earnings },
	{ "7718", beta },
	{ "7293", year_high },
	{ "7294", year_low },
	{ "31", last },
	{ "84", bid },
	{ "86", ask },
	{ "88", bid_size },
	{ "85", ask_size },
	{ "7059", last_size },
	{ "87", volume },
	{ "7762", volume_exact },
	{ "82", change },
	{ "83", change_percent },
	{ "70", high },
	{ "71", low },
	{ "7295", prior },
	{ "7296", prior },
	{ "7741", prior },
	{ "7635", mark },
	{ "55", symbol },
	{ "58", company },
	{ "7051", company },
	{ "7219", company },
	{ "7220", company },
	{ "6004", exchange },
	{ "7221", listing },
	{ "6070", type },
	{ "6008", conid },
	{ "6457", underlying },
	{ "7094", conid_exchange },
	{ "7184", yes },
	{ "7768", yes },
	{ "201", right },
	{ "6073", expiry },
	{ "7714", expiry },
	{ "6509", availability },
	{ "7308", delta },
	{ "7309", gamma_of },
	{ "7310", theta },
	{ "7311", vega },
	{ "7633", volatility },
	{ "7283", volatility },
};

static void
add_field(const struct row *row, const char *code, size_t len)
{
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
		struct buf value CLEANUP_BUF = BUF_INIT;

		if (strlen(fields[i].code) != len ||
		    strncmp(fields[i].code, code, len) != 0)
			continue;
		fields[i].write(row, &value);
		if (value.len > 0)
			pack(row->out, ",%s:%r", fields[i].code,
			    buf_text(&value));
	}
}

/* When the quote was made; those that nobody has set are always fresh. */
static int64_t
updated(const struct call *call, const struct quote *quote)
{
	if (quote->updated_ms)
		return quote->updated_ms;
	return call->now_ms -
	       (*quote->availability == 'R' ? FRESH_MS : DELAYED_MS);
}

/* The row's head, and its fields if they have arrived. */
static void
pack_row(struct call *call, const char *conidex, size_t len,
    const struct quote *quote, const char *asked, bool warm)
{
	struct buf *out = &call->reply->body;
	struct row row = { out, quote, quote->contract };

	pack_item(out, "{'conid':%l,'conidEx':'", quote->contract->conid);
	buf_add(out, conidex, len);
	buf_char(out, '"');
	if (warm)
		pack(out, ",'_updated':%l,'server_id':'q0','6119':'q0'",
		    updated(call, quote));
	while (warm && asked && *asked) {
		size_t width = strcspn(asked, ",");

		add_field(&row, asked, width);
		asked += width + (asked[width] == ',');
	}
	buf_char(out, '}');
}

/* The first ask is a subscription only. */
static bool
is_warm(struct call *call, struct quote *quote)
{
	const struct sim *sim = call->sim;

	if (quote->subscribed != sim->session.serial) {
		quote->subscribed = sim->session.serial;
		quote->subscribed_ms = call->now_ms;
		return false;
	}
	return call->now_ms >= quote->subscribed_ms + sim->warm_ms &&
	       (!quote->contract->right || sim_was_asked(sim, COLD_SEARCH));
}

static size_t
count_items(const char *list)
{
	size_t count = *list != '\0';

	for (; *list; list++)
		count += *list == ',';
	return count;
}

static void
snapshot(struct call *call)
{
	const char *conids = call_param(call, "conids");
	const char *asked = call_param(call, "fields");

	if (!conids || count_items(conids) > CONIDS_MAX ||
	    (asked && count_items(asked) > FIELDS_MAX)) {
		call_known(call, KNOWN_BAD_REQUEST);
		return;
	}
	call_pack(call, "[");
	while (*conids) {
		char text[64] = "";
		size_t len = strcspn(conids, ",");
		const struct contract *contract = NULL;
		struct quote *quote = NULL;

		if (len < sizeof text) {
			memcpy(text, conids, len);
			contract = contract_parse(text);
		}
		if (contract && strspn(text, "0123456789@ABCDEFGHIJKLMNOPQR"
					     "STUVWXYZ") == len)
			quote = market_get(&call->sim->market, contract);
		if (quote)
			pack_row(call, text, len, quote, asked,
			    is_warm(call, quote));
		conids += len + (conids[len] == ',');
	}
	call_pack(call, "]");
}

static void
pack_closed(struct call *call, const struct contract *contract)
{
	struct quote *quote =
	    contract ? market_find(&call->sim->market, contract) : NULL;

	if (!quote || quote->subscribed != call->sim->session.serial) {
		call_known(call, KNOWN_UNKNOWN);
		return;
	}
	quote->subscribed = 0;
	call_pack(call, "{'success':true}");
}

static void
unsubscribe(struct call *call)
{
	pack_closed(call, contract_find(json_get_int(call->body, "conid", 0)));
}

static void
unsubscribe_named(struct call *call)
{
	pack_closed(call, contract_parse(call->segments[0]));
}

static void
unsubscribe_all(struct call *call)
{
	for (size_t i = 0; i < call->sim->market.count; i++)
		call->sim->market.list[i].subscribed = 0;
	call_pack(call, "{'unsubscribed':true}");
}

#define NEEDS (NEED_OUTER | NEED_BROKER)

static const struct route routes[] = {
	{ "GET", "/iserver/marketdata/snapshot", NEED_TRADING, snapshot },
	{ "POST", "/iserver/marketdata/unsubscribe", NEEDS | NEED_BODY,
	    unsubscribe },
	{ "GET", "/iserver/marketdata/unsubscribeall", NEEDS, unsubscribe_all },
	{ "GET", "/iserver/marketdata/{}/unsubscribe", NEEDS,
	    unsubscribe_named },
};
const struct family market_family = { routes, ARRAY_COUNT(routes) };

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The trades of the last days: cpapi.md section 11. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "sim/num.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/world.h"

#define DAY_MS INT64_C(86400000)
#define DAYS_MAX 7

/* "20260709-17:28:11" */
static void
trade_time(struct buf *out, int64_t at_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format((uint64_t)at_ms * NS_PER_MS, text);
	buf_printf(
	    out, "%.4s%.2s%.2s-%.8s", text, text + 5, text + 8, text + 11);
}

static void
write_trade(struct buf *out, const struct trade *trade)
{
	const struct order *order = trade->order;
	const struct contract *contract = order->contract;
	struct buf time CLEANUP_BUF = BUF_INIT;
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct buf size CLEANUP_BUF = BUF_INIT;

	trade_time(&time, trade->at_ms);
	num_write(&size, trade->quantity, 0);
	buf_printf(
	    &text, "%s %s @ ", order->buy ? "Bot" : "Sold", buf_text(&size));
	num_write(&text, trade->price, 2);
	buf_printf(&text, " on %s", contract->listing);
	pack_item(out,
	    "{'execution_id':%s,'symbol':%s,'supports_tax_opt':'1',"
	    "'side':%s,'order_description':%s,",
	    trade->id, contract->symbol, order->buy ? "B" : "S",
	    buf_text(&text));
	pack(out, "'trade_time':%s,'trade_time_r':%l,'size':%n,'price':%m,",
	    buf_text(&time), trade->at_ms, trade->quantity, trade->price);
	if (order->coid)
		pack(out, "'order_ref':%s,", order->coid);
	pack(out,
	    "'submitter':'simuser','exchange':%s,'commission':%q,"
	    "'net_amount':%n,'account':%s,'accountCode':%s,",
	    contract->listing, trade->commission,
	    account_value(contract, trade->quantity, trade->price),
	    order->account->id, order->account->id);
	pack(out,
	    "'account_allocation_name':%s,'company_name':%s,"
	    "'contract_description_1':%s,'sec_type':%s,"
	    "'listing_exchange':%s,'conid':%l,'conidEx':'%l',",
	    order->account->id, contract->name, contract->symbol,
	    contract->type, contract->listing, contract->conid,
	    contract->conid);
	pack(out,
	    "'open_close':'?"
	    "?"
	    "?','clearing_id':'IB','clearing_name':'IB',"
	    "'liquidation_trade':'0','is_event_trading':'0','order_id':%l}",
	    order->id);
}

static void
trades(struct call *call)
{
	const struct sim *sim = call->sim;
	const char *account = call_param(call, "accountId");
	const char *text = call_param(call, "days");
	long days = text ? strtol(text, NULL, 10) : 1;

	if (days < 1 || days > DAYS_MAX)
		days = days < 1 ? 1 : DAYS_MAX;

	if (sim_is_first(call->sim, COLD_TRADES)) {
		call_pack(call, "[]");
		return;
	}
	call_pack(call, "[");
	for (size_t i = sim->book.trade_count; i > 0; i--) {
		const struct trade *trade = &sim->book.trades[i - 1];

		if (trade->order->account->live == sim->session.live &&
		    (!account ||
			strcmp(trade->order->account->id, account) == 0) &&
		    trade->at_ms > call->now_ms - days * DAY_MS)
			write_trade(&call->reply->body, trade);
	}
	call_pack(call, "]");
}

static const struct route routes[] = {
	{ "GET", "/iserver/account/trades", NEED_OUTER | NEED_BROKER, trades },
};
const struct family trade_family = { routes, ARRAY_COUNT(routes) };

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Portfolio analyst and previews of orders: cpapi.md sections 10 and 11. */

#include <string.h>

#include "base/cleanup.h"
#include "sim/num.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/ticket.h"
#include "sim/value.h"
#include "sim/world.h"

/* The first account that the body names; NULL after answering. */
static const struct account *
asked(struct call *call)
{
	struct json_object *ids = json_get(call->body, "acctIds");
	const struct account *account = NULL;
	const char *id = NULL;

	if (json_object_is_type(ids, json_type_array))
		id = json_object_get_string(json_object_array_get_idx(ids, 0));
	if (id)
		account = account_find(
		    &call->sim->accounts, id, call->sim->session.live);
	if (!account)
		call_known(call, KNOWN_BAD_REQUEST);
	return account;
}

static void
transactions(struct call *call)
{
	const struct account *account = asked(call);
	struct json_object *conids = json_get(call->body, "conids");
	const struct contract *contract = NULL;

	if (!account)
		return;
	if (json_object_is_type(conids, json_type_array))
		contract = contract_find(json_object_get_int64(
		    json_object_array_get_idx(conids, 0)));
	if (!contract || !json_get_str(call->body, "currency", NULL)) {
		call_known(call, KNOWN_BAD_REQUEST);
		return;
	}
	call_pack(call,
	    "{'rc':0,'nd':%l,'rpnl':{'data':[{'date':'20260331','cur':%s,"
	    "'fxRate':1,'side':'G','acctid':%s,'amt':'12.25','conid':'%l'}],"
	    "'amt':'12.25'},'currency':%s,'from':1774915200000,"
	    "'to':%l,'id':'getTransactions','includesRealTime':true,",
	    json_get_int(call->body, "days", 90), contract->currency,
	    account->id, contract->conid, contract->currency, call->now_ms);
	call_pack(call,
	    "'transactions':[{'date':'Tue Mar 31 00:00:00 EDT 2026',"
	    "'rawDate':'20260331','cur':%s,'fxRate':1,'pr':185.0,'qty':10,"
	    "'acctid':%s,'amt':-1850.0,'conid':%l,'type':'Buy','desc':%s}]}",
	    contract->currency, account->id, contract->conid, contract->name);
}

static void
performance(struct call *call)
{
	const struct account *account = asked(call);
	int64_t net;

	if (!account)
		return;
	net = value_net(call->sim, account);
	call_pack(call,
	    "{'currencyType':'base','rc':0,'nav':{'data':[{'idType':"
	    "'acctid','navs':[%n,%n],'start':'20260105','end':'20260106',"
	    "'id':%s,'startNAV':{'date':'20260102','val':%n},"
	    "'baseCurrency':%s}],'freq':'D','dates':['20260105',"
	    "'20260106']},'nd':2,",
	    net, net, account->id, net, account->currency);
	call_pack(call,
	    "'cps':{'data':[{'idType':'acctid','start':'20260105','end':"
	    "'20260106','returns':[0.0,0.001],'id':%s,'baseCurrency':%s}],"
	    "'freq':'D','dates':['20260105','20260106']},'tpps':{'data':[],"
	    "'freq':'M','dates':['202601']},'id':'getPerformanceData',"
	    "'included':[%s],'pm':'TWR'}",
	    account->id, account->currency, account->id);
}

static void
all_periods(struct call *call)
{
	const struct account *account = asked(call);

	if (!account)
		return;
	call_pack(call,
	    "{'currencyType':'base','rc':0,'view':[%s],'nd':2,%s:{"
	    "'lastSuccessfulUpdate':'2026-01-06 04:00:00','start':'20260105',"
	    "'1D':{'nav':[%n],'cps':[0.001],'freq':'D','dates':['20260106'],"
	    "'startNAV':{'date':'20260105','val':%n}},'periods':['1D'],"
	    "'baseCurrency':%s},'id':'getPerformanceAllPeriods',"
	    "'included':[%s],'pm':'TWR'}",
	    account->id, account->id, value_net(call->sim, account),
	    value_net(call->sim, account), account->currency, account->id);
}

/* "1,977.60 USD" */
static void
money(struct buf *out, int64_t num, const char *currency)
{
	value_grouped(out, num, 2);
	buf_printf(out, " %s", currency);
}

static void
pack_change(struct call *call, const char *name, int64_t now, int64_t change)
{
	struct buf from CLEANUP_BUF = BUF_INIT;
	struct buf by CLEANUP_BUF = BUF_INIT;
	struct buf to CLEANUP_BUF = BUF_INIT;

	value_grouped(&from, now / NUM_ONE * NUM_ONE, 0);
	value_grouped(&by, change / NUM_ONE * NUM_ONE, 0);
	value_grouped(&to, (now + change) / NUM_ONE * NUM_ONE, 0);
	call_pack(call, "'%r':{'current':%s,'change':%s,'after':%s},", name,
	    buf_text(&from), buf_text(&by), buf_text(&to));
}

static int64_t
held(const struct order *order)
{
	const struct account *account = order->account;

	for (size_t i = 0; i < account->position_count; i++)
		if (account->positions[i].contract == order->contract)
			return account->positions[i].quantity;
	return 0;
}

static void
pack_preview(struct call *call, const struct order *order)
{
	const struct contract *contract = order->contract;
	int64_t mark = market_mark(&call->sim->market, contract);
	int64_t price = order->has_price ? order->price : mark;
	int64_t value = account_value(contract, order->quantity, price);
	int64_t net = value_net(call->sim, order->account);
	int64_t margin = net - order->account->available;
	struct buf amount CLEANUP_BUF = BUF_INIT;
	struct buf total CLEANUP_BUF = BUF_INIT;

	money(&amount, value, contract->currency);
	buf_str(&amount, " (");
	num_write(&amount, order->quantity, 0);
	buf_str(&amount, " Shares)");
	money(&total, order->buy ? value + NUM_ONE : value - NUM_ONE,
	    contract->currency);
	call_pack(call,
	    "{'amount':{'amount':%s,'commission':'1 %r','total':%s},",
	    buf_text(&amount), contract->currency, buf_text(&total));
	pack_change(call, "equity", net, -NUM_ONE);
	pack_change(call, "initial", margin, value / 4);
	pack_change(call, "maintenance", margin / 10 * 9, value / 40 * 9);
	pack_change(call, "position", held(order),
	    order->buy ? order->quantity : -order->quantity);
	call_pack(call, "'warn':%s,'error':%s}",
	    mark == NO_PRICE ? "21/You are trying to submit an order without "
			       "having market data for this instrument."
			     : NULL,
	    order->buy && value > order->account->buying_power
		? "Your order is not accepted: the equity does not suffice."
		: NULL);
}

static void
preview(struct call *call)
{
	struct account *account = call_account(call);
	struct json_object *tickets = json_get(call->body, "orders");
	struct refusal refusal CLEANUP_REFUSAL = REFUSAL_INIT;
	struct order order CLEANUP(order_fini) = { .id = 0 };

	if (!json_object_is_type(tickets, json_type_array) ||
	    json_object_array_length(tickets) == 0) {
		call_error(call, 400, "Bad Request: no orders");
		return;
	}
	if (!ticket_parse(json_object_array_get_idx(tickets, 0), account,
		&order, &refusal, &call->sim->strangers)) {
		call_error(call, refusal.status, "%s", buf_text(&refusal.text));
		return;
	}
	if (!order.has_price &&
	    market_mark(&call->sim->market, order.contract) == NO_PRICE)
		call_error(call, 200,
		    "No market data: ask for a snapshot of the contract first");
	else
		pack_preview(call, &order);
}

#define NEEDS (NEED_OUTER | NEED_BODY)

static const struct route routes[] = {
	{ "POST", "/pa/transactions", NEEDS, transactions },
	{ "POST", "/pa/performance", NEEDS, performance },
	{ "POST", "/pa/allperiods", NEEDS, all_periods },
	{ "POST", "/pa/summary", NEEDS, all_periods },
	{ "POST", "/iserver/account/{}/orders/whatif",
	    NEED_TRADING | NEED_ACCOUNT | NEED_BODY, preview },
};
const struct family analyst_family = { routes, ARRAY_COUNT(routes) };

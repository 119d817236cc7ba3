/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* /iserver/account and its like: cpapi.md section 5. */

#include <string.h>

#include "base/cleanup.h"
#include "sim/num.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/value.h"
#include "sim/world.h"

#define FEATURES                                                            \
	"'allowFeatures':{'showGFIS':true,'showEUCostReport':false,"        \
	"'allowEventContract':true,'allowFXConv':true,"                     \
	"'allowFinancialLens':false,'allowMTA':true,'allowTypeAhead':true," \
	"'allowEventTrading':true,'snapshotRefreshTimeout':30,"             \
	"'liteUser':false,'showWebNews':true,'research':true,"              \
	"'debugPnl':true,'showTaxOpt':true,'showImpactDashboard':true,"     \
	"'allowDynAccount':false,'allowCrypto':false,"                      \
	"'allowedAssetTypes':'STK,CFD,OPT,FOP,WAR,FUT,BAG,PDC,CASH,IND,"    \
	"BOND,BILL,FUND,SLB,News,CMDTY,IOPT,ICU,ICS,PHYSS,CRYPTO'}"
#define CHARTS                                                       \
	"'chartPeriods':{'STK':['*'],'CFD':['*'],'OPT':['2h','1d']," \
	"'FOP':['2h','1d'],'WAR':['*'],'IOPT':['*'],'FUT':['*'],"    \
	"'CASH':['*'],'IND':['*'],'BOND':['*'],'FUND':['*'],"        \
	"'CMDTY':['*'],'PHYSS':['*'],'CRYPTO':['*']}"
#define PROPERTIES                                              \
	"{'hasChildAccounts':false,'supportsCashQty':false,"    \
	"'liteUnderPro':false,'noFXConv':false,'isProp':false," \
	"'supportsFractions':false,'allowCustomerTime':false,'autoFx':false}"

static bool
is_seen(const struct call *call, size_t i)
{
	return call->sim->accounts.list[i].live == call->sim->session.live;
}

static void
accounts(struct call *call)
{
	struct sim *sim = call->sim;
	struct buf ids CLEANUP_BUF = BUF_INIT;
	struct buf properties CLEANUP_BUF = BUF_INIT;
	struct buf aliases CLEANUP_BUF = BUF_INIT;

	for (size_t i = 0; i < ACCOUNT_COUNT; i++) {
		const struct account *account = &sim->accounts.list[i];

		if (!is_seen(call, i))
			continue;
		pack_item(&ids, "%s", account->id);
		pack_item(&properties, "%s:" PROPERTIES, account->id);
		pack_item(&aliases, "%s:%s", account->id,
		    account->alias ? account->alias : account->id);
	}
	sim->session.primed = true;
	call_pack(call,
	    "{'accounts':[%r],'acctProps':{%r},'aliases':{%r}," FEATURES
	    "," CHARTS ",'groups':[],'profiles':[],'selectedAccount':%s,",
	    buf_text(&ids), buf_text(&properties), buf_text(&aliases),
	    sim->selected->id);
	call_pack(call,
	    "'serverInfo':{'serverName':'SimN00001','serverVersion':"
	    "'Build 10.44.1b, Mar 1, 2026 1:00:00 PM'},'sessionId':%s,"
	    "'isFT':false,'isPaper':%b}",
	    sim->session.token, !sim->session.live);
}

static void
select_account(struct call *call)
{
	const char *id = json_get_str(call->body, "acctId", NULL);
	struct account *account =
	    id ? account_find(&call->sim->accounts, id, call->sim->session.live)
	       : NULL;

	if (!id) {
		call_known(call, KNOWN_BAD_REQUEST);
	} else if (!account) {
		call_error(call, 500, "accountId is not valid: %s", id);
	} else if (account == call->sim->selected) {
		call_pack(call, "{'success':'Account already set'}");
	} else {
		call->sim->selected = account;
		call_pack(call, "{'set':true,'acctId':%s}", id);
	}
}

static void
dynamic(struct call *call)
{
	call_known(call, KNOWN_UNAVAILABLE);
}

static void
summary(struct call *call)
{
	const struct account *account = call_account(call);
	int64_t net = value_net(call->sim, account);
	int64_t free = account->available;

	call_pack(call,
	    "{'accountType':'','status':'','balance':%n,'SMA':%n,"
	    "'buyingPower':%n,'availableFunds':%n,'excessLiquidity':%n,",
	    net, free, account->buying_power, free, free);
	call_pack(call,
	    "'netLiquidationValue':%n,'equityWithLoanValue':%n,"
	    "'regTLoan':0.0,'securitiesGVP':%n,'totalCashValue':%n,"
	    "'accruedInterest':12.34,'regTMargin':%n,",
	    net, net, net - account->cash, account->cash, (net - free) / 2 * 3);
	call_pack(call,
	    "'initialMargin':%n,'maintenanceMargin':%n,'cashBalances':["
	    "{'currency':%s,'balance':%n,'settledCash':%n}",
	    net - free, (net - free) / 10 * 9, account->currency, account->cash,
	    account->cash);
	if (strcmp(account->currency, "USD") != 0)
		call_pack(call, ",{'currency':'USD','balance':1360.0,"
				"'settledCash':1360.0}");
	call_pack(call,
	    ",{'currency':'Total (in %r)','balance':%n,'settledCash':%n}]}",
	    account->currency, account->cash, account->cash);
}

/* "1,005,254 USD" */
static void
pack_money(struct call *call, const char *name, int64_t amount)
{
	const struct account *account = call_account(call);
	struct buf text CLEANUP_BUF = BUF_INIT;

	value_grouped(&text, amount / NUM_ONE * NUM_ONE, 0);
	buf_printf(&text, " %s", account->currency);
	pack_item(&call->reply->body, "%s:%s", name, buf_text(&text));
}

static void
segment(struct call *call)
{
	const struct account *account = call_account(call);
	int64_t net = value_net(call->sim, account);
	int64_t free = account->available;

	call_pack(call, "{'total':{");
	pack_money(call, "Net Liquidation Value", net);
	pack_money(call, "Current Available", free);
	pack_money(call, "Lk Ahd Nxt Chng", free);
	pack_money(call, "Current Initial", net - free);
	pack_money(call, "Total Cash", account->cash);
	call_pack(call, ",'leverage':'1.0','Lk Ahd Nxt Chng Tm':'@ 16:00:00'},"
			"'securities':{");
	pack_money(call, "Current Available", free);
	call_pack(call, "}}");
}

static void
pnl(struct call *call)
{
	struct sim *sim = call->sim;

	if (sim_is_first(sim, COLD_PNL)) {
		call_pack(call, "{'upnl':{}}");
		return;
	}
	call_pack(call, "{'upnl':{");
	for (size_t i = 0; i < ACCOUNT_COUNT; i++) {
		const struct account *account = &sim->accounts.list[i];
		struct value_pnl pnl;

		if (!is_seen(call, i))
			continue;
		value_pnl(sim, account, &pnl);
		pack_item(&call->reply->body,
		    "'%r.Core':{'rowType':1,'dpl':%n,'nl':%n,'upl':%n,",
		    account->id, pnl.daily, value_net(sim, account),
		    pnl.unrealized);
		call_pack(call, "'%r':%n,'mv':%n}", i == 0 ? "uel" : "el",
		    account->available, pnl.market);
	}
	call_pack(call, "}}");
}

#define SERVER_SIDE (NEED_OUTER | NEED_BROKER)

static const struct route routes[] = {
	{ "GET", "/iserver/accounts", SERVER_SIDE, accounts },
	{ "POST", "/iserver/account", SERVER_SIDE | NEED_BODY, select_account },
	{ "GET", "/iserver/account/search/{}", SERVER_SIDE, dynamic },
	{ "POST", "/iserver/dynaccount", SERVER_SIDE, dynamic },
	{ "GET", "/iserver/account/{}/summary", SERVER_SIDE | NEED_ACCOUNT,
	    summary },
	{ "GET", "/iserver/account/{}/summary/available_funds",
	    SERVER_SIDE | NEED_ACCOUNT, segment },
	{ "GET", "/iserver/account/{}/summary/balances",
	    SERVER_SIDE | NEED_ACCOUNT, segment },
	{ "GET", "/iserver/account/{}/summary/margins",
	    SERVER_SIDE | NEED_ACCOUNT, segment },
	{ "GET", "/iserver/account/{}/summary/market_value",
	    SERVER_SIDE | NEED_ACCOUNT, segment },
	{ "GET", "/iserver/account/pnl/partitioned", SERVER_SIDE, pnl },
};
const struct family account_family = { routes, ARRAY_COUNT(routes) };

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* /portfolio and /portfolio2: cpapi.md section 5. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "sim/num.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/value.h"
#include "sim/world.h"

#define PAGE 100

static void
pack_account(struct call *call, const struct account *account)
{
	struct buf *out = &call->reply->body;

	pack_item(out,
	    "{'id':%s,'PrepaidCrypto-Z':false,'PrepaidCrypto-P':false,"
	    "'brokerageAccess':true,'accountId':%s,'accountVan':%s,",
	    account->id, account->id, account->id);
	pack(out,
	    "'accountTitle':'SIMULATED OWNER','displayName':"
	    "'SIMULATED OWNER','accountAlias':%s,"
	    "'accountStatus':1700000000000,'currency':%s,'type':%s,",
	    account->alias, account->currency,
	    account->live ? "INDIVIDUAL" : "DEMO");
	pack(out,
	    "'tradingType':'STKNOPT','businessType':'INDEPENDENT',"
	    "'category':'','ibEntity':'IBLLC-US','faclient':false,"
	    "'clearingStatus':'O','covestor':false,'noClientTrading':false,"
	    "'trackVirtualFXPortfolio':true,'acctCustType':%s,",
	    account->type);
	pack(out,
	    "'parent':{'mmc':[],'accountId':'','isMParent':false,"
	    "'isMChild':false,'isMultiplex':false},'desc':%s}",
	    account->id);
}

static void
pack_accounts(struct call *call)
{
	const struct sim *sim = call->sim;

	call_pack(call, "[");
	for (size_t i = 0; i < ACCOUNT_COUNT; i++)
		if (sim->accounts.list[i].live == sim->session.live)
			pack_account(call, &sim->accounts.list[i]);
	call_pack(call, "]");
}

static void
accounts(struct call *call)
{
	call->sim->session.portfolio_primed = true;
	pack_accounts(call);
}

static void
subaccounts(struct call *call)
{
	const char *page = call_param(call, "page");

	call_pack(call,
	    "{'metadata':{'total':%d,'pageSize':20,'pageNum':%d},"
	    "'subaccounts':",
	    call->sim->session.live ? 1 : 2,
	    page ? (int)strtol(page, NULL, 10) : 0);
	if (page && strcmp(page, "0") != 0)
		call_pack(call, "[]");
	else
		pack_accounts(call);
	call_pack(call, "}");
}

static void
meta(struct call *call)
{
	call_pack(call, "");
	pack_account(call, call_account(call));
}

static void
amount(struct call *call, const char *key, const char *currency, int64_t num)
{
	pack_item(&call->reply->body,
	    "%s:{'amount':%n,'currency':%s,'isNull':false,'timestamp':%l,"
	    "'value':null,'severity':0}",
	    key, num, currency, call->now_ms);
}

static void
text(struct call *call, const char *key, const char *value)
{
	pack_item(&call->reply->body,
	    "%s:{'amount':0.0,'currency':null,'isNull':false,"
	    "'timestamp':%l,'value':%s,'severity':0}",
	    key, call->now_ms, value);
}

static void
summary(struct call *call)
{
	const struct account *account = call_account(call);
	const char *in = account->currency;
	struct value_pnl pnl;
	int64_t net = value_net(call->sim, account), free = account->available;

	value_pnl(call->sim, account, &pnl);
	call_pack(call, "{");
	text(call, "accountcode", account->id);
	text(call, "accounttype", account->type);
	text(call, "accountready", "true");
	text(call, "currency", NULL);
	amount(call, "netliquidation", in, net);
	amount(call, "netliquidation-s", in, net);
	amount(call, "totalcashvalue", in, account->cash);
	amount(call, "settledcash", in, account->cash);
	amount(call, "availablefunds", in, free);
	amount(call, "buyingpower", in, account->buying_power);
	amount(call, "excessliquidity", in, free);
	amount(call, "initmarginreq", in, net - free);
	amount(call, "maintmarginreq", in, (net - free) / 10 * 9);
	amount(call, "equitywithloanvalue", in, net);
	amount(call, "grosspositionvalue", in, pnl.market);
	amount(call, "accruedcash", in, NUM(12, 34));
	amount(call, "sma", in, free);
	amount(call, "cushion", NULL, num_div(free, net));
	amount(call, "netliquidation-c", in, 0);
	pack_item(&call->reply->body,
	    "'leverage-s':{'amount':0.0,'currency':null,'isNull':true,"
	    "'timestamp':%l,'value':null,'severity':0}}",
	    call->now_ms);
}

static void
ledger_entry(struct call *call, const char *name, const struct account *account,
    const struct value_pnl *pnl, bool last)
{
	struct buf *out = &call->reply->body;
	bool base = strcmp(name, "BASE") == 0;

	pack_item(out,
	    "%s:{'commoditymarketvalue':0.0,'futuremarketvalue':0.0,"
	    "'settledcash':%n,'exchangerate':%r,'sessionid':1,"
	    "'cashbalance':%n,'corporatebondsmarketvalue':0.0,",
	    name, account->cash, base ? "1" : "1.0", account->cash);
	pack(out,
	    "'warrantsmarketvalue':0.0,'netliquidationvalue':%n,"
	    "'interest':12.34,'unrealizedpnl':%n,'stockmarketvalue':%n,"
	    "'moneyfunds':0.0,'currency':%s,'realizedpnl':%n,'funds':0.0,",
	    value_net(call->sim, account), pnl->unrealized, pnl->market, name,
	    pnl->realized);
	pack(out,
	    "'acctcode':%s,'issueroptionsmarketvalue':0.0,"
	    "'key':'LedgerList','timestamp':%l,'severity':0,"
	    "'stockoptionmarketvalue':0.0,'futuresonlypnl':0.0,"
	    "'tbondsmarketvalue':0.0,'futureoptionmarketvalue':0.0,",
	    account->id, call->now_ms / 1000);
	pack(out,
	    "'cashbalancefxsegment':0.0,'secondkey':%s,"
	    "'tbillsmarketvalue':0.0,%r'dividends':0.0,"
	    "'cryptocurrencyvalue':0.0}",
	    name, last ? "\"endofbundle\":1," : "");
}

static void
ledger(struct call *call)
{
	const struct account *account = call_account(call);
	struct value_pnl pnl;

	value_pnl(call->sim, account, &pnl);
	call_pack(call, "{");
	ledger_entry(call, account->currency, account, &pnl, true);
	ledger_entry(call, "BASE", account, &pnl, false);
	call_pack(call, "}");
}

static void
pack_allocation(struct call *call, const struct account *account)
{
	struct value_pnl pnl;

	value_pnl(call->sim, account, &pnl);
	if (account->position_count == 0) {
		call_pack(call, "{}");
		return;
	}
	call_pack(call,
	    "{'assetClass':{'long':{'STK':%n,'CASH':%n},'short':{}},",
	    pnl.market, account->cash);
	call_pack(call,
	    "'sector':{'long':{'Technology':%n,'Consumer, Cyclical':%n},"
	    "'short':{}},'group':{'long':{'Computers':%n,"
	    "'Auto Manufacturers':%n},'short':{}}}",
	    pnl.market, INT64_C(0), pnl.market, INT64_C(0));
}

static void
allocation(struct call *call)
{
	pack_allocation(call, call_account(call));
}

static void
allocations(struct call *call)
{
	struct json_object *ids = json_get(call->body, "acctIds");
	const char *id = NULL;
	const struct account *account = NULL;

	if (json_object_is_type(ids, json_type_array))
		id = json_object_get_string(json_object_array_get_idx(ids, 0));
	if (id)
		account = account_find(
		    &call->sim->accounts, id, call->sim->session.live);
	if (account)
		pack_allocation(call, account);
	else
		call_known(call, KNOWN_BAD_REQUEST);
}

/* The first read of an account fetches; until it has arrived little is known.
 */
static bool
is_warm(struct call *call, struct account *account)
{
	if (account->cold_until_ms == 0)
		account->cold_until_ms = call->now_ms + call->sim->warm_ms;
	return call->now_ms >= account->cold_until_ms;
}

static void
position_core(struct buf *out, const struct sim *sim,
    const struct account *account, const struct position *position, bool warm)
{
	const struct contract *contract = position->contract;
	struct value_position value;

	value_position(sim, position, &value);
	pack_item(out,
	    "{'acctId':%s,'conid':%l,'contractDesc':%s,'position':%n,",
	    account->id, contract->conid, contract->symbol, position->quantity);
	if (contract->conid % 10 == 0 &&
	    market_mark(&sim->market, contract) == NO_PRICE)
		pack(out, "'mktPrice':'',");
	else
		pack(out, "'mktPrice':%n,", value.price);
	pack(out,
	    "'mktValue':%n,'currency':%s,'avgCost':%n,'avgPrice':%n,"
	    "'realizedPnl':%n,'unrealizedPnl':%n,'exchs':null,",
	    value.market, contract->currency,
	    contract->multiplier ? num_mul(position->cost, contract->multiplier)
				 : position->cost,
	    position->cost, position->realized, value.unrealized);
	if (contract->expiry)
		pack(out, "'expiry':'%d',", contract->expiry);
	else
		pack(out, "'expiry':null,");
	pack(out, "'putOrCall':%s,", contract->right);
	if (contract->multiplier || warm)
		pack(out, "'multiplier':%n,", contract->multiplier);
	else
		pack(out, "'multiplier':null,");
	pack(out,
	    warm && !contract->strike ? "'strike':'0',"
	    : warm                    ? "'strike':%q,"
				      : "'strike':%n,",
	    contract->strike);
	pack(out,
	    "'exerciseStyle':null,'conExchMap':[],'assetClass':%s,"
	    "'undConid':%l,'model':''",
	    contract->type, contract->underlying);
}

static void
position_names(
    struct buf *out, const struct sim *sim, const struct position *position)
{
	const struct contract *contract = position->contract;
	struct value_position value;

	value_position(sim, position, &value);
	pack(out,
	    ",'time':12,'chineseName':'&#x82F9;&#x679C;','allExchanges':"
	    "'SMART,AMEX,NYSE,CBOE','listingExchange':%s,"
	    "'countryCode':'US','name':%s,'lastTradingDay':",
	    contract->listing, contract->name);
	if (contract->expiry)
		pack(out, contract->right ? "%d" : "'%d'", contract->expiry);
	else
		pack(out, "null");
	pack(out,
	    ",'group':'Computers','sector':%s,'sectorGroup':'Computers',"
	    "'ticker':%s,'type':'COMMON','hasOptions':%b,'fullName':%s,"
	    "'isUS':true,'isEventContract':false,'pageSize':%d,",
	    contract->sector, contract->symbol, contract->conid == 265598,
	    contract->symbol, PAGE);
	pack(out,
	    "'incrementRules':[{'lowerEdge':0.0,'increment':%n}],"
	    "'displayRule':{'magnification':0,'displayRuleStep':["
	    "{'decimalDigits':2,'lowerEdge':0.0,'wholeDigits':4}]},",
	    contract->increment);
	pack(out,
	    "'baseMktValue':%n,'baseMktPrice':%n,'baseAvgCost':%n,"
	    "'baseAvgPrice':%n,'baseRealizedPnl':%n,'baseUnrealizedPnl':%n,"
	    "'crossCurrency':false",
	    value.market, value.price, position->cost, position->cost,
	    position->realized, value.unrealized);
}

static void
pack_position(struct call *call, const struct account *account,
    const struct position *position, bool warm)
{
	struct buf *out = &call->reply->body;

	position_core(out, call->sim, account, position, warm);
	if (warm)
		position_names(out, call->sim, position);
	buf_char(out, '}');
}

static void
positions(struct call *call)
{
	struct account *account = call_account(call);
	char *end;
	unsigned long page = strtoul(call->segments[1], &end, 10);
	size_t seen = 0;
	bool warm = is_warm(call, account);

	if (*end) {
		call_known(call, KNOWN_BAD_REQUEST);
		return;
	}
	call_pack(call, "[");
	for (size_t i = 0; i < account->position_count; i++) {
		const struct position *position = &account->positions[i];

		if (position->quantity == 0 || seen++ / PAGE != page)
			continue;
		pack_position(call, account, position, warm);
	}
	call_pack(call, "]");
}

static void
near_positions(struct call *call)
{
	struct buf *out = &call->reply->body;
	const struct account *account = call_account(call);

	call_pack(call, "[");
	for (size_t i = 0; i < account->position_count; i++) {
		const struct position *position = &account->positions[i];
		const struct contract *contract = position->contract;
		struct value_position value;

		if (position->quantity == 0)
			continue;
		value_position(call->sim, position, &value);
		pack_item(out,
		    "{'position':%n,'conid':'%l','avgCost':%n,'avgPrice':%n,"
		    "'currency':%s,'description':%s,'isLastToLoq':false,",
		    position->quantity, contract->conid, position->cost,
		    position->cost, contract->currency, contract->symbol);
		pack(out,
		    "'marketPrice':%n,'marketValue':%n,'realizedPnl':%n,"
		    "'secType':%s,'timestamp':%l,'unrealizedPnl':%n,",
		    value.price, value.market, position->realized,
		    contract->type, call->now_ms / 1000, value.unrealized);
		pack(out,
		    "'assetClass':%s,'sector':%s,'group':null,'model':''}",
		    contract->type, contract->sector);
	}
	call_pack(call, "]");
}

static void
pack_of_contract(
    struct call *call, const struct account *account, const char *conid)
{
	const struct contract *contract = contract_parse(conid);

	call_pack(call, "[");
	for (size_t i = 0; i < account->position_count; i++)
		if (account->positions[i].contract == contract &&
		    account->positions[i].quantity != 0)
			pack_position(
			    call, account, &account->positions[i], true);
	call_pack(call, "]");
}

static void
position(struct call *call)
{
	pack_of_contract(call, call_account(call), call->segments[1]);
}

static void
by_contract(struct call *call)
{
	const struct sim *sim = call->sim;

	call_pack(call, "{");
	for (size_t i = 0; i < ACCOUNT_COUNT; i++) {
		if (sim->accounts.list[i].live != sim->session.live)
			continue;
		pack_item(&call->reply->body, "%s:", sim->accounts.list[i].id);
		pack_of_contract(
		    call, &sim->accounts.list[i], call->segments[0]);
	}
	call_pack(call, "}");
}

static void
combos(struct call *call)
{
	call_pack(call, "[]");
}

static void
invalidate(struct call *call)
{
	call_account(call)->cold_until_ms = 0;
	call_pack(call, "{'message':'success'}");
}

#define NEEDS (NEED_OUTER | NEED_PORTFOLIO | NEED_ACCOUNT)

static const struct route routes[] = {
	{ "GET", "/portfolio/accounts", NEED_OUTER, accounts },
	{ "GET", "/portfolio/subaccounts", NEED_OUTER, accounts },
	{ "GET", "/portfolio/subaccounts2", NEED_OUTER, subaccounts },
	{ "GET", "/portfolio/positions/{}", NEED_OUTER | NEED_PORTFOLIO,
	    by_contract },
	{ "POST", "/portfolio/allocation", NEED_OUTER | NEED_BODY,
	    allocations },
	{ "GET", "/portfolio/{}/meta", NEEDS, meta },
	{ "GET", "/portfolio/{}/summary", NEEDS, summary },
	{ "GET", "/portfolio/{}/ledger", NEEDS, ledger },
	{ "GET", "/portfolio/{}/allocation", NEEDS, allocation },
	{ "GET", "/portfolio/{}/combo/positions", NEEDS, combos },
	{ "POST", "/portfolio/{}/positions/invalidate", NEEDS, invalidate },
	{ "GET", "/portfolio/{}/positions/{}", NEEDS, positions },
	{ "GET", "/portfolio/{}/position/{}", NEEDS, position },
	{ "GET", "/portfolio2/{}/positions", NEEDS, near_positions },
};
const struct family portfolio_family = { routes, ARRAY_COUNT(routes) };

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Contracts: search, details, rules and options; cpapi.md section 6. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "sim/num.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/world.h"

static const char *const months[] = { "JAN", "FEB", "MAR", "APR", "MAY", "JUN",
	"JUL", "AUG", "SEP", "OCT", "NOV", "DEC" };

/* A parameter of the query or of the body. */
static const char *
given(const struct call *call, const char *name)
{
	const char *value = call_param(call, name);

	if (value)
		return value;
	return json_object_is_type(call->body, json_type_object)
		   ? json_get_str(call->body, name, NULL)
		   : NULL;
}

static void
month_text(struct buf *out, int expiry)
{
	buf_printf(out, "%s%02d", months[(expiry / 100 % 100 + 11) % 12],
	    expiry / 10000 % 100);
}

/* The months of an underlying's options: "JUN26;SEP26". */
static void
option_months(struct buf *out, const struct contract *underlying)
{
	const struct contract *option;

	for (size_t i = 0; (option = contract_at(i)); i++) {
		struct buf month CLEANUP_BUF = BUF_INIT;

		if (option->underlying != underlying->conid || !option->right)
			continue;
		month_text(&month, option->expiry);
		if (strstr(buf_text(out), buf_text(&month)))
			continue;
		if (out->len > 0)
			buf_char(out, ';');
		buf_str(out, buf_text(&month));
	}
}

static void
pack_found(struct call *call, const struct contract *contract)
{
	struct buf *out = &call->reply->body;
	struct buf option CLEANUP_BUF = BUF_INIT;
	bool is_stock = strcmp(contract->type, "STK") == 0;

	option_months(&option, contract);
	pack_item(out,
	    "{'conid':'%l','companyHeader':'%r - %r','companyName':%s,"
	    "'symbol':%s,'description':%s,'restricted':%r,'fop':null,",
	    contract->conid, contract->name, contract->listing, contract->name,
	    contract->symbol, is_stock ? contract->listing : NULL,
	    is_stock ? "null" : "\"IND\"");
	pack(out, "'opt':%s,'war':null,'sections':[{'secType':%s",
	    option.len ? buf_text(&option) : NULL, contract->type);
	if (!is_stock)
		pack(out, ",'exchange':'%r;'", contract->exchange);
	buf_char(out, '}');
	if (option.len > 0)
		pack(out,
		    ",{'secType':'OPT','months':%s,'symbol':%s,"
		    "'exchange':'SMART;AMEX;CBOE;'},{'secType':'CFD',"
		    "'exchange':'SMART;','conid':'%l'}",
		    buf_text(&option), contract->symbol,
		    contract->conid + 1000000);
	pack(out, "]}");
}

static bool
is_wanted(const struct call *call, const struct contract *contract,
    const char *symbol, bool by_name)
{
	const char *type = given(call, "secType");

	if (contract->right || (type && strcmp(type, contract->type) != 0))
		return false;
	if (strcasecmp(contract->symbol, symbol) == 0)
		return true;
	return by_name && strcasestr(contract->name, symbol) != NULL;
}

static void
search(struct call *call)
{
	const char *symbol = given(call, "symbol");
	const char *name = given(call, "name");
	bool by_name = (name && strcmp(name, "true") == 0) ||
		       (call->body && json_get_bool(call->body, "name", false));
	const struct contract *contract;

	if (!symbol || !*symbol) {
		call_known(call, KNOWN_BAD_REQUEST);
		return;
	}
	call_pack(call, "[");
	for (size_t i = 0; (contract = contract_at(i)); i++)
		if (is_wanted(call, contract, symbol, by_name))
			pack_found(call, contract);
	call_pack(call, "]");
	if (!by_name && strcmp(buf_text(&call->reply->body), "[]") == 0)
		call_error(call, 200, "No symbol found");
	else if (!by_name)
		(void)sim_is_first(call->sim, COLD_SEARCH);
}

/* Does an option belong to the query's underlying, month, right and strike? */
static bool
is_listed(const struct call *call, const struct contract *option)
{
	const char *conid = call_param(call, "conid");
	const char *month = call_param(call, "month");
	const char *right = call_param(call, "right");
	const char *strike = call_param(call, "strike");
	struct buf text CLEANUP_BUF = BUF_INIT;
	int64_t num;

	if (!option->right || !conid ||
	    option->underlying != strtoll(conid, NULL, 10))
		return false;
	month_text(&text, option->expiry);
	return (!month || strcasecmp(month, buf_text(&text)) == 0) &&
	       (!right || strcmp(right, option->right) == 0) &&
	       (!strike || (num_parse(strike, &num) && num == option->strike));
}

static void
pack_strikes(struct call *call, const char *right)
{
	const struct contract *option;
	int64_t last = 0;

	call_pack(call, "'%r':[", *right == 'C' ? "call" : "put");
	for (size_t i = 0; (option = contract_at(i)); i++)
		if (is_listed(call, option) &&
		    strcmp(option->right, right) == 0 &&
		    option->strike != last) {
			pack_item(&call->reply->body, "%n", option->strike);
			last = option->strike;
		}
	call_pack(call, "]");
}

static void
strikes(struct call *call)
{
	if (!call_param(call, "conid") || !call_param(call, "month") ||
	    !call_param(call, "sectype")) {
		call_known(call, KNOWN_BAD_REQUEST);
		return;
	}
	if (!sim_was_asked(call->sim, COLD_SEARCH)) {
		call_pack(call, "{'call':[],'put':[]}");
		return;
	}
	call_pack(call, "{");
	pack_strikes(call, "C");
	call_pack(call, ",");
	pack_strikes(call, "P");
	call_pack(call, "}");
}

static void
pack_option(struct call *call, const struct contract *option)
{
	pack_item(&call->reply->body,
	    "{'conid':%l,'symbol':%s,'secType':'OPT','exchange':'SMART',"
	    "'listingExchange':null,'right':%s,'strike':%n,'currency':%s,"
	    "'cusip':null,'coupon':'No Coupon',",
	    option->conid, option->symbol, option->right, option->strike,
	    option->currency);
	call_pack(call,
	    "'desc1':%s,'desc2':'%d %r','maturityDate':'%d',"
	    "'multiplier':'100','tradingClass':%s,"
	    "'validExchanges':'SMART,AMEX,CBOE,PHLX'}",
	    option->symbol, option->expiry, option->right, option->expiry,
	    option->symbol);
}

static void
info(struct call *call)
{
	const struct contract *option;

	call_pack(call, "[");
	for (size_t i = 0; (option = contract_at(i)); i++)
		if (sim_was_asked(call->sim, COLD_SEARCH) &&
		    is_listed(call, option))
			pack_option(call, option);
	call_pack(call, "]");
}

/* The contract that the path names; NULL after answering. */
static const struct contract *
named(struct call *call)
{
	const struct contract *contract = contract_parse(call->segments[0]);

	if (!contract)
		call_known(call, KNOWN_UNAVAILABLE);
	return contract;
}

static void
pack_details(struct call *call, const struct contract *contract)
{
	call_pack(call,
	    "{'cfi_code':'','symbol':%s,'cusip':null,'expiry_full':",
	    contract->symbol);
	call_pack(call, contract->expiry ? "'%d'" : "null", contract->expiry);
	call_pack(call,
	    ",'con_id':%l,'maturity_date':null,'industry':%s,"
	    "'instrument_type':%s,'trading_class':%s,"
	    "'valid_exchanges':'SMART,%r','allow_sell_long':false,",
	    contract->conid, contract->sector, contract->type, contract->symbol,
	    contract->listing);
	call_pack(call,
	    "'is_zero_commission_security':false,'local_symbol':%s,"
	    "'contract_clarification_type':null,'classifier':null,"
	    "'currency':%s,'text':null,'underlying_con_id':%l,'r_t_h':true,"
	    "'multiplier':",
	    contract->symbol, contract->currency, contract->underlying);
	call_pack(
	    call, contract->multiplier ? "%q" : "null", contract->multiplier);
	call_pack(call,
	    ",'underlying_issuer':null,'contract_month':null,"
	    "'company_name':%s,'smart_available':true,'exchange':%s,"
	    "'category':%s",
	    contract->name, contract->exchange, contract->sector);
}

static void
pack_rules(struct call *call, const struct contract *contract)
{
	int64_t mark = market_mark(&call->sim->market, contract);
	const char *refused = strcmp(contract->type, "IND") == 0
				  ? "This contract cannot be traded."
				  : NULL;

	call_pack(call,
	    "{'algoEligible':true,'overnightEligible':true,"
	    "'costReport':false,'canTradeAcctIds':[%s],'error':%s,"
	    "'orderTypes':['limit','midprice','market','stop','stop_limit',"
	    "'mit','lit','trailing_stop','trailing_stop_limit','relative',"
	    "'marketonclose','limitonclose'],",
	    call->sim->selected->id, refused);
	call_pack(call,
	    "'ibAlgoTypes':['limit','stop_limit'],'fraqTypes':['limit',"
	    "'market'],'forceOrderPreview':false,'cqtTypes':['limit',"
	    "'market'],'orderDefaults':{'LMT':{'LP':%m}},"
	    "'orderTypesOutside':['limit','stop_limit'],'defaultSize':100,"
	    "'cashSize':0.0,'sizeIncrement':%n,",
	    mark == NO_PRICE ? 0 : mark, contract->size_increment);
	call_pack(call,
	    "'tifTypes':['IOC/MARKET,LIMIT','GTC/o,a','OPG/LIMIT,MARKET,a',"
	    "'GTD/o,a','DAY/o,a'],'tifDefaults':{'TIF':'DAY','SIZE':"
	    "'100.00'},'limitPrice':%n,'stopprice':%n,"
	    "'orderOrigination':null,'preview':true,'displaySize':null,",
	    mark == NO_PRICE ? 0 : mark, mark == NO_PRICE ? 0 : mark);
	call_pack(call,
	    "'fraqInt':4,'cashCcy':%s,'cashQtyIncr':500,"
	    "'priceMagnifier':%r,'negativeCapable':false,'incrementType':1,"
	    "'incrementRules':[{'lowerEdge':0.0,'increment':%n}],"
	    "'hasSecondary':true,'modTypes':['LMT'],'increment':%n,"
	    "'incrementDigits':2}",
	    contract->currency, contract->magnifier == 100 ? "100" : "null",
	    contract->increment, contract->increment);
}

static void
details(struct call *call)
{
	const struct contract *contract = named(call);

	if (!contract)
		return;
	pack_details(call, contract);
	call_pack(call, "}");
}

static void
details_and_rules(struct call *call)
{
	const struct contract *contract = named(call);

	if (!contract)
		return;
	pack_details(call, contract);
	call_pack(call, ",'rules':");
	pack_rules(call, contract);
	call_pack(call, "}");
}

static void
rules(struct call *call)
{
	const struct contract *contract =
	    contract_find(json_get_int(call->body, "conid", 0));

	if (!contract)
		call_known(call, KNOWN_UNAVAILABLE);
	else if (json_get_bool(call->body, "modifyOrder", false) &&
		 !json_get(call->body, "orderId"))
		call_known(call, KNOWN_BAD_REQUEST);
	else
		pack_rules(call, contract);
}

static void
algos(struct call *call)
{
	bool texts = call_has_param(call, "addDescription", "1");

	if (!named(call))
		return;
	if (sim_is_first(call->sim, COLD_ALGOS)) {
		call_pack(call, "{'algos':[]}");
		return;
	}
	call_pack(call, "{'algos':[{'id':'Vwap','name':'VWAP'");
	if (texts)
		call_pack(call,
		    ",'description':'Works the order at the volume weighted "
		    "average price.'");
	if (call_has_param(call, "addParams", "1"))
		call_pack(call,
		    ",'parameters':[{'guiRank':1,'id':'maxPctVol','name':"
		    "'Max Percentage','required':'true','valueClassName':"
		    "'Double','minValue':0.01,'maxValue':50},{'guiRank':2,"
		    "'id':'startTime','name':'Start Time',"
		    "'valueClassName':'Time'}]");
	call_pack(call, "},{'id':'Twap','name':'TWAP'}]}");
}

static void
stocks(struct call *call)
{
	const char *symbols = call_param(call, "symbols");

	call_pack(call, "{");
	while (symbols && *symbols) {
		size_t len = strcspn(symbols, ",");
		char symbol[32] = "";
		const struct contract *contract;

		if (len < sizeof symbol)
			memcpy(symbol, symbols, len);
		pack_item(&call->reply->body, "%s:[", symbol);
		for (size_t i = 0; (contract = contract_at(i)); i++)
			if (strcmp(contract->type, "STK") == 0 &&
			    strcmp(contract->symbol, symbol) == 0)
				pack_item(&call->reply->body,
				    "{'name':%s,'chineseName':'&#x80A1;',"
				    "'assetClass':'STK','contracts':[{"
				    "'conid':%l,'exchange':%s,'isUS':%b}]}",
				    contract->name, contract->conid,
				    contract->listing,
				    strcmp(contract->currency, "USD") == 0);
		call_pack(call, "]");
		symbols += len + (symbols[len] == ',');
	}
	call_pack(call, "}");
}

static void
futures(struct call *call)
{
	const char *symbols = call_param(call, "symbols");

	call_pack(call, "{");
	if (symbols && strstr(symbols, "ES"))
		call_pack(call,
		    "'ES':[{'symbol':'ES','conid':495512552,"
		    "'underlyingConid':11004968,'expirationDate':20261218,"
		    "'ltd':20261217,'shortFuturesCutOff':20261217,"
		    "'longFuturesCutOff':20261217}]");
	call_pack(call, "}");
}

static void
pack_definition(struct call *call, const struct contract *contract)
{
	struct buf *out = &call->reply->body;

	pack_item(out,
	    "{'conid':%l,'currency':%s,'time':12,'chineseName':'&#x80A1;',"
	    "'allExchanges':'SMART,%r','listingExchange':%s,"
	    "'countryCode':'US','name':%s,'assetClass':%s,",
	    contract->conid, contract->currency, contract->listing,
	    contract->listing, contract->name, contract->type);
	pack(out, contract->expiry ? "'expiry':'%d'," : "'expiry':null,",
	    contract->expiry);
	pack(out,
	    "'lastTradingDay':null,'group':'Computers','putOrCall':%s,"
	    "'sector':%s,'sectorGroup':'Computers','strike':",
	    contract->right, contract->sector);
	pack(out, contract->strike ? "%q" : "'0'", contract->strike);
	pack(out,
	    ",'ticker':%s,'undConid':%l,'multiplier':%n,'type':'COMMON',"
	    "'hasOptions':%b,'fullName':%s,'isUS':true,",
	    contract->symbol, contract->underlying, contract->multiplier,
	    contract->conid == 265598, contract->symbol);
	pack(out,
	    "'incrementRules':[{'lowerEdge':0.0,'increment':%n}],"
	    "'displayRule':{'magnification':0,'displayRuleStep':[]},"
	    "'isEventContract':false,'pageSize':100}",
	    contract->increment);
}

static void
definitions(struct call *call)
{
	const char *conids = call_param(call, "conids");
	bool any = false;

	call_pack(call, "{'secdef':[");
	while (conids && *conids) {
		size_t len = strcspn(conids, ",");
		const struct contract *contract =
		    contract_find(strtoll(conids, NULL, 10));

		if (contract)
			pack_definition(call, contract);
		any |= contract != NULL;
		conids += len + (conids[len] == ',');
	}
	call_pack(call, "]}");
	if (any)
		return;
	buf_reset(&call->reply->body);
	call->reply->status = 204;
	call->reply->type = NULL;
}

static void
all_conids(struct call *call)
{
	const char *exchange = call_param(call, "exchange");
	const struct contract *contract;

	call_pack(call, "[");
	for (size_t i = 0; (contract = contract_at(i)); i++)
		if (exchange && strcmp(contract->listing, exchange) == 0)
			pack_item(&call->reply->body,
			    "{'ticker':%s,'conid':%l,'exchange':%s}",
			    contract->symbol, contract->conid,
			    contract->listing);
	for (size_t i = 0; (contract = contract_filler(i)); i++)
		if (exchange && strcmp(contract->listing, exchange) == 0)
			pack_item(&call->reply->body,
			    "{'ticker':%s,'conid':%l,'exchange':%s}",
			    contract->symbol, contract->conid,
			    contract->listing);
	call_pack(call, "]");
}

static void
bond_filters(struct call *call)
{
	call_pack(call, "{'bondFilters':[]}");
}

#define NEEDS (NEED_OUTER | NEED_BROKER)

static const struct route routes[] = {
	{ "GET POST", "/iserver/secdef/search", NEEDS, search },
	{ "GET", "/iserver/secdef/strikes", NEEDS, strikes },
	{ "GET", "/iserver/secdef/info", NEEDS, info },
	{ "GET", "/iserver/secdef/bond-filters", NEEDS, bond_filters },
	{ "GET", "/iserver/contract/{}/info", NEEDS, details },
	{ "GET", "/iserver/contract/{}/info-and-rules", NEEDS,
	    details_and_rules },
	{ "POST", "/iserver/contract/rules", NEEDS | NEED_BODY, rules },
	{ "GET", "/iserver/contract/{}/algos", NEEDS, algos },
	{ "GET", "/trsrv/stocks", NEED_OUTER, stocks },
	{ "GET", "/trsrv/futures", NEED_OUTER, futures },
	{ "GET", "/trsrv/secdef", NEED_OUTER, definitions },
	{ "GET", "/trsrv/all-conids", NEED_OUTER, all_conids },
};
const struct family contract_family = { routes, ARRAY_COUNT(routes) };

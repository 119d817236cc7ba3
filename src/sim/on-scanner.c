/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Market scanners: cpapi.md section 9. */

#include <string.h>

#include "base/cleanup.h"
#include "sim/num.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/value.h"
#include "sim/world.h"

static const struct scan {
	const char *code, *name, *column; /* NULL: rows come without data */
} scans[] = {
	{ "TOP_PERC_GAIN", "Top % Gainers", "Chg%" },
	{ "TOP_PERC_LOSE", "Top % Losers", "Chg%" },
	{ "MOST_ACTIVE", "Most Active", "Volume" },
	{ "HOT_BY_VOLUME", "Hot by Volume", NULL },
};

static const struct scan *
find_scan(const char *code)
{
	for (size_t i = 0; i < ARRAY_COUNT(scans); i++)
		if (strcmp(scans[i].code, code) == 0)
			return &scans[i];
	return NULL;
}

static void
params(struct call *call)
{
	struct buf *out = &call->reply->body;

	call_pack(call, "{'scan_type_list':[");
	for (size_t i = 0; i < ARRAY_COUNT(scans); i++)
		pack_item(out,
		    "{'display_name':%s,'code':%s,'instruments':['STK']}",
		    scans[i].name, scans[i].code);
	pack(out,
	    "],'instrument_list':[{'display_name':'US Stocks','type':'STK',"
	    "'filters':['priceAbove','priceBelow']}],'filter_list':["
	    "{'group':'price','display_name':'Price Above','code':"
	    "'priceAbove','type':'non-range','combo_values':[]},"
	    "{'group':'price','display_name':'Price Below','code':"
	    "'priceBelow','type':'non-range','combo_values':[]}],");
	pack(out, "'location_tree':[{'display_name':'US Stocks','type':'STK',"
		  "'locations':[{'display_name':'Listed/NASDAQ','type':"
		  "'STK.US.MAJOR','locations':[{'display_name':'NASDAQ','type':"
		  "'STK.NASDAQ','locations':[]}]}]}]}");
}

/* Filters by price; unknown ones let everything pass. */
static bool
passes(struct json_object *filters, int64_t price)
{
	size_t count = 0;

	if (json_object_is_type(filters, json_type_array))
		count = json_object_array_length(filters);
	for (size_t i = 0; i < count; i++) {
		struct json_object *filter =
		    json_object_array_get_idx(filters, i);
		const char *code = json_get_str(filter, "code", "");
		int64_t bound;

		if (!num_from_json(json_get(filter, "value"), true, &bound))
			continue;
		if ((strcmp(code, "priceAbove") == 0 && price < bound) ||
		    (strcmp(code, "priceBelow") == 0 && price > bound))
			return false;
	}
	return true;
}

static void
pack_result(struct call *call, const struct quote *quote,
    const struct scan *scan, int rank)
{
	struct buf *out = &call->reply->body;
	const struct contract *contract = quote->contract;
	struct buf data CLEANUP_BUF = BUF_INIT;
	int64_t change = 0;

	if (quote->prior > 0)
		change =
		    num_div((quote->last - quote->prior) * 100, quote->prior);
	buf_str(&data, change > 0 ? "+" : "");
	num_write(&data, change / (NUM_ONE / 100) * (NUM_ONE / 100), 2);
	buf_char(&data, '%');
	pack_item(out, "{'server_id':'%d',", rank);
	if (rank == 0 && scan->column)
		pack(out, "'column_name':%s,", scan->column);
	pack(out,
	    "'symbol':%s,'conidex':'%l','con_id':%l,"
	    "'available_chart_periods':'#R|1','company_name':%s,",
	    contract->symbol, contract->conid, contract->conid, contract->name);
	if (scan->column)
		pack(out, "'scan_data':%s,", buf_text(&data));
	pack(out,
	    "'contract_description_1':%s,'listing_exchange':%s,"
	    "'sec_type':%s}",
	    contract->symbol, contract->listing, contract->type);
}

static void
run(struct call *call)
{
	const struct market *market = &call->sim->market;
	const struct scan *scan =
	    find_scan(json_get_str(call->body, "type", ""));
	struct json_object *filters = json_get(call->body, "filter");
	int rank = 0;

	if (!scan || !json_get_str(call->body, "instrument", NULL) ||
	    !json_get_str(call->body, "location", NULL)) {
		call_error(call, 500, "scanner is not valid");
		return;
	}
	call_pack(call, "{'contracts':[");
	for (size_t i = 0; i < market->count; i++) {
		const struct quote *quote = &market->list[i];

		if (strcmp(quote->contract->type, "STK") == 0 &&
		    quote->last != NO_PRICE && passes(filters, quote->last))
			pack_result(call, quote, scan, rank++);
	}
	call_pack(call, "]");
	if (scan->column)
		call_pack(call, ",'scan_data_column_name':%s", scan->column);
	call_pack(call, "}");
}

static void
start_hmds(struct call *call)
{
	(void)sim_is_first(call->sim, COLD_HMDS);
	call_pack(call, "{'authenticated':true}");
}

static void
run_hmds(struct call *call)
{
	if (!sim_was_asked(call->sim, COLD_HMDS)) {
		call_known(call, KNOWN_NOT_FOUND);
		return;
	}
	call_pack(call,
	    "{'total':'2','size':'2','offset':'0','scanTime':"
	    "'20260105-14:30:00','id':'scanner1','position':'v1:AAAA',"
	    "'Contracts':{'Contract':[{'inScanTime':'20260105-14:30:00',"
	    "'contractID':'265598'},{'inScanTime':'20260105-14:30:00',"
	    "'contractID':'272093'}]}}");
}

static const struct route routes[] = {
	{ "GET", "/iserver/scanner/params", NEED_OUTER | NEED_BROKER, params },
	{ "POST", "/iserver/scanner/run", NEED_OUTER | NEED_BROKER | NEED_BODY,
	    run },
	{ "POST", "/hmds/auth/init", NEED_OUTER | NEED_BROKER, start_hmds },
	{ "POST", "/hmds/scanner", NEED_OUTER | NEED_BROKER | NEED_BODY,
	    run_hmds },
};
const struct family scanner_family = { routes, ARRAY_COUNT(routes) };

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Orders for those who ask for them: see listing.h. */

#include "sim/listing.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "sim/num.h"
#include "sim/pack.h"
#include "sim/world.h"

void
order_time(struct buf *out, int64_t at_ms)
{
	char text[CLOCK_TEXT_SIZE];

	/* 2026-01-03T20:10:41.000Z */
	clock_format((uint64_t)at_ms * NS_PER_MS, text);
	for (size_t i = 2; i < 19; i++)
		if (text[i] >= '0' && text[i] <= '9')
			buf_char(out, text[i]);
}

void
order_description(struct buf *out, const struct order *order)
{
	const struct order_words *words = order_words(order->type);

	buf_str(out, order->buy ? "Buy " : "Sell ");
	num_write(out, order->quantity, 0);
	buf_printf(out, " %s %s", order->contract->symbol, words->display);
	if (order->has_price) {
		buf_char(out, ' ');
		num_write(out, order->price, 2);
	}
	buf_printf(out, ", %s", order->tif);
}

static void
fills(struct buf *out, const struct order *order)
{
	num_write(out, order->filled, 0);
	buf_char(out, '/');
	num_write(out, order->quantity, 0);
}

/* A price as the list has it: "" for none. */
static void
price(struct buf *out, bool has, int64_t num)
{
	buf_char(out, '"');
	if (has)
		num_write(out, num, 2);
	buf_char(out, '"');
}

static void
row_ids(struct buf *out, const struct order *order)
{
	struct buf size CLEANUP_BUF = BUF_INIT;
	struct buf text CLEANUP_BUF = BUF_INIT;
	const struct contract *contract = order->contract;

	fills(&size, order);
	order_description(&text, order);
	pack_item(out, "{'acct':%s,'conidex':'%l','conid':%l,",
	    order->account->id, contract->conid, contract->conid);
	if (order->parent_id)
		pack(out, "'parentId':%l,", order->parent_id);
	pack(out, "'account':%s,'orderId':%l,'cashCcy':%s,", order->account->id,
	    order->id, contract->currency);
	pack(out, "'sizeAndFills':%s,'orderDesc':%s,'description1':%s,",
	    buf_text(&size), buf_text(&text), contract->symbol);
	pack(out, "'ticker':%s,'secType':%s,'listingExchange':%s,",
	    contract->symbol, contract->type, contract->listing);
}

static void
row_state(struct buf *out, const struct order *order)
{
	struct buf time CLEANUP_BUF = BUF_INIT;

	order_time(&time, order->changed_ms);
	pack(out, "'remainingQuantity':%n,'filledQuantity':%n,'totalSize':%n,",
	    order->quantity - order->filled, order->filled, order->quantity);
	pack(out, "'companyName':%s,'status':%s,'outsideRTH':%b,",
	    order->contract->name, order_status_name(order->status),
	    order->outside_rth);
	pack(out,
	    "'order_ccp_status':%s,'origOrderType':%s,'supportsTaxOpt':'1',",
	    order->status == STATUS_PRE_SUBMITTED
		? "Submitted"
		: order_status_name(order->status),
	    order_words(order->type)->origin);
	pack(out, "'lastExecutionTime':%s,'lastExecutionTime_r':%l,",
	    buf_text(&time), order->changed_ms);
	if (order->by_system)
		pack(out, "'order_cancellation_by_system_reason':"
			  "'cancelled by the system',");
}

static void
row_prices(struct buf *out, const struct order *order)
{
	bool is_day = strcmp(order->tif, "DAY") == 0;

	pack(out, "'orderType':%s,", order_words(order->type)->display);
	if (order->coid)
		pack(out, "'order_ref':%s,", order->coid);
	buf_str(out, "\"price\":");
	price(out, order->has_price && order->type != TYPE_STP, order->price);
	if (order->filled > 0)
		pack(out, ",'avgPrice':%m", order->average);
	if (order->has_aux)
		pack(out, ",'auxPrice':%m", order->aux);
	if (order->type == TYPE_STP)
		pack(out, ",'stop_price':%m", order->price);
	pack(out, ",'timeInForce':%s,'side':%s,'bgColor':'#FFFFFF',",
	    is_day && order->status == STATUS_FILLED ? "CLOSE" : order->tif,
	    order->buy ? "BUY" : "SELL");
	pack(out, "'fgColor':'#0000CC','isEventTrading':'0'");
	if (order->group)
		pack(out, ",'ocaGroupId':'%r%l'",
		    order->group_is_loose ? "oco-" : "", order->group);
	buf_char(out, '}');
}

/* A comma list of status words; without one everything passes. */
static bool
passes(const char *filters, const struct order *order)
{
	const char *word = order_status_filter(order->status);
	bool any = false;

	while (filters && *filters) {
		size_t len = strcspn(filters, ",");

		if (len != strlen("sort_by_time") ||
		    strncmp(filters, "sort_by_time", len) != 0)
			any = true;
		if (len == strlen(word) && strncmp(filters, word, len) == 0)
			return true;
		filters += len + (filters[len] == ',');
	}
	return !any;
}

/* Midnight ends orders of the day before. */
bool
order_is_of_today(const struct sim *sim, const struct order *order)
{
	return order_is_alive(order) || sim->day_end_ms == 0 ||
	       order->changed_ms > sim->day_end_ms - INT64_C(86400000);
}

void
order_list(struct call *call)
{
	struct sim *sim = call->sim;
	const char *account = call_param(call, "accountId");
	const char *filters = call_param(call, "filters");

	if (sim_is_first(sim, COLD_ORDERS) ||
	    call_has_param(call, "force", "true")) {
		call_pack(call, "{'orders':[],'snapshot':false}");
		return;
	}
	if (account &&
	    !account_find(&sim->accounts, account, sim->session.live)) {
		call_error(call, 400, "Bad Request: accountId is not valid: %s",
		    account);
		return;
	}
	call_pack(call, "{'orders':[");
	for (size_t i = sim->book.order_count; i > 0; i--) {
		const struct order *order = sim->book.orders[i - 1];

		if (order->account->live != sim->session.live ||
		    (account && strcmp(order->account->id, account) != 0) ||
		    !order_is_of_today(sim, order) || !passes(filters, order))
			continue;
		row_ids(&call->reply->body, order);
		row_state(&call->reply->body, order);
		row_prices(&call->reply->body, order);
	}
	call_pack(call, "],'snapshot':true}");
}

static void
status_head(struct call *call, const struct order *order)
{
	const struct contract *contract = order->contract;

	call_pack(call,
	    "{'sub_type':null,'request_id':'209','server_id':'0',"
	    "'order_id':%l,'conidex':'%l','conid':%l,'symbol':%s,",
	    order->id, contract->conid, contract->conid, contract->symbol);
	call_pack(call,
	    "'side':%s,'contract_description_1':%s,'listing_exchange':%s,"
	    "'option_acct':'c','company_name':%s,",
	    order->buy ? "B" : "S", contract->symbol, contract->listing,
	    contract->name);
	call_pack(call, "'size':%q,'total_size':%q,'currency':%s,'account':%s,",
	    order->quantity - order->filled, order->quantity,
	    contract->currency, order->account->id);
	call_pack(call, "'order_type':%s,", order_words(order->type)->origin);
	if (order->has_price && order->type != TYPE_STP)
		call_pack(call, "'limit_price':%m,", order->price);
	if (order->type == TYPE_STP)
		call_pack(call, "'stop_price':%m,", order->price);
	else if (order->has_aux)
		call_pack(call, "'stop_price':%m,", order->aux);
}

static void
status_tail(struct call *call, const struct order *order)
{
	struct buf text CLEANUP_BUF = BUF_INIT;
	struct buf size CLEANUP_BUF = BUF_INIT;
	struct buf time CLEANUP_BUF = BUF_INIT;

	order_description(&text, order);
	fills(&size, order);
	order_time(&time, order->created_ms);
	call_pack(call,
	    "'cum_fill':%q,'order_status':%s,'order_ccp_status':%s,"
	    "'order_status_description':%s,'tif':%s,",
	    order->filled, order_status_name(order->status),
	    order->status == STATUS_FILLED ? "2" : "0",
	    order_status_name(order->status), order->tif);
	call_pack(call,
	    "'fg_color':'#FFFFFF','bg_color':'#0000CC',"
	    "'order_not_editable':%b,'editable_fields':'\\u001e',"
	    "'cannot_cancel_order':%b,'outside_rth':%b,'all_or_none':%b,"
	    "'deactivate_order':%b,'use_price_mgmt_algo':true,",
	    !order_is_alive(order), !order_is_alive(order), order->outside_rth,
	    order->all_or_none, order->parked);
	call_pack(call,
	    "'sec_type':%s,'available_chart_periods':'#R|1',"
	    "'order_description':%s,'order_description_with_contract':%s,"
	    "'alert_active':1,'child_order_type':'0',",
	    order->contract->type, buf_text(&text), buf_text(&text));
	call_pack(call,
	    "'order_clearing_account':%s,'size_and_fills':%s,"
	    "'exit_strategy_display_price':'','exit_strategy_chart_"
	    "description':'','exit_strategy_tool_availability':'1',",
	    order->account->id, buf_text(&size));
	if (order->filled > 0)
		call_pack(call, "'average_price':%m,", order->average);
	call_pack(call, "'allowed_duplicate_opposite':true,'order_time':%s}",
	    buf_text(&time));
}

void
order_status(struct call *call, const struct order *order)
{
	status_head(call, order);
	status_tail(call, order);
}

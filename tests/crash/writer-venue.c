/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A writer whose broker is another process (venue.h), so that killing the
 * gateway leaves the book as it is.  The order's id is its reference.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ibkr-agent/plugin.h"
#include "ibkr-agent/writer.h"
#include "venue.h"

static const struct iag_host *host;

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *table)
{
	(void)ctx;
	host = table;
	return IAG_OK;
}

static void
put(char to[VENUE_TEXT], const char *text)
{
	(void)snprintf(to, VENUE_TEXT, "%s", text ? text : "");
}

static void
put_order(struct venue_order *to, const struct iag_order *order)
{
	put(to->ref, order->client_ref);
	put(to->account, order->account);
	put(to->quantity, order->quantity);
	put(to->price,
	    order->limit_price ? order->limit_price : order->stop_price);
}

/* The exchange itself: from here on nobody knows what became of it. */
static int32_t
exchange(struct iag_ctx *ctx, const struct venue_request *request,
    struct venue_reply *reply)
{
	const char *path = NULL;
	int32_t r = host->option_str(ctx, "socket", &path);

	if (r)
		return r;
	if (venue_ask(path, request, reply))
		return host->fail(
		    ctx, IAG_UNKNOWN, NULL, "the venue did not answer");
	return 0;
}

static int32_t
send_request(struct iag_ctx *ctx, const struct venue_request *request)
{
	struct venue_reply reply;
	int32_t r = host->commit_send(ctx);

	if (r == 0)
		r = exchange(ctx, request, &reply);
	if (r)
		return r;
	if (reply.answer == VENUE_TWICE)
		return host->fail(ctx, IAG_UNKNOWN, NULL,
		    "the reference is already registered");
	if (reply.answer == VENUE_ABSENT)
		return host->fail(ctx, IAG_REJECTED, "ORDER_VALIDATION_FAILED",
		    "there is no such order");
	return 0;
}

static void
set_ack(
    struct iag_ctx *ctx, const char *ref, uint32_t status, struct iag_ack *ack)
{
	const char *own = host->intern(ctx, ref, strlen(ref));

	ack->status = status;
	ack->broker_order_id = own;
	ack->client_ref = own;
	ack->broker_status = "Venue";
	ack->filled_quantity = "0";
}

static int32_t
submit_group(struct iag_ctx *ctx, void *instance,
    const struct iag_order *const *orders, size_t count,
    struct iag_ack *ret_acks)
{
	struct venue_request request = { .verb = VENUE_SUBMIT };
	int32_t r;

	(void)instance;
	for (size_t i = 0; i < count && i < VENUE_LEGS; i++)
		put_order(&request.orders[request.count++], orders[i]);
	r = send_request(ctx, &request);
	for (size_t i = 0; r == 0 && i < count; i++)
		set_ack(ctx, orders[i]->client_ref, IAG_STATUS_SUBMITTED,
		    &ret_acks[i]);
	return r;
}

static int32_t
submit(struct iag_ctx *ctx, void *instance, const struct iag_order *order,
    struct iag_ack *ret_ack)
{
	return submit_group(ctx, instance, &order, 1, ret_ack);
}

static int32_t
change(struct iag_ctx *ctx, const struct iag_target *target,
    struct venue_request *request, uint32_t status, struct iag_ack *ret_ack)
{
	int32_t r;

	request->count = 1;
	put(request->orders[0].ref, target->broker_order_id);
	r = send_request(ctx, request);
	if (r == 0)
		set_ack(ctx, target->broker_order_id, status, ret_ack);
	return r;
}

static int32_t
cancel(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    struct iag_ack *ret_ack)
{
	struct venue_request request = { .verb = VENUE_CANCEL };

	(void)instance;
	return change(ctx, target, &request, IAG_STATUS_CANCELLED, ret_ack);
}

static int32_t
modify(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    const struct iag_order *order, struct iag_ack *ret_ack)
{
	struct venue_request request = { .verb = VENUE_MODIFY };

	(void)instance;
	put_order(&request.orders[0], order);
	return change(ctx, target, &request, IAG_STATUS_OPEN, ret_ack);
}

static int32_t
find(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    struct iag_find *ret_find)
{
	struct venue_request request = { .verb = VENUE_FIND, .count = 1 };
	struct venue_reply reply;
	const char *ref =
	    target->client_ref ? target->client_ref : target->broker_order_id;
	int32_t r;

	(void)instance;
	put(request.orders[0].ref, ref);
	r = exchange(ctx, &request, &reply);
	if (r)
		return r;
	ret_find->complete = 1;
	ret_find->since_ns = 1;
	ret_find->session = "venue";
	ret_find->answer =
	    reply.answer == VENUE_DONE ? IAG_FIND_FOUND : IAG_FIND_ABSENT;
	if (reply.answer == VENUE_DONE)
		set_ack(ctx, ref,
		    reply.is_cancelled ? IAG_STATUS_CANCELLED : IAG_STATUS_OPEN,
		    &ret_find->ack);
	return 0;
}

/* One order as `orders_list` has it; false: there is no more room. */
static int
print_row(char *text, size_t size, size_t *len, const struct venue_reply *row)
{
	int n = snprintf(text + *len, size - *len,
	    "%s{\"account_id\":\"%s\",\"broker_order_id\":\"%s\","
	    "\"client_order_id\":\"%s\",\"status\":\"%s\",\"side\":\"buy\","
	    "\"quantity\":\"%s\",\"filled_quantity\":\"0\","
	    "\"contract_id\":\"265598\",\"symbol\":\"AAPL\","
	    "\"order_type\":\"limit\",\"limit_price\":\"%s\","
	    "\"currency\":\"USD\",\"time_in_force\":\"day\"}",
	    text[*len - 1] == '[' ? "" : ",", row->order.account,
	    row->order.ref, row->order.ref,
	    row->is_cancelled ? "cancelled" : "open", row->order.quantity,
	    row->order.price);

	if (n < 0 || (size_t)n >= size - *len)
		return 0;
	*len += (size_t)n;
	return 1;
}

static int32_t
list(struct iag_ctx *ctx, void *instance, const char *account)
{
	static const char start[] = "{\"orders\":[";
	static const char end[] = "],\"complete\":true}";
	const struct iag_reply_meta meta = { .struct_size = sizeof meta,
		.flags = IAG_REPLY_COMPLETE };
	struct venue_request request = { .verb = VENUE_ROW };
	struct venue_reply row;
	size_t size = 1 << 19, len;
	char *text = malloc(size + sizeof end);
	int32_t r = text ? 0 : IAG_NOMEM;

	(void)instance;
	if (text)
		memcpy(text, start, sizeof start);
	len = sizeof start - 1;
	while (r == 0 && (r = exchange(ctx, &request, &row)) == 0 &&
	       row.answer == VENUE_DONE) {
		if (strcmp(row.order.account, account) == 0 &&
		    !print_row(text, size, &len, &row))
			r = IAG_NOMEM;
		request.count++;
	}
	if (r == 0) {
		memcpy(text + len, end, sizeof end);
		r = host->reply(ctx, &meta, text, len + sizeof end - 1);
	}
	free(text);
	return r;
}

static int32_t
venue_open(struct iag_ctx *ctx, void **ret_instance)
{
	static char nothing;

	(void)ctx;
	*ret_instance = &nothing;
	return 0;
}

static const struct iag_option options[] = {
	{
	    .type = IAG_OPTION_STRING,
	    .flags = IAG_OPTION_REQUIRED,
	    .key = "socket",
	    .help = "where the venue listens",
	},
};

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof instance_ops,
	.open = venue_open,
};

static const struct iag_writer_ops writer_ops = {
	.struct_size = sizeof writer_ops,
	.operations = IAG_WRITER_SUBMIT | IAG_WRITER_CANCEL |
		      IAG_WRITER_MODIFY | IAG_WRITER_SUBMIT_GROUP |
		      IAG_WRITER_FIND | IAG_WRITER_LIST,
	.order_types = 1u << IAG_TYPE_LIMIT | 1u << IAG_TYPE_STOP |
		       1u << IAG_TYPE_STOP_LIMIT,
	.tifs = 1u << IAG_TIF_DAY | 1u << IAG_TIF_GOOD_TILL_CANCELLED,
	.modes = 1u << IAG_MODE_PAPER | 1u << IAG_MODE_LIVE,
	.ref_len = 72,
	.asset_classes = "stock etf",
	.submit = submit,
	.cancel = cancel,
	.modify = modify,
	.submit_group = submit_group,
	.find = find,
	.list = list,
};

static const struct iag_plugin plugin = {
	.struct_size = sizeof plugin,
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_WRITER,
	.thread_model = IAG_THREAD_PARALLEL,
	.hint_flags = IAG_HINT_SIMULATED,
	.name = "venue",
	.version = PACKAGE_VERSION,
	.summary = "places orders in another process's book, for tests",
	.options = options,
	.option_count = sizeof options / sizeof *options,
	.option_size = sizeof(struct iag_option),
	.load = load,
	.instance = &instance_ops,
	.ops = &writer_ops,
};

const struct iag_plugin *
iag_plugin_1(void)
{
	return &plugin;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The backend of the broker's Client Portal Gateway: every read tool over
 * its REST interface.  The connection, its pacing and its session are the
 * host's; what the answers mean is in map-*.c.
 *
 * Threads: any number of queries at once.
 * Locks: an instance is constant but for its memory, which has its own.
 */

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "ops.h"
#include "text.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct iag_host *host;

#define NO_DEPTH "the broker gives order books by websocket alone, not by REST"
#define NO_NEWS "news is not part of the broker's published REST interface"
#define NO_FUNDAMENTALS                                             \
	"fundamentals are not part of the broker's published REST " \
	"interface"
#define NO_TRANSFERS \
	"the broker's gateway does not reach the interface for transfers"

/* Every operation: how it is answered, or why the broker does not offer it. */
/* clang-format off */
#define OPERATIONS(X) \
	X(session_status, op_session_status, NULL) \
	X(keepalive, op_keepalive, NULL) \
	X(accounts_list, op_accounts_list, NULL) \
	X(account_metadata, op_account_metadata, NULL) \
	X(account_summary, op_account_summary, NULL) \
	X(pnl_daily, op_pnl_daily, NULL) \
	X(pnl_realtime, op_pnl_realtime, NULL) \
	X(positions_list, op_positions_list, NULL) \
	X(portfolio_snapshot, op_portfolio_snapshot, NULL) \
	X(contracts_search, op_contracts_search, NULL) \
	X(contract_resolve, op_contract_resolve, NULL) \
	X(market_snapshot, op_market_snapshot, NULL) \
	X(historical_bars, op_historical_bars, NULL) \
	X(options_chain, op_options_chain, NULL) \
	X(option_greeks, op_option_greeks, NULL) \
	X(market_depth, NULL, NO_DEPTH) \
	X(scanner_run, op_scanner_run, NULL) \
	X(news_list, NULL, NO_NEWS) \
	X(news_article, NULL, NO_NEWS) \
	X(fundamentals_get, NULL, NO_FUNDAMENTALS) \
	X(market_session, op_market_session, NULL) \
	X(market_holidays, op_market_holidays, NULL) \
	X(currency_rate, op_currency_rate, NULL) \
	X(transfer_history, NULL, NO_TRANSFERS) \
	X(orders_list, op_orders_list, NULL) \
	X(orders_history, op_orders_history, NULL) \
	X(order_status, op_order_status, NULL) \
	X(executions_list, op_executions_list, NULL) \
	X(order_whatif, op_order_whatif, NULL)
/* clang-format on */

#define ROW(name, run, why_not) { #name, run, why_not },
#define NAME(name, run, why_not) #name,

static const struct {
	const char *name;
	op_fn *run;
	const char *why_not;
} operations[] = { OPERATIONS(ROW) };

/* The same names, as the host wants them. */
static const char *const names[] = { OPERATIONS(NAME) };

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *table)
{
	(void)ctx;
	host = table;
	if (IAG_HAS(struct iag_host, table, session_get) && table->http)
		return IAG_OK;
	return table->fail(ctx, IAG_NOTSUP, "PLUGIN_INVALID",
	    "this host has no connection to a broker");
}

static int32_t
open_gateway(struct iag_ctx *ctx, void **ret_instance)
{
	struct memory *memory = memory_new();

	if (!memory)
		return host->fail(ctx, IAG_NOMEM, NULL, "out of memory");
	*ret_instance = memory;
	return IAG_OK;
}

static void
close_gateway(struct iag_ctx *ctx, void *instance)
{
	(void)ctx;
	memory_free(instance);
}

static void
query_begin(
    struct query *q, struct iag_ctx *ctx, void *instance, struct text *out)
{
	*q = (struct query){
		.host = host,
		.ctx = ctx,
		.memory = instance,
		.out = out,
	};
	map_init(&q->map, out);
}

static void
query_done(struct query *q)
{
	map_fini(&q->map);
	node_fini(&q->arguments);
}

static int32_t
run(struct query *q, size_t at, const char *arguments, size_t len)
{
	const char *why = "";

	if (operations[at].why_not)
		return host->fail(q->ctx, IAG_NOTSUP,
		    "BROKER_CAPABILITY_UNAVAILABLE", "%s",
		    operations[at].why_not);
	if (node_parse(&q->arguments, arguments, len, &why))
		return host->fail(q->ctx, IAG_INVAL, "INPUT_INVALID",
		    "the arguments are no JSON: %s", why);
	return operations[at].run(q);
}

static int32_t
query(struct iag_ctx *ctx, void *instance, const char *operation,
    const char *arguments, size_t len)
{
	struct text out = { .data = NULL };
	int32_t ret = IAG_NOTSUP;
	struct query q;

	query_begin(&q, ctx, instance, &out);
	for (size_t i = 0; i < COUNT(operations); i++) {
		if (strcmp(operations[i].name, operation) == 0)
			ret = run(&q, i, arguments, len);
	}
	query_done(&q);
	text_fini(&out);
	return ret;
}

static int32_t
session(struct iag_ctx *ctx, void *instance, uint32_t step)
{
	struct text out = { .data = NULL };
	struct query q;
	int32_t ret;

	query_begin(&q, ctx, instance, &out);
	ret = session_step(&q, step);
	query_done(&q);
	text_fini(&out);
	return ret;
}

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof(instance_ops),
	.open = open_gateway,
	.close = close_gateway,
};

static const struct iag_backend_ops backend_ops = {
	.struct_size = sizeof(backend_ops),
	.operations = names,
	.operation_count = COUNT(operations),
	.query = query,
	.session = session,
};

static const struct iag_plugin plugin = {
	.struct_size = sizeof(plugin),
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_BACKEND,
	.thread_model = IAG_THREAD_PARALLEL,
	.name = "client-portal-gateway",
	.version = PACKAGE_VERSION,
	.summary = "The broker's Client Portal Gateway, over its REST "
		   "interface",
	.load = load,
	.instance = &instance_ops,
	.ops = &backend_ops,
	.routes = routes,
	.route_count = ROUTE_COUNT,
	.route_size = sizeof(routes[0]),
	.buckets = buckets,
	.bucket_count = BUCKET_COUNT,
	.bucket_size = sizeof(buckets[0]),
};

const struct iag_plugin *
iag_plugin_1(void)
{
	return &plugin;
}

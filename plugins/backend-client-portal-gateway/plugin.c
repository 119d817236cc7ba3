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

#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "ops.h"
#include "text.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct iag_host *host;

#define NO_DEPTH "the broker gives order books by websocket alone, not by REST"
#define NO_TRANSFERS \
	"the broker's gateway does not reach the interface for transfers"

/* Every operation: how it is answered, or why the broker does not offer it. */
/* clang-format off */
#define OPERATIONS(X) \
	X(session_status, op_session_status, NULL, "") \
	X(keepalive, op_keepalive, NULL, "") \
	X(accounts_list, op_accounts_list, NULL, "") \
	X(account_metadata, op_account_metadata, NULL, "account_id") \
	X(account_mode, op_account_mode, NULL, "account_id") \
	X(account_summary, op_account_summary, NULL, "account_id") \
	X(pnl_daily, op_pnl_daily, NULL, "account_id") \
	X(pnl_realtime, op_pnl_realtime, NULL, "account_id") \
	X(positions_list, op_positions_list, NULL, "account_id") \
	X(portfolio_snapshot, op_portfolio_snapshot, NULL, "account_id") \
	X(contracts_search, op_contracts_search, NULL, "query") \
	X(contract_resolve, op_contract_resolve, NULL, "symbol") \
	X(market_snapshot, op_market_snapshot, NULL, "contract_id") \
	X(historical_bars, op_historical_bars, NULL, "contract_id duration bar_size") \
	X(options_chain, op_options_chain, NULL, "symbol") \
	X(option_greeks, op_option_greeks, NULL, "contract_id") \
	X(market_depth, NULL, NO_DEPTH, "") \
	X(scanner_run, op_scanner_run, NULL, "scanner_code instrument location") \
	X(news_list, op_news_list, NULL, "symbol") \
	X(news_article, op_news_article, NULL, "article_id") \
	X(fundamentals_get, op_fundamentals_get, NULL, "symbol") \
	X(market_session, op_market_session, NULL, "exchange") \
	X(market_holidays, op_market_holidays, NULL, "exchange") \
	X(currency_rate, op_currency_rate, NULL, "base quote") \
	X(transfer_history, NULL, NO_TRANSFERS, "") \
	X(orders_list, op_orders_list, NULL, "account_id") \
	X(orders_history, op_orders_history, NULL, "account_id") \
	X(order_status, op_order_status, NULL, "account_id broker_order_id") \
	X(executions_list, op_executions_list, NULL, "account_id") \
	X(order_whatif, op_order_whatif, NULL, "account_id contract_id")
/* clang-format on */

#define ROW(name, run, why_not, needs) { #name, run, why_not, needs },
#define NAME(name, run, why_not, needs) #name,

static const struct {
	const char *name;
	op_fn *run;
	const char *why_not;
	const char *needs; /* strings among its arguments */
} operations[] = { OPERATIONS(ROW) };

/* The same names, as the host wants them. */
static const char *const names[] = { OPERATIONS(NAME) };

/* Given by the host, from broker.undocumented_endpoints. */
static const struct iag_option options[] = {
	{ IAG_OPTION_BOOLEAN, 0, "undocumented_endpoints", "false", NULL, NULL,
	    NULL, "read news and fundamentals, which nobody documents" },
};

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *table)
{
	(void)ctx;
	host = table;
	return IAG_OK;
}

/* Has this host a connection to a broker at all? */
static int32_t
check_host(struct iag_ctx *ctx)
{
	if (IAG_HAS(struct iag_host, host, session_get) && host->http)
		return IAG_OK;
	return host->fail(ctx, IAG_NOTSUP, "BROKER_BACKEND_UNAVAILABLE",
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

/* The host has checked them; whoever else calls is told. */
static int32_t
needs_check(struct query *q, const char *needs)
{
	char key[40];

	while (*needs) {
		size_t len = strcspn(needs, " ");

		(void)snprintf(key, sizeof(key), "%.*s", (int)len, needs);
		if (!query_str(q, key))
			return host->fail(q->ctx, IAG_INVAL, "INPUT_INVALID",
			    "argument '%s': expected a text", key);
		needs += len + (needs[len] == ' ');
	}
	return IAG_OK;
}

static int32_t
run(struct query *q, size_t at, const char *arguments, size_t len)
{
	const char *why = "";
	int32_t ret;

	if (operations[at].why_not)
		return host->fail(q->ctx, IAG_NOTSUP,
		    "BROKER_CAPABILITY_UNAVAILABLE", "%s",
		    operations[at].why_not);
	if (node_parse(&q->arguments, arguments, len, &why))
		return host->fail(q->ctx, IAG_INVAL, "INPUT_INVALID",
		    "the arguments are no JSON: %s", why);
	ret = needs_check(q, operations[at].needs);
	return ret ? ret : operations[at].run(q);
}

static int32_t
query(struct iag_ctx *ctx, void *instance, const char *operation,
    const char *arguments, size_t len)
{
	struct text out = { .data = NULL };
	int32_t ret = check_host(ctx);
	struct query q;

	if (ret)
		return ret;
	ret = IAG_NOTSUP;
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
	int32_t ret = check_host(ctx);
	struct query q;

	if (ret)
		return ret;
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
	.options = options,
	.option_count = COUNT(options),
	.option_size = sizeof(options[0]),
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

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The writer that fails closed: it honours the whole interface and refuses
 * every order.  It is the default wherever an agent could reach a writer, so
 * that placing orders is always somebody's decision.
 */

#include "ibkr-agent/writer.h"

static const struct iag_host *host;

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *table)
{
	(void)ctx;
	host = table;
	return IAG_OK;
}

static int32_t
refuse(struct iag_ctx *ctx, uint32_t mode, const char *what)
{
	return host->fail(ctx, IAG_REJECTED,
	    mode == IAG_MODE_LIVE ? "LIVE_TRADING_DISABLED"
				  : "PAPER_TRADING_DISABLED",
	    "the writer 'refusing' %s nothing; choose another writer in the "
	    "configuration",
	    what);
}

static int32_t
submit(struct iag_ctx *ctx, void *instance, const struct iag_order *order,
    struct iag_ack *ret_ack)
{
	(void)instance;
	(void)ret_ack;
	if (order->need_flags)
		return host->fail(ctx, IAG_NOTSUP, NULL,
		    "the order needs 0x%x, which this writer does not know",
		    (unsigned)order->need_flags);
	return refuse(ctx, order->mode, "places");
}

static int32_t
cancel(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    struct iag_ack *ret_ack)
{
	(void)instance;
	(void)ret_ack;
	return refuse(ctx, target->mode, "cancels");
}

static int32_t
modify(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    const struct iag_order *order, struct iag_ack *ret_ack)
{
	(void)target;
	return submit(ctx, instance, order, ret_ack);
}

/* Nothing was ever sent by this writer, and that is known for certain. */
static int32_t
find(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    struct iag_find *ret_find)
{
	(void)ctx;
	(void)instance;
	(void)target;
	ret_find->answer = IAG_FIND_ABSENT;
	ret_find->complete = 1;
	return IAG_OK;
}

static int32_t
list(struct iag_ctx *ctx, void *instance, const char *account)
{
	static const char none[] = "{\"orders\":[],\"complete\":true}";
	struct iag_reply_meta meta = {
		.struct_size = sizeof meta,
		.flags = IAG_REPLY_COMPLETE,
	};

	(void)instance;
	(void)account;
	return host->reply(ctx, &meta, none, sizeof none - 1);
}

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof instance_ops,
};

static const struct iag_writer_ops writer_ops = {
	.struct_size = sizeof writer_ops,
	.operations = IAG_WRITER_SUBMIT | IAG_WRITER_CANCEL |
		      IAG_WRITER_MODIFY | IAG_WRITER_FIND | IAG_WRITER_LIST,
	.order_types = 1u << IAG_TYPE_LIMIT | 1u << IAG_TYPE_STOP |
		       1u << IAG_TYPE_STOP_LIMIT | 1u << IAG_TYPE_TRAILING_STOP,
	.tifs = 1u << IAG_TIF_DAY | 1u << IAG_TIF_GOOD_TILL_CANCELLED,
	.modes = 1u << IAG_MODE_PAPER | 1u << IAG_MODE_LIVE,
	.ref_len = 64,
	.asset_classes = "stock etf option future fund fx crypto bond",
	.submit = submit,
	.cancel = cancel,
	.modify = modify,
	.find = find,
	.list = list,
};

static const struct iag_plugin plugin = {
	.struct_size = sizeof plugin,
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_WRITER,
	.thread_model = IAG_THREAD_PARALLEL,
	.hint_flags = IAG_HINT_SIMULATED,
	.name = "refusing",
	.version = PACKAGE_VERSION,
	.summary = "refuses every order",
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

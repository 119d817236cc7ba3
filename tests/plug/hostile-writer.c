/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Writers with one fault each, HOSTILE_x, that the contract kit has to find:
 * mistakes which authors make.  Without a fault it keeps the contract.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ibkr-agent/writer.h"

#define REFS 64

static const struct iag_host *host;
static char refs[REFS][64];
static char ids[REFS][80];
static size_t count;

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *table)
{
	(void)ctx;
	host = table;
	return IAG_OK;
}

static size_t
find_ref(const char *ref)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (ref && strcmp(refs[i], ref) == 0)
			break;
	return i;
}

static void
acknowledge(struct iag_ctx *ctx, size_t at, struct iag_ack *ack)
{
	(void)ctx;
	ack->status = IAG_STATUS_OPEN;
	ack->client_ref = refs[at];
	ack->broker_order_id = ids[at];
#if defined HOSTILE_ACK_NO_ID
	ack->broker_order_id = NULL;
#elif defined HOSTILE_ACK_STATUS
	ack->status = 99;
#elif defined HOSTILE_ACK_OTHER
	ack->client_ref = "somebody-else";
#elif defined HOSTILE_ACK_NUMBER
	ack->filled_quantity = "1e3";
#endif
}

static int32_t
submit(struct iag_ctx *ctx, void *instance, const struct iag_order *order,
    struct iag_ack *ret_ack)
{
	size_t at = find_ref(order->client_ref);
	int32_t r;

	(void)instance;
	if (order->need_flags)
		return host->fail(ctx, IAG_NOTSUP, NULL, "needs too much");
#if defined HOSTILE_SUBMIT_HANGS
	for (;;)
		(void)pause();
#elif defined HOSTILE_SUBMIT_EXITS
	exit(0);
#elif defined HOSTILE_SUBMIT_CRASHES
	*(volatile char *)instance = 1;
#elif defined HOSTILE_SUBMIT_SILENT
	return IAG_REJECTED;
#endif
#if !defined HOSTILE_TWICE
	if (at < count)
		return host->fail(ctx, IAG_INVAL, NULL, "there is one");
#endif
	r = 0;
#if !defined HOSTILE_NO_COMMIT
	r = host->commit_send(ctx);
#endif
	if (r)
		return r;
	at = count < REFS ? count++ : 0;
	(void)snprintf(refs[at], sizeof refs[at], "%s", order->client_ref);
	(void)snprintf(ids[at], sizeof ids[at], "id-%zu", at);
	acknowledge(ctx, at, ret_ack);
	return IAG_OK;
}

static int32_t
find(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    struct iag_find *ret_find)
{
	size_t at = find_ref(target->client_ref);

	(void)instance;
	ret_find->complete = 1;
	ret_find->since_ns = 1;
	ret_find->answer = at < count ? IAG_FIND_FOUND : IAG_FIND_ABSENT;
#if defined HOSTILE_FIND_NOTHING
	ret_find->answer = 0;
#elif defined HOSTILE_FORGETS
	ret_find->answer = IAG_FIND_ABSENT;
#endif
	if (ret_find->answer == IAG_FIND_FOUND)
		acknowledge(ctx, at, &ret_find->ack);
	return IAG_OK;
}

static int32_t
list(struct iag_ctx *ctx, void *instance, const char *account)
{
	struct iag_reply_meta meta = { sizeof meta, IAG_REPLY_COMPLETE, 0, 0 };
	char json[32768] = "{\"orders\":[";
	size_t i, len = strlen(json);

	(void)instance;
	for (i = 0; i < count; i++)
		len += (size_t)snprintf(json + len, sizeof json - len,
		    "%s{\"account_id\":\"%s\",\"broker_order_id\":\"%s\","
#if defined HOSTILE_ROW_TYPO
		    "\"client_order\":\"%s\","
#else
		    "\"client_order_id\":\"%s\","
#endif
#if !defined HOSTILE_ROW_LACKS
		    "\"contract_id\":\"265598\","
#endif
		    "\"side\":\"buy\",\"status\":\"open\"}",
		    i ? "," : "", account, ids[i], refs[i]);
#if defined HOSTILE_LIST_BROKEN
	len += (size_t)snprintf(json + len, sizeof json - len, "]");
#else
	len += (size_t)snprintf(json + len, sizeof json - len, "]}");
#endif
	return host->reply(ctx, &meta, json, len);
}

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof instance_ops,
};

static const struct iag_writer_ops ops = {
	.struct_size = sizeof ops,
	.operations = IAG_WRITER_SUBMIT | IAG_WRITER_FIND | IAG_WRITER_LIST
#if defined HOSTILE_NO_CANCEL
		      | IAG_WRITER_CANCEL
#endif
	,
	.order_types = 1u << IAG_TYPE_LIMIT,
	.tifs = 1u << IAG_TIF_DAY,
	.modes = 1u << IAG_MODE_PAPER,
#if defined HOSTILE_SHORT_REFS
	.ref_len = 2,
#else
	.ref_len = 60,
#endif
	.asset_classes = "stock",
	.submit = submit,
	.find = find,
	.list = list,
};

static const struct iag_plugin plugin = {
	.struct_size = sizeof plugin,
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_WRITER,
	.thread_model = IAG_THREAD_PLUGIN_SERIAL,
	.hint_flags = IAG_HINT_SIMULATED,
	.name = HOSTILE_NAME,
	.version = "1",
	.summary = "has a fault",
	.load = load,
	.instance = &instance_ops,
	.ops = &ops,
};

const struct iag_plugin *
iag_plugin_1(void)
{
	return &plugin;
}

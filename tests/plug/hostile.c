/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Plugins that the loader must refuse: a sound backend with one fault, which
 * HOSTILE_x (from the makefile) chooses.  The text that must come back is in
 * tests/unit/test-host-load.c.
 */

#include <stdlib.h>
#include <unistd.h>

#include "ibkr-agent/backend.h"
#include "ibkr-agent/store.h"
#include "ibkr-agent/writer.h"

static const struct iag_host *host;

#if defined HOSTILE_UNDEFINED
int32_t nobody_defines_this(void);
#endif

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *table)
{
	host = table;
#if defined HOSTILE_LOAD_REFUSES
	return host->fail(ctx, IAG_NOTSUP, NULL, "this machine has no modem");
#elif defined HOSTILE_LOAD_FAILS
	return IAG_NOTSUP;
#elif defined HOSTILE_LOAD_CRASHES
	abort();
#elif defined HOSTILE_UNDEFINED
	return nobody_defines_this();
#elif defined HOSTILE_LOAD_HANGS
	for (;;)
		(void)host->sleep_ns(ctx, UINT64_MAX);
#else
	(void)ctx;
	return IAG_OK;
#endif
}

static int32_t
query(struct iag_ctx *ctx, void *instance, const char *operation,
    const char *arguments, size_t len)
{
	(void)instance;
	(void)operation;
	(void)arguments;
	(void)len;
#if defined HOSTILE_QUERY_CRASHES
	abort();
#elif defined HOSTILE_QUERY_EXITS
	exit(0);
#elif defined HOSTILE_QUERY_HANGS
	(void)ctx;
	for (;;)
		(void)pause();
#elif defined HOSTILE_QUERY_TWICE
	(void)host->reply(ctx, NULL, "{}", 2);
	(void)host->reply(ctx, NULL, "{}", 2);
	return IAG_OK;
#elif defined HOSTILE_QUERY_NOTHING
	(void)ctx;
	return IAG_OK;
#elif defined HOSTILE_QUERY_BROKEN
	(void)host->reply(ctx, NULL, "{\"a\":}", 6);
	return IAG_OK;
#elif defined HOSTILE_QUERY_HUGE
	static char text[2 * 1048576];

	(void)host->reply(ctx, NULL, text, sizeof text);
	return IAG_OK;
#elif defined HOSTILE_QUERY_SILENT
	(void)ctx;
	return IAG_AUTH;
#elif defined HOSTILE_QUERY_NUMBER
	(void)ctx;
	return -4711;
#elif defined HOSTILE_QUERY_ROW
	static const char row[] =
	    "{\"accounts\":[{\"acount_id\":\"DU1\",\"account_mode\":\"paper\"}]}";

	return host->reply(ctx, NULL, row, sizeof row - 1);
#elif defined HOSTILE_QUERY_SHAPE
	return host->reply(ctx, NULL, "{\"status\":[\"ok\"]}", 17);
#else
	return host->reply(ctx, NULL, "{}", 2);
#endif
}

static const char *const operations[] = {
#if defined HOSTILE_QUERY_HANGS || defined HOSTILE_QUERY_ROW
	"accounts_list", /* for the program as a whole, too */
#else
	"health",
#endif
#if defined HOSTILE_OPERATION_NAME
	"Get Health",
#elif defined HOSTILE_OPERATION_TWICE
	"health",
#elif defined HOSTILE_OPERATION_NULL
	NULL,
#endif
};

static const struct iag_option options[] = {
#if defined HOSTILE_OPTION_TYPE
	{ 99, 0, "speed", NULL, NULL, NULL, NULL, "how fast" },
#elif defined HOSTILE_OPTION_KEY
	{ IAG_OPTION_STRING, 0, "Speed!", NULL, NULL, NULL, NULL, "how fast" },
#elif defined HOSTILE_OPTION_DEFAULT
	{ IAG_OPTION_INTEGER, 0, "speed", "11", "1", "10", NULL, "how fast" },
#elif defined HOSTILE_OPTION_BOUND
	{ IAG_OPTION_INTEGER, 0, "speed", NULL, "low", NULL, NULL, "how fast" },
#elif defined HOSTILE_OPTION_CHOICES
	{ IAG_OPTION_CHOICE, 0, "speed", NULL, NULL, NULL, NULL, "how fast" },
#elif defined HOSTILE_OPTION_TWICE
	{ IAG_OPTION_STRING, 0, "speed", NULL, NULL, NULL, NULL, "how fast" },
	{ IAG_OPTION_STRING, 0, "speed", NULL, NULL, NULL, NULL, "how fast" },
#elif defined HOSTILE_OPTION_HELP
	{ IAG_OPTION_STRING, 0, "speed", NULL, NULL, NULL, NULL, "a\nb" },
#elif defined HOSTILE_OPTION_FLAGS
	{ IAG_OPTION_STRING, 0x80, "speed", NULL, NULL, NULL, NULL, "fast" },
#else
	{ IAG_OPTION_INTEGER, 0, "speed", "5", "1", "10", NULL, "how fast" },
#endif
};

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof instance_ops,
#if defined HOSTILE_RESERVED
	.reserved = 1,
#endif
};

#if defined HOSTILE_STORE
static const struct iag_store_ops ops = {
	.struct_size = sizeof ops,
};
#define KIND IAG_KIND_STORE
#elif defined HOSTILE_WRITER
static const struct iag_writer_ops ops = {
	.struct_size = sizeof ops,
	.operations = IAG_WRITER_SUBMIT | IAG_WRITER_FIND,
};
#define KIND IAG_KIND_WRITER
#else
static const struct iag_backend_ops ops = {
#if defined HOSTILE_SHORT_TABLE
	.struct_size = offsetof(struct iag_backend_ops, query),
#else
	.struct_size = sizeof ops,
#endif
	.operations = operations,
	.operation_count = sizeof operations / sizeof *operations,
#if !defined HOSTILE_NO_QUERY
	.query = query,
#endif
};
#define KIND IAG_KIND_BACKEND
#endif

static const struct iag_plugin plugin = {
#if defined HOSTILE_SHORT_DESCRIPTOR
	.struct_size = sizeof plugin - 8,
#else
	.struct_size = sizeof plugin,
#endif
	.abi_minor = IAG_ABI_MINOR,
#if defined HOSTILE_KIND_NUMBER
	.kind = 77,
#else
	.kind = KIND,
#endif
#if defined HOSTILE_MODEL
	.thread_model = 2500,
#elif defined HOSTILE_MODEL_SERIAL
	.thread_model = IAG_THREAD_INSTANCE_SERIAL,
#else
	.thread_model = IAG_THREAD_PARALLEL,
#endif
#if defined HOSTILE_NEED
	.need_flags = 0x40,
#endif
	.hint_flags = 0x80000000u, /* no host need know it */
	.name = HOSTILE_NAME,
	.version = "1",
#if defined HOSTILE_SUMMARY
	.summary = "has a \xff in it",
#else
	.summary = "has a fault",
#endif
	.options = options,
	.option_count = sizeof options / sizeof *options,
#if defined HOSTILE_OPTION_SIZE
	.option_size = 16,
#else
	.option_size = sizeof *options,
#endif
	.load = load,
#if !defined HOSTILE_NO_INSTANCE
	.instance = &instance_ops,
#endif
#if !defined HOSTILE_NO_OPS
	.ops = &ops,
#endif
};

#if defined HOSTILE_SYMBOL
IAG_EXPORT const struct iag_plugin *iag_plugin_0(void);
const struct iag_plugin *
iag_plugin_0(void)
{
	return &plugin;
}
#elif defined HOSTILE_MAJOR
IAG_EXPORT const struct iag_plugin *iag_plugin_2(void);
const struct iag_plugin *
iag_plugin_2(void)
{
	return &plugin;
}
#else
const struct iag_plugin *
iag_plugin_1(void)
{
#if defined HOSTILE_NULL
	return NULL;
#else
	return &plugin;
#endif
}
#endif

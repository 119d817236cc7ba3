/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A backend for tests of the host: each operation does one thing that a
 * backend may do, or must not.  Built once for each thread model, with
 * PROBE_NAME and PROBE_MODEL from the makefile.
 */

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ibkr-agent/backend.h"

static const struct iag_host *host;
static int inside;
static int most;

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *table)
{
	(void)ctx;
	host = table;
	return IAG_OK;
}

static int32_t
open_instance(struct iag_ctx *ctx, void **ret_instance)
{
	const char *refusal;

	if (host->option_str(ctx, "refuse_open", &refusal) == IAG_OK)
		return host->fail(
		    ctx, IAG_INVAL, "CONFIG_INVALID", "%s", refusal);
	*ret_instance = &inside;
	return IAG_OK;
}

static pthread_t ticker;
static int ticks; /* 1 while the thread is there */

/* A thread of the plugin's own, on the context that start() was given. */
static void *
tick(void *arg)
{
	struct iag_ctx *ctx = arg;

	while (host->sleep_ns(ctx, 1000000) == IAG_OK) {
		host->count(ctx, "ticks", 1);
		(void)host->emit(ctx, "tick", "now");
		(void)host->fail(ctx, IAG_AGAIN, NULL, "tick");
	}
	return NULL;
}

static int32_t
start(struct iag_ctx *ctx, void *instance)
{
	uint32_t wanted = 0;

	(void)instance;
	host->count(ctx, "starts", 1);
	(void)host->option_bool(ctx, "ticker", &wanted);
	if (!wanted)
		return IAG_OK;
	if (pthread_create(&ticker, NULL, tick, ctx) != 0)
		return host->fail(ctx, IAG_NOMEM, NULL, "no thread");
	ticks = 1;
	return IAG_OK;
}

static void
stop(struct iag_ctx *ctx, void *instance)
{
	(void)ctx;
	(void)instance;
	if (ticks)
		(void)pthread_join(ticker, NULL);
	ticks = 0;
}

static int32_t
health(struct iag_ctx *ctx, void *instance)
{
	uint32_t ill = 0;

	(void)instance;
	if (host->option_bool(ctx, "ill", &ill) == IAG_OK && ill)
		return host->fail(ctx, IAG_AUTH, "BROKER_SESSION_REQUIRED",
		    "nobody is logged in");
	return IAG_OK;
}

static int32_t
reply(struct iag_ctx *ctx, const char *json)
{
	return host->reply(ctx, NULL, json, strlen(json));
}

static int32_t
do_echo(struct iag_ctx *ctx, const char *arguments, size_t len)
{
	struct iag_reply_meta meta = { .struct_size = sizeof meta,
		.flags = IAG_REPLY_COMPLETE | IAG_REPLY_DELAYED,
		.source_ns = 7 };

	host->count(ctx, "echoes", 1);
	return host->reply(ctx, &meta, arguments, len);
}

/* Until cancelled or overdue, as a well-behaved callback waits. */
static int32_t
do_wait(struct iag_ctx *ctx, const char *arguments, size_t len)
{
	(void)arguments;
	(void)len;
	while (!host->stopping(ctx))
		(void)host->sleep_ns(ctx, 3600 * 1000000000ull);
	return IAG_STOPPING;
}

/* Deaf to everything until a byte comes through the gate. */
static int32_t
do_hang(struct iag_ctx *ctx, const char *arguments, size_t len)
{
	int64_t gate = -1;
	char byte;

	(void)arguments;
	(void)len;
	(void)host->option_int(ctx, "gate_fd", &gate);
	if (read((int)gate, &byte, 1) != 1)
		return IAG_INTERNAL;
	return reply(ctx, "{\"late\":true}");
}

static int linger_fd;

/* Takes a while before its byte. */
static void
linger(void *value)
{
	(void)value;
	for (int i = 0; i < 20000; i++)
		(void)sched_yield();
	(void)!write(linger_fd, "x", 1);
}

/* What a library may do at the end of each thread that it has seen. */
static int32_t
do_linger(struct iag_ctx *ctx, const char *arguments, size_t len)
{
	static pthread_key_t key;
	int64_t gate = -1;

	(void)arguments;
	(void)len;
	(void)host->option_int(ctx, "gate_fd", &gate);
	linger_fd = (int)gate;
	if (pthread_key_create(&key, linger) ||
	    pthread_setspecific(key, &linger_fd))
		return IAG_INTERNAL;
	return reply(ctx, "{}");
}

/* How many of these run at once, at most; each stays for a while. */
static int32_t
do_meet(struct iag_ctx *ctx, const char *arguments, size_t len)
{
	int now = __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
	int seen = __atomic_load_n(&most, __ATOMIC_SEQ_CST);
	int64_t guests = 1;
	char text[40];
	int i;

	(void)arguments;
	(void)len;
	(void)host->option_int(ctx, "guests", &guests);
	while (now > seen && !__atomic_compare_exchange_n(&most, &seen, now, 0,
				 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	for (i = 0;
	     i < 1000 && __atomic_load_n(&most, __ATOMIC_SEQ_CST) < guests; i++)
		if (host->sleep_ns(ctx, 10 * 1000000ull) != IAG_OK)
			break;
	(void)__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
	(void)snprintf(text, sizeof text, "{\"most\":%d}",
	    __atomic_load_n(&most, __ATOMIC_SEQ_CST));
	return reply(ctx, text);
}

static int32_t
do_twice(struct iag_ctx *ctx, const char *arguments, size_t len)
{
	(void)arguments;
	(void)len;
	(void)reply(ctx, "{\"first\":1}");
	(void)reply(ctx, "{\"second\":2}");
	return IAG_OK;
}

static int32_t
do_nothing(struct iag_ctx *ctx, const char *arguments, size_t len)
{
	(void)ctx;
	(void)arguments;
	(void)len;
	return IAG_OK;
}

static int32_t
do_raw(struct iag_ctx *ctx, const char *arguments, size_t len)
{
	(void)arguments;
	(void)len;
	(void)reply(ctx, "{\"a\":1,\"a\":2}");
	return IAG_OK;
}

static int32_t
do_huge(struct iag_ctx *ctx, const char *arguments, size_t len)
{
	static char text[1048578];

	(void)arguments;
	(void)len;
	memset(text, ' ', sizeof text - 1);
	text[0] = '{';
	text[1] = '}';
	(void)host->reply(ctx, NULL, text, sizeof text - 1);
	return IAG_OK;
}

static int32_t
do_silent(struct iag_ctx *ctx, const char *arguments, size_t len)
{
	(void)ctx;
	(void)arguments;
	(void)len;
	return IAG_AUTH;
}

static int32_t
do_seven(struct iag_ctx *ctx, const char *arguments, size_t len)
{
	(void)ctx;
	(void)arguments;
	(void)len;
	return 7;
}

static int32_t
do_limit(struct iag_ctx *ctx, const char *arguments, size_t len)
{
	(void)arguments;
	(void)len;
	host->retry_after(ctx, 1500000000);
	return host->fail(ctx, IAG_LIMIT, NULL, "slow down, %d", 42);
}

static int32_t
do_odd_code(struct iag_ctx *ctx, const char *arguments, size_t len)
{
	(void)arguments;
	(void)len;
	return host->fail(ctx, IAG_NOTFOUND, "NO_SUCH_CODE",
	    "line one\nline \x1b[31mtwo \xff");
}

static int32_t
do_odd_class(struct iag_ctx *ctx, const char *arguments, size_t len)
{
	(void)arguments;
	(void)len;
	return host->fail(ctx, -999, NULL, "nobody knows this");
}

static const struct {
	const char *name;
	int32_t (*run)(struct iag_ctx *ctx, const char *arguments, size_t len);
} deeds[] = {
	{ "echo", do_echo },
	{ "linger", do_linger },
	{ "wait", do_wait },
	{ "hang", do_hang },
	{ "meet", do_meet },
	{ "twice", do_twice },
	{ "nothing", do_nothing },
	{ "raw", do_raw },
	{ "huge", do_huge },
	{ "silent", do_silent },
	{ "seven", do_seven },
	{ "limit", do_limit },
	{ "odd_code", do_odd_code },
	{ "odd_class", do_odd_class },
};

#define DEEDS (sizeof deeds / sizeof *deeds)

static const char *const operations[] = { "echo", "linger", "wait", "hang",
	"meet", "twice", "nothing", "raw", "huge", "silent", "seven", "limit",
	"odd_code", "odd_class" };

static int32_t
query(struct iag_ctx *ctx, void *instance, const char *operation,
    const char *arguments, size_t len)
{
	size_t i;

	(void)instance;
	for (i = 0; i < DEEDS; i++)
		if (strcmp(deeds[i].name, operation) == 0)
			return deeds[i].run(ctx, arguments, len);
	return IAG_NOTSUP;
}

static const struct iag_option options[] = {
	{ IAG_OPTION_STRING, 0, "refuse_open", NULL, NULL, NULL, NULL,
	    "fail open with this text" },
	{ IAG_OPTION_BOOLEAN, 0, "ill", "false", NULL, NULL, NULL,
	    "health fails" },
	{ IAG_OPTION_BOOLEAN, 0, "ticker", "false", NULL, NULL, NULL,
	    "make a thread that counts" },
	{ IAG_OPTION_INTEGER, 0, "gate_fd", NULL, "0", "1000000", NULL,
	    "descriptor that hang reads from, and linger writes to" },
	{ IAG_OPTION_INTEGER, 0, "guests", "1", "1", "64", NULL,
	    "how many meet waits for" },
	{ IAG_OPTION_DECIMAL, 0, "ratio", "0.50", "0", "1", NULL, "a decimal" },
	{ IAG_OPTION_CHOICE, 0, "colour", "red", NULL, NULL, "red green",
	    "a choice" },
	{ IAG_OPTION_PATH, 0, "folder", NULL, NULL, NULL, NULL, "a path" },
	{ IAG_OPTION_STRING, IAG_OPTION_SECRET, "token", NULL, NULL, NULL, NULL,
	    "names a secret" },
};

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof instance_ops,
	.open = open_instance,
	.start = start,
	.stop = stop,
	.health = health,
};

static const struct iag_backend_ops backend_ops = {
	.struct_size = sizeof backend_ops,
	.operations = operations,
	.operation_count = sizeof operations / sizeof *operations,
	.query = query,
};

static const struct iag_plugin plugin = {
	.struct_size = sizeof plugin,
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_BACKEND,
	.thread_model = PROBE_MODEL,
	.name = PROBE_NAME,
	.version = "1.2.3",
	.summary = "does what the tests of the host ask for",
	.options = options,
	.option_count = sizeof options / sizeof *options,
	.option_size = sizeof *options,
	.load = load,
	.instance = &instance_ops,
	.ops = &backend_ops,
};

const struct iag_plugin *
iag_plugin_1(void)
{
	return &plugin;
}

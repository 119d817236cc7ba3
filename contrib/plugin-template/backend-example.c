/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A backend to start from.  It answers two reads out of its options; put
 * your own access to the broker in their place.  ibkr-agent-plugin(3) is the
 * guide, <ibkr-agent/plugin.h> the contract.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ibkr-agent/backend.h>

/* The services of the host: const, alive as long as the process. */
static const struct iag_host *host;

/* What one instance needs; made by open(), freed by close(). */
struct example {
	char *account;
	char *currency;
	int64_t delay_ms;
};

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *services)
{
	/* A service that came later than ABI 1.0 may be missing. */
	if (!IAG_HAS(struct iag_host, services, emit))
		return IAG_NOTSUP;
	(void)ctx;
	host = services;
	return IAG_OK;
}

static char *
option_dup(struct iag_ctx *ctx, const char *key)
{
	const char *value;

	if (host->option_str(ctx, key, &value) != IAG_OK)
		return NULL;
	return strdup(value);
}

static void
close_instance(struct iag_ctx *ctx, void *instance)
{
	struct example *example = instance;

	(void)ctx;
	free(example->account);
	free(example->currency);
	free(example);
}

/* Options have been checked against the schema below: only read them. */
static int32_t
open_instance(struct iag_ctx *ctx, void **ret_instance)
{
	struct example *example = calloc(1, sizeof *example);

	if (!example)
		return IAG_NOMEM;
	example->account = option_dup(ctx, "account");
	example->currency = option_dup(ctx, "currency");
	(void)host->option_int(ctx, "delay_ms", &example->delay_ms);
	if (!example->account || !example->currency) {
		close_instance(ctx, example);
		return host->fail(ctx, IAG_NOMEM, NULL, "out of memory");
	}
	*ret_instance = example;
	return IAG_OK;
}

static int32_t
health(struct iag_ctx *ctx, void *instance)
{
	struct example *example = instance;

	if (strcmp(example->account, "nobody") == 0)
		return host->fail(ctx, IAG_AUTH, "BROKER_SESSION_REQUIRED",
		    "nobody is logged in; log in and call again");
	return IAG_OK;
}

static int32_t
answer(struct iag_ctx *ctx, const char *json)
{
	struct iag_reply_meta meta;

	memset(&meta, 0, sizeof meta);
	meta.struct_size = sizeof meta;
	meta.flags = IAG_REPLY_COMPLETE;
	meta.source_ns = host->real_ns(ctx);
	host->count(ctx, "answers", 1);
	return host->reply(ctx, &meta, json, strlen(json));
}

static int32_t
session_status(struct iag_ctx *ctx, struct example *example)
{
	int32_t r = health(ctx, example);

	return r ? r : answer(ctx, "{\"status\":\"usable\"}");
}

static int32_t
accounts_list(struct iag_ctx *ctx, struct example *example)
{
	char json[512];
	int32_t r = health(ctx, example);

	if (r)
		return r;
	/* Anything may be in a string: it goes into JSON only when checked. */
	if (strpbrk(example->account, "\"\\"))
		return host->fail(ctx, IAG_INVAL, NULL,
		    "account '%s': quotes are not allowed", example->account);
	(void)snprintf(json, sizeof json,
	    "{\"accounts\":[{\"account_id\":\"%.64s\","
	    "\"account_mode\":\"paper\",\"base_currency\":\"%.8s\","
	    "\"metadata_redacted\":true}]}",
	    example->account, example->currency);
	return answer(ctx, json);
}

/*
 * Any number of threads come here at once (IAG_THREAD_PARALLEL).  Whatever
 * waits must end when the call does: sleep_ns() and cancel_fd() know.
 */
static int32_t
query(struct iag_ctx *ctx, void *instance, const char *operation,
    const char *arguments, size_t len)
{
	struct example *example = instance;

	(void)arguments;
	(void)len;
	if (example->delay_ms > 0 &&
	    host->sleep_ns(ctx, (uint64_t)example->delay_ms * 1000000) != 0)
		return IAG_STOPPING;
	if (strcmp(operation, "session_status") == 0)
		return session_status(ctx, example);
	if (strcmp(operation, "accounts_list") == 0)
		return accounts_list(ctx, example);
	return host->fail(
	    ctx, IAG_NOTSUP, NULL, "there is no operation '%s'", operation);
}

static const char *const operations[] = { "session_status", "accounts_list" };

static const struct iag_option options[] = {
	{
	    .type = IAG_OPTION_STRING,
	    .key = "account",
	    .value = "DU0000001",
	    .help = "account that the example shows",
	},
	{
	    .type = IAG_OPTION_CHOICE,
	    .key = "currency",
	    .value = "USD",
	    .choices = "USD EUR CHF",
	    .help = "its base currency",
	},
	{
	    .type = IAG_OPTION_INTEGER,
	    .key = "delay_ms",
	    .value = "0",
	    .min = "0",
	    .max = "60000",
	    .help = "milliseconds that each answer takes",
	},
};

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof instance_ops,
	.open = open_instance,
	.close = close_instance,
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
	.thread_model = IAG_THREAD_PARALLEL,
	.name = "example",
	.version = "1.0",
	.summary = "an example of a backend",
	.options = options,
	.option_count = sizeof options / sizeof *options,
	.option_size = sizeof *options,
	.load = load,
	.instance = &instance_ops,
	.ops = &backend_ops,
};

/* The only symbol that leaves the file. */
const struct iag_plugin *
iag_plugin_1(void)
{
	return &plugin;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: any number of queries at once.  `lock` guards the hub and the
 * number of those inside it; it is not held while they wait.
 */

#include "sidecar/backend.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/plugin.h"
#include "ibkr-agent/backend.h"
#include "sidecar/guard.h"

enum { OPERATIONS_MAX = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;
static struct hub *current;
static unsigned inside;

static const struct iag_host *host;
static const char *operations[OPERATIONS_MAX];

void
sidecar_backend_attach(struct hub *hub)
{
	LOCK_SCOPE(&lock);

	current = hub;
	while (!hub && inside > 0)
		(void)pthread_cond_wait(&left, &lock);
}

static struct hub *
hub_enter(void)
{
	LOCK_SCOPE(&lock);

	inside += current != NULL;
	return current;
}

static void
hub_leave(void)
{
	LOCK_SCOPE(&lock);

	inside--;
	(void)pthread_cond_broadcast(&left);
}

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *table)
{
	(void)ctx;
	host = table;
	return IAG_OK;
}

static int32_t
backend_open(struct iag_ctx *ctx, void **ret_instance)
{
	(void)ctx;
	*ret_instance = NULL;
	return IAG_OK;
}

static void
backend_close(struct iag_ctx *ctx, void *instance)
{
	(void)ctx;
	(void)instance;
}

static int32_t
say_fault(struct iag_ctx *ctx, const struct err *err)
{
	const struct err_kind *kind = err_kind(err->code);
	int32_t result = err->missing ? IAG_NOTFOUND : kind->class;

	if (err->retry_after_ns)
		host->retry_after(ctx, err->retry_after_ns);
	return host->fail(ctx, result, kind->name, "%s", err_text(err));
}

static int32_t
reply(struct iag_ctx *ctx, const struct answer *answer)
{
	const struct iag_reply_meta meta = {
		.struct_size = sizeof meta,
		.flags = answer->flags,
		.source_ns = answer->source_ns,
		.receipt_ns = answer->receipt_ns,
	};

	return host->reply(ctx, &meta, answer->json, answer->len);
}

static int32_t
query(struct iag_ctx *ctx, void *instance, const char *operation,
    const char *arguments, size_t len)
{
	struct hub *hub = hub_enter();
	CLEANUP_ERR struct err err = ERR_INIT;
	struct answer answer = { .json = NULL };
	int32_t result;
	int rc;

	(void)instance;
	if (!hub)
		return host->fail(ctx, IAG_AGAIN, "SIDECAR_UNAVAILABLE",
		    "sidecars come to `ibkr-agent serve` alone: ask it, with "
		    "--via or over HTTP");
	rc = hub_query(hub, guard_operation(operation), arguments, len,
	    host->deadline_ns(ctx), host->cancel_fd(ctx), &answer, &err);
	hub_leave();
	result = rc ? say_fault(ctx, &err) : reply(ctx, &answer);
	answer_fini(&answer);
	return result;
}

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof instance_ops,
	.open = backend_open,
	.close = backend_close,
};

static struct iag_backend_ops backend_ops = {
	.struct_size = sizeof backend_ops,
	.operations = operations,
	.query = query,
};

static const struct iag_plugin descriptor = {
	.struct_size = sizeof descriptor,
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_BACKEND,
	.thread_model = IAG_THREAD_PARALLEL,
	.name = "sidecar",
	.version = PACKAGE_VERSION,
	.summary = "Reads through a sidecar that has dialled in",
	.load = load,
	.instance = &instance_ops,
	.ops = &backend_ops,
};

static bool
is_listed(const char *operation)
{
	for (size_t i = 0; i < backend_ops.operation_count; i++) {
		if (strcmp(operations[i], operation) == 0)
			return true;
	}
	return false;
}

static void
list(const char *operation)
{
	if (operation && guard_operation(operation) && !is_listed(operation) &&
	    backend_ops.operation_count < OPERATIONS_MAX)
		operations[backend_ops.operation_count++] = operation;
}

/* Each operation that some tool reads by, and that of previews. */
void
sidecar_backend_offer(void)
{
	for (size_t i = 0; i < tool_count; i++)
		list(tool_table[i].operation);
	list(GUARD_WHATIF);
	plugin_offer(&descriptor);
}

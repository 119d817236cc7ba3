/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Reads: one operation of a backend, its answer checked for what holds for
 * every answer.  The shape of an answer is the tool table's to check.
 */

#include "host/backend.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "host/instance.h"

/* What a query needs, kept until the callback has returned. */
struct query {
	const char *operation; /* the plugin's own text */
	size_t len;
	char arguments[];
};

void
answer_fini(struct answer *answer)
{
	free(answer->json);
	*answer = (struct answer){ .json = NULL };
}

static const char *
find_operation(const struct instance *backend, const char *operation)
{
	const struct iag_backend_ops *ops = &backend->plugin->ops.backend;
	size_t i;

	for (i = 0; i < ops->operation_count; i++)
		if (strcmp(ops->operations[i], operation) == 0)
			return ops->operations[i];
	return NULL;
}

bool
backend_has(const struct instance *backend, const char *operation)
{
	return find_operation(backend, operation) != NULL;
}

static int32_t
run_query(struct iag_ctx *ctx, void *arg)
{
	const struct query *query = arg;

	return ctx->plugin->ops.backend.query(ctx, ctx->instance->data,
	    query->operation, query->arguments, query->len);
}

static struct query *
query_new(const char *operation, const char *arguments)
{
	size_t len = strlen(arguments);
	struct query *query = malloc(sizeof *query + len + 1);

	if (!query)
		return NULL;
	query->operation = operation;
	query->len = len;
	memcpy(query->arguments, arguments, len + 1);
	return query;
}

/* The callback said 0: is there exactly one sound answer? */
static int
collect(struct iag_ctx *ctx, const char *operation, struct answer *ret_answer,
    struct err *err)
{
	LOCK_SCOPE(&ctx->lock);
	const char *name = ctx->plugin->desc.name;

	if (ctx->broken)
		return err_set(err, ERR_BROKER_RESPONSE_INVALID,
		    "backend '%s' broke the contract in '%s': %s", name,
		    operation, ctx->broken);
	if (ctx->replies > 1)
		return err_set(err, ERR_BROKER_RESPONSE_INVALID,
		    "backend '%s' broke the contract in '%s': it answered "
		    "twice",
		    name, operation);
	if (!ctx->answer.json)
		return err_set(err, ERR_BROKER_RESPONSE_INVALID,
		    "backend '%s' broke the contract in '%s': it returned "
		    "success without an answer",
		    name, operation);
	*ret_answer = ctx->answer;
	ctx->answer = (struct answer){ .json = NULL };
	return 0;
}

static int
query_once(struct instance *backend, struct call *call, const char *operation,
    const char *arguments, struct answer *ret_answer, struct err *err)
{
	struct iag_ctx *ctx =
	    instance_context(backend, operation, call, UINT64_MAX);
	struct query *query = query_new(operation, arguments);
	int32_t result = 0;
	int r;

	if (!ctx || !query) {
		context_unref(ctx);
		free(query);
		return err_no_memory(err);
	}
	ctx->takes_reply = true;
	ctx->job.run = run_query;
	ctx->job.arg = query;
	ctx->job.free_arg = free;
	r = instance_run(backend, ctx, &result, err);
	if (r == 0)
		r = context_result(ctx, result, err);
	if (r == 0)
		r = collect(ctx, operation, ret_answer, err);
	context_unref(ctx);
	return r;
}

int
backend_query(struct instance *backend, struct call *call,
    const char *operation, const char *arguments, struct answer *ret_answer,
    struct err *err)
{
	const char *known = find_operation(backend, operation);

	if (!known)
		return err_set(err, ERR_BROKER_CAPABILITY_UNAVAILABLE,
		    "backend '%s' does not offer '%s'",
		    backend->plugin->desc.name, operation);
	return query_once(backend, call, known, arguments ? arguments : "{}",
	    ret_answer, err);
}

bool
backend_has_session(const struct instance *backend)
{
	return backend->plugin->ops.backend.session != NULL;
}

static int32_t
run_session(struct iag_ctx *ctx, void *arg)
{
	const uint32_t *step = arg;

	return ctx->plugin->ops.backend.session(
	    ctx, ctx->instance->data, *step);
}

int
backend_session(
    struct instance *backend, struct call *call, uint32_t step, struct err *err)
{
	struct iag_ctx *ctx =
	    instance_context(backend, "session", call, UINT64_MAX);
	uint32_t *arg = malloc(sizeof *arg);
	int32_t result = 0;
	int r;

	if (!ctx || !arg) {
		context_unref(ctx);
		free(arg);
		return err_no_memory(err);
	}
	*arg = step;
	ctx->job.run = run_session;
	ctx->job.arg = arg;
	ctx->job.free_arg = free;
	r = instance_run(backend, ctx, &result, err);
	if (r == 0)
		r = context_result(ctx, result, err);
	context_unref(ctx);
	return r;
}

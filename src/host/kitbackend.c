/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The contract kit for backends: answers, hostile arguments, deadline,
 * cancellation, concurrency, stopping under load.
 */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "host/kit.h"

#define CALLERS 16
#define BACK_NS (2 * NS_PER_S) /* how fast a told callback comes back */

static const struct iag_backend_ops *
ops_of(const struct kit *kit)
{
	return &kit->plugin->ops.backend;
}

/* One query; the answer is sound or the error has a text. */
static int
ask(struct kit *kit, struct instance *backend, const char *operation,
    const char *arguments, struct call *call)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct answer answer = { .json = NULL };
	int r;

	kit_doing(kit, operation);
	r = backend_query(backend, call, operation, arguments, &answer, &err);
	if (r == 0 && strcmp(kit->name, "answers") == 0)
		kit_judge_answer(kit, operation, &answer);
	answer_fini(&answer);
	if (r == 0 || err.code == ERR_CALL_TIMED_OUT ||
	    err.code == ERR_CALL_CANCELLED)
		return r;
	(void)kit_expect(kit,
	    err.code != ERR_BROKER_RESPONSE_INVALID &&
		err.code != ERR_INTERNAL_ERROR &&
		!strstr(err_text(&err), "not say why"),
	    "'%s' with %.80s: %s", operation, arguments, err_text(&err));
	return r;
}

static void
ask_for(struct kit *kit, struct instance *backend, const char *operation,
    const char *arguments, uint64_t ns)
{
	struct call *call = call_new(clock_boot_ns() + ns);

	if (kit_expect(kit, call != NULL, "out of memory"))
		(void)ask(kit, backend, operation, arguments, call);
	call_unref(call);
}

static void
check_answers(struct kit *kit)
{
	struct instance *backend = NULL;
	size_t i;

	kit_begin(kit, "answers");
	if (kit_load(kit, NULL))
		backend = kit_open(kit);
	for (i = 0; backend && i < ops_of(kit)->operation_count; i++) {
		const char *operation = ops_of(kit)->operations[i];
		CLEANUP_BUF struct buf sample = BUF_INIT;

		if (!kit_knows(operation))
			kit_note(kit,
			    "this host never asks for '%s': the operations "
			    "are in ibkr-agent-tools(7)",
			    operation);
		kit_arguments(operation, &sample);
		ask_for(
		    kit, backend, operation, buf_text(&sample), 10 * NS_PER_S);
		ask_for(kit, backend, operation, "{}", 10 * NS_PER_S);
	}
	if (backend)
		(void)kit_close(kit);
	(void)kit_end(kit);
}

/* The host checks arguments first; a backend must survive it if not. */
static void
check_hostile_arguments(struct kit *kit)
{
	static const char *const arguments[] = {
		"{\"account\":1,\"contract_id\":[],\"symbol\":{},"
		"\"limit\":\"x\",\"from\":false}",
		"{\"account\":\"\",\"contract_id\":\"\",\"symbol\":\"\","
		"\"query\":\"\",\"order_id\":\"\"}",
		"{\"account\":null,\"contract_id\":null}",
		"{\"account\":\"../../etc/passwd\",\"symbol\":\"%s%n\","
		"\"contract_id\":\"-9223372036854775808\"}",
		"{\"limit\":9223372036854775807,\"offset\":-1}",
		"{\"no_such_member\":{\"a\":[[[[[[[[1]]]]]]]]}}",
		"{}",
	};
	CLEANUP_FREE char *huge = NULL;
	struct instance *backend = NULL;
	size_t i;
	size_t j;

	kit_begin(kit, "hostile_arguments");
	if (asprintf(&huge, "{\"symbol\":\"%0*d\",\"query\":\"%0*d\"}", 60000,
		0, 60000, 0) < 0)
		huge = NULL;
	if (kit_load(kit, NULL))
		backend = kit_open(kit);
	for (i = 0; backend && i < ops_of(kit)->operation_count; i++) {
		const char *operation = ops_of(kit)->operations[i];

		for (j = 0; j < ARRAY_COUNT(arguments); j++)
			ask_for(kit, backend, operation, arguments[j],
			    10 * NS_PER_S);
		if (huge)
			ask_for(kit, backend, operation, huge, 10 * NS_PER_S);
	}
	if (backend)
		(void)kit_close(kit);
	(void)kit_end(kit);
}

static void
check_unknown_operation(struct kit *kit)
{
	struct instance *backend = NULL;
	struct iag_ctx *ctx = NULL;

	kit_begin(kit, "unknown_operation");
	if (kit_load(kit, NULL))
		backend = kit_open(kit);
	if (backend)
		ctx = kit_context(kit, backend, "query");
	if (ctx) {
		int32_t r;

		ctx->takes_reply = true;
		r = ops_of(kit)->query(
		    ctx, backend->data, "no_such_operation", "{}", 2);
		(void)kit_expect(kit, r < 0 && r >= IAG_INTERNAL,
		    "an operation that is not listed returned %d, expected a "
		    "failure",
		    (int)r);
		context_unref(ctx);
	}
	if (backend)
		(void)kit_close(kit);
	(void)kit_end(kit);
}

static void
wait_until_back(
    struct kit *kit, struct instance *backend, const char *operation)
{
	uint64_t until_ns = clock_boot_ns() + BACK_NS;
	struct timespec pause = { .tv_nsec = (long)NS_PER_MS };

	while (instance_is_stuck(backend) && clock_boot_ns() < until_ns)
		(void)nanosleep(&pause, NULL);
	(void)kit_expect(kit, !instance_is_stuck(backend),
	    "'%s' had not returned %llu s after its deadline", operation,
	    (unsigned long long)(BACK_NS / NS_PER_S));
}

static void
check_deadline(struct kit *kit)
{
	struct instance *backend = NULL;
	size_t i;

	kit_begin(kit, "deadline");
	if (kit_load(kit, NULL))
		backend = kit_open(kit);
	for (i = 0; backend && i < ops_of(kit)->operation_count; i++) {
		const char *operation = ops_of(kit)->operations[i];

		ask_for(kit, backend, operation, "{}", 1);
		ask_for(kit, backend, operation, "{}", NS_PER_MS);
		ask_for(kit, backend, operation, "{}", 50 * NS_PER_MS);
		wait_until_back(kit, backend, operation);
	}
	if (backend)
		(void)kit_close(kit);
	(void)kit_end(kit);
}

struct caller {
	struct kit *kit;
	struct instance *backend;
	struct call *call;
	pthread_t thread;
	unsigned first; /* operation */
	int failed;
	atomic_bool answered; /* to the one that is cancelled */
};

/* Does a callback run?  Before it does, cancelling proves nothing. */
static bool
callback_runs(struct instance *backend)
{
	LOCK_SCOPE(&backend->lock);
	const struct iag_ctx *ctx = backend->in_flight;

	while (ctx && !ctx->flies)
		ctx = ctx->next;
	return ctx != NULL;
}

static void *
cancel_soon(void *arg)
{
	struct caller *caller = arg;
	struct timespec pause = { .tv_nsec = (long)NS_PER_MS };

	do
		(void)nanosleep(&pause, NULL);
	while (
	    !atomic_load(&caller->answered) && !callback_runs(caller->backend));
	call_cancel(caller->call);
	return NULL;
}

static void
cancel_one(struct kit *kit, struct instance *backend, const char *operation)
{
	uint64_t start_ns = clock_boot_ns();
	struct caller caller = { .kit = kit, .backend = backend };
	bool made;

	caller.call = call_new(start_ns + 20 * NS_PER_S);
	if (!kit_expect(kit, caller.call != NULL, "out of memory"))
		return;
	made = pthread_create(&caller.thread, NULL, cancel_soon, &caller) == 0;
	(void)ask(kit, backend, operation, "{}", caller.call);
	atomic_store(&caller.answered, true);
	if (made)
		(void)pthread_join(caller.thread, NULL);
	call_unref(caller.call);
}

static void
check_cancel(struct kit *kit)
{
	struct instance *backend = NULL;
	size_t i;

	kit_begin(kit, "cancel");
	if (kit_load(kit, NULL))
		backend = kit_open(kit);
	for (i = 0; backend && i < ops_of(kit)->operation_count; i++)
		cancel_one(kit, backend, ops_of(kit)->operations[i]);
	/* Closing waits for what was cancelled: it has to have noticed. */
	if (backend)
		(void)kit_close(kit);
	(void)kit_end(kit);
}

static void *
call_all(void *arg)
{
	struct caller *caller = arg;
	const struct iag_backend_ops *ops = ops_of(caller->kit);
	size_t i;

	for (i = 0; i < ops->operation_count; i++) {
		CLEANUP_ERR struct err err = ERR_INIT;
		struct answer answer = { .json = NULL };
		size_t at = (caller->first + i) % ops->operation_count;

		if (backend_query(caller->backend, caller->call,
			ops->operations[at], "{}", &answer, &err) < 0 &&
		    (err.code == ERR_BROKER_RESPONSE_INVALID ||
			err.code == ERR_INTERNAL_ERROR))
			caller->failed = 1;
		answer_fini(&answer);
	}
	return NULL;
}

/* Start the callers; how many there are. */
static unsigned
start_callers(struct kit *kit, struct instance *backend, struct caller *callers,
    struct call *call)
{
	unsigned n;

	for (n = 0; n < CALLERS; n++) {
		callers[n] = (struct caller){
			.kit = kit, .backend = backend, .call = call, .first = n
		};
		if (pthread_create(
			&callers[n].thread, NULL, call_all, &callers[n]) != 0)
			break;
	}
	return n;
}

static void
check_concurrency(struct kit *kit)
{
	struct call *call = call_new(clock_boot_ns() + 30 * NS_PER_S);
	struct caller callers[CALLERS];
	struct instance *backend = NULL;
	unsigned count = 0;
	unsigned n;

	kit_begin(kit, "concurrency");
	if (call && kit_load(kit, NULL))
		backend = kit_open(kit);
	if (backend)
		count = start_callers(kit, backend, callers, call);
	for (n = 0; n < count; n++) {
		(void)pthread_join(callers[n].thread, NULL);
		(void)kit_expect(kit, !callers[n].failed,
		    "an answer was broken with %d callers at once", CALLERS);
	}
	call_unref(call);
	if (backend)
		(void)kit_close(kit);
	(void)kit_end(kit);
}

/* Many at once are told to end, and then nothing may be in flight. */
static void
check_cancel_many(struct kit *kit)
{
	struct call *call = call_new(clock_boot_ns() + 30 * NS_PER_S);
	struct caller callers[CALLERS];
	struct instance *backend = NULL;
	unsigned count = 0;
	unsigned n;

	kit_begin(kit, "cancel_under_load");
	if (call && kit_load(kit, NULL))
		backend = kit_open(kit);
	if (backend)
		count = start_callers(kit, backend, callers, call);
	call_cancel(call);
	for (n = 0; n < count; n++)
		(void)pthread_join(callers[n].thread, NULL);
	call_unref(call);
	if (backend)
		(void)kit_close(kit);
	(void)kit_end(kit);
}

const struct kit_group kit_backend_groups[] = {
	{ "answers", IAG_KIND_BACKEND, check_answers },
	{ "hostile_arguments", IAG_KIND_BACKEND, check_hostile_arguments },
	{ "unknown_operation", IAG_KIND_BACKEND, check_unknown_operation },
	{ "deadline", IAG_KIND_BACKEND, check_deadline },
	{ "cancel", IAG_KIND_BACKEND, check_cancel },
	{ "concurrency", IAG_KIND_BACKEND, check_concurrency },
	{ "cancel_under_load", IAG_KIND_BACKEND, check_cancel_many },
};
const size_t kit_backend_group_count = ARRAY_COUNT(kit_backend_groups);

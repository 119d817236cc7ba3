/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: the test, the server under test and one thread for each call;
 * one lock guards everything, one condition tells of every change.
 */

#include "fake-gateway.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "config/scope.h"
#include "tools/approvalform.h"
#include "tools/instructions.h"
#include "tools/schema.h"

struct call {
	unsigned refs;
	bool is_cancelled;
};

struct job {
	void (*run)(void *arg);
	void *arg;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static struct fake_counts counts;
static unsigned running;
static bool is_released, is_stopped;

static const struct field no_fields[] = { { .name = NULL } };

static const struct tool tools[] = {
	{ .name = "ibkr_echo",
	    .scope = "ibkr:health:read",
	    .input = no_fields,
	    .output = no_fields },
	{ .name = "ibkr_kill_switch_status",
	    .scope = "ibkr:health:read",
	    .input = no_fields,
	    .output = no_fields },
	{ .name = "ibkr_fail",
	    .scope = "ibkr:health:read",
	    .input = no_fields,
	    .output = no_fields },
	{ .name = "ibkr_slow",
	    .scope = "ibkr:health:read",
	    .input = no_fields,
	    .output = no_fields },
	{ .name = "ibkr_order_status",
	    .scope = "ibkr:orders:read",
	    .input = no_fields,
	    .output = no_fields },
	{ .name = "ibkr_audit_tail",
	    .scope = "ibkr:audit:read",
	    .input = no_fields,
	    .output = no_fields },
};

struct gateway *
fake_gateway(void)
{
	static char thing;

	return (void *)&thing;
}

static void
signal_change(void)
{
	(void)pthread_cond_broadcast(&change);
}

void
fake_reset(void)
{
	LOCK_SCOPE(&lock);

	while (running > 0)
		(void)pthread_cond_wait(&change, &lock);
	counts = (struct fake_counts){ 0 };
	is_released = false;
	is_stopped = false;
}

struct fake_counts
fake_counts(void)
{
	LOCK_SCOPE(&lock);

	return counts;
}

void
fake_release(void)
{
	LOCK_SCOPE(&lock);

	is_released = true;
	signal_change();
}

void
fake_stop(void)
{
	LOCK_SCOPE(&lock);

	is_stopped = true;
}

void
fake_wait_started(unsigned count)
{
	LOCK_SCOPE(&lock);

	while (counts.started < count)
		(void)pthread_cond_wait(&change, &lock);
}

void
fake_wait_finished(unsigned count)
{
	LOCK_SCOPE(&lock);

	while (counts.finished < count)
		(void)pthread_cond_wait(&change, &lock);
}

/* ---- call.h */

static struct call *
fake_call_new(void)
{
	struct call *call = calloc(1, sizeof *call);
	LOCK_SCOPE(&lock);

	assert(call);
	call->refs = 1;
	counts.prepared++;
	return call;
}

/* Nobody is shown anything here. */
const struct tool approval_form_row = { .name = "ibkr_approvals_create" };

struct call *
call_ref(struct call *call)
{
	LOCK_SCOPE(&lock);

	call->refs++;
	return call;
}

void
call_unref(struct call *call)
{
	LOCK_SCOPE(&lock);

	if (call && --call->refs == 0)
		free(call);
}

void
call_cancel(struct call *call)
{
	LOCK_SCOPE(&lock);

	call->is_cancelled = true;
	signal_change();
}

/* ---- gateway.h */

struct call *
gateway_call_new(const struct gateway *gateway, const struct tool *tool)
{
	(void)tool;
	assert((const void *)gateway == (const void *)fake_gateway());
	return fake_call_new();
}

static void *
job_thread(void *arg)
{
	struct job *job = arg;

	job->run(job->arg);
	free(job);
	LOCK_SCOPE(&lock);
	running--;
	signal_change();
	return NULL;
}

int
gateway_run(struct gateway *gateway, void (*run)(void *arg), void *arg)
{
	struct job *job = calloc(1, sizeof *job);
	pthread_attr_t attr;
	pthread_t thread;
	LOCK_SCOPE(&lock);

	(void)gateway;
	assert(job);
	if (is_stopped) {
		free(job);
		return IAG_STOPPING;
	}
	running++;
	job->run = run;
	job->arg = arg;
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	assert(pthread_create(&thread, &attr, job_thread, job) == 0);
	(void)pthread_attr_destroy(&attr);
	return 0;
}

bool
gateway_lend(struct gateway *gateway)
{
	(void)gateway;
	return true;
}

bool
gateway_is_idle(struct gateway *gateway)
{
	(void)gateway;
	return true;
}

void
gateway_take_back(struct gateway *gateway)
{
	(void)gateway;
}

int
gateway_run_reserved(struct gateway *gateway, void (*run)(void *arg), void *arg)
{
	return gateway_run(gateway, run, arg);
}

static int
fail(struct tool_result *result, enum err_code code, const char *text)
{
	const struct err_kind *kind = err_kind(code);

	result->is_error = true;
	buf_printf(&result->json, "{\"code\":\"%s\",\"message\":\"%s\"}",
	    kind->name, text);
	return err_set(&result->err, code, "%s", text);
}

static int
give(const struct tool_request *request, struct tool_result *result)
{
	const char *name = request->name;
	int64_t sequence = json_get_int(request->arguments, "before", 0) - 1;

	if (strcmp(json_get_str(request->arguments, "account_id", ""),
		"AWAY") == 0)
		return fail(result, ERR_CONFIG_INVALID, "no secret");
	if (strcmp(name, "ibkr_fail") == 0)
		return fail(result, ERR_BROKER_SESSION_EXPIRED,
		    "the session has ended");
	if (strcmp(name, "ibkr_audit_tail") == 0)
		buf_printf(&result->json,
		    "{\"events\":[{\"sequence_id\":%d,\"event\":{}}],"
		    "\"complete\":true}",
		    sequence > 7 ? 7 : (int)sequence);
	else if (strcmp(name, "ibkr_kill_switch_status") == 0)
		buf_str(&result->json, "{\"state\":\"closed\"}");
	else if (request->arguments)
		json_write(&result->json, request->arguments, 0);
	else
		buf_str(&result->json, "{}");
	return 0;
}

/* The rows of resources bring their handlers; there is no policy. */
static int
give_row(const struct tool_request *request, struct tool_result *result)
{
	static const struct config config;
	const struct tool_house house = { .config = &config };
	struct tool_call call = {
		.house = &house,
		.tool = request->operation,
		.principal = request->principal,
		.arguments = request->arguments,
		.output = &result->json,
	};
	int r = request->operation->handler(&call, &result->err);

	result->is_error = r != 0;
	if (r)
		buf_printf(&result->json, "{\"code\":\"%s\"}",
		    err_kind(result->err.code)->name);
	return r;
}

/* Waits with the lock; true: cancelled. */
static bool
wait_slow(const struct tool_request *request)
{
	while (!is_released && !request->call->is_cancelled)
		(void)pthread_cond_wait(&change, &lock);
	return request->call->is_cancelled;
}

int
gateway_call(struct gateway *gateway, const struct tool_request *request,
    struct tool_result *result)
{
	int r = 0;
	LOCK_SCOPE(&lock);

	(void)gateway;
	assert(request->session_id && request->request_id);
	counts.started++;
	signal_change();
	if (request->operation) {
		r = give_row(request, result);
	} else if (!tool_find(request->name)) {
		result->is_unknown_tool = true;
		r = fail(result, ERR_INPUT_INVALID,
		    "there is no tool 'ibkr_nothing'");
	} else if (strcmp(request->name, "ibkr_slow") == 0 &&
		   wait_slow(request)) {
		counts.cancelled++;
		r = fail(result, ERR_CALL_CANCELLED, "cancelled");
	} else {
		r = give(request, result);
	}
	counts.finished++;
	signal_change();
	return r;
}

void
tool_result_init(struct tool_result *result)
{
	*result = (struct tool_result){ .is_error = false };
}

void
tool_result_fini(struct tool_result *result)
{
	buf_fini(&result->json);
	err_fini(&result->err);
}

/* ---- the tool table */

const struct tool *
tool_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(tools); i++) {
		if (strcmp(tools[i].name, name) == 0)
			return &tools[i];
	}
	return NULL;
}

const struct config *
gateway_config(const struct gateway *gateway)
{
	(void)gateway;
	return NULL;
}

void
instructions_write(
    struct buf *out, const struct config *config, uint64_t scopes)
{
	(void)config;
	(void)scopes;
	buf_str(out, "as it is told");
}

void
schema_tool_list(struct buf *out, const struct config *config, uint64_t scopes,
    unsigned flags)
{
	const char *mark = "";

	(void)config;
	(void)flags;
	buf_char(out, '[');
	for (size_t i = 0; i < ARRAY_COUNT(tools); i++) {
		if (!(scopes & scope_bit(tools[i].scope)))
			continue;
		buf_printf(out,
		    "%s{\"name\":\"%s\",\"inputSchema\":{\"type\":\"object\"}}",
		    mark, tools[i].name);
		mark = ",";
	}
	buf_char(out, ']');
}

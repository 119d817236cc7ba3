/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Instances: open, start, calls, stop, close, in this order and each once.
 * Callbacks of backends and writers run on plugin threads, those of stores
 * on the thread that asks.
 *
 * Any thread enters.  instance->lock guards the contexts in flight, the
 * stopping flag and the counters; it is never held across a callback.
 * Lock order: instance->lock, then ctx->lock.
 */

#include "host/instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

/* How long calls in flight may take to notice that the instance stops. */
#define STOP_WAIT_NS (2 * NS_PER_S)

struct iag_ctx *
instance_context(struct instance *instance, const char *callback,
    struct call *call, uint64_t deadline_ns)
{
	struct iag_ctx *ctx =
	    context_new(instance->plugin, callback, call, deadline_ns);

	if (!ctx)
		return NULL;
	ctx->instance = instance;
	ctx->options = instance->options;
	ctx->label = instance->label;
	return ctx;
}

void
instance_count(struct instance *instance, const char *name, uint64_t amount)
{
	LOCK_SCOPE(&instance->lock);
	struct counter *counter;
	size_t i;

	for (i = 0; i < instance->counter_count; i++) {
		counter = &instance->counters[i];
		if (strcmp(counter->name, name) == 0) {
			counter->value += amount;
			return;
		}
	}
	if (instance->counter_count == INSTANCE_COUNTERS)
		return;
	counter = &instance->counters[instance->counter_count];
	counter->name = strdup(name);
	counter->value = amount;
	if (counter->name)
		instance->counter_count++;
}

uint64_t
instance_counter(struct instance *instance, const char *name)
{
	LOCK_SCOPE(&instance->lock);
	size_t i;

	for (i = 0; i < instance->counter_count; i++)
		if (strcmp(instance->counters[i].name, name) == 0)
			return instance->counters[i].value;
	return 0;
}

static void
fly(struct iag_ctx *ctx)
{
	LOCK_SCOPE(&ctx->instance->lock);

	ctx->flies = true;
}

/* With instance->lock held. */
static void
tell_idle(struct instance *instance)
{
	if (!instance->in_flight && !instance->callers)
		(void)pthread_cond_broadcast(&instance->idle);
}

/* Neither thread nor lane knows the context any more. */
static void
land(struct iag_ctx *ctx)
{
	struct instance *instance = ctx->instance;
	LOCK_SCOPE(&instance->lock);

	if (ctx->prev)
		ctx->prev->next = ctx->next;
	else
		instance->in_flight = ctx->next;
	if (ctx->next)
		ctx->next->prev = ctx->prev;
	tell_idle(instance);
}

static int
take_off(struct instance *instance, struct iag_ctx *ctx, struct err *err)
{
	LOCK_SCOPE(&instance->lock);

	if (instance->stopping && !ctx->closing)
		return err_set(
		    err, ERR_CALL_CANCELLED, "%s is stopping", instance->label);
	instance->callers++;
	ctx->next = instance->in_flight;
	if (ctx->next)
		ctx->next->prev = ctx;
	instance->in_flight = ctx;
	return 0;
}

static void
leave(struct instance *instance)
{
	LOCK_SCOPE(&instance->lock);

	instance->callers--;
	tell_idle(instance);
}

static struct lane *
lane_of(struct instance *instance)
{
	return instance->plugin->desc.thread_model == IAG_THREAD_PLUGIN_SERIAL
		   ? &instance->plugin->lane
		   : &instance->lane;
}

static int
run_on_thread(struct instance *instance, struct iag_ctx *ctx,
    int32_t *ret_result, struct err *err)
{
	int r;

	ctx->job.begin = fly;
	ctx->job.over = land;
	r = take_off(instance, ctx, err);
	if (r < 0)
		return r;
	r = pool_run(instance->host->pool, lane_of(instance), ctx, err);
	if (r == 0)
		*ret_result = ctx->job.result;
	leave(instance);
	return r;
}

int
instance_run(struct instance *instance, struct iag_ctx *ctx,
    int32_t *ret_result, struct err *err)
{
	if (instance->plugin->desc.kind != IAG_KIND_STORE)
		return run_on_thread(instance, ctx, ret_result, err);
	*ret_result = ctx->job.run(ctx, ctx->job.arg);
	context_finish(ctx);
	return 0;
}

static int32_t
run_open(struct iag_ctx *ctx, void *arg)
{
	struct instance *instance = arg;

	return instance->plugin->instance.open(ctx, &instance->data);
}

static int32_t
run_start(struct iag_ctx *ctx, void *arg)
{
	struct instance *instance = arg;

	return instance->plugin->instance.start(ctx, instance->data);
}

static int32_t
run_stop(struct iag_ctx *ctx, void *arg)
{
	struct instance *instance = arg;

	instance->plugin->instance.stop(ctx, instance->data);
	return 0;
}

static int32_t
run_close(struct iag_ctx *ctx, void *arg)
{
	struct instance *instance = arg;

	instance->plugin->instance.close(ctx, instance->data);
	return 0;
}

static int32_t
run_health(struct iag_ctx *ctx, void *arg)
{
	struct instance *instance = arg;

	return instance->plugin->instance.health(ctx, instance->data);
}

/* Run ctx, whose callback is of the life of the instance. */
static int
live(struct instance *instance, struct iag_ctx *ctx,
    int32_t (*run)(struct iag_ctx *, void *), struct err *err)
{
	int32_t result = 0;
	int r;

	if (!ctx)
		return err_no_memory(err);
	ctx->job.run = run;
	ctx->job.arg = instance;
	r = instance_run(instance, ctx, &result, err);
	return r < 0 ? r : context_result(ctx, result, err);
}

static int
live_once(struct instance *instance, const char *callback,
    int32_t (*run)(struct iag_ctx *, void *), struct call *call,
    struct err *err)
{
	struct iag_ctx *ctx = instance_context(
	    instance, callback, call, host_own_deadline_ns(instance->host));
	int r = live(instance, ctx, run, err);

	context_unref(ctx);
	return r;
}

static void
join_host(struct instance *instance)
{
	LOCK_SCOPE(&instance->host->lock);

	instance->next = instance->host->instances;
	instance->host->instances = instance;
}

static void
leave_host(struct instance *instance)
{
	LOCK_SCOPE(&instance->host->lock);
	struct instance **at = &instance->host->instances;

	while (*at && *at != instance)
		at = &(*at)->next;
	if (*at)
		*at = instance->next;
}

static void
instance_free(struct instance *instance)
{
	size_t i;

	context_unref(instance->stop_ctx);
	context_unref(instance->close_ctx);

	for (i = 0; i < instance->counter_count; i++)
		free(instance->counters[i].name);
	context_unref(instance->start_ctx);
	option_set_free(instance->options);
	lane_fini(&instance->lane);
	(void)pthread_cond_destroy(&instance->idle);
	(void)pthread_mutex_destroy(&instance->lock);
	free(instance->label);
	free(instance);
}

static struct instance *
instance_new(struct host *host, struct plugin *plugin, const char *label)
{
	struct instance *instance = calloc(1, sizeof *instance);

	if (!instance)
		return NULL;
	instance->host = host;
	instance->plugin = plugin;
	lane_init(
	    &instance->lane, plugin->desc.thread_model != IAG_THREAD_PARALLEL);
	(void)pthread_mutex_init(&instance->lock, NULL);
	cond_init(&instance->idle);
	if (asprintf(&instance->label, "%s %s", label, plugin->desc.name) < 0) {
		instance->label = NULL;
		instance_free(instance);
		return NULL;
	}
	return instance;
}

/* The context that start() is given serves the plugin's own threads. */
static int
start(struct instance *instance, struct err *err)
{
	struct iag_ctx *ctx;
	int r;

	if (!instance->plugin->instance.start) {
		instance->started = true;
		return 0;
	}
	ctx = instance_context(
	    instance, "start", NULL, host_own_deadline_ns(instance->host));
	if (ctx)
		ctx->lasts = true;
	r = live(instance, ctx, run_start, err);
	if (r < 0) {
		context_unref(ctx);
		return r;
	}
	atomic_store(&ctx->deadline_ns, UINT64_MAX);
	instance->start_ctx = ctx;
	instance->started = true;
	return 0;
}

/* Nothing of a stuck instance may be touched any more. */
static void
leave_behind(struct instance *instance)
{
	LOCK_SCOPE(&instance->host->lock);

	log_warning("host", "%s: left behind, a callback has not returned",
	    instance->label);
	instance->host->stuck = true;
}

static bool
is_flying(struct instance *instance)
{
	LOCK_SCOPE(&instance->lock);

	return instance->in_flight != NULL;
}

/* Contexts to stop and to close with, which must not fail for memory. */
static int
prepare_end(struct instance *instance, struct err *err)
{
	instance->stop_ctx =
	    instance_context(instance, "stop", NULL, UINT64_MAX);
	instance->close_ctx =
	    instance_context(instance, "close", NULL, UINT64_MAX);
	if (!instance->stop_ctx || !instance->close_ctx)
		return err_no_memory(err);
	instance->stop_ctx->closing = true;
	instance->close_ctx->closing = true;
	return 0;
}

/* Run stop() or close(), if the plugin has it. */
static int
end(struct instance *instance, struct iag_ctx *ctx,
    int32_t (*run)(struct iag_ctx *, void *))
{
	const struct iag_instance_ops *ops = &instance->plugin->instance;

	if (run == run_stop ? !ops->stop : !ops->close)
		return 0;
	atomic_store(&ctx->deadline_ns, host_own_deadline_ns(instance->host));
	return live(instance, ctx, run, NULL);
}

static int
open_and_start(struct instance *instance, struct err *err)
{
	int r = 0;

	if (instance->plugin->instance.open)
		r = live_once(instance, "open", run_open, NULL, err);
	if (r < 0)
		return r;
	r = start(instance, err);
	if (r < 0 && !is_flying(instance))
		(void)end(instance, instance->close_ctx, run_close);
	return r;
}

int
instance_open(struct host *host, struct plugin *plugin, const char *label,
    const struct instance_option *options, size_t option_count,
    struct instance **ret_instance, struct err *err)
{
	struct instance *instance = instance_new(host, plugin, label);
	int r;

	if (!instance)
		return err_no_memory(err);
	r = option_set_new(plugin, host->config, options, option_count,
	    &instance->options, err);
	if (r == 0)
		r = prepare_end(instance, err);
	if (r == 0)
		r = open_and_start(instance, err);
	if (r == 0) {
		join_host(instance);
		*ret_instance = instance;
		return 0;
	}
	if (is_flying(instance))
		leave_behind(instance);
	else
		instance_free(instance);
	(void)err_wrap(err, "%s '%s'", host_kind_name(plugin->desc.kind),
	    plugin->desc.name);
	return r;
}

/* Tell calls in flight to end and wait for them; true: they have. */
static bool
drain(struct instance *instance)
{
	LOCK_SCOPE(&instance->lock);
	struct timespec until;
	struct iag_ctx *ctx;

	instance->stopping = true;
	for (ctx = instance->in_flight; ctx; ctx = ctx->next)
		context_revoke(ctx);
	until = cond_until(STOP_WAIT_NS);
	while ((instance->in_flight || instance->callers) &&
	       pthread_cond_timedwait(
		   &instance->idle, &instance->lock, &until) == 0)
		;
	return !instance->in_flight && !instance->callers;
}

static int
end_calls(struct instance *instance)
{
	struct iag_ctx *ctx = instance->start_ctx;
	int r = 0;

	if (ctx)
		context_revoke(ctx);
	if (instance->started)
		r = end(instance, instance->stop_ctx, run_stop);
	return r < 0 ? r : end(instance, instance->close_ctx, run_close);
}

void
instance_close(struct instance *instance)
{
	if (!instance)
		return;
	leave_host(instance);
	if (!drain(instance) || end_calls(instance) < 0) {
		leave_behind(instance);
		return;
	}
	instance_free(instance);
}

/* The callback that is overdue, or NULL. */
static const char *
find_overdue(struct instance *instance)
{
	LOCK_SCOPE(&instance->lock);
	uint64_t now_ns = clock_boot_ns();
	const struct iag_ctx *ctx;

	for (ctx = instance->in_flight; ctx; ctx = ctx->next) {
		uint64_t deadline_ns = atomic_load(&ctx->deadline_ns);

		if (ctx->flies && deadline_ns != UINT64_MAX &&
		    now_ns >= deadline_ns)
			return ctx->callback;
	}
	return NULL;
}

int
instance_health(struct instance *instance, struct call *call, struct err *err)
{
	const char *overdue = find_overdue(instance);

	if (overdue)
		return err_set(err, ERR_BROKER_BACKEND_UNAVAILABLE,
		    "%s '%s' is stuck: '%s' has not returned by its deadline",
		    host_kind_name(instance->plugin->desc.kind),
		    instance->plugin->desc.name, overdue);
	if (!instance->plugin->instance.health)
		return 0;
	return live_once(instance, "health", run_health, call, err);
}

const struct plugin *
instance_plugin(const struct instance *instance)
{
	return instance->plugin;
}

bool
instance_is_stuck(const struct instance *instance)
{
	/* Looking takes the lock, which changes nothing of the instance. */
	return find_overdue((struct instance *)(uintptr_t)instance) != NULL;
}

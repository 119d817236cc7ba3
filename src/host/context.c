/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Contexts: waiting, waking, and what a callback's result means.
 *
 * The caller's thread, the plugin thread and threads of the plugin enter.
 * ctx->lock guards what the struct says; flags and deadline are atomic.
 * Lock order: call->lock or instance->lock, then ctx->lock.
 */

#include "host/context.h"

#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/thread.h"
#include "host/instance.h"

static void
arm_fd(int fd, uint64_t ns)
{
	struct itimerspec spec = { .it_value = {
				       .tv_sec = (time_t)(ns / NS_PER_S),
				       .tv_nsec = (long)(ns % NS_PER_S) } };

	(void)timerfd_settime(fd, 0, &spec, NULL);
}

static void
wake(struct iag_ctx *ctx)
{
	LOCK_SCOPE(&ctx->lock);

	if (ctx->fd >= 0)
		arm_fd(ctx->fd, 1);
	(void)pthread_cond_broadcast(&ctx->cond);
}

static void
wake_watch(struct call_watch *watch)
{
	wake((
	    struct iag_ctx *)((char *)watch - offsetof(struct iag_ctx, watch)));
}

void
context_init(struct iag_ctx *ctx, const struct plugin *plugin,
    const char *callback, struct call *call, uint64_t deadline_ns)
{
	memset(ctx, 0, sizeof *ctx);
	atomic_init(&ctx->refs, 1);
	ctx->plugin = plugin;
	ctx->callback = callback;
	ctx->label = plugin->desc.name ? plugin->desc.name : "plugin";
	ctx->fd = -1;
	ctx->watch.wake = wake_watch;
	if (call && call_deadline_ns(call) < deadline_ns)
		deadline_ns = call_deadline_ns(call);
	atomic_init(&ctx->deadline_ns, deadline_ns);
	atomic_init(&ctx->revoked, false);
	(void)pthread_mutex_init(&ctx->lock, NULL);
	/* CLOCK_BOOTTIME is not to be had here: a machine that sleeps waits
	 * at most as much longer as it had left to wait. */
	cond_init(&ctx->cond);
	if (call) {
		ctx->call = call_ref(call);
		call_add_watch(call, &ctx->watch);
	}
}

struct iag_ctx *
context_new(const struct plugin *plugin, const char *callback,
    struct call *call, uint64_t deadline_ns)
{
	struct iag_ctx *ctx = malloc(sizeof *ctx);

	if (ctx)
		context_init(ctx, plugin, callback, call, deadline_ns);
	return ctx;
}

struct iag_ctx *
context_ref(struct iag_ctx *ctx)
{
	atomic_fetch_add(&ctx->refs, 1);
	return ctx;
}

static void
forget_interned(struct iag_ctx *ctx)
{
	while (ctx->interned) {
		struct context_piece *piece = ctx->interned;

		ctx->interned = piece->next;
		free(piece);
	}
	ctx->interned_len = 0;
}

static void
forget_failure(struct iag_ctx *ctx)
{
	free(ctx->fail_text);
	ctx->fail_text = NULL;
	ctx->fail_result = 0;
	ctx->fail_code = ERR_NONE;
	ctx->retry_after_ns = 0;
}

void
context_fini(struct iag_ctx *ctx)
{
	if (ctx->call) {
		call_drop_watch(ctx->call, &ctx->watch);
		call_unref(ctx->call);
	}
	if (ctx->job.free_arg)
		ctx->job.free_arg(ctx->job.arg);
	while (ctx->secrets) {
		struct context_secret *held = ctx->secrets;

		ctx->secrets = held->next;
		secret_free(held->secret);
		free(held);
	}
	forget_interned(ctx);
	forget_failure(ctx);
	free(ctx->broken);
	answer_fini(&ctx->answer);
	if (ctx->fd >= 0)
		(void)close(ctx->fd);
	(void)pthread_cond_destroy(&ctx->cond);
	(void)pthread_mutex_destroy(&ctx->lock);
}

void
context_unref(struct iag_ctx *ctx)
{
	if (!ctx || atomic_fetch_sub(&ctx->refs, 1) != 1)
		return;
	context_fini(ctx);
	free(ctx);
}

void
context_reset(struct iag_ctx *ctx, const char *callback)
{
	ctx->callback = callback;
	if (ctx->interned)
		forget_interned(ctx);
	if (ctx->fail_result || ctx->retry_after_ns)
		forget_failure(ctx);
}

static bool
past_deadline(const struct iag_ctx *ctx)
{
	uint64_t deadline_ns = atomic_load(&ctx->deadline_ns);

	return deadline_ns != UINT64_MAX && clock_boot_ns() >= deadline_ns;
}

static bool
is_cancelled(const struct iag_ctx *ctx)
{
	return atomic_load(&ctx->revoked) ||
	       (ctx->call && call_is_cancelled(ctx->call));
}

bool
context_is_over(const struct iag_ctx *ctx)
{
	return is_cancelled(ctx) || past_deadline(ctx);
}

void
context_revoke(struct iag_ctx *ctx)
{
	atomic_store(&ctx->revoked, true);
	wake(ctx);
}

void
context_finish(struct iag_ctx *ctx)
{
	{
		LOCK_SCOPE(&ctx->lock);
		ctx->done = true;
	}
	/* the context is still ours; its waiter finds the lock free */
	(void)pthread_cond_broadcast(&ctx->cond);
}

void
context_leave(struct iag_ctx *ctx)
{
	LOCK_SCOPE(&ctx->lock);

	ctx->left = true;
}

/* Wait on the condition, at most until boot time until_ns. */
static void
wait_until(struct iag_ctx *ctx, uint64_t until_ns)
{
	uint64_t now_ns = clock_boot_ns();
	struct timespec at;

	if (until_ns == UINT64_MAX) {
		(void)pthread_cond_wait(&ctx->cond, &ctx->lock);
		return;
	}
	if (until_ns <= now_ns)
		return;
	at = cond_until(until_ns - now_ns);
	(void)pthread_cond_timedwait(&ctx->cond, &ctx->lock, &at);
}

bool
context_wait(struct iag_ctx *ctx)
{
	LOCK_SCOPE(&ctx->lock);

	while (!ctx->done && !context_is_over(ctx))
		wait_until(ctx, atomic_load(&ctx->deadline_ns));
	return ctx->done;
}

int32_t
context_sleep(struct iag_ctx *ctx, uint64_t ns)
{
	LOCK_SCOPE(&ctx->lock);
	uint64_t start_ns = clock_boot_ns();
	uint64_t until_ns =
	    ns > UINT64_MAX - start_ns ? UINT64_MAX : start_ns + ns;

	for (;;) {
		uint64_t deadline_ns = atomic_load(&ctx->deadline_ns);

		if (context_is_over(ctx))
			return IAG_STOPPING;
		if (clock_boot_ns() >= until_ns)
			return 0;
		wait_until(
		    ctx, until_ns < deadline_ns ? until_ns : deadline_ns);
	}
}

int
context_fd(struct iag_ctx *ctx)
{
	LOCK_SCOPE(&ctx->lock);
	uint64_t deadline_ns = atomic_load(&ctx->deadline_ns);
	uint64_t now_ns = clock_boot_ns();

	if (ctx->fd >= 0)
		return ctx->fd;
	ctx->fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (ctx->fd < 0)
		return -1;
	if (context_is_over(ctx))
		arm_fd(ctx->fd, 1);
	else if (deadline_ns != UINT64_MAX)
		arm_fd(
		    ctx->fd, deadline_ns > now_ns ? deadline_ns - now_ns : 1);
	return ctx->fd;
}

int
context_over(struct iag_ctx *ctx, const char *what, struct err *err)
{
	const char *kind = host_kind_name(ctx->plugin->desc.kind);
	const char *name = ctx->plugin->desc.name;

	if (atomic_load(&ctx->revoked))
		return err_set(err, ERR_CALL_CANCELLED,
		    "%s '%s' is stopping: '%s' %s", kind, name, ctx->callback,
		    what);
	if (is_cancelled(ctx))
		return err_set(err, ERR_CALL_CANCELLED,
		    "the call was cancelled: '%s' of %s '%s' %s", ctx->callback,
		    kind, name, what);
	return err_set(err, ERR_CALL_TIMED_OUT,
	    "the deadline has passed: '%s' of %s '%s' %s", ctx->callback, kind,
	    name, what);
}

/* Stores have codes of their own for what they cannot do. */
static enum err_code
default_code(const struct iag_ctx *ctx, int32_t result)
{
	if (result == IAG_STOPPING)
		return is_cancelled(ctx) ? ERR_CALL_CANCELLED
					 : ERR_CALL_TIMED_OUT;
	if (ctx->plugin->desc.kind != IAG_KIND_STORE)
		return err_code_of_class(result);
	switch (result) {
	case IAG_AGAIN:
	case IAG_LIMIT:
	case IAG_UNKNOWN:
	case IAG_AUTH:
	case IAG_NOTSUP:
		return ERR_JOURNAL_UNAVAILABLE;
	case IAG_CORRUPT:
		return ERR_JOURNAL_CORRUPT;
	case IAG_NOMEM:
		return ERR_OUT_OF_MEMORY;
	default:
		return ERR_INTERNAL_ERROR;
	}
}

static int
explain(struct iag_ctx *ctx, int32_t result, struct err *err)
{
	const char *kind = host_kind_name(ctx->plugin->desc.kind);
	enum err_code code = ctx->fail_code;

	if (result > 0 || result < IAG_INTERNAL)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "%s '%s': '%s' returned %d, which is no result of the "
		    "plugin ABI%s%s",
		    kind, ctx->plugin->desc.name, ctx->callback, (int)result,
		    ctx->fail_text ? ": " : "",
		    ctx->fail_text ? ctx->fail_text : "");
	if (code == ERR_NONE)
		code = default_code(ctx, result);
	if (ctx->fail_text)
		return err_set(err, code, "%s", ctx->fail_text);
	if (result == IAG_NOTFOUND)
		return err_set(err, code, "%s '%s': there is no such thing",
		    kind, ctx->plugin->desc.name);
	return err_set(err, code,
	    "%s '%s': '%s' failed with %s and did not say why", kind,
	    ctx->plugin->desc.name, ctx->callback, err_class_name(result));
}

int
context_result(struct iag_ctx *ctx, int32_t result, struct err *err)
{
	LOCK_SCOPE(&ctx->lock);
	int class;

	if (result == 0)
		return 0;
	class = explain(ctx, result, err);
	if (!err)
		return class;
	if (result == IAG_UNKNOWN)
		err->unknown = true;
	err->missing = result == IAG_NOTFOUND;
	if (ctx->retry_after_ns)
		err->retry_after_ns = ctx->retry_after_ns;
	return class;
}

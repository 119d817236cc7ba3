/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The services that plugins call (struct iag_host).  Nothing here trusts its
 * arguments: a plugin's mistake is answered with a result, or ends up in the
 * error text of its own call.
 *
 * Plugin threads and threads of plugins enter, several at once with one
 * context.  ctx->lock guards what a service writes into the context.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "host/context.h"
#include "host/instance.h"
#include "host/text.h"
#include "host/wire.h"
#include "host/writeservice.h"

static void
service_log(struct iag_ctx *ctx, uint32_t level, const char *text)
{
	CLEANUP_FREE char *line = NULL;
	enum log_level at = level == IAG_LOG_ERROR     ? LOG_LEVEL_ERROR
			    : level == IAG_LOG_WARNING ? LOG_LEVEL_WARNING
			    : level == IAG_LOG_INFO    ? LOG_LEVEL_INFO
						       : LOG_LEVEL_DEBUG;

	if (!text || !log_is_on(at))
		return;
	line = plugin_text_clean(text);
	if (line)
		log_line(at, ctx->label, "%s", line);
}

static int32_t service_fail(struct iag_ctx *ctx, int32_t result,
    const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int32_t
service_fail(struct iag_ctx *ctx, int32_t result, const char *code,
    const char *format, ...)
{
	CLEANUP_FREE char *text = NULL;
	char *clean = NULL;
	enum err_code known = code ? err_code_find(code) : ERR_NONE;
	va_list ap;

	if (format && *format) {
		va_start(ap, format);
		if (vasprintf(&text, format, ap) < 0)
			text = NULL;
		va_end(ap);
	}
	if (text && *text)
		clean = plugin_text_clean(text);
	if (clean && code && known == ERR_NONE) {
		CLEANUP_FREE char *word = plugin_text_clean(code);
		char *both = NULL;

		if (asprintf(&both, "%s (code '%.64s')", clean,
			word ? word : "") >= 0) {
			free(clean);
			clean = both;
		}
	}
	if (result >= 0)
		result = IAG_INTERNAL;
	LOCK_SCOPE(&ctx->lock);
	free(ctx->fail_text);
	ctx->fail_text = clean;
	ctx->fail_code = known;
	ctx->fail_result = result;
	if (ctx->lasts && ctx->done && clean)
		log_warning(ctx->label, "%s", clean);
	return result;
}

static void
service_retry_after(struct iag_ctx *ctx, uint64_t ns)
{
	LOCK_SCOPE(&ctx->lock);

	ctx->retry_after_ns = ns;
}

static uint64_t
service_real_ns(struct iag_ctx *ctx)
{
	(void)ctx;
	return clock_real_ns();
}

static uint64_t
service_boot_ns(struct iag_ctx *ctx)
{
	(void)ctx;
	return clock_boot_ns();
}

static uint64_t
service_deadline_ns(struct iag_ctx *ctx)
{
	return atomic_load(&ctx->deadline_ns);
}

static int32_t
service_sleep_ns(struct iag_ctx *ctx, uint64_t ns)
{
	return context_sleep(ctx, ns);
}

static int32_t
service_cancel_fd(struct iag_ctx *ctx)
{
	return context_fd(ctx);
}

static int32_t
service_stopping(struct iag_ctx *ctx)
{
	return context_is_over(ctx) ? 1 : 0;
}

static int32_t
service_option_str(struct iag_ctx *ctx, const char *key, const char **ret_value)
{
	if (!key || !ret_value)
		return IAG_INVAL;
	return option_str(ctx->options, key, ret_value);
}

static int32_t
service_option_int(struct iag_ctx *ctx, const char *key, int64_t *ret_value)
{
	if (!key || !ret_value)
		return IAG_INVAL;
	return option_int(ctx->options, key, ret_value);
}

static int32_t
service_option_bool(struct iag_ctx *ctx, const char *key, uint32_t *ret_value)
{
	if (!key || !ret_value)
		return IAG_INVAL;
	return option_bool(ctx->options, key, ret_value);
}

static int32_t
service_secret(
    struct iag_ctx *ctx, const char *key, struct iag_bytes *ret_secret)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct context_secret *held;
	struct secret *secret = NULL;
	int r;

	if (!key || !ret_secret)
		return IAG_INVAL;
	r = option_secret(ctx->options, key, &secret, &err);
	if (r < 0) {
		if (err.code == ERR_NONE)
			return r;
		return service_fail(
		    ctx, r, err_kind(err.code)->name, "%s", err_text(&err));
	}
	held = malloc(sizeof *held);
	if (!held) {
		secret_free(secret);
		return IAG_NOMEM;
	}
	held->secret = secret;
	ret_secret->data = secret_data(secret);
	ret_secret->len = secret_len(secret);
	LOCK_SCOPE(&ctx->lock);
	held->next = ctx->secrets;
	ctx->secrets = held;
	return 0;
}

static void
service_secret_done(struct iag_ctx *ctx, struct iag_bytes *secret)
{
	LOCK_SCOPE(&ctx->lock);
	struct context_secret **at;

	if (!secret || !secret->data)
		return;
	for (at = &ctx->secrets; *at; at = &(*at)->next) {
		struct context_secret *held = *at;

		if (secret_data(held->secret) != secret->data)
			continue;
		*at = held->next;
		secret_free(held->secret);
		free(held);
		break;
	}
	secret->data = NULL;
	secret->len = 0;
}

static const char *
service_intern(struct iag_ctx *ctx, const char *text, size_t len)
{
	struct context_piece *piece;

	if (!text && len)
		return NULL;
	if (len > CONTEXT_INTERN_MAX)
		return NULL;
	piece = malloc(sizeof *piece + len + 1);
	if (!piece)
		return NULL;
	if (len)
		memcpy(piece->text, text, len);
	piece->text[len] = '\0';
	LOCK_SCOPE(&ctx->lock);
	if (ctx->interned_len + len > CONTEXT_INTERN_MAX) {
		free(piece);
		return NULL;
	}
	ctx->interned_len += len;
	piece->next = ctx->interned;
	ctx->interned = piece;
	return piece->text;
}

/*
 * 0: the answer can be used; IAG_INVAL: *ret_fault says why not, allocated;
 * IAG_NOMEM: there is no memory to say it.
 */
static int
find_fault(const char *json, size_t len, char **ret_fault)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	int made;

	if (!json)
		made = asprintf(ret_fault, "the answer is a null pointer");
	else if (len > CONTEXT_REPLY_MAX)
		made = asprintf(ret_fault,
		    "the answer has %zu bytes, %zu are allowed", len,
		    CONTEXT_REPLY_MAX);
	else if (json_check(json, len, &json_bounds_default, &err) == 0)
		return 0;
	else
		made = asprintf(
		    ret_fault, "the answer is not JSON: %s", err_text(&err));
	if (made < 0) {
		*ret_fault = NULL;
		return IAG_NOMEM;
	}
	return IAG_INVAL;
}

static void
read_meta(struct answer *answer, const struct iag_reply_meta *meta)
{
	struct iag_reply_meta full = { .struct_size = 0 };

	if (meta) {
		size_t size = meta->struct_size;

		memcpy(&full, meta, size < sizeof full ? size : sizeof full);
	}
	answer->flags = full.flags;
	answer->source_ns = full.source_ns;
	answer->receipt_ns =
	    full.receipt_ns ? full.receipt_ns : clock_real_ns();
}

/* Keep the answer, or why it is none; both are taken over. */
static int32_t
keep_answer(struct iag_ctx *ctx, const struct iag_reply_meta *meta, char **copy,
    size_t len, char **fault)
{
	LOCK_SCOPE(&ctx->lock);

	if (ctx->done || ctx->left)
		return IAG_STOPPING;
	ctx->replies++;
	if (*fault) {
		free(ctx->broken);
		ctx->broken = STEAL(*fault);
		return IAG_INVAL;
	}
	if (ctx->replies > 1)
		return IAG_INVAL;
	ctx->answer.json = STEAL(*copy);
	ctx->answer.len = len;
	read_meta(&ctx->answer, meta);
	return 0;
}

static int32_t
service_reply(struct iag_ctx *ctx, const struct iag_reply_meta *meta,
    const char *json, size_t len)
{
	CLEANUP_FREE char *fault = NULL;
	CLEANUP_FREE char *copy = NULL;
	int r;

	if (!ctx->takes_reply)
		return service_fail(ctx, IAG_INVAL, NULL,
		    "'reply' was called in '%s', which gives no answer",
		    ctx->callback);
	r = find_fault(json, len, &fault);
	if (r == IAG_NOMEM)
		return r;
	if (r == 0) {
		copy = malloc(len + 1);
		if (!copy)
			return IAG_NOMEM;
		memcpy(copy, json, len);
		copy[len] = '\0';
	} else {
		(void)service_fail(
		    ctx, IAG_INVAL, "BROKER_RESPONSE_INVALID", "%s", fault);
	}
	return keep_answer(ctx, meta, &copy, len, &fault);
}

static void
service_count(struct iag_ctx *ctx, const char *name, uint64_t amount)
{
	if (ctx->instance && plugin_is_word(name))
		instance_count(ctx->instance, name, amount);
}

/* Kept as a counter of hints per topic; nothing waits for them yet. */
static int32_t
service_emit(struct iag_ctx *ctx, const char *topic, const char *key)
{
	char name[80];

	(void)key;
	if (!plugin_is_word(topic))
		return IAG_INVAL;
	if (!ctx->instance)
		return IAG_INVAL;
	(void)snprintf(name, sizeof name, "hint_%s", topic);
	instance_count(ctx->instance, name, 1);
	return 0;
}

#define SERVICES_OF_ALL                                                       \
	.struct_size = sizeof(struct iag_host), .abi_minor = IAG_ABI_MINOR,   \
	.version = PACKAGE_VERSION, .log = service_log, .fail = service_fail, \
	.retry_after = service_retry_after, .real_ns = service_real_ns,       \
	.boot_ns = service_boot_ns, .deadline_ns = service_deadline_ns,       \
	.sleep_ns = service_sleep_ns, .cancel_fd = service_cancel_fd,         \
	.stopping = service_stopping, .option_str = service_option_str,       \
	.option_int = service_option_int, .option_bool = service_option_bool, \
	.secret = service_secret, .secret_done = service_secret_done,         \
	.intern = service_intern, .reply = service_reply,                     \
	.count = service_count, .emit = service_emit, .http = service_http,   \
	.session_set = service_session_set, .session_get = service_session_get

/* Backends and stores are given nothing that sends (invariant 10). */
const struct iag_host services_table = { SERVICES_OF_ALL };

const struct iag_host writer_services_table = {
	SERVICES_OF_ALL,
	.commit_send = service_commit_send,
	.question = service_question,
	.query = service_query,
	.state_get = service_state_get,
	.state_put = service_state_put,
	.state_del = service_state_del,
	.state_next = service_state_next,
};

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The services of writers: the point of no return, the broker's questions,
 * reads of the same account, and durable state.
 *
 * Plugin threads enter, also of callbacks whose caller has gone.  ctx->lock
 * guards the buffered changes; the stage of a write is atomic.  No lock is held
 * while the watch or the order desk are asked.
 */

#include "host/writeservice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "host/instance.h"
#include "host/write.h"

#define QUERY_NS (30 * NS_PER_S)

/* Say in the call's own words why, once. */
static int32_t
refuse(struct iag_ctx *ctx, int32_t result, const struct err *err)
{
	const char *code = NULL;

	if (err->code != ERR_NONE)
		code = err_kind(err->code)->name;
	return services_table.fail(ctx, result, code, "%s", err_text(err));
}

/* The write that this callback is; NULL and the result said: none. */
static struct write *
sending_write(struct iag_ctx *ctx, const char *service)
{
	struct write *write = ctx->write;

	if (write && write->may_send)
		return write;
	(void)services_table.fail(ctx, IAG_INVAL, NULL,
	    "'%s' was called in '%s', which may not send", service,
	    ctx->callback);
	return NULL;
}

int32_t
service_commit_send(struct iag_ctx *ctx)
{
	struct write *write = sending_write(ctx, "commit_send");
	CLEANUP_ERR struct err err = ERR_INIT;
	enum write_stage stage = WRITE_UNSENT;
	int r;

	if (!write)
		return IAG_INVAL;
	if (context_is_over(ctx)) {
		(void)context_over(ctx, "has not sent yet", &err);
		return refuse(ctx, IAG_STOPPING, &err);
	}
	if (write->has_watch && write->watch.commit) {
		r = write->watch.commit(write->watch.arg, &err);
		if (r)
			return refuse(ctx, r < 0 ? r : IAG_INTERNAL, &err);
	}
	/* a writer of several requests comes here before each of them */
	if (atomic_compare_exchange_strong(
		&write->stage, &stage, WRITE_SENDING) ||
	    stage == WRITE_SENDING)
		return 0;
	return services_table.fail(ctx, IAG_STOPPING, NULL,
	    "the call is over: nothing may be sent any more");
}

int32_t
service_question(struct iag_ctx *ctx, const char *const *message_ids,
    const char *const *texts, size_t count)
{
	struct write *write = sending_write(ctx, "question");
	CLEANUP_ERR struct err err = ERR_INIT;
	int r;

	if (!write)
		return IAG_INVAL;
	if (!message_ids || !texts || !count)
		return services_table.fail(ctx, IAG_INVAL, NULL,
		    "'question' was called without a question");
	/* its outcome is told already, and the account is another one's */
	if (context_is_over(ctx)) {
		(void)context_over(ctx, "asks a question too late", &err);
		return refuse(ctx, IAG_STOPPING, &err);
	}
	if (!write->has_watch || !write->watch.question)
		return services_table.fail(ctx, IAG_REJECTED,
		    "BROKER_QUESTION_REFUSED",
		    "nobody here may answer the broker's question");
	r = write->watch.question(
	    write->watch.arg, message_ids, texts, count, &err);
	return r ? refuse(ctx, r < 0 ? r : IAG_INTERNAL, &err) : 0;
}

static int
query_run(struct iag_ctx *ctx, const char *operation, const char *arguments,
    struct answer *ret_answer, struct err *err)
{
	const struct host_desk *desk = &ctx->instance->host->desk;
	uint64_t deadline_ns = atomic_load(&ctx->deadline_ns);
	uint64_t most_ns = clock_boot_ns() + QUERY_NS;
	struct call *call =
	    call_new(deadline_ns < most_ns ? deadline_ns : most_ns);
	int r;

	if (!call)
		return err_no_memory(err);
	r = desk->query(desk->arg, ctx->write->account, call, operation,
	    arguments, ret_answer, err);
	call_unref(call);
	return r;
}

int32_t
service_query(struct iag_ctx *ctx, const char *operation, const char *arguments,
    size_t len, const char **ret_json, size_t *ret_len)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	CLEANUP_FREE char *copy = NULL;
	struct answer answer = { .json = NULL };
	const char *json;
	int r;

	if (!operation || !ret_json || !ret_len || (!arguments && len))
		return IAG_INVAL;
	if (!ctx->write || !ctx->instance->host->desk.query)
		return services_table.fail(ctx, IAG_NOTSUP, NULL,
		    "'query' is for callbacks of a writer in the gateway");
	copy = arguments ? strndup(arguments, len) : strdup("{}");
	if (!copy)
		return IAG_NOMEM;
	r = query_run(ctx, operation, copy, &answer, &err);
	if (r)
		return refuse(ctx, r < 0 ? r : IAG_INTERNAL, &err);
	json = services_table.intern(ctx, answer.json, answer.len);
	if (json) {
		*ret_json = json;
		*ret_len = answer.len;
	}
	answer_fini(&answer);
	return json ? 0 : IAG_NOMEM;
}

/* ---- durable state */

static bool
same_key(const struct iag_bytes *a, const struct iag_bytes *b)
{
	return a->len == b->len &&
	       (!a->len || memcmp(a->data, b->data, a->len) == 0);
}

static int
compare_keys(const struct iag_bytes *a, const struct iag_bytes *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int order = len ? memcmp(a->data, b->data, len) : 0;

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

/* The callback's account and desk, or a result that says what is missing. */
static int32_t
state_check(struct iag_ctx *ctx, const struct iag_bytes *key)
{
	if (!key || (!key->data && key->len) || key->len > STATE_KEY_MAX)
		return services_table.fail(ctx, IAG_INVAL, NULL,
		    "a state key has 0 to %d bytes", (int)STATE_KEY_MAX);
	if (!ctx->write || !ctx->write->account)
		return services_table.fail(ctx, IAG_INVAL, NULL,
		    "state belongs to an account: it is for callbacks about "
		    "orders");
	if (!ctx->instance->host->desk.state_get)
		return services_table.fail(ctx, IAG_NOTSUP, NULL,
		    "this host keeps no state for plugins");
	return 0;
}

static const char *
state_owner(const struct iag_ctx *ctx, char name[64])
{
	(void)snprintf(name, 64, "writer-%.50s", ctx->plugin->desc.name);
	return name;
}

/* Of the buffered changes, the one of this key; with ctx->lock held. */
static struct writer_change *
change_find(const struct write *write, const struct iag_bytes *key)
{
	for (size_t i = 0; i < write->change_count; i++) {
		if (same_key(&write->changes[i].key, key))
			return &write->changes[i];
	}
	return NULL;
}

static int32_t
intern_bytes(
    struct iag_ctx *ctx, const void *data, size_t len, struct iag_bytes *ret)
{
	const char *copy = services_table.intern(ctx, data ? data : "", len);

	if (!copy)
		return IAG_NOMEM;
	*ret = (struct iag_bytes){ copy, len };
	return 0;
}

/* 0 or NOTFOUND where a buffered change decides; IAG_AGAIN: none does. */
static int32_t
get_buffered(struct iag_ctx *ctx, const struct iag_bytes *key,
    struct iag_bytes *ret_value)
{
	CLEANUP_FREE void *copy = NULL;
	size_t len;

	{
		LOCK_SCOPE(&ctx->lock);
		const struct writer_change *change =
		    change_find(ctx->write, key);

		if (!change)
			return IAG_AGAIN;
		if (!change->value.data)
			return IAG_NOTFOUND;
		len = change->value.len;
		copy = malloc(len + 1);
		if (!copy)
			return IAG_NOMEM;
		memcpy(copy, change->value.data, len);
	}
	return intern_bytes(ctx, copy, len, ret_value);
}

int32_t
service_state_get(struct iag_ctx *ctx, const struct iag_bytes *key,
    struct iag_bytes *ret_value)
{
	CLEANUP_BUF struct buf value = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;
	char name[64];
	int32_t r = state_check(ctx, key);

	if (r == 0 && !ret_value)
		r = IAG_INVAL;
	if (r)
		return r;
	r = get_buffered(ctx, key, ret_value);
	if (r != IAG_AGAIN)
		return r;
	r = ctx->instance->host->desk.state_get(ctx->instance->host->desk.arg,
	    state_owner(ctx, name), ctx->write->account, *key, &value, &err);
	if (r == IAG_NOTFOUND)
		return r;
	if (r)
		return refuse(ctx, r < 0 ? r : IAG_INTERNAL, &err);
	return intern_bytes(ctx, buf_text(&value), value.len, ret_value);
}

static void *
copy_bytes(const void *data, size_t len)
{
	void *copy = malloc(len ? len : 1);

	if (!copy)
		return NULL;
	if (len)
		memcpy(copy, data, len);
	return copy;
}

/* With ctx->lock held. */
static struct writer_change *
change_add(struct write *write, const struct iag_bytes *key)
{
	struct writer_change *changes = reallocarray(
	    write->changes, write->change_count + 1, sizeof *changes);
	struct writer_change *change;

	if (!changes)
		return NULL;
	write->changes = changes;
	change = &changes[write->change_count];
	*change = (struct writer_change){
		.key = { copy_bytes(key->data, key->len), key->len },
	};
	if (!change->key.data)
		return NULL;
	write->change_count++;
	return change;
}

/* value NULL: delete.  IAG_AGAIN: the caller has gone, nothing is kept. */
static int32_t
buffer_change(struct iag_ctx *ctx, const struct iag_bytes *key,
    const struct iag_bytes *value)
{
	CLEANUP_FREE void *copy =
	    value ? copy_bytes(value->data, value->len) : NULL;
	struct write *write = ctx->write;
	struct writer_change *change;
	LOCK_SCOPE(&ctx->lock);

	if (write->is_taken || !write->may_send)
		return IAG_AGAIN;
	if (value && !copy)
		return IAG_NOMEM;
	change = change_find(write, key);
	if (!change)
		change = change_add(write, key);
	if (!change)
		return IAG_NOMEM;
	free((void *)(uintptr_t)change->value.data);
	change->value =
	    (struct iag_bytes){ STEAL(copy), value ? value->len : 0 };
	return 0;
}

static int32_t
state_change(struct iag_ctx *ctx, const struct iag_bytes *key,
    const struct iag_bytes *value)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct iag_bytes bytes = { NULL, 0 };
	char name[64];
	int32_t r = state_check(ctx, key);

	if (r == 0)
		r = buffer_change(ctx, key, value);
	if (r != IAG_AGAIN)
		return r;
	if (value)
		bytes = (struct iag_bytes){ value->data ? value->data : "",
			value->len };
	r = ctx->instance->host->desk.state_put(ctx->instance->host->desk.arg,
	    state_owner(ctx, name), ctx->write->account, *key, bytes, &err);
	return r ? refuse(ctx, r < 0 ? r : IAG_INTERNAL, &err) : 0;
}

int32_t
service_state_put(struct iag_ctx *ctx, const struct iag_bytes *key,
    const struct iag_bytes *value)
{
	if (!value || (!value->data && value->len) ||
	    value->len > STATE_VALUE_MAX)
		return services_table.fail(ctx, IAG_INVAL, NULL,
		    "a state value has 0 to %d bytes", (int)STATE_VALUE_MAX);
	return state_change(ctx, key, value);
}

int32_t
service_state_del(struct iag_ctx *ctx, const struct iag_bytes *key)
{
	return state_change(ctx, key, NULL);
}

/* The least buffered key behind `after`; IAG_NOTFOUND: none. */
static int32_t
next_buffered(struct iag_ctx *ctx, const struct iag_bytes *after,
    struct iag_bytes *ret_key, struct iag_bytes *ret_value)
{
	LOCK_SCOPE(&ctx->lock);
	const struct write *write = ctx->write;
	const struct writer_change *best = NULL;

	for (size_t i = 0; i < write->change_count; i++) {
		const struct writer_change *change = &write->changes[i];

		if (change->value.data &&
		    compare_keys(&change->key, after) > 0 &&
		    (!best || compare_keys(&change->key, &best->key) < 0))
			best = change;
	}
	if (!best)
		return IAG_NOTFOUND;
	ret_key->data = copy_bytes(best->key.data, best->key.len);
	ret_key->len = best->key.len;
	ret_value->data = copy_bytes(best->value.data, best->value.len);
	ret_value->len = best->value.len;
	return ret_key->data && ret_value->data ? 0 : IAG_NOMEM;
}

/* True if a buffered change hides what the store has of a key. */
static bool
is_hidden(struct iag_ctx *ctx, const struct iag_bytes *key)
{
	LOCK_SCOPE(&ctx->lock);

	return change_find(ctx->write, key) != NULL;
}

/* The least stored key behind `after` that no change hides. */
static int32_t
next_stored(struct iag_ctx *ctx, const struct iag_bytes *after, struct buf *key,
    struct buf *value)
{
	const struct host_desk *desk = &ctx->instance->host->desk;
	CLEANUP_BUF struct buf from = BUF_INIT;
	CLEANUP_ERR struct err err = ERR_INIT;
	char name[64];
	int32_t r;

	buf_add(&from, after->data, after->len);
	for (;;) {
		struct iag_bytes at = { buf_text(&from), from.len };

		r = desk->state_next(desk->arg, state_owner(ctx, name),
		    ctx->write->account, at, key, value, &err);
		if (r == IAG_NOTFOUND)
			return r;
		if (r)
			return refuse(ctx, r < 0 ? r : IAG_INTERNAL, &err);
		at = (struct iag_bytes){ buf_text(key), key->len };
		if (!is_hidden(ctx, &at))
			return 0;
		buf_reset(&from);
		buf_add(&from, at.data, at.len);
		if (from.failed)
			return IAG_NOMEM;
	}
}

int32_t
service_state_next(struct iag_ctx *ctx, const struct iag_bytes *key,
    struct iag_bytes *ret_key, struct iag_bytes *ret_value)
{
	CLEANUP_BUF struct buf at = BUF_INIT, value = BUF_INIT;
	struct iag_bytes stored, own_key = { NULL, 0 }, own_value = { NULL, 0 };
	int32_t r = state_check(ctx, key), own;

	if (r == 0 && (!ret_key || !ret_value))
		r = IAG_INVAL;
	if (r)
		return r;
	r = next_stored(ctx, key, &at, &value);
	own = r == 0 || r == IAG_NOTFOUND
		  ? next_buffered(ctx, key, &own_key, &own_value)
		  : r;
	stored = (struct iag_bytes){ buf_text(&at), at.len };
	if (own == 0 && (r || compare_keys(&own_key, &stored) < 0)) {
		r = intern_bytes(ctx, own_key.data, own_key.len, ret_key);
		if (r == 0)
			r = intern_bytes(
			    ctx, own_value.data, own_value.len, ret_value);
	} else if (own != 0 && own != IAG_NOTFOUND) {
		r = own;
	} else if (r == 0) {
		r = intern_bytes(ctx, stored.data, stored.len, ret_key);
		if (r == 0)
			r = intern_bytes(
			    ctx, buf_text(&value), value.len, ret_value);
	}
	free((void *)(uintptr_t)own_key.data);
	free((void *)(uintptr_t)own_value.data);
	return r;
}

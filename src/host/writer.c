/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The wrappers of a writer's callbacks; writer.h says what they promise.
 *
 * Any thread enters; the callback runs on a plugin thread.  What both see is
 * in struct write, whose stage is atomic and whose rest ctx->lock guards.
 */

#include "host/writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/dec.h"
#include "host/instance.h"
#include "host/text.h"
#include "host/write.h"

#define HANDLE_MAX ((size_t)256)
#define ID_MAX_LEN 128

static int32_t
run_submit(struct iag_ctx *ctx, void *arg)
{
	struct write *write = arg;

	return ctx->plugin->ops.writer.submit(
	    ctx, ctx->instance->data, write->orders[0], &write->acks[0]);
}

static int32_t
run_cancel(struct iag_ctx *ctx, void *arg)
{
	struct write *write = arg;

	return ctx->plugin->ops.writer.cancel(
	    ctx, ctx->instance->data, write->target, &write->acks[0]);
}

static int32_t
run_modify(struct iag_ctx *ctx, void *arg)
{
	struct write *write = arg;

	return ctx->plugin->ops.writer.modify(ctx, ctx->instance->data,
	    write->target, write->orders[0], &write->acks[0]);
}

static int32_t
run_group(struct iag_ctx *ctx, void *arg)
{
	struct write *write = arg;

	return ctx->plugin->ops.writer.submit_group(
	    ctx, ctx->instance->data, write->orders, write->count, write->acks);
}

static int32_t
run_find(struct iag_ctx *ctx, void *arg)
{
	struct write *write = arg;

	return ctx->plugin->ops.writer.find(
	    ctx, ctx->instance->data, write->target, &write->find);
}

static int32_t
run_list(struct iag_ctx *ctx, void *arg)
{
	struct write *write = arg;

	return ctx->plugin->ops.writer.list(
	    ctx, ctx->instance->data, write->account);
}

/* ---- what came back */

/* A text of the broker, or a reason why it makes no sense. */
static const char *
take_text(char **ret_text, const char *text, size_t most)
{
	if (!text)
		return NULL;
	if (strlen(text) > most)
		return "a text that is too long";
	if (!plugin_text_is_line(text))
		return "a text that is not one line of UTF-8";
	*ret_text = strdup(text);
	return *ret_text ? NULL : "no memory";
}

static const char *
take_decimal(char **ret_text, const char *text)
{
	if (text && !dec_is_text(text))
		return "a number that is no decimal";
	return take_text(ret_text, text, ID_MAX_LEN);
}

/* Copy one acknowledgement; what is wrong with it, NULL: nothing. */
static const char *
take_ack(struct writer_ack *ack, const struct iag_ack *from)
{
	const char *fault;

	if (from->status > IAG_STATUS_REFUSED)
		return "a status that is none of the ABI";
	if (from->handle.len > HANDLE_MAX ||
	    (from->handle.len && !from->handle.data))
		return "a handle that is none of the ABI";
	fault =
	    take_text(&ack->broker_order_id, from->broker_order_id, ID_MAX_LEN);
	if (!fault)
		fault =
		    take_text(&ack->client_ref, from->client_ref, ID_MAX_LEN);
	if (!fault)
		fault = take_text(
		    &ack->broker_status, from->broker_status, ID_MAX_LEN);
	if (!fault)
		fault =
		    take_decimal(&ack->filled_quantity, from->filled_quantity);
	if (!fault)
		fault = take_decimal(&ack->average_price, from->average_price);
	if (fault)
		return fault;
	ack->status = from->status;
	ack->handle_len = from->handle.len;
	if (ack->handle_len)
		memcpy(ack->handle, from->handle.data, ack->handle_len);
	return NULL;
}

static bool
differs(const char *is, const char *should)
{
	return is && should && strcmp(is, should) != 0;
}

/* Is it about what was asked? */
static const char *
match_ack(const struct write *write, size_t i, const struct writer_ack *ack)
{
	const char *ref = write->target ? write->target->client_ref
					: write->orders[i]->client_ref;

	if (differs(ack->client_ref, ref))
		return "an acknowledgement of another order";
	if (write->target &&
	    differs(ack->broker_order_id, write->target->broker_order_id))
		return "an acknowledgement of another order";
	if (!write->target && (!ack->broker_order_id || !*ack->broker_order_id))
		return "an acknowledgement without the broker's order id";
	return NULL;
}

static const char *
collect_acks(const struct write *write, struct writer_result *result)
{
	size_t count = write->target ? 1 : write->count;
	const char *fault = NULL;

	for (size_t i = 0; i < count && !fault; i++) {
		fault = take_ack(&result->acks[i], &write->acks[i]);
		if (!fault)
			fault = match_ack(write, i, &result->acks[i]);
		for (size_t j = 0; j < i && !fault; j++) {
			if (!differs(result->acks[i].broker_order_id,
				result->acks[j].broker_order_id))
				fault = "two legs with one order id";
		}
		if (!fault)
			result->ack_count++;
	}
	return fault;
}

/*
 * The legs that a failed group has acknowledged, so that what was placed can
 * be cancelled; a leg without an id was not.  What is wrong with them, or NULL.
 */
static const char *
collect_some(const struct write *write, struct writer_result *result)
{
	const char *fault = NULL, *why;

	if (write->count < 2)
		return NULL;
	for (size_t i = 0; i < write->count; i++) {
		struct writer_ack *ack = &result->acks[i];

		if (!write->acks[i].broker_order_id)
			continue;
		why = take_ack(ack, &write->acks[i]);
		if (!why)
			why = match_ack(write, i, ack);
		if (why) {
			writer_ack_fini(ack);
			fault = why;
		}
	}
	result->ack_count = write->count;
	return fault;
}

/* ---- how it ended */

static int
unknown(struct err *err, const struct iag_ctx *ctx, const char *why)
{
	return err_set(err, ERR_ORDER_OUTCOME_UNKNOWN,
	    "the order may have reached the broker: '%s' of the writer '%s' "
	    "%s",
	    ctx->callback, ctx->plugin->desc.name, why);
}

/* Nothing was sent: why the call is none. */
static int
unsent(struct iag_ctx *ctx, int32_t result, struct err *err)
{
	int r;

	if (result == 0 || result == IAG_UNKNOWN)
		return unknown(err, ctx,
		    "answered as if it had sent something, although it had "
		    "not asked whether it may");
	r = context_result(ctx, result, err);
	return r;
}

static int
sent(struct iag_ctx *ctx, int32_t result, struct writer_result *ret_result,
    struct err *err)
{
	struct write *write = ctx->write;
	CLEANUP_ERR struct err cause = ERR_INIT;
	const char *fault;

	if (result == 0) {
		fault = collect_acks(write, ret_result);
		if (!fault)
			return 0;
		(void)err_set(&cause, ERR_ORDER_OUTCOME_UNKNOWN,
		    "answered with %s", fault);
		return unknown(err, ctx, err_text(&cause));
	}
	fault = collect_some(write, ret_result);
	(void)context_result(ctx, result, &cause);
	/* what was placed and cannot be named may live */
	if (result == IAG_REJECTED && !fault) {
		err_move(err, &cause);
		if (err)
			err->unknown = false;
		return IAG_REJECTED;
	}
	(void)err_wrap(&cause, "failed after it had begun to send");
	return unknown(err, ctx, err_text(&cause));
}

/* Run the write that ctx has, and say which of the outcomes it is. */
static int
send_one(struct instance *writer, struct iag_ctx *ctx,
    struct writer_result *ret_result, struct err *err)
{
	CLEANUP_ERR struct err cause = ERR_INIT;
	int32_t result = 0;
	int r = instance_run(writer, ctx, &result, &cause);

	ret_result->sent = write_end(ctx, ret_result);
	if (r < 0) {
		/* the cause says itself whose call did not come back */
		if (ret_result->sent)
			return err_set(err, ERR_ORDER_OUTCOME_UNKNOWN,
			    "the order may have reached the broker: %s",
			    err_text(&cause));
		err_move(err, &cause);
		return r;
	}
	if (ret_result->sent)
		return sent(ctx, result, ret_result, err);
	r = unsent(ctx, result, err);
	if (r == IAG_UNKNOWN)
		ret_result->sent = true;
	return r;
}

/* A context for one callback; write is taken over. */
static struct iag_ctx *
write_context(struct instance *writer, const char *callback, struct call *call,
    struct write *write, int32_t (*run)(struct iag_ctx *, void *))
{
	struct iag_ctx *ctx = NULL;

	if (write && !write->failed)
		ctx = instance_context(writer, callback, call, UINT64_MAX);
	if (!ctx) {
		write_free(write);
		return NULL;
	}
	ctx->write = write;
	ctx->job.run = run;
	ctx->job.arg = write;
	ctx->job.free_arg = write_free;
	return ctx;
}

static int
run_write(struct instance *writer, const char *callback, struct call *call,
    struct write *write, int32_t (*run)(struct iag_ctx *, void *),
    struct writer_result *ret_result, struct err *err)
{
	struct iag_ctx *ctx;
	int r;

	if (write)
		write->may_send = true;
	ctx = write_context(writer, callback, call, write, run);
	if (!ctx)
		return err_no_memory(err);
	r = send_one(writer, ctx, ret_result, err);
	context_unref(ctx);
	return r;
}

/* Refused before anything was asked; the watch is over, too. */
static int
not_offered(const struct instance *writer, const struct write_watch *watch,
    const char *what, struct err *err)
{
	if (watch && watch->drop)
		watch->drop(watch->arg);
	return err_set(err, ERR_ORDER_VALIDATION_FAILED,
	    "the writer '%s' does not %s orders", writer->plugin->desc.name,
	    what);
}

int
writer_submit(struct instance *writer, struct call *call,
    const struct write_watch *watch, const struct iag_order *order,
    struct writer_result *ret_result, struct err *err)
{
	struct write *write;

	if (!writer->plugin->ops.writer.submit)
		return not_offered(writer, watch, "submit", err);
	write = write_new(order->account, watch);
	if (write)
		write_take_order(write, order);
	return run_write(
	    writer, "submit", call, write, run_submit, ret_result, err);
}

int
writer_cancel(struct instance *writer, struct call *call,
    const struct write_watch *watch, const struct iag_target *target,
    struct writer_result *ret_result, struct err *err)
{
	struct write *write;

	if (!writer->plugin->ops.writer.cancel)
		return not_offered(writer, watch, "cancel", err);
	write = write_new(target->account, watch);
	if (write)
		write_take_target(write, target);
	return run_write(
	    writer, "cancel", call, write, run_cancel, ret_result, err);
}

int
writer_modify(struct instance *writer, struct call *call,
    const struct write_watch *watch, const struct iag_target *target,
    const struct iag_order *order, struct writer_result *ret_result,
    struct err *err)
{
	struct write *write;

	if (!writer->plugin->ops.writer.modify)
		return not_offered(writer, watch, "modify", err);
	write = write_new(target->account, watch);
	if (write) {
		write_take_target(write, target);
		write_take_order(write, order);
	}
	return run_write(
	    writer, "modify", call, write, run_modify, ret_result, err);
}

int
writer_submit_group(struct instance *writer, struct call *call,
    const struct write_watch *watch, const struct iag_order *const *orders,
    size_t count, struct writer_result *ret_result, struct err *err)
{
	struct write *write;

	if (!writer->plugin->ops.writer.submit_group || !count ||
	    count > WRITER_LEGS)
		return not_offered(writer, watch, "group", err);
	write = write_new(orders[0]->account, watch);
	for (size_t i = 0; write && i < count; i++)
		write_take_order(write, orders[i]);
	return run_write(
	    writer, "submit_group", call, write, run_group, ret_result, err);
}

/* ---- reads */

static int
broken(const struct iag_ctx *ctx, const char *fault, struct err *err)
{
	return err_set(err, ERR_BROKER_RESPONSE_INVALID,
	    "writer '%s' broke the contract in '%s': %s",
	    ctx->plugin->desc.name, ctx->callback, fault);
}

static int
collect_find(
    const struct iag_ctx *ctx, struct writer_find_result *ret, struct err *err)
{
	const struct iag_find *find = &ctx->write->find;
	const char *fault = NULL;

	if (find->answer < IAG_FIND_FOUND ||
	    find->answer > IAG_FIND_INCONCLUSIVE)
		return broken(ctx, "an answer that is none of IAG_FIND_*", err);
	if (find->answer == IAG_FIND_FOUND) {
		fault = take_ack(&ret->ack, &find->ack);
		if (!fault &&
		    (!ret->ack.broker_order_id || !*ret->ack.broker_order_id))
			fault = "an order without the broker's id";
		if (!fault && differs(ret->ack.client_ref,
				  ctx->write->target->client_ref))
			fault = "another order than the one asked for";
	}
	if (!fault)
		fault = take_text(&ret->session, find->session, ID_MAX_LEN);
	if (fault) {
		writer_find_result_fini(ret);
		return broken(ctx, fault, err);
	}
	ret->answer = find->answer;
	ret->complete = find->complete != 0;
	ret->since_ns = find->since_ns;
	return 0;
}

int
writer_find(struct instance *writer, struct call *call,
    const struct iag_target *target, struct writer_find_result *ret_result,
    struct err *err)
{
	struct write *write;
	struct iag_ctx *ctx;
	int32_t result = 0;
	int r;

	memset(ret_result, 0, sizeof *ret_result);
	if (!writer->plugin->ops.writer.find)
		return not_offered(writer, NULL, "find", err);
	write = write_new(target->account, NULL);
	if (write)
		write_take_target(write, target);
	ctx = write_context(writer, "find", call, write, run_find);
	if (!ctx)
		return err_no_memory(err);
	r = instance_run(writer, ctx, &result, err);
	if (r == 0)
		r = context_result(ctx, result, err);
	if (r == 0)
		r = collect_find(ctx, ret_result, err);
	context_unref(ctx);
	return r;
}

static int
collect_list(struct iag_ctx *ctx, struct answer *ret_answer, struct err *err)
{
	LOCK_SCOPE(&ctx->lock);

	if (ctx->broken)
		return broken(ctx, ctx->broken, err);
	if (ctx->replies != 1 || !ctx->answer.json)
		return broken(ctx, "it did not answer exactly once", err);
	*ret_answer = ctx->answer;
	ctx->answer = (struct answer){ .json = NULL };
	return 0;
}

bool
writer_keeps_orders(const struct plugin *plugin)
{
	return plugin->ops.writer.list != NULL;
}

int
writer_list(struct instance *writer, struct call *call, const char *account,
    struct answer *ret_answer, struct err *err)
{
	struct iag_ctx *ctx;
	int32_t result = 0;
	int r;

	if (!writer_keeps_orders(writer->plugin))
		return IAG_NOTSUP;
	ctx = write_context(
	    writer, "list", call, write_new(account, NULL), run_list);
	if (!ctx)
		return err_no_memory(err);
	ctx->takes_reply = true;
	r = instance_run(writer, ctx, &result, err);
	if (r == 0)
		r = context_result(ctx, result, err);
	if (r == 0)
		r = collect_list(ctx, ret_answer, err);
	context_unref(ctx);
	return r;
}

uint64_t
writer_max_flight_ns(const struct instance *writer)
{
	return writer->plugin->ops.writer.max_flight_ns;
}

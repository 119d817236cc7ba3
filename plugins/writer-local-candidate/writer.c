/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A writer without a broker: it keeps a book of its own and gives ids that
 * follow from the client reference.  What happens to an order is a script,
 * an option, so that everything which a broker can do to a gateway can be
 * seen without one: fills, rejections, silence, lost and late answers.
 *
 * Threads: any number of callbacks at once; nothing is shared but constants
 * and the book, which the host keeps.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "book.h"

static const struct iag_host *host;

enum script {
	SCRIPT_OPEN,
	SCRIPT_FILL,
	SCRIPT_PARTIAL,
	SCRIPT_REFUSE,
	SCRIPT_REJECT,
	SCRIPT_HANG,
	SCRIPT_LOSE,
	SCRIPT_LATE,
	SCRIPT_TWICE,
	SCRIPT_OTHER,
	SCRIPT_NEW_ID,
	SCRIPT_ODD_STATUS,
	SCRIPT_REJECT_LATER,
	SCRIPT_LANDS_LATE,
	SCRIPT_COUNT
};

static const char *const script_names[SCRIPT_COUNT] = { "open", "fill",
	"partial", "refuse", "reject", "hang", "lose", "late", "twice", "other",
	"new-id", "odd-status", "reject-later", "lands-late" };

struct candidate {
	enum script orders;  /* submit and groups */
	enum script changes; /* cancel and modify */
	int64_t late_s;      /* of late and lands-late */
};

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *table)
{
	(void)ctx;
	host = table;
	return IAG_OK;
}

static enum script
option_script(struct iag_ctx *ctx, const char *key)
{
	const char *word = NULL;

	if (host->option_str(ctx, key, &word) != 0)
		return SCRIPT_OPEN;
	for (int i = 0; i < SCRIPT_COUNT; i++) {
		if (strcmp(script_names[i], word) == 0)
			return (enum script)i;
	}
	return SCRIPT_OPEN;
}

static int32_t
candidate_open(struct iag_ctx *ctx, void **ret_instance)
{
	struct candidate *candidate = calloc(1, sizeof *candidate);

	if (!candidate)
		return IAG_NOMEM;
	candidate->orders = option_script(ctx, "script");
	candidate->changes = option_script(ctx, "changes");
	(void)host->option_int(ctx, "late_seconds", &candidate->late_s);
	*ret_instance = candidate;
	return 0;
}

static void
candidate_close(struct iag_ctx *ctx, void *instance)
{
	(void)ctx;
	free(instance);
}

/* Does the host place orders at all? */
static int32_t
check_host(struct iag_ctx *ctx)
{
	if (IAG_HAS(struct iag_host, host, state_next) && host->commit_send &&
	    host->state_next)
		return 0;
	return host->fail(ctx, IAG_NOTSUP, NULL, "this host places no orders");
}

/* "Sent", and nothing is heard until nobody waits any more. */
static void
hang(struct iag_ctx *ctx)
{
	while (host->sleep_ns(ctx, UINT64_C(1000000000)) == 0)
		;
}

/* Nobody waits any more, and it goes on all the same. */
static void
hang_on(struct iag_ctx *ctx, const struct candidate *candidate)
{
	struct timespec left = { .tv_sec = (time_t)candidate->late_s };

	hang(ctx);
	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static int32_t
lost(struct iag_ctx *ctx)
{
	return host->fail(
	    ctx, IAG_UNKNOWN, NULL, "the broker's answer was lost");
}

static const char *
intern(struct iag_ctx *ctx, const char *text)
{
	return text ? host->intern(ctx, text, strlen(text)) : NULL;
}

static void
set_ack(struct iag_ctx *ctx, struct json_object *row, struct iag_ack *ack)
{
	ack->status = book_status(row);
	ack->broker_order_id = intern(ctx, book_text(row, "broker_order_id"));
	ack->client_ref = intern(ctx, book_text(row, "client_order_id"));
	ack->broker_status = intern(ctx, book_text(row, "broker_status"));
	ack->filled_quantity = intern(ctx, book_text(row, "filled_quantity"));
	if (ack->status == IAG_STATUS_FILLED)
		ack->average_price = intern(ctx, book_text(row, "limit_price"));
}

/* What the book has of a new order, by script. */
static int32_t
place(struct iag_ctx *ctx, enum script script, const struct iag_order *order,
    struct json_object *row)
{
	uint32_t status = IAG_STATUS_SUBMITTED;
	const char *filled = "0";

	if (script == SCRIPT_FILL) {
		status = IAG_STATUS_FILLED;
		filled = order->quantity;
	} else if (script == SCRIPT_PARTIAL) {
		status = IAG_STATUS_OPEN;
		filled = strcmp(order->quantity, "1") == 0 ? "0.5" : "1";
	}
	return book_set_status(ctx, host, row, status, filled);
}

/* What the acknowledgement says instead of the truth, by script. */
static void
spoil_ack(enum script script, struct iag_ack *ack)
{
	if (script == SCRIPT_OTHER)
		ack->client_ref = "somebody-else";
	else if (script == SCRIPT_ODD_STATUS)
		ack->status = 99;
}

/* What the book has once the acknowledgement has left, by script. */
static int32_t
afterwards(struct iag_ctx *ctx, const struct candidate *candidate,
    const struct iag_order *order, struct json_object *row)
{
	enum script script = candidate->orders;

	if (script == SCRIPT_LANDS_LATE)
		book_set_late(ctx, host, row);
	else if (script == SCRIPT_REJECT_LATER)
		(void)book_set_status(ctx, host, row, IAG_STATUS_REFUSED, "0");
	else if (script == SCRIPT_NEW_ID)
		(void)json_object_object_add(row, "broker_order_id",
		    json_object_new_string("local-candidate-replaced"));
	return book_put(ctx, host, order->client_ref, row);
}

/* Into the book, and the answer. */
static int32_t
book_new(struct iag_ctx *ctx, const struct candidate *candidate,
    const struct iag_order *order, struct iag_ack *ack)
{
	enum script script = candidate->orders;
	struct json_object *row = book_order(ctx, host, order);
	int32_t r = row ? place(ctx, script, order, row) : IAG_NOMEM;

	if (r == 0)
		set_ack(ctx, row, ack);
	if (r == 0)
		r = afterwards(ctx, candidate, order, row);
	(void)json_object_put(row);
	spoil_ack(script, ack);
	if (r == 0 && (script == SCRIPT_LOSE || script == SCRIPT_LATE ||
			  script == SCRIPT_LANDS_LATE))
		return lost(ctx);
	return r;
}

static int32_t
check_need(struct iag_ctx *ctx, const struct iag_order *order)
{
	if (!order->need_flags)
		return 0;
	return host->fail(ctx, IAG_NOTSUP, NULL,
	    "the order needs 0x%x, which this writer does not know",
	    (unsigned)order->need_flags);
}

/* One order's way, up to the acknowledgement. */
static int32_t
send_order(struct iag_ctx *ctx, const struct candidate *candidate,
    const struct iag_order *order, struct iag_ack *ack)
{
	enum script script = candidate->orders;
	struct json_object *had = NULL;
	int32_t r = book_get(ctx, host, order->client_ref, &had);

	if (r == 0) {
		(void)json_object_put(had);
		return host->fail(ctx, IAG_UNKNOWN, NULL,
		    "the reference '%s' is already registered",
		    order->client_ref);
	}
	if (r != IAG_NOTFOUND)
		return r;
	if (script == SCRIPT_REJECT)
		return host->fail(ctx, IAG_REJECTED, "ORDER_POLICY_REFUSED",
		    "the broker rejects the order, as scripted");
	if (script == SCRIPT_HANG) {
		hang(ctx);
		return lost(ctx);
	}
	if (script == SCRIPT_LATE)
		hang_on(ctx, candidate);
	return book_new(ctx, candidate, order, ack);
}

static int32_t
submit(struct iag_ctx *ctx, void *instance, const struct iag_order *order,
    struct iag_ack *ret_ack)
{
	const struct candidate *candidate = instance;
	int32_t r = check_host(ctx);

	if (r == 0)
		r = check_need(ctx, order);

	if (r)
		return r;
	if (candidate->orders == SCRIPT_REFUSE)
		return host->fail(
		    ctx, IAG_AGAIN, NULL, "nothing was sent, as scripted");
	r = host->commit_send(ctx);
	if (r == 0)
		r = send_order(ctx, candidate, order, ret_ack);
	/* an answer that comes a second time changes nothing */
	if (r == 0 && candidate->orders == SCRIPT_TWICE)
		r = host->commit_send(ctx);
	return r;
}

static int32_t
submit_group(struct iag_ctx *ctx, void *instance,
    const struct iag_order *const *orders, size_t count,
    struct iag_ack *ret_acks)
{
	const struct candidate *candidate = instance;
	int32_t r = check_host(ctx);

	for (size_t i = 0; i < count && r == 0; i++)
		r = check_need(ctx, orders[i]);
	if (r == 0 && candidate->orders == SCRIPT_REFUSE)
		r = host->fail(
		    ctx, IAG_AGAIN, NULL, "nothing was sent, as scripted");
	if (r == 0)
		r = host->commit_send(ctx);
	for (size_t i = 0; i < count && r == 0; i++)
		r = send_order(ctx, candidate, orders[i], &ret_acks[i]);
	return r;
}

/* ---- changes */

static const char *
target_ref(const struct iag_target *target)
{
	const char *ref = target->client_ref;

	return ref ? ref : book_ref(target->broker_order_id);
}

static int32_t
no_order(struct iag_ctx *ctx, const struct iag_target *target)
{
	return host->fail(ctx, IAG_REJECTED, "ORDER_VALIDATION_FAILED",
	    "this writer has no order '%s'",
	    target->broker_order_id ? target->broker_order_id : "");
}

static int32_t
not_working(struct iag_ctx *ctx, const struct iag_target *target,
    struct json_object *row)
{
	return host->fail(ctx, IAG_REJECTED, "ORDER_VALIDATION_FAILED",
	    "the order '%s' is %s, and stays so",
	    target->broker_order_id ? target->broker_order_id : "",
	    book_text(row, "broker_status"));
}

static int
is_terminal(uint32_t status)
{
	return status == IAG_STATUS_FILLED || status == IAG_STATUS_CANCELLED ||
	       status == IAG_STATUS_REFUSED;
}

/* order NULL: cancel it. */
static int32_t
change_row(
    struct iag_ctx *ctx, const struct iag_order *order, struct json_object *row)
{
	if (order)
		return book_change(ctx, host, row, order);
	return book_set_status(ctx, host, row, IAG_STATUS_CANCELLED, NULL);
}

static int32_t
send_change(struct iag_ctx *ctx, const struct candidate *candidate,
    const struct iag_target *target, const struct iag_order *order,
    struct json_object *row, struct iag_ack *ack)
{
	enum script script = candidate->changes;
	int32_t r = host->commit_send(ctx);

	if (r)
		return r;
	if (is_terminal(book_status(row)))
		return not_working(ctx, target, row);
	if (script == SCRIPT_REJECT)
		return host->fail(ctx, IAG_REJECTED, "ORDER_POLICY_REFUSED",
		    "the broker rejects the change, as scripted");
	if (script == SCRIPT_HANG) {
		hang(ctx);
		return lost(ctx);
	}
	if (script == SCRIPT_LATE)
		hang_on(ctx, candidate);
	r = change_row(ctx, order, row);
	if (r == 0)
		set_ack(ctx, row, ack);
	if (r == 0)
		r = book_put(ctx, host, target_ref(target), row);
	spoil_ack(script, ack);
	return r == 0 && (script == SCRIPT_LOSE || script == SCRIPT_LATE)
		   ? lost(ctx)
		   : r;
}

static int32_t
change(struct iag_ctx *ctx, const struct candidate *candidate,
    const struct iag_target *target, const struct iag_order *order,
    struct iag_ack *ack)
{
	struct json_object *row = NULL;
	const char *ref = target_ref(target);
	int32_t r = ref ? book_get(ctx, host, ref, &row) : IAG_NOTFOUND;

	if (r == IAG_NOTFOUND)
		return no_order(ctx, target);
	if (r)
		return r;
	if (candidate->changes == SCRIPT_REFUSE)
		r = host->fail(
		    ctx, IAG_AGAIN, NULL, "nothing was sent, as scripted");
	else
		r = send_change(ctx, candidate, target, order, row, ack);
	(void)json_object_put(row);
	return r;
}

static int32_t
cancel(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    struct iag_ack *ret_ack)
{
	int32_t r = check_host(ctx);

	return r ? r : change(ctx, instance, target, NULL, ret_ack);
}

static int32_t
modify(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    const struct iag_order *order, struct iag_ack *ret_ack)
{
	int32_t r = check_host(ctx);

	if (r == 0)
		r = check_need(ctx, order);
	return r ? r : change(ctx, instance, target, order, ret_ack);
}

/* The book is all that there is, so absence from it is certain. */
static int32_t
find(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    struct iag_find *ret_find)
{
	const struct candidate *candidate = instance;
	struct json_object *row = NULL;
	const char *ref = target_ref(target);
	int32_t r = check_host(ctx);

	if (r == 0)
		r = ref ? book_get(ctx, host, ref, &row) : IAG_NOTFOUND;
	if (r == 0 && book_is_hidden(ctx, host, row, candidate->late_s))
		r = IAG_NOTFOUND;
	if (r && r != IAG_NOTFOUND)
		return r;
	ret_find->complete = 1;
	ret_find->since_ns = 1;
	ret_find->session = "local";
	ret_find->answer = r == 0 ? IAG_FIND_FOUND : IAG_FIND_ABSENT;
	if (r == 0)
		set_ack(ctx, row, &ret_find->ack);
	(void)json_object_put(row);
	return 0;
}

static int32_t
list(struct iag_ctx *ctx, void *instance, const char *account)
{
	const struct candidate *candidate = instance;
	int32_t r = check_host(ctx);

	(void)account; /* state is kept for each account */
	return r ? r : book_list(ctx, host, candidate->late_s);
}

#define SCRIPTS                                                              \
	"open fill partial refuse reject hang lose late twice other new-id " \
	"odd-status reject-later lands-late"

static const struct iag_option options[] = {
	{
	    .type = IAG_OPTION_CHOICE,
	    .key = "script",
	    .choices = SCRIPTS,
	    .value = "open",
	    .help = "what becomes of orders that are placed",
	},
	{
	    .type = IAG_OPTION_CHOICE,
	    .key = "changes",
	    .choices = "open refuse reject hang lose late other odd-status",
	    .value = "open",
	    .help = "what becomes of cancels and modifications; open: they "
		    "are done",
	},
	{
	    .type = IAG_OPTION_INTEGER,
	    .key = "late_seconds",
	    .min = "0",
	    .max = "600",
	    .value = "0",
	    .help = "how long after the call `late` goes on, and after the "
		    "order `lands-late` shows it",
	},
};

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof instance_ops,
	.open = candidate_open,
	.close = candidate_close,
};

static const struct iag_writer_ops writer_ops = {
	.struct_size = sizeof writer_ops,
	.operations = IAG_WRITER_SUBMIT | IAG_WRITER_CANCEL |
		      IAG_WRITER_MODIFY | IAG_WRITER_SUBMIT_GROUP |
		      IAG_WRITER_FIND | IAG_WRITER_LIST,
	.order_types = 1u << IAG_TYPE_LIMIT | 1u << IAG_TYPE_STOP |
		       1u << IAG_TYPE_STOP_LIMIT | 1u << IAG_TYPE_TRAILING_STOP,
	.tifs = 1u << IAG_TIF_DAY | 1u << IAG_TIF_GOOD_TILL_CANCELLED,
	.modes = 1u << IAG_MODE_PAPER | 1u << IAG_MODE_LIVE,
	.ref_len = 96,
	.asset_classes = "stock etf option future fund fx crypto bond",
	.submit = submit,
	.cancel = cancel,
	.modify = modify,
	.submit_group = submit_group,
	.find = find,
	.list = list,
};

static const struct iag_plugin plugin = {
	.struct_size = sizeof plugin,
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_WRITER,
	.thread_model = IAG_THREAD_PARALLEL,
	.hint_flags = IAG_HINT_SIMULATED,
	.name = "local-candidate",
	.version = PACKAGE_VERSION,
	.summary = "keeps orders in a book of its own, without a broker",
	.options = options,
	.option_count = sizeof options / sizeof *options,
	.option_size = sizeof(struct iag_option),
	.load = load,
	.instance = &instance_ops,
	.ops = &writer_ops,
};

const struct iag_plugin *
iag_plugin_1(void)
{
	return &plugin;
}

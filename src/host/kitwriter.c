/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The contract kit for writers.  Nothing may be sent: the kit's host table
 * has a commit_send that refuses, unless the writer says that it is
 * simulated.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "host/kitwriter.h"
#include "host/write.h"

#define HANDLE_MAX 256

const struct iag_writer_ops *
kit_writer_ops(const struct kit *kit)
{
	return &kit->plugin->ops.writer;
}

static int32_t
refuse_send(struct iag_ctx *ctx)
{
	return services_table.fail(ctx, IAG_REJECTED, "ORDER_POLICY_REFUSED",
	    "the contract kit sends nothing");
}

static int32_t
refuse_question(struct iag_ctx *ctx, const char *const *message_ids,
    const char *const *texts, size_t count)
{
	(void)message_ids;
	(void)texts;
	(void)count;
	return services_table.fail(ctx, IAG_REJECTED, "BROKER_QUESTION_REFUSED",
	    "the contract kit answers no question");
}

/* Lives as long as the process, like every host table. */
static struct iag_host table;

/* ---- the state that a writer may keep, in memory */

static struct state_row {
	struct state_row *next; /* by key */
	struct buf key, value;
} * state_rows;

static int
compare_state(const struct buf *row, struct iag_bytes key)
{
	size_t len = row->len < key.len ? row->len : key.len;
	int order = len ? memcmp(row->data, key.data, len) : 0;

	return order ? order : (row->len > key.len) - (row->len < key.len);
}

static struct state_row **
state_at(struct iag_bytes key)
{
	struct state_row **at = &state_rows;

	while (*at && compare_state(&(*at)->key, key) < 0)
		at = &(*at)->next;
	return at;
}

static int
state_get(void *arg, const char *plugin, const char *account,
    struct iag_bytes key, struct buf *ret_value, struct err *err)
{
	struct state_row *row = *state_at(key);

	(void)arg, (void)plugin, (void)account, (void)err;
	if (!row || compare_state(&row->key, key) != 0)
		return IAG_NOTFOUND;
	buf_reset(ret_value);
	buf_add(ret_value, buf_text(&row->value), row->value.len);
	return 0;
}

static int
state_put(void *arg, const char *plugin, const char *account,
    struct iag_bytes key, struct iag_bytes value, struct err *err)
{
	struct state_row **at = state_at(key);
	struct state_row *row = *at;

	(void)arg, (void)plugin, (void)account;
	if (row && compare_state(&row->key, key) == 0) {
		*at = row->next;
		buf_fini(&row->key);
		buf_fini(&row->value);
		free(row);
	}
	if (!value.data)
		return 0;
	row = calloc(1, sizeof *row);
	if (!row)
		return err_no_memory(err);
	buf_add(&row->key, key.data, key.len);
	buf_add(&row->value, value.data, value.len);
	row->next = *at;
	*at = row;
	return 0;
}

static int
state_next(void *arg, const char *plugin, const char *account,
    struct iag_bytes key, struct buf *ret_key, struct buf *ret_value,
    struct err *err)
{
	struct state_row *row = *state_at(key);

	(void)arg, (void)plugin, (void)account, (void)err;
	if (row && compare_state(&row->key, key) == 0)
		row = row->next;
	if (!row)
		return IAG_NOTFOUND;
	buf_reset(ret_key);
	buf_add(ret_key, buf_text(&row->key), row->key.len);
	buf_reset(ret_value);
	buf_add(ret_value, buf_text(&row->value), row->value.len);
	return 0;
}

void
kit_keep_state(const struct writer_result *result)
{
	for (size_t i = 0; i < result->change_count; i++)
		(void)state_put(NULL, NULL, NULL, result->changes[i].key,
		    result->changes[i].value, NULL);
}

/* The kit has no backend; it quotes whatever it is asked for. */
static int
query(void *arg, const char *account, struct call *call, const char *operation,
    const char *arguments, struct answer *ret_answer, struct err *err)
{
	static const char quote[] =
	    "{\"contract_id\":\"265598\",\"bid\":\"0.99\",\"ask\":\"1.00\","
	    "\"last\":\"1.00\",\"data_status\":\"realtime\"}";

	(void)arg, (void)account, (void)call, (void)arguments;
	if (strcmp(operation, "market_snapshot") != 0)
		return err_set(err, ERR_BROKER_CAPABILITY_UNAVAILABLE,
		    "the contract kit answers 'market_snapshot' only");
	*ret_answer = (struct answer){
		.json = strdup(quote),
		.len = sizeof quote - 1,
		.flags = IAG_REPLY_COMPLETE,
	};
	return ret_answer->json ? 0 : err_no_memory(err);
}

static const struct host_desk state_desk = {
	.query = query,
	.state_get = state_get,
	.state_put = state_put,
	.state_next = state_next,
};

/* A context of a callback about orders. */
static struct iag_ctx *
write_context(struct kit *kit, struct instance *writer, const char *callback)
{
	struct iag_ctx *ctx = kit_context(kit, writer, callback);
	struct write *write = ctx ? write_new(KIT_ACCOUNT, NULL) : NULL;

	if (!write) {
		context_unref(ctx);
		return NULL;
	}
	write->may_send =
	    strcmp(callback, "find") != 0 && strcmp(callback, "list") != 0;
	ctx->write = write;
	ctx->job.arg = write;
	ctx->job.free_arg = write_free;
	return ctx;
}

struct instance *
kit_open_writer(struct kit *kit, bool sends)
{
	table = writer_services_table;
	if (!sends)
		table.commit_send = refuse_send;
	table.question = refuse_question;
	if (!kit_load(kit, &table))
		return NULL;
	host_set_desk(kit->host, &state_desk);
	return kit_open(kit);
}

/* The first class that it declares, copied: orders have one word. */
static const char *
first_class(const struct iag_writer_ops *ops)
{
	static char word[64];

	(void)snprintf(word, sizeof word, "%.*s",
	    (int)strcspn(ops->asset_classes, " "), ops->asset_classes);
	return word;
}

void
kit_make_ref(const struct iag_writer_ops *ops, char what, unsigned number,
    char ref[KIT_REF_SIZE])
{
	const char *allowed = ops->ref_alphabet;

	(void)snprintf(ref, KIT_REF_SIZE, "k%c%u", what, number);
	for (; allowed && *allowed && *ref; ref++)
		if (!strchr(allowed, *ref))
			*ref = allowed[(unsigned char)*ref % strlen(allowed)];
}

struct iag_order
kit_make_order(const struct iag_writer_ops *ops, uint32_t type, const char *ref)
{
	struct iag_order order = {
		.struct_size = sizeof order,
		.mode = ops->modes & (1u << IAG_MODE_PAPER) ? IAG_MODE_PAPER
							    : IAG_MODE_LIVE,
		.side = IAG_SIDE_BUY,
		.type = type,
		.tif = ops->tifs & (1u << IAG_TIF_DAY)
			   ? IAG_TIF_DAY
			   : IAG_TIF_GOOD_TILL_CANCELLED,
		.account = KIT_ACCOUNT,
		.client_ref = ref,
		.contract_id = "265598",
		.symbol = "AAPL",
		.asset_class = first_class(ops),
		.currency = "USD",
		.quantity = "1",
	};

	if (type == IAG_TYPE_LIMIT || type == IAG_TYPE_STOP_LIMIT)
		order.limit_price = "1.00";
	if (type == IAG_TYPE_STOP || type == IAG_TYPE_STOP_LIMIT)
		order.stop_price = "1.10";
	if (type == IAG_TYPE_TRAILING_STOP)
		order.trailing_amount = "0.10";
	return order;
}

static void
expect_ack(struct kit *kit, const char *callback, const struct iag_ack *ack,
    const char *client_ref)
{
	(void)kit_expect(kit, ack->struct_size == sizeof *ack,
	    "'%s' changed the struct_size of the acknowledgement", callback);
	(void)kit_expect(kit, ack->status <= IAG_STATUS_REFUSED,
	    "'%s' acknowledged with status %u, expected 0..6", callback,
	    ack->status);
	(void)kit_expect(kit, ack->handle.len <= HANDLE_MAX,
	    "'%s' gave a handle of %zu bytes, at most %d are allowed", callback,
	    ack->handle.len, HANDLE_MAX);
	(void)kit_expect(kit, ack->handle.data || !ack->handle.len,
	    "'%s' gave a handle without bytes", callback);
	if (client_ref && ack->client_ref)
		(void)kit_expect(kit, strcmp(ack->client_ref, client_ref) == 0,
		    "'%s' acknowledged '%s', expected '%s'", callback,
		    ack->client_ref, client_ref);
}

static void
submit_one(struct kit *kit, struct instance *writer, uint32_t type, bool sends)
{
	struct iag_ack ack = { .struct_size = sizeof ack };
	struct iag_ctx *ctx = write_context(kit, writer, "submit");
	struct iag_order order;
	char ref[KIT_REF_SIZE];
	int32_t r;

	if (!ctx)
		return;
	kit_make_ref(kit_writer_ops(kit), 's', type, ref);
	order = kit_make_order(kit_writer_ops(kit), type, ref);
	r = kit_writer_ops(kit)->submit(ctx, writer->data, &order, &ack);
	kit_expect_result(kit, ctx, r);
	if (r == 0)
		expect_ack(kit, "submit", &ack, order.client_ref);
	(void)kit_expect(kit, r != 0 || sends,
	    "'submit' acknowledged an order although commit_send() had not "
	    "allowed it");
	(void)kit_expect(kit,
	    r != 0 || (ack.broker_order_id && *ack.broker_order_id),
	    "'submit' returned 0 and left broker_order_id empty: fill in "
	    "status, broker_order_id and client_ref");
	context_unref(ctx);
}

static void
submit_all(struct kit *kit, const char *name, bool sends)
{
	struct instance *writer;
	uint32_t type;

	kit_begin(kit, name);
	writer = kit_open_writer(kit, sends);
	for (type = IAG_TYPE_LIMIT; writer && type <= IAG_TYPE_TRAILING_STOP;
	     type++)
		if (kit_writer_ops(kit)->order_types & (1u << type))
			submit_one(kit, writer, type, sends);
	if (writer)
		(void)kit_close(kit);
	(void)kit_end(kit);
}

static void
check_refused_send(struct kit *kit)
{
	submit_all(kit, "submit_without_commit", false);
}

bool
kit_is_simulated(struct kit *kit, const char *name)
{
	bool simulated;

	kit_begin(kit, name);
	if (!kit_load(kit, NULL)) {
		(void)kit_end(kit);
		return false;
	}
	simulated = (plugin_hints(kit->plugin) & IAG_HINT_SIMULATED) != 0;
	(void)kit_close(kit);
	if (!simulated)
		kit_skip(kit, name,
		    "only a writer with the hint SIMULATED may send here");
	return simulated;
}

static void
check_submit(struct kit *kit)
{
	if (kit_is_simulated(kit, "submit"))
		submit_all(kit, "submit", true);
}

/* A bit that it does not know must not be dropped. */
static void
check_need(struct kit *kit)
{
	struct instance *writer;
	uint32_t bit;

	kit_begin(kit, "unknown_need_bit");
	writer = kit_open_writer(kit, false);
	for (bit = 0; writer && bit < 32; bit++) {
		struct iag_ack ack = { .struct_size = sizeof ack };
		struct iag_ctx *ctx = write_context(kit, writer, "submit");
		struct iag_order order;
		char ref[KIT_REF_SIZE];
		int32_t r;

		kit_make_ref(kit_writer_ops(kit), 'n', bit, ref);
		order =
		    kit_make_order(kit_writer_ops(kit), IAG_TYPE_LIMIT, ref);
		order.need_flags = UINT32_C(1) << bit;
		if (!ctx ||
		    (kit_writer_ops(kit)->need_known & order.need_flags)) {
			context_unref(ctx);
			continue;
		}
		r = kit_writer_ops(kit)->submit(
		    ctx, writer->data, &order, &ack);
		(void)kit_expect(kit, r == IAG_NOTSUP,
		    "'submit' returned %d for need bit 0x%x, which it does "
		    "not declare, expected %d (IAG_NOTSUP)",
		    (int)r, order.need_flags, IAG_NOTSUP);
		kit_expect_result(kit, ctx, r);
		context_unref(ctx);
	}
	if (writer)
		(void)kit_close(kit);
	(void)kit_end(kit);
}

static void
find_one(
    struct kit *kit, struct instance *writer, const struct iag_target *target)
{
	struct iag_find found = { .struct_size = sizeof found };
	struct iag_ctx *ctx = write_context(kit, writer, "find");
	int32_t r;

	if (!ctx)
		return;
	found.ack.struct_size = sizeof found.ack;
	r = kit_writer_ops(kit)->find(ctx, writer->data, target, &found);
	kit_expect_result(kit, ctx, r);
	if (r == 0) {
		(void)kit_expect(kit,
		    found.answer >= IAG_FIND_FOUND &&
			found.answer <= IAG_FIND_INCONCLUSIVE,
		    "'find' left the member 'answer' at %u, expected "
		    "IAG_FIND_FOUND (%d), _ABSENT (%d) or _INCONCLUSIVE (%d)",
		    found.answer, IAG_FIND_FOUND, IAG_FIND_ABSENT,
		    IAG_FIND_INCONCLUSIVE);
		(void)kit_expect(kit, found.answer != IAG_FIND_FOUND,
		    "'find' found an order that nobody has placed");
	}
	context_unref(ctx);
}

static void
cancel_one(
    struct kit *kit, struct instance *writer, const struct iag_target *target)
{
	struct iag_ack ack = { .struct_size = sizeof ack };
	struct iag_ctx *ctx = write_context(kit, writer, "cancel");
	int32_t r;

	if (!ctx)
		return;
	r = kit_writer_ops(kit)->cancel(ctx, writer->data, target, &ack);
	kit_expect_result(kit, ctx, r);
	if (r == 0)
		expect_ack(kit, "cancel", &ack, NULL);
	context_unref(ctx);
}

static void
check_unknown_order(struct kit *kit)
{
	static const struct iag_target target = {
		.struct_size = sizeof target,
		.mode = IAG_MODE_PAPER,
		.account = KIT_ACCOUNT,
		.broker_order_id = "no-such-order",
		.client_ref = "no-such-ref",
	};
	struct instance *writer;

	kit_begin(kit, "unknown_order");
	writer = kit_open_writer(kit, false);
	if (writer) {
		find_one(kit, writer, &target);
		if (kit_writer_ops(kit)->operations & IAG_WRITER_CANCEL)
			cancel_one(kit, writer, &target);
		(void)kit_close(kit);
	}
	(void)kit_end(kit);
}

static void
expect_orders(struct kit *kit, struct iag_ctx *ctx)
{
	CLEANUP_JSON struct json_object *root = NULL;
	struct json_object *orders;

	if (!kit_expect(kit,
		ctx->answer.json && !ctx->broken && ctx->replies == 1,
		"'list' %s",
		ctx->broken ? ctx->broken : "did not answer exactly once"))
		return;
	if (json_parse(ctx->answer.json, ctx->answer.len, &json_bounds_default,
		&root, NULL) < 0)
		return;
	orders = json_get(root, "orders");
	if (kit_expect(kit, json_object_is_type(orders, json_type_array),
		"'list' answered without an array 'orders'"))
		kit_judge_answer(kit, "orders_list", &ctx->answer);
}

static void
check_list(struct kit *kit)
{
	struct instance *writer;
	struct iag_ctx *ctx;

	kit_begin(kit, "list");
	writer = kit_open_writer(kit, false);
	if (writer && !(kit_writer_ops(kit)->operations & IAG_WRITER_LIST)) {
		(void)kit_close(kit);
		kit_skip(kit, "list", "the writer does not offer it");
		return;
	}
	ctx = writer ? write_context(kit, writer, "list") : NULL;
	if (ctx) {
		int32_t r;

		ctx->takes_reply = true;
		r = kit_writer_ops(kit)->list(ctx, writer->data, KIT_ACCOUNT);
		(void)kit_expect(kit, !ctx->broken, "'list': %s", ctx->broken);
		kit_expect_result(kit, ctx, r);
		if (r == 0)
			expect_orders(kit, ctx);
		context_unref(ctx);
	}
	if (writer)
		(void)kit_close(kit);
	(void)kit_end(kit);
}

const struct kit_group kit_writer_groups[] = {
	{ "submit_without_commit", IAG_KIND_WRITER, check_refused_send },
	{ "submit", IAG_KIND_WRITER, check_submit },
	{ "order", IAG_KIND_WRITER, kit_check_order },
	{ "duplicate_reference", IAG_KIND_WRITER, kit_check_reference },
	{ "order_deadline", IAG_KIND_WRITER, kit_check_order_end },
	{ "unknown_need_bit", IAG_KIND_WRITER, check_need },
	{ "unknown_order", IAG_KIND_WRITER, check_unknown_order },
	{ "list", IAG_KIND_WRITER, check_list },
};
const size_t kit_writer_group_count = ARRAY_COUNT(kit_writer_groups);

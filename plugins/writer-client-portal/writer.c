/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The writer of the broker's Client Portal Gateway.  Each order is sent at
 * most once; its own reference (cOID) is how it is found again.  Questions of
 * the broker are answered by the host's word alone, none is ever suppressed,
 * and a session is never taken from another login.
 *
 * Threads: one callback at a time; nothing is kept between them.
 */

#include <stdio.h>
#include <string.h>

#include "legs.h"
#include "map.h"
#include "scalar.h"
#include "text.h"
#include "ticket.h"
#include "wire.h"

#define NS_PER_S UINT64_C(1000000000)

/*
 * The host counts rounds of questions by its configuration; no chain is ever
 * longer than this.
 */
enum { ROUNDS_MAX = 20, GROUP_MAX = 8 };

static const struct iag_host *host;

static int32_t
load(struct iag_ctx *ctx, const struct iag_host *table)
{
	(void)ctx;
	host = table;
	return IAG_OK;
}

/* Does this host place orders, and has it a connection to a broker? */
static int32_t
check_host(struct iag_ctx *ctx)
{
	if (IAG_HAS(struct iag_host, host, session_get) && host->http &&
	    host->commit_send && host->question)
		return IAG_OK;
	return host->fail(ctx, IAG_NOTSUP, NULL,
	    "this host has no connection to a broker, or places no orders");
}

static const char *
intern(struct iag_ctx *ctx, const char *text)
{
	return *text ? host->intern(ctx, text, strlen(text)) : NULL;
}

/* What an answer that is no acknowledgement is to the host. */
static int32_t
answer_fail(struct iag_ctx *ctx, const struct answer *answer)
{
	int32_t result = answer->kind == ANSWER_REFUSED ? IAG_REJECTED
			 : answer->kind == ANSWER_LOGIN ? IAG_AUTH
							: IAG_UNKNOWN;

	return host->fail(ctx, result, answer->code, "%s",
	    *answer->why ? answer->why
			 : "the broker's answer is another than "
			   "was expected");
}

/* ---- questions */

/*
 * No: the order is dropped.  One that is never answered is not executed
 * either, so it is refused whatever becomes of the no, unless the answer says
 * that there are orders.
 */
static int32_t
question_drop(struct iag_ctx *ctx, const struct answer *asked, int32_t said)
{
	const struct errand errand = { host, ctx };
	const char *const holes[] = { asked->question };
	struct answer answer = { .leg_count = 0 };
	int32_t ret = wire_write(
	    &errand, ROUTE_REPLY, holes, "{\"confirmed\":false}", &answer);

	if (ret == IAG_OK && answer.kind == ANSWER_ORDERS)
		return host->fail(ctx, IAG_UNKNOWN, NULL,
		    "the broker placed an order that was answered with no");
	if (ret == IAG_OK && said == IAG_REJECTED)
		return said; /* and the host has said why */
	return host->fail(ctx, IAG_REJECTED, "BROKER_QUESTION_REFUSED",
	    "the broker asks [%s] '%s', and it was not answered with yes",
	    asked->ids[0], asked->texts[0]);
}

/* May it be answered with yes? */
static int32_t
question_put(struct iag_ctx *ctx, const struct answer *asked)
{
	const char *ids[ANSWER_TEXTS], *texts[ANSWER_TEXTS];

	for (size_t i = 0; i < asked->text_count; i++) {
		ids[i] = asked->ids[i];
		texts[i] = asked->texts[i];
	}
	return host->question(ctx, ids, texts, asked->text_count);
}

/* Yes; what the broker says to that replaces the question. */
static int32_t
question_confirm(struct iag_ctx *ctx, struct answer *answer)
{
	const struct errand errand = { host, ctx };
	char question[sizeof(answer->question)];
	const char *const holes[] = { question };
	int32_t ret;

	memcpy(question, answer->question, sizeof(question));
	ret = wire_write(
	    &errand, ROUTE_REPLY, holes, "{\"confirmed\":true}", answer);
	if (ret == IAG_OK || ret == IAG_UNKNOWN)
		return ret;
	return host->fail(ctx, IAG_REJECTED, "BROKER_QUESTION_REFUSED",
	    "the broker's question could not be answered any more, so the "
	    "order was not placed");
}

/* Through the chain of questions to acknowledgements, or a failure. */
static int32_t
settle(struct iag_ctx *ctx, struct answer *answer)
{
	for (unsigned i = 0; answer->kind == ANSWER_QUESTION; i++) {
		int32_t ret =
		    i < ROUNDS_MAX ? question_put(ctx, answer) : IAG_INTERNAL;

		if (ret)
			return question_drop(ctx, answer, ret);
		ret = question_confirm(ctx, answer);
		if (ret)
			return ret;
	}
	return answer->kind == ANSWER_ORDERS ? IAG_OK
					     : answer_fail(ctx, answer);
}

/* ---- orders */

/*
 * The broker wants the accounts to be asked for once in a session; where
 * there is none, nothing is sent.
 */
static int32_t
prime(struct iag_ctx *ctx)
{
	const struct errand errand = { host, ctx };
	struct iag_session session = { .struct_size = sizeof(session) };
	struct iag_http_response response;
	struct text none = { .data = NULL };
	struct reply reply;
	struct map map;
	int32_t ret = check_host(ctx);

	if (ret)
		return ret;
	if (host->session_get(ctx, &session) == IAG_OK &&
	    session.facts & IAG_SESSION_PRIMED)
		return IAG_OK;
	ret = wire_ask(&errand, ROUTE_LOGIN, NULL, NULL, NULL, &response);
	if (ret)
		return ret;
	reply = (struct reply){
		.status = response.status,
		.body = response.body.data ? response.body.data : "",
		.len = response.body.len,
	};
	map_init(&map, &none);
	ret = map_open(&map, &reply, MAP_OBJECT);
	if (ret)
		ret = host->fail(ctx, ret, map.code, "%s", map.why);
	map_fini(&map);
	return ret;
}

static int32_t
ticket_fail(struct iag_ctx *ctx, const char *fault)
{
	return host->fail(ctx, IAG_INVAL, "ORDER_VALIDATION_FAILED",
	    "nothing was sent: %s", fault);
}

/* What dropping would change the order, and nobody here knows. */
static int32_t
need_check(struct iag_ctx *ctx, const struct iag_order *order)
{
	if (!order->need_flags)
		return IAG_OK;
	return host->fail(ctx, IAG_NOTSUP, NULL,
	    "the order needs 0x%x, which this writer does not know",
	    (unsigned)order->need_flags);
}

static void
ack_set(struct iag_ctx *ctx, const struct answer_leg *leg, struct iag_ack *ack)
{
	ack->broker_order_id = intern(ctx, leg->order_id);
	ack->client_ref = intern(ctx, leg->ref);
	ack->broker_status = intern(ctx, leg->status);
	ack->status =
	    leg->failed ? IAG_STATUS_REFUSED : answer_status(leg->status);
}

/* Send what is written, and go through the questions. */
static int32_t
place(struct iag_ctx *ctx, enum route_name route, const char *const *holes,
    struct text *body, struct answer *ret_answer)
{
	const struct errand errand = { host, ctx };
	int32_t ret;

	if (body->failed)
		return host->fail(ctx, IAG_NOMEM, NULL, "out of memory");
	ret = prime(ctx);
	if (ret == IAG_OK)
		ret = wire_write(&errand, route, holes, body->data, ret_answer);
	return ret ? ret : settle(ctx, ret_answer);
}

/* The one leg of an answer that is about this reference. */
static int32_t
single_ack(struct iag_ctx *ctx, const struct answer *answer, const char *ref,
    struct iag_ack *ret_ack)
{
	const struct answer_leg *leg = &answer->legs[0];

	if (answer->leg_count != 1 ||
	    (*leg->ref && ref && strcmp(leg->ref, ref) != 0))
		return host->fail(ctx, IAG_UNKNOWN, NULL,
		    "the broker's answer is about other orders");
	ack_set(ctx, leg, ret_ack);
	return IAG_OK;
}

static int32_t
submit(struct iag_ctx *ctx, void *instance, const struct iag_order *order,
    struct iag_ack *ret_ack)
{
	const char *const holes[] = { order->account };
	struct text body = { .data = NULL };
	struct answer answer = { .leg_count = 0 };
	const char *fault;
	int32_t ret;

	(void)instance;
	text_str(&body, "{\"orders\":[");
	ret = need_check(ctx, order);
	fault = ticket_write(&body, order);
	text_str(&body, "]}");
	if (!fault && !order->client_ref && !order->parent_ref)
		fault = "the order has no reference to find it by";
	if (ret == IAG_OK)
		ret = fault ? ticket_fail(ctx, fault)
			    : place(ctx, ROUTE_SUBMIT, holes, &body, &answer);
	text_fini(&body);
	return ret ? ret : single_ack(ctx, &answer, order->client_ref, ret_ack);
}

static int32_t
modify(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    const struct iag_order *order, struct iag_ack *ret_ack)
{
	const char *const holes[] = { target->account,
		target->broker_order_id };
	struct text body = { .data = NULL };
	struct answer answer = { .leg_count = 0 };
	const char *fault;
	int32_t ret;

	(void)instance;
	fault = target->broker_order_id ? ticket_write(&body, order)
					: "the order has no broker's id";
	ret = need_check(ctx, order);
	if (ret == IAG_OK)
		ret = fault ? ticket_fail(ctx, fault)
			    : place(ctx, ROUTE_MODIFY, holes, &body, &answer);
	text_fini(&body);
	return ret ? ret : single_ack(ctx, &answer, order->client_ref, ret_ack);
}

static int32_t
cancel(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    struct iag_ack *ret_ack)
{
	const struct errand errand = { host, ctx };
	const char *const holes[] = { target->account,
		target->broker_order_id };
	struct answer answer = { .leg_count = 0 };
	int32_t ret;

	(void)instance;
	/* -1 is every order of the account */
	if (!target->broker_order_id || *target->broker_order_id == '-')
		return ticket_fail(ctx, "the order has no broker's id");
	ret = prime(ctx);
	if (ret == IAG_OK)
		ret = wire_write(&errand, ROUTE_CANCEL, holes, NULL, &answer);
	if (ret)
		return ret;
	if (answer.kind != ANSWER_CANCELLED)
		return answer_fail(ctx, &answer);
	ret_ack->broker_order_id = target->broker_order_id;
	ret_ack->client_ref = target->client_ref;
	ret_ack->status =
	    answer.is_done ? IAG_STATUS_CANCELLED : IAG_STATUS_PENDING_CANCEL;
	return IAG_OK;
}

/* ---- groups */

struct group {
	struct iag_ctx *ctx;
	const struct iag_order *const *orders;
	size_t count;
	struct iag_ack *acks;
	const struct answer *answer;
};

/* The broker's words for one of its orders; "" where it says nothing. */
static void
leg_ask(struct iag_ctx *ctx, const char *order_id, struct leg_order *ret_told)
{
	const struct errand errand = { host, ctx };
	const char *const holes[] = { order_id };
	struct iag_http_response response;
	struct node_tree tree = { .nodes = NULL };
	const char *why;

	if (wire_ask(&errand, ROUTE_ORDER, holes, NULL, NULL, &response) ||
	    response.status != 200)
		return;
	if (node_parse(&tree, response.body.data, response.body.len, &why) ==
	    0) {
		map_line(node_get(tree.nodes, "order_type"), ret_told->type,
		    sizeof(ret_told->type));
		map_line(node_get(tree.nodes, "side"), ret_told->side,
		    sizeof(ret_told->side));
	}
	node_fini(&tree);
}

/* What the first that failed says. */
static const char *
group_says(const struct group *group)
{
	for (size_t i = 0; i < group->answer->leg_count; i++) {
		if (group->answer->legs[i].failed)
			return group->answer->legs[i].text;
	}
	return "";
}

/* 1 if the host has the id of each. */
static int
acks_set(const struct group *group, const struct answer_leg *const *at)
{
	int has_ids = 1;

	for (size_t i = 0; i < group->count; i++) {
		if (!at[i])
			continue;
		ack_set(group->ctx, at[i], &group->acks[i]);
		group->acks[i].client_ref = group->orders[i]->client_ref;
		has_ids &= group->acks[i].broker_order_id != NULL;
	}
	return has_ids;
}

/* What was placed of a bracket that was refused is the host's to cancel. */
static int32_t
group_settle(const struct group *group)
{
	const struct answer *answer = group->answer;
	const struct answer_leg *at[GROUP_MAX];
	struct leg_order told[ANSWER_LEGS] = { { "", "" } };
	enum legs_kind kind;

	for (size_t i = 0; i < answer->leg_count; i++) {
		if (leg_is_dark(&answer->legs[i], group->orders[0]->client_ref))
			leg_ask(group->ctx, answer->legs[i].order_id, &told[i]);
	}
	kind = legs_place(answer, told, group->orders, group->count, at);
	if (!acks_set(group, at))
		kind = LEGS_UNSURE;
	switch (kind) {
	case LEGS_ALL:
		return IAG_OK;
	case LEGS_SOME:
		return host->fail(group->ctx, IAG_REJECTED,
		    "ORDER_POLICY_REFUSED",
		    "the broker refuses %s of the bracket: '%s'",
		    at[0] ? "an exit" : "the entry", group_says(group));
	case LEGS_ORPHANS:
		return host->fail(group->ctx, IAG_REJECTED,
		    "ORDER_POLICY_REFUSED",
		    "the broker refuses the entry of the bracket: '%s'; it has "
		    "exits, and does not tell which is which",
		    group_says(group));
	case LEGS_UNSURE:
		break;
	}
	return host->fail(group->ctx, IAG_UNKNOWN, NULL,
	    "the broker answered, and which orders of the bracket it has "
	    "cannot be told");
}

static const char *
group_write(
    struct text *body, const struct iag_order *const *orders, size_t count)
{
	const char *parent = orders[0]->client_ref;

	if (count < 2 || count > GROUP_MAX || !parent || orders[0]->parent_ref)
		return "a group is an entry with a reference, and its exits";
	text_str(body, "{\"orders\":[");
	for (size_t i = 0; i < count; i++) {
		const char *fault;

		if (i && (!orders[i]->parent_ref ||
			     strcmp(orders[i]->parent_ref, parent) != 0))
			return "an exit of the group has another entry";
		fault = ticket_write(body, orders[i]);
		if (fault)
			return fault;
	}
	text_str(body, "]}");
	return NULL;
}

static int32_t
submit_group(struct iag_ctx *ctx, void *instance,
    const struct iag_order *const *orders, size_t count,
    struct iag_ack *ret_acks)
{
	const char *const holes[] = { orders[0]->account };
	struct text body = { .data = NULL };
	const char *fault = group_write(&body, orders, count);
	struct answer answer = { .leg_count = 0 };
	const struct group group = { ctx, orders, count, ret_acks, &answer };
	int32_t ret = IAG_OK;

	(void)instance;
	for (size_t i = 0; i < count && ret == IAG_OK; i++)
		ret = need_check(ctx, orders[i]);
	if (ret == IAG_OK)
		ret = fault ? ticket_fail(ctx, fault)
			    : place(ctx, ROUTE_SUBMIT, holes, &body, &answer);
	text_fini(&body);
	/* a list of failures that leaves some out does not speak for them */
	if (ret == IAG_REJECTED && answer.leg_count &&
	    answer.leg_count != count)
		return host->fail(ctx, IAG_UNKNOWN, NULL,
		    "the broker refused %zu orders of the bracket ('%s') and "
		    "does not tell of the others",
		    answer.leg_count, group_says(&group));
	return ret ? ret : group_settle(&group);
}

static int32_t
find(struct iag_ctx *ctx, void *instance, const struct iag_target *target,
    struct iag_find *ret_find)
{
	const struct errand errand = { host, ctx };
	int32_t ret = prime(ctx);

	(void)instance;
	return ret ? ret : find_order(&errand, target, ret_find);
}

static const struct iag_instance_ops instance_ops = {
	.struct_size = sizeof(instance_ops),
};

static const struct iag_writer_ops writer_ops = {
	.struct_size = sizeof(writer_ops),
	.operations = IAG_WRITER_SUBMIT | IAG_WRITER_CANCEL |
		      IAG_WRITER_MODIFY | IAG_WRITER_SUBMIT_GROUP |
		      IAG_WRITER_FIND,
	.order_types = 1u << IAG_TYPE_LIMIT | 1u << IAG_TYPE_STOP |
		       1u << IAG_TYPE_STOP_LIMIT | 1u << IAG_TYPE_TRAILING_STOP,
	.tifs = 1u << IAG_TIF_DAY | 1u << IAG_TIF_GOOD_TILL_CANCELLED,
	.modes = 1u << IAG_MODE_PAPER | 1u << IAG_MODE_LIVE,
	.ref_len = 60,
	/* the broker ends a request after 10 s, the host its exchange later */
	.max_flight_ns = 120 * NS_PER_S,
	.asset_classes = "stock etf option",
	.submit = submit,
	.cancel = cancel,
	.modify = modify,
	.submit_group = submit_group,
	.find = find,
};

static const struct iag_plugin plugin = {
	.struct_size = sizeof(plugin),
	.abi_minor = IAG_ABI_MINOR,
	.kind = IAG_KIND_WRITER,
	.thread_model = IAG_THREAD_INSTANCE_SERIAL,
	.name = "client-portal",
	.version = PACKAGE_VERSION,
	.summary = "Places orders through the broker's Client Portal Gateway",
	.load = load,
	.instance = &instance_ops,
	.ops = &writer_ops,
	.routes = routes,
	.route_count = ROUTE_COUNT,
	.route_size = sizeof(routes[0]),
	.buckets = buckets,
	.bucket_count = BUCKET_COUNT,
	.bucket_size = sizeof(buckets[0]),
};

const struct iag_plugin *
iag_plugin_1(void)
{
	return &plugin;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * `policy explain`: the judgement of a preview, told in full and without
 * consequences.  Of a stored preview it also says whether it could still be
 * used: what has changed since would void its approval.
 */

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "orders/draft.h"
#include "orders/mixup.h"

/* One question; previews are those of a stored one, with its group. */
struct question {
	struct order_call *call;
	const char *preview_id; /* NULL: a typed order */
	struct draft draft;
	struct preview previews[GROUP_LEGS];
	uint64_t now_ns;
};

static void
previews_fini(struct question *q)
{
	for (size_t i = 0; i < GROUP_LEGS; i++)
		preview_fini(&q->previews[i]);
}

static void
question_init(
    struct question *q, struct order_call *call, struct json_object *arguments)
{
	*q = (struct question){ .call = call };
	draft_init(&q->draft, call);
	q->preview_id = json_get_str(arguments, "preview_id", NULL);
	for (size_t i = 0; i < GROUP_LEGS; i++)
		preview_init(&q->previews[i]);
}

static void
question_fini(struct question *q)
{
	previews_fini(q);
	draft_fini(&q->draft);
}
#define CLEANUP_QUESTION __attribute__((cleanup(question_fini)))

/* The preview alone, or all three of its group in their order. */
static int
stored_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct question *q = arg;
	char ids[GROUP_LEGS][ID_TEXT_SIZE];
	const char *group_id;
	int ret;

	previews_fini(q);
	q->draft.count = 1;
	q->now_ns = txn_now_ns(txn);
	ret = preview_get(txn, q->preview_id, &q->previews[0], err);
	if (ret == IAG_NOTFOUND)
		return mixup_refuse(txn, ERR_INPUT_INVALID, "preview",
		    q->preview_id,
		    "name a preview that `ibkr-agent orders preview` made, or "
		    "an order",
		    err);
	group_id = q->previews[0].group_id;
	if (ret || !group_id)
		return ret;
	ret = preview_group(txn, group_id, ids, err);
	previews_fini(q);
	for (size_t i = 0; ret == 0 && i < GROUP_LEGS; i++)
		ret = preview_get(txn, ids[i], &q->previews[i], err);
	q->draft.count = GROUP_LEGS;
	return ret;
}

static int
read_stored(struct question *q, struct err *err)
{
	struct journal *journal = desk_journal(q->call->desk);
	int ret = journal_view(journal, stored_step, q, err);

	for (size_t i = 0; ret == 0 && i < q->draft.count; i++)
		ret = draft_take(&q->draft, i, &q->previews[i].order, err);
	return ret;
}

/* A typed order is a day limit order where it does not say otherwise. */
static int
read_typed(struct question *q, struct json_object *arguments, struct err *err)
{
	CLEANUP_JSON struct json_object *order = NULL;
	const char *type = json_get_str(arguments, "order_type", "limit");
	const char *tif = json_get_str(arguments, "time_in_force", "day");

	if (json_object_deep_copy(arguments, &order, NULL) ||
	    json_add_str(order, "order_type", type) ||
	    json_add_str(order, "time_in_force", tif))
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory for an order");
	return draft_read(&q->draft, order, err);
}

static int
question_read(
    struct question *q, struct json_object *arguments, struct err *err)
{
	int extra = json_object_object_length(arguments) - 1;

	q->draft.replaces = json_get_str(arguments, "broker_order_id", NULL);
	if (!q->preview_id)
		return read_typed(q, arguments, err);
	if (extra > (q->draft.replaces != NULL))
		return err_set(err, ERR_INPUT_INVALID,
		    "a preview and an order were named, allowed is one of "
		    "them");
	return read_stored(q, err);
}

static void
say(struct question *q, const char *rule, const char *code, bool passed,
    const char *limit, const char *actual, const char *fix)
{
	verdicts_add(
	    &q->draft.verdicts, rule, code, passed, limit, actual, fix);
}

static void
judge_feature(struct question *q)
{
	bool on = desk_config(q->call->desk)->order_preview.enabled;

	say(q, "feature", "ORDER_PREVIEW_DISABLED", on, "on", on ? "on" : "off",
	    "the operator sets order_preview.enabled");
}

static uint64_t
seconds(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (to_ns - from_ns) / NS_PER_S : 0;
}

static void
judge_age(struct question *q)
{
	const struct preview *preview = &q->previews[0];
	uint64_t incarnation = journal_incarnation(desk_journal(q->call->desk));
	CLEANUP_BUF struct buf limit = BUF_INIT, actual = BUF_INIT;

	buf_printf(&limit, "%" PRIu64 " s old",
	    seconds(preview->created_ns, preview->expires_ns));
	buf_printf(
	    &actual, "%" PRIu64 " s", seconds(preview->created_ns, q->now_ns));
	if (preview->incarnation != incarnation)
		buf_str(&actual, ", from before the store was adopted");
	q->draft.verdicts.failed |= limit.failed || actual.failed;
	say(q, "preview",
	    preview->order.mode == IAG_MODE_LIVE ? "LIVE_PREVIEW_EXPIRED"
						 : "PAPER_PREVIEW_EXPIRED",
	    preview_is_fresh(preview, q->now_ns, incarnation), buf_text(&limit),
	    buf_text(&actual), "make a new preview");
}

static bool
is_same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* What its approval binds besides the order itself (ruling 13). */
static void
judge_changes(struct question *q)
{
	const struct preview *preview = &q->previews[0];
	const struct draft *draft = &q->draft;
	const char *changed = NULL;

	if (!config_name_equal(
		draft->writer, preview->writer ? preview->writer : ""))
		changed = "another writer";
	else if (!is_same(desk_connection(q->call->desk), preview->connection))
		changed = "another connection";
	else if (!is_same(draft->policy.digest, preview->policy_digest))
		changed = "another risk policy, or a changed one";
	else if (!is_same(
		     draft->orders[0].contract_id, preview->order.contract_id))
		changed = "another contract";
	else if (draft->orders[0].mode != preview->order.mode)
		changed = "another mode of the account";
	say(q, "unchanged", "APPROVAL_PREVIEW_MISMATCH", !changed,
	    "writer, connection, policy and contract of the preview",
	    changed ? changed : "the same", "make a new preview");
}

struct limits_view {
	const struct question *q;
	struct verdicts limits;
};

static int
limits_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct limits_view *view = arg;

	verdicts_fini(&view->limits);
	return draft_limits(txn, &view->q->draft, &view->limits, err);
}

static int
question_judge(struct question *q, struct err *err)
{
	struct limits_view view = { .q = q };
	int ret;

	if (q->preview_id)
		judge_age(q);
	ret = draft_look(&q->draft, err);
	if (ret)
		return ret;
	if (q->preview_id)
		judge_changes(q);
	ret =
	    journal_view(desk_journal(q->call->desk), limits_step, &view, err);
	verdicts_append(&q->draft.verdicts, &view.limits);
	return ret;
}

static int
rule_add(struct json_object *rules, const struct verdict *verdict)
{
	struct json_object *rule = json_object_new_object();
	bool passed = verdict->passed;
	int ret = json_add_str(rule, "rule", verdict->rule);

	ret |= json_add_str(rule, "verdict", passed ? "pass" : "fail");
	ret |= json_add_str(rule, "limit", verdict->limit);
	ret |= json_add_str(rule, "actual", verdict->actual);
	ret |= json_add_str(rule, "fix", verdict->fix);
	ret |= json_add_str(rule, "code", passed ? NULL : verdict->code);
	if (ret == 0 && json_object_array_add(rules, rule) == 0)
		return 0;
	(void)json_object_put(rule);
	return IAG_NOMEM;
}

static int
rules_make(const struct verdicts *verdicts, struct json_object **ret_rules)
{
	CLEANUP_JSON struct json_object *rules = json_object_new_array();
	int ret = rules && !verdicts->failed ? 0 : IAG_NOMEM;

	for (size_t i = 0; ret == 0 && i < verdicts->count; i++)
		ret = rule_add(rules, &verdicts->items[i]);
	if (ret == 0)
		*ret_rules = STEAL(rules);
	return ret;
}

static int
answer(const struct question *q, struct json_object *obj)
{
	const struct draft *draft = &q->draft;
	const struct order *order = &draft->orders[0];
	enum err_code code = draft_code(draft, &draft->verdicts);
	struct json_object *rules = NULL;
	int ret = json_add_str(obj, "preview_id", q->preview_id);

	ret |= json_add_str(obj, "group_id", q->previews[0].group_id);
	ret |= json_add_str(obj, "account_id", order->account);
	ret |= json_add_str(obj, "mode", order_mode_name(order->mode));
	ret |= json_add_str(obj, "symbol", order->symbol);
	ret |= json_add_str(obj, "policy_id", draft->policy.id);
	ret |= json_add_str(obj, "verdict", code == ERR_NONE ? "pass" : "fail");
	ret |= json_add_str(
	    obj, "code", code == ERR_NONE ? NULL : err_kind(code)->name);
	ret |= rules_make(&draft->verdicts, &rules);
	return ret ? ret : json_add(obj, "rules", rules);
}

int
preview_explain(struct order_call *call, struct json_object *arguments,
    struct buf *out, struct err *err)
{
	CLEANUP_QUESTION struct question q;
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	int ret;

	question_init(&q, call, arguments);
	judge_feature(&q);
	ret = question_read(&q, arguments, err);
	if (ret == 0)
		ret = question_judge(&q, err);
	if (ret)
		return ret;
	if (answer(&q, obj))
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory to explain a policy");
	json_write(out, obj, 0);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What is worth knowing about a preview before anybody approves it.  What
 * cannot be told is left out, and a warning says why.
 */

#include "orders/previewresult.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"

/* One result being written; ret is sticky. */
struct writing {
	const struct draft *draft;
	const struct preview *preview;
	struct json_object *obj;
	struct json_object *warnings;
	int ret;
};

static void
put(struct writing *w, const char *name, const char *text)
{
	if (w->ret == 0)
		w->ret = json_add_str(w->obj, name, text);
}

static void
warn(struct writing *w, const char *text)
{
	struct json_object *item = json_object_new_string(text);

	if (w->ret == 0 && item &&
	    json_object_array_add(w->warnings, item) == 0)
		return;
	(void)json_object_put(item);
	w->ret = w->ret ? w->ret : IAG_NOMEM;
}

static void
put_order(struct writing *w)
{
	const struct order *order = &w->preview->order;

	put(w, "account_id", order->account);
	put(w, "mode", order_mode_name(order->mode));
	put(w, "contract_id", order->contract_id);
	put(w, "symbol", order->symbol);
	put(w, "asset_class", order->asset_class);
	put(w, "exchange", order->exchange);
	put(w, "currency", order->currency);
	put(w, "side", order_side_name(order->side));
	put(w, "order_type", order_type_name(order->type));
	put(w, "time_in_force", order_tif_name(order->tif));
	put(w, "quantity", order->quantity);
	put(w, "limit_price", order->limit_price);
	put(w, "stop_price", order->stop_price);
	put(w, "trailing_amount", order->trailing_amount);
	put(w, "trailing_percent", order->trailing_percent);
}

/* By its limit, else the worse of trigger and quote, else the trigger. */
static bool
cost_of(
    const struct draft *draft, const struct order *order, struct dec *ret_cost)
{
	CLEANUP_DEC struct dec stop;

	dec_init(&stop);
	return limits_worth(
		   order, draft->has_quote ? &draft->quote : NULL, ret_cost) ||
	       (order->stop_price &&
		   dec_parse(&stop, order->stop_price, NULL) == 0 &&
		   order_notional(order, &stop, ret_cost, NULL) == 0);
}

static void
put_cost(struct writing *w)
{
	const struct order *order = &w->preview->order;
	struct json_object *money = json_object_new_object();
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_DEC struct dec cost;

	dec_init(&cost);
	if (!cost_of(w->draft, order, &cost) ||
	    dec_format(&text, &cost, NULL)) {
		(void)json_object_put(money);
		warn(w, order_is_measurable(order)
			    ? "the cost cannot be told without a quote"
			    : "the cost cannot be told: the multiplier of the "
			      "contract is unknown");
		return;
	}
	if (json_add_str(money, "amount", buf_text(&text)) ||
	    json_add_str(money, "currency", order->currency)) {
		(void)json_object_put(money);
		w->ret = IAG_NOMEM;
	}
	if (w->ret == 0)
		w->ret = json_add(w->obj, "estimated_cost", money);
	if (!order->limit_price)
		warn(w, "the cost is an estimate: the order has no limit");
}

static void
put_value(struct writing *w, const char *name, struct json_object *value)
{
	if (w->ret == 0 && value)
		w->ret = json_add(w->obj, name, json_object_get(value));
}

/* A question with what would be answered (broker.questions). */
static int
question_add(
    struct writing *w, struct json_object *list, struct json_object *question)
{
	const struct config *config = desk_config(w->draft->call->desk);
	const char *id = json_get_str(question, "message_id", "");
	struct json_object *item = json_object_new_object();
	const struct order *order = &w->preview->order;
	bool allowed = config_allows_question(
	    config, id, order->account, order_mode_name(order->mode));
	int ret = json_add_str(item, "message_id", id);

	ret |= json_add_str(item, "text", json_get_str(question, "text", ""));
	ret |= json_add_bool(item, "allowed", allowed);
	if (!allowed)
		warn(w, "the broker would ask what broker.questions does not "
			"allow: a submit would be refused");
	if (ret == 0 && json_object_array_add(list, item) == 0)
		return 0;
	(void)json_object_put(item);
	return IAG_NOMEM;
}

static void
put_questions(struct writing *w, struct json_object *questions)
{
	CLEANUP_JSON struct json_object *list = json_object_new_array();
	size_t count = questions ? json_object_array_length(questions) : 0;

	for (size_t i = 0; w->ret == 0 && i < count; i++)
		w->ret = question_add(
		    w, list, json_object_array_get_idx(questions, i));
	if (count)
		put_value(w, "questions", list);
}

/* What the broker told of this order; of a bracket, of its entry. */
static void
put_whatif(struct writing *w)
{
	const struct draft *draft = w->draft;
	struct json_object *warnings = json_get(draft->whatif, "warnings");
	size_t count = warnings ? json_object_array_length(warnings) : 0;

	if (w->preview->group_role &&
	    strcmp(w->preview->group_role, group_roles[0]) != 0)
		return;
	if (draft->whatif_fault)
		warn(w, "the broker did not estimate commission and margin");
	put_value(
	    w, "estimated_commission", json_get(draft->whatif, "commission"));
	put_value(w, "margin_impact", json_get(draft->whatif, "margin_impact"));
	put_questions(w, json_get(draft->whatif, "questions"));
	for (size_t i = 0; i < count; i++)
		warn(w, json_object_get_string(
			    json_object_array_get_idx(warnings, i)));
}

/* What would refuse it later is told now. */
static void
warn_of_later(struct writing *w)
{
	const struct config *config = desk_config(w->draft->call->desk);
	const struct order *order = &w->preview->order;

	if (order->mode == IAG_MODE_PAPER && !config->paper_trading.enabled)
		warn(w, "paper trading is not enabled: it cannot be submitted");
	if (config_name_equal(w->preview->writer, "refusing"))
		warn(w, "the writer 'refusing' places nothing: have another "
			"one configured, then preview again");
}

static void
put_rest(struct writing *w, const char *event_id)
{
	const struct preview *preview = w->preview;
	char time[CLOCK_TEXT_SIZE];

	warn_of_later(w);
	if (w->ret == 0 && json_object_array_length(w->warnings))
		w->ret =
		    json_add(w->obj, "warnings", json_object_get(w->warnings));
	put(w, "policy_id", preview->policy_id);
	put(w, "writer", preview->writer);
	if (w->ret == 0 && w->draft->simulated)
		w->ret = json_add_bool(w->obj, "simulated", true);
	put(w, "digest", preview->digest);
	clock_format(preview->created_ns, time);
	put(w, "created_at", time);
	clock_format(preview->expires_ns, time);
	put(w, "expires_at", time);
	put(w, "audit_event_id", *event_id ? event_id : NULL);
}

static int
one(const struct draft *draft, const struct preview *preview,
    const char *event_id, struct json_object **ret_obj)
{
	CLEANUP_JSON struct json_object *warnings = json_object_new_array();
	struct writing w = {
		.draft = draft,
		.preview = preview,
		.obj = json_object_new_object(),
		.warnings = warnings,
		.ret = warnings ? 0 : IAG_NOMEM,
	};

	put(&w, "preview_id", preview->id);
	put(&w, "validated_order_id", preview->id);
	put_order(&w);
	put_cost(&w);
	put_whatif(&w);
	put_rest(&w, event_id);
	if (w.ret) {
		(void)json_object_put(w.obj);
		return w.ret;
	}
	*ret_obj = w.obj;
	return 0;
}

static int
group(const struct draft *draft, const struct preview previews[],
    const char *event_id, struct json_object **ret_obj)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	struct json_object *leg = NULL;
	int ret = json_add_str(obj, "group_id", previews[0].group_id);

	for (size_t i = 0; ret == 0 && i < draft->count; i++) {
		ret = one(draft, &previews[i], event_id, &leg);
		if (ret == 0)
			ret = json_add(obj, group_roles[i], leg);
	}
	if (ret == 0)
		*ret_obj = STEAL(obj);
	return ret;
}

int
previewresult_write(struct buf *out, const struct draft *draft,
    const struct preview previews[], const char *event_id, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = NULL;
	int ret = draft->count > 1 ? group(draft, previews, event_id, &obj)
				   : one(draft, &previews[0], event_id, &obj);

	if (ret)
		return err_set(
		    err, ERR_OUT_OF_MEMORY, "no memory for a preview");
	json_write(out, obj, 0);
	return 0;
}

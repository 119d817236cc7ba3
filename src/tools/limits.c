/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * How an account stands against its risk policy, by the code that its orders
 * are judged by.  Counts come from the activity index alone; amounts are
 * exact.
 */

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/dec.h"
#include "base/json.h"
#include "journal/activity.h"
#include "orders/limits.h"
#include "tools/dispatch.h"
#include "tools/handlers.h"

/* One question and its answer. */
struct standing {
	const struct tool_call *call;
	const char *account;
	const char *mode; /* as configured: live, paper, unknown */
	const char *id;   /* of the policy, or NULL */
	const struct risk_policy *policy; /* NULL: none */
	char hash[HASH_HEX_SIZE];
	uint64_t now_ns;
	struct limits_span span;
	struct activity_count count;
};

static void
policy_find(struct standing *s)
{
	const struct config *config = s->call->house->config;

	s->mode = "unknown";
	if (config_list_has(
		&config->live_trading.allowed_accounts, s->account)) {
		s->mode = "live";
		s->id = config->live_trading.risk_policy_id;
	} else if (config_list_has(
		       &config->paper_trading.allowed_accounts, s->account)) {
		s->mode = "paper";
		s->id = config->paper_trading.risk_policy_id;
	}
	s->policy = limits_policy(config, s->id);
}

static const char *
notional_currency(const struct standing *s)
{
	return s->policy && s->policy->session_max_notional_amount
		   ? s->policy->session_max_notional_currency
		   : NULL;
}

/* The time that gates go by. */
static int
now_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct standing *s = arg;

	(void)err;
	s->now_ns = txn_now_ns(txn);
	return 0;
}

static int
count_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct standing *s = arg;

	return activity_count(txn, s->hash, s->span.session_ns,
	    s->span.window_ns, notional_currency(s), &s->count, err);
}

/*
 * In two steps, because the zone's file is read between them and a step
 * does no I/O (ruling 22).
 */
static int
standing_count(struct standing *s, struct err *err)
{
	struct journal *journal = s->call->house->journal;
	int ret = journal_view(journal, now_step, s, err);

	if (ret == 0)
		ret = limits_span(s->policy, s->now_ns, &s->span, err);
	return ret ? ret : journal_view(journal, count_step, s, err);
}

static int
add_left(struct json_object *out, const char *name, uint64_t max, uint64_t used)
{
	return json_add_int(out, name, (int64_t)(max > used ? max - used : 0));
}

static int
add_money(struct json_object *out, const char *name, const struct dec *amount,
    const char *currency, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct json_object *money = json_object_new_object();
	int ret = dec_format(&text, amount, err);

	ret = ret ? ret : json_add_str(money, "amount", buf_text(&text));
	ret = ret ? ret : json_add_str(money, "currency", currency);
	return json_add(out, name, money) ? IAG_NOMEM : ret;
}

/* What is used and left of the session's amount, never below zero. */
static int
notional_add(struct json_object *out, const struct standing *s, struct err *err)
{
	const char *currency = notional_currency(s);
	CLEANUP_DEC struct dec left;
	int ret;

	dec_init(&left);
	if (!currency)
		return 0;
	ret = add_money(
	    out, "session_notional", &s->count.notional, currency, err);
	if (ret == 0)
		ret = dec_parse(
		    &left, s->policy->session_max_notional_amount, err);
	if (ret)
		return ret;
	dec_sub(&left, &left, &s->count.notional);
	if (dec_sign(&left) < 0)
		(void)dec_set_int(&left, 0);
	return add_money(
	    out, "remaining_session_notional", &left, currency, err);
}

static int
policy_add(struct json_object *out, const struct standing *s, struct err *err)
{
	const struct risk_policy *policy = s->policy;
	int ret = json_add_str(out, "policy_id", policy->id);

	if (policy->window_max_orders) {
		ret |= json_add_int(
		    out, "submitted_in_window", (int64_t)s->count.in_window);
		ret |= add_left(out, "remaining_window_orders",
		    policy->window_max_orders, s->count.in_window);
	}
	if (policy->session_max_orders)
		ret |= add_left(out, "remaining_session_orders",
		    policy->session_max_orders, s->count.in_session);
	if (!policy->enabled)
		ret |= json_add_str(out, "explanation",
		    "the policy is disabled: it refuses every order");
	return ret ? ret : notional_add(out, s, err);
}

static const char *
explanation(const struct standing *s)
{
	if (s->id)
		return "the configured policy does not exist: live orders are "
		       "refused";
	if (strcmp(s->mode, "live") == 0)
		return "no risk policy is configured for live trading: live "
		       "orders are refused";
	if (strcmp(s->mode, "paper") == 0)
		return "no risk policy is configured for paper trading: no "
		       "limit holds";
	return "the account is not in the list of accounts that may trade: "
	       "orders are refused";
}

static int
standing_write(const struct standing *s, struct err *err)
{
	CLEANUP_JSON struct json_object *out = json_object_new_object();
	char session[CLOCK_TEXT_SIZE], now[CLOCK_TEXT_SIZE];
	int ret;

	clock_format(s->span.session_ns, session);
	clock_format(s->now_ns, now);
	ret = json_add_str(out, "account_id", s->account);
	ret |= json_add_str(out, "account_mode", s->mode);
	ret |= json_add_bool(out, "configured", s->policy != NULL);
	ret |= json_add_int(
	    out, "submitted_in_session", (int64_t)s->count.in_session);
	ret |= json_add_str(out, "session_started_at", session);
	ret |= json_add_str(out, "timestamp", now);
	if (ret == 0 && s->policy)
		ret = policy_add(out, s, err);
	else if (ret == 0)
		ret = json_add_str(out, "explanation", explanation(s));
	if (ret == IAG_NOMEM)
		return err_no_memory(err);
	if (ret == 0)
		json_write(s->call->output, out, 0);
	return ret;
}

int
limits_handler(struct tool_call *call, struct err *err)
{
	struct standing s = {
		.call = call,
		.account = json_get_str(call->arguments, "account_id", ""),
	};
	int ret;

	policy_find(&s);
	journal_account_hash(call->house->journal, s.account, s.hash);
	activity_count_init(&s.count);
	ret = standing_count(&s, err);
	if (ret == 0)
		ret = standing_write(&s, err);
	activity_count_fini(&s.count);
	return ret;
}

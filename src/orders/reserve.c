/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The counted part of a check: the policy in force, counts from the activity
 * index, and the reservation that the next check counts.
 */

#include "orders/check.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

static int
now_step(struct journal_txn *txn, void *arg, struct err *err)
{
	(void)err;
	*(uint64_t *)arg = txn_now_ns(txn);
	return 0;
}

const char *
check_policy_id(const struct config *config, uint32_t mode)
{
	return mode == IAG_MODE_LIVE ? config->live_trading.risk_policy_id
				     : config->paper_trading.risk_policy_id;
}

int
check_policy_at(struct order_call *call, uint32_t mode, uint64_t now_ns,
    struct check_policy *ret_policy, struct err *err)
{
	const struct config *config = desk_config(call->desk);
	struct check_policy policy = { .id = check_policy_id(config, mode) };
	int ret = 0;

	policy.policy = limits_policy(config, policy.id);
	if (policy.policy)
		ret = desk_policy_digest(
		    call->desk, policy.policy, policy.digest, err);
	if (ret == 0)
		ret = limits_span(policy.policy, now_ns, &policy.span, err);
	if (ret == 0)
		*ret_policy = policy;
	return ret;
}

int
check_policy(struct order_call *call, uint32_t mode,
    struct check_policy *ret_policy, struct err *err)
{
	uint64_t now_ns;
	int ret =
	    journal_view(desk_journal(call->desk), now_step, &now_ns, err);

	return ret ? ret : check_policy_at(call, mode, now_ns, ret_policy, err);
}

/* Legs for people, in the order of group_roles. */
static const char *const leg_names[GROUP_LEGS] = {
	"parent",
	"take profit",
	"stop loss",
};

/* One group in a row: what the earlier ones add to the later. */
struct tally {
	struct activity_count count;
	struct dec before, own;
};

static void
tally_init(struct tally *tally)
{
	activity_count_init(&tally->count);
	dec_init(&tally->before);
	dec_init(&tally->own);
}

static void
tally_fini(struct tally *tally)
{
	activity_count_fini(&tally->count);
	dec_fini(&tally->before);
	dec_fini(&tally->own);
}

static void
judge_in_row(const struct check_policy *policy,
    const struct check_orders *orders, uint64_t now_ns, struct tally *tally,
    struct verdicts *verdicts)
{
	for (size_t i = 0; i < orders->count; i++) {
		const struct limits_input input = {
			.policy = policy->policy,
			.order = orders->orders[i],
			.quote = orders->quote,
			.count = &tally->count,
			.now_ns = now_ns,
			.legs_before = i,
			.notional_before = &tally->before,
			.is_modify = orders->is_modify,
			.notional_held = orders->held,
			.leg =
			    orders->count == GROUP_LEGS ? leg_names[i] : NULL,
		};

		limits_judge(&input, verdicts);
		if (limits_notional(orders->orders[i], &tally->own))
			dec_add(&tally->before, &tally->before, &tally->own);
	}
}

int
check_limits(struct journal_txn *txn, const struct check_policy *policy,
    const char account_hash[HASH_HEX_SIZE], const struct check_orders *orders,
    struct verdicts *verdicts, struct err *err)
{
	const struct risk_policy *rules = policy->policy;
	uint64_t now_ns = txn_now_ns(txn), window_ns = policy->span.window_ns;
	struct tally tally;
	int ret;

	if (!rules) {
		for (size_t i = 0; i < orders->count; i++)
			limits_trigger(
			    orders->orders[i], orders->quote, verdicts);
		return 0;
	}
	/* the window ends now, and now is the transaction's */
	if (rules->window_max_orders)
		window_ns = now_ns > rules->window_seconds * NS_PER_S
				? now_ns - rules->window_seconds * NS_PER_S
				: 0;
	tally_init(&tally);
	ret = activity_count(txn, account_hash, policy->span.session_ns,
	    window_ns, rules->session_max_notional_currency, &tally.count, err);
	if (ret == 0)
		judge_in_row(policy, orders, now_ns, &tally, verdicts);
	tally_fini(&tally);
	return ret;
}

/* A modify adds what it is more than the order as it works now. */
static bool
reserved_notional(
    const struct check *check, size_t leg, struct dec *ret_notional)
{
	CLEANUP_DEC struct dec held;

	dec_init(&held);
	if (!limits_notional(&check->legs[leg].preview.order, ret_notional))
		return false;
	if (check->operation == OPERATION_MODIFY && check->has_target &&
	    limits_notional(&check->target.order, &held))
		dec_sub(ret_notional, ret_notional, &held);
	if (dec_sign(ret_notional) < 0)
		(void)dec_set_int(ret_notional, 0);
	return true;
}

int
check_reserve(struct journal_txn *txn, const struct check *check, size_t leg,
    uint64_t *ret_ns, uint64_t *ret_sequence, struct err *err)
{
	CLEANUP_BUF struct buf amount = BUF_INIT;
	CLEANUP_DEC struct dec notional;
	struct activity_order order = {
		.currency = check->legs[leg].preview.order.currency,
		.is_increase = check->operation == OPERATION_MODIFY,
	};
	int ret;

	dec_init(&notional);
	if (reserved_notional(check, leg, &notional)) {
		if (dec_format_normal(&amount, &notional, NULL))
			return err_set(err, ERR_ORDER_VALIDATION_FAILED,
			    "the order's notional cannot be written in full: "
			    "it has more than 20 digits before or 18 after the "
			    "point");
		order.amount = buf_text(&amount);
	}
	ret = activity_reserve(
	    txn, check->account_hash, check->now_ns, &order, ret_sequence, err);
	if (ret == 0)
		*ret_ns = check->now_ns;
	return ret;
}

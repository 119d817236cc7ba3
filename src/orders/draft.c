/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Nothing stops at the first fault: what is missing is left out of the next
 * questions, and everything that can still be judged is.
 */

#include "orders/draft.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "host/writer.h"
#include "orders/shape.h"
#include "orders/whatif.h"

/* A preview has no key yet; every writer takes a reference so short. */
#define SOME_REF "a"

void
draft_init(struct draft *draft, struct order_call *call)
{
	*draft = (struct draft){ .call = call, .count = 1 };
	quote_init(&draft->quote);
}

void
draft_fini(struct draft *draft)
{
	for (size_t i = 0; i < GROUP_LEGS; i++)
		order_fini(&draft->orders[i]);
	verdicts_fini(&draft->verdicts);
	contract_fini(&draft->contract);
	quote_fini(&draft->quote);
	(void)json_object_put(draft->whatif);
	free(draft->whatif_fault);
}

int
draft_take(
    struct draft *draft, size_t leg, const struct order *order, struct err *err)
{
	return order_copy(&draft->orders[leg], order, err);
}

static void
say(struct draft *draft, const char *rule, const char *code, bool passed,
    const char *limit, const char *actual, const char *fix)
{
	verdicts_add(&draft->verdicts, rule, code, passed, limit, actual, fix);
}

/*
 * The broker understood and said no: a verdict like any other.  False: it
 * could not be asked, which says nothing about the order.
 */
static bool
is_answer(const struct err *fault)
{
	return strncmp(err_kind(fault->code)->name, "INPUT_", 6) == 0;
}

static void
say_fault(struct draft *draft, const char *rule, const char *limit,
    const struct err *fault, const char *fix)
{
	say(draft, rule, err_kind(fault->code)->name, false, limit,
	    err_text(fault), fix);
	if (draft->fault == ERR_NONE)
		draft->fault = fault->code;
}

/* The contract's word stands in the place of the caller's. */
static int
contract_put(
    const struct contract *contract, struct order *order, struct err *err)
{
	const struct {
		char **text;
		const char *value;
	} members[] = {
		{ &order->contract_id, contract->contract_id },
		{ &order->symbol, contract->symbol },
		{ &order->asset_class, contract->asset_class },
		{ &order->currency, contract->currency },
		{ &order->multiplier, contract->multiplier },
		{ &order->price_magnifier, contract->price_magnifier },
	};
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < ARRAY_COUNT(members); i++)
		ret = text_set(members[i].text, members[i].value, err);
	return ret;
}

static void
say_contract(struct draft *draft)
{
	const struct contract *contract = &draft->contract;
	CLEANUP_BUF struct buf actual = BUF_INIT;

	buf_printf(&actual, "%s: %s, %s, %s", contract->contract_id,
	    contract->symbol, contract->asset_class, contract->currency);
	draft->verdicts.failed |= actual.failed;
	say(draft, "contract", "INPUT_AMBIGUOUS_CONTRACT", true,
	    "exactly one contract", buf_text(&actual), NULL);
}

static int
look_at_contract(struct draft *draft, struct err *err)
{
	const struct order *order = &draft->orders[0];
	struct order_call *call = draft->call;
	CLEANUP_ERR struct err fault = ERR_INIT;
	int ret;

	if (!order->symbol)
		return 0; /* refused already */
	ret = market_contract(call->backend, call->call, order->symbol,
	    order->asset_class, order->currency, order->exchange,
	    &draft->contract, &fault);
	if (ret && !is_answer(&fault)) {
		err_move(err, &fault);
		return ret;
	}
	if (ret) {
		if (fault.missing && fault.code == ERR_INPUT_INVALID)
			fault.code = ERR_INPUT_INVALID_CONTRACT;
		say_fault(draft, "contract", "exactly one contract", &fault,
		    "correct symbol, currency, exchange or asset_class");
		return 0;
	}
	say_contract(draft);
	for (size_t i = 0; ret == 0 && i < draft->count; i++)
		ret = contract_put(&draft->contract, &draft->orders[i], err);
	return ret;
}

/* What live and paper say about themselves in the configuration. */
struct mode_rules {
	bool enabled;
	const struct config_list *accounts;
	const char *not_allowed; /* code */
};

static struct mode_rules
rules_of(const struct config *config, uint32_t mode)
{
	if (mode == IAG_MODE_LIVE)
		return (struct mode_rules){
			.enabled = config->live_trading.enabled &&
				   config->safety.live_trading_enabled,
			.accounts = &config->live_trading.allowed_accounts,
			.not_allowed = "LIVE_ACCOUNT_NOT_ALLOWLISTED",
		};
	return (struct mode_rules){
		.enabled = config->paper_trading.enabled,
		.accounts = &config->paper_trading.allowed_accounts,
		.not_allowed = "PAPER_ACCOUNT_NOT_ALLOWLISTED",
	};
}

/*
 * Live accounts are for those who have switched live trading on.  Paper
 * previews are there before paper trading is.
 */
static bool
judge_account(struct draft *draft, uint32_t mode)
{
	const struct config *config = desk_config(draft->call->desk);
	struct mode_rules rules = rules_of(config, mode);
	bool live = rules_of(config, IAG_MODE_LIVE).enabled;
	const char *name = order_mode_name(mode);
	bool served = mode == IAG_MODE_PAPER || (mode == IAG_MODE_LIVE && live);

	say(draft, "account_mode", "ORDER_ACCOUNT_MODE_REFUSED", served,
	    live ? "paper or live, by the broker's word"
		 : "paper, by the broker's word",
	    name ? name : "unknown",
	    name ? "use a paper account, or have the operator enable live "
		   "trading"
		 : "use an account whose mode the broker tells");
	if (served && rules.enabled)
		say(draft, "account", rules.not_allowed,
		    config_list_has(rules.accounts, draft->orders[0].account),
		    "an account in allowed_accounts", draft->orders[0].account,
		    "the operator adds it to allowed_accounts of the mode");
	return served;
}

static int
look_at_account(struct draft *draft, struct err *err)
{
	struct order_call *call = draft->call;
	const char *account = draft->orders[0].account;
	CLEANUP_ERR struct err fault = ERR_INIT;
	uint32_t mode = 0;
	int ret;

	if (!account)
		return 0; /* refused already */
	journal_account_hash(
	    desk_journal(call->desk), account, draft->account_hash);
	ret = market_account_mode(
	    call->backend, call->call, account, &mode, &fault);
	if (ret && !is_answer(&fault)) {
		err_move(err, &fault);
		return ret;
	}
	if (ret) {
		say_fault(draft, "account", "an account of this login", &fault,
		    "use an account that accounts list shows");
		return 0;
	}
	if (!judge_account(draft, mode))
		return 0;
	for (size_t i = 0; i < draft->count; i++)
		draft->orders[i].mode = mode;
	return 0;
}

/* Exits of a bracket go leg by leg where the writer has none of its own. */
static void
judge_bracket_way(struct draft *draft, struct instance *writer)
{
	const struct config *config = desk_config(draft->call->desk);

	if (draft->count == 1 || draft->orders[0].mode != IAG_MODE_LIVE)
		return;
	say(draft, "bracket", "LIVE_SEQUENTIAL_BRACKET_REFUSED",
	    config->live_trading.sequential_brackets ||
		writer_accepts(writer, IAG_WRITER_SUBMIT_GROUP, NULL, NULL) ==
		    0,
	    "a writer with brackets of its own", draft->writer,
	    "use a writer with brackets, or set "
	    "live_trading.sequential_brackets");
}

/* So that a fault of the shape is not told once more. */
static bool
is_for_writers(const struct order *order)
{
	bool limit =
	    order->type == IAG_TYPE_LIMIT || order->type == IAG_TYPE_STOP_LIMIT;

	return order->type && order->tif && order->asset_class &&
	       (!limit || order->limit_price);
}

static void
judge_by_writer(struct draft *draft, struct instance *writer)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct iag_order wire;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < draft->count; i++) {
		const struct order *order = &draft->orders[i];

		if (!is_for_writers(order))
			return;
		order_wire(order, SOME_REF, i ? SOME_REF : NULL, &wire);
		ret = writer_accepts(writer, IAG_WRITER_SUBMIT, &wire, &fault);
	}
	say(draft, "writer", "ORDER_WRITER_REFUSED", ret == 0,
	    "what the writer declares that it takes",
	    ret ? err_text(&fault) : draft->writer,
	    "use an order that the writer takes, or another writer");
	judge_bracket_way(draft, writer);
}

/* Which writer would send it, and would it take it (ruling 34). */
static void
look_at_writer(struct draft *draft)
{
	struct desk *desk = draft->call->desk;
	CLEANUP_ERR struct err fault = ERR_INIT;
	uint32_t mode = draft->orders[0].mode;
	const char *why = NULL;
	struct instance *writer;

	draft->writer = "";
	if (mode == 0)
		return; /* refused already */
	draft->writer = desk_writer_name(desk, mode, &why);
	if (!why && desk_writer(desk, mode, draft->writer, &writer, &fault))
		why = err_text(&fault);
	if (why) {
		say(draft, "writer",
		    mode == IAG_MODE_LIVE ? "LIVE_WRITER_REFUSED"
					  : "PAPER_WRITER_REFUSED",
		    false, "a writer that the configuration allows", why,
		    mode == IAG_MODE_LIVE
			? "repair it, or name another in live_trading.writer "
			  "or with --live-broker"
			: "repair it, or name another in "
			  "paper_trading.writer");
		return;
	}
	draft->writer = plugin_name(instance_plugin(writer));
	draft->simulated =
	    (plugin_hints(instance_plugin(writer)) & IAG_HINT_SIMULATED) != 0;
	judge_by_writer(draft, writer);
}

static int
look_at_policy(struct draft *draft, struct err *err)
{
	uint32_t mode = draft->orders[0].mode;
	const struct check_policy *policy = &draft->policy;
	int ret;

	if (mode == 0)
		return 0; /* refused already */
	ret = check_policy(draft->call, mode, &draft->policy, err);
	if (ret)
		return ret;
	if (mode == IAG_MODE_LIVE || policy->id)
		say(draft, "risk_policy", "LIVE_POLICY_UNKNOWN",
		    policy->policy != NULL, "a risk policy that is configured",
		    policy->id ? policy->id : "none",
		    "name one of risk_policies in risk_policy_id");
	return 0;
}

static void
look_at_quote(struct draft *draft)
{
	struct order_call *call = draft->call;
	bool needed = draft->policy.policy != NULL;

	for (size_t i = 0; i < draft->count; i++)
		needed |= !draft->orders[i].limit_price;
	/* no quote is an answer, too: rules that need one refuse */
	if (needed && draft->contract.contract_id)
		draft->has_quote =
		    market_quote(call->backend, call->call,
			draft->contract.contract_id, &draft->quote, NULL) == 0;
}

/*
 * Ask about an order that nothing has refused so far; of a bracket only the
 * entry, since the exits close what is not there yet.  No answer is none.
 */
static void
look_at_whatif(struct draft *draft)
{
	struct order_call *call = draft->call;
	CLEANUP_ERR struct err fault = ERR_INIT;
	const char *refusal;

	if (!verdicts_pass(&draft->verdicts))
		return;
	if (whatif_ask(call->backend, call->call, &draft->orders[0],
		&draft->whatif, &fault)) {
		draft->whatif_fault = strdup(err_text(&fault));
		return;
	}
	refusal = json_get_str(draft->whatif, "refusal", NULL);
	if (draft->whatif)
		say(draft, "broker", "ORDER_BROKER_REFUSED", !refusal,
		    "an order that the broker would take",
		    refusal ? refusal : "it would",
		    "change the order as the broker says");
}

int
draft_look(struct draft *draft, struct err *err)
{
	const struct order_call *call = draft->call;
	int ret;

	if (!call->backend && call->backend_fault)
		return err_set(err, call->backend_fault->code,
		    "the backend could not be opened: %s",
		    err_text(call->backend_fault));
	ret = look_at_contract(draft, err);
	if (ret)
		return ret;
	draft_shape(draft);
	ret = look_at_account(draft, err);
	if (ret)
		return ret;
	look_at_writer(draft);
	ret = look_at_policy(draft, err);
	if (ret)
		return ret;
	look_at_quote(draft);
	look_at_whatif(draft);
	return 0;
}

/* Enough of an order for limits to say something about. */
static bool
is_judgeable(const struct order *order)
{
	return order->mode && order->side && order->type && order->account &&
	       order->contract_id && order->currency && order->quantity &&
	       dec_is_text(order->quantity);
}

/* What keeps the order from being replaced by this one; NULL: nothing. */
static const char *
replace_fault(const struct order_row *target, const struct order *order)
{
	if (order_status_is_terminal(target->status))
		return order_status_name(target->status);
	if (strcmp(target->order.contract_id, order->contract_id) != 0)
		return "an order for another contract";
	if (!order_is_routed_alike(&target->order, order))
		return "an order at another exchange";
	return target->order.side == order->side ? NULL
						 : "an order of the other side";
}

/* A modify that changes nothing is a mistake, and costs the place in line. */
static void
judge_change(const struct order_row *target, const struct order *order,
    struct verdicts *verdicts)
{
	bool is_change = !order_is_unchanged(&target->order, order);

	verdicts_add(verdicts, "changes", "MODIFY_WITHOUT_CHANGE", is_change,
	    "at least one change of the working order",
	    is_change ? "a change" : "the order as it was sent last",
	    "give another quantity, price or time_in_force; where the order "
	    "was changed elsewhere, cancel it and preview a new one");
}

/* The working order that this one is to replace (ruling 9). */
static int
judge_replaced(struct journal_txn *txn, const struct draft *draft,
    struct dec *ret_held, struct verdicts *verdicts, struct err *err)
{
	static const char rule[] = "broker_order_id";
	static const char wanted[] = "a working order of the same "
				     "contract, exchange and side that this "
				     "gateway sent";
	struct order_row target;
	const char *fault;
	int ret;

	order_row_init(&target);
	ret = order_row_get_present(
	    txn, draft->account_hash, draft->replaces, &target, err);
	if (ret == 0) {
		fault = replace_fault(&target, &draft->orders[0]);
		verdicts_add(verdicts, rule, "MODIFY_TARGET_MISMATCH", !fault,
		    wanted, fault ? fault : draft->replaces,
		    "name another order, or leave it out");
		if (!fault)
			judge_change(&target, &draft->orders[0], verdicts);
		(void)limits_notional(&target.order, ret_held);
	} else if (ret == IAG_NOTFOUND) {
		verdicts_add(verdicts, rule, "ORDER_TARGET_UNKNOWN", false,
		    wanted, draft->replaces,
		    "give the broker_order_id that its submit answered");
	}
	order_row_fini(&target);
	return ret == IAG_NOTFOUND ? 0 : ret;
}

int
draft_limits(struct journal_txn *txn, const struct draft *draft,
    struct verdicts *ret_limits, struct err *err)
{
	CLEANUP_DEC struct dec held;
	int ret;
	const struct order *orders[GROUP_LEGS];
	struct check_orders list = {
		.orders = orders,
		.count = draft->count,
		.quote = draft->has_quote ? &draft->quote : NULL,
		.is_modify = draft->replaces != NULL,
		.held = &held,
	};

	dec_init(&held);
	for (size_t i = 0; i < draft->count; i++) {
		orders[i] = &draft->orders[i];
		if (!is_judgeable(orders[i]))
			return 0;
	}
	ret = draft->replaces
		  ? judge_replaced(txn, draft, &held, ret_limits, err)
		  : 0;
	if (ret)
		return ret;
	return check_limits(
	    txn, &draft->policy, draft->account_hash, &list, ret_limits, err);
}

enum err_code
draft_code(const struct draft *draft, const struct verdicts *all)
{
	enum err_code code = shape_code(all);

	return code == ERR_ORDER_POLICY_REFUSED && draft->fault != ERR_NONE
		   ? draft->fault
		   : code;
}

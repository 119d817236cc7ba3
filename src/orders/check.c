/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * From what is stored and what was looked at to facts, from facts to
 * verdicts.  Everything inside the step starts anew each time, because a step
 * may run more than once (ruling 22).
 */

#include "orders/check.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "orders/mixup.h"

/* A bracket's parent key gets a suffix for each leg (ruling 19). */
#define GROUP_KEY_MAX 60

static const struct config *
config_of(const struct check *check)
{
	return desk_config(check->call->desk);
}

void
check_init(struct check *check)
{
	*check = (struct check){ .code = ERR_INTERNAL_ERROR };
	quote_init(&check->quote);
	order_row_init(&check->target);
	for (size_t i = 0; i < GROUP_LEGS; i++) {
		preview_init(&check->legs[i].preview);
		approval_init(&check->legs[i].approval);
	}
}

static void
leg_fini(struct check_leg *leg)
{
	preview_fini(&leg->preview);
	approval_fini(&leg->approval);
}

void
check_fini(struct check *check)
{
	quote_fini(&check->quote);
	order_row_fini(&check->target);
	for (size_t i = 0; i < GROUP_LEGS; i++)
		leg_fini(&check->legs[i]);
	verdicts_fini(&check->verdicts);
	free(check->contract_id);
	check->contract_id = NULL;
}

static void
reset(struct check *check)
{
	verdicts_fini(&check->verdicts);
	order_row_fini(&check->target);
	order_row_init(&check->target);
	check->has_target = false;
	check->code = ERR_INTERNAL_ERROR;
	for (size_t i = 0; i < GROUP_LEGS; i++) {
		struct check_leg *leg = &check->legs[i];

		leg_fini(leg);
		*leg = (struct check_leg){ .fit = APPROVAL_MISSING };
		preview_init(&leg->preview);
		approval_init(&leg->approval);
	}
}

/*
 * Read approval and preview of one leg; neither needs to be there.  Only the
 * preview is asked for: the approval where it alone names that.
 */
static int
leg_read(struct journal_txn *txn, struct check *check, size_t i,
    bool only_preview, struct err *err)
{
	struct check_leg *leg = &check->legs[i];
	const char *preview_id = check->preview_ids[i];
	int ret = IAG_NOTFOUND;

	if (check->approval_ids[i] && !(only_preview && preview_id))
		ret = approval_get(
		    txn, check->approval_ids[i], &leg->approval, err);
	if (ret != 0 && ret != IAG_NOTFOUND)
		return ret;
	leg->has_approval = ret == 0;
	if (!preview_id && leg->has_approval)
		preview_id = leg->approval.preview_id;
	if (!preview_id)
		return 0;
	ret = preview_get(txn, preview_id, &leg->preview, err);
	if (ret != 0 && ret != IAG_NOTFOUND)
		return ret;
	leg->has_preview = ret == 0;
	return 0;
}

static int
legs_read(struct journal_txn *txn, struct check *check, bool only_previews,
    struct err *err)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < check->leg_count; i++)
		ret = leg_read(txn, check, i, only_previews, err);
	return ret;
}

/* A quote is needed for limits, and to judge a stop. */
static bool
needs_quote(const struct check *check)
{
	const struct check_leg *legs = check->legs;

	if (limits_policy(config_of(check),
		check_policy_id(config_of(check), check->mode)))
		return true;
	for (size_t i = 0; i < check->leg_count; i++) {
		if (legs[i].has_preview &&
		    legs[i].preview.order.type == IAG_TYPE_STOP)
			return true;
	}
	return false;
}

/* What time it is, and which contract a quote is needed for. */
static int
contract_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct check *check = arg;
	const struct check_leg *leg = &check->legs[0];
	int ret;

	reset(check);
	free(check->contract_id);
	check->contract_id = NULL;
	check->now_ns = txn_now_ns(txn);
	ret = legs_read(txn, check, true, err);
	if (ret || check->leg_count == 0 || !leg->has_preview ||
	    !needs_quote(check))
		return ret;
	return text_set(
	    &check->contract_id, leg->preview.order.contract_id, err);
}

static int
look_at_policy(struct check *check, struct err *err)
{
	struct order_call *call = check->call;
	int ret =
	    journal_view(desk_journal(call->desk), contract_step, check, err);

	if (ret == 0)
		ret = check_policy_at(
		    call, check->mode, check->now_ns, &check->policy, err);
	if (ret || !check->contract_id)
		return ret;
	/* no quote is an answer, too: limits that need one refuse */
	check->has_quote = market_quote(call->backend, call->call,
			       check->contract_id, &check->quote, NULL) == 0;
	return 0;
}

/* Ruling 16: true where it is not asked for. */
static bool
is_separate(const struct order_call *call, const struct config *config)
{
	struct stat st;

	if (call->is_apart || !config->safety.require_separate_uid)
		return true;
	return stat(config->audit.path, &st) == 0 && st.st_uid != getuid();
}

static int
look_at_account(struct check *check, struct err *err)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct order_call *call = check->call;
	int ret;

	ret = market_account_mode(call->backend, call->call, check->account,
	    &check->account_mode, &fault);
	if (ret == 0)
		return 0;
	check->account_mode = 0;
	if (check->operation == OPERATION_CANCEL)
		return 0;
	err_move(err, &fault);
	return ret;
}

int
check_look(struct check *check, struct err *err)
{
	const struct config *config = config_of(check);
	struct desk *desk = check->call->desk;
	int ret;

	journal_account_hash(
	    desk_journal(desk), check->account, check->account_hash);
	ret = look_at_account(check, err);
	/* a cancel is held by no policy, and no fault of one may stop it */
	if (ret == 0 && check->operation != OPERATION_CANCEL)
		ret = look_at_policy(check, err);
	if (ret)
		return ret;
	check->writer =
	    desk_writer_name(desk, check->mode, &check->writer_fault);
	check->separate_uid = is_separate(check->call, config);
	check->journal_writable = journal_is_adopted(desk_journal(desk));
	clock_note_now(&check->clock);
	/* last, so that it is as young as can be */
	check->closed_by_file = desk_is_closed_by_file(config);
	return 0;
}

/* Texts that facts borrow, and what they are made from. */
struct snapshot {
	struct gate_facts facts;
	struct switch_row row;
	struct buf missing, activation, clock, target_fault, change_fault,
	    writer_fault, preview_fault, approval_fault, approval_fix;
};

static void
snapshot_fini(struct snapshot *snapshot)
{
	switch_row_fini(&snapshot->row);
	buf_fini(&snapshot->missing);
	buf_fini(&snapshot->activation);
	buf_fini(&snapshot->clock);
	buf_fini(&snapshot->target_fault);
	buf_fini(&snapshot->change_fault);
	buf_fini(&snapshot->writer_fault);
	buf_fini(&snapshot->preview_fault);
	buf_fini(&snapshot->approval_fault);
	buf_fini(&snapshot->approval_fix);
}

static bool
is_same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static int
facts_of_switch(struct journal_txn *txn, const struct check *check,
    struct snapshot *snapshot, struct err *err)
{
	struct gate_facts *facts = &snapshot->facts;
	int ret = desk_switch(txn, check->mode, &snapshot->row, err);

	if (ret)
		return ret;
	facts->switch_state = snapshot->row.state;
	facts->switch_reason = snapshot->row.reason;
	facts->switch_by = snapshot->row.changed_by;
	facts->closed_by_file = check->closed_by_file;
	return 0;
}

/* What an adopted store waits for (journal_adopt()). */
static int
facts_of_adoption(
    struct journal_txn *txn, struct gate_facts *facts, struct err *err)
{
	static const char key[] = "journal/reconcile";
	struct iag_bytes bytes = { key, sizeof(key) - 1 }, value;
	int ret = txn_get(txn, TABLE_STATE, bytes, &value, err);

	facts->reconciled = ret == IAG_NOTFOUND;
	return ret == IAG_NOTFOUND ? 0 : ret;
}

static int
facts_of_live(struct journal_txn *txn, const struct check *check,
    struct snapshot *snapshot, struct err *err)
{
	struct gate_facts *facts = &snapshot->facts;
	int ret;

	if (check->mode != IAG_MODE_LIVE)
		return 0;
	ret = activation_check(check->call->desk, txn, &facts->live_activated,
	    &snapshot->activation, err);
	if (ret == 0)
		ret = clock_check(txn, &check->clock, &facts->clock_sound,
		    &snapshot->clock, err);
	if (ret == 0 && !check->call->flags->acknowledged)
		ret = checklist_missing(
		    txn, check->account_hash, &snapshot->missing, err);
	facts->missing_items = buf_text(&snapshot->missing);
	facts->activation_fault = buf_text(&snapshot->activation);
	facts->clock_fault = buf_text(&snapshot->clock);
	return ret;
}

static void
facts_of_config(const struct check *check, struct gate_facts *facts)
{
	const struct config *config = config_of(check);
	const struct order_flags *flags = check->call->flags;
	const struct config_list *accounts;
	bool is_enabled, is_asked;

	if (check->mode == IAG_MODE_LIVE) {
		is_enabled = config->live_trading.enabled &&
			     config->safety.live_trading_enabled;
		is_asked = flags->live;
		accounts = &config->live_trading.allowed_accounts;
	} else {
		is_enabled = config->paper_trading.enabled;
		is_asked = flags->paper;
		accounts = &config->paper_trading.allowed_accounts;
	}
	facts->feature_on = is_enabled && is_asked;
	facts->is_unasked = is_enabled && !is_asked;
	facts->account_allowed = config_list_has(accounts, check->account);
	facts->writer = check->writer;
	facts->writer_fault = check->writer_fault;
	facts->writer_allowed = *check->writer && !check->writer_fault;
	facts->separate_uid = check->separate_uid;
	facts->account_mode = check->account_mode;
	facts->journal_writable = check->journal_writable;
	facts->key_valid = intent_key_is_valid(check->key) &&
			   (check->operation != OPERATION_GROUP ||
			       strlen(check->key) <= GROUP_KEY_MAX);
	facts->policy_needed = check->policy.id != NULL;
	facts->policy_found = check->policy.policy != NULL;
	facts->policy_id = check->policy.id;
}

/* Is the approved digest that of what would be sent now (ruling 13)? */
static int
digest_fits(const struct check *check, const struct check_leg *leg,
    bool *ret_fits, struct err *err)
{
	const struct preview *preview = &leg->preview;
	const struct order_frame frame = {
		.preview_id = preview->id,
		.writer = config_name_equal(check->writer, preview->writer)
			      ? preview->writer
			      : check->writer,
		.connection = desk_connection(check->call->desk),
		.policy_digest = check->policy.digest,
		.group_id = preview->group_id,
		.group_role = preview->group_role,
	};
	char digest[HASH_HEX_SIZE];
	int ret = order_digest(&preview->order, &frame, digest, err);

	if (ret == 0)
		*ret_fits = strcmp(digest, leg->approval.digest) == 0;
	return ret;
}

/* A leg is sent with its group in its place, a single order alone. */
static bool
is_in_place(const struct check *check, size_t i)
{
	const struct preview *preview = &check->legs[i].preview;

	if (check->operation != OPERATION_GROUP)
		return !preview->group_id;
	return is_same(preview->group_id, check->legs[0].preview.group_id) &&
	       is_same(preview->group_role, group_roles[i]);
}

static int
leg_fit(struct check *check, size_t i, uint64_t incarnation, struct err *err)
{
	const struct config *config = config_of(check);
	struct check_leg *leg = &check->legs[i];
	bool fits = false;
	int ret;

	leg->fit = APPROVAL_MISSING;
	if (!leg->has_approval || !leg->has_preview)
		return 0;
	leg->fit = approval_fits(&leg->approval, &leg->preview, check->account,
	    check->mode == IAG_MODE_LIVE ? config->approvals.live_policy
					 : config->approvals.paper_policy,
	    check->now_ns, incarnation);
	if (leg->fit != APPROVAL_FITS)
		return 0;
	ret = digest_fits(check, leg, &fits, err);
	if (ret == 0 && (!fits || !is_in_place(check, i)))
		leg->fit = APPROVAL_OTHER_PREVIEW;
	return ret;
}

/* Facts are those of the worst leg; the first one that is wrong is named. */
static int
facts_of_legs(struct check *check, struct gate_facts *facts, struct err *err)
{
	uint64_t incarnation =
	    journal_incarnation(desk_journal(check->call->desk));

	if (check->leg_count == 0)
		return 0;
	facts->preview_found = facts->preview_fresh = true;
	facts->preview_same_account = true;
	facts->approval = APPROVAL_FITS;
	for (size_t i = 0; i < check->leg_count; i++) {
		const struct check_leg *leg = &check->legs[i];
		const struct preview *preview = &leg->preview;
		int ret = leg_fit(check, i, incarnation, err);

		if (ret)
			return ret;
		facts->preview_found &= leg->has_preview;
		facts->preview_fresh &=
		    leg->has_preview &&
		    preview_is_fresh(preview, check->now_ns, incarnation);
		facts->preview_same_account &=
		    leg->has_preview &&
		    is_same(preview->order.account, check->account) &&
		    preview->order.mode == check->mode;
		if (facts->approval != APPROVAL_FITS)
			continue;
		facts->approval = leg->fit;
		facts->approval_id = check->approval_ids[i];
		facts->preview_id = leg->has_preview ? preview->id : NULL;
	}
	return 0;
}

/* What ids are that were given where others belong; of the first such leg. */
static int
facts_of_mixups(struct journal_txn *txn, struct check *check,
    struct snapshot *snapshot, struct err *err)
{
	const struct check_leg *leg = check->legs;
	size_t i = 0;
	int ret = 0;

	while (i < check->leg_count && leg[i].fit == APPROVAL_FITS)
		i++;
	if (i == check->leg_count)
		return 0;
	if (!leg[i].has_preview && check->preview_ids[i])
		ret = mixup_tell(
		    txn, check->preview_ids[i], &snapshot->preview_fault, err);
	if (ret == 0 && !leg[i].has_approval && check->approval_ids[i])
		ret = mixup_tell(txn, check->approval_ids[i],
		    &snapshot->approval_fault, err);
	if (leg[i].fit == APPROVAL_OTHER_PREVIEW)
		mixup_compare(&leg[i].approval, &leg[i].preview,
		    is_in_place(check, i), check->writer,
		    &snapshot->approval_fault, &snapshot->approval_fix);
	/* its preview would have been found through the approval */
	if (!leg[i].has_preview && !check->preview_ids[i] &&
	    snapshot->approval_fault.len)
		buf_printf(&snapshot->preview_fault,
		    "none, since what was given as the approval is %s",
		    buf_text(&snapshot->approval_fault));
	snapshot->facts.preview_fault = buf_text(&snapshot->preview_fault);
	snapshot->facts.approval_fault = buf_text(&snapshot->approval_fault);
	snapshot->facts.approval_fix = buf_text(&snapshot->approval_fix);
	return ret;
}

/* Something was filled that the replacement's preview did not know of. */
static bool
is_filled_since(const struct order_row *row, const struct preview *preview)
{
	return order_row_is_filled(row) &&
	       row->updated_ns > preview->created_ns;
}

static const char *
exchange_name(const struct order *order)
{
	return order->exchange ? order->exchange : "of the broker's choice";
}

static void
compare_target(const struct check *check, struct buf *why)
{
	const struct order_row *row = &check->target;
	const struct preview *preview = &check->legs[0].preview;

	if (!check->has_target || !check->legs[0].has_preview)
		buf_str(why, "not both known");
	else if (order_status_is_terminal(row->status))
		buf_printf(
		    why, "the order is %s", order_status_name(row->status));
	else if (!is_same(row->account, preview->order.account))
		buf_str(why, "another account");
	else if (!is_same(row->order.contract_id, preview->order.contract_id))
		buf_printf(why, "contract %s, not %s",
		    preview->order.contract_id, row->order.contract_id);
	else if (!order_is_routed_alike(&row->order, &preview->order))
		buf_printf(why, "exchange %s, not %s",
		    exchange_name(&preview->order), exchange_name(&row->order));
	else if (row->order.side != preview->order.side)
		buf_printf(why, "a %s, not a %s",
		    order_side_name(preview->order.side),
		    order_side_name(row->order.side));
	else if (order_is_unchanged(&row->order, &preview->order))
		buf_str(why, "the order as it was sent last, no change of it");
	else if (is_filled_since(row, preview))
		buf_printf(
		    why, "%s filled since the preview", row->filled_quantity);
}

static void
compare_value(const struct check *check, const char *name, const char *approved,
    struct buf *why)
{
	const char *asked = json_get_str(check->changes, name, NULL);

	if (why->len || !asked || order_value_is(asked, approved))
		return;
	buf_printf(why, "%s %s, approved %s", name, asked,
	    approved ? approved : "without");
}

static void
compare_changes(const struct check *check, struct buf *why)
{
	const struct order *order = &check->legs[0].preview.order;
	const char *tif, *currency;

	if (!check->legs[0].has_preview) {
		buf_str(why, "no preview");
		return;
	}
	if (!check->changes)
		return;
	compare_value(check, "quantity", order->quantity, why);
	compare_value(check, "limit_price", order->limit_price, why);
	compare_value(check, "stop_price", order->stop_price, why);
	compare_value(check, "trailing_amount", order->trailing_amount, why);
	compare_value(check, "trailing_percent", order->trailing_percent, why);
	tif = json_get_str(check->changes, "time_in_force", NULL);
	if (!why->len && tif && order_tif_find(tif) != order->tif)
		buf_printf(why, "time_in_force %s, approved %s", tif,
		    order_tif_name(order->tif));
	currency = json_get_str(check->changes, "currency", NULL);
	if (!why->len && currency && !is_same(currency, order->currency))
		buf_printf(
		    why, "currency %s, approved %s", currency, order->currency);
}

static int
facts_of_modify(struct journal_txn *txn, const struct check *check,
    struct snapshot *snapshot, struct err *err)
{
	struct gate_facts *facts = &snapshot->facts;
	bool is_open = false;
	int ret;

	if (check->operation != OPERATION_MODIFY)
		return 0;
	compare_target(check, &snapshot->target_fault);
	compare_changes(check, &snapshot->change_fault);
	facts->target_matches = snapshot->target_fault.len == 0;
	facts->changes_match = snapshot->change_fault.len == 0;
	facts->target_fault = buf_text(&snapshot->target_fault);
	facts->change_fault = buf_text(&snapshot->change_fault);
	ret = intent_modifies(txn, check->account_hash, check->broker_order_id,
	    check->has_target ? check->target.broker_order_id : NULL, &is_open,
	    err);
	facts->target_settled = ret == 0 && !is_open;
	return ret;
}

static int
facts_of_target(struct journal_txn *txn, struct check *check,
    struct snapshot *snapshot, struct err *err)
{
	struct gate_facts *facts = &snapshot->facts;
	const struct order_row *row = &check->target;
	int ret;

	if (!check->broker_order_id)
		return 0;
	/* whatever id it had before: what is meant is the order */
	ret = order_row_get_present(txn, check->account_hash,
	    check->broker_order_id, &check->target, err);
	if (ret != 0 && ret != IAG_NOTFOUND)
		return ret;
	check->has_target = ret == 0;
	facts->target_known =
	    check->has_target && row->mode == check->mode &&
	    (check->mode == IAG_MODE_LIVE || row->approval_id);
	if (check->has_target &&
	    (!config_name_equal(row->writer, check->writer) ||
		!is_same(
		    row->connection, desk_connection(check->call->desk)))) {
		buf_printf(&snapshot->writer_fault,
		    "the order is at the writer '%s' on '%s'", row->writer,
		    row->connection);
		facts->writer_fault = buf_text(&snapshot->writer_fault);
		facts->writer_allowed = false;
	}
	return facts_of_modify(txn, check, snapshot, err);
}

static int
judge_limits(struct journal_txn *txn, const struct check *check,
    struct verdicts *limits, bool *ret_judged, struct err *err)
{
	const struct order *orders[GROUP_LEGS];
	CLEANUP_DEC struct dec held;
	struct check_orders list = {
		.orders = orders,
		.count = check->leg_count,
		.quote = check->has_quote ? &check->quote : NULL,
		.is_modify = check->operation == OPERATION_MODIFY,
	};

	dec_init(&held);
	*ret_judged = false;
	for (size_t i = 0; i < check->leg_count; i++) {
		orders[i] = &check->legs[i].preview.order;
		if (!check->legs[i].has_preview)
			return 0;
		if (!is_same(orders[i]->contract_id, check->contract_id))
			list.quote = NULL; /* of another contract */
	}
	if (check->has_target && limits_notional(&check->target.order, &held))
		list.held = &held;
	*ret_judged = true;
	return check_limits(
	    txn, &check->policy, check->account_hash, &list, limits, err);
}

static int
judge(struct journal_txn *txn, struct check *check, struct snapshot *snapshot,
    struct err *err)
{
	CLEANUP_VERDICTS struct verdicts limits = VERDICTS_INIT;
	struct gate_facts *facts = &snapshot->facts;
	bool judged = false;
	int ret;

	facts->operation = check->operation;
	facts->mode = check->mode;
	facts_of_config(check, facts);
	ret = facts_of_switch(txn, check, snapshot, err);
	ret = ret ? ret : facts_of_adoption(txn, facts, err);
	ret = ret ? ret : facts_of_live(txn, check, snapshot, err);
	ret = ret ? ret : legs_read(txn, check, false, err);
	ret = ret ? ret : facts_of_legs(check, facts, err);
	ret = ret ? ret : facts_of_mixups(txn, check, snapshot, err);
	ret = ret ? ret : facts_of_target(txn, check, snapshot, err);
	if (ret == 0 && check->operation != OPERATION_CANCEL)
		ret = judge_limits(txn, check, &limits, &judged, err);
	if (ret)
		return ret;
	check->code =
	    gates_judge(facts, judged ? &limits : NULL, &check->verdicts);
	return 0;
}

int
check_judge(struct journal_txn *txn, struct check *check, struct err *err)
{
	struct snapshot snapshot = { .row = { .state = SWITCH_CLOSED } };
	int ret;

	reset(check);
	check->now_ns = txn_now_ns(txn);
	/* the transaction may have been waited for; the boot is the same */
	check->clock.real_ns = clock_real_ns();
	check->clock.boot_ns = clock_boot_ns();
	ret = judge(txn, check, &snapshot, err);
	snapshot_fini(&snapshot);
	return ret;
}

int
check_refuse(const struct check *check, struct err *err)
{
	if (check->code == ERR_NONE)
		return 0;
	return verdicts_refuse(&check->verdicts, check->code, err);
}

/* Written once and kept as a text, so it is made as one. */
int
check_context(const struct check *check, struct buf *out, struct err *err)
{
	CLEANUP_JSON struct json_object *quote = NULL;
	const char *mode = order_mode_name(check->account_mode);
	int ret =
	    check->has_quote ? quote_to_json(&check->quote, &quote, err) : 0;

	if (ret)
		return ret;
	buf_printf(out, "{\"account_mode\":\"%s\"", mode ? mode : "unknown");
	if (quote) {
		buf_str(out, ",\"quote\":");
		json_write(out, quote, 0);
	}
	buf_str(out, ",\"seen\":");
	verdicts_write_seen(out, &check->verdicts);
	buf_char(out, '}');
	return out->failed
		   ? err_set(err, ERR_OUT_OF_MEMORY, "no memory for an intent")
		   : 0;
}

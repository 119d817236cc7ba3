/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Brackets: three orders that were approved together.  Placed by the writer in
 * one call where it can, else leg by leg; what cannot be completed is taken
 * back (ruling 18).  A bracket is one in-flight write.
 */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "orders/writecore.h"

/* So that the references of the exits still fit (ruling 19). */
#define GROUP_KEY_MAX 60

struct group {
	struct write write;
	struct check check;
	struct intent whole;
	struct intent legs[GROUP_LEGS];
	struct intent earlier; /* that has the key already */
	bool found;
	bool native;
	/* How each leg ended; those behind `ended` were not tried. */
	struct writer_result results[GROUP_LEGS];
	struct err faults[GROUP_LEGS];
	struct write_outcome ends[GROUP_LEGS];
	bool settled[GROUP_LEGS];
	size_t ended;
};

static void
group_init(struct group *g)
{
	memset(g, 0, sizeof(*g));
	check_init(&g->check);
	intent_init(&g->whole);
	intent_init(&g->earlier);
	for (size_t i = 0; i < GROUP_LEGS; i++) {
		intent_init(&g->legs[i]);
		writer_result_init(&g->results[i]);
	}
}

static void
group_fini(struct group *g)
{
	write_fini(&g->write);
	check_fini(&g->check);
	intent_fini(&g->whole);
	intent_fini(&g->earlier);
	for (size_t i = 0; i < GROUP_LEGS; i++) {
		intent_fini(&g->legs[i]);
		writer_result_fini(&g->results[i]);
		err_fini(&g->faults[i]);
	}
}
#define CLEANUP_GROUP __attribute__((cleanup(group_fini)))

static void
check_fill(struct group *g)
{
	static const char *const names[GROUP_LEGS] = { "parent_approval_id",
		"take_profit_approval_id", "stop_loss_approval_id" };
	struct check *check = &g->check;

	check->call = g->write.call;
	check->operation = OPERATION_GROUP;
	check->mode = g->write.mode;
	check->account = g->write.account;
	check->key = g->write.key;
	check->leg_count = GROUP_LEGS;
	for (size_t i = 0; i < GROUP_LEGS; i++)
		check->approval_ids[i] =
		    json_get_str(g->write.arguments, names[i], NULL);
}

static int
leg_fill(struct group *g, size_t i, struct err *err)
{
	const struct check_leg *leg = &g->check.legs[i];
	struct intent *intent = &g->legs[i];
	int ret;

	order_fini(&intent->order);
	memset(&intent->order, 0, sizeof(intent->order));
	intent->recorded_ns = g->check.now_ns;
	intent->activity_ns = intent->activity_sequence = 0;
	intent->has_order = false;
	ret = order_copy(&intent->order, &leg->preview.order, err);
	intent->has_order = ret == 0;
	if (ret == 0)
		ret = text_set(&intent->group_id, leg->preview.group_id, err);
	if (ret == 0)
		ret = text_set(&intent->preview_id, leg->preview.id, err);
	return ret ? ret
		   : text_set(&intent->approval_id, leg->approval.id, err);
}

static int
whole_fill(struct group *g, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int ret = check_context(&g->check, &text, err);

	g->whole.recorded_ns = g->check.now_ns;
	if (ret == 0)
		ret = text_set(&g->whole.context, buf_text(&text), err);
	if (ret == 0)
		ret = text_set(
		    &g->whole.group_id, g->check.legs[0].preview.group_id, err);
	return ret ? ret
		   : text_set(&g->whole.atomicity,
			 g->native ? "broker_bracket" : "sequential", err);
}

/* What the parent's link would need, only the broker's own bracket has. */
static void
leg_wire(const struct group *g, size_t i, struct iag_order *ret_wire)
{
	order_wire(&g->legs[i].order, g->legs[i].client_ref,
	    g->native && i > 0 ? g->legs[0].client_ref : NULL, ret_wire);
}

static int
writer_check(const struct group *g, struct err *err)
{
	struct iag_order wire;
	int ret = 0;

	if (!g->write.writer)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "every gate is open, and there is no writer");
	for (size_t i = 0; i < GROUP_LEGS && ret == 0; i++) {
		leg_wire(g, i, &wire);
		ret = writer_accepts(g->write.writer,
		    g->native ? IAG_WRITER_SUBMIT_GROUP : IAG_WRITER_SUBMIT,
		    &wire, err);
	}
	return ret;
}

static int
gate_record(struct group *g, struct journal_txn *txn, struct err *err)
{
	int ret = intent_put(txn, &g->whole, g->write.hash, err);

	for (size_t i = 0; i < GROUP_LEGS && ret == 0; i++) {
		ret = approval_consume(
		    txn, &g->check.legs[i].approval, g->write.key, err);
		if (ret == 0)
			ret = check_reserve(txn, &g->check, i,
			    &g->legs[i].activity_ns,
			    &g->legs[i].activity_sequence, err);
		if (ret == 0)
			ret = intent_put(txn, &g->legs[i], g->write.hash, err);
	}
	if (ret == 0 && g->write.mode == IAG_MODE_LIVE)
		ret = clock_put(txn, &g->check.clock, err);
	return ret ? ret : write_record(&g->write, txn, err);
}

static int
gate_judge(struct group *g, struct journal_txn *txn, struct err *err)
{
	int ret = check_judge(txn, &g->check, err);

	if (ret == 0)
		ret = check_refuse(&g->check, err);
	for (size_t i = 0; i < GROUP_LEGS && ret == 0; i++)
		ret =
		    write_ref_check(&g->write, txn, g->legs[i].client_ref, err);
	for (size_t i = 0; i < GROUP_LEGS && ret == 0; i++)
		ret = leg_fill(g, i, err);
	if (ret == 0)
		ret = whole_fill(g, err);
	return ret ? ret : writer_check(g, err);
}

static int
gate_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct group *g = arg;
	int ret;

	intent_fini(&g->earlier);
	ret =
	    intent_get(txn, g->write.hash, g->write.key, "", &g->earlier, err);
	g->found = ret == 0;
	if (ret != IAG_NOTFOUND)
		return ret ? ret : IAG_REJECTED;
	ret = gate_judge(g, txn, err);
	return ret ? ret : gate_record(g, txn, err);
}

static int
intents_make(struct group *g, struct err *err)
{
	int ret = write_intent(&g->write, "", &g->whole, err);

	if (ret == 0)
		ret = write_client_ref(
		    &g->write, group_roles[0], &g->whole.client_ref, err);
	for (size_t i = 0; i < GROUP_LEGS && ret == 0; i++) {
		ret = write_intent(&g->write, group_roles[i], &g->legs[i], err);
		g->legs[i].operation = OPERATION_SUBMIT;
		if (ret == 0)
			ret = write_client_ref(&g->write, group_roles[i],
			    &g->legs[i].client_ref, err);
	}
	return ret;
}

static int
gate(struct group *g, struct buf *out, struct err *err)
{
	int ret = intents_make(g, err);

	if (ret == 0)
		ret = journal_update(desk_journal(g->write.call->desk),
		    g->write.call->call, gate_step, g, err);
	return g->found ? write_answer(&g->write, &g->earlier, out, err) : ret;
}

/*
 * What the writer has written down of all belongs to the leg that is settled
 * first: before it is told to cancel one, its book has to show it.
 */
static void
changes_give(struct group *g, const struct writer_result *result)
{
	size_t first = 0;

	for (size_t i = GROUP_LEGS; i > 0; i--) {
		g->ends[i - 1].how.changes = NULL;
		g->ends[i - 1].how.change_count = 0;
		if (g->ends[i - 1].how.state == INTENT_DONE)
			first = i - 1;
	}
	g->ends[first].how.changes = result->changes;
	g->ends[first].how.change_count = result->change_count;
}

/* One call of the writer for all three. */
static void
send_native(struct group *g)
{
	struct iag_order wires[GROUP_LEGS];
	const struct iag_order *orders[GROUP_LEGS];
	struct writer_result *result = &g->results[0];
	struct write_watch watch;
	const struct writer_ack *ack;
	int ret;

	for (size_t i = 0; i < GROUP_LEGS; i++) {
		leg_wire(g, i, &wires[i]);
		orders[i] = &wires[i];
	}
	ret = write_watch(&g->write, &watch, &g->faults[0]);
	if (ret == 0)
		ret = writer_submit_group(g->write.writer, g->write.call->call,
		    &watch, orders, GROUP_LEGS, result, &g->faults[0]);
	for (size_t i = 0; i < GROUP_LEGS; i++) {
		ack = i < result->ack_count ? &result->acks[i] : NULL;
		if (i > 0 && g->faults[0].code != ERR_NONE)
			(void)err_set(&g->faults[i], g->faults[0].code, "%s",
			    err_text(&g->faults[0]));
		write_classify(ret, result, ack, &g->faults[i], &g->ends[i]);
		g->ends[i].intent = &g->legs[i];
	}
	changes_give(g, result);
	g->ended = GROUP_LEGS;
}

/* Leg by leg, up to the first that is not placed. */
static void
send_sequence(struct group *g)
{
	struct writer_result *result;
	struct write_watch watch;
	struct iag_order wire;
	int ret;

	for (size_t i = 0; i < GROUP_LEGS; i++) {
		result = &g->results[i];
		leg_wire(g, i, &wire);
		ret = write_watch(&g->write, &watch, &g->faults[i]);
		if (ret == 0)
			ret =
			    writer_submit(g->write.writer, g->write.call->call,
				&watch, &wire, result, &g->faults[i]);
		write_classify(ret, result,
		    result->ack_count ? &result->acks[0] : NULL, &g->faults[i],
		    &g->ends[i]);
		g->ends[i].intent = &g->legs[i];
		g->ended = i + 1;
		if (g->ends[i].how.state != INTENT_DONE)
			return;
		/* the next one may not be sent before this one is known */
		if (i + 1 < GROUP_LEGS) {
			if (write_settle_part(
				&g->write, &g->ends[i], 1, &g->faults[i]))
				return;
			g->settled[i] = true;
		}
	}
}

/* Legs behind the one that ended the sequence: nothing was sent of them. */
static void
drop_rest(struct group *g)
{
	for (size_t i = g->ended; i < GROUP_LEGS; i++) {
		g->ends[i] = (struct write_outcome){
			.intent = &g->legs[i],
			.how = { .state = INTENT_REFUSED,
			    .nothing_sent = true },
			.fault = &g->faults[i],
		};
	}
}

static bool
has_state(const struct group *g, enum intent_state state)
{
	for (size_t i = 0; i < g->ended; i++) {
		if (g->ends[i].how.state == state)
			return true;
	}
	return false;
}

/*
 * Take back what was placed, if a leg was refused; not while one is unknown,
 * because nobody knows then what belongs to what (ruling 18).
 */
static bool
must_undo(const struct group *g)
{
	return has_state(g, INTENT_REFUSED) && has_state(g, INTENT_DONE) &&
	       !has_state(g, INTENT_UNKNOWN);
}

static bool
ack_is_over(const struct writer_ack *ack)
{
	return ack->status && order_status_is_terminal(ack->status);
}

/* Has the broker taken the cancel? */
static bool
undo_one(struct group *g, size_t i)
{
	static const char *const names[GROUP_LEGS] = { "cancel_parent",
		"cancel_take_profit", "cancel_stop_loss" };
	const struct writer_ack *ack = g->ends[i].how.ack;
	CLEANUP_BUF struct buf handle = BUF_INIT;
	CLEANUP_ERR struct err fault = ERR_INIT;
	enum intent_state state = INTENT_UNKNOWN;
	struct write_sweep sweep = {
		.key = g->write.key,
		.leg = names[i],
		.broker_order_id = ack->broker_order_id,
		.client_ref = g->legs[i].client_ref,
		.looks = true,
	};

	if (ack->handle_len) {
		buf_hex(&handle, ack->handle, ack->handle_len);
		sweep.handle = buf_text(&handle);
	}
	/* how it ended is in the leg's own status and in the record */
	return write_cancel_now(&g->write, &sweep, &state, &fault) == 0 &&
	       state == INTENT_DONE;
}

/*
 * All that was placed is written down before the first is cancelled: whoever
 * comes after a crash has the broker's ids of the others, too.
 */
static void
placed_settle(struct group *g)
{
	for (size_t i = 0; i < g->ended; i++) {
		if (g->ends[i].how.state == INTENT_DONE && !g->settled[i])
			g->settled[i] = write_settle_part(&g->write,
					    &g->ends[i], 1, &g->faults[i]) == 0;
	}
}

/*
 * Is an entry whose cancel the broker has taken surely gone, with nothing
 * filled?  One of the broker's own bracket takes its exits with it.
 */
static bool
entry_is_gone(const struct group *g)
{
	CLEANUP_ORDER_ROW struct order_row row;

	order_row_init(&row);
	return order_row_look(desk_journal(g->write.call->desk), g->write.hash,
		   g->ends[0].how.ack->broker_order_id, &row, NULL) == 0 &&
	       !order_row_is_filled(&row) &&
	       (row.status == IAG_STATUS_CANCELLED || !g->native);
}

/* Take back what was placed of a leg; false: it cannot be. */
static bool
leg_undo(struct group *g, size_t i)
{
	const struct write_outcome *end = &g->ends[i];

	if (end->how.state != INTENT_DONE)
		return true;
	if (!g->settled[i])
		return false;
	if (ack_is_over(end->how.ack))
		return end->how.ack->status != IAG_STATUS_FILLED;
	return undo_one(g, i);
}

/*
 * The entry first.  What guards an entry that was filled, or that may be yet,
 * stays: without it a position would stand alone.
 */
static void
undo(struct group *g)
{
	bool is_placed = g->ends[0].how.state == INTENT_DONE;

	placed_settle(g);
	if (!leg_undo(g, 0) || (is_placed && !entry_is_gone(g)))
		return;
	for (size_t i = 1; i < g->ended; i++)
		(void)leg_undo(g, i);
}

/* What is not settled yet, and with it the bracket. */
static int
group_settle(struct group *g, struct buf *out, struct err *err)
{
	struct write_outcome ends[GROUP_LEGS];
	size_t count = 0;

	for (size_t i = 0; i < GROUP_LEGS; i++) {
		if (!g->settled[i])
			ends[count++] = g->ends[i];
	}
	return write_settle(&g->write, ends, count, &g->whole, out, err);
}

static int
send(struct group *g, struct buf *out, struct err *err)
{
	if (g->native)
		send_native(g);
	else
		send_sequence(g);
	drop_rest(g);
	if (must_undo(g))
		undo(g);
	return group_settle(g, out, err);
}

/* The broker's own bracket where there is one. */
static int
way_choose(struct group *g, struct err *err)
{
	const struct config *config = desk_config(g->write.call->desk);

	if (!g->write.writer)
		return 0; /* a gate says why */
	g->native = writer_accepts(g->write.writer, IAG_WRITER_SUBMIT_GROUP,
			NULL, NULL) == 0;
	if (g->native || g->write.mode != IAG_MODE_LIVE ||
	    config->live_trading.sequential_brackets)
		return 0;
	err_set(err, ERR_LIVE_GATE_MISSING,
	    "the writer '%s' has no brackets of its own, and leg by leg the "
	    "exits could fill before the entry",
	    g->write.writer_name);
	err_action(err, "use a writer with brackets, or set "
			"live_trading.sequential_brackets");
	return err_class(err);
}

static int
key_check(const struct write *write, struct err *err)
{
	size_t len = strlen(write->key);

	if (len <= GROUP_KEY_MAX)
		return 0;
	return err_set(err, ERR_INPUT_INVALID,
	    "'idempotency_key' of a bracket has at most %d characters, "
	    "'%s' has %zu",
	    GROUP_KEY_MAX, write->key, len);
}

int
order_submit_bracket(struct order_call *call, uint32_t mode,
    struct json_object *arguments, struct buf *out, struct err *err)
{
	CLEANUP_GROUP struct group g;
	int ret;

	group_init(&g);
	ret =
	    write_begin(&g.write, call, OPERATION_GROUP, mode, arguments, err);
	if (ret == 0)
		ret = write_replay(&g.write, out, err);
	if (ret != IAG_NOTFOUND)
		return ret;
	ret = key_check(&g.write, err);
	check_fill(&g);
	if (ret == 0)
		ret = write_look(&g.write, &g.check, err);
	if (ret == 0)
		ret = way_choose(&g, err);
	if (ret == 0)
		ret = write_lock(&g.write, err);
	if (ret == 0)
		ret = gate(&g, out, err);
	return ret || g.found ? ret : send(&g, out, err);
}

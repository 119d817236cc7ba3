/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Passes over a real journal and a writer that is asked and never told. */

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "reconcile-kit.h"
#include "scripted-writer.h"

/* ---- intents */

static void
inv2_an_intent_of_a_living_owner_is_left_alone(void **state)
{
	struct world *w = *state;
	struct desk *other = desk_make(w);
	const char *owner;

	assert_int_equal(desk_owner(other, &owner, NULL), 0);
	put_intent(w, (struct spec){ .key = "k1", .owner = owner });
	scripted.answer = IAG_FIND_FOUND;
	run_pass(w);
	assert_int_equal(told(w, "scanned"), 0);
	assert_int_equal(scripted.finds, 0);
	assert_int_equal(state_of(w, "k1", ""), INTENT_RECORDED);
	run_resolve(w, "k1", "I know");
	assert_int_equal(w->err.code, ERR_IDEMPOTENCY_IN_FLIGHT);
	assert_int_equal(state_of(w, "k1", ""), INTENT_RECORDED);
	desk_free(other); /* it dies */
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_DONE);
}

static void
inv4_what_the_broker_has_becomes_done(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1", .has_activity = true });
	put_intent(w, (struct spec){ .key = "k2", .state = INTENT_UNKNOWN });
	scripted.answer = IAG_FIND_FOUND;
	scripted.id = NULL;
	scripted.status = IAG_STATUS_FILLED;
	scripted.filled = "10";
	run_pass(w);
	assert_int_equal(told(w, "settled"), 2);
	assert_int_equal(told(w, "unknown"), 0);
	assert_int_equal(state_of(w, "k1", ""), INTENT_DONE);
	assert_int_equal(state_of(w, "k2", ""), INTENT_DONE);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
	assert_int_equal(reserved_count(w), 1);
	assert_true(is_recorded(w, "order_intent_reconciled"));
	run_pass(w);
	assert_int_equal(told(w, "scanned"), 0);
}

static void
what_the_broker_refused_is_refused(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1", .has_activity = true });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_REFUSED;
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_int_equal(reserved_count(w), 0);
}

static void
inv4_paper_absence_needs_two_reads(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1", .has_activity = true });
	run_pass(w);
	assert_int_equal(told(w, "unknown"), 1);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	now_ns += ABSENCE_APART_NS - 1;
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	assert_int_equal(reserved_count(w), 1);
	now_ns += 1;
	run_pass(w);
	assert_int_equal(told(w, "settled"), 1);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_int_equal(reserved_count(w), 0);
}

static void
inv4_what_goes_on_without_its_caller_is_not_absent(void **state)
{
	struct world *w = *state;
	struct order_call call = call_begin(w, 20 * NS_PER_S);
	char name[GUARD_NAME_SIZE];
	struct store_guard *guard;

	put_intent(w, (struct spec){ .key = "k1", .state = INTENT_UNKNOWN });
	guard_name_sending(name, "nobody");
	assert_int_equal(journal_guard_take(w->kit.journal, call.call, name,
			     false, &guard, NULL),
	    0);
	call_unref(call.call);
	run_pass(w);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	run_resolve(w, "k1", "I looked");
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_non_null(strstr(err_text(&w->err), "stop that process"));
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	/* it has ended: the first look that counts */
	journal_guard_drop(guard);
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
}

/* A writer that does not say from when on its read covers: no proof. */
static void
inv4_a_read_that_covers_no_known_time_proves_nothing(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1" });
	scripted.since_ns = 0;
	for (int i = 0; i < 3; i++) {
		run_pass(w);
		assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
		now_ns += ABSENCE_APART_NS;
	}
	run_resolve(w, "k1", NULL);
	assert_non_null(strstr(err_text(&w->err), "does not reach back"));
}

static void
it_ends(void *arg)
{
	struct store_guard **guard = arg;

	journal_guard_drop(*guard);
	*guard = NULL;
}

/* The read had begun when it still went on: bytes may be behind that read. */
static void
inv4_a_look_counts_from_behind_the_send(void **state)
{
	struct world *w = *state;
	struct order_call call = call_begin(w, 20 * NS_PER_S);
	char name[GUARD_NAME_SIZE];
	struct store_guard *guard;

	put_intent(w, (struct spec){ .key = "k1", .state = INTENT_UNKNOWN });
	guard_name_sending(name, "nobody");
	assert_int_equal(journal_guard_take(w->kit.journal, call.call, name,
			     false, &guard, NULL),
	    0);
	call_unref(call.call);
	scripted.during = it_ends;
	scripted.during_arg = &guard;
	run_pass(w);
	assert_null(guard);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
}

static void
it_takes_long(void *arg)
{
	uint64_t *long_ns = arg;

	now_ns += *long_ns;
	*long_ns = 0;
}

/* Between the end of the first read and the beginning of the second. */
static void
inv4_the_reads_are_apart_however_long_they_take(void **state)
{
	struct world *w = *state;
	uint64_t long_ns = ABSENCE_APART_NS;

	put_intent(w, (struct spec){ .key = "k1" });
	scripted.during = it_takes_long;
	scripted.during_arg = &long_ns;
	run_pass(w);
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
}

static void
inv4_a_trade_stands_against_absence(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1" });
	scripted.trades = "[{\"client_order_id\":\"k1\"}]";
	run_pass(w);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	/* not even the operator's word */
	run_resolve(w, "k1", "I see nothing");
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_non_null(strstr(err_text(&w->err), "a trade names it"));
	/* nor where the trades cannot be read */
	scripted.trades = NULL;
	run_resolve(w, "k1", "I see nothing");
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
}

static void
inv4_a_late_landing_is_done_and_narrows_the_switch(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1", .has_activity = true });
	run_pass(w);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_int_equal(paper_switch(w), SWITCH_OPEN);
	now_ns += 6 * 24 * 3600 * NS_PER_S;
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_OPEN;
	scripted.orders = "[{\"client_order_id\":\"k1\",\"broker_order_id\":"
			  "\"B-1\",\"status\":\"open\"}]";
	run_pass(w);
	assert_int_equal(told(w, "late_landings"), 1);
	assert_int_equal(state_of(w, "k1", ""), INTENT_DONE);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_OPEN);
	assert_int_equal(paper_switch(w), SWITCH_CANCEL_ONLY);
	assert_int_equal(reserved_count(w), 1);
	assert_true(is_recorded(w, "late_landing"));
	run_pass(w);
	assert_int_equal(told(w, "late_landings"), 0);
}

static void
a_reference_is_watched_for_seven_days(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1" });
	run_pass(w);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	now_ns += 7 * 24 * 3600 * NS_PER_S;
	scripted.answer = IAG_FIND_FOUND;
	scripted.finds = 0;
	run_pass(w);
	run_pass(w);
	assert_int_equal(scripted.finds, 0);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_true(is_recorded(w, "order_watch_ended"));
}

static void
another_connection_is_named_and_not_asked(void **state)
{
	struct world *w = *state;

	put_intent(
	    w, (struct spec){ .key = "k1", .connection = "cp https://other" });
	scripted.answer = IAG_FIND_FOUND;
	run_pass(w);
	assert_int_equal(scripted.finds, 0);
	assert_int_equal(told(w, "unresolved"), 1);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	run_resolve(w, "k1", NULL);
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_non_null(strstr(err_text(&w->err), "cp https://other"));
}

static void
a_writer_that_may_not_be_asked_is_named(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1" });
	scripted.fault = "it is not allowed";
	run_pass(w);
	assert_int_equal(scripted.finds, 0);
	run_resolve(w, "k1", "I looked");
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_non_null(
	    strstr(err_text(&w->err), "'scripted', which cannot be asked"));
}

static void
a_broker_that_fails_leaves_it_unknown(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1" });
	scripted.answer = 0;
	run_pass(w);
	assert_int_equal(told(w, "unresolved"), 1);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	scripted.answer = IAG_FIND_INCONCLUSIVE;
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
}

/* ---- changes of orders */

static void
a_cancel_is_seen_in_the_order(void **state)
{
	struct world *w = *state;
	const struct spec cancel = {
		.operation = OPERATION_CANCEL,
		.key = "c1",
		.id = "B-1",
	};

	put_row(w, "B-1");
	scripted.orders = "[{\"client_order_id\":\"k1\",\"broker_order_id\":"
			  "\"B-1\",\"status\":\"cancelled\"}]";
	put_intent(w, cancel);
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_CANCELLED;
	run_pass(w);
	assert_int_equal(state_of(w, "c1", ""), INTENT_DONE);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
}

static void
a_cancel_of_what_was_filled_is_refused(void **state)
{
	struct world *w = *state;

	put_intent(
	    w, (struct spec){
		   .operation = OPERATION_CANCEL, .key = "c1", .id = "B-1" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_FILLED;
	run_pass(w);
	assert_int_equal(state_of(w, "c1", ""), INTENT_REFUSED);
}

static void
inv4_an_order_that_works_on_was_not_cancelled(void **state)
{
	struct world *w = *state;

	put_intent(
	    w, (struct spec){
		   .operation = OPERATION_CANCEL, .key = "c1", .id = "B-1" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_OPEN;
	run_pass(w);
	assert_int_equal(state_of(w, "c1", ""), INTENT_UNKNOWN);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(state_of(w, "c1", ""), INTENT_REFUSED);
}

#define LISTED(limit)                                                      \
	"[{\"client_order_id\":\"k1\",\"broker_order_id\":\"B-1\","        \
	"\"status\":\"open\",\"quantity\":\"10\",\"limit_price\":\"" limit \
	"\",\"time_in_force\":\"day\"}]"

static void
put_modify(struct world *w)
{
	put_row(w, "B-1");
	put_intent(w, (struct spec){ .operation = OPERATION_MODIFY,
			  .key = "m1",
			  .id = "B-1",
			  .limit = "2.50" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_OPEN;
}

static void
a_change_is_seen_in_the_prices(void **state)
{
	struct world *w = *state;

	put_modify(w);
	scripted.orders = LISTED("2.5");
	run_pass(w);
	assert_int_equal(state_of(w, "m1", ""), INTENT_DONE);
}

static void
inv4_an_order_with_its_old_prices_was_not_changed(void **state)
{
	struct world *w = *state;

	put_modify(w);
	scripted.orders = LISTED("1.1");
	run_pass(w);
	assert_int_equal(state_of(w, "m1", ""), INTENT_UNKNOWN);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(state_of(w, "m1", ""), INTENT_REFUSED);
}

static void
prices_that_are_neither_prove_nothing(void **state)
{
	struct world *w = *state;

	put_modify(w);
	scripted.orders = LISTED("9");
	run_pass(w);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(state_of(w, "m1", ""), INTENT_UNKNOWN);
}

static void
a_bracket_follows_its_legs(void **state)
{
	struct world *w = *state;

	put_intent(
	    w, (struct spec){ .key = "g1", .operation = OPERATION_GROUP });
	put_intent(w, (struct spec){ .key = "g1", .leg = "parent" });
	put_intent(w, (struct spec){ .key = "g1", .leg = "take_profit" });
	put_intent(w, (struct spec){ .key = "g1", .leg = "stop_loss" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.id = NULL;
	run_pass(w);
	assert_int_equal(told(w, "settled"), 3);
	assert_int_equal(state_of(w, "g1", ""), INTENT_DONE);
	assert_int_equal(state_of(w, "g1", "stop_loss"), INTENT_DONE);
	run_pass(w);
	assert_false(is_noted(w, "bracket 'g1'"));
}

static void
inv4_a_bracket_is_done_when_a_leg_lands_late(void **state)
{
	struct world *w = *state;

	put_intent(
	    w, (struct spec){ .key = "g1", .operation = OPERATION_GROUP });
	put_intent(w, (struct spec){ .key = "g1", .leg = "parent" });
	run_pass(w);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(state_of(w, "g1", ""), INTENT_REFUSED);
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_OPEN;
	run_pass(w);
	assert_int_equal(told(w, "late_landings"), 1);
	assert_int_equal(state_of(w, "g1", "parent"), INTENT_DONE);
	assert_int_equal(state_of(w, "g1", ""), INTENT_DONE);
	run_pass(w);
	assert_int_equal(told(w, "late_landings"), 0);
}

static void
an_exit_that_works_without_its_entry_is_told(void **state)
{
	struct world *w = *state;

	put_intent(
	    w, (struct spec){ .key = "g1", .operation = OPERATION_GROUP });
	put_intent(
	    w, (struct spec){
		   .key = "g1", .leg = "parent", .state = INTENT_REFUSED });
	put_intent(w, (struct spec){ .key = "g1", .leg = "take_profit" });
	put_intent(w, (struct spec){ .key = "g1", .leg = "stop_loss" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.id = NULL;
	scripted.status = IAG_STATUS_OPEN;
	run_pass(w);
	assert_int_equal(state_of(w, "g1", ""), INTENT_DONE);
	assert_true(is_noted(w, "bracket 'g1', and the broker does not have "
				"its parent"));
}

/* Its old id is cancelled, but the order is not. */
static void
inv4_a_bracket_is_done_when_a_leg_works_under_a_new_id(void **state)
{
	struct world *w = *state;
	char id[] = "B-1";

	put_intent(
	    w, (struct spec){ .key = "g1", .operation = OPERATION_GROUP });
	put_intent(w, (struct spec){ .key = "g1", .leg = "parent" });
	put_intent(w, (struct spec){ .key = "g1", .leg = "take_profit" });
	leg_settle(w, "parent", INTENT_DONE, id);
	scripted.orders = "[{\"client_order_id\":\"g1\",\"broker_order_id\":"
			  "\"B-2\",\"status\":\"open\"}]";
	run_pass(w);
	scripted.orders = "[{\"client_order_id\":\"g1\",\"broker_order_id\":"
			  "\"A-3\",\"status\":\"open\"}]";
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
	assert_int_equal(status_of(w, "B-2"), IAG_STATUS_CANCELLED);
	assert_int_equal(status_of(w, "A-3"), IAG_STATUS_OPEN);
	leg_settle(w, "take_profit", INTENT_REFUSED, NULL);
	assert_int_equal(state_of(w, "g1", "take_profit"), INTENT_REFUSED);
	assert_int_equal(state_of(w, "g1", ""), INTENT_DONE);
}

/* The broker's own exits may take a while to go, but this one came. */
static void
inv4_a_native_bracket_is_done_when_an_exit_lands_late(void **state)
{
	struct world *w = *state;
	char id[] = "B-1";

	put_bracket(w);
	leg_settle(w, "parent", INTENT_DONE, id);
	leg_settle(w, "take_profit", INTENT_REFUSED, NULL);
	scripted.orders = "[{\"client_order_id\":\"g1\",\"broker_order_id\":"
			  "\"B-1\",\"status\":\"cancelled\"}]";
	run_pass(w);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(state_of(w, "g1", ""), INTENT_REFUSED);
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_OPEN;
	scripted.id = "B-3";
	run_pass(w);
	assert_int_equal(told(w, "late_landings"), 1);
	assert_int_equal(state_of(w, "g1", "stop_loss"), INTENT_DONE);
	assert_int_equal(state_of(w, "g1", ""), INTENT_DONE);
}

#define G1_IS(id, status, filled)                               \
	"{\"client_order_id\":\"g1\",\"broker_order_id\":\"" id \
	"\",\"status\":\"" status "\",\"filled_quantity\":\"" filled "\"}"

static void
a_torn_bracket_waits_no_longer_than_its_orders_work(void **state)
{
	struct world *w = *state;
	char entry[] = "B-1", exit[] = "B-2";

	put_bracket(w);
	leg_settle(w, "parent", INTENT_DONE, entry);
	leg_settle(w, "take_profit", INTENT_DONE, exit);
	scripted.orders = "[" G1_IS("B-1", "pending_cancel", "0") "]";
	run_pass(w);
	leg_settle(w, "stop_loss", INTENT_REFUSED, NULL);
	assert_int_equal(state_of(w, "g1", ""), INTENT_UNKNOWN);
	scripted.orders = "[" G1_IS("B-1", "cancelled", "0") "]";
	run_pass(w);
	scripted.orders = "[" G1_IS("B-2", "cancelled", "4") "]";
	run_pass(w);
	assert_int_equal(state_of(w, "g1", ""), INTENT_DONE);
}

/* ---- somebody else */

static int
refuse_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct world *w = arg;
	CLEANUP_INTENT struct intent intent;
	const struct settlement how = { .state = INTENT_REFUSED };
	int ret;

	intent_init(&intent);
	ret = intent_get(txn, w->hash, "k1", "", &intent, err);
	if (ret == 0)
		ret = settle_apply(w->desk, txn, &intent, &how, err);
	return ret ? ret : put_record(txn, err);
}

static void
settle_meanwhile(void *arg)
{
	struct world *w = arg;

	assert_int_equal(
	    journal_update(w->kit.journal, NULL, refuse_step, w, NULL), 0);
}

static void
inv4_what_is_settled_meanwhile_stays_so(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.during = settle_meanwhile;
	scripted.during_arg = w;
	run_pass(w);
	assert_int_equal(told(w, "settled"), 0);
	assert_int_equal(told(w, "unknown"), 0);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_int_equal(status_of(w, "B-1"), 0);
}

static void
one_process_reconciles_at_a_time(void **state)
{
	struct world *w = *state;
	struct store_guard *guard;
	struct order_call call = call_begin(w, 20 * NS_PER_S);
	struct buf out = BUF_INIT;

	put_intent(w, (struct spec){ .key = "k1" });
	assert_int_equal(journal_guard_take(w->kit.journal, call.call,
			     GUARD_RECONCILER, true, &guard, NULL),
	    0);
	call.is_operator = false; /* the reconciler's thread does not wait */
	w->ret = reconcile_pass(&call, NULL, &out, &w->err);
	call_end(w, &call, &out);
	assert_int_equal(w->ret, 0);
	assert_true(json_get_bool(w->result, "busy", false));
	assert_int_equal(scripted.finds, 0);
	journal_guard_drop(guard);
	run_pass(w);
	assert_false(json_get_bool(w->result, "busy", true));
	assert_int_equal(scripted.finds, 1);
}

/* ---- orders */

static void
inv4_orders_are_followed_until_they_end(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.orders = LISTED("1.10");
	run_pass(w);
	assert_int_equal(told(w, "transitions"), 1);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_OPEN);
	run_pass(w);
	assert_int_equal(told(w, "unchanged"), 1);
	assert_int_equal(told(w, "transitions"), 0);
	scripted.orders = "[{\"broker_order_id\":\"B-1\",\"status\":\"filled\","
			  "\"filled_quantity\":\"10\"}]";
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
	assert_true(is_recorded(w, "paper_order_lifecycle_changed"));
	scripted.orders = LISTED("1.10");
	scripted.lists = 0;
	run_pass(w);
	assert_int_equal(scripted.lists, 0);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
}

static void
a_fill_in_part_is_news(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.orders = LISTED("1.10");
	run_pass(w);
	scripted.orders = "[{\"broker_order_id\":\"B-1\",\"status\":\"open\","
			  "\"filled_quantity\":\"4\"}]";
	run_pass(w);
	assert_int_equal(told(w, "transitions"), 1);
	run_pass(w);
	assert_int_equal(told(w, "transitions"), 0);
}

static void
an_order_that_is_not_listed_is_looked_for(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	run_pass(w);
	assert_int_equal(told(w, "unresolved"), 1);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_CANCELLED;
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
}

static void
an_order_with_a_new_id_is_followed_under_it(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.orders = "[{\"client_order_id\":\"k1\",\"broker_order_id\":"
			  "\"B-2\",\"status\":\"open\"}]";
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
	assert_int_equal(status_of(w, "B-2"), IAG_STATUS_OPEN);
}

#define K1_IS(id, status)                                       \
	"{\"client_order_id\":\"k1\",\"broker_order_id\":\"" id \
	"\",\"status\":\"" status "\"}"

/* A row that ended with a rename says nothing of the order's end. */
static void
an_order_that_gets_a_former_id_again_is_followed_under_it(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.orders = "[" K1_IS("B-2", "open") "]";
	run_pass(w);
	for (int i = 0; i < 2; i++) {
		scripted.orders = "[" K1_IS("B-1", "open") "]";
		run_pass(w);
		assert_int_equal(told(w, "transitions"), 1);
		assert_int_equal(status_of(w, "B-1"), IAG_STATUS_OPEN);
		assert_int_equal(status_of(w, "B-2"), IAG_STATUS_CANCELLED);
		run_pass(w);
		assert_int_equal(told(w, "scanned"), 1);
		assert_int_equal(told(w, "unchanged"), 1);
		scripted.orders = "[" K1_IS("B-2", "open") "]";
		run_pass(w);
		assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
		assert_int_equal(status_of(w, "B-2"), IAG_STATUS_OPEN);
	}
	scripted.orders = "[" K1_IS("B-1", "filled") "]";
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
	assert_int_equal(status_of(w, "B-2"), IAG_STATUS_CANCELLED);
	run_pass(w);
	assert_int_equal(told(w, "scanned"), 0);
	assert_true(kit_verify(&w->kit, AUDIT_VERIFY_STATE).valid);
}

/* Brokers list the id that was given up as cancelled, beside the new one. */
static void
inv4_an_order_lives_while_only_its_former_id_is_cancelled(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.orders =
	    "[" K1_IS("B-1", "cancelled") "," K1_IS("B-2", "open") "]";
	run_pass(w);
	assert_int_equal(status_of(w, "B-2"), IAG_STATUS_OPEN);
	run_pass(w);
	assert_int_equal(status_of(w, "B-2"), IAG_STATUS_OPEN);
	assert_int_equal(told(w, "unchanged"), 1);
	scripted.orders = "[" K1_IS("B-1", "cancelled") "]";
	run_pass(w);
	assert_int_equal(status_of(w, "B-2"), IAG_STATUS_OPEN);
	assert_int_equal(told(w, "unresolved"), 1);
	assert_true(is_noted(w, "id 'B-1' for it, a former one"));
	scripted.orders = "[" K1_IS("B-2", "cancelled") "]";
	run_pass(w);
	assert_int_equal(status_of(w, "B-2"), IAG_STATUS_CANCELLED);
}

/* A status that nobody knows is no end. */
static void
inv4_an_order_lives_while_its_new_id_has_an_unknown_status(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.orders =
	    "[" K1_IS("B-1", "cancelled") "," K1_IS("B-2", "unknown") "]";
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
	assert_int_equal(told(w, "unresolved"), 1);
}

/* The order got another id while its cancel was under way. */
static void
inv4_a_cancel_by_a_former_id_ends_nothing(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	put_intent(
	    w, (struct spec){
		   .operation = OPERATION_CANCEL, .key = "c1", .id = "B-1" });
	scripted.orders =
	    "[" K1_IS("B-1", "cancelled") "," K1_IS("B-2", "open") "]";
	run_pass(w);
	assert_int_equal(state_of(w, "c1", ""), INTENT_UNKNOWN);
	assert_int_equal(status_of(w, "B-2"), IAG_STATUS_OPEN);
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_CANCELLED;
	run_pass(w);
	assert_int_equal(state_of(w, "c1", ""), INTENT_DONE);
	assert_int_equal(status_of(w, "B-2"), IAG_STATUS_OPEN);
	scripted.orders = "[" K1_IS("B-2", "cancelled") "]";
	run_pass(w);
	assert_int_equal(status_of(w, "B-2"), IAG_STATUS_CANCELLED);
}

static void
inv4_an_order_with_the_id_of_another_one_is_unknown(void **state)
{
	struct world *w = *state;

	put_row_of(w, "B-1", "k2");
	put_intent(w, (struct spec){ .key = "k1" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_FILLED;
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	assert_true(is_noted(w, "names another order"));
	assert_true(row_is_of(w, "B-1", "k2"));
}

static void
inv4_a_change_that_names_another_order_is_unknown(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	put_row_of(w, "B-2", "k2");
	put_intent(w, (struct spec){ .operation = OPERATION_MODIFY,
			  .key = "m1",
			  .id = "B-1",
			  .limit = "2.50" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_OPEN;
	scripted.id = "B-2";
	scripted.orders = "[{\"client_order_id\":\"k2\",\"broker_order_id\":"
			  "\"B-2\",\"status\":\"open\",\"quantity\":\"10\","
			  "\"limit_price\":\"2.5\",\"time_in_force\":\"day\"}]";
	for (int i = 0; i < 2; i++) {
		run_pass(w);
		assert_int_equal(state_of(w, "m1", ""), INTENT_UNKNOWN);
		assert_int_equal(told(w, "unknown"), 1);
		assert_true(is_noted(w, "names another order"));
		assert_true(row_is_of(w, "B-2", "k2"));
	}
}

/* Of two orders of ours, one is told to have the other's id. */
static void
inv4_no_order_takes_the_row_of_another_one(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	put_row_of(w, "B-2", "k2");
	scripted.orders =
	    "[{\"client_order_id\":\"k1\",\"broker_order_id\":\"B-2\","
	    "\"status\":\"open\"},"
	    "{\"client_order_id\":\"k2\",\"broker_order_id\":\"B-2\","
	    "\"status\":\"submitted\"}]";
	run_pass(w);
	assert_true(row_is_of(w, "B-1", "k1"));
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
	assert_true(row_is_of(w, "B-2", "k2"));
	assert_int_equal(told(w, "unresolved"), 1);
	assert_non_null(
	    strstr(json_object_to_json_string(json_get(w->result, "notes")),
		"another order"));
}

static void
what_is_no_id_does_not_end_the_pass(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.orders = "[{\"client_order_id\":\"k1\",\"broker_order_id\":"
			  "\"\",\"status\":\"filled\"}]";
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
}

static void
a_row_that_is_missing_is_made_again(void **state)
{
	struct world *w = *state;

	put_intent(
	    w, (struct spec){ .key = "k1", .state = INTENT_DONE, .id = "B-1" });
	put_intent(w, (struct spec){ .key = "k2", .state = INTENT_REFUSED });
	scripted.orders = LISTED("1.10");
	run_pass(w);
	assert_int_equal(told(w, "rebuilt"), 1);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_OPEN);
	run_pass(w);
	assert_int_equal(told(w, "rebuilt"), 0);
}

static void
passes_in_a_row_look_for_missing_rows_once(void **state)
{
	struct world *w = *state;
	struct reconcile_memory memory = { .rows_done = false };
	struct order_call call;
	struct buf out = BUF_INIT;

	for (unsigned i = 0; i < 2; i++) {
		/* the second one appears behind the search */
		put_intent(w, (struct spec){ .key = i ? "k2" : "k1",
				  .state = INTENT_DONE,
				  .id = i ? "B-2" : "B-1" });
		call = call_begin(w, 20 * NS_PER_S);
		w->ret = reconcile_pass(&call, &memory, &out, &w->err);
		call_end(w, &call, &out);
		assert_int_equal(told(w, "rebuilt"), i == 0);
		assert_true(memory.rows_done);
	}
	reconcile_memory_fini(&memory);
	run_pass(w);
	assert_int_equal(told(w, "rebuilt"), 1);
}

/* ---- an adopted store */

static int
adopt_step(struct journal_txn *txn, void *arg, struct err *err)
{
	int ret = txn_put(txn, TABLE_STATE,
	    (struct iag_bytes){ "journal/reconcile", 17 },
	    (struct iag_bytes){ "{}", 2 }, err);

	(void)arg;
	return ret ? ret : put_record(txn, err);
}

static int
waits_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct iag_bytes value;

	(void)arg;
	return txn_get(txn, TABLE_STATE,
	    (struct iag_bytes){ "journal/reconcile", 17 }, &value, err);
}

static bool
is_waiting(struct world *w)
{
	return journal_view(w->kit.journal, waits_step, NULL, NULL) == 0;
}

static void
an_adopted_store_opens_after_one_complete_pass(void **state)
{
	struct world *w = *state;

	assert_int_equal(
	    journal_update(w->kit.journal, NULL, adopt_step, NULL, NULL), 0);
	put_intent(w, (struct spec){ .key = "k1" });
	scripted.answer = 0;
	run_pass(w);
	assert_true(is_waiting(w));
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_FILLED;
	run_pass(w);
	assert_false(is_waiting(w));
	assert_true(is_recorded(w, "store_reconciled"));
}

static void
give_up(void *arg)
{
	call_cancel(((struct order_call *)arg)->call);
}

/* A pass with time for one question. */
static void
run_short_pass(struct world *w)
{
	struct order_call call = call_begin(w, 20 * NS_PER_S);
	struct buf out = BUF_INIT;

	scripted.during = give_up;
	scripted.during_arg = &call;
	w->ret = reconcile_pass(&call, NULL, &out, &w->err);
	scripted.during = NULL;
	call_end(w, &call, &out);
	assert_int_equal(w->ret, 0);
}

static void
an_adopted_store_opens_after_passes_that_asked_a_part_each(void **state)
{
	static const char *const keys[] = { "k1", "k2", "k3" };
	struct world *w = *state;

	assert_int_equal(
	    journal_update(w->kit.journal, NULL, adopt_step, NULL, NULL), 0);
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		put_intent(
		    w, (struct spec){ .key = keys[i], .mode = IAG_MODE_LIVE });
	/* it does not go on behind one that could not be asked about */
	scripted.answer = 0;
	run_short_pass(w);
	assert_false(is_recorded(w, "store_reconcile_advanced"));
	/* all stay unknown, after a look each */
	scripted.answer = IAG_FIND_ABSENT;
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
		assert_true(is_waiting(w));
		run_short_pass(w);
	}
	assert_false(is_waiting(w));
	assert_true(is_recorded(w, "store_reconcile_advanced"));
	assert_int_equal(told(w, "settled"), 0);
	assert_int_equal(scripted.finds, 4);
}

/* ---- pending */

static void
pending_says_what_may_be_and_what_to_do(void **state)
{
	struct world *w = *state;
	struct order_call call;
	struct buf out = BUF_INIT;
	struct json_object *row;

	put_intent(w, (struct spec){ .key = "k1", .mode = IAG_MODE_LIVE });
	put_intent(w, (struct spec){ .key = "k2", .state = INTENT_DONE });
	call = call_begin(w, 20 * NS_PER_S);
	w->ret = reconcile_pending(&call, ACCOUNT, &out, &w->err);
	call_end(w, &call, &out);
	assert_int_equal(
	    json_object_array_length(json_get(w->result, "pending")), 1);
	row = json_object_array_get_idx(json_get(w->result, "pending"), 0);
	assert_string_equal(json_get_str(row, "sender", ""), "gone");
	assert_non_null(
	    strstr(json_get_str(row, "what_to_do", ""), "orders resolve k1"));
	assert_int_equal(scripted.finds, 0);
	call = call_begin(w, 20 * NS_PER_S);
	w->ret = reconcile_pending(&call, "DU7654321", &out, &w->err);
	call_end(w, &call, &out);
	assert_int_equal(
	    json_object_array_length(json_get(w->result, "pending")), 0);
}

static void
a_key_that_was_never_used_is_said_so(void **state)
{
	struct world *w = *state;

	run_resolve(w, "k9", NULL);
	assert_int_equal(w->err.code, ERR_INPUT_INVALID);
	assert_non_null(strstr(err_text(&w->err), "nothing was sent"));
}

/* ---- the thread */

static void
pass_began(void *arg)
{
	(void)sem_post(arg);
}

/* A look that has begun is ended before it stops. */
static void
the_thread_makes_a_pass_and_stops(void **state)
{
	struct world *w = *state;
	struct reconciler *reconciler;
	sem_t began;

	assert_int_equal(sem_init(&began, 0, 0), 0);
	put_intent(w, (struct spec){ .key = "k1" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_FILLED;
	scripted.during = pass_began;
	scripted.during_arg = &began;
	assert_int_equal(reconciler_start(w->desk, &reconciler, NULL), 0);
	assert_int_equal(sem_wait(&began), 0);
	reconciler_stop(reconciler);
	assert_int_equal(state_of(w, "k1", ""), INTENT_DONE);
	(void)sem_destroy(&began);
	reconciler_stop(NULL);
}

#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(inv2_an_intent_of_a_living_owner_is_left_alone),
		CASE(inv4_what_the_broker_has_becomes_done),
		CASE(what_the_broker_refused_is_refused),
		CASE(inv4_paper_absence_needs_two_reads),
		CASE(inv4_what_goes_on_without_its_caller_is_not_absent),
		CASE(inv4_a_read_that_covers_no_known_time_proves_nothing),
		CASE(inv4_a_look_counts_from_behind_the_send),
		CASE(inv4_the_reads_are_apart_however_long_they_take),
		CASE(inv4_a_trade_stands_against_absence),
		CASE(inv4_a_late_landing_is_done_and_narrows_the_switch),
		CASE(a_reference_is_watched_for_seven_days),
		CASE(another_connection_is_named_and_not_asked),
		CASE(a_writer_that_may_not_be_asked_is_named),
		CASE(a_broker_that_fails_leaves_it_unknown),
		CASE(a_cancel_is_seen_in_the_order),
		CASE(a_cancel_of_what_was_filled_is_refused),
		CASE(inv4_an_order_that_works_on_was_not_cancelled),
		CASE(a_change_is_seen_in_the_prices),
		CASE(inv4_an_order_with_its_old_prices_was_not_changed),
		CASE(prices_that_are_neither_prove_nothing),
		CASE(a_bracket_follows_its_legs),
		CASE(an_exit_that_works_without_its_entry_is_told),
		CASE(inv4_a_bracket_is_done_when_a_leg_lands_late),
		CASE(inv4_a_bracket_is_done_when_a_leg_works_under_a_new_id),
		CASE(a_torn_bracket_waits_no_longer_than_its_orders_work),
		CASE(inv4_a_native_bracket_is_done_when_an_exit_lands_late),
		CASE(inv4_what_is_settled_meanwhile_stays_so),
		CASE(one_process_reconciles_at_a_time),
		CASE(inv4_orders_are_followed_until_they_end),
		CASE(a_fill_in_part_is_news),
		CASE(an_order_that_is_not_listed_is_looked_for),
		CASE(an_order_with_a_new_id_is_followed_under_it),
		CASE(an_order_that_gets_a_former_id_again_is_followed_under_it),
		CASE(inv4_an_order_lives_while_only_its_former_id_is_cancelled),
		CASE(
		    inv4_an_order_lives_while_its_new_id_has_an_unknown_status),
		CASE(inv4_a_cancel_by_a_former_id_ends_nothing),
		CASE(inv4_an_order_with_the_id_of_another_one_is_unknown),
		CASE(inv4_a_change_that_names_another_order_is_unknown),
		CASE(inv4_no_order_takes_the_row_of_another_one),
		CASE(what_is_no_id_does_not_end_the_pass),
		CASE(a_row_that_is_missing_is_made_again),
		CASE(passes_in_a_row_look_for_missing_rows_once),
		CASE(an_adopted_store_opens_after_one_complete_pass),
		CASE(
		    an_adopted_store_opens_after_passes_that_asked_a_part_each),
		CASE(pending_says_what_may_be_and_what_to_do),
		CASE(a_key_that_was_never_used_is_said_so),
		CASE(the_thread_makes_a_pass_and_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Orders that no list shows: what proves their end, and whose word ends them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "orders/departed.h"
#include "reconcile-kit.h"
#include "scripted-writer.h"

#define DAY_NS (UINT64_C(86400) * NS_PER_S)

/* ---- pure */

static void
inv4_what_was_not_answered_in_full_proves_nothing(void **state)
{
	const struct {
		struct departed_facts facts;
		enum departed_end end;
		uint32_t status;
	} cases[] = {
		{ { .list_is_complete = true,
		      .find_is_absent = true,
		      .is_asked = true },
		    DEPARTED_UNSHOWN, 0 },
		{ { .find_is_absent = true, .is_asked = true },
		    DEPARTED_UNCLEAR, 0 },
		{ { .list_is_complete = true, .is_asked = true },
		    DEPARTED_UNCLEAR, 0 },
		{ { .list_is_complete = true, .find_is_absent = true },
		    DEPARTED_UNCLEAR, 0 },
		/* what is said counts, whatever was not asked */
		{ { .status = IAG_STATUS_CANCELLED }, DEPARTED_TOLD,
		    IAG_STATUS_CANCELLED },
		{ { .status = IAG_STATUS_OPEN }, DEPARTED_TOLD,
		    IAG_STATUS_OPEN },
		{ { .is_filled = true }, DEPARTED_TOLD, IAG_STATUS_FILLED },
	};
	uint32_t status;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(
		    departed_judge(&cases[i].facts, &status), cases[i].end);
		assert_int_equal(status, cases[i].status);
	}
}

#define TRADE_AT(id, ref, order, quantity, side, contract)              \
	"{\"execution_id\":\"" id "\",\"client_order_id\":\"" ref       \
	"\",\"broker_order_id\":\"" order "\",\"quantity\":\"" quantity \
	"\",\"side\":\"" side "\",\"contract_id\":\"" contract "\"}"
#define TRADE(id, ref, quantity) \
	TRADE_AT(id, ref, "B-1", quantity, "buy", "265598")
#define NAMELESS(id, order, quantity)                               \
	"{\"execution_id\":\"" id "\",\"broker_order_id\":\"" order \
	"\",\"quantity\":\"" quantity "\",\"side\":\"buy\"}"

static void
inv4_each_execution_of_the_order_counts_once(void **state)
{
	static const struct {
		const char *trades, *sum;
	} cases[] = {
		{ "[]", "0" },
		{ "[" TRADE("a.01", "k1", "4") "," TRADE("b.01", "k1", "6") "]",
		    "10" },
		/* twice the same, and one that corrects another */
		{ "[" TRADE("a.01", "k1", "4") "," TRADE("a.01", "k1", "4") "]",
		    "4" },
		{ "[" TRADE("0.a.02", "k1", "5") "," TRADE(
		      "0.a.01", "k1", "4") "]",
		    "5" },
		/* another order's, though under an id that was this one's */
		{ "[" TRADE("a.01", "k2", "4") "]", "0" },
		{ "[" TRADE_AT("a.01", "k1", "B-1", "4", "sell", "265598") "]",
		    "0" },
		{ "[" TRADE_AT("a.01", "k1", "B-1", "4", "buy", "1") "]", "0" },
		/* by its reference under another id; without any, by the id */
		{ "[" TRADE_AT("a.01", "k1", "B-9", "4", "buy", "265598") "]",
		    "4" },
		{ "[" NAMELESS("a.01", "B-1", "4") "]", "4" },
		{ "[" NAMELESS("a.01", "B-2", "4") "]", "0" },
		{ "[{\"execution_id\":\"a\",\"client_order_id\":\"k1\"}]",
		    "0" },
	};
	char ref[] = "k1", id[] = "B-1", contract[] = "265598";
	const struct order_row row = {
		.client_ref = ref,
		.broker_order_id = id,
		.order = { .contract_id = contract, .side = IAG_SIDE_BUY },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		CLEANUP_JSON struct json_object *trades = NULL;
		CLEANUP_BUF struct buf text = BUF_INIT;
		CLEANUP_DEC struct dec sum;

		dec_init(&sum);
		assert_int_equal(
		    json_parse(cases[i].trades, strlen(cases[i].trades),
			&json_bounds_default, &trades, NULL),
		    0);
		departed_sum(trades, &row, &sum);
		assert_int_equal(dec_format_normal(&text, &sum, NULL), 0);
		assert_string_equal(buf_text(&text), cases[i].sum);
	}
}

/* ---- the broker's word */

static void
inv4_trades_of_the_whole_order_prove_that_it_was_filled(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	now_ns += DAY_NS;
	scripted.trades = "[" TRADE("a.01", "k1", "4") "]";
	run_pass(w);
	assert_int_equal(told(w, "unresolved"), 1);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
	scripted.trades =
	    "[" TRADE("a.01", "k1", "4") "," TRADE("b.01", "k1", "6.0") "]";
	run_pass(w);
	assert_int_equal(told(w, "unresolved"), 0);
	assert_int_equal(told(w, "transitions"), 1);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
	run_pass(w);
	assert_int_equal(told(w, "scanned"), 0);
}

/* More than the whole: it is not the order that the journal has. */
static void
inv4_trades_of_more_than_the_order_prove_nothing(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.trades = "[" TRADE("a.01", "k1", "11") "]";
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
}

static void
inv4_what_is_the_whole_is_not_known_while_a_change_is_open(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	put_intent(w, (struct spec){ .operation = OPERATION_MODIFY,
			  .key = "m1",
			  .state = INTENT_UNKNOWN,
			  .id = "B-1",
			  .limit = "2.50" });
	scripted.trades = "[" TRADE("a.01", "k1", "10") "]";
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
}

#define BY_ID(status)                                                       \
	"{\"broker_order_id\":\"B-1\",\"contract_id\":\"265598\",\"side\":" \
	"\"buy\",\"status\":\"" status "\",\"filled_quantity\":\"3\"}"

static void
a_status_by_its_id_is_the_brokers_word(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.by_id = BY_ID("open");
	run_pass(w);
	assert_int_equal(told(w, "unresolved"), 0);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_OPEN);
	scripted.by_id = BY_ID("cancelled");
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
}

/* Brokers call an id cancelled that they have given up for another one. */
static void
inv4_a_former_id_that_is_cancelled_is_no_end(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.by_id = BY_ID("cancelled");
	scripted.is_partial = true;
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
	scripted.is_partial = false;
	put_intent(w, (struct spec){ .operation = OPERATION_MODIFY,
			  .key = "m1",
			  .state = INTENT_UNKNOWN,
			  .id = "B-1",
			  .limit = "2.50" });
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
	assert_true(is_noted(w, "may have another one by now"));
}

/* Of another size, it may be in the part of the list that is not there. */
static void
inv4_trades_prove_nothing_beside_a_list_that_is_cut(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.trades = "[" TRADE("a.01", "k1", "10") "]";
	scripted.is_partial = true;
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
	scripted.is_partial = false;
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
}

/* The broker may use an id again. */
static void
inv4_a_status_of_another_order_proves_nothing(void **state)
{
	static const char *const others[] = {
		"{\"broker_order_id\":\"B-1\",\"contract_id\":\"1\","
		"\"side\":\"buy\",\"status\":\"filled\"}",
		"{\"broker_order_id\":\"B-1\",\"side\":\"sell\","
		"\"status\":\"filled\"}",
		"{\"broker_order_id\":\"B-2\",\"status\":\"filled\"}",
		"{\"broker_order_id\":\"B-1\",\"client_order_id\":\"k2\","
		"\"status\":\"filled\"}",
	};
	struct world *w = *state;

	put_row(w, "B-1");
	for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
		scripted.by_id = others[i];
		run_pass(w);
		assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
	}
}

static void
a_note_says_how_it_is_ended(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	run_pass(w);
	assert_true(
	    is_noted(w, "run: ibkr-agent orders resolve k1 --account " ACCOUNT
			" --accept-absent --reason TEXT"));
	/* but not before all have answered */
	scripted.is_mute = true;
	run_pass(w);
	assert_true(is_noted(w, "is in no list: no answer today"));
	assert_false(is_noted(w, "--accept-absent"));
	scripted.is_mute = false;
	scripted.is_partial = true;
	run_pass(w);
	assert_true(is_noted(w, "list of orders is not complete"));
	assert_false(is_noted(w, "--accept-absent"));
}

/* A server looks every few seconds, and the broker answers so many a minute. */
static void
what_was_asked_a_moment_ago_is_not_asked_again(void **state)
{
	struct world *w = *state;
	struct reconcile_memory memory = { .skips_watched = true };
	struct order_call call = call_begin(w, 20 * NS_PER_S);
	struct buf out = BUF_INIT;

	put_row(w, "B-1");
	scripted.trades = "[" TRADE("a.01", "k1", "10") "]";
	w->ret = reconcile_pass(&call, &memory, &out, &w->err);
	call_end(w, &call, &out);
	reconcile_memory_fini(&memory);
	assert_int_equal(told(w, "unresolved"), 1);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
}

static void
what_nothing_shows_costs_a_list_alone(void **state)
{
	struct world *w = *state;
	struct reconcile_memory memory = { .skips_watched = true };
	struct order_call call;
	struct buf out = BUF_INIT;
	unsigned finds;

	put_row(w, "B-1");
	run_pass(w);
	finds = scripted.finds;
	call = call_begin(w, 20 * NS_PER_S);
	w->ret = reconcile_pass(&call, &memory, &out, &w->err);
	call_end(w, &call, &out);
	reconcile_memory_fini(&memory);
	assert_int_equal(told(w, "unresolved"), 1);
	assert_true(is_noted(w, "orders resolve k1"));
	assert_int_equal(scripted.finds, finds);
	run_pass(w);
	assert_int_equal(scripted.finds, finds + 1);
}

static const char *
pending_text(struct world *w, const char *member)
{
	struct order_call call = call_begin(w, 2 * NS_PER_S);
	struct buf out = BUF_INIT;

	w->ret = reconcile_pending(&call, NULL, &out, &w->err);
	call_end(w, &call, &out);
	return json_get_str(
	    json_object_array_get_idx(json_get(w->result, "pending"), 0),
	    member, NULL);
}

static void
pending_has_what_the_broker_does_not_show(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	assert_null(pending_text(w, "broker_order_id"));
	scripted.is_mute = true;
	run_pass(w);
	assert_null(pending_text(w, "broker_order_id"));
	scripted.is_mute = false;
	run_pass(w);
	assert_string_equal(pending_text(w, "broker_order_id"), "B-1");
	assert_non_null(
	    strstr(pending_text(w, "what_to_do"), "orders resolve k1"));
	/* it is shown again, as it was */
	scripted.orders = "[{\"client_order_id\":\"k1\",\"broker_order_id\":"
			  "\"B-1\",\"status\":\"submitted\"}]";
	run_pass(w);
	assert_null(pending_text(w, "broker_order_id"));
	run_pass(w);
	assert_int_equal(told(w, "unchanged"), 1);
}

static void
give_up(void *arg)
{
	const struct order_call *call = arg;

	call_cancel(call->call);
}

/* A pass with time for one question. */
static void
run_short_pass(struct world *w, struct reconcile_memory *memory)
{
	struct order_call call = call_begin(w, 20 * NS_PER_S);
	struct buf out = BUF_INIT;

	scripted.during = give_up;
	scripted.during_arg = &call;
	w->ret = reconcile_pass(&call, memory, &out, &w->err);
	scripted.during = NULL;
	call_end(w, &call, &out);
	assert_int_equal(w->ret, 0);
}

/* Questions take time, the list is there. */
static void
what_the_list_shows_waits_for_none_that_it_does_not(void **state)
{
	struct world *w = *state;

	put_row_of(w, "B-1", "k1");
	put_row_of(w, "B-2", "k2");
	scripted.orders = "[{\"client_order_id\":\"k2\",\"broker_order_id\":"
			  "\"B-2\",\"status\":\"filled\"}]";
	run_short_pass(w, NULL);
	assert_int_equal(scripted.finds, 1);
	assert_int_equal(status_of(w, "B-2"), IAG_STATUS_FILLED);
}

/* What nothing shows stays for days, and those behind it have their turn. */
static void
each_that_no_list_shows_has_its_turn(void **state)
{
	struct world *w = *state;
	struct reconcile_memory memory = { .skips_watched = false };

	put_row_of(w, "B-1", "k1");
	put_row_of(w, "B-2", "k2");
	put_row_of(w, "B-3", "k3");
	scripted.trades = "[" TRADE("a.01", "k3", "10") "]";
	for (int i = 0; i < 3; i++) {
		assert_int_equal(status_of(w, "B-3"), IAG_STATUS_SUBMITTED);
		run_short_pass(w, &memory);
		assert_int_equal(told(w, "unresolved"), i < 2 ? 3 : 2);
	}
	reconcile_memory_fini(&memory);
	assert_int_equal(status_of(w, "B-3"), IAG_STATUS_FILLED);
}

/* ---- the operator's word */

static void
put_order(struct world *w)
{
	put_row(w, "B-1");
	put_intent(
	    w, (struct spec){ .key = "k1", .state = INTENT_DONE, .id = "B-1" });
}

static const char *
look_of(struct world *w)
{
	struct json_object *rows = json_get(w->result, "orders");

	return json_get_str(json_object_array_get_idx(rows, 0), "look", "");
}

static void
inv4_the_operators_word_ends_what_nothing_shows(void **state)
{
	struct world *w = *state;

	put_order(w);
	now_ns += DAY_NS;
	scripted.trades = "[" TRADE("a.01", "k1", "4") "]";
	run_resolve(w, "k1", NULL);
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_non_null(strstr(err_user_action(&w->err), "--accept-absent"));
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
	assert_false(is_recorded(w, "order_absence_accepted"));
	run_resolve(w, "k1", "it was for the day");
	assert_int_equal(w->ret, 0);
	assert_string_equal(look_of(w), "accepted");
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
	assert_true(is_recorded(w, "order_absence_accepted"));
	assert_int_equal(state_of(w, "k1", ""), INTENT_DONE);
	run_pass(w);
	assert_int_equal(told(w, "unresolved"), 0);
	/* once is enough */
	run_resolve(w, "k1", NULL);
	assert_int_equal(w->ret, 0);
	assert_null(json_get(w->result, "orders"));
}

static void
inv4_the_operators_word_stands_not_against_the_brokers(void **state)
{
	struct world *w = *state;

	put_order(w);
	scripted.orders = "[{\"client_order_id\":\"k1\",\"broker_order_id\":"
			  "\"B-1\",\"status\":\"open\"}]";
	run_resolve(w, "k1", NULL);
	assert_int_equal(w->ret, 0);
	assert_string_equal(look_of(w), "works");
	run_resolve(w, "k1", "I know");
	assert_int_equal(w->err.code, ERR_ORDER_VALIDATION_FAILED);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_OPEN);
	scripted.orders = "[]";
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_OPEN;
	run_resolve(w, "k1", "I know");
	assert_int_equal(w->err.code, ERR_ORDER_VALIDATION_FAILED);
	scripted.answer = IAG_FIND_ABSENT;
	scripted.by_id = BY_ID("open");
	run_resolve(w, "k1", "I know");
	assert_int_equal(w->err.code, ERR_ORDER_VALIDATION_FAILED);
	/* how it ended is the broker's word, where there is one */
	scripted.by_id = BY_ID("filled");
	run_resolve(w, "k1", "I know");
	assert_int_equal(w->ret, 0);
	assert_string_equal(look_of(w), "ended");
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
	assert_false(is_recorded(w, "order_absence_accepted"));
}

static void
inv4_what_was_not_shown_stays_open_until_the_broker_is_asked(void **state)
{
	struct world *w = *state;

	put_order(w);
	now_ns += DAY_NS;
	/* nothing was missed yet */
	scripted.is_partial = true;
	run_resolve(w, "k1", NULL);
	assert_int_equal(w->ret, 0);
	assert_string_equal(look_of(w), "unclear");
	scripted.is_partial = false;
	run_resolve(w, "k1", NULL);
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	scripted.is_partial = true;
	run_resolve(w, "k1", NULL);
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_non_null(strstr(err_text(&w->err), "not complete"));
}

static void
not_now(struct world *w)
{
	run_resolve(w, "k1", "I know");
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
}

static void
inv4_the_operators_word_needs_the_brokers_silence_in_full(void **state)
{
	struct world *w = *state;

	put_order(w);
	scripted.orders = NULL;
	not_now(w);
	scripted.orders = "[]";
	scripted.is_partial = true;
	not_now(w);
	scripted.is_partial = false;
	scripted.is_cold = true;
	not_now(w);
	scripted.is_cold = false;
	scripted.answer = IAG_FIND_INCONCLUSIVE;
	not_now(w);
	scripted.answer = 0;
	not_now(w);
	scripted.answer = IAG_FIND_ABSENT;
	scripted.is_mute = true;
	not_now(w);
	scripted.is_mute = false;
	scripted.trades = NULL;
	not_now(w);
	scripted.trades = "[]";
	scripted.is_cut = true;
	not_now(w);
	scripted.is_cut = false;
	scripted.fault = "it is not configured";
	not_now(w);
	scripted.fault = NULL;
	/* lists lag behind */
	scripted.max_flight_ns = 60 * NS_PER_S;
	not_now(w);
	now_ns += 60 * NS_PER_S;
	run_resolve(w, "k1", "I know");
	assert_int_equal(w->ret, 0);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
}

/* Brokers keep trades for a week, orders may work for months. */
static void
trades_of_long_ago_are_not_waited_for(void **state)
{
	struct world *w = *state;

	put_order(w);
	now_ns += 30 * DAY_NS;
	scripted.kept_ns = now_ns - 7 * DAY_NS;
	run_resolve(w, "k1", "I know");
	assert_int_equal(w->ret, 0);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
}

static void
inv4_the_operators_word_waits_for_an_open_change(void **state)
{
	struct world *w = *state;

	put_order(w);
	put_intent(w, (struct spec){ .operation = OPERATION_MODIFY,
			  .key = "m1",
			  .state = INTENT_UNKNOWN,
			  .id = "B-1",
			  .limit = "2.50" });
	not_now(w);
	assert_non_null(strstr(err_text(&w->err), "a modify of it"));
	/* that ends first */
	run_resolve(w, "m1", "I know");
	now_ns += ABSENCE_APART_NS;
	run_resolve(w, "m1", "I know");
	assert_int_equal(state_of(w, "m1", ""), INTENT_REFUSED);
	run_resolve(w, "k1", "I know");
	assert_int_equal(w->ret, 0);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
}

/* The rule of what was held to be absent (ruling 4). */
static void
inv4_what_turns_up_again_works_and_narrows_the_switch(void **state)
{
	struct world *w = *state;

	put_order(w);
	run_resolve(w, "k1", "I know");
	assert_int_equal(w->ret, 0);
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_CANCELLED;
	run_pass(w);
	assert_int_equal(told(w, "late_landings"), 0);
	scripted.status = IAG_STATUS_OPEN;
	run_pass(w);
	assert_int_equal(told(w, "late_landings"), 1);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_OPEN);
	assert_int_equal(paper_switch(w), SWITCH_CANCEL_ONLY);
	assert_true(is_recorded(w, "late_landing"));
	/* it is followed again, and its end is one */
	scripted.status = IAG_STATUS_FILLED;
	run_pass(w);
	assert_int_equal(told(w, "late_landings"), 0);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
	run_pass(w);
	assert_int_equal(told(w, "scanned"), 0);
}

static void
it_is_watched_for_seven_days(void **state)
{
	struct world *w = *state;

	put_order(w);
	run_resolve(w, "k1", "I know");
	now_ns += INTENT_WATCH_NS + NS_PER_S;
	run_pass(w);
	assert_true(is_recorded(w, "order_watch_ended"));
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_OPEN;
	run_pass(w);
	assert_int_equal(told(w, "scanned"), 0);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
}

static void
a_torn_bracket_ends_with_its_orders(void **state)
{
	struct world *w = *state;
	char entry[] = "B-1", exit[] = "B-2";

	put_bracket(w);
	leg_settle(w, "parent", INTENT_DONE, entry);
	leg_settle(w, "take_profit", INTENT_DONE, exit);
	scripted.orders = "[{\"broker_order_id\":\"B-1\",\"status\":"
			  "\"pending_cancel\"},{\"broker_order_id\":\"B-2\","
			  "\"status\":\"pending_cancel\"}]";
	run_pass(w);
	leg_settle(w, "stop_loss", INTENT_REFUSED, NULL);
	scripted.orders = "[]";
	run_pass(w);
	assert_int_equal(state_of(w, "g1", ""), INTENT_UNKNOWN);
	run_resolve(w, "g1", NULL);
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	run_resolve(w, "g1", "both were for the day");
	assert_int_equal(w->ret, 0);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
	assert_int_equal(status_of(w, "B-2"), IAG_STATUS_CANCELLED);
	assert_int_equal(state_of(w, "g1", ""), INTENT_REFUSED);
	/* and lives with one that comes back */
	scripted.orders = NULL;
	scripted.answer = IAG_FIND_FOUND;
	scripted.id = "B-1";
	scripted.status = IAG_STATUS_FILLED;
	run_pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
	assert_int_equal(state_of(w, "g1", ""), INTENT_DONE);
}

/* ---- what was found has the id of another order */

static void
inv4_a_submit_with_anothers_id_is_settled_by_its_own_row(void **state)
{
	struct world *w = *state;

	put_row_of(w, "B-1", "k2");
	put_intent(w, (struct spec){ .key = "k1" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_OPEN;
	scripted.orders = "[{\"client_order_id\":\"k1\",\"broker_order_id\":"
			  "\"B-7\",\"status\":\"open\"}]";
	run_resolve(w, "k1", NULL);
	assert_int_equal(w->ret, 0);
	assert_int_equal(state_of(w, "k1", ""), INTENT_DONE);
	assert_int_equal(status_of(w, "B-7"), IAG_STATUS_OPEN);
	assert_true(row_is_of(w, "B-1", "k2"));
}

static void
inv4_a_submit_with_anothers_id_ends_by_the_operators_word(void **state)
{
	struct world *w = *state;

	put_row_of(w, "B-1", "k2");
	put_intent(w, (struct spec){ .key = "k1", .has_activity = true });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_OPEN;
	for (int i = 0; i < 2; i++) {
		run_resolve(w, "k1", NULL);
		assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
		assert_non_null(strstr(err_text(&w->err), "--accept-absent"));
		now_ns += ABSENCE_APART_NS;
	}
	run_resolve(w, "k1", "it is on no screen");
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	now_ns += ABSENCE_APART_NS;
	/* neither a list that is cut nor a trade lets it pass */
	scripted.is_partial = true;
	run_resolve(w, "k1", "it is on no screen");
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	scripted.is_partial = false;
	scripted.trades = "[" TRADE("a.01", "k1", "4") "]";
	run_resolve(w, "k1", "it is on no screen");
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	scripted.trades = "[]";
	run_resolve(w, "k1", "it is on no screen");
	assert_int_equal(w->ret, 0);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_int_equal(reserved_count(w), 0);
	assert_true(row_is_of(w, "B-1", "k2"));
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
	/* the other order's id is no late landing */
	run_pass(w);
	assert_int_equal(told(w, "late_landings"), 0);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
}

#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    inv4_what_was_not_answered_in_full_proves_nothing),
		cmocka_unit_test(inv4_each_execution_of_the_order_counts_once),
		CASE(inv4_trades_of_the_whole_order_prove_that_it_was_filled),
		CASE(inv4_trades_of_more_than_the_order_prove_nothing),
		CASE(
		    inv4_what_is_the_whole_is_not_known_while_a_change_is_open),
		CASE(a_status_by_its_id_is_the_brokers_word),
		CASE(inv4_a_former_id_that_is_cancelled_is_no_end),
		CASE(inv4_trades_prove_nothing_beside_a_list_that_is_cut),
		CASE(inv4_a_status_of_another_order_proves_nothing),
		CASE(a_note_says_how_it_is_ended),
		CASE(pending_has_what_the_broker_does_not_show),
		CASE(what_was_asked_a_moment_ago_is_not_asked_again),
		CASE(what_nothing_shows_costs_a_list_alone),
		CASE(what_the_list_shows_waits_for_none_that_it_does_not),
		CASE(each_that_no_list_shows_has_its_turn),
		CASE(inv4_the_operators_word_ends_what_nothing_shows),
		CASE(
		    inv4_what_was_not_shown_stays_open_until_the_broker_is_asked),
		CASE(inv4_the_operators_word_stands_not_against_the_brokers),
		CASE(inv4_the_operators_word_needs_the_brokers_silence_in_full),
		CASE(trades_of_long_ago_are_not_waited_for),
		CASE(inv4_the_operators_word_waits_for_an_open_change),
		CASE(inv4_what_turns_up_again_works_and_narrows_the_switch),
		CASE(it_is_watched_for_seven_days),
		CASE(a_torn_bracket_ends_with_its_orders),
		CASE(inv4_a_submit_with_anothers_id_is_settled_by_its_own_row),
		CASE(inv4_a_submit_with_anothers_id_ends_by_the_operators_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

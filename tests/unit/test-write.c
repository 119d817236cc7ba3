/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Writes over a real journal and a scripted broker: three outcomes. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json_tokener.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "fake-broker.h"
#include "journal-kit.h"
#include "orders/deskstate.h"
#include "orders/sendleave.h"
#include "orders/settlequeue.h"
#include "orders/write.h"

#define ACCOUNT "DU1234567"

struct world {
	struct kit kit;
	struct desk *desk;
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct desk_setup setup;

	assert_non_null(w);
	fake_broker_reset();
	kit_init(&w->kit);
	kit_open(&w->kit, JOURNAL_WRITE);
	free(w->kit.config->audit.path);
	w->kit.config->audit.path = strdup(w->kit.path);
	setup = (struct desk_setup){
		.config = w->kit.config,
		.host = w->kit.host,
		.journal = w->kit.journal,
	};
	assert_int_equal(desk_new(&setup, &w->desk, NULL), 0);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	desk_free(w->desk);
	kit_fini(&w->kit);
	free(w);
	return 0;
}

/* One call and what came of it. */
struct turn {
	struct buf out;
	struct err err;
	int result;
	bool recorded;
};

static void
turn_fini(struct turn *turn)
{
	buf_fini(&turn->out);
	err_fini(&turn->err);
}
#define CLEANUP_TURN __attribute__((cleanup(turn_fini)))

typedef int operation(struct order_call *call, uint32_t mode,
    struct json_object *arguments, struct buf *out, struct err *err);

static struct turn
run_in(struct world *w, operation *run, uint32_t mode, const char *text)
{
	struct turn turn = { .result = 0 };
	struct json_object *arguments = json_tokener_parse(text);
	const struct audit_event event = {
		.principal = "agent:test",
		.principal_kind = "agent",
		.tool_name = "ibkr_test",
		.account = ACCOUNT,
	};
	struct order_call call = {
		.desk = w->desk,
		.call = call_new(clock_boot_ns() + 20 * NS_PER_S),
		.principal = "agent:test",
		.flags = &order_flags_none,
		.event = &event,
		.success = "paper_order_submitted",
	};

	assert_non_null(arguments);
	turn.result = run(&call, mode, arguments, &turn.out, &turn.err);
	turn.recorded = call.recorded;
	call_unref(call.call);
	(void)json_object_put(arguments);
	return turn;
}

static struct turn
run_op(struct world *w, operation *run, const char *text)
{
	return run_in(w, run, IAG_MODE_PAPER, text);
}

#define SUBMIT(key)                                              \
	"{\"account_id\":\"" ACCOUNT "\",\"approval_id\":\"a\"," \
	"\"idempotency_key\":\"" key "\"}"
#define CANCEL(key, id)                                                   \
	"{\"account_id\":\"" ACCOUNT "\",\"broker_order_id\":\"" id "\"," \
	"\"idempotency_key\":\"" key "\"}"
#define BRACKET(key)                                                    \
	"{\"account_id\":\"" ACCOUNT "\",\"parent_approval_id\":\"a\"," \
	"\"take_profit_approval_id\":\"b\",\"stop_loss_approval_id\":"  \
	"\"c\",\"idempotency_key\":\"" key "\"}"

static void switch_set(
    struct world *w, const char *name, enum switch_state state);

/* What the journal has of a key. */
struct look {
	const char *key, *leg, *id;
	struct intent intent;
	struct order_row row;
	char hash[HASH_HEX_SIZE];
	struct activity_count count;
};

static int
intent_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look *look = arg;

	return intent_get(
	    txn, look->hash, look->key, look->leg, &look->intent, err);
}

static int
row_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look *look = arg;

	return order_row_get(txn, look->hash, look->id, &look->row, err);
}

static int
count_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look *look = arg;

	return activity_count(txn, look->hash, 0, 0, "USD", &look->count, err);
}

/* 0: there is none. */
static enum intent_state
state_of(struct world *w, const char *key, const char *leg)
{
	struct look look = { .key = key, .leg = leg };
	enum intent_state state;

	intent_init(&look.intent);
	journal_account_hash(w->kit.journal, ACCOUNT, look.hash);
	if (journal_view(w->kit.journal, intent_step, &look, NULL))
		return 0;
	state = look.intent.state;
	intent_fini(&look.intent);
	return state;
}

/* Status of an order, 0: no row. */
static uint32_t
status_of(struct world *w, const char *id, char *limit)
{
	struct look look = { .id = id };
	uint32_t status;

	order_row_init(&look.row);
	journal_account_hash(w->kit.journal, ACCOUNT, look.hash);
	if (journal_view(w->kit.journal, row_step, &look, NULL))
		return 0;
	status = look.row.status;
	if (limit)
		(void)snprintf(limit, 32, "%s", look.row.order.limit_price);
	order_row_fini(&look.row);
	return status;
}

static uint64_t
reserved(struct world *w)
{
	struct look look = { .key = NULL };
	uint64_t count;

	activity_count_init(&look.count);
	journal_account_hash(w->kit.journal, ACCOUNT, look.hash);
	assert_int_equal(
	    journal_view(w->kit.journal, count_step, &look, NULL), 0);
	count = look.count.in_session;
	activity_count_fini(&look.count);
	return count;
}

static const char *
text_of(const struct turn *turn, const char *member, char *text)
{
	CLEANUP_JSON struct json_object *obj = NULL;

	assert_int_equal(json_parse(buf_text(&turn->out), turn->out.len,
			     &json_bounds_default, &obj, NULL),
	    0);
	(void)snprintf(text, 128, "%s", json_get_str(obj, member, ""));
	return text;
}

static void
done_writes_order_result_and_record(void **state)
{
	struct world *w = *state;
	CLEANUP_TURN struct turn turn = run_op(w, order_submit, SUBMIT("k1"));
	char text[128], limit[32];

	assert_int_equal(turn.result, 0);
	assert_true(turn.recorded);
	assert_string_equal(text_of(&turn, "broker_order_id", text), "B-k1");
	assert_string_equal(text_of(&turn, "status", text), "submitted");
	assert_string_equal(text_of(&turn, "notional", text), "11.00");
	assert_string_equal(text_of(&turn, "replayed", text), "");
	assert_int_equal(state_of(w, "k1", ""), INTENT_DONE);
	assert_int_equal(status_of(w, "B-k1", limit), IAG_STATUS_SUBMITTED);
	assert_string_equal(limit, "1.10");
	assert_int_equal(reserved(w), 1);
	assert_int_equal(fake_broker.consumed, 1);
	assert_int_equal(fake_broker.released, 0);
	assert_true(kit_verify(&w->kit, AUDIT_VERIFY_STATE).valid);
}

struct watcher {
	struct world *w;
	enum intent_state seen;
};

static void
look_while_sending(void *arg)
{
	struct watcher *watcher = arg;

	watcher->seen = state_of(watcher->w, "k1", "");
}

static void
inv1_the_intent_is_durable_before_the_writer_is_asked(void **state)
{
	struct watcher watcher = { *state, 0 };

	fake_broker.during = look_while_sending;
	fake_broker.during_arg = &watcher;
	CLEANUP_TURN struct turn turn =
	    run_op(watcher.w, order_submit, SUBMIT("k1"));
	assert_int_equal(turn.result, 0);
	assert_int_equal(watcher.seen, INTENT_RECORDED);
}

static bool
may_be_sending(const struct world *w)
{
	return journal_guard_check(w->kit.journal, GUARD_SEND, NULL) != 0;
}

/* As the reconciler sees it. */
static bool
goes_on(const struct world *w)
{
	char name[GUARD_NAME_SIZE];
	const char *owner;

	assert_int_equal(desk_owner(w->desk, &owner, NULL), 0);
	guard_name_sending(name, owner);
	return journal_guard_check(w->kit.journal, name, NULL) != 0;
}

/* Its caller has left, and it may still send: no close is drained. */
static void
inv7_a_callback_that_was_given_up_keeps_its_leave_to_send(void **state)
{
	struct world *w = *state;

	fake_broker.answers[0] = (struct fake_answer){
		.result = IAG_UNKNOWN,
		.code = ERR_ORDER_OUTCOME_UNKNOWN,
		.goes_on = true,
	};
	CLEANUP_TURN struct turn turn = run_op(w, order_submit, SUBMIT("k1"));
	assert_true(turn.err.unknown);
	assert_true(may_be_sending(w));
	assert_true(goes_on(w));
	/* the account is free for what comes next */
	fake_broker.answers[0] = (struct fake_answer){ .result = 0 };
	CLEANUP_TURN struct turn next = run_op(w, order_submit, SUBMIT("k2"));
	assert_int_equal(next.result, 0);
	assert_true(may_be_sending(w));
	fake_broker.given_up.drop(fake_broker.given_up.arg);
	assert_false(may_be_sending(w));
	assert_false(goes_on(w));
}

/* Before its intent is unknown to anybody, not after. */
static void
inv4_what_goes_on_is_told_before_it_is_settled(void **state)
{
	struct world *w = *state;
	struct call *call = call_new(clock_boot_ns() + NS_PER_S);
	struct send_leave *leave;

	assert_int_equal(send_leave_take(w->desk, call, &leave, NULL), 0);
	send_leave_tell(leave);
	assert_false(goes_on(w));
	(void)send_leave_ref(leave);
	send_leave_tell(leave);
	assert_true(goes_on(w));
	send_leave_return(leave);
	assert_true(goes_on(w));
	send_leave_unref(leave);
	assert_false(goes_on(w));
	call_unref(call);
}

/* Its process closes: the guard stays until it ends, the store is free. */
static void
inv7_what_is_stuck_at_the_close_holds_on(void **state)
{
	struct world *w = *state;

	fake_broker.answers[0] = (struct fake_answer){
		.result = IAG_UNKNOWN,
		.code = ERR_ORDER_OUTCOME_UNKNOWN,
		.goes_on = true,
	};
	CLEANUP_TURN struct turn turn = run_op(w, order_submit, SUBMIT("k1"));
	assert_true(turn.err.unknown);
	send_leave_forget(w->desk);
	fake_broker.given_up.drop(fake_broker.given_up.arg);
	assert_true(may_be_sending(w));
}

static void
inv2_a_key_that_was_used_is_answered_and_not_sent_again(void **state)
{
	struct world *w = *state;
	CLEANUP_TURN struct turn first = run_op(w, order_submit, SUBMIT("k1"));
	CLEANUP_JSON struct json_object *obj = NULL;

	fake_broker.gate = ERR_LIVE_KILL_SWITCH_CLOSED;
	CLEANUP_TURN struct turn again = run_op(w, order_submit, SUBMIT("k1"));
	assert_int_equal(again.result, 0);
	assert_false(again.recorded);
	assert_int_equal(fake_broker.submits, 1);
	assert_int_equal(json_parse(buf_text(&again.out), again.out.len,
			     &json_bounds_default, &obj, NULL),
	    0);
	assert_true(json_get_bool(obj, "replayed", false));
	json_object_object_del(obj, "replayed");
	CLEANUP_BUF struct buf text = BUF_INIT;
	json_write(&text, obj, 0);
	assert_string_equal(buf_text(&text), buf_text(&first.out));
}

static void
inv2_another_request_with_the_key_is_a_conflict(void **state)
{
	struct world *w = *state;
	CLEANUP_TURN struct turn first = run_op(w, order_submit, SUBMIT("k1"));
	CLEANUP_TURN struct turn other =
	    run_op(w, order_cancel, CANCEL("k1", "B-k1"));
	CLEANUP_TURN struct turn live =
	    run_in(w, order_submit, IAG_MODE_LIVE, SUBMIT("k1"));

	assert_int_equal(first.result, 0);
	assert_int_equal(other.err.code, ERR_PAPER_IDEMPOTENCY_CONFLICT);
	assert_false(other.err.unknown);
	assert_non_null(strstr(err_text(&other.err), "done"));
	assert_non_null(
	    strstr(other.err.details, "\"first_outcome\":\"done\""));
	assert_int_equal(live.err.code, ERR_IDEMPOTENCY_CONFLICT);
	assert_int_equal(fake_broker.submits, 1);
	assert_int_equal(fake_broker.cancels, 0);
}

static void
a_gate_that_refuses_stores_nothing_and_frees_the_key(void **state)
{
	struct world *w = *state;

	fake_broker.gate = ERR_LIVE_KILL_SWITCH_CLOSED;
	CLEANUP_TURN struct turn closed = run_op(w, order_submit, SUBMIT("k1"));
	assert_int_equal(closed.err.code, ERR_LIVE_KILL_SWITCH_CLOSED);
	assert_non_null(closed.err.refusals);
	assert_false(closed.recorded);
	assert_false(closed.err.unknown);
	assert_int_equal(state_of(w, "k1", ""), 0);
	assert_int_equal(reserved(w), 0);
	assert_int_equal(fake_broker.submits, 0);
	fake_broker.gate = ERR_NONE;
	CLEANUP_TURN struct turn open = run_op(w, order_submit, SUBMIT("k1"));
	assert_int_equal(open.result, 0);
}

static void
what_was_not_sent_frees_key_approval_and_reservation(void **state)
{
	struct world *w = *state;

	fake_broker.answers[0] = (struct fake_answer){
		.result = IAG_AGAIN,
		.code = ERR_BROKER_BACKEND_UNAVAILABLE,
		.skips_commit = true,
	};
	CLEANUP_TURN struct turn turn = run_op(w, order_submit, SUBMIT("k1"));
	assert_int_equal(turn.err.code, ERR_BROKER_BACKEND_UNAVAILABLE);
	assert_false(turn.err.unknown);
	assert_true(turn.recorded);
	assert_int_equal(state_of(w, "k1", ""), 0);
	assert_int_equal(reserved(w), 0);
	assert_int_equal(fake_broker.released, 1);
	fake_broker.answers[0] = (struct fake_answer){ .result = 0 };
	CLEANUP_TURN struct turn again = run_op(w, order_submit, SUBMIT("k1"));
	assert_int_equal(again.result, 0);
	assert_true(kit_verify(&w->kit, AUDIT_VERIFY_STATE).valid);
}

static void
inv4_a_refusal_of_the_broker_is_stored_and_told_again(void **state)
{
	struct world *w = *state;

	fake_broker.answers[0] = (struct fake_answer){
		.result = IAG_REJECTED,
		.code = ERR_BROKER_RESPONSE_INVALID,
	};
	CLEANUP_TURN struct turn turn = run_op(w, order_submit, SUBMIT("k1"));
	CLEANUP_TURN struct turn again = run_op(w, order_submit, SUBMIT("k1"));
	assert_int_equal(turn.err.code, ERR_BROKER_RESPONSE_INVALID);
	assert_false(turn.err.unknown);
	assert_int_equal(again.err.code, ERR_BROKER_RESPONSE_INVALID);
	assert_string_equal(err_text(&again.err), err_text(&turn.err));
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_int_equal(reserved(w), 0);
	assert_int_equal(fake_broker.released, 0);
	assert_int_equal(fake_broker.submits, 1);
}

static void
inv4_an_answer_that_says_refused_is_a_refusal(void **state)
{
	struct world *w = *state;

	fake_broker.answers[0].status = IAG_STATUS_REFUSED;
	CLEANUP_TURN struct turn turn = run_op(w, order_submit, SUBMIT("k1"));
	assert_int_not_equal(turn.result, 0);
	assert_false(turn.err.unknown);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_int_equal(status_of(w, "B-k1", NULL), IAG_STATUS_REFUSED);
	assert_int_equal(reserved(w), 0);
}

static void
inv4_an_unknown_outcome_stays_so_and_is_never_sent_again(void **state)
{
	struct world *w = *state;

	fake_broker.answers[0] = (struct fake_answer){
		.result = IAG_UNKNOWN,
		.code = ERR_ORDER_OUTCOME_UNKNOWN,
	};
	CLEANUP_TURN struct turn turn = run_op(w, order_submit, SUBMIT("k1"));
	fake_broker.answers[0] = (struct fake_answer){ .result = 0 };
	CLEANUP_TURN struct turn again = run_op(w, order_submit, SUBMIT("k1"));
	assert_int_equal(turn.err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_true(turn.err.unknown);
	assert_false(turn.err.retryable);
	assert_non_null(strstr(turn.err.details,
	    "ibkr-agent orders resolve k1 --account " ACCOUNT));
	assert_non_null(strstr(turn.err.details, "\"client_order_id\":\"k1\""));
	assert_null(strstr(err_text(&turn.err), ACCOUNT));
	assert_int_equal(again.err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_true(again.err.unknown);
	assert_int_equal(fake_broker.submits, 1);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	assert_int_equal(reserved(w), 1);
}

static void
ask_in_flight(void *arg)
{
	struct world *w = arg;

	fake_broker.during = NULL;
	CLEANUP_TURN struct turn turn = run_op(w, order_submit, SUBMIT("k1"));
	assert_int_equal(turn.err.code, ERR_IDEMPOTENCY_IN_FLIGHT);
	assert_true(turn.err.unknown);
}

static void
inv2_a_key_in_flight_is_said_to_be_so(void **state)
{
	struct world *w = *state;

	fake_broker.during = ask_in_flight;
	fake_broker.during_arg = w;
	CLEANUP_TURN struct turn turn = run_op(w, order_submit, SUBMIT("k1"));
	assert_int_equal(turn.result, 0);
	assert_int_equal(fake_broker.submits, 1);
}

static void
close_switch(void *arg)
{
	switch_set(arg, SWITCH_PAPER, SWITCH_CLOSED);
}

static void
inv7_a_switch_that_closes_before_the_send_stops_it(void **state)
{
	struct world *w = *state;

	fake_broker.during = close_switch;
	fake_broker.during_arg = w;
	CLEANUP_TURN struct turn turn = run_op(w, order_submit, SUBMIT("k1"));
	assert_int_equal(turn.err.code, ERR_LIVE_KILL_SWITCH_CLOSED);
	assert_false(turn.err.unknown);
	assert_int_equal(state_of(w, "k1", ""), 0);
	assert_int_equal(fake_broker.released, 1);
}

static void
inv7_the_file_closed_stops_a_send_too(void **state)
{
	struct world *w = *state;
	char path[600];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/CLOSED", w->kit.path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	CLEANUP_TURN struct turn turn = run_op(w, order_submit, SUBMIT("k1"));
	assert_int_equal(turn.err.code, ERR_LIVE_KILL_SWITCH_CLOSED);
	assert_int_equal(state_of(w, "k1", ""), 0);
}

static void
half_close(void *arg)
{
	switch_set(arg, SWITCH_PAPER, SWITCH_CANCEL_ONLY);
}

static void
inv7_cancel_only_lets_cancels_pass_and_nothing_else(void **state)
{
	struct world *w = *state;
	CLEANUP_TURN struct turn first = run_op(w, order_submit, SUBMIT("k1"));

	assert_int_equal(first.result, 0);
	half_close(w);
	CLEANUP_TURN struct turn more = run_op(w, order_submit, SUBMIT("k2"));
	assert_int_equal(more.err.code, ERR_LIVE_KILL_SWITCH_CLOSED);
	fake_broker.has_target = true;
	fake_broker.cancel.status = IAG_STATUS_CANCELLED;
	CLEANUP_TURN struct turn cancel =
	    run_op(w, order_cancel, CANCEL("k3", "B-k1"));
	assert_int_equal(cancel.result, 0);
	assert_int_equal(status_of(w, "B-k1", NULL), IAG_STATUS_CANCELLED);
	assert_int_equal(state_of(w, "k3", ""), INTENT_DONE);
}

static void
a_modify_restates_the_original_and_changes_the_row(void **state)
{
	struct world *w = *state;
	CLEANUP_TURN struct turn first = run_op(w, order_submit, SUBMIT("k1"));
	char limit[32];

	assert_int_equal(first.result, 0);
	fake_broker.has_target = true;
	CLEANUP_TURN struct turn turn =
	    run_op(w, order_modify, CANCEL("k2", "B-k1"));
	assert_int_equal(turn.result, 0);
	assert_string_equal(fake_broker.last_ref, "k1");
	assert_string_equal(fake_broker.last_limit, "2.50");
	assert_int_equal(status_of(w, "B-k1", limit), IAG_STATUS_SUBMITTED);
	assert_string_equal(limit, "2.50");
	assert_int_equal(fake_broker.consumed, 2);
}

/* A broker that begins anew with its ids gives those of other orders. */
static void
inv4_a_submit_that_tells_another_orders_id_is_unknown(void **state)
{
	static const uint32_t before[] = { IAG_STATUS_OPEN, IAG_STATUS_FILLED };

	for (size_t i = 0; i < ARRAY_COUNT(before); i++) {
		struct world *w = *state;

		fake_broker.answers[0].status = before[i];
		CLEANUP_TURN struct turn first =
		    run_op(w, order_submit, SUBMIT("k1"));
		fake_broker.answers[0].status = IAG_STATUS_SUBMITTED;
		fake_broker.answers[0].id = "B-k1";
		CLEANUP_TURN struct turn turn =
		    run_op(w, order_submit, SUBMIT("k2"));
		assert_int_equal(first.result, 0);
		assert_true(turn.err.unknown);
		assert_non_null(strstr(err_text(&turn.err), "another order"));
		assert_int_equal(state_of(w, "k2", ""), INTENT_UNKNOWN);
		assert_int_equal(status_of(w, "B-k1", NULL), before[i]);
		assert_int_equal(reserved(w), 2);
		assert_true(kit_verify(&w->kit, AUDIT_VERIFY_STATE).valid);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

/* The broker's answer names an order that is not the one that was changed. */
static void
inv4_a_modify_that_tells_another_orders_id_is_unknown(void **state)
{
	struct world *w = *state;
	CLEANUP_TURN struct turn first = run_op(w, order_submit, SUBMIT("k1"));
	CLEANUP_TURN struct turn other = run_op(w, order_submit, SUBMIT("k2"));
	char limit[32];

	assert_int_equal(first.result, 0);
	assert_int_equal(other.result, 0);
	fake_broker.has_target = true;
	fake_broker.modify.id = "B-k2";
	fake_broker.modify.status = IAG_STATUS_FILLED;
	CLEANUP_TURN struct turn turn =
	    run_op(w, order_modify, CANCEL("k3", "B-k1"));
	assert_true(turn.err.unknown);
	assert_non_null(strstr(err_text(&turn.err), "B-k2"));
	assert_int_equal(state_of(w, "k3", ""), INTENT_UNKNOWN);
	assert_int_equal(status_of(w, "B-k1", limit), IAG_STATUS_SUBMITTED);
	assert_string_equal(limit, "1.10");
	assert_int_equal(status_of(w, "B-k2", limit), IAG_STATUS_SUBMITTED);
	assert_string_equal(limit, "1.10");
	CLEANUP_TURN struct turn again =
	    run_op(w, order_modify, CANCEL("k3", "B-k1"));
	assert_true(again.err.unknown);
	assert_int_equal(fake_broker.modifies, 1);
	assert_true(kit_verify(&w->kit, AUDIT_VERIFY_STATE).valid);
}

static void
a_bracket_of_the_broker_is_one_call(void **state)
{
	struct world *w = *state;
	char text[128];

	fake_broker.native = true;
	CLEANUP_TURN struct turn turn =
	    run_op(w, order_submit_bracket, BRACKET("g1"));
	assert_int_equal(turn.result, 0);
	assert_true(turn.recorded);
	assert_int_equal(fake_broker.groups, 1);
	assert_int_equal(fake_broker.submits, 0);
	assert_string_equal(
	    text_of(&turn, "atomicity", text), "broker_bracket");
	assert_string_equal(text_of(&turn, "status", text), "submitted");
	assert_int_equal(state_of(w, "g1", ""), INTENT_DONE);
	assert_int_equal(state_of(w, "g1", "stop_loss"), INTENT_DONE);
	assert_int_equal(status_of(w, "B-g1-tp", NULL), IAG_STATUS_SUBMITTED);
	assert_int_equal(reserved(w), 3);
	assert_int_equal(fake_broker.consumed, 3);
	assert_true(kit_verify(&w->kit, AUDIT_VERIFY_STATE).valid);
}

static void
a_sequence_that_breaks_is_taken_back(void **state)
{
	struct world *w = *state;

	fake_broker.answer_count = 2;
	fake_broker.answers[1] = (struct fake_answer){
		.result = IAG_REJECTED,
		.code = ERR_BROKER_RESPONSE_INVALID,
	};
	fake_broker.cancel.status = IAG_STATUS_CANCELLED;
	CLEANUP_TURN struct turn turn =
	    run_op(w, order_submit_bracket, BRACKET("g1"));
	assert_int_equal(turn.err.code, ERR_BROKER_RESPONSE_INVALID);
	assert_false(turn.err.unknown);
	assert_non_null(strstr(turn.err.details, "\"legs\""));
	assert_int_equal(fake_broker.submits, 2);
	assert_int_equal(fake_broker.cancels, 1);
	assert_string_equal(fake_broker.cancelled[0], "B-g1");
	assert_int_equal(status_of(w, "B-g1", NULL), IAG_STATUS_CANCELLED);
	assert_int_equal(state_of(w, "g1", ""), INTENT_REFUSED);
	assert_int_equal(state_of(w, "g1", "parent"), INTENT_DONE);
	assert_int_equal(state_of(w, "g1", "take_profit"), INTENT_REFUSED);
	assert_int_equal(state_of(w, "g1", "stop_loss"), 0);
	assert_int_equal(fake_broker.released, 1);
	assert_int_equal(reserved(w), 1);
	CLEANUP_TURN struct turn again =
	    run_op(w, order_submit_bracket, BRACKET("g1"));
	assert_string_equal(again.err.details, turn.err.details);
	assert_int_equal(again.err.code, ERR_BROKER_RESPONSE_INVALID);
	assert_int_equal(fake_broker.submits, 2);
}

/* Nothing is on record of a leg that was not sent, nor why. */
static void
a_sequence_that_was_cut_off_is_told_again(void **state)
{
	struct world *w = *state;

	fake_broker.answer_count = 2;
	fake_broker.answers[1] = (struct fake_answer){
		.result = IAG_STOPPING,
		.code = ERR_CALL_TIMED_OUT,
		.skips_commit = true,
	};
	fake_broker.cancel.status = IAG_STATUS_CANCELLED;
	CLEANUP_TURN struct turn turn =
	    run_op(w, order_submit_bracket, BRACKET("g1"));
	assert_int_equal(turn.err.code, ERR_CALL_TIMED_OUT);
	assert_int_equal(state_of(w, "g1", ""), INTENT_REFUSED);
	CLEANUP_TURN struct turn again =
	    run_op(w, order_submit_bracket, BRACKET("g1"));
	assert_int_equal(again.err.code, ERR_CALL_CANCELLED);
	assert_non_null(strstr(err_text(&again.err), "not placed"));
	assert_false(again.err.retryable);
	assert_int_equal(fake_broker.submits, 2);
}

static void
an_unknown_parent_is_not_cancelled(void **state)
{
	struct world *w = *state;

	fake_broker.answers[0] = (struct fake_answer){
		.result = IAG_UNKNOWN,
		.code = ERR_ORDER_OUTCOME_UNKNOWN,
	};
	CLEANUP_TURN struct turn turn =
	    run_op(w, order_submit_bracket, BRACKET("g1"));
	assert_true(turn.err.unknown);
	assert_int_equal(fake_broker.submits, 1);
	assert_int_equal(fake_broker.cancels, 0);
	assert_int_equal(state_of(w, "g1", ""), INTENT_UNKNOWN);
	assert_int_equal(state_of(w, "g1", "parent"), INTENT_UNKNOWN);
	assert_int_equal(state_of(w, "g1", "take_profit"), 0);
	assert_int_equal(fake_broker.released, 2);
}

static void
children_of_a_failed_parent_are_cancelled(void **state)
{
	struct world *w = *state;

	fake_broker.native = true;
	fake_broker.legs[0].status = IAG_STATUS_REFUSED;
	fake_broker.cancel.status = IAG_STATUS_CANCELLED;
	CLEANUP_TURN struct turn turn =
	    run_op(w, order_submit_bracket, BRACKET("g1"));
	assert_int_not_equal(turn.result, 0);
	assert_false(turn.err.unknown);
	assert_int_equal(fake_broker.cancels, 2);
	assert_int_equal(status_of(w, "B-g1-tp", NULL), IAG_STATUS_CANCELLED);
	assert_int_equal(status_of(w, "B-g1-sl", NULL), IAG_STATUS_CANCELLED);
	assert_int_equal(state_of(w, "g1", ""), INTENT_REFUSED);
}

struct book_look {
	struct world *w;
	unsigned looks, seen;
};

/* Which exits are on the record, when the first is to be cancelled. */
static void
look_at_exits(void *arg)
{
	struct book_look *look = arg;

	if (!fake_broker.groups || look->looks++)
		return;
	look->seen += state_of(look->w, "g1", "take_profit") == INTENT_DONE;
	look->seen += state_of(look->w, "g1", "stop_loss") == INTENT_DONE;
}

static void
inv4_all_that_was_placed_is_on_record_before_a_cancel(void **state)
{
	struct book_look look = { .w = *state };

	fake_broker.native = true;
	fake_broker.legs[0].status = IAG_STATUS_REFUSED;
	fake_broker.cancel.status = IAG_STATUS_CANCELLED;
	fake_broker.during = look_at_exits;
	fake_broker.during_arg = &look;
	CLEANUP_TURN struct turn turn =
	    run_op(look.w, order_submit_bracket, BRACKET("g1"));
	assert_int_not_equal(turn.result, 0);
	assert_int_equal(look.looks, 2);
	assert_int_equal(look.seen, 2);
}

/* What the writer has written down of the bracket, when it is to cancel. */
static void
look_at_book(void *arg)
{
	struct book_look *look = arg;
	CLEANUP_BUF struct buf value = BUF_INIT;

	if (!fake_broker.groups)
		return;
	look->looks++;
	look->seen += desk_state_get(look->w->desk, "writer-refusing", ACCOUNT,
			  (struct iag_bytes){ "book", 4 }, &value, NULL) == 0;
}

static void
inv4_a_writer_that_keeps_a_book_finds_in_it_what_it_is_to_cancel(void **state)
{
	struct book_look look = { .w = *state };

	fake_broker.native = true;
	fake_broker.answers[0].changes = true;
	fake_broker.legs[0].status = IAG_STATUS_REFUSED;
	fake_broker.cancel.status = IAG_STATUS_CANCELLED;
	fake_broker.during = look_at_book;
	fake_broker.during_arg = &look;
	CLEANUP_TURN struct turn turn =
	    run_op(look.w, order_submit_bracket, BRACKET("g1"));
	assert_int_not_equal(turn.result, 0);
	assert_int_equal(look.looks, 2);
	assert_int_equal(look.seen, 2);
}

static void
inv4_what_a_rejected_bracket_has_placed_is_cancelled(void **state)
{
	struct world *w = *state;

	fake_broker.native = true;
	fake_broker.placed = 1;
	fake_broker.answers[0] = (struct fake_answer){
		.result = IAG_REJECTED,
		.code = ERR_BROKER_RESPONSE_INVALID,
	};
	fake_broker.cancel.status = IAG_STATUS_CANCELLED;
	CLEANUP_TURN struct turn turn =
	    run_op(w, order_submit_bracket, BRACKET("g1"));
	assert_int_equal(turn.err.code, ERR_BROKER_RESPONSE_INVALID);
	assert_false(turn.err.unknown);
	assert_int_equal(state_of(w, "g1", "parent"), INTENT_DONE);
	assert_int_equal(state_of(w, "g1", "take_profit"), INTENT_REFUSED);
	assert_int_equal(fake_broker.cancels, 1);
	assert_string_equal(fake_broker.cancelled[0], "B-g1");
	assert_int_equal(status_of(w, "B-g1", NULL), IAG_STATUS_CANCELLED);
	assert_int_equal(state_of(w, "g1", ""), INTENT_REFUSED);
	assert_int_equal(reserved(w), 1);
}

/* The stop was refused: what becomes of the take-profit? */
static void
what_guards_an_entry_stays(void **state)
{
	static const struct {
		uint32_t entry;   /* as it was placed */
		int refused;      /* the cancel of it, else: */
		uint32_t cancel;  /* as it is cancelled */
		unsigned cancels; /* of the entry and of its exit */
		enum intent_state end;
	} rows[] = {
		{ IAG_STATUS_FILLED, 0, IAG_STATUS_CANCELLED, 0, INTENT_DONE },
		{ IAG_STATUS_OPEN, IAG_REJECTED, 0, 1, INTENT_DONE },
		/* with it the broker cancels its exits, or it is filled yet */
		{ IAG_STATUS_OPEN, 0, IAG_STATUS_PENDING_CANCEL, 1,
		    INTENT_UNKNOWN },
		{ IAG_STATUS_OPEN, 0, IAG_STATUS_CANCELLED, 2, INTENT_REFUSED },
	};

	for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
		struct world *w = *state;

		fake_broker.native = true;
		fake_broker.legs[0].status = rows[i].entry;
		fake_broker.legs[2].status = IAG_STATUS_REFUSED;
		fake_broker.cancel.result = rows[i].refused;
		fake_broker.cancel.code = ERR_BROKER_RESPONSE_INVALID;
		fake_broker.cancel.status = rows[i].cancel;
		CLEANUP_TURN struct turn turn =
		    run_op(w, order_submit_bracket, BRACKET("g1"));
		assert_int_equal(turn.result == 0, rows[i].end == INTENT_DONE);
		assert_int_equal(
		    turn.err.unknown, rows[i].end == INTENT_UNKNOWN);
		assert_int_equal(fake_broker.cancels, rows[i].cancels);
		assert_int_equal(state_of(w, "g1", ""), rows[i].end);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(setup(state), 0);
	}
}

static void
a_bracket_of_which_nothing_was_sent_frees_its_key(void **state)
{
	struct world *w = *state;

	fake_broker.answers[0] = (struct fake_answer){
		.result = IAG_STOPPING,
		.code = ERR_CALL_CANCELLED,
		.skips_commit = true,
	};
	CLEANUP_TURN struct turn turn =
	    run_op(w, order_submit_bracket, BRACKET("g1"));
	assert_int_equal(turn.err.code, ERR_CALL_CANCELLED);
	assert_false(turn.err.unknown);
	assert_int_equal(state_of(w, "g1", ""), 0);
	assert_int_equal(state_of(w, "g1", "parent"), 0);
	assert_int_equal(fake_broker.released, 3);
	assert_int_equal(reserved(w), 0);
}

/* The type of the newest record. */
static bool
is_newest(struct world *w, const char *type)
{
	const struct audit_range range = { .last = UINT64_MAX, .limit = 1 };
	CLEANUP_BUF struct buf text = BUF_INIT;

	assert_int_equal(audit_tail(w->kit.journal, &range, &text, NULL), 0);
	return strstr(buf_text(&text), type) != NULL;
}

static void
settle_late(struct world *w, const struct intent *intent)
{
	const struct settlement how = { .state = INTENT_UNKNOWN };
	const struct audit_event event = {
		.principal = "agent:test",
		.principal_kind = "agent",
		.tool_name = "ibkr_test",
	};

	settle_queue_add(w->desk, intent, &how, &event);
	assert_int_equal(settle_queue_retry(w->desk), 0);
}

static void
inv5_what_is_settled_already_is_not_recorded_as_settled_late(void **state)
{
	struct world *w = *state;
	struct look look = { .key = "k1", .leg = "" };

	CLEANUP_TURN struct turn turn = run_op(w, order_submit, SUBMIT("k1"));
	assert_int_equal(turn.result, 0);
	journal_account_hash(w->kit.journal, ACCOUNT, look.hash);
	assert_int_equal(
	    journal_view(w->kit.journal, intent_step, &look, NULL), 0);
	settle_late(w, &look.intent);
	assert_false(is_newest(w, "order_settled_late"));
	assert_int_equal(state_of(w, "k1", ""), INTENT_DONE);
	intent_fini(&look.intent);
}

static void
references_of_exits_and_single_orders_never_meet(void **state)
{
	struct world *w = *state;

	fake_broker.native = true;
	CLEANUP_TURN struct turn bracket =
	    run_op(w, order_submit_bracket, BRACKET("g1"));
	CLEANUP_TURN struct turn single =
	    run_op(w, order_submit, SUBMIT("g1-tp"));
	CLEANUP_TURN struct turn other =
	    run_op(w, order_submit, SUBMIT("h-sl"));
	CLEANUP_TURN struct turn late =
	    run_op(w, order_submit_bracket, BRACKET("h"));

	assert_int_equal(bracket.result, 0);
	assert_int_equal(single.err.code, ERR_PAPER_IDEMPOTENCY_CONFLICT);
	assert_int_equal(other.result, 0);
	assert_int_equal(late.err.code, ERR_PAPER_IDEMPOTENCY_CONFLICT);
}

static void
the_sweep_cancels_what_works_although_all_is_closed(void **state)
{
	struct world *w = *state;
	CLEANUP_TURN struct turn a = run_op(w, order_submit, SUBMIT("k1"));
	CLEANUP_TURN struct turn b = run_op(w, order_submit, SUBMIT("k2"));
	CLEANUP_BUF struct buf out = BUF_INIT;
	const struct audit_event event = { .principal = "local:anna" };
	struct order_call call = {
		.desk = w->desk,
		.call = call_new(clock_boot_ns() + 20 * NS_PER_S),
		.principal = "local:anna",
		.flags = &order_flags_none,
		.event = &event,
		.success = "orders_cancelled",
	};

	assert_int_equal(a.result | b.result, 0);
	switch_set(w, SWITCH_PAPER, SWITCH_CLOSED);
	fake_broker.cancel.status = IAG_STATUS_CANCELLED;
	assert_int_equal(
	    order_cancel_all(&call, ACCOUNT, "a test", &out, NULL), 0);
	call_unref(call.call);
	assert_non_null(strstr(buf_text(&out), "\"accepted\":2"));
	assert_int_equal(status_of(w, "B-k1", NULL), IAG_STATUS_CANCELLED);
	assert_int_equal(status_of(w, "B-k2", NULL), IAG_STATUS_CANCELLED);
}

/* Sixteen at once. */
struct racer {
	pthread_t thread;
	struct world *w;
	struct turn turn;
};

static void *
race(void *arg)
{
	struct racer *racer = arg;

	racer->turn = run_op(racer->w, order_submit, SUBMIT("k1"));
	return NULL;
}

static void
inv2_of_sixteen_threads_with_one_key_one_sends(void **state)
{
	struct racer racers[16];
	unsigned good = 0;

	for (size_t i = 0; i < ARRAY_COUNT(racers); i++) {
		racers[i].w = *state;
		assert_int_equal(
		    pthread_create(&racers[i].thread, NULL, race, &racers[i]),
		    0);
	}
	for (size_t i = 0; i < ARRAY_COUNT(racers); i++) {
		assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
		if (racers[i].turn.result == 0)
			good++;
		else
			assert_int_equal(
			    racers[i].turn.err.code, ERR_IDEMPOTENCY_IN_FLIGHT);
		turn_fini(&racers[i].turn);
	}
	assert_int_equal(fake_broker.submits, 1);
	assert_true(good >= 1);
	assert_int_equal(reserved(*state), 1);
}

struct switch_step {
	const char *name;
	enum switch_state state;
};

static int
switch_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct switch_step *step = arg;
	CLEANUP_BUF struct buf value = BUF_INIT;
	char by[] = "local:anna", why[] = "a test";
	const struct switch_row row = { step->state, by, why, 1 };
	const struct audit_event event = {
		.event_type = "kill_switch_changed",
		.principal = "local:anna",
		.decision = "allow",
		.result_status = "completed",
		.outcome = "done",
	};
	int ret;

	switch_format(&value, &row);
	ret = txn_put(txn, TABLE_SWITCHES,
	    (struct iag_bytes){ step->name, strlen(step->name) },
	    (struct iag_bytes){ value.data, value.len }, err);
	return ret ? ret : txn_audit(txn, &event, err);
}

static void
switch_set(struct world *w, const char *name, enum switch_state state)
{
	struct switch_step step = { name, state };

	assert_int_equal(
	    journal_update(w->kit.journal, NULL, switch_step, &step, NULL), 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(done_writes_order_result_and_record),
		T(inv1_the_intent_is_durable_before_the_writer_is_asked),
		T(inv7_a_callback_that_was_given_up_keeps_its_leave_to_send),
		T(inv4_what_goes_on_is_told_before_it_is_settled),
		T(inv7_what_is_stuck_at_the_close_holds_on),
		T(inv2_a_key_that_was_used_is_answered_and_not_sent_again),
		T(inv2_another_request_with_the_key_is_a_conflict),
		T(a_gate_that_refuses_stores_nothing_and_frees_the_key),
		T(what_was_not_sent_frees_key_approval_and_reservation),
		T(inv4_a_refusal_of_the_broker_is_stored_and_told_again),
		T(inv4_an_answer_that_says_refused_is_a_refusal),
		T(inv4_an_unknown_outcome_stays_so_and_is_never_sent_again),
		T(inv2_a_key_in_flight_is_said_to_be_so),
		T(inv7_a_switch_that_closes_before_the_send_stops_it),
		T(inv7_the_file_closed_stops_a_send_too),
		T(inv7_cancel_only_lets_cancels_pass_and_nothing_else),
		T(a_modify_restates_the_original_and_changes_the_row),
		T(inv4_a_submit_that_tells_another_orders_id_is_unknown),
		T(inv4_a_modify_that_tells_another_orders_id_is_unknown),
		T(a_bracket_of_the_broker_is_one_call),
		T(a_sequence_that_breaks_is_taken_back),
		T(a_sequence_that_was_cut_off_is_told_again),
		T(an_unknown_parent_is_not_cancelled),
		T(children_of_a_failed_parent_are_cancelled),
		T(inv4_all_that_was_placed_is_on_record_before_a_cancel),
		T(inv4_what_a_rejected_bracket_has_placed_is_cancelled),
		T(what_guards_an_entry_stays),
		T(inv4_a_writer_that_keeps_a_book_finds_in_it_what_it_is_to_cancel),
		T(a_bracket_of_which_nothing_was_sent_frees_its_key),
		T(inv5_what_is_settled_already_is_not_recorded_as_settled_late),
		T(references_of_exits_and_single_orders_never_meet),
		T(the_sweep_cancels_what_works_although_all_is_closed),
		T(inv2_of_sixteen_threads_with_one_key_one_sends),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

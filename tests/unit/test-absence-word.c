/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The operator's word that an order is not there: what it stands for. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile-kit.h"
#include "scripted-writer.h"

static void
inv4_live_absence_waits_for_the_operator(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1", .mode = IAG_MODE_LIVE });
	run_pass(w);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(told(w, "unknown"), 1);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	run_resolve(w, "k1", NULL);
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_true(w->err.unknown);
	assert_non_null(strstr(err_user_action(&w->err), "--accept-absent"));
	run_resolve(w, "k1", "");
	assert_int_equal(w->err.code, ERR_INPUT_INVALID);
	scripted.is_cold = true;
	run_resolve(w, "k1", "I looked");
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	scripted.is_cold = false;
	run_resolve(w, "k1", "I looked");
	assert_int_equal(w->ret, 0);
	assert_string_equal(json_get_str(w->result, "state", ""), "refused");
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_true(is_recorded(w, "order_absence_accepted"));
	/* asked once more: told, not done */
	run_resolve(w, "k1", NULL);
	assert_int_equal(w->ret, 0);
	assert_string_equal(json_get_str(w->result, "state", ""), "refused");
}

/* Nothing is settled by the word; the text says when it will be. */
static void
assert_too_early(struct world *w, const char *key, uint64_t when_ns)
{
	char time[CLOCK_TEXT_SIZE];

	clock_format(when_ns, time);
	run_resolve(w, key, "I looked");
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_non_null(strstr(err_text(&w->err), time));
	assert_int_equal(state_of(w, key, ""), INTENT_UNKNOWN);
}

static void
inv4_the_operators_word_needs_two_looks(void **state)
{
	struct world *w = *state;
	uint64_t due_ns = now_ns + ABSENCE_APART_NS;

	put_intent(w, (struct spec){ .key = "k1", .mode = IAG_MODE_LIVE });
	assert_too_early(w, "k1", due_ns);
	now_ns += 36 * NS_PER_MS;
	assert_too_early(w, "k1", due_ns);
	now_ns = due_ns - 1;
	assert_too_early(w, "k1", due_ns);
	now_ns = due_ns;
	run_resolve(w, "k1", "I looked");
	assert_int_equal(w->ret, 0);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
}

static void
inv4_the_operators_word_waits_for_what_may_be_in_flight(void **state)
{
	struct world *w = *state;
	uint64_t due_ns = now_ns + 120 * NS_PER_S;

	scripted.max_flight_ns = 120 * NS_PER_S;
	put_intent(w, (struct spec){ .key = "k1", .mode = IAG_MODE_LIVE });
	assert_too_early(w, "k1", due_ns);
	now_ns += ABSENCE_APART_NS;
	assert_too_early(w, "k1", due_ns);
	/* without the word it is the same time */
	run_resolve(w, "k1", NULL);
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_non_null(strstr(err_text(&w->err), "16:02:00.000Z"));
	now_ns = due_ns;
	run_resolve(w, "k1", "I looked");
	assert_int_equal(w->ret, 0);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
}

/* Of yesterday no read reaches back: there the word is all that there is. */
static void
inv4_the_operators_word_stands_for_the_day(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1", .mode = IAG_MODE_LIVE });
	now_ns += 24 * 3600 * NS_PER_S;
	run_pass(w); /* the first look */
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	run_resolve(w, "k1", NULL);
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_non_null(strstr(err_text(&w->err), "does not reach back"));
	run_resolve(w, "k1", "I looked");
	assert_int_equal(w->ret, 0);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
}

/* A look that counts for the word alone is no first one of a proof. */
static void
inv4_a_look_that_proves_nothing_begins_no_proof(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1" });
	scripted.since_ns = now_ns + 1;
	run_pass(w);
	scripted.since_ns = 1;
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	now_ns += ABSENCE_APART_NS;
	run_pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
}

static void
inv4_a_change_that_no_read_shows_needs_two_looks(void **state)
{
	struct world *w = *state;

	put_intent(
	    w, (struct spec){
		   .operation = OPERATION_CANCEL, .key = "c1", .id = "B-1" });
	assert_too_early(w, "c1", now_ns + ABSENCE_APART_NS);
	now_ns += ABSENCE_APART_NS;
	run_resolve(w, "c1", "I looked");
	assert_int_equal(w->ret, 0);
	assert_int_equal(state_of(w, "c1", ""), INTENT_REFUSED);
}

static void
inv4_an_accepted_absence_is_not_believed_against_the_broker(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1", .mode = IAG_MODE_LIVE });
	scripted.answer = IAG_FIND_FOUND;
	run_resolve(w, "k1", "I looked");
	assert_int_equal(w->ret, 0);
	assert_string_equal(json_get_str(w->result, "state", ""), "done");
	assert_int_equal(state_of(w, "k1", ""), INTENT_DONE);
}

#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(inv4_live_absence_waits_for_the_operator),
		CASE(inv4_the_operators_word_needs_two_looks),
		CASE(inv4_the_operators_word_waits_for_what_may_be_in_flight),
		CASE(inv4_the_operators_word_stands_for_the_day),
		CASE(inv4_a_look_that_proves_nothing_begins_no_proof),
		CASE(inv4_a_change_that_no_read_shows_needs_two_looks),
		CASE(
		    inv4_an_accepted_absence_is_not_believed_against_the_broker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

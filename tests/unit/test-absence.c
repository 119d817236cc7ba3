/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What a read without the order proves: every branch of absence_judge(). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "orders/reconcile.h"

static const struct absence good_absence = {
	.recorded_ns = 100,
	.sent_ns = 200,
	.first_ns = 300,
	.first_session = "s1",
	.now_ns = 300 + ABSENCE_APART_NS,
	.same_day = true,
};

static struct writer_find_result
good_find(void)
{
	static char session[] = "s1";

	return (struct writer_find_result){
		.answer = IAG_FIND_ABSENT,
		.complete = true,
		.since_ns = 100,
		.session = session,
	};
}

static void
inv4_two_complete_reads_apart_prove_absence(void **state)
{
	struct absence absence = good_absence;
	const struct writer_find_result find = good_find();

	(void)state;
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_PROVEN);
	absence.now_ns--;
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_UNPROVEN);
}

static void
inv4_what_may_be_in_flight_is_not_absent(void **state)
{
	struct absence absence = good_absence;
	const struct writer_find_result find = good_find();

	(void)state;
	absence.max_flight_ns = absence.now_ns - absence.sent_ns;
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_PROVEN);
	absence.max_flight_ns++;
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_UNPROVEN);
}

static void
inv4_a_read_that_may_not_see_it_proves_nothing(void **state)
{
	struct absence absence = good_absence;
	struct writer_find_result find = good_find();

	(void)state;
	find.complete = false;
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_UNPROVEN);
	find = good_find();
	find.answer = IAG_FIND_INCONCLUSIVE;
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_UNPROVEN);
	find.answer = IAG_FIND_FOUND;
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_UNPROVEN);
	find = good_find();
	find.since_ns = 101; /* later than the intent */
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_UNPROVEN);
	find.since_ns = 0;
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_UNPROVEN);
	find = good_find();
	find.session = NULL;
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_UNPROVEN);
	find = good_find();
	absence.same_day = false;
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_UNPROVEN);
	absence = good_absence;
	absence.in_trades = true;
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_UNPROVEN);
}

static void
inv4_the_first_read_counts_in_its_own_session_only(void **state)
{
	struct absence absence = good_absence;
	const struct writer_find_result find = good_find();

	(void)state;
	absence.first_ns = 0;
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_FIRST);
	absence = good_absence;
	absence.first_session = "s0";
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_FIRST);
	absence.first_session = NULL;
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_FIRST);
	absence = good_absence;
	absence.now_ns = absence.first_ns - 1; /* the clock went back */
	assert_int_equal(absence_judge(&absence, &find), ABSENCE_FIRST);
}

static void
inv4_a_word_does_not_stand_for_the_second_look(void **state)
{
	struct absence absence = good_absence;

	(void)state;
	absence.same_day = false; /* nor the session: it stands for these */
	absence.first_session = NULL;
	assert_int_equal(absence_judge_word(&absence, true), ABSENCE_PROVEN);
	assert_int_equal(absence_judge_word(&absence, false), ABSENCE_UNPROVEN);
	absence.now_ns--;
	assert_int_equal(absence_judge_word(&absence, true), ABSENCE_UNPROVEN);
	absence.now_ns = absence.first_ns - 1; /* the clock went back */
	assert_int_equal(absence_judge_word(&absence, true), ABSENCE_FIRST);
	absence.first_ns = 0;
	assert_int_equal(absence_judge_word(&absence, true), ABSENCE_FIRST);
	absence = good_absence;
	absence.max_flight_ns = absence.now_ns - absence.sent_ns + 1;
	assert_int_equal(absence_judge_word(&absence, true), ABSENCE_UNPROVEN);
	absence.max_flight_ns--;
	assert_int_equal(absence_judge_word(&absence, true), ABSENCE_PROVEN);
	absence.in_trades = true;
	assert_int_equal(absence_judge_word(&absence, true), ABSENCE_UNPROVEN);
}

static void
the_next_useful_look_is_told(void **state)
{
	struct absence absence = good_absence;

	(void)state;
	assert_int_equal(
	    absence_again_ns(&absence), absence.first_ns + ABSENCE_APART_NS);
	absence.max_flight_ns = ABSENCE_APART_NS + 1000;
	assert_int_equal(absence_again_ns(&absence),
	    absence.sent_ns + absence.max_flight_ns);
	absence.first_ns = 0;
	absence.max_flight_ns = 0;
	assert_int_equal(
	    absence_again_ns(&absence), absence.now_ns + ABSENCE_APART_NS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inv4_two_complete_reads_apart_prove_absence),
		cmocka_unit_test(inv4_what_may_be_in_flight_is_not_absent),
		cmocka_unit_test(
		    inv4_a_read_that_may_not_see_it_proves_nothing),
		cmocka_unit_test(
		    inv4_the_first_read_counts_in_its_own_session_only),
		cmocka_unit_test(
		    inv4_a_word_does_not_stand_for_the_second_look),
		cmocka_unit_test(the_next_useful_look_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

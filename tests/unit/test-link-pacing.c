/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Buckets and penalties, by the clock that the test brings. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "link/bucket.h"
#include "link/penalty.h"

#define START (1000 * NS_PER_S)

static const struct iag_bucket ten = {
	.name = "all", .tokens = 10, .window_ns = NS_PER_S, .reserve = 2
};
static const struct iag_bucket one = {
	.name = "orders", .tokens = 1, .window_ns = 5 * NS_PER_S
};

static void
test_a_window_never_has_more_than_its_tokens(void **state)
{
	struct bucket bucket = { .key = 1 };
	struct bucket_limit limit = bucket_limit_of(&ten, 100);
	uint64_t sent[2000], now = START;
	unsigned seed = 7;
	size_t count = 0;

	(void)state;
	/* callers come at random, each waits for its time, some are late */
	while (count < ARRAY_COUNT(sent)) {
		bool urgent = rand_r(&seed) % 5 == 0;
		struct bucket_ticket ticket;
		uint64_t at;

		now += (uint64_t)(rand_r(&seed) % 60) * NS_PER_MS;
		ticket = bucket_take(&bucket, &limit, urgent, now);
		at = bucket_ready_ns(&bucket, &limit, &ticket);
		if (at < now)
			at = now;
		bucket_use(&bucket, &ticket, at);
		sent[count++] = at;
	}
	for (size_t i = 0; i < count; i++) {
		unsigned inside = 0;

		for (size_t j = 0; j < count; j++)
			inside +=
			    sent[j] >= sent[i] && sent[j] < sent[i] + NS_PER_S;
		assert_true(inside <= 10);
	}
}

static void
test_the_budget_is_used_up_to_its_end(void **state)
{
	struct bucket bucket = { .key = 1 };
	struct bucket_limit limit = bucket_limit_of(&ten, 100);
	uint64_t last = 0;

	(void)state;
	for (int i = 0; i < 80; i++) {
		struct bucket_ticket ticket =
		    bucket_take(&bucket, &limit, false, START);
		uint64_t at = bucket_ready_ns(&bucket, &limit, &ticket);

		assert_true(at >= last);
		last = at;
	}
	/* eight at once, then eight a window, of which there are nine */
	assert_true(last >= START + 9 * NS_PER_S);
	assert_true(last < START + 10 * NS_PER_S);
}

static void
test_the_reserve_is_there_while_others_wait(void **state)
{
	struct bucket bucket = { .key = 1 };
	struct bucket_limit limit = bucket_limit_of(&ten, 100);

	(void)state;
	for (int i = 0; i < 30; i++)
		(void)bucket_take(&bucket, &limit, false, START);
	assert_true(bucket_next_ns(&bucket, &limit, false, START) >
		    START + 2 * NS_PER_S);
	assert_int_equal(START, bucket_next_ns(&bucket, &limit, true, START));
	(void)bucket_take(&bucket, &limit, true, START);
	(void)bucket_take(&bucket, &limit, true, START);
	/* and no more than that */
	assert_true(bucket_next_ns(&bucket, &limit, true, START) > START);
}

static void
test_urgent_ones_leave_the_reserve_alone_when_they_can(void **state)
{
	struct bucket bucket = { .key = 1 };
	struct bucket_limit limit = bucket_limit_of(&ten, 100);
	struct bucket_ticket ticket = bucket_take(&bucket, &limit, true, START);

	(void)state;
	assert_false(ticket.kept);
	assert_int_equal(0, bucket.kept.taken);
}

static void
test_who_was_late_makes_the_next_one_wait(void **state)
{
	struct bucket bucket = { .key = 1 };
	struct bucket_limit limit = bucket_limit_of(&one, 100);
	struct bucket_ticket first = bucket_take(&bucket, &limit, 0, START);
	struct bucket_ticket second = bucket_take(&bucket, &limit, 0, START);

	(void)state;
	bucket_use(&bucket, &first, START + 3 * NS_PER_S);
	assert_true(
	    bucket_ready_ns(&bucket, &limit, &second) >= START + 8 * NS_PER_S);
}

static void
test_a_token_that_was_not_used_comes_back(void **state)
{
	struct bucket bucket = { .key = 1 };
	struct bucket_limit limit = bucket_limit_of(&one, 100);
	struct bucket_ticket ticket = bucket_take(&bucket, &limit, 0, START);
	struct bucket_ticket later;

	(void)state;
	bucket_give_back(&bucket, &ticket);
	assert_int_equal(START, bucket_next_ns(&bucket, &limit, 0, START));
	ticket = bucket_take(&bucket, &limit, false, START);
	later = bucket_take(&bucket, &limit, false, START);
	bucket_give_back(&bucket, &ticket); /* somebody counts on it */
	assert_true(bucket_ready_ns(&bucket, &limit, &later) > START);
	assert_int_equal(2, bucket.open.taken);
}

static void
test_many_waiting_ones_do_not_block_each_other_for_ever(void **state)
{
	struct bucket bucket = { .key = 1 };
	struct bucket_limit limit = bucket_limit_of(&one, 100);
	struct bucket_ticket first = bucket_take(&bucket, &limit, 0, START);
	struct bucket_ticket second = bucket_take(&bucket, &limit, 0, START);

	(void)state;
	for (int i = 0; i < 200; i++)
		(void)bucket_take(&bucket, &limit, false, START);
	/* their stamps are overwritten */
	assert_int_equal(0, bucket_ready_ns(&bucket, &limit, &first));
	assert_int_equal(0, bucket_ready_ns(&bucket, &limit, &second));
	bucket_use(&bucket, &first, START + 9000 * NS_PER_S);
	assert_true(bucket_next_ns(&bucket, &limit, false, START) <
		    START + 2000 * NS_PER_S);
}

static void
test_pacing_in_percent_scales_the_window(void **state)
{
	uint64_t whole = bucket_limit_of(&one, 100).window_ns;

	(void)state;
	assert_true(whole > 5 * NS_PER_S && whole < 6 * NS_PER_S);
	assert_true(bucket_limit_of(&one, 50).window_ns > 10 * NS_PER_S);
	assert_true(bucket_limit_of(&one, 1000000).window_ns < NS_PER_MS);
}

static void
test_places_are_counted_and_those_of_the_dead_come_back(void **state)
{
	struct bucket bucket = { .key = 1 };
	struct bucket_limit limit = { .concurrent = 2 };
	uint64_t until = START + 100;
	int a = bucket_enter(&bucket, &limit, START, until);
	int b = bucket_enter(&bucket, &limit, START, until);

	(void)state;
	assert_true(a >= 0 && b >= 0 && a != b);
	assert_int_equal(-1, bucket_enter(&bucket, &limit, START, until));
	bucket_leave(&bucket, a, until);
	assert_int_equal(a, bucket_enter(&bucket, &limit, START, until + 1));
	bucket_leave(&bucket, a, until); /* of an earlier owner */
	assert_int_equal(-1, bucket_enter(&bucket, &limit, START, until));
	bucket_leave(&bucket, -1, until);
	assert_int_equal(b, bucket_enter(&bucket, &limit, until, until + 9));
}

static void
test_a_bucket_from_the_future_is_not_sound(void **state)
{
	struct bucket bucket = { .key = 1 };

	(void)state;
	assert_true(bucket_is_sound(&bucket, START));
	bucket.open.stamps[5] = START + 7200 * NS_PER_S;
	assert_false(bucket_is_sound(&bucket, START));
	bucket.open.stamps[5] = 0;
	bucket.inside_ns[1] = UINT64_MAX;
	assert_false(bucket_is_sound(&bucket, START));
	bucket.inside_ns[1] = 0;
	bucket.kept.taken = UINT64_MAX;
	assert_false(bucket_is_sound(&bucket, START));
}

/* ---- penalties */

static void
test_each_strike_rests_longer_up_to_a_quarter_of_an_hour(void **state)
{
	static const unsigned rests[] = { 60, 120, 240, 480, 900, 900 };
	struct penalty penalty = { .key = 1 };
	uint64_t now = START;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(rests); i++) {
		penalty.since_ns = now; /* all within the memory */
		assert_int_equal(
		    rests[i] * NS_PER_S, penalty_strike(&penalty, 0, now, now));
		now = penalty.until_ns;
	}
	penalty_forgive(&penalty, now);
	assert_int_equal(60 * NS_PER_S, penalty_strike(&penalty, 0, now, now));
}

static void
test_requests_that_flew_together_are_one_strike(void **state)
{
	struct penalty penalty = { .key = 1 };

	(void)state;
	(void)penalty_strike(&penalty, 0, START, START);
	(void)penalty_strike(&penalty, 0, START + 1, START);
	assert_int_equal(1, penalty.strikes);
	penalty_forgive(&penalty, START + 2); /* an answer of before */
	assert_int_equal(1, penalty.strikes);
	assert_true(penalty_left_ns(&penalty, START + 3) > 0);
}

static void
test_the_brokers_own_wish_is_heeded_within_reason(void **state)
{
	struct penalty penalty = { .key = 1 };

	(void)state;
	assert_int_equal(300 * NS_PER_S,
	    penalty_strike(&penalty, 300 * NS_PER_S, START, START));
	assert_int_equal(3600 * NS_PER_S,
	    penalty_strike(&penalty, UINT64_MAX, START, START));
}

static void
test_the_third_strike_of_all_is_the_penalty_box(void **state)
{
	struct penalty all = { .key = 0 };

	(void)state;
	assert_int_equal(0, penalty_strike_all(&all, START, START));
	assert_int_equal(0, penalty_strike_all(&all, START + 1, START));
	assert_int_equal(
	    900 * NS_PER_S, penalty_strike_all(&all, START + 2, START));
	/* three that lie far apart are none */
	all = (struct penalty){ .key = 0 };
	for (uint64_t i = 0; i < 9; i++)
		assert_int_equal(0, penalty_strike_all(&all,
					START + i * 901 * NS_PER_S, START));
}

static void
test_a_rest_outlives_a_reboot(void **state)
{
	struct penalty penalty = { .key = 1 };

	(void)state;
	(void)penalty_strike(&penalty, 0, START, 5000 * NS_PER_S);
	penalty_reboot(&penalty, 7, 5020 * NS_PER_S);
	assert_int_equal(40 * NS_PER_S, penalty_left_ns(&penalty, 7));
	penalty_reboot(&penalty, 7, 9000 * NS_PER_S);
	assert_int_equal(0, penalty_left_ns(&penalty, 7));
	/* a clock that was set back is not believed for ever */
	(void)penalty_strike(&penalty, 0, START, 500000 * NS_PER_S);
	penalty_reboot(&penalty, 7, 1);
	assert_int_equal(900 * NS_PER_S, penalty_left_ns(&penalty, 7));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_window_never_has_more_than_its_tokens),
		cmocka_unit_test(test_the_budget_is_used_up_to_its_end),
		cmocka_unit_test(test_the_reserve_is_there_while_others_wait),
		cmocka_unit_test(
		    test_urgent_ones_leave_the_reserve_alone_when_they_can),
		cmocka_unit_test(test_who_was_late_makes_the_next_one_wait),
		cmocka_unit_test(test_a_token_that_was_not_used_comes_back),
		cmocka_unit_test(
		    test_many_waiting_ones_do_not_block_each_other_for_ever),
		cmocka_unit_test(test_pacing_in_percent_scales_the_window),
		cmocka_unit_test(
		    test_places_are_counted_and_those_of_the_dead_come_back),
		cmocka_unit_test(test_a_bucket_from_the_future_is_not_sound),
		cmocka_unit_test(
		    test_each_strike_rests_longer_up_to_a_quarter_of_an_hour),
		cmocka_unit_test(
		    test_requests_that_flew_together_are_one_strike),
		cmocka_unit_test(
		    test_the_brokers_own_wish_is_heeded_within_reason),
		cmocka_unit_test(
		    test_the_third_strike_of_all_is_the_penalty_box),
		cmocka_unit_test(test_a_rest_outlives_a_reboot),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

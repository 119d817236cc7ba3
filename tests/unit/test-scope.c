/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The table of scopes: its names are part of the interface and its bits must
 * be told apart.
 */

#include "config/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
test_there_are_25_scopes_and_the_operators(void **state)
{
	size_t tiers[SCOPE_TIER_OPERATOR + 1] = { 0 };

	(void)state;
	assert_int_equal(scope_count, 26);
	for (size_t i = 0; i < scope_count; i++)
		tiers[scope_table[i].tier]++;
	assert_int_equal(tiers[SCOPE_TIER_READ], 17);
	assert_int_equal(tiers[SCOPE_TIER_PREVIEW], 1);
	assert_int_equal(tiers[SCOPE_TIER_PAPER], 4);
	assert_int_equal(tiers[SCOPE_TIER_LIVE], 3);
	assert_int_equal(tiers[SCOPE_TIER_OPERATOR], 1);
}

static void
test_each_scope_has_a_bit_of_its_own(void **state)
{
	uint64_t seen = 0;

	(void)state;
	for (size_t i = 0; i < scope_count; i++) {
		uint64_t bit = scope_bit(scope_table[i].name);

		assert_int_equal(__builtin_popcountll(bit), 1);
		assert_int_equal(seen & bit, 0);
		seen |= bit;
	}
	assert_int_equal(scope_bit("ibkr:health"), 0);
	assert_int_equal(scope_bit("IBKR:HEALTH:READ"), 0);
	assert_int_equal(scope_bit(""), 0);
}

static void
test_all_scopes_leave_the_operator_out(void **state)
{
	(void)state;
	assert_int_equal(__builtin_popcountll(scope_all()), 25);
	assert_int_equal(scope_all() & scope_bit("ibkr:operator"), 0);
	assert_int_not_equal(
	    scope_all() & scope_bit("ibkr:orders:live:submit"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_are_25_scopes_and_the_operators),
		cmocka_unit_test(test_each_scope_has_a_bit_of_its_own),
		cmocka_unit_test(test_all_scopes_leave_the_operator_out),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

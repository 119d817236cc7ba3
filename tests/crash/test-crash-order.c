/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Orders that are sent, and their sender dies or stands still: killing.h. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "killing.h"

static void
test_inv1_inv2_inv3_inv4_killed_submits(void **state)
{
	(void)state;
	kill_everywhere("submit", prepare_submit);
}

static void
test_inv1_inv2_inv3_inv4_killed_brackets(void **state)
{
	(void)state;
	kill_everywhere("bracket", prepare_bracket);
}

static void
test_inv2_stopped_senders_have_their_intents(void **state)
{
	(void)state;
	stop_here_and_there("stop", prepare_submit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inv1_inv2_inv3_inv4_killed_submits),
		cmocka_unit_test(test_inv1_inv2_inv3_inv4_killed_brackets),
		cmocka_unit_test(test_inv2_stopped_senders_have_their_intents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Orders that are changed, and whoever does it dies: killing.h. */

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
test_inv2_inv4_killed_cancels(void **state)
{
	(void)state;
	kill_everywhere("cancel", prepare_cancel);
}

static void
test_inv2_inv3_inv4_killed_modifications(void **state)
{
	(void)state;
	kill_everywhere("modify", prepare_modify);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inv2_inv4_killed_cancels),
		cmocka_unit_test(test_inv2_inv3_inv4_killed_modifications),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

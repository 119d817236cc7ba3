/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The model of tests/model speaks of the states by the program's names. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "ibkr-agent/writer.h"
#include "journal/switches.h"
#include "orders/intent.h"

/* The line " *   WHAT: names" of the model, without its beginning. */
static void
model_line(const char *what, struct buf *out)
{
	CLEANUP_BUF struct buf path = BUF_INIT, start = BUF_INIT;
	const char *dir = getenv("IAG_TEST_SRCDIR");
	char line[512];
	FILE *file;

	buf_printf(&path, "%s/tests/model/orders.pml", dir ? dir : ".");
	buf_printf(&start, " *   %s: ", what);
	file = fopen(buf_text(&path), "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, buf_text(&start), start.len) == 0)
			buf_printf(out, "%s", line + start.len);
	}
	assert_int_equal(fclose(file), 0);
}

static void
test_intents_have_the_states_of_the_model(void **state)
{
	CLEANUP_BUF struct buf model = BUF_INIT, code = BUF_INIT;

	(void)state;
	model_line("intent", &model);
	for (int i = INTENT_RECORDED; i <= INTENT_UNKNOWN; i++)
		buf_printf(&code, "%s%s", code.len ? " " : "",
		    intent_state_name((enum intent_state)i));
	assert_string_equal(buf_text(&model), buf_text(&code));
}

static void
test_switches_have_the_states_of_the_model(void **state)
{
	CLEANUP_BUF struct buf model = BUF_INIT, code = BUF_INIT;

	(void)state;
	model_line("switch", &model);
	for (int i = SWITCH_CLOSED; i <= SWITCH_OPEN; i++)
		buf_printf(&code, "%s%s", code.len ? " " : "",
		    switch_state_name((enum switch_state)i));
	assert_string_equal(buf_text(&model), buf_text(&code));
}

/* Those between submitted and its ends make no difference there. */
static void
test_orders_have_the_states_of_the_model(void **state)
{
	static const uint32_t modelled[] = { IAG_STATUS_SUBMITTED,
		IAG_STATUS_FILLED, IAG_STATUS_CANCELLED, IAG_STATUS_REFUSED };
	CLEANUP_BUF struct buf model = BUF_INIT, code = BUF_INIT;

	(void)state;
	model_line("order", &model);
	for (size_t i = 0; i < ARRAY_COUNT(modelled); i++)
		buf_printf(&code, "%s%s", code.len ? " " : "",
		    order_status_name(modelled[i]));
	assert_string_equal(buf_text(&model), buf_text(&code));
}

/* What the model's settle and send do is all that the program may do. */
static void
test_intents_move_as_in_the_model(void **state)
{
	static const bool may[5][5] = {
		[INTENT_RECORDED] = { [INTENT_DONE] = true,
		    [INTENT_REFUSED] = true,
		    [INTENT_UNKNOWN] = true },
		[INTENT_UNKNOWN] = { [INTENT_DONE] = true,
		    [INTENT_REFUSED] = true },
	};

	(void)state;
	for (int from = INTENT_RECORDED; from <= INTENT_UNKNOWN; from++) {
		for (int to = INTENT_RECORDED; to <= INTENT_UNKNOWN; to++) {
			if (from != to)
				assert_int_equal(may[from][to],
				    intent_may_become((enum intent_state)from,
					(enum intent_state)to));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_intents_have_the_states_of_the_model),
		cmocka_unit_test(test_switches_have_the_states_of_the_model),
		cmocka_unit_test(test_orders_have_the_states_of_the_model),
		cmocka_unit_test(test_intents_move_as_in_the_model),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The error object: codes, texts, wrapping, ownership. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

static void
test_set_returns_the_class_of_the_code(void **state)
{
	struct err err CLEANUP_ERR = ERR_INIT;

	(void)state;
	assert_int_equal(
	    err_set(&err, ERR_BROKER_RATE_LIMITED, "too many"), IAG_LIMIT);
	assert_int_equal(err_class(&err), IAG_LIMIT);
	assert_true(err.retryable);
	assert_false(err.unknown);
	assert_string_equal(err_text(&err), "too many");
	assert_int_equal(err_no_memory(&err), IAG_NOMEM);
	assert_int_equal(err.code, ERR_OUT_OF_MEMORY);
	assert_int_equal(err_no_memory(NULL), IAG_NOMEM);
}

static void
test_set_replaces_an_earlier_error(void **state)
{
	struct err err CLEANUP_ERR = ERR_INIT;

	(void)state;
	(void)err_set(&err, ERR_ORDER_OUTCOME_UNKNOWN, "first");
	assert_true(err.unknown);
	err_action(&err, "look");
	err_details(&err, "{\"a\":1}");
	(void)err_set(&err, ERR_INPUT_INVALID, "second");
	assert_string_equal(err_text(&err), "second");
	assert_false(err.unknown);
	assert_null(err.details);
	assert_string_equal(
	    err_user_action(&err), err_kind(ERR_INPUT_INVALID)->action);
}

static void
test_set_may_quote_the_old_text(void **state)
{
	struct err err CLEANUP_ERR = ERR_INIT;

	(void)state;
	(void)err_set(&err, ERR_INPUT_INVALID, "inner");
	(void)err_set(&err, ERR_CONFIG_INVALID, "outer %s", err_text(&err));
	assert_string_equal(err_text(&err), "outer inner");
}

static void
test_a_null_error_object_is_tolerated(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, ERR_INPUT_INVALID, "x"), IAG_INVAL);
	assert_int_equal(err_wrap(NULL, "x"), 0);
	err_action(NULL, "x");
	err_details(NULL, "{}");
	assert_int_equal(err_class(NULL), 0);
	assert_string_equal(err_text(NULL), "");
	assert_null(err_user_action(NULL));
}

static void
test_wrap_puts_context_in_front_and_keeps_the_code(void **state)
{
	struct err err CLEANUP_ERR = ERR_INIT;

	(void)state;
	assert_int_equal(err_wrap(&err, "nothing"), 0);
	(void)err_set(&err, ERR_PLUGIN_INVALID, "got '%d'", 0);
	(void)err_wrap(&err, "option '%s'", "rate");
	assert_int_equal(err_wrap(&err, "plugin 'paper'"), IAG_INVAL);
	assert_string_equal(
	    err_text(&err), "plugin 'paper': option 'rate': got '0'");
	assert_int_equal(err.code, ERR_PLUGIN_INVALID);
}

static void
test_a_huge_text_is_cut_at_a_character(void **state)
{
	struct err err CLEANUP_ERR = ERR_INIT;
	static char text[9001];

	(void)state;
	/* three bytes each: 4096 falls into the middle of one */
	for (size_t i = 0; i + 3 <= 9000; i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	(void)err_set(&err, ERR_INPUT_INVALID, "%s", text);
	assert_int_equal(strlen(err_text(&err)), 4095);
}

static void
test_move_empties_the_source(void **state)
{
	struct err from CLEANUP_ERR = ERR_INIT;
	struct err to CLEANUP_ERR = ERR_INIT;

	(void)state;
	(void)err_set(&to, ERR_INPUT_INVALID, "old");
	(void)err_set(&from, ERR_CALL_CANCELLED, "new");
	err_move(&to, &from);
	assert_string_equal(err_text(&to), "new");
	assert_int_equal(from.code, ERR_NONE);
	assert_null(from.text);
	err_move(&to, &to);
	assert_string_equal(err_text(&to), "new");
	err_move(NULL, &to);
	assert_int_equal(to.code, ERR_NONE);
}

static void
test_action_overrides_the_default_of_the_code(void **state)
{
	struct err err CLEANUP_ERR = ERR_INIT;

	(void)state;
	(void)err_set(&err, ERR_PLUGIN_NOT_FOUND, "x");
	assert_string_equal(
	    err_user_action(&err), err_kind(ERR_PLUGIN_NOT_FOUND)->action);
	err_action(&err, "install %s", "it");
	assert_string_equal(err_user_action(&err), "install it");
}

static void
test_every_code_has_a_name_that_finds_it(void **state)
{
	(void)state;
	for (unsigned i = ERR_NONE + 1; i < ERR_CODE_COUNT; i++) {
		const struct err_kind *kind = err_kind((enum err_code)i);

		assert_int_equal(err_code_find(kind->name), i);
		assert_in_range(-kind->class, 1, -IAG_INTERNAL);
		assert_in_range(kind->exit_code, 1, 7);
	}
	assert_int_equal(err_code_find("NONE"), ERR_NONE);
	assert_int_equal(err_code_find("NO_SUCH_CODE"), ERR_NONE);
	assert_string_equal(
	    err_kind((enum err_code)9999)->name, "INTERNAL_ERROR");
}

/* Whoever meets a code is told what to do, in words that fit any door. */
static void
test_every_code_says_what_to_do(void **state)
{
	(void)state;
	for (unsigned i = ERR_NONE + 1; i < ERR_CODE_COUNT; i++) {
		const struct err_kind *kind = err_kind((enum err_code)i);
		const char *action = kind->action ? kind->action : "";
		size_t len = strlen(action), quotes = 0;

		for (const char *at = action; *at; at++)
			quotes += *at == '`';
		if (len < 10 || len > 200 || action[len - 1] == '.' ||
		    *action < 'a' || *action > 'z' || quotes % 2)
			fail_msg("%s: '%s' is no action", kind->name, action);
	}
}

static void
test_every_class_has_a_name_and_a_code(void **state)
{
	(void)state;
	for (int class = IAG_AGAIN; class >= IAG_INTERNAL; class --) {
		enum err_code code = err_code_of_class(class);

		assert_int_not_equal(code, ERR_NONE);
		/* no stable code says only "not there" */
		if (class != IAG_NOTFOUND)
			assert_int_equal(err_kind(code)->class, class);
	}
	assert_string_equal(err_class_name(IAG_NOTFOUND), "IAG_NOTFOUND");
	assert_string_equal(err_class_name(-99), "IAG_INTERNAL");
	assert_int_equal(err_code_of_class(-99), ERR_INTERNAL_ERROR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_returns_the_class_of_the_code),
		cmocka_unit_test(test_set_replaces_an_earlier_error),
		cmocka_unit_test(test_set_may_quote_the_old_text),
		cmocka_unit_test(test_a_null_error_object_is_tolerated),
		cmocka_unit_test(
		    test_wrap_puts_context_in_front_and_keeps_the_code),
		cmocka_unit_test(test_a_huge_text_is_cut_at_a_character),
		cmocka_unit_test(test_move_empties_the_source),
		cmocka_unit_test(test_action_overrides_the_default_of_the_code),
		cmocka_unit_test(test_every_code_has_a_name_that_finds_it),
		cmocka_unit_test(test_every_code_says_what_to_do),
		cmocka_unit_test(test_every_class_has_a_name_and_a_code),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

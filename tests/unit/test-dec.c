/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Decimals against an independent oracle, and at their bounds. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/dec.h"
#include "dec-table.h"

/* dec_format() gives want, or fails where want is NULL. */
static void
prints(const struct dec *dec, const char *want, const struct dec_row *row)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	int rc = dec_format(&out, dec, NULL);

	if (!want) {
		assert_int_equal(rc, IAG_INVAL);
		assert_int_equal(out.len, 0);
		return;
	}
	if (rc != 0 || strcmp(buf_text(&out), want) != 0)
		fail_msg("of %s and %s: %s instead of %s", row->a, row->b,
		    buf_text(&out), want);
	assert_true(dec_is_text(buf_text(&out)));
}

static int
sign(int value)
{
	return (value > 0) - (value < 0);
}

static void
test_arithmetic_agrees_with_the_oracle(void **state)
{
	CLEANUP_DEC struct dec a, b, out;

	(void)state;
	dec_init(&a);
	dec_init(&b);
	dec_init(&out);
	for (size_t i = 0; i < ARRAY_COUNT(dec_table); i++) {
		const struct dec_row *row = &dec_table[i];

		assert_int_equal(dec_parse(&a, row->a, NULL), 0);
		assert_int_equal(dec_parse(&b, row->b, NULL), 0);
		assert_int_equal(sign(dec_cmp(&a, &b)), row->order);
		assert_int_equal(sign(dec_cmp(&b, &a)), -row->order);
		dec_add(&out, &a, &b);
		prints(&out, row->sum, row);
		dec_sub(&out, &a, &b);
		prints(&out, row->diff, row);
		dec_mul(&out, &a, &b);
		prints(&out, row->prod, row);
		if (dec_sign(&b) != 0) {
			assert_int_equal(dec_div(&out, &a, &b, NULL), 0);
			prints(&out, row->quot, row);
		}
	}
}

static void
test_a_text_comes_back_with_its_scale(void **state)
{
	CLEANUP_DEC struct dec dec;

	(void)state;
	dec_init(&dec);
	for (size_t i = 0; i < ARRAY_COUNT(dec_table); i++) {
		const struct dec_row *row = &dec_table[i];
		CLEANUP_BUF struct buf out = BUF_INIT;

		assert_int_equal(dec_parse(&dec, row->a, NULL), 0);
		prints(&dec, row->plain, row);
		assert_int_equal(dec_format_normal(&out, &dec, NULL), 0);
		assert_string_equal(buf_text(&out), row->normal);
	}
}

static const char *const good_texts[] = { "0", "-0", "0.0", "7", "10", "-1.5",
	"99999999999999999999", "0.000000000000000001",
	"-99999999999999999999.999999999999999999" };

/* "3/0" and leading blanks are what mpq_set_str() would take. */
static const char *const bad_texts[] = { "", "-", "+1", " 1", "1 ", "1\n", "01",
	"-01", "00", ".5", "1.", "-.5", "1e5", "1E2", "0x10", "1,5", "3/0",
	"1/2", "1.2.3", "--1", "NaN", "inf", "1_000", "\xef\xbc\x91",
	"100000000000000000000", "0.0000000000000000001",
	"1.0000000000000000000" };

static void
test_exactly_the_pattern_is_accepted(void **state)
{
	CLEANUP_DEC struct dec dec;

	(void)state;
	dec_init(&dec);
	for (size_t i = 0; i < ARRAY_COUNT(good_texts); i++) {
		assert_true(dec_is_text(good_texts[i]));
		assert_int_equal(dec_parse(&dec, good_texts[i], NULL), 0);
	}
	assert_int_equal(dec_parse(&dec, "42.0", NULL), 0);
	for (size_t i = 0; i < ARRAY_COUNT(bad_texts); i++) {
		struct err err CLEANUP_ERR = ERR_INIT;

		assert_false(dec_is_text(bad_texts[i]));
		assert_int_equal(
		    dec_parse(&dec, bad_texts[i], &err), IAG_INVAL);
		assert_non_null(strstr(err_text(&err), "is not a decimal: "));
	}
	/* a refused text leaves the value alone */
	prints(&dec, "42.0", &dec_table[0]);
}

static void
test_a_huge_exponent_or_text_never_reaches_gmp(void **state)
{
	CLEANUP_DEC struct dec dec;
	static char text[1 << 20];

	(void)state;
	dec_init(&dec);
	memset(text, '9', sizeof text - 1);
	assert_int_equal(dec_parse(&dec, text, NULL), IAG_INVAL);
	assert_int_equal(dec_parse_number(&dec, text, NULL), IAG_INVAL);
	assert_int_equal(
	    dec_parse_number(&dec, "1e40000000000", NULL), IAG_INVAL);
	assert_int_equal(
	    dec_parse_number(&dec, "1e-40000000000", NULL), IAG_INVAL);
	memcpy(text, "1e", 2);
	assert_int_equal(dec_parse_number(&dec, text, NULL), IAG_INVAL);
}

static const struct {
	const char *number;
	const char *want; /* NULL: out of bounds */
} numbers[] = {
	{ "1E2", "100" },
	{ "1.5e2", "150" },
	{ "1.5E+2", "150" },
	{ "1.50e1", "15.0" },
	{ "125e-2", "1.25" },
	{ "-1e-18", "-0.000000000000000001" },
	{ "0.001e3", "1" },
	{ "0.1e-17", "0.000000000000000001" },
	{ "1.0e-18", "0.000000000000000001" },
	{ "1e19", "10000000000000000000" },
	{ "0.00000000000000001e36", "10000000000000000000" },
	{ "0e999999999", "0" },
	{ "-0.0e-99", "0.000000000000000000" },
	{ "1.10", "1.10" },
	{ "1e20", NULL },
	{ "1e-19", NULL },
	{ "1.1e-18", NULL },
	{ "1e400", NULL },
};

static void
test_numbers_with_an_exponent_keep_their_exact_value(void **state)
{
	CLEANUP_DEC struct dec dec;

	(void)state;
	dec_init(&dec);
	for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
		struct err err CLEANUP_ERR = ERR_INIT;
		int rc = dec_parse_number(&dec, numbers[i].number, &err);

		if (numbers[i].want) {
			assert_int_equal(rc, 0);
			prints(&dec, numbers[i].want, &dec_table[0]);
			continue;
		}
		assert_int_equal(rc, IAG_INVAL);
		assert_non_null(strstr(err_text(&err), "out of bounds"));
	}
	assert_int_equal(dec_parse_number(&dec, "1e", NULL), IAG_INVAL);
	assert_int_equal(dec_parse_number(&dec, "1e+", NULL), IAG_INVAL);
	assert_int_equal(dec_parse_number(&dec, "1e5x", NULL), IAG_INVAL);
	assert_int_equal(dec_parse_number(&dec, "e5", NULL), IAG_INVAL);
}

static void
test_integers_of_the_whole_range_are_exact(void **state)
{
	CLEANUP_DEC struct dec dec;

	(void)state;
	dec_init(&dec);
	assert_int_equal(dec_set_int(&dec, INT64_MIN), 0);
	prints(&dec, "-9223372036854775808", &dec_table[0]);
	assert_int_equal(dec_set_int(&dec, INT64_MAX), 0);
	prints(&dec, "9223372036854775807", &dec_table[0]);
	assert_int_equal(dec_set_int(&dec, 0), 0);
	prints(&dec, "0", &dec_table[0]);
	assert_int_equal(dec_sign(&dec), 0);
}

static void
test_division_by_zero_is_an_error_and_changes_nothing(void **state)
{
	CLEANUP_DEC struct dec a, zero, out;
	struct err err CLEANUP_ERR = ERR_INIT;

	(void)state;
	dec_init(&a);
	dec_init(&zero);
	dec_init(&out);
	(void)dec_set_int(&a, 1);
	(void)dec_set_int(&out, 5);
	assert_int_equal(dec_parse(&zero, "-0.00", NULL), 0);
	assert_int_equal(dec_div(&out, &a, &zero, &err), IAG_INVAL);
	assert_int_equal(err.code, ERR_INPUT_INVALID);
	prints(&out, "5", &dec_table[0]);
}

static void
test_a_third_is_exact_though_it_has_no_text(void **state)
{
	CLEANUP_DEC struct dec one, three, third;
	CLEANUP_BUF struct buf out = BUF_INIT;

	(void)state;
	dec_init(&one);
	dec_init(&three);
	dec_init(&third);
	(void)dec_set_int(&one, 1);
	(void)dec_set_int(&three, 3);
	assert_int_equal(dec_div(&third, &one, &three, NULL), 0);
	assert_int_equal(dec_format(&out, &third, NULL), IAG_INVAL);
	assert_int_equal(dec_format_normal(&out, &third, NULL), IAG_INVAL);
	dec_mul(&third, &third, &three);
	assert_int_equal(dec_cmp(&third, &one), 0);
}

static void
test_operands_may_be_the_result(void **state)
{
	CLEANUP_DEC struct dec dec, copy;

	(void)state;
	dec_init(&dec);
	dec_init(&copy);
	assert_int_equal(dec_parse(&dec, "-1.50", NULL), 0);
	dec_set(&copy, &dec);
	dec_add(&dec, &dec, &dec);
	prints(&dec, "-3.00", &dec_table[0]);
	dec_mul(&dec, &dec, &dec);
	prints(&dec, "9.0000", &dec_table[0]);
	dec_sub(&dec, &dec, &dec);
	prints(&dec, "0.0000", &dec_table[0]);
	dec_abs(&copy);
	prints(&copy, "1.50", &dec_table[0]);
}

static void
test_a_full_buffer_is_reported(void **state)
{
	CLEANUP_DEC struct dec dec;
	CLEANUP_BUF struct buf out = BUF_INIT;

	(void)state;
	dec_init(&dec);
	buf_init(&out, 3);
	assert_int_equal(dec_parse(&dec, "12.50", NULL), 0);
	assert_int_equal(dec_format(&out, &dec, NULL), IAG_NOMEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arithmetic_agrees_with_the_oracle),
		cmocka_unit_test(test_a_text_comes_back_with_its_scale),
		cmocka_unit_test(test_exactly_the_pattern_is_accepted),
		cmocka_unit_test(
		    test_a_huge_exponent_or_text_never_reaches_gmp),
		cmocka_unit_test(
		    test_numbers_with_an_exponent_keep_their_exact_value),
		cmocka_unit_test(test_integers_of_the_whole_range_are_exact),
		cmocka_unit_test(
		    test_division_by_zero_is_an_error_and_changes_nothing),
		cmocka_unit_test(test_a_third_is_exact_though_it_has_no_text),
		cmocka_unit_test(test_operands_may_be_the_result),
		cmocka_unit_test(test_a_full_buffer_is_reported),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

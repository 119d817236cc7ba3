/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Decimals over GMP rationals.  Our own scanner checks every text first:
 * mpq_set_str() takes leading blanks and "3/0" but not "1.5", and GMP aborts
 * the process on sizes that a few bytes of text can ask for.
 */

#include "base/dec.h"

#include <stdlib.h>
#include <string.h>

#define DEC_INTEGER (DEC_DIGITS - DEC_SCALE) /* digits before the point */
#define EXPONENT_MAX 999 /* past every bound, far from any overflow */

/* A scanned text: digits without sign, point and exponent. */
struct lexeme {
	bool negative;
	char digits[DEC_DIGITS + 1];
	unsigned count;   /* of digits */
	unsigned integer; /* of these before the point */
	const char *wrong;
};

void
dec_init(struct dec *dec)
{
	mpq_init(dec->value);
	dec->scale = 0;
}

void
dec_fini(struct dec *dec)
{
	mpq_clear(dec->value);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Take the digits at *at, max of them at most. */
static void
scan_digits(struct lexeme *lex, const char **at, unsigned max)
{
	unsigned taken = 0;

	while (is_digit(**at) && taken < max) {
		lex->digits[lex->count++] = *(*at)++;
		taken++;
	}
	lex->digits[lex->count] = '\0';
}

/* Sign, integer and fraction; the rest of the text comes back. */
static const char *
scan_decimal(struct lexeme *lex, const char *text)
{
	const char *at = text;

	*lex = (struct lexeme){ 0 };
	lex->negative = *at == '-';
	if (lex->negative)
		at++;
	if (!is_digit(*at)) {
		lex->wrong = "expected a digit";
		return at;
	}
	if (*at == '0' && is_digit(at[1])) {
		lex->wrong = "a leading zero is not allowed";
		return at;
	}
	scan_digits(lex, &at, DEC_INTEGER);
	lex->integer = lex->count;
	if (is_digit(*at)) {
		lex->wrong = "at most 20 digits before the point";
		return at;
	}
	if (*at != '.')
		return at;
	at++;
	if (!is_digit(*at)) {
		lex->wrong = "expected a digit after the point";
		return at;
	}
	scan_digits(lex, &at, DEC_SCALE);
	if (is_digit(*at))
		lex->wrong = "at most 18 digits after the point";
	return at;
}

/* "eN", "E+N", "e-N" or nothing; EXPONENT_MAX stands for all beyond. */
static const char *
scan_exponent(struct lexeme *lex, const char *at, int *exponent)
{
	bool negative;
	int value = 0;

	*exponent = 0;
	if (lex->wrong || (*at != 'e' && *at != 'E'))
		return at;
	at++;
	negative = *at == '-';
	if (*at == '-' || *at == '+')
		at++;
	if (!is_digit(*at)) {
		lex->wrong = "expected a digit in the exponent";
		return at;
	}
	for (; is_digit(*at); at++)
		value = value >= EXPONENT_MAX / 10 ? EXPONENT_MAX
						   : value * 10 + (*at - '0');
	*exponent = negative ? -value : value;
	return at;
}

static int
refuse(struct err *err, const char *text, const char *wrong)
{
	return err_set(err, ERR_INPUT_INVALID,
	    "'%.64s' is not a decimal: %s; write it as in '-12.50', without "
	    "exponent, '+' or blanks",
	    text, wrong);
}

static const char *
rest_fault(const struct lexeme *lex, const char *at)
{
	if (lex->wrong)
		return lex->wrong;
	return *at == '\0' ? NULL : "unexpected text after it";
}

/* value = +-digits / 10^scale, in lowest terms. */
static void
set_scaled(struct dec *dec, const struct lexeme *lex, unsigned scale)
{
	int rc = mpz_set_str(mpq_numref(dec->value), lex->digits, 10);

	if (rc != 0)
		abort(); /* the scanner let only digits through */
	mpz_ui_pow_ui(mpq_denref(dec->value), 10, scale);
	if (lex->negative)
		mpq_neg(dec->value, dec->value);
	mpq_canonicalize(dec->value);
	dec->scale = scale;
}

int
dec_parse(struct dec *dec, const char *text, struct err *err)
{
	struct lexeme lex;
	const char *at = scan_decimal(&lex, text);
	const char *wrong = rest_fault(&lex, at);

	if (wrong)
		return refuse(err, text, wrong);
	set_scaled(dec, &lex, lex.count - lex.integer);
	return 0;
}

bool
dec_is_text(const char *text)
{
	struct lexeme lex;
	const char *at = scan_decimal(&lex, text);

	return !rest_fault(&lex, at);
}

/* Leave out zeros in front, which count for no bound. */
static void
strip_front(struct lexeme *lex)
{
	unsigned zeros = 0;

	while (zeros + 1 < lex->count && lex->digits[zeros] == '0')
		zeros++;
	memmove(lex->digits, lex->digits + zeros, lex->count - zeros + 1);
	lex->count -= zeros;
}

/*
 * Apply the exponent to the digits: the scale of the result, or -1 when it
 * leaves the bounds.  Zeros that an exponent pushed behind the last place are
 * dropped, other digits never.
 */
static int
shift(struct lexeme *lex, int exponent)
{
	int scale = (int)(lex->count - lex->integer) - exponent;

	strip_front(lex);
	if (lex->count == 1 && lex->digits[0] == '0')
		return scale < 0 ? 0 : scale > DEC_SCALE ? DEC_SCALE : scale;
	while (scale > DEC_SCALE && lex->digits[lex->count - 1] == '0') {
		lex->digits[--lex->count] = '\0';
		scale--;
	}
	while (scale < 0 && lex->count < DEC_INTEGER) {
		lex->digits[lex->count++] = '0';
		lex->digits[lex->count] = '\0';
		scale++;
	}
	if (scale < 0 || scale > DEC_SCALE ||
	    (int)lex->count - scale > DEC_INTEGER)
		return -1;
	return scale;
}

int
dec_parse_number(struct dec *dec, const char *text, struct err *err)
{
	struct lexeme lex;
	int exponent, scale;
	const char *at = scan_decimal(&lex, text);
	const char *wrong;

	at = scan_exponent(&lex, at, &exponent);
	wrong = rest_fault(&lex, at);
	if (wrong)
		return refuse(err, text, wrong);
	scale = shift(&lex, exponent);
	if (scale < 0)
		return err_set(err, ERR_INPUT_INVALID,
		    "number '%.64s' is out of bounds: at most %d digits before "
		    "the point and %d after it",
		    text, DEC_INTEGER, DEC_SCALE);
	set_scaled(dec, &lex, (unsigned)scale);
	return 0;
}

int
dec_set_int(struct dec *dec, int64_t value)
{
	uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;

	mpz_import(mpq_numref(dec->value), 1, 1, sizeof size, 0, 0, &size);
	mpz_set_ui(mpq_denref(dec->value), 1);
	if (value < 0)
		mpq_neg(dec->value, dec->value);
	dec->scale = 0;
	return 0;
}

void
dec_set(struct dec *dec, const struct dec *from)
{
	mpq_set(dec->value, from->value);
	dec->scale = from->scale;
}

static unsigned
larger_scale(const struct dec *a, const struct dec *b)
{
	return a->scale > b->scale ? a->scale : b->scale;
}

void
dec_add(struct dec *sum, const struct dec *a, const struct dec *b)
{
	sum->scale = larger_scale(a, b);
	mpq_add(sum->value, a->value, b->value);
}

void
dec_sub(struct dec *diff, const struct dec *a, const struct dec *b)
{
	diff->scale = larger_scale(a, b);
	mpq_sub(diff->value, a->value, b->value);
}

void
dec_mul(struct dec *prod, const struct dec *a, const struct dec *b)
{
	prod->scale = a->scale + b->scale;
	mpq_mul(prod->value, a->value, b->value);
}

int
dec_div(
    struct dec *quot, const struct dec *a, const struct dec *b, struct err *err)
{
	if (mpq_sgn(b->value) == 0)
		return err_set(err, ERR_INPUT_INVALID,
		    "cannot divide by zero: expected another divisor");
	quot->scale = larger_scale(a, b);
	mpq_div(quot->value, a->value, b->value);
	return 0;
}

void
dec_abs(struct dec *dec)
{
	mpq_abs(dec->value, dec->value);
}

int
dec_cmp(const struct dec *a, const struct dec *b)
{
	return mpq_cmp(a->value, b->value);
}

int
dec_sign(const struct dec *dec)
{
	return mpq_sgn(dec->value);
}

/*
 * The digits behind the point that the value needs: the smallest s for which
 * its denominator divides 10^s, or -1 if none up to DEC_SCALE does.
 */
static int
needed_scale(const struct dec *dec)
{
	mpz_t power;
	int scale = 0;

	mpz_init_set_ui(power, 1);
	while (scale <= DEC_SCALE &&
	       !mpz_divisible_p(power, mpq_denref(dec->value))) {
		mpz_mul_ui(power, power, 10);
		scale++;
	}
	mpz_clear(power);
	return scale <= DEC_SCALE ? scale : -1;
}

/* digits with a point scale places from the right */
static void
put_point(struct buf *out, const char *digits, unsigned scale)
{
	size_t len = strlen(digits);
	size_t before = len > scale ? len - scale : 0;

	if (before)
		buf_add(out, digits, before);
	else
		buf_char(out, '0');
	if (scale == 0)
		return;
	buf_char(out, '.');
	for (size_t i = len; i < scale; i++)
		buf_char(out, '0');
	buf_str(out, digits + before);
}

/* Print a value that needs at most scale digits behind the point. */
static int
print(struct buf *out, const struct dec *dec, unsigned scale, struct err *err)
{
	/* mpz_sizeinbase() may say one too many; then there is the NUL */
	char digits[DEC_DIGITS + 2];
	bool fits;
	mpz_t whole;

	mpz_init(whole);
	mpz_ui_pow_ui(whole, 10, scale);
	mpz_mul(whole, whole, mpq_numref(dec->value));
	mpz_divexact(whole, whole, mpq_denref(dec->value));
	mpz_abs(whole, whole);
	fits = mpz_sizeinbase(whole, 10) <= DEC_DIGITS + 1;
	if (fits)
		(void)mpz_get_str(digits, 10, whole);
	mpz_clear(whole);
	if (!fits || strlen(digits) > DEC_INTEGER + scale)
		return err_set(err, ERR_INPUT_INVALID,
		    "the value has more than %d digits before the point",
		    DEC_INTEGER);
	if (dec_sign(dec) < 0)
		buf_char(out, '-');
	put_point(out, digits, scale);
	return out->failed ? err_set(err, ERR_OUT_OF_MEMORY,
				 "no memory for the text of a decimal")
			   : 0;
}

static int
refuse_endless(struct err *err)
{
	return err_set(err, ERR_INPUT_INVALID,
	    "the value has more than %d digits after the point and nothing is "
	    "rounded",
	    DEC_SCALE);
}

int
dec_format(struct buf *out, const struct dec *dec, struct err *err)
{
	int needed = needed_scale(dec);
	unsigned scale = dec->scale > DEC_SCALE ? DEC_SCALE : dec->scale;

	if (needed < 0)
		return refuse_endless(err);
	if (scale < (unsigned)needed)
		scale = (unsigned)needed;
	return print(out, dec, scale, err);
}

int
dec_format_normal(struct buf *out, const struct dec *dec, struct err *err)
{
	int needed = needed_scale(dec);

	if (needed < 0)
		return refuse_endless(err);
	return print(out, dec, (unsigned)needed, err);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Exact decimals for money, prices and quantities (invariant 12).  A value
 * keeps the scale it was written with, so that 1.10 prints as 1.10, while
 * comparison and arithmetic are exact on rationals (GMP).  Digits and scale are
 * bounded before GMP sees them, because GMP aborts when sizes overflow.
 */

#ifndef IAG_BASE_DEC_H
#define IAG_BASE_DEC_H

#include <stdbool.h>
#include <stdint.h>

#include <gmp.h>

#include "base/buf.h"
#include "base/err.h"

#define DEC_DIGITS 38 /* most significant digits in a text */
#define DEC_SCALE 18  /* most digits behind the point */

/* The pattern that schemas and manual pages state for a decimal. */
#define DEC_PATTERN "^-?(0|[1-9][0-9]{0,19})(\\.[0-9]{1,18})?$"

struct dec {
	mpq_t value;
	unsigned scale; /* digits behind the point when printed */
};

void dec_init(struct dec *dec); /* 0, scale 0 */
void dec_fini(struct dec *dec);
#define CLEANUP_DEC __attribute__((cleanup(dec_fini)))

/* Text as in DEC_PATTERN, no exponent, no sign but '-', no blanks. */
int dec_parse(struct dec *dec, const char *text, struct err *err);
/*
 * A JSON number, which may have an exponent: the value in plain digits must
 * keep DEC_PATTERN's bounds.  1.5E2 has the value 150 and scale 0.
 */
int dec_parse_number(struct dec *dec, const char *text, struct err *err);
/* True if dec_parse would accept it. */
bool dec_is_text(const char *text);
int dec_set_int(struct dec *dec, int64_t value);
void dec_set(struct dec *dec, const struct dec *from);

/* Exact; scale of the result: the larger one (add, sub), the sum (mul). */
void dec_add(struct dec *sum, const struct dec *a, const struct dec *b);
void dec_sub(struct dec *diff, const struct dec *a, const struct dec *b);
void dec_mul(struct dec *prod, const struct dec *a, const struct dec *b);
/* Exact rational, scale: the larger; INPUT_INVALID for a zero divisor. */
int dec_div(struct dec *quot, const struct dec *a, const struct dec *b,
    struct err *err);
void dec_abs(struct dec *dec);

int dec_cmp(const struct dec *a, const struct dec *b); /* <0, 0, >0 */
int dec_sign(const struct dec *dec);                   /* -1, 0, 1 */

/*
 * Print with the value's own scale.  A value that needs more digits than its
 * scale is printed with as many as it needs up to DEC_SCALE; one that does
 * not terminate there fails (nothing is ever rounded here), and so does one
 * with more digits before the point than DEC_PATTERN takes: what comes out can
 * always be parsed again.  On failure nothing is appended.
 */
int dec_format(struct buf *out, const struct dec *dec, struct err *err);
/* Normal form for digests: no trailing zeros, no "-0". */
int dec_format_normal(struct buf *out, const struct dec *dec, struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Prices, quantities and money of the simulator: whole numbers of 10^-8, which
 * is exact for every increment that it knows.  What does not fit is
 * held at the ends of a range.
 */

#ifndef IAG_SIM_NUM_H
#define IAG_SIM_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json_object.h>

#include "base/buf.h"

#define NUM_ONE INT64_C(100000000)
#define NUM(whole, hundredths) \
	((whole)*NUM_ONE + (hundredths) * (NUM_ONE / 100))

/* Plain decimal text, at most 8 digits behind the point. */
bool num_parse(const char *text, int64_t *ret_num);
/* A JSON number; a string with one in it only if text is true. */
bool num_from_json(struct json_object *value, bool text, int64_t *ret_num);
/* With at least `digits` digits behind the point. */
void num_write(struct buf *out, int64_t num, unsigned digits);

/* The results stay within +-NUM_MOST, so that a few can be added plainly. */
#define NUM_MOST (INT64_MAX / 16)
int64_t num_add(int64_t a, int64_t b);
int64_t num_mul(int64_t a, int64_t b);
int64_t num_div(int64_t a, int64_t b); /* 0 for a zero divisor */
bool num_is_multiple(int64_t num, int64_t of);

#endif

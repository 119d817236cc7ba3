/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The one reader of single values.  The broker writes numbers as numbers and
 * as strings, with thousands separators, units, percent signs and letters in
 * front; nothing, an empty text and null all mean that it gave no value.
 * What cannot be read exactly is not given either: it is never rounded.
 */

#ifndef CPGW_SCALAR_H
#define CPGW_SCALAR_H

#include <stddef.h>
#include <stdint.h>

#include "node.h"

/* 20 digits, a point, 18 digits, a sign and a NUL. */
#define SCALAR_SIZE 48
#define SCALAR_ID_SIZE 100

/* What stood around a number. */
#define SCALAR_CLOSE 0x1u   /* C: the price of the last close */
#define SCALAR_HALTED 0x2u  /* H: trading is halted */
#define SCALAR_PERCENT 0x4u /* % */
#define SCALAR_UNIT 0x8u    /* K, M, B or T: rounded by the broker */

/* Plain decimal text, without exponent; NULL: not given. */
const char *scalar_decimal(
    const struct node *node, char buffer[SCALAR_SIZE], unsigned *ret_marks);
/* The same of text; "1,005,254 USD": what follows the number is left. */
const char *scalar_parse(const char *text, size_t len, char buffer[SCALAR_SIZE],
    unsigned *ret_marks, size_t *ret_used);
/* Is it zero? */
int scalar_is_zero(const char *decimal);
/* decimal / 10^places, exactly; NULL: more digits than are ever shown. */
const char *scalar_shift(
    const char *decimal, unsigned places, char buffer[SCALAR_SIZE]);

/* An id, a number or text of letters, digits and . _ - ; NULL: none. */
const char *scalar_id(const struct node *node, char buffer[SCALAR_ID_SIZE]);
/* The id of a contract: 1-12 digits, not 0. */
const char *scalar_contract(
    const struct node *node, char buffer[SCALAR_ID_SIZE]);

/* true, "true", 1: 1; false, "false", 0: 0; otherwise -1. */
int scalar_bool(const struct node *node);
/* A whole number, of a number or of text; -1: none, or negative. */
int64_t scalar_int(const struct node *node);

/*
 * Real time in ns of seconds or milliseconds since 1970 (by size), or of
 * "20260402-13:30:00" or "260402133000", both in UTC; 0: not given.
 */
uint64_t scalar_time(const struct node *node);
/* "20260619" or 20260619 as "2026-06-19"; NULL: no such day. */
const char *scalar_date(const struct node *node, char buffer[12]);

#endif

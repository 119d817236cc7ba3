/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Writes answers.  A value that cannot be read is left out with its name:
 * missing is absent, never zero or empty (invariant 11).
 */

#ifndef CPGW_EMIT_H
#define CPGW_EMIT_H

#include <stddef.h>
#include <stdint.h>

#include "node.h"

struct text;

/* The separators are set where they are needed. */
void emit_open(struct text *out, const char *key, char bracket);
void emit_close(struct text *out, char bracket);

/* value: plain ASCII of ours; NULL: left out. */
void emit_str(struct text *out, const char *key, const char *value);
void emit_flag(struct text *out, const char *key, int value);
void emit_number(struct text *out, const char *key, int64_t value);
/* Real time in ns; 0: left out. */
void emit_moment(struct text *out, const char *key, uint64_t real_ns);
/* A string of ours as an element of a list. */
void emit_item(struct text *out, const char *value);

/* One value of the broker under a name of ours. */
typedef void emit_fn(
    struct text *out, const char *key, const struct node *value);
emit_fn emit_decimal;
emit_fn emit_nonzero; /* zero is how the broker writes "none" here */
emit_fn emit_id;
emit_fn emit_contract; /* the id of a contract; 0 is none */
emit_fn emit_text;
emit_fn emit_date;
emit_fn emit_when;
emit_fn emit_bool;
emit_fn emit_class;
emit_fn emit_right;
emit_fn emit_side;
emit_fn emit_word; /* plain text of at most 64 characters */
emit_fn emit_code; /* a word of capitals: a currency, an exchange */

/* A row of a table: `from` becomes `key`. */
struct emit_field {
	const char *key, *from;
	emit_fn *put;
};
void emit_fields(struct text *out, const struct node *object,
    const struct emit_field *fields, size_t count);
#define EMIT(out, object, fields) \
	emit_fields(out, object, fields, sizeof(fields) / sizeof((fields)[0]))

/* Would emit_word(), emit_code() write it? */
int emit_is_word(const struct node *value);
int emit_is_code(const struct node *value);
/* "STK" is "stock"; what nobody knows is "other". */
const char *emit_class_word(const char *broker_word);
/* "buy" or "sell"; NULL: neither. */
const char *emit_side_word(const struct node *value);
/* Append a string of the broker in quotes, made safe. */
void emit_quoted(struct text *out, const struct node *value);

#endif

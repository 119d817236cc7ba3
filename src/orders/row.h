/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Rows of workflow state as JSON objects: which member of a struct stands
 * under which name, told once and used for writing and reading.  Nanoseconds
 * are strings, because they do not fit into the integers of JSON.
 */

#ifndef IAG_ORDERS_ROW_H
#define IAG_ORDERS_ROW_H

#include <stddef.h>
#include <stdint.h>

#include <json-c/json_object.h>

#include "base/buf.h"
#include "base/err.h"
#include "journal/journal.h"
#include "orders/order.h"

enum row_kind {
	ROW_TEXT,  /* char *, owned; NULL: absent */
	ROW_JSON,  /* the same, the text of an object, kept as it is */
	ROW_CHARS, /* char[size]; "": absent */
	ROW_U64,   /* uint64_t; 0: absent */
	ROW_BOOL,  /* bool; false: absent */
	ROW_WORD   /* uint32_t behind words; 0: absent */
};

/* One member; lists end with a NULL name. */
struct row_field {
	const char *name;
	enum row_kind kind;
	size_t at, size;
	const char *(*word)(uint32_t value);
	uint32_t (*find)(const char *word);
};

#define ROW_FIELD(type, member, what)                                        \
	{                                                                    \
		.name = #member, .kind = what, .at = offsetof(type, member), \
		.size = sizeof(((const type *)0)->member)                    \
	}
#define ROW_WORDS(type, member, to_word, of_word)                       \
	{                                                               \
		.name = #member, .kind = ROW_WORD,                      \
		.at = offsetof(type, member), .size = sizeof(uint32_t), \
		.word = to_word, .find = of_word                        \
	}

/* Put the members of *row, and order where there is one (else NULL). */
int row_save(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes key, const struct row_field *fields, const void *row,
    const struct order *order, struct err *err);
/*
 * The reverse, into an empty row; what: "an intent", for JOURNAL_CORRUPT.
 * IAG_NOTFOUND without text.  *ret_order stays as it is without an order; it
 * may be NULL.  On failure the row still has to be released.
 */
int row_load(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes key, const struct row_field *fields, void *row,
    struct order *ret_order, const char *what, struct err *err);
/* Free the texts. */
void row_fini(const struct row_field *fields, void *row);

/* Put obj as canonical text. */
int row_put(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes key, struct json_object *obj, struct err *err);
/* IAG_NOTFOUND without text; JOURNAL_CORRUPT for what is no object. */
int row_get(struct journal_txn *txn, enum journal_table table,
    struct iag_bytes key, struct json_object **ret_obj, const char *what,
    struct err *err);

/*
 * Room for one more behind count of them, in a list that grows by this alone:
 * the items, which may have moved; NULL: no memory, and they are as before.
 */
void *row_list_room(void *items, size_t count, size_t size);

/*
 * An index in TABLE_STATE: entries prefix + key, without a value.  set: it
 * shall be there; nothing is written where it is so already.
 */
int row_index(struct journal_txn *txn, const char *prefix, struct iag_bytes key,
    bool set, struct err *err);
/*
 * The keys behind prefix, in order; collected before the first visit(), which
 * may therefore change anything.  Stops when visit() != 0, with its result.
 */
typedef int row_visit(
    struct journal_txn *txn, struct iag_bytes key, void *arg, struct err *err);
int row_index_walk(struct journal_txn *txn, const char *prefix,
    row_visit *visit, void *arg, struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Reads over the rows of orders and the indexes that their writes keep.  A
 * step may run again, so each begins with an empty ledger.
 */

#include "orders/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "orders/row.h"

#define PREFIX_SIZE (HASH_HEX_SIZE + 32)
#define INDEX_KEY_SIZE 256
#define STAMP_LEN 16 /* hexadecimal digits of a time in the index */

struct reading {
	struct ledger *ledger;
	char hash[HASH_HEX_SIZE];
	const char *id; /* of the only one that is looked for */
	uint64_t from_ns, to_ns;
	struct buf keys; /* ids of changed rows, each with its zero */
	size_t key_count;
};

void
ledger_init(struct ledger *ledger)
{
	memset(ledger, 0, sizeof(*ledger));
}

void
ledger_fini(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->count; i++)
		order_row_fini(&ledger->rows[i]);
	for (size_t i = 0; i < ledger->writer_count; i++)
		free(ledger->writers[i].name);
	free(ledger->rows);
	ledger_init(ledger);
}

bool
ledger_is_empty(const struct ledger *ledger)
{
	return ledger->count == 0 && ledger->writer_count == 0;
}

/* Take the row over; 1: there is no room for more. */
static int
row_take(struct ledger *ledger, struct order_row *row, struct err *err)
{
	struct order_row *rows;

	if (ledger->count == LEDGER_ROWS) {
		ledger->cut = true;
		return 1;
	}
	rows = reallocarray(ledger->rows, ledger->count + 1, sizeof(*rows));
	if (!rows)
		return err_no_memory(err);
	ledger->rows = rows;
	rows[ledger->count++] = *row;
	order_row_init(row);
	return 0;
}

static int
writer_note(
    struct ledger *ledger, uint32_t mode, const char *name, struct err *err)
{
	struct ledger_writer *writer;

	if (!name)
		return 0;
	for (size_t i = 0; i < ledger->writer_count; i++) {
		writer = &ledger->writers[i];
		if (writer->mode == mode &&
		    config_name_equal(writer->name, name))
			return 0;
	}
	if (ledger->writer_count == LEDGER_WRITERS) {
		ledger->cut = true;
		return 0;
	}
	writer = &ledger->writers[ledger->writer_count];
	writer->mode = mode;
	writer->name = strdup(name);
	if (!writer->name)
		return err_no_memory(err);
	ledger->writer_count++;
	return 0;
}

/* With its writer, where that may know better. */
static int
row_add(struct ledger *ledger, struct order_row *row, struct err *err)
{
	int ret = 0;

	if (!order_status_is_terminal(row->status))
		ret = writer_note(ledger, row->mode, row->writer, err);
	return ret ? ret : row_take(ledger, row, err);
}

static int
dangling(struct err *err)
{
	return err_set(err, ERR_JOURNAL_CORRUPT,
	    "an index of orders names one that is not there");
}

/* A key of an index as a text. */
static int
text_of(char text[INDEX_KEY_SIZE], struct iag_bytes key, struct err *err)
{
	if (key.len >= INDEX_KEY_SIZE)
		return dangling(err);
	memcpy(text, key.data, key.len);
	text[key.len] = '\0';
	return 0;
}

/* The row that an index names by its id. */
static int
row_of(struct reading *r, struct journal_txn *txn, struct iag_bytes key,
    struct order_row *ret_row, struct err *err)
{
	char id[INDEX_KEY_SIZE];
	int ret = text_of(id, key, err);

	order_row_init(ret_row);
	if (ret == 0)
		ret = order_row_get(txn, r->hash, id, ret_row, err);
	return ret == IAG_NOTFOUND ? dangling(err) : ret;
}

static int
working_visit(struct order_row *row, void *arg, struct err *err)
{
	struct reading *r = arg;

	return row_add(r->ledger, row, err);
}

/* Those that still work are among the rows already. */
static int
changed_add(
    struct reading *r, struct journal_txn *txn, const char *id, struct err *err)
{
	CLEANUP_ORDER_ROW struct order_row row;
	int ret =
	    row_of(r, txn, (struct iag_bytes){ id, strlen(id) }, &row, err);

	if (ret || !order_status_is_terminal(row.status))
		return ret;
	return row_add(r->ledger, &row, err);
}

/* Entries from the latest on; the prefix is told by the length of the key. */
static int
changed_visit(
    struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err)
{
	struct reading *r = arg;
	char prefix[PREFIX_SIZE], stamp[STAMP_LEN + 1];
	size_t len = (size_t)snprintf(
	    prefix, sizeof(prefix), "%s%.64s/", ORDER_INDEX_CHANGED, r->hash);
	const char *text = key.data;

	(void)value;
	if (key.len < len + STAMP_LEN + 2 || memcmp(text, prefix, len) != 0)
		return 1;
	memcpy(stamp, text + len, STAMP_LEN);
	stamp[STAMP_LEN] = '\0';
	if (strtoull(stamp, NULL, 16) < r->from_ns)
		return 1;
	len += STAMP_LEN + 1;
	buf_add(&r->keys, text + len, key.len - len);
	buf_char(&r->keys, '\0');
	if (r->keys.failed)
		return err_no_memory(err);
	return ++r->key_count > LEDGER_ROWS;
}

static int
changed_read(struct reading *r, struct journal_txn *txn, struct err *err)
{
	char from[PREFIX_SIZE];
	struct iag_bytes at = { from, 0 };
	int ret;

	/* behind every id of the last instant */
	at.len = (size_t)snprintf(from, sizeof(from), "%s%.64s/%016" PRIx64 "0",
	    ORDER_INDEX_CHANGED, r->hash, r->to_ns);
	buf_reset(&r->keys);
	r->key_count = 0;
	ret = txn_walk(txn, TABLE_STATE, at, true, changed_visit, r, err);
	if (ret < 0)
		return ret;
	ret = 0;
	for (size_t i = 0; i < r->keys.len && ret == 0;
	     i += strlen(r->keys.data + i) + 1)
		ret = changed_add(r, txn, r->keys.data + i, err);
	return ret;
}

static int
unsettled_visit(struct intent *intent, void *arg, struct err *err)
{
	struct reading *r = arg;

	return writer_note(r->ledger, intent->mode, intent->writer, err);
}

static int
load_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct reading *r = arg;
	int ret;

	ledger_fini(r->ledger);
	ret = order_row_walk_working(txn, r->hash, working_visit, r, err);
	if (ret == 0)
		ret = changed_read(r, txn, err);
	if (ret == 0 || ret == 1)
		ret = intent_walk_unsettled(
		    txn, r->hash, unsettled_visit, r, err);
	return ret;
}

static int
run(struct journal *journal, const char *account, journal_step *step,
    struct reading *r, struct err *err)
{
	int ret;

	journal_account_hash(journal, account, r->hash);
	ledger_init(r->ledger);
	ret = journal_view(journal, step, r, err);
	buf_fini(&r->keys);
	if (ret)
		ledger_fini(r->ledger);
	return ret;
}

int
ledger_load(struct journal *journal, const char *account, uint64_t from_ns,
    uint64_t to_ns, struct ledger *ret_ledger, struct err *err)
{
	struct reading r = {
		.ledger = ret_ledger,
		.from_ns = from_ns,
		.to_ns = to_ns,
	};

	return run(journal, account, load_step, &r, err);
}

/* An order's former id ends in the step that makes the row of its new one. */
static bool
is_later(const struct order_row *row, const struct order_row *other)
{
	bool is_former = order_row_successor(row) != NULL;

	return is_former != (order_row_successor(other) != NULL)
		   ? !is_former
		   : row->updated_ns > other->updated_ns;
}

/* Of several that had the reference, the one that changed last. */
static int
named_add(struct reading *r, struct order_row *row, struct err *err)
{
	if (r->ledger->count && is_later(&r->ledger->rows[0], row))
		return 0;
	if (r->ledger->count)
		order_row_fini(&r->ledger->rows[--r->ledger->count]);
	return row_add(r->ledger, row, err);
}

static int
named_visit(
    struct journal_txn *txn, struct iag_bytes key, void *arg, struct err *err)
{
	struct reading *r = arg;
	CLEANUP_ORDER_ROW struct order_row row;
	int ret = row_of(r, txn, key, &row, err);

	return ret ? ret : named_add(r, &row, err);
}

/* The reference is mostly the key; its intent then has the broker's id. */
static int
keyed_read(struct reading *r, struct journal_txn *txn, struct err *err)
{
	CLEANUP_INTENT struct intent intent;
	CLEANUP_ORDER_ROW struct order_row row;
	int ret;

	intent_init(&intent);
	order_row_init(&row);
	if (!intent_key_is_valid(r->id))
		return 0;
	ret = intent_get(txn, r->hash, r->id, "", &intent, err);
	if (ret)
		return ret == IAG_NOTFOUND ? 0 : ret;
	if (intent.operation != OPERATION_SUBMIT || !intent.client_ref ||
	    strcmp(intent.client_ref, r->id) != 0 || !intent.broker_order_id)
		return 0;
	ret = order_row_get(txn, r->hash, intent.broker_order_id, &row, err);
	if (ret)
		return ret == IAG_NOTFOUND ? 0 : ret;
	return named_add(r, &row, err);
}

static int
named_read(struct reading *r, struct journal_txn *txn, struct err *err)
{
	char prefix[PREFIX_SIZE + INDEX_KEY_SIZE];
	int ret = keyed_read(r, txn, err);

	(void)snprintf(prefix, sizeof(prefix), "%s%.64s/%.96s/",
	    ORDER_INDEX_NAMED, r->hash, r->id);
	return ret ? ret : row_index_walk(txn, prefix, named_visit, r, err);
}

static int
find_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct reading *r = arg;
	CLEANUP_ORDER_ROW struct order_row row;
	int ret;

	order_row_init(&row);
	ledger_fini(r->ledger);
	ret = order_row_get(txn, r->hash, r->id, &row, err);
	if (ret == 0)
		return row_add(r->ledger, &row, err);
	if (ret == IAG_NOTFOUND)
		ret = named_read(r, txn, err);
	return ret || r->ledger->count ? ret
				       : intent_walk_unsettled(txn, r->hash,
					     unsettled_visit, r, err);
}

int
ledger_find(struct journal *journal, const char *account, const char *id,
    struct ledger *ret_ledger, struct err *err)
{
	struct reading r = { .ledger = ret_ledger, .id = id };

	return run(journal, account, find_step, &r, err);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The rows of TABLE_ORDERS: what the broker is said to have. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "journal/record.h"
#include "orders/intent.h"
#include "orders/openindex.h"
#include "orders/row.h"
#include "orders/rowtext.h"

#define ROW_KEY_SIZE (HASH_HEX_SIZE + ORDER_ID_MAX + 1)

/* No broker gives one order more ids than this. */
enum { RENAMES_MAX = 100 };

#define FIELD(member, kind) ROW_FIELD(struct order_row, member, kind)

static const struct row_field row_fields[] = {
	FIELD(account, ROW_TEXT),
	FIELD(broker_order_id, ROW_TEXT),
	FIELD(client_ref, ROW_TEXT),
	FIELD(key, ROW_TEXT),
	FIELD(leg, ROW_TEXT),
	ROW_WORDS(struct order_row, mode, order_mode_name, order_mode_find),
	FIELD(writer, ROW_TEXT),
	FIELD(connection, ROW_TEXT),
	FIELD(approval_id, ROW_TEXT),
	ROW_WORDS(
	    struct order_row, status, order_status_name, order_status_find),
	FIELD(broker_status, ROW_TEXT),
	FIELD(filled_quantity, ROW_TEXT),
	FIELD(average_price, ROW_TEXT),
	FIELD(handle, ROW_TEXT),
	FIELD(simulated, ROW_BOOL),
	FIELD(created_ns, ROW_U64),
	FIELD(updated_ns, ROW_U64),
	FIELD(polled_ns, ROW_U64),
	FIELD(unshown_ns, ROW_U64),
	{ .name = NULL },
};

void
order_row_init(struct order_row *row)
{
	memset(row, 0, sizeof(*row));
}

void
order_row_fini(struct order_row *row)
{
	row_fini(row_fields, row);
	order_fini(&row->order);
	order_row_init(row);
}

static int
row_key(const char account_hash[HASH_HEX_SIZE], const char *id,
    char key[ROW_KEY_SIZE], struct iag_bytes *ret_key, struct err *err)
{
	int len = snprintf(key, ROW_KEY_SIZE, "%.64s/%s", account_hash, id);

	if (!*id || len < 0 || len >= ROW_KEY_SIZE)
		return err_set(err, ERR_ORDER_VALIDATION_FAILED,
		    "a broker order id has 1 to %d characters, '%s' has %zu",
		    ORDER_ID_MAX, id, strlen(id));
	*ret_key = (struct iag_bytes){ key, (size_t)len };
	return 0;
}

static int
row_check(const struct order_row *row, struct err *err)
{
	if (row->account && row->broker_order_id && row->key && row->leg &&
	    row->mode && row->status && row->order.mode)
		return 0;
	return err_set(err, ERR_JOURNAL_CORRUPT, "an order is not complete");
}

static int
get_at(struct journal_txn *txn, struct iag_bytes key, struct order_row *ret_row,
    struct err *err)
{
	CLEANUP_ORDER_ROW struct order_row row;
	int ret;

	order_row_init(&row);
	ret = row_load(txn, TABLE_ORDERS, key, row_fields, &row, &row.order,
	    "an order", err);
	if (ret == 0)
		ret = row_check(&row, err);
	if (ret)
		return ret;
	*ret_row = row;
	order_row_init(&row);
	return 0;
}

int
order_row_get(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    const char *broker_order_id, struct order_row *ret_row, struct err *err)
{
	char buf[ROW_KEY_SIZE];
	struct iag_bytes key;
	int ret = row_key(account_hash, broker_order_id, buf, &key, err);

	return ret ? ret : get_at(txn, key, ret_row, err);
}

/* One entry of an index: account hash "/" what "/" id. */
static int
entry_set(struct journal_txn *txn, const char *index, const char *hash,
    const char *what, const char *id, bool set, struct err *err)
{
	CLEANUP_BUF struct buf key = BUF_INIT;

	buf_printf(&key, "%.64s/%s/%s", hash, what, id);
	if (key.failed)
		return err_no_memory(err);
	return row_index(txn, index,
	    (struct iag_bytes){ buf_text(&key), key.len }, set, err);
}

static int
changed_set(struct journal_txn *txn, const char *hash,
    const struct order_row *row, bool set, struct err *err)
{
	char stamp[17];

	(void)snprintf(stamp, sizeof(stamp), "%016" PRIx64, row->updated_ns);
	return entry_set(txn, ORDER_INDEX_CHANGED, hash, stamp,
	    row->broker_order_id, set, err);
}

enum before { BEFORE_NONE, BEFORE_OPEN, BEFORE_ENDED };

static int
before_get(struct journal_txn *txn, struct iag_bytes key,
    struct order_row *ret_stored, enum before *ret_before, struct err *err)
{
	int ret = get_at(txn, key, ret_stored, err);

	if (ret && ret != IAG_NOTFOUND)
		return ret;
	*ret_before = ret ? BEFORE_NONE
		      : order_status_is_terminal(ret_stored->status)
			  ? BEFORE_ENDED
			  : BEFORE_OPEN;
	return 0;
}

bool
order_row_is_held_ended(const struct order_row *row)
{
	return row->status == IAG_STATUS_CANCELLED && row->broker_status &&
	       strcmp(row->broker_status, ORDER_HELD_ENDED) == 0;
}

/* It had ended with its name alone, or by somebody's word, and goes on. */
static int
again_put(struct journal_txn *txn, const char *hash,
    const struct order_row *stored, const struct order_row *row,
    enum before *ret_before, struct err *err)
{
	*ret_before = BEFORE_OPEN;
	return order_status_is_terminal(row->status) &&
		       stored->updated_ns == row->updated_ns
		   ? 0
		   : changed_set(txn, hash, stored, false, err);
}

/* What stands there already: its state may be final, its entry is old. */
static int
stored_check(struct journal_txn *txn, struct iag_bytes key, const char *hash,
    const struct order_row *row, enum before *ret_before, struct err *err)
{
	CLEANUP_ORDER_ROW struct order_row stored;
	int ret;

	order_row_init(&stored);
	ret = before_get(txn, key, &stored, ret_before, err);
	if (ret || *ret_before != BEFORE_ENDED)
		return ret;
	if (row->is_again &&
	    (order_row_successor(&stored) || order_row_is_held_ended(&stored)))
		return again_put(txn, hash, &stored, row, ret_before, err);
	if (stored.status != row->status)
		return IAG_REJECTED;
	return stored.updated_ns == row->updated_ns
		   ? 0
		   : changed_set(txn, hash, &stored, false, err);
}

/* The submitting intent, as the index of what is open has it. */
static struct iag_bytes
open_key(
    const char *hash, const struct order_row *row, uint8_t key[INTENT_KEY_SIZE])
{
	size_t len = intent_row_key(hash, row->key, row->leg, key);

	return (struct iag_bytes){ key, len };
}

/* Its intent has its id, and is found by the reference. */
static bool
is_named_by_intent(const struct open_entry *entry, const struct order_row *row)
{
	return entry->is_there && !entry->broker_order_id && !*row->leg &&
	       strcmp(row->client_ref, row->key) == 0;
}

static int
name_set(struct journal_txn *txn, const char *hash,
    const struct open_entry *entry, const struct order_row *row,
    struct err *err)
{
	return !row->client_ref || is_named_by_intent(entry, row)
		   ? 0
		   : entry_set(txn, ORDER_INDEX_NAMED, hash, row->client_ref,
			 row->broker_order_id, true, err);
}

static int
open_set(struct journal_txn *txn, struct iag_bytes key,
    const struct open_entry *entry, const struct order_row *row,
    struct err *err)
{
	/* one that the intent does not name says so itself */
	bool is_known = entry->is_there && !entry->broker_order_id;

	return order_status_is_terminal(row->status) ? open_del(txn, key, err)
	       : is_known                            ? 0
			  : open_put(txn, key, row->broker_order_id, err);
}

/* Once a row has ended, what is open under its key is its successor. */
static int
indexes_set(struct journal_txn *txn, const char *hash,
    const struct order_row *row, enum before before, struct err *err)
{
	CLEANUP_OPEN_ENTRY struct open_entry entry;
	uint8_t buf[INTENT_KEY_SIZE];
	struct iag_bytes key = open_key(hash, row, buf);
	int ret = open_get(txn, key, &entry, err);

	if (ret == 0 && before == BEFORE_NONE)
		ret = name_set(txn, hash, &entry, row, err);
	if (ret == 0 && before != BEFORE_ENDED)
		ret = open_set(txn, key, &entry, row, err);
	return ret || !order_status_is_terminal(row->status)
		   ? ret
		   : changed_set(txn, hash, row, true, err);
}

int
order_row_put(struct journal_txn *txn, const struct order_row *row,
    const char account_hash[HASH_HEX_SIZE], struct err *err)
{
	char buf[ROW_KEY_SIZE];
	struct iag_bytes key;
	enum before before = BEFORE_NONE;
	int ret = row_key(account_hash, row->broker_order_id, buf, &key, err);

	if (ret == 0)
		ret = row_check(row, err);
	if (ret == 0)
		ret = stored_check(txn, key, account_hash, row, &before, err);
	if (ret == 0)
		ret = row_save(
		    txn, TABLE_ORDERS, key, row_fields, row, &row->order, err);
	return ret ? ret : indexes_set(txn, account_hash, row, before, err);
}

/* No step may delete a row and put it again, so the entry is changed. */
static int
ended_put(struct journal_txn *txn, const struct order_row *row,
    const char *hash, const char *next_id, struct err *err)
{
	char buf[ROW_KEY_SIZE];
	uint8_t open_buf[INTENT_KEY_SIZE];
	struct iag_bytes key, open = open_key(hash, row, open_buf);
	CLEANUP_ORDER_ROW struct order_row stored;
	enum before before = BEFORE_NONE;
	int ret = row_key(hash, row->broker_order_id, buf, &key, err);

	order_row_init(&stored);
	if (ret == 0)
		ret = before_get(txn, key, &stored, &before, err);
	if (ret || before == BEFORE_ENDED)
		return ret ? ret : IAG_REJECTED;
	ret =
	    row_save(txn, TABLE_ORDERS, key, row_fields, row, &row->order, err);
	if (ret == 0)
		ret = next_id ? open_put(txn, open, next_id, err)
			      : open_del(txn, open, err);
	return ret ? ret : changed_set(txn, hash, row, true, err);
}

bool
order_row_is_of(const struct order_row *row, const char *key, const char *leg)
{
	return strcmp(row->key, key) == 0 && strcmp(row->leg, leg) == 0;
}

/* Why the order cannot have an id that has a row already; or NULL. */
static const char *
id_fault(
    const struct order_row *row, const struct order_row *other, uint32_t status)
{
	if (!order_row_is_of(row, other->key, other->leg))
		return "which is that of another order";
	if (!order_status_is_terminal(other->status))
		return NULL;
	if (!order_row_successor(other))
		return "under which it has ended";
	/* brokers call an id cancelled that they have given up */
	return status == IAG_STATUS_CANCELLED
		   ? "a former one that is cancelled, and not its own"
		   : NULL;
}

/* Nobody has the id that the order is to have, or it has had it before. */
static int
name_check(struct journal_txn *txn, struct order_row *row, const char *id,
    uint32_t status, const char *hash, struct err *err)
{
	CLEANUP_ORDER_ROW struct order_row other;
	int ret;

	order_row_init(&other);
	ret = order_row_get(txn, hash, id, &other, err);
	row->is_again = ret == 0 && order_row_successor(&other);
	row->id_fault = ret ? NULL : id_fault(row, &other, status);
	if (ret)
		return ret == IAG_NOTFOUND ? 0 : ret;
	return row->id_fault ? IAG_REJECTED : 0;
}

int
order_row_rename(struct journal_txn *txn, struct order_row *row, const char *id,
    uint32_t status, const char account_hash[HASH_HEX_SIZE], struct err *err)
{
	CLEANUP_BUF struct buf word = BUF_INIT;
	int ret = name_check(txn, row, id, status, account_hash, err);

	if (ret)
		return ret;
	buf_printf(&word, ORDER_REPLACED_BY "%s", id);
	if (word.failed)
		return err_no_memory(err);
	row->status = IAG_STATUS_CANCELLED;
	ret = text_set(&row->broker_status, buf_text(&word), err);
	if (ret == 0)
		ret = ended_put(txn, row, account_hash,
		    order_status_is_terminal(status) ? NULL : id, err);
	if (ret && (ret != IAG_REJECTED || row->is_again))
		return ret; /* rejected: it had ended by itself */
	row->status = status;
	free(STEAL(row->broker_status));
	return text_set(&row->broker_order_id, id, err);
}

bool
order_row_is_filled(const struct order_row *row)
{
	CLEANUP_DEC struct dec filled;

	dec_init(&filled);
	return row->filled_quantity &&
	       (dec_parse(&filled, row->filled_quantity, NULL) ||
		   dec_sign(&filled) != 0);
}

const char *
order_row_successor(const struct order_row *row)
{
	static const char word[] = ORDER_REPLACED_BY;
	const size_t len = sizeof(word) - 1;

	return row->status == IAG_STATUS_CANCELLED && row->broker_status &&
		       strncmp(row->broker_status, word, len) == 0
		   ? row->broker_status + len
		   : NULL;
}

int
order_row_get_present(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], const char *broker_order_id,
    struct order_row *ret_row, struct err *err)
{
	CLEANUP_ORDER_ROW struct order_row row, next;
	const char *id;
	int ret;

	order_row_init(&row);
	order_row_init(&next);
	ret = order_row_get(txn, account_hash, broker_order_id, &row, err);
	for (int i = 0; i < RENAMES_MAX && ret == 0; i++) {
		id = order_row_successor(&row);
		if (!id)
			break;
		ret = order_row_get(txn, account_hash, id, &next, err);
		if (ret == 0) {
			order_row_fini(&row);
			row = next;
			order_row_init(&next);
		}
	}
	if (ret)
		return ret;
	*ret_row = row;
	order_row_init(&row);
	return 0;
}

struct present {
	const char *hash, *id;
	struct order_row *row;
};

static int
present_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct present *present = arg;

	order_row_fini(present->row);
	return order_row_get_present(
	    txn, present->hash, present->id, present->row, err);
}

int
order_row_look(struct journal *journal, const char account_hash[HASH_HEX_SIZE],
    const char *broker_order_id, struct order_row *row, struct err *err)
{
	struct present present = { account_hash, broker_order_id, row };

	return journal_view(journal, present_step, &present, err);
}

void
order_row_list_fini(struct order_row_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		order_row_fini(&list->items[i]);
	free(list->items);
	*list = (struct order_row_list){ .items = NULL };
}

int
order_row_list_take(struct order_row *row, void *arg, struct err *err)
{
	struct order_row_list *list = arg;
	struct order_row *items =
	    row_list_room(list->items, list->count, sizeof(*items));

	if (!items)
		return err_no_memory(err);
	list->items = items;
	list->items[list->count++] = *row;
	order_row_init(row);
	return 0;
}

int
order_row_works(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    const char *broker_order_id, bool *ret_works, struct err *err)
{
	char buf[ROW_KEY_SIZE], word[ROWTEXT_SHORT];
	struct iag_bytes key, row, status;
	int ret = row_key(account_hash, broker_order_id, buf, &key, err);

	*ret_works = false;
	if (ret == 0)
		ret = txn_get(txn, TABLE_ORDERS, key, &row, err);
	if (ret)
		return ret == IAG_NOTFOUND ? 0 : ret;
	*ret_works = record_member(row.data, row.len, "status", &status) &&
		     rowtext_copy(status, word) == 0 &&
		     !order_status_is_terminal(order_status_find(word));
	return 0;
}

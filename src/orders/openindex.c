/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "orders/openindex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "orders/row.h"
#include "orders/rowtext.h"

static const struct row_field entry_fields[] = {
	ROW_FIELD(struct open_entry, broker_order_id, ROW_TEXT),
	{ .name = NULL },
};

#define ENTRY_SIZE (INTENT_KEY_SIZE + sizeof(OPEN_INDEX))
static struct iag_bytes
entry_key(char entry[ENTRY_SIZE], struct iag_bytes key)
{
	int len = snprintf(entry, ENTRY_SIZE, OPEN_INDEX "%.*s", (int)key.len,
	    (const char *)key.data);

	return (struct iag_bytes){ entry, (size_t)len };
}

void
open_entry_fini(struct open_entry *entry)
{
	free(STEAL(entry->broker_order_id));
}

int
open_get(struct journal_txn *txn, struct iag_bytes key,
    struct open_entry *ret_entry, struct err *err)
{
	char entry[ENTRY_SIZE];
	int ret;

	*ret_entry = (struct open_entry){ .is_there = false };
	ret = row_load(txn, TABLE_STATE, entry_key(entry, key), entry_fields,
	    ret_entry, NULL, "an entry of what is open", err);
	ret_entry->is_there = ret == 0;
	return ret == IAG_NOTFOUND ? 0 : ret;
}

static bool
is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

int
open_put(struct journal_txn *txn, struct iag_bytes key,
    const char *broker_order_id, struct err *err)
{
	CLEANUP_FREE char *id =
	    broker_order_id ? strdup(broker_order_id) : NULL;
	const struct open_entry entry = { .broker_order_id = id };
	CLEANUP_OPEN_ENTRY struct open_entry stored;
	char at[ENTRY_SIZE];
	int ret = open_get(txn, key, &stored, err);

	if (ret || (stored.is_there &&
		       is_same(stored.broker_order_id, broker_order_id)))
		return ret;
	if (broker_order_id && !id)
		return err_no_memory(err);
	return row_save(txn, TABLE_STATE, entry_key(at, key), entry_fields,
	    &entry, NULL, err);
}

int
open_del(struct journal_txn *txn, struct iag_bytes key, struct err *err)
{
	char entry[ENTRY_SIZE];
	int ret = txn_del(txn, TABLE_STATE, entry_key(entry, key), err);

	return ret == IAG_NOTFOUND ? 0 : ret;
}

/*
 * The intent or the order of each entry, one of them; a visit may change
 * anything.
 */
struct open_visit {
	intent_visit *intent;
	order_row_visit *order;
	void *arg;
};

struct walk {
	const char *hash; /* NULL: each key begins with one */
	const struct open_visit *visit;
};

static int
dangling(struct err *err)
{
	return err_set(err, ERR_JOURNAL_CORRUPT,
	    "the index of what is open names one that is not there");
}

/* The order of an entry; a row that has ended is none. */
static int
order_visit(struct journal_txn *txn, const char hash[HASH_HEX_SIZE],
    const char *id, const struct open_visit *visit, struct err *err)
{
	CLEANUP_ORDER_ROW struct order_row row;
	int ret;

	order_row_init(&row);
	if (!visit->order)
		return 0;
	ret = order_row_get(txn, hash, id, &row, err);
	if (ret)
		return ret == IAG_NOTFOUND ? dangling(err) : ret;
	return order_status_is_terminal(row.status)
		   ? 0
		   : visit->order(&row, visit->arg, err);
}

/* Of a settled one no more is read than which order it names. */
static int
intent_or_order(struct journal_txn *txn, struct iag_bytes key,
    const char hash[HASH_HEX_SIZE], const struct open_visit *visit,
    struct err *err)
{
	CLEANUP_INTENT struct intent intent;
	CLEANUP_FREE char *id = NULL;
	bool is_settled = false;
	int ret;

	intent_init(&intent);
	ret =
	    intent_peek(txn, key, &is_settled, visit->order ? &id : NULL, err);
	if (ret)
		return ret == IAG_NOTFOUND ? dangling(err) : ret;
	if (is_settled ? !visit->order : !visit->intent)
		return 0;
	if (is_settled)
		return id ? order_visit(txn, hash, id, visit, err)
			  : dangling(err);
	ret = intent_get_at(txn, key, &intent, err);
	return ret ? ret : visit->intent(&intent, visit->arg, err);
}

static int
walk_one(
    struct journal_txn *txn, struct iag_bytes key, void *arg, struct err *err)
{
	const struct walk *walk = arg;
	CLEANUP_OPEN_ENTRY struct open_entry entry = { .is_there = false };
	char at[INTENT_KEY_SIZE], hash[HASH_HEX_SIZE];
	int len =
	    snprintf(at, sizeof(at), "%s%s%.*s", walk->hash ? walk->hash : "",
		walk->hash ? "/" : "", (int)key.len, (const char *)key.data);
	struct iag_bytes whole = { at, (size_t)len };
	int ret;

	if (len < HASH_HEX_SIZE || (size_t)len >= sizeof(at))
		return dangling(err);
	memcpy(hash, at, HASH_HEX_SIZE - 1);
	hash[HASH_HEX_SIZE - 1] = '\0';
	ret = open_get(txn, whole, &entry, err);
	if (ret || !entry.is_there)
		return ret; /* an earlier visit took it away */
	return entry.broker_order_id
		   ? order_visit(
			 txn, hash, entry.broker_order_id, walk->visit, err)
		   : intent_or_order(txn, whole, hash, walk->visit, err);
}

static int
open_walk(struct journal_txn *txn, const char *account_hash,
    const struct open_visit *visit, struct err *err)
{
	struct walk walk = { account_hash, visit };
	char prefix[sizeof(OPEN_INDEX) + HASH_HEX_SIZE];

	(void)snprintf(prefix, sizeof(prefix), OPEN_INDEX "%s%s",
	    account_hash ? account_hash : "", account_hash ? "/" : "");
	return row_index_walk(txn, prefix, walk_one, &walk, err);
}

int
intent_walk_unsettled(struct journal_txn *txn, const char *account_hash,
    intent_visit *visit, void *arg, struct err *err)
{
	const struct open_visit open = { .intent = visit, .arg = arg };

	return open_walk(txn, account_hash, &open, err);
}

int
order_row_walk_working(struct journal_txn *txn, const char *account_hash,
    order_row_visit *visit, void *arg, struct err *err)
{
	const struct open_visit open = { .order = visit, .arg = arg };

	return open_walk(txn, account_hash, &open, err);
}

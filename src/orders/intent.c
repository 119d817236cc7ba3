/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The rows of TABLE_INTENTS. */

#include "orders/intent.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "journal/record.h"
#include "orders/openindex.h"
#include "orders/row.h"
#include "orders/rowtext.h"

#define WATCHED "watched/"
#define KEY_MAX 64 /* of an idempotency key */

static const char *const state_names[] = {
	[INTENT_RECORDED] = "recorded",
	[INTENT_DONE] = "done",
	[INTENT_REFUSED] = "refused",
	[INTENT_UNKNOWN] = "unknown",
};

const char *
intent_state_name(enum intent_state state)
{
	if (state < INTENT_RECORDED || state > INTENT_UNKNOWN)
		return NULL;
	return state_names[state];
}

static const char *
state_word(uint32_t value)
{
	return intent_state_name((enum intent_state)value);
}

static uint32_t
state_find(const char *word)
{
	for (uint32_t i = INTENT_RECORDED; i <= INTENT_UNKNOWN; i++) {
		if (strcmp(word, state_names[i]) == 0)
			return i;
	}
	return 0;
}

/* Stored words, which never change. */
static const char *const operation_words[] = {
	[OPERATION_SUBMIT] = "submit",
	[OPERATION_CANCEL] = "cancel",
	[OPERATION_MODIFY] = "modify",
	[OPERATION_GROUP] = "group",
};

static const char *
operation_word(uint32_t value)
{
	return value < ARRAY_COUNT(operation_words) ? operation_words[value]
						    : NULL;
}

static uint32_t
operation_find(const char *word)
{
	for (uint32_t i = OPERATION_SUBMIT; i <= OPERATION_GROUP; i++) {
		if (strcmp(word, operation_words[i]) == 0)
			return i;
	}
	return 0;
}

static bool
state_is_settled(enum intent_state state)
{
	return state == INTENT_DONE || state == INTENT_REFUSED;
}

bool
intent_may_become(enum intent_state from, enum intent_state to)
{
	switch (from) {
	case INTENT_RECORDED:
		return to == INTENT_UNKNOWN || state_is_settled(to);
	case INTENT_UNKNOWN:
		return state_is_settled(to);
	default:
		return false;
	}
}

bool
intent_may_land(const struct intent *intent)
{
	return intent->state == INTENT_REFUSED && intent->watched_ns != 0;
}

static bool
is_watched(const struct intent *intent)
{
	return intent->watched_ns != 0 && state_is_settled(intent->state);
}

/* Done stays done, and is watched or is not any more. */
static bool
may_be_watched(const struct intent *stored, const struct intent *intent)
{
	return stored->state == INTENT_DONE && intent->state == INTENT_DONE &&
	       (stored->watched_ns || intent->watched_ns);
}

bool
intent_key_is_valid(const char *key)
{
	size_t len = key ? strlen(key) : 0;

	return len > 0 && len <= KEY_MAX &&
	       strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

#define FIELD(member, kind) ROW_FIELD(struct intent, member, kind)

static const struct row_field intent_fields[] = {
	FIELD(id, ROW_CHARS),
	ROW_WORDS(struct intent, state, state_word, state_find),
	ROW_WORDS(struct intent, operation, operation_word, operation_find),
	FIELD(watched_ns, ROW_U64),
	ROW_WORDS(struct intent, mode, order_mode_name, order_mode_find),
	FIELD(account, ROW_TEXT),
	FIELD(key, ROW_TEXT),
	FIELD(leg, ROW_TEXT),
	FIELD(request_digest, ROW_CHARS),
	FIELD(owner, ROW_TEXT),
	FIELD(incarnation, ROW_U64),
	FIELD(writer, ROW_TEXT),
	FIELD(connection, ROW_TEXT),
	FIELD(client_ref, ROW_TEXT),
	FIELD(preview_id, ROW_TEXT),
	FIELD(approval_id, ROW_TEXT),
	FIELD(broker_order_id, ROW_TEXT),
	FIELD(handle, ROW_TEXT),
	FIELD(group_id, ROW_TEXT),
	FIELD(atomicity, ROW_TEXT),
	FIELD(simulated, ROW_BOOL),
	FIELD(separation, ROW_TEXT),
	FIELD(recorded_ns, ROW_U64),
	FIELD(settled_ns, ROW_U64),
	FIELD(activity_ns, ROW_U64),
	FIELD(activity_sequence, ROW_U64),
	FIELD(result, ROW_JSON),
	FIELD(error, ROW_JSON),
	FIELD(context, ROW_JSON),
	FIELD(absent_ns, ROW_U64),
	FIELD(absent_session, ROW_TEXT),
	{ .name = NULL },
};

void
intent_init(struct intent *intent)
{
	memset(intent, 0, sizeof(*intent));
}

void
intent_fini(struct intent *intent)
{
	row_fini(intent_fields, intent);
	order_fini(&intent->order);
	intent_init(intent);
}

size_t
intent_row_key(const char account_hash[HASH_HEX_SIZE], const char *key,
    const char *leg, uint8_t ret_key[INTENT_KEY_SIZE])
{
	int len = snprintf((char *)ret_key, INTENT_KEY_SIZE,
	    "%.64s/%.64s/%.32s", account_hash, key, leg);

	return (size_t)len;
}

static struct iag_bytes
row_key(const struct intent *intent, const char account_hash[HASH_HEX_SIZE],
    uint8_t key[INTENT_KEY_SIZE])
{
	size_t len =
	    intent_row_key(account_hash, intent->key, intent->leg, key);

	return (struct iag_bytes){ key, len };
}

/* What every intent has; without it nobody could settle it. */
static int
intent_check(const struct intent *intent, struct err *err)
{
	if (intent->state && intent->operation && intent->mode &&
	    intent->account && intent->key && intent->leg && intent->owner &&
	    intent->writer && *intent->id)
		return 0;
	return err_set(err, ERR_JOURNAL_CORRUPT, "an intent is not complete");
}

int
intent_get_at(struct journal_txn *txn, struct iag_bytes key,
    struct intent *ret_intent, struct err *err)
{
	CLEANUP_INTENT struct intent intent;
	int ret;

	intent_init(&intent);
	ret = row_load(txn, TABLE_INTENTS, key, intent_fields, &intent,
	    &intent.order, "an intent", err);
	intent.has_order = intent.order.mode != 0;
	if (ret == 0)
		ret = intent_check(&intent, err);
	if (ret)
		return ret;
	*ret_intent = intent;
	intent_init(&intent);
	return 0;
}

int
intent_get(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    const char *key, const char *leg, struct intent *ret_intent,
    struct err *err)
{
	uint8_t at[INTENT_KEY_SIZE];
	size_t len = intent_row_key(account_hash, key, leg, at);

	return intent_get_at(
	    txn, (struct iag_bytes){ at, len }, ret_intent, err);
}

/* The state of a stored row, without reading all of it. */
static enum intent_state
state_stored(struct iag_bytes row)
{
	char word[ROWTEXT_SHORT];
	struct iag_bytes state;

	if (!record_member(row.data, row.len, "state", &state) ||
	    rowtext_copy(state, word))
		return 0;
	return (enum intent_state)state_find(word);
}

int
intent_peek(struct journal_txn *txn, struct iag_bytes key, bool *ret_settled,
    char **ret_broker_order_id, struct err *err)
{
	struct iag_bytes row, id;
	int ret = txn_get(txn, TABLE_INTENTS, key, &row, err);

	if (ret)
		return ret;
	*ret_settled = state_is_settled(state_stored(row));
	if (!*ret_settled || !ret_broker_order_id ||
	    !record_member(row.data, row.len, "broker_order_id", &id))
		return 0;
	ret = rowtext_take(id, ret_broker_order_id);
	if (ret == IAG_NOMEM)
		return err_no_memory(err);
	return ret ? err_set(err, ERR_JOURNAL_CORRUPT,
			 "the order that an intent names is no text")
		   : 0;
}

/* A row that is there may only go on along the arrows. */
static int
arrow_check(struct journal_txn *txn, struct iag_bytes key,
    const struct intent *intent, struct err *err)
{
	struct intent stored;
	struct iag_bytes row, watched;
	int ret = txn_get(txn, TABLE_INTENTS, key, &row, err);

	if (ret)
		return ret == IAG_NOTFOUND ? 0 : ret;
	intent_init(&stored);
	stored.state = state_stored(row);
	stored.watched_ns =
	    record_member(row.data, row.len, "watched_ns", &watched);
	if (record_has_str(row.data, row.len, "id", intent->id) &&
	    (intent_may_become(stored.state, intent->state) ||
		(stored.state == intent->state &&
		    !state_is_settled(stored.state)) ||
		(intent_may_land(&stored) && intent->state == INTENT_DONE) ||
		may_be_watched(&stored, intent)))
		return 0;
	return err_set(err, ERR_INTERNAL_ERROR,
	    "the intent of the key '%s' is '%s' and cannot become '%s'",
	    intent->key,
	    stored.state ? intent_state_name(stored.state) : "damaged",
	    intent_state_name(intent->state));
}

/* Open: not settled yet, or its order works. */
static int
open_note(struct journal_txn *txn, const struct intent *intent,
    struct iag_bytes key, const char account_hash[HASH_HEX_SIZE],
    struct err *err)
{
	bool works = false;
	int ret = 0;

	if (!state_is_settled(intent->state))
		return open_put(txn, key, NULL, err);
	if (intent->state == INTENT_DONE &&
	    intent->operation == OPERATION_SUBMIT && intent->broker_order_id)
		ret = order_row_works(
		    txn, account_hash, intent->broker_order_id, &works, err);
	return ret || works ? ret : open_del(txn, key, err);
}

int
intent_put(struct journal_txn *txn, const struct intent *intent,
    const char account_hash[HASH_HEX_SIZE], struct err *err)
{
	uint8_t buf[INTENT_KEY_SIZE];
	struct iag_bytes key = row_key(intent, account_hash, buf);
	int ret = intent_check(intent, err);

	if (ret == 0)
		ret = arrow_check(txn, key, intent, err);
	if (ret == 0)
		ret = row_save(txn, TABLE_INTENTS, key, intent_fields, intent,
		    intent->has_order ? &intent->order : NULL, err);
	if (ret == 0)
		ret = open_note(txn, intent, key, account_hash, err);
	return ret ? ret
		   : row_index(txn, WATCHED, key, is_watched(intent), err);
}

int
intent_unwatch(struct journal_txn *txn, const struct intent *intent,
    const char account_hash[HASH_HEX_SIZE], struct err *err)
{
	uint8_t buf[INTENT_KEY_SIZE];

	return row_index(
	    txn, WATCHED, row_key(intent, account_hash, buf), false, err);
}

int
intent_del(struct journal_txn *txn, const struct intent *intent,
    const char account_hash[HASH_HEX_SIZE], struct err *err)
{
	uint8_t buf[INTENT_KEY_SIZE];
	struct iag_bytes key = row_key(intent, account_hash, buf);
	int ret = txn_del(txn, TABLE_INTENTS, key, err);

	return ret ? ret : open_del(txn, key, err);
}

struct intent_walk {
	intent_visit *visit;
	void *arg;
};

static int
walk_one(
    struct journal_txn *txn, struct iag_bytes key, void *arg, struct err *err)
{
	const struct intent_walk *walk = arg;
	CLEANUP_INTENT struct intent intent;
	int ret;

	intent_init(&intent);
	ret = intent_get_at(txn, key, &intent, err);
	if (ret == IAG_NOTFOUND)
		return err_set(err, ERR_JOURNAL_CORRUPT,
		    "an index of intents names one that is not there");
	return ret ? ret : walk->visit(&intent, walk->arg, err);
}

int
intent_walk_watched(
    struct journal_txn *txn, intent_visit *visit, void *arg, struct err *err)
{
	struct intent_walk walk = { visit, arg };

	return row_index_walk(txn, WATCHED, walk_one, &walk, err);
}

/* Up to limit keys, each with its length in front, and the one behind. */
struct keys_page {
	struct buf keys;
	struct buf *next;
	size_t limit, count;
};

static int
page_add(
    struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err)
{
	struct keys_page *page = arg;

	(void)value;
	if (page->count++ == page->limit) {
		buf_add(page->next, key.data, key.len);
		return page->next->failed ? err_no_memory(err) : 1;
	}
	buf_add(&page->keys, &key.len, sizeof(key.len));
	buf_add(&page->keys, key.data, key.len);
	return page->keys.failed ? err_no_memory(err) : 0;
}

static int
page_visit(struct journal_txn *txn, const struct buf *keys,
    struct intent_walk *walk, struct err *err)
{
	size_t len;
	int ret = 0;

	for (size_t at = 0; at < keys->len && ret == 0; at += len) {
		memcpy(&len, keys->data + at, sizeof(len));
		at += sizeof(len);
		ret = walk_one(
		    txn, (struct iag_bytes){ keys->data + at, len }, walk, err);
	}
	return ret;
}

int
intent_walk(struct journal_txn *txn, const struct buf *from, size_t limit,
    struct buf *ret_next, intent_visit *visit, void *arg, struct err *err)
{
	struct intent_walk walk = { visit, arg };
	struct keys_page page = { BUF_INIT, ret_next, limit, 0 };
	int ret = txn_walk(txn, TABLE_INTENTS,
	    (struct iag_bytes){ buf_text(from), from->len }, false, page_add,
	    &page, err);

	if (ret >= 0)
		ret = page_visit(txn, &page.keys, &walk, err);
	buf_fini(&page.keys);
	return ret;
}

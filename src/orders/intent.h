/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Intents: what somebody asked to be written at the broker, durable before the
 * first byte leaves (invariant 1), one for each account, idempotency key and
 * leg, never purged.  recorded -> done | refused | unknown -> done | refused;
 * done and refused never change again, but for one that was refused for want
 * of evidence and lands late: refused -> done while its reference is watched.
 * One that is done stays so; its order may be held to have ended, and be
 * watched in the same way.
 */

#ifndef IAG_ORDERS_INTENT_H
#define IAG_ORDERS_INTENT_H

#include "base/id.h"
#include "journal/journal.h"
#include "orders/gates.h"
#include "orders/order.h"

enum intent_state {
	INTENT_RECORDED = 1, /* may have been sent */
	INTENT_DONE,
	INTENT_REFUSED,
	INTENT_UNKNOWN
};
/* "recorded", ...: the names of tests/model, too. */
const char *intent_state_name(enum intent_state state);
/* The arrows above; everything else is a fault of ours. */
bool intent_may_become(enum intent_state from, enum intent_state to);

/* [A-Za-z0-9._-]{1,64} */
bool intent_key_is_valid(const char *key);

struct intent {
	char id[ID_TEXT_SIZE]; /* of this attempt; the row's key may be
				  used again after "nothing was sent" */
	enum intent_state state;
	enum order_operation operation;
	uint32_t mode;
	char *account; /* owned, as all texts; NULL: none */
	char *key;
	char *leg; /* "": single or the group itself, else its role */
	char request_digest[HASH_HEX_SIZE]; /* of the canonical request */
	char *owner;                        /* desk_owner() */
	uint64_t incarnation;
	char *writer;
	char *connection;
	char *client_ref;
	char *preview_id;
	char *approval_id;
	bool has_order;
	struct order order;    /* submit: the order; modify: the replacement */
	char *broker_order_id; /* cancel, modify: the target; else the answer */
	char *handle;          /* hexadecimal, of the target */
	char *group_id;        /* of a bracket and its legs */
	char *atomicity;       /* of a bracket: broker_bracket, sequential */
	bool simulated;        /* by a writer that only simulates */
	char *separation;      /* live: "same_uid" or NULL (ruling 16) */
	uint64_t recorded_ns;
	uint64_t settled_ns;                     /* 0: not yet */
	uint64_t activity_ns, activity_sequence; /* its reservation; 0: none */
	char *result;  /* JSON text of the answer; replayed as it is */
	char *error;   /* JSON text {code, message, action, details} */
	char *context; /* JSON text: quote, account mode, verdicts */
	/* What absence was seen: first complete read, real ns; 0: none */
	uint64_t absent_ns;
	char *absent_session;
	/*
	 * Refused because absent, or done and its order held to have ended: a
	 * late landing is looked for until then.
	 */
	uint64_t watched_ns;
};
void intent_init(struct intent *intent);
void intent_fini(struct intent *intent);
#define CLEANUP_INTENT __attribute__((cleanup(intent_fini)))

/* How long the reference of an absent one is watched (ruling 4). */
#define INTENT_WATCH_NS (UINT64_C(7) * 24 * 3600 * 1000000000)
/* Refused, and its reference is watched. */
bool intent_may_land(const struct intent *intent);

/* account hash "/" key "/" leg */
#define INTENT_KEY_SIZE 200
size_t intent_row_key(const char account_hash[HASH_HEX_SIZE], const char *key,
    const char *leg, uint8_t ret_key[INTENT_KEY_SIZE]);

/* Inside a step; IAG_NOTFOUND without text. */
int intent_get(struct journal_txn *txn, const char account_hash[HASH_HEX_SIZE],
    const char *key, const char *leg, struct intent *ret_intent,
    struct err *err);
/* The same by the row's key. */
int intent_get_at(struct journal_txn *txn, struct iag_bytes key,
    struct intent *ret_intent, struct err *err);
/*
 * No more than whether it is settled, and then which order it names (to be
 * freed; NULL: none; ret_broker_order_id NULL: not asked for).
 */
int intent_peek(struct journal_txn *txn, struct iag_bytes key,
    bool *ret_settled, char **ret_broker_order_id, struct err *err);
/*
 * Writes the row and keeps the index of what is open (openindex.h), so that
 * finding those that are not settled does not cost all there are.  Of a submit
 * that is done the order's row is put first.
 * An arrow that is not above is refused with INTERNAL_ERROR.
 */
int intent_put(struct journal_txn *txn, const struct intent *intent,
    const char account_hash[HASH_HEX_SIZE], struct err *err);
/* Row and index entry of one of which nothing was sent: its key is free. */
int intent_del(struct journal_txn *txn, const struct intent *intent,
    const char account_hash[HASH_HEX_SIZE], struct err *err);
/*
 * Each unsettled one of an account (NULL: of all), in the order of the keys;
 * stop when visit() != 0.  visit() may change rows.
 */
typedef int intent_visit(struct intent *intent, void *arg, struct err *err);
int intent_walk_unsettled(struct journal_txn *txn, const char *account_hash,
    intent_visit *visit, void *arg, struct err *err);
/*
 * Is a modify of an order on its way, or its outcome unknown?  It is named by
 * this id, or by one in whose place the order has present_id (NULL: none).
 */
int intent_modifies(struct journal_txn *txn, const char *account_hash,
    const char *broker_order_id, const char *present_id, bool *ret_modifies,
    struct err *err);
/* Like the walk, of all, for those whose reference is watched ("watched/"). */
int intent_walk_watched(
    struct journal_txn *txn, intent_visit *visit, void *arg, struct err *err);
/*
 * The same for all there are, settled ones too, from a row's key on (""): at
 * most limit of them.  *ret_next (empty): the key to go on from; "": no more.
 */
int intent_walk(struct journal_txn *txn, const struct buf *from, size_t limit,
    struct buf *ret_next, intent_visit *visit, void *arg, struct err *err);
/* The watch is over: no more than the index changes. */
int intent_unwatch(struct journal_txn *txn, const struct intent *intent,
    const char account_hash[HASH_HEX_SIZE], struct err *err);

/*
 * What the broker is said to have of an order; key: account hash "/" broker
 * order id.  While it works the index of what is open has it (openindex.h).
 * Indexes in TABLE_STATE: of one that has ended, account hash "/" its last
 * change (16 hexadecimal digits) "/" id; account hash "/" client reference "/"
 * id, where no intent of that key names the id.
 */
#define ORDER_INDEX_CHANGED "changed/"
#define ORDER_INDEX_NAMED "named/"
#define ORDER_ID_MAX 128 /* characters of a broker's order id */
struct order_row {
	char *account; /* owned, as all texts */
	char *broker_order_id;
	char *client_ref;
	char *key, *leg; /* of the submitting intent; always there */
	uint32_t mode;
	char *writer;
	char *connection;
	char *approval_id;
	uint32_t status; /* IAG_STATUS_* */
	char *broker_status;
	char *filled_quantity;
	char *average_price;
	char *handle;   /* hexadecimal */
	bool simulated; /* by a writer that only simulates */
	struct order order;
	uint64_t created_ns, updated_ns, polled_ns;
	uint64_t unshown_ns; /* the broker does not show it since; 0: it does */
	/*
	 * Not stored: the broker uses an id again that it had given up, or
	 * shows an order that was held to have ended.
	 */
	bool is_again;
	/* Not stored: why the last rename was none, static; NULL: it was one.
	 */
	const char *id_fault;
};
/* The broker_status of an id that the broker has given up for another one. */
#define ORDER_REPLACED_BY "replaced by "
/* The one of an order that ended by the operator's word alone. */
#define ORDER_HELD_ENDED "held to have ended"
void order_row_init(struct order_row *row);
void order_row_fini(struct order_row *row);
#define CLEANUP_ORDER_ROW __attribute__((cleanup(order_row_fini)))
int order_row_get(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], const char *broker_order_id,
    struct order_row *ret_row, struct err *err);
/*
 * A terminal state stays: such a row is written again only with the same
 * status (IAG_REJECTED without text).
 */
int order_row_put(struct journal_txn *txn, const struct order_row *row,
    const char account_hash[HASH_HEX_SIZE], struct err *err);
/*
 * The broker calls it by another id now and says status of it: the row of the
 * old one ends, and *row is that of the new one, which is not put yet.  An id
 * that it had before is its own again, unless that is told to be cancelled;
 * IAG_REJECTED without text, and row->id_fault: that, or the id of another
 * order, or of one that has ended by itself.
 */
int order_row_rename(struct journal_txn *txn, struct order_row *row,
    const char *id, uint32_t status, const char account_hash[HASH_HEX_SIZE],
    struct err *err);
/* Has the broker told of a fill? */
bool order_row_is_filled(const struct order_row *row);
/* Is it of the order that was sent so, under whichever of its ids? */
bool order_row_is_of(
    const struct order_row *row, const char *key, const char *leg);
/* Ended by the operator's word, and not by the broker's. */
bool order_row_is_held_ended(const struct order_row *row);
/* The id that the broker gave it instead of its own, borrowed, or NULL. */
const char *order_row_successor(const struct order_row *row);
/* order_row_get() of an id, or of the one that the order has now instead. */
int order_row_get_present(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], const char *broker_order_id,
    struct order_row *ret_row, struct err *err);
/* The same in a view of its own; *row is initialised. */
int order_row_look(struct journal *journal,
    const char account_hash[HASH_HEX_SIZE], const char *broker_order_id,
    struct order_row *row, struct err *err);
typedef int order_row_visit(struct order_row *row, void *arg, struct err *err);
/* Each one that is not terminal, like intent_walk_unsettled(). */
int order_row_walk_working(struct journal_txn *txn, const char *account_hash,
    order_row_visit *visit, void *arg, struct err *err);
/* A list of them; its visit takes each row. */
struct order_row_list {
	struct order_row *items;
	size_t count;
};
int order_row_list_take(struct order_row *row, void *arg, struct err *err);
void order_row_list_fini(struct order_row_list *list);
#define CLEANUP_ORDER_ROW_LIST __attribute__((cleanup(order_row_list_fini)))
/* Is there one that is not terminal? */
int order_row_works(struct journal_txn *txn,
    const char account_hash[HASH_HEX_SIZE], const char *broker_order_id,
    bool *ret_works, struct err *err);

#endif

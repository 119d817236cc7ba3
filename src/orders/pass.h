/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One pass of the reconciler: its parts, each in a file of its own, and what
 * they count together.
 */

#ifndef IAG_ORDERS_PASS_H
#define IAG_ORDERS_PASS_H

#include <json-c/json_object.h>

#include "orders/reconcile.h"

struct pass {
	struct order_call *call;
	struct reconcile_memory *memory; /* never NULL here */
	uint64_t begun_ns;               /* by the boot clock */
	int64_t scanned;     /* intents and orders that were looked at */
	int64_t settled;     /* intents */
	int64_t unknown;     /* intents that still are */
	int64_t transitions; /* orders that changed */
	int64_t unchanged;
	int64_t unresolved; /* that have no answer yet: all the unknown, too */
	int64_t rebuilt;    /* orders' rows */
	int64_t landed;     /* late */
	/* Something was not asked: an adopted store stays closed. */
	bool is_partial;
	bool waits; /* the store was adopted, and is closed so far */
	/* All up to this intent were asked about, in passes in a row. */
	char adopted_to[INTENT_KEY_SIZE];
	struct json_object *notes;   /* array of texts: what is wrong */
	struct json_object *changes; /* the same: what happened */
};

/* A sentence for people; at most a hundred of each kind are kept. */
void pass_note(struct pass *pass, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void pass_change(struct pass *pass, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The call's time is over or it was cancelled. */
bool pass_is_over(const struct pass *pass);
/* Behind some that were asked about: others would not have their turn. */
bool pass_is_short(const struct pass *pass, size_t asked);
/*
 * One durable step of the pass, with time of its own; IAG_REJECTED: somebody
 * else was faster.
 */
int pass_update(
    struct pass *pass, journal_step *step, void *arg, struct err *err);
/* The pass's record of one change; metadata is given up. */
int pass_record(const struct pass *pass, struct journal_txn *txn,
    const char *event_type, const char *account, struct json_object *metadata,
    struct err *err);

/* The parts; an error is the store's and ends the pass. */
int rebuild_rows(struct pass *pass, struct err *err);
int landing_look(struct pass *pass, struct err *err);
int follow_orders(struct pass *pass, struct err *err);
/*
 * The same for one order: what the broker says of it, in *ret_seen (to be
 * released whatever is returned); what is news stands in its row afterwards.
 */
struct departed;
int follow_order(struct pass *pass, const struct order_row *row,
    struct departed *ret_seen, struct err *err);

/* Intents, collected by a walk. */
struct intent_list {
	struct intent *items;
	size_t count;
};
void intent_list_fini(struct intent_list *list);
/* A visit that moves them into the list. */
int intent_list_take(struct intent *intent, void *arg, struct err *err);

#endif

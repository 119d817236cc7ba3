/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The broker's book: orders from their acceptance to their end, and the
 * trades that came of them.  How they get there is match.h.
 */

#ifndef IAG_SIM_BOOK_H
#define IAG_SIM_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "sim/account.h"

enum order_type {
	TYPE_LMT,
	TYPE_MKT,
	TYPE_STP,
	TYPE_STOP_LIMIT,
	TYPE_MIDPRICE,
	TYPE_TRAIL,
	TYPE_TRAILLMT,
	ORDER_TYPE_COUNT
};

struct order_words {
	const char *ticket;  /* "LMT" */
	const char *display; /* "Limit" */
	const char *origin;  /* "LIMIT" */
	bool price, aux;     /* the ticket has to name them */
	bool trigger;        /* it waits for a price first */
};
const struct order_words *order_words(enum order_type type);

enum order_status {
	STATUS_INACTIVE,
	STATUS_PENDING_SUBMIT,
	STATUS_PRE_SUBMITTED,
	STATUS_SUBMITTED,
	STATUS_FILLED,
	STATUS_PENDING_CANCEL,
	STATUS_PRE_CANCELLED,
	STATUS_CANCELLED,
	STATUS_WARN_STATE,
	STATUS_FAILED,
	ORDER_STATUS_COUNT
};
const char *order_status_name(enum order_status status);   /* "Submitted" */
const char *order_status_filter(enum order_status status); /* "submitted" */

struct order {
	int64_t id;
	struct account *account;
	const struct contract *contract;
	char *coid;          /* NULL: none */
	char *parent_coid;   /* of a child */
	int64_t parent_id;   /* 0: none */
	int64_t group;       /* of orders of which one cancels the others */
	bool group_is_loose; /* without a parent */
	enum order_type type;
	bool buy;
	const char *tif; /* static */
	int64_t price, aux, trail;
	bool trail_percent;
	bool has_price, has_aux;
	int64_t quantity, filled, average;
	int64_t spent; /* filled x average, exactly */
	bool outside_rth, all_or_none;
	bool parked; /* inactive, and can be woken */
	enum order_status status;
	bool triggered;
	int64_t best; /* of a trailing stop, 0: none yet */
	int64_t created_ms, changed_ms;
	int64_t cancel_ms; /* when a pending cancel is done */
	bool by_system;    /* cancelled, and nobody asked for it */
	char *reason;
};

struct trade {
	char id[32];
	const struct order *order;
	int64_t quantity, price, at_ms;
	int64_t commission;
};

struct book {
	struct order **orders;
	size_t order_count;
	struct trade *trades;
	size_t trade_count;
	int64_t last_id;
	/* how long things take */
	int64_t cancel_ms; /* from PendingCancel to Cancelled */
	int64_t submit_ms; /* from acceptance to the exchange */
};

void book_fini(struct book *book);
/*
 * Order ids from now on are of this moment: one that began before has not
 * given them, since a broker gives none twice.  Else they begin at the same.
 */
void book_number(struct book *book, int64_t now_ms);
/*
 * A copy of an order with the next id joins the book: NULL without memory.
 * The strings are taken from *order.
 */
struct order *book_add(struct book *book, struct order *order);
void order_fini(struct order *order); /* its strings */
struct order *book_find(const struct book *book, int64_t id);
/* By its client id in an account; NULL: not registered. */
struct order *book_find_coid(
    const struct book *book, const struct account *account, const char *coid);
bool order_is_alive(const struct order *order);
int book_trade(struct book *book, struct order *order, int64_t quantity,
    int64_t price, int64_t now_ms);

/* Ask to cancel; it is done at once where the exchange never had it. */
void order_cancel(struct book *book, struct order *order, int64_t now_ms);

/* Everything, for a test: {"orders": [...], "trades": [...]}. */
void book_write(struct buf *out, const struct book *book);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One complete order, as a preview settled it and as the writer gets it.
 * Decimals are texts and stay as they were written; digests use their normal
 * form, so that 1.10 and 1.1 are one order (ruling 13).
 */

#ifndef IAG_ORDERS_ORDER_H
#define IAG_ORDERS_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json_object.h>

#include "base/buf.h"
#include "base/dec.h"
#include "base/err.h"
#include "base/hash.h"
#include "ibkr-agent/writer.h"

struct order {
	uint32_t mode; /* IAG_MODE_* */
	uint32_t side; /* IAG_SIDE_* */
	uint32_t type; /* IAG_TYPE_* */
	uint32_t tif;  /* IAG_TIF_* */
	/* owned; the last ones may be NULL */
	char *account;
	char *contract_id;
	char *symbol;
	char *asset_class;
	char *currency;
	char *quantity;
	char *exchange; /* NULL: the broker's own routing */
	char *limit_price;
	char *stop_price;
	char *trailing_amount;
	char *trailing_percent;
	char *multiplier;      /* of the contract; not part of the wire */
	char *price_magnifier; /* likewise */
};
void order_fini(struct order *order);
#define CLEANUP_ORDER __attribute__((cleanup(order_fini)))
int order_copy(struct order *to, const struct order *from, struct err *err);
/* Into an empty one; from is empty afterwards. */
void order_move(struct order *to, struct order *from);

/* "buy"; "limit"; "day"; "paper"; NULL and 0 for what is none. */
const char *order_side_name(uint32_t side);
const char *order_type_name(uint32_t type);
const char *order_tif_name(uint32_t tif);
const char *order_mode_name(uint32_t mode);
uint32_t order_side_find(const char *name);
/* Also stop-limit and trailing-stop; market is 0, since it is refused. */
uint32_t order_type_find(const char *name);
/* Also gtc, good-till-cancelled; upper or lower case. */
uint32_t order_tif_find(const char *name);
uint32_t order_mode_find(const char *name);
/* "submitted", "open", ... of IAG_STATUS_*; 0 for what is none. */
const char *order_status_name(uint32_t status);
uint32_t order_status_find(const char *name);
bool order_status_is_terminal(uint32_t status);

/* As a JSON object in canonical form, without the members that are absent. */
int order_write(struct buf *out, const struct order *order, struct err *err);
/* JOURNAL_CORRUPT for what order_write() does not write. */
int order_read(struct iag_bytes text, struct order *ret_order, struct err *err);

/* What surrounds an order and is approved with it (ruling 13). */
struct order_frame {
	const char *preview_id;
	const char *writer;        /* plugin name */
	const char *connection;    /* where it leads */
	const char *policy_digest; /* "": no policy */
	const char *group_id;      /* NULL: single */
	const char *group_role;    /* parent, take_profit, stop_loss; NULL */
};
/*
 * SHA-256 over the canonical JSON of order and frame, decimals in normal
 * form.  client_ref and parent_ref come from the key and are bound by the
 * intent.
 */
int order_digest(const struct order *order, const struct order_frame *frame,
    char ret_hex[HASH_HEX_SIZE], struct err *err);

/* The record of the ABI; borrows everything. */
void order_wire(const struct order *order, const char *client_ref,
    const char *parent_ref, struct iag_order *ret_wire);

/* 1.10 is 1.1, absent is absent, and what is no number is nothing. */
bool order_value_is(const char *a, const char *b);
/* Do they go to the same exchange?  SMART names the broker's own routing. */
bool order_is_routed_alike(const struct order *a, const struct order *b);
/*
 * Would a modify of the one into the other change nothing?  They are for the
 * same contract, exchange, side and account.
 */
bool order_is_unchanged(const struct order *a, const struct order *b);

/* The multiplier is told, or the class (stock, etf) needs none. */
bool order_is_measurable(const struct order *order);
/*
 * Price x quantity x multiplier / price magnifier, exact (ruling 10).  price:
 * the limit, else what the caller gives (may be NULL).  Without text: NOTSUP
 * when the multiplier is unknown and the class is neither stock nor etf,
 * NOTFOUND when there is no price at all.
 */
int order_notional(const struct order *order, const struct dec *price,
    struct dec *ret_notional, struct err *err);

#endif

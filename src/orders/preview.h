/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Previews: an order as it would be sent, judged, digested and kept until it
 * expires.  Nothing is created at the broker.  Rows of TABLE_PREVIEWS and
 * TABLE_GROUPS.
 */

#ifndef IAG_ORDERS_PREVIEW_H
#define IAG_ORDERS_PREVIEW_H

#include "base/id.h"
#include "journal/journal.h"
#include "orders/desk.h"
#include "orders/order.h"
#include "orders/verdict.h"

struct preview {
	char id[ID_TEXT_SIZE];
	struct order order;
	char digest[HASH_HEX_SIZE]; /* order_digest() */
	char *writer;               /* owned, as all that follow */
	char *connection;
	char *policy_id;                   /* NULL: none */
	char policy_digest[HASH_HEX_SIZE]; /* "": none */
	char *group_id;                    /* NULL: single */
	char *group_role;
	char *created_by;
	uint64_t created_ns;
	uint64_t expires_ns;
	uint64_t incarnation; /* of the store; a lower one is expired */
	char approval_id[ID_TEXT_SIZE]; /* ""; index, not part of the row */
};
void preview_init(struct preview *preview);
void preview_fini(struct preview *preview);
#define CLEANUP_PREVIEW __attribute__((cleanup(preview_fini)))

/* Inside a step; IAG_NOTFOUND without text. */
int preview_get(struct journal_txn *txn, const char *id,
    struct preview *ret_preview, struct err *err);
int preview_put(
    struct journal_txn *txn, const struct preview *preview, struct err *err);
bool preview_is_fresh(
    const struct preview *preview, uint64_t now_ns, uint64_t incarnation);

/* The three of a group, by its id; roles in the order of group_roles. */
#define GROUP_LEGS 3
/* parent, take_profit, stop_loss */
extern const char *const group_roles[GROUP_LEGS];
int preview_group(struct journal_txn *txn, const char *group_id,
    char ret_ids[3][ID_TEXT_SIZE], struct err *err);
int preview_group_put(struct journal_txn *txn, const char *group_id,
    const char *const ids[3], struct err *err);

/*
 * `ibkr_order_preview`, `ibkr_bracket_order_preview`: arguments as the tool
 * has them (and mode, decided by the broker's word); the result's text to
 * out.  Everything is validated before anything is stored; all refusals at
 * once.
 */
int preview_make(struct order_call *call, struct json_object *arguments,
    struct buf *out, struct err *err);
int preview_make_bracket(struct order_call *call, struct json_object *arguments,
    struct buf *out, struct err *err);
/*
 * `policy explain`: the same judgement without storing anything, every rule
 * with its verdict, of a typed order or of a stored preview (preview_id), with
 * its group.
 */
int preview_explain(struct order_call *call, struct json_object *arguments,
    struct buf *out, struct err *err);

#endif

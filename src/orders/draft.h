/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * An order, or the three of a bracket, before it is a preview: read from a
 * caller's words, completed by the broker's, and judged by everything that
 * can be judged before anybody is asked for approval.  Previews are made from
 * drafts that nothing refused; `policy explain` shows what was said of one.
 */

#ifndef IAG_ORDERS_DRAFT_H
#define IAG_ORDERS_DRAFT_H

#include "orders/check.h"

struct draft {
	struct order_call *call;
	size_t count; /* 1, or GROUP_LEGS in the order of group_roles */
	struct order orders[GROUP_LEGS];
	struct verdicts verdicts; /* all but those of the risk policy */
	enum err_code fault;      /* of the first thing outside that refused */
	char account_hash[HASH_HEX_SIZE];
	struct contract contract; /* contract_id NULL: none was found */
	struct check_policy policy;
	const char *writer; /* its plugin's name, or as configured */
	bool simulated;
	struct quote quote;
	bool has_quote;
	struct json_object *whatif; /* of the (first) order; NULL: not told */
	char *whatif_fault;         /* why not; NULL: nobody can say */
	/* The working order that it is to replace. */
	const char *replaces; /* NULL: none; borrowed */
};
void draft_init(struct draft *draft, struct order_call *call);
void draft_fini(struct draft *draft);
#define CLEANUP_DRAFT __attribute__((cleanup(draft_fini)))

/* Arguments of `ibkr_order_preview`; only memory can fail. */
int draft_read(
    struct draft *draft, struct json_object *arguments, struct err *err);
/* Arguments of `ibkr_bracket_order_preview`. */
int draft_read_bracket(
    struct draft *draft, struct json_object *arguments, struct err *err);
/* The order of a stored preview as it is. */
int draft_take(struct draft *draft, size_t leg, const struct order *order,
    struct err *err);

/* Shape of what was read, by the contract's steps; part of draft_look(). */
void draft_shape(struct draft *draft);
/*
 * Ask the broker for contract, mode and quote, and judge shape, account,
 * writer and whether there is a policy.  What the broker refuses is a verdict;
 * a broker that cannot be asked is an error.
 */
int draft_look(struct draft *draft, struct err *err);
/*
 * Inside a step or a view: what the risk policy says.  A draft with so little
 * in it that nothing can be said gets no verdict.
 */
int draft_limits(struct journal_txn *txn, const struct draft *draft,
    struct verdicts *ret_limits, struct err *err);
/*
 * The code of a draft that all were said of; ERR_NONE: nothing refused.
 */
enum err_code draft_code(const struct draft *draft, const struct verdicts *all);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One write, or one question about it, brought before the gates: what must be
 * known from outside is looked at first (check_look), everything else is read
 * inside the transaction (check_judge).  Whoever sends, previews or explains
 * judges by this one code.
 */

#ifndef IAG_ORDERS_CHECK_H
#define IAG_ORDERS_CHECK_H

#include "orders/approval.h"
#include "orders/desk.h"
#include "orders/gates.h"
#include "orders/intent.h"
#include "orders/killswitch.h"
#include "orders/limits.h"
#include "orders/market.h"
#include "orders/preview.h"

/*
 * The risk policy that holds for a mode now, its digest, and where its
 * session and window start.  Outside of steps: reads a zone's file.
 */
struct check_policy {
	const char *id;                   /* NULL: none is configured */
	const struct risk_policy *policy; /* NULL: none, or no such id */
	char digest[HASH_HEX_SIZE];       /* "": no policy */
	struct limits_span span;
};
int check_policy(struct order_call *call, uint32_t mode,
    struct check_policy *ret_policy, struct err *err);
/* The same at a time that is known. */
int check_policy_at(struct order_call *call, uint32_t mode, uint64_t now_ns,
    struct check_policy *ret_policy, struct err *err);
/* NULL: none is configured. */
const char *check_policy_id(const struct config *config, uint32_t mode);

/*
 * Count, then judge orders of one group (or one order) in a row, each with
 * those before it; verdicts are added.  Inside a step or a view.  quote may be
 * NULL; held: notional of the working order that this modifies, else NULL.
 * A policy that is not there says nothing; that is for the gate.
 */
struct check_orders {
	const struct order *const *orders;
	size_t count;
	const struct quote *quote;
	bool is_modify;
	const struct dec *held;
};
int check_limits(struct journal_txn *txn, const struct check_policy *policy,
    const char account_hash[HASH_HEX_SIZE], const struct check_orders *orders,
    struct verdicts *verdicts, struct err *err);

struct check_leg {
	bool has_preview, has_approval;
	struct preview preview;
	struct approval approval;
	enum approval_fit fit;
};

struct check {
	/* Set by the caller before check_look(), borrowed: */
	struct order_call *call;
	enum order_operation operation;
	uint32_t mode; /* of the tool */
	const char *account;
	const char *key;
	size_t leg_count; /* cancel 0, submit and modify 1, group 3 */
	const char *approval_ids[GROUP_LEGS];
	const char *preview_ids[GROUP_LEGS]; /* NULL: the approval's */
	const char *broker_order_id; /* cancel, modify; also a former one */
	struct json_object *changes; /* modify: the arguments; NULL: none */

	/* check_look(): */
	char account_hash[HASH_HEX_SIZE];
	struct check_policy policy;
	const char *writer;       /* "": none may serve */
	const char *writer_fault; /* NULL: none */
	uint32_t account_mode;    /* 0: the broker did not say */
	char *contract_id; /* owned; that the quote is of; NULL: none needed */
	struct quote quote;
	bool has_quote;
	bool closed_by_file, separate_uid, journal_writable;
	struct clock_note clock; /* its times again in check_judge() */

	/* check_judge(); counts only when the step has succeeded: */
	uint64_t now_ns;
	struct check_leg legs[GROUP_LEGS];
	bool has_target;
	struct order_row target; /* under the id that it has now */
	struct verdicts verdicts;
	enum err_code code; /* ERR_NONE: every gate is open */
};
void check_init(struct check *check);
void check_fini(struct check *check);
#define CLEANUP_CHECK __attribute__((cleanup(check_fini)))

/*
 * Look at everything that a step may not: policy and zone, writer, CLOSED,
 * uid, clock, the account's mode and a quote from the broker.  A backend that
 * does not answer fails here (nothing is burned), but for a cancel, which goes
 * by what the journal knows.  A missing quote is no failure: the limits that
 * need one refuse.
 */
int check_look(struct check *check, struct err *err);
/*
 * Inside the intent's step, or a view: read previews, approvals, target,
 * switch, checklist and counts, and judge.  0: judged, see check->code and
 * check->verdicts.  Anything else: the store could not be read.
 */
int check_judge(struct journal_txn *txn, struct check *check, struct err *err);
/* The refusals of a judged check as an error; 0 when every gate is open. */
int check_refuse(const struct check *check, struct err *err);

/*
 * The reservation of one leg in the activity index (ruling 9), inside the
 * intent's step after check_judge(); taken back by activity_release().  A
 * modify reserves its increase.  Each leg has a row of its own.
 */
int check_reserve(struct journal_txn *txn, const struct check *check,
    size_t leg, uint64_t *ret_ns, uint64_t *ret_sequence, struct err *err);

/* For the intent's record: {account_mode, quote, seen}. */
int check_context(const struct check *check, struct buf *out, struct err *err);

#endif

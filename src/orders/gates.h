/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The gates: one table, in the order of behaviour.md section 6, over facts that
 * the transaction read.  Pure: nothing here reads, waits or writes.  The
 * manual's list is made from the same table.
 */

#ifndef IAG_ORDERS_GATES_H
#define IAG_ORDERS_GATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "journal/switches.h"
#include "orders/verdict.h"

enum order_operation {
	OPERATION_SUBMIT = 1,
	OPERATION_CANCEL,
	OPERATION_MODIFY,
	OPERATION_GROUP
};
const char *order_operation_name(enum order_operation operation);
enum order_operation order_operation_find(const char *name); /* 0: none */

/* How one approval stands to the preview that it is used for. */
enum approval_fit {
	APPROVAL_FITS,
	APPROVAL_MISSING, /* none, or not approved yet, or revoked */
	APPROVAL_IS_EXPIRED,
	APPROVAL_IS_CONSUMED,
	APPROVAL_OTHER_ACCOUNT,
	APPROVAL_OTHER_PREVIEW, /* or its digest differs */
	APPROVAL_BY_SELF        /* the policy forbids it */
};

/*
 * A snapshot.  Texts are borrowed; they explain and decide nothing.  All
 * facts are false or zero at first, and false is what refuses.
 */
struct gate_facts {
	enum order_operation operation;
	uint32_t mode; /* of the tool: IAG_MODE_* */

	enum switch_state switch_state; /* of that mode */
	bool closed_by_file;
	const char *switch_reason;
	const char *switch_by;

	bool feature_on;     /* configuration and command both */
	bool is_unasked;     /* the command's flag is all that is missing */
	bool writer_allowed; /* ruling 21 */
	const char *writer;
	const char *writer_fault; /* why it is not */
	bool live_activated; /* live: the configuration's digest is in force */
	const char *activation_fault; /* what differs */
	bool separate_uid;            /* or not required (ruling 16) */
	bool clock_sound;             /* ruling 15 */
	const char *clock_fault;
	bool reconciled; /* no adopted store waits for its reconcile */

	bool account_allowed;
	uint32_t account_mode;     /* by the broker; 0: unknown */
	const char *missing_items; /* of the checklist; "": complete */

	bool key_valid;

	/* submit, modify, group: of the worst leg */
	bool preview_found;
	bool preview_fresh;
	bool preview_same_account;
	const char *preview_id;
	const char *preview_fault; /* what the id is instead */
	enum approval_fit approval;
	const char *approval_id;
	const char *approval_fault; /* what the id is instead, or is of */
	const char *approval_fix;   /* what to do instead of approving again */

	/* modify and cancel */
	bool target_known;   /* paper: the journal has it with its approval */
	bool target_matches; /* contract, side, account, nothing filled since */
	bool target_settled; /* no modify of it is unknown */
	bool changes_match;  /* what was asked is what was approved */
	const char *target_fault; /* what differs */
	const char *change_fault;

	/* live always needs one; paper where a policy is configured */
	bool policy_needed;
	bool policy_found;
	const char *policy_id;

	bool journal_writable; /* and room for it (ruling 24) */
};

/*
 * Every gate's verdict in the order of the table; those of limits (moved; may
 * be NULL: not judged, which refuses where a policy is needed) stand where the
 * risk policy does.  Returns ERR_NONE, or the code of the first that refuses.
 */
enum err_code gates_judge(const struct gate_facts *facts,
    struct verdicts *limits, struct verdicts *ret_verdicts);

/* The table as mdoc list items for ibkr-agent-gates(7). */
void gates_manual(struct buf *out);

#endif

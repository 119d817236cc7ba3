/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What all writes share: the request and its digest, the answer of an intent
 * that is there already, the locks, the last look before the first byte, and
 * the settling transaction.
 */

#ifndef IAG_ORDERS_WRITECORE_H
#define IAG_ORDERS_WRITECORE_H

#include "host/writer.h"
#include "orders/check.h"
#include "orders/sendleave.h"
#include "orders/settle.h"
#include "orders/write.h"

/* One request; begin and fini always. */
struct write {
	struct order_call *call;
	enum order_operation operation;
	uint32_t mode;
	struct json_object *arguments;
	const char *account; /* borrowed from the arguments, as the next */
	const char *key;
	char hash[HASH_HEX_SIZE];   /* of the account */
	char digest[HASH_HEX_SIZE]; /* of the request */
	bool passes_closed;         /* a compensation, the operator's sweep */
	const char *writer_name;
	struct instance *writer; /* NULL: none may serve */
	struct send_leave *send;
	struct store_guard *turn;
};
/* arguments: account_id and idempotency_key are among them. */
int write_begin(struct write *write, struct order_call *call,
    enum order_operation operation, uint32_t mode,
    struct json_object *arguments, struct err *err);
void write_fini(struct write *write);
#define CLEANUP_WRITE __attribute__((cleanup(write_fini)))

/*
 * The answer of the intent that has this key: its result, its fault, in
 * flight, unknown, or that it is another request's.  IAG_NOTFOUND without
 * text: the key is free.
 */
int write_replay(struct write *write, struct buf *out, struct err *err);
/* The same with the intent at hand. */
int write_answer(struct write *write, const struct intent *intent,
    struct buf *out, struct err *err);

/*
 * Look at everything outside, and open the writer that serves; that none may
 * is no error but a gate's.
 */
int write_look(struct write *write, struct check *check, struct err *err);

/*
 * Leave to send, then the account; returned by write_fini(), the leave of a
 * callback that was given up when it ends.
 */
int write_lock(struct write *write, struct err *err);

/* An intent of this request, recorded and owned by this process. */
int write_intent(struct write *write, const char *leg, struct intent *intent,
    struct err *err);
/* The client order id of a key (ruling 19): *ret_ref is owned. */
int write_client_ref(
    struct write *write, const char *leg, char **ret_ref, struct err *err);

/*
 * No other intent of the account sends under this reference: exits of a
 * bracket have their own, made from its key.  Inside a step.
 */
int write_ref_check(struct write *write, struct journal_txn *txn,
    const char *client_ref, struct err *err);
/*
 * The order that an intent is about, for the writer; borrows from intent and
 * handle.
 */
void write_target(const struct intent *intent, uint8_t handle[256],
    struct iag_target *ret_target);

/* The record of the gate's transaction. */
int write_record(struct write *write, struct journal_txn *txn, struct err *err);

/* The last look; its drop() releases it. */
int write_watch(
    struct write *write, struct write_watch *ret_watch, struct err *err);

/* One intent and how it ended. */
struct write_outcome {
	struct intent *intent;
	struct settlement how;
	struct err *fault; /* moved to the caller of a refused write */
};
/*
 * From what a writer's call returned; fault: ERR_NONE, or of a call that
 * failed; borrowed like the rest.
 */
void write_classify(int result, const struct writer_result *got,
    const struct writer_ack *ack, struct err *fault,
    struct write_outcome *ret_end);
/*
 * Settle them in one transaction with the call's record, and say how the
 * write ended: 0 with its result in out, or the fault.  Where that cannot be
 * made durable: unknown, and it is tried again later.  group: the bracket's
 * own intent, whose end is told; NULL: that of the only one.
 */
int write_settle(struct write *write, struct write_outcome *ends, size_t count,
    struct intent *group, struct buf *out, struct err *err);
/*
 * The same for a part of a write that goes on: with a record of its own, and
 * without an answer.
 */
int write_settle_part(struct write *write, struct write_outcome *ends,
    size_t count, struct err *err);

/*
 * Cancel an order without asking the gates: what is left of a half-placed
 * bracket, and the operator's sweep.  The account's turn is held.  The
 * intent's key is key, its leg may be "".  The outcome is that of
 * write_classify(), and is durable unless an error says otherwise.
 */
struct write_sweep {
	const char *key, *leg;
	const char *broker_order_id, *client_ref, *handle;
	bool looks; /* at the order, where the broker refuses to cancel it */
	bool *ret_absent; /* that look did not find it; NULL: not asked */
};
int write_cancel_now(struct write *write, const struct write_sweep *sweep,
    enum intent_state *ret_state, struct err *err);

/* What became of each leg of a refused bracket, beside its fault. */
void write_legs_tell(const struct intent *group, struct err *err);
/* ORDER_OUTCOME_UNKNOWN with what to do about it. */
int write_unknown(
    const struct intent *intent, const char *cause, struct err *err);

#endif

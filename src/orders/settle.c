/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What one settlement changes, row by row.  Everything starts from the intent
 * as the transaction has it, so that running it again changes the same.
 */

#include "orders/settle.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "journal/activity.h"
#include "orders/approval.h"
#include "orders/limits.h"
#include "orders/settlement.h"

/* One intent on its way into a settled state. */
struct settling {
	struct desk *desk;
	struct journal_txn *txn;
	struct intent *intent;
	const struct settlement *how;
	char hash[HASH_HEX_SIZE];
	struct order_row row; /* of the order that it is about */
	bool has_row;
	/* in place of an answer that cannot be */
	struct settlement doubt;
	struct err fault;
};

/* As it is stored now; IAG_REJECTED: somebody else was faster. */
static int
reread(struct settling *s, struct err *err)
{
	CLEANUP_INTENT struct intent stored;
	int ret;

	intent_init(&stored);
	ret = intent_get(
	    s->txn, s->hash, s->intent->key, s->intent->leg, &stored, err);
	if (ret == IAG_NOTFOUND)
		return IAG_REJECTED; /* it was freed */
	if (ret)
		return ret;
	if (strcmp(stored.id, s->intent->id) != 0)
		return IAG_REJECTED; /* freed, and used again */
	intent_fini(s->intent);
	*s->intent = stored;
	intent_init(&stored);
	if (s->how->is_late)
		return intent_may_land(s->intent) ? 0 : IAG_REJECTED;
	return s->intent->state == INTENT_DONE ||
		       s->intent->state == INTENT_REFUSED
		   ? IAG_REJECTED
		   : 0;
}

/* What was given back with the refusal counts after all (ruling 9). */
static int
reserve_again(struct settling *s, struct err *err)
{
	CLEANUP_BUF struct buf amount = BUF_INIT;
	CLEANUP_DEC struct dec notional;
	struct intent *intent = s->intent;
	struct activity_order order = { .currency = intent->order.currency };

	dec_init(&notional);
	if (limits_notional(&intent->order, &notional) &&
	    dec_format_normal(&amount, &notional, NULL) == 0)
		order.amount = buf_text(&amount);
	intent->activity_ns = intent->recorded_ns;
	return activity_reserve(s->txn, s->hash, intent->activity_ns, &order,
	    &intent->activity_sequence, err);
}

/* Give back what the gate reserved (ruling 9). */
static int
reservation_release(struct settling *s, struct err *err)
{
	struct intent *intent = s->intent;
	uint64_t at_ns = intent->activity_ns, sequence;

	sequence = intent->activity_sequence;
	intent->activity_ns = intent->activity_sequence = 0;
	return at_ns ? activity_release(s->txn, s->hash, at_ns, sequence, err)
		     : 0;
}

/* Nothing was sent: as if nobody had asked (ruling 6). */
static int
free_key(struct settling *s, struct err *err)
{
	struct intent *intent = s->intent;
	int ret = reservation_release(s, err);

	if (ret == 0 && intent->approval_id)
		ret = approval_release(
		    s->txn, intent->approval_id, intent->key, err);
	if (ret == IAG_NOTFOUND)
		ret = 0; /* its approval was revoked and is gone */
	if (ret == 0)
		ret = intent_del(s->txn, intent, s->hash, err);
	if (ret == 0)
		intent->state = INTENT_REFUSED;
	return ret;
}

static uint32_t
default_status(enum order_operation operation)
{
	return operation == OPERATION_CANCEL   ? IAG_STATUS_PENDING_CANCEL
	       : operation == OPERATION_MODIFY ? IAG_STATUS_OPEN
					       : IAG_STATUS_SUBMITTED;
}

/* What a new row says of where it comes from. */
static int
row_begin(struct settling *s, struct err *err)
{
	const struct intent *intent = s->intent;
	struct order_row *row = &s->row;
	int ret = text_set(&row->account, intent->account, err);

	row->mode = intent->mode;
	row->simulated = intent->simulated;
	row->created_ns = txn_now_ns(s->txn);
	if (ret == 0)
		ret = text_set(&row->client_ref, intent->client_ref, err);
	if (ret == 0)
		ret = text_set(&row->key, intent->key, err);
	if (ret == 0)
		ret = text_set(&row->leg, intent->leg, err);
	if (ret == 0)
		ret = text_set(&row->writer, intent->writer, err);
	if (ret == 0)
		ret = text_set(&row->connection, intent->connection, err);
	if (ret == 0)
		ret = text_set(&row->approval_id, intent->approval_id, err);
	return ret;
}

static int
handle_set(struct order_row *row, const struct writer_ack *ack, struct err *err)
{
	CLEANUP_BUF struct buf hex = BUF_INIT;

	if (!ack->handle_len)
		return 0;
	buf_hex(&hex, ack->handle, ack->handle_len);
	return hex.failed ? err_no_memory(err)
			  : text_set(&row->handle, buf_text(&hex), err);
}

/* What the broker said of it; what it did not say stays as it was. */
static int
row_answer(struct settling *s, uint32_t status, struct err *err)
{
	const struct writer_ack *ack = s->how->ack;
	struct order_row *row = &s->row;
	int ret = 0;

	row->status = status;
	row->updated_ns = txn_now_ns(s->txn);
	if (ack && ack->broker_status)
		ret = text_set(&row->broker_status, ack->broker_status, err);
	if (ret == 0 && ack && ack->filled_quantity)
		ret =
		    text_set(&row->filled_quantity, ack->filled_quantity, err);
	if (ret == 0 && ack && ack->average_price)
		ret = text_set(&row->average_price, ack->average_price, err);
	return ret || !ack ? ret : handle_set(row, ack, err);
}

/* A terminal state that is there already wins, and is what is reported. */
static int
row_save(struct settling *s, struct err *err)
{
	struct order_row *row = &s->row;
	CLEANUP_FREE char *id = NULL;
	int ret = order_row_put(s->txn, row, s->hash, err);

	s->has_row = true;
	if (ret != IAG_REJECTED)
		return ret;
	id = strdup(row->broker_order_id);
	if (!id)
		return err_no_memory(err);
	order_row_fini(row);
	return order_row_get(s->txn, s->hash, id, row, err);
}

static int
row_load(struct settling *s, const char *id, struct err *err)
{
	int ret = order_row_get(s->txn, s->hash, id, &s->row, err);

	s->has_row = ret == 0;
	return ret;
}

static uint32_t
answered_status(const struct settling *s)
{
	const struct writer_ack *ack = s->how->ack;

	return ack && ack->status ? ack->status
				  : default_status(s->intent->operation);
}

/*
 * submit: the order as it was sent, under the id that the broker gave.
 * IAG_REJECTED without text: another order has it.
 */
static int
submit_row(struct settling *s, struct err *err)
{
	const struct writer_ack *ack = s->how->ack;
	/* a late find may come behind the reconciler's own look */
	int ret = row_load(s, ack->broker_order_id, err);

	if (ret == 0 &&
	    !order_row_is_of(&s->row, s->intent->key, s->intent->leg))
		return IAG_REJECTED;
	if (ret == IAG_NOTFOUND) {
		ret = text_set(
		    &s->row.broker_order_id, ack->broker_order_id, err);
		if (ret == 0)
			ret = row_begin(s, err);
		if (ret == 0)
			ret = order_copy(&s->row.order, &s->intent->order, err);
	}
	if (ret == 0)
		ret = text_set(
		    &s->intent->broker_order_id, ack->broker_order_id, err);
	if (ret == 0)
		ret = row_answer(s,
		    s->how->state == INTENT_REFUSED ? IAG_STATUS_REFUSED
						    : answered_status(s),
		    err);
	return ret ? ret : row_save(s, err);
}

/*
 * A replacement that got an id of its own: the old one is no more.  An answer
 * that repeats the id that was asked about tells of none.
 */
static bool
is_moved(const struct settling *s)
{
	const struct writer_ack *ack = s->how->ack;

	return ack && ack->broker_order_id &&
	       strcmp(ack->broker_order_id, s->intent->broker_order_id) != 0 &&
	       strcmp(ack->broker_order_id, s->row.broker_order_id) != 0;
}

static int
row_move(struct settling *s, const char *id, struct err *err)
{
	int ret;

	s->row.updated_ns = txn_now_ns(s->txn);
	ret = order_row_rename(
	    s->txn, &s->row, id, answered_status(s), s->hash, err);
	s->row.created_ns = txn_now_ns(s->txn);
	return ret;
}

/* The broker's lists have it, the journal has not: only for the answer. */
static int
foreign_row(struct settling *s, struct err *err)
{
	int ret =
	    text_set(&s->row.broker_order_id, s->intent->broker_order_id, err);

	s->has_row = true;
	return ret ? ret : row_answer(s, answered_status(s), err);
}

/*
 * Brokers call an id cancelled that they have given up: of an order that has
 * another one now it is no end.
 */
static uint32_t
target_status(const struct settling *s)
{
	const struct writer_ack *ack = s->how->ack;
	const char *asked = s->intent->broker_order_id;
	uint32_t status = answered_status(s);
	bool is_former = strcmp(asked, s->row.broker_order_id) != 0 &&
			 (!ack || !ack->broker_order_id ||
			     strcmp(ack->broker_order_id, asked) == 0);

	return is_former && status == IAG_STATUS_CANCELLED
		   ? IAG_STATUS_PENDING_CANCEL
		   : status;
}

/* cancel and modify: the order that they were about. */
static int
target_row(struct settling *s, struct err *err)
{
	/* it may have got another id while this was on its way */
	int ret = order_row_get_present(
	    s->txn, s->hash, s->intent->broker_order_id, &s->row, err);

	s->has_row = ret == 0;
	if (ret == IAG_NOTFOUND)
		return foreign_row(s, err);
	if (ret == 0 && s->intent->operation == OPERATION_MODIFY) {
		if (is_moved(s))
			ret = row_move(s, s->how->ack->broker_order_id, err);
		order_fini(&s->row.order);
		memset(&s->row.order, 0, sizeof(s->row.order));
		if (ret == 0)
			ret = order_copy(&s->row.order, &s->intent->order, err);
	}
	if (ret == 0)
		ret = row_answer(s, target_status(s), err);
	return ret ? ret : row_save(s, err);
}

static bool
has_ack_id(const struct settlement *how)
{
	return how->ack && how->ack->broker_order_id;
}

static int
rows_write(struct settling *s, struct err *err)
{
	switch (s->intent->operation) {
	case OPERATION_SUBMIT:
		if (!has_ack_id(s->how))
			return 0;
		if (s->how->state != INTENT_UNKNOWN)
			return submit_row(s, err);
		return text_set(&s->intent->broker_order_id,
		    s->how->ack->broker_order_id, err);
	case OPERATION_CANCEL:
	case OPERATION_MODIFY:
		return s->how->state == INTENT_DONE ? target_row(s, err) : 0;
	case OPERATION_GROUP:
		break;
	}
	return 0;
}

/* What callers get, now and when they ask again. */
static int
answer_write(struct settling *s, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct intent *intent = s->intent;
	int ret = 0;

	if (s->how->result)
		return text_set(&intent->result, s->how->result, err);
	if (s->how->state == INTENT_DONE)
		ret = settle_result(
		    intent, s->has_row ? &s->row : NULL, &text, err);
	else if (s->how->fault)
		settlement_fault_write(&text, s->how->fault);
	if (ret == 0 && text.failed)
		ret = err_no_memory(err);
	if (ret || !text.len)
		return ret;
	return text_set(
	    s->how->state == INTENT_DONE ? &intent->result : &intent->error,
	    buf_text(&text), err);
}

static int
changes_apply(struct settling *s, struct err *err)
{
	CLEANUP_BUF struct buf plugin = BUF_INIT;

	buf_printf(&plugin, "writer-%s", s->intent->writer);
	if (plugin.failed)
		return err_no_memory(err);
	return desk_state_apply(s->desk, s->txn, buf_text(&plugin),
	    s->intent->account, s->how->changes, s->how->change_count, err);
}

/* The answer names another order: what it says of this one is not known. */
static int
others_id(struct settling *s)
{
	(void)err_set(&s->fault, ERR_BROKER_RESPONSE_INVALID,
	    "the broker tells the id '%s' for it, %s",
	    s->how->ack->broker_order_id,
	    s->row.id_fault ? s->row.id_fault
			    : "which is that of another order, or of one that "
			      "has ended");
	s->doubt = (struct settlement){
		.state = INTENT_UNKNOWN,
		.fault = &s->fault,
	};
	s->how = &s->doubt;
	s->has_row = false;
	return 0;
}

/* Something was sent, or may have been. */
static int
settle_steps(struct settling *s, struct err *err)
{
	const struct settlement *how = s->how;
	struct intent *intent = s->intent;
	int ret;

	ret = changes_apply(s, err);
	if (ret == 0 && how->state == INTENT_REFUSED)
		ret = reservation_release(s, err);
	if (ret == 0 && how->is_late)
		ret = reserve_again(s, err);
	if (ret == 0)
		ret = rows_write(s, err);
	/* what was refused for want of evidence stays so */
	if (ret == IAG_REJECTED && !how->is_late)
		ret = others_id(s);
	how = s->how;
	intent->state = how->state;
	if (how->state != INTENT_UNKNOWN)
		intent->settled_ns = txn_now_ns(s->txn);
	intent->watched_ns =
	    how->is_watched ? intent->settled_ns + INTENT_WATCH_NS : 0;
	if (ret == 0)
		ret = answer_write(s, err);
	return ret ? ret : intent_put(s->txn, intent, s->hash, err);
}

/*
 * The bracket of the intent, and that of the order that it was about, whoever
 * has cancelled it.
 */
static int
groups_settle(struct settling *s, struct err *err)
{
	const struct intent *intent = s->intent;
	const struct order_row *row = &s->row;
	int ret =
	    settlement_group(s->txn, intent->key, intent->leg, s->hash, err);

	if (ret || !s->has_row || !row->key || !row->leg ||
	    strcmp(row->key, intent->key) == 0)
		return ret;
	return settlement_group(s->txn, row->key, row->leg, s->hash, err);
}

static int
settle_one(struct settling *s, struct err *err)
{
	int ret = reread(s, err);

	if (ret == 0)
		ret = s->how->nothing_sent ? free_key(s, err)
					   : settle_steps(s, err);
	return ret ? ret : groups_settle(s, err);
}

int
settle_apply(struct desk *desk, struct journal_txn *txn, struct intent *intent,
    const struct settlement *settlement, struct err *err)
{
	struct settling s = {
		.desk = desk,
		.txn = txn,
		.intent = intent,
		.how = settlement,
	};
	int ret;

	order_row_init(&s.row);
	journal_account_hash(desk_journal(desk), intent->account, s.hash);
	ret = settle_one(&s, err);
	err_fini(&s.fault);
	order_row_fini(&s.row);
	return ret;
}

int
settle_row(struct desk *desk, struct journal_txn *txn, struct intent *intent,
    uint32_t status, struct err *err)
{
	CLEANUP_FREE char *id = strdup(intent->broker_order_id);
	const struct writer_ack ack = {
		.broker_order_id = id,
		.status = status,
	};
	const struct settlement how = { .state = INTENT_DONE, .ack = &ack };
	struct settling s = {
		.desk = desk,
		.txn = txn,
		.intent = intent,
		.how = &how,
	};
	int ret;

	if (!id)
		return err_no_memory(err);
	order_row_init(&s.row);
	journal_account_hash(desk_journal(desk), intent->account, s.hash);
	ret = submit_row(&s, err);
	order_row_fini(&s.row);
	return ret;
}

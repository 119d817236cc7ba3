/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The settling transaction: it is the call's record too, and has a deadline of
 * its own, because what was sent must be written down whoever has given up.
 */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal/outcome.h"
#include "orders/settlement.h"
#include "orders/settlequeue.h"
#include "orders/writecore.h"

#define SETTLE_NS (10 * NS_PER_S)

/* The broker has it, whatever became of the others of its group. */
static bool
is_placed(const struct writer_ack *ack)
{
	return ack && ack->broker_order_id && ack->status != IAG_STATUS_REFUSED;
}

/*
 * The broker's refusal is kept and told again with this key, so what is said of
 * repeating the call holds for another key.
 */
static void
key_is_spent(struct err *fault)
{
	if (!fault->retryable)
		return;
	fault->retryable = false;
	if (!fault->action)
		err_action(fault,
		    "nothing was done, and this key always answers so: once "
		    "that is over, repeat it under a new key, an order with a "
		    "new preview and approval");
}

void
write_classify(int result, const struct writer_result *got,
    const struct writer_ack *ack, struct err *fault,
    struct write_outcome *ret_end)
{
	struct settlement how = {
		.state = INTENT_UNKNOWN,
		.ack = ack,
		.changes = got->changes,
		.change_count = got->change_count,
	};

	if (result == 0 && ack && ack->status == IAG_STATUS_REFUSED) {
		how.state = INTENT_REFUSED;
		(void)err_set(fault, ERR_BROKER_RESPONSE_INVALID,
		    "the broker refused the order%s%s",
		    ack->broker_status ? ": " : "",
		    ack->broker_status ? ack->broker_status : "");
		fault->retryable = false;
	} else if (result == 0 && ack) {
		how.state = INTENT_DONE;
	} else if (result && !got->sent) {
		how.state = INTENT_REFUSED;
		how.nothing_sent = true;
	} else if (result == IAG_REJECTED) {
		how.state = is_placed(ack) ? INTENT_DONE : INTENT_REFUSED;
		key_is_spent(fault);
	}
	if (fault->code != ERR_NONE && how.state != INTENT_DONE)
		how.fault = fault;
	ret_end->how = how;
	ret_end->fault = fault;
}

static int
event_metadata(
    struct audit_event *event, const struct intent *intent, struct err *err)
{
	struct json_object *obj = json_object_new_object();
	int ret;

	event->metadata = obj;
	ret = json_add_str(obj, "idempotency_key", intent->key);
	if (ret == 0)
		ret = json_add_str(obj, "client_order_id", intent->client_ref);
	if (ret == 0)
		ret = json_add_str(
		    obj, "broker_order_id", intent->broker_order_id);
	if (ret == 0)
		ret = json_add_str(
		    obj, "intent_state", intent_state_name(intent->state));
	return ret ? err_no_memory(err) : 0;
}

struct settle_step {
	struct write *write;
	struct write_outcome *ends;
	size_t count;
	struct intent *group;       /* NULL: none */
	struct write_outcome whole; /* what the caller is told */
	bool is_part;
};

/*
 * The call's record, with what the caller will be told; a part has one of its
 * own.
 */
static int
event_write(
    const struct settle_step *step, struct journal_txn *txn, struct err *err)
{
	struct order_call *call = step->write->call;
	const struct write_outcome *whole = &step->whole;
	const struct intent *intent = whole->intent;
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct audit_event event = *call->event;
	const char *text =
	    intent->state == INTENT_DONE ? intent->result : intent->error;
	int ret;

	if (intent->state == INTENT_UNKNOWN)
		(void)write_unknown(intent, NULL, &fault);
	else if (intent->state == INTENT_REFUSED && !whole->how.fault)
		(void)settlement_fault_read(intent->error, &fault);
	audit_outcome(&event,
	    step->is_part ? "order_part_settled" : call->success,
	    intent->state == INTENT_REFUSED && whole->how.fault
		? whole->how.fault
		: &fault);
	if (text)
		event.output = (struct iag_bytes){ text, strlen(text) };
	if (step->is_part) {
		event.event_id[0] = '\0';
		event.event_type = "order_part_settled";
	}
	ret = event_metadata(&event, intent, err);
	if (ret == 0)
		ret = txn_audit(txn, &event, err);
	(void)json_object_put(event.metadata);
	return ret;
}

/* The bracket as it is after its legs were settled. */
static int
group_read(struct settle_step *step, struct journal_txn *txn, struct err *err)
{
	struct intent *group = step->group;
	CLEANUP_INTENT struct intent stored;
	int ret;

	intent_init(&stored);
	ret = intent_get(
	    txn, step->write->hash, step->write->key, "", &stored, err);
	if (ret == IAG_NOTFOUND) {
		group->state = INTENT_REFUSED; /* nothing was sent of it */
		return 0;
	}
	if (ret)
		return ret;
	intent_fini(group);
	*group = stored;
	intent_init(&stored);
	return 0;
}

/* A bracket ends like its legs together, with the first one's fault. */
static void
whole_set(struct settle_step *step)
{
	const struct write_outcome *end = &step->ends[step->count - 1];

	if (!step->group) {
		step->whole = *end;
		return;
	}
	step->whole = (struct write_outcome){
		.intent = step->group,
		.how = { .state = step->group->state },
	};
	for (size_t i = 0; i < step->count; i++) {
		end = &step->ends[i];
		if (!end->how.fault)
			continue;
		step->whole.how.fault = end->how.fault;
		step->whole.fault = end->fault;
		return;
	}
}

static int
settle_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct settle_step *step = arg;
	struct write_outcome *end;
	int ret;

	for (size_t i = 0; i < step->count; i++) {
		end = &step->ends[i];
		ret = settle_apply(
		    step->write->call->desk, txn, end->intent, &end->how, err);
		if (ret && ret != IAG_REJECTED)
			return ret;
	}
	ret = step->group ? group_read(step, txn, err) : 0;
	if (ret)
		return ret;
	whole_set(step);
	return event_write(step, txn, err);
}

static int
settle_now(struct settle_step *step, struct err *err)
{
	struct call *call = call_new(clock_boot_ns() + SETTLE_NS);
	int ret;

	if (!call)
		return err_no_memory(err);
	send_leave_tell(step->write->send);
	ret = journal_update_reserved(desk_journal(step->write->call->desk),
	    call, settle_step, step, err);
	call_unref(call);
	return ret;
}

/* What came back from the broker although it could not be written down. */
static void
settle_later(const struct settle_step *step)
{
	struct intent *intent;
	const struct writer_ack *ack;

	for (size_t i = 0; i < step->count; i++) {
		intent = step->ends[i].intent;
		ack = step->ends[i].how.ack;
		settle_queue_add(step->write->call->desk, intent,
		    &step->ends[i].how, step->write->call->event);
		if (intent->operation == OPERATION_SUBMIT && ack &&
		    ack->broker_order_id && !intent->broker_order_id)
			intent->broker_order_id = strdup(ack->broker_order_id);
	}
}

static int
refused(const struct write_outcome *whole, struct err *err)
{
	int ret;

	if (!whole->how.fault || whole->how.state != INTENT_REFUSED) {
		ret = settlement_fault_read(whole->intent->error, err);
	} else {
		ret = err_class(whole->fault);
		err_move(err, whole->fault);
	}
	if (whole->intent->operation == OPERATION_GROUP)
		write_legs_tell(whole->intent, err);
	/* what cannot be cancelled is not to be ordered again */
	if (whole->intent->operation == OPERATION_CANCEL && err &&
	    (err->code == ERR_ORDER_VALIDATION_FAILED ||
		err->code == ERR_ORDER_POLICY_REFUSED))
		err_action(err,
		    "look at the order (ibkr_order_status): where it has "
		    "ended, there is nothing to cancel");
	return ret;
}

static int
answer(const struct write_outcome *whole, struct buf *out, struct err *err)
{
	const struct intent *intent = whole->intent;
	CLEANUP_ERR struct err stored = ERR_INIT;

	switch (intent->state) {
	case INTENT_DONE:
		buf_str(out, intent->result ? intent->result : "{}");
		return 0;
	case INTENT_REFUSED:
		return refused(whole, err);
	default:
		if (whole->how.fault && !intent->error)
			return write_unknown(
			    intent, err_text(whole->how.fault), err);
		(void)settlement_fault_read(intent->error, &stored);
		return write_unknown(intent, err_text(&stored), err);
	}
}

int
write_settle(struct write *write, struct write_outcome *ends, size_t count,
    struct intent *group, struct buf *out, struct err *err)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct settle_step step = {
		.write = write,
		.ends = ends,
		.count = count,
		.group = group,
	};

	if (settle_now(&step, &fault) == 0) {
		write->call->recorded = true;
		return answer(&step.whole, out, err);
	}
	settle_later(&step);
	return write_unknown(
	    group ? group : ends[count - 1].intent, err_text(&fault), err);
}

int
write_settle_part(struct write *write, struct write_outcome *ends, size_t count,
    struct err *err)
{
	struct settle_step step = {
		.write = write,
		.ends = ends,
		.count = count,
		.is_part = true,
	};
	int ret = settle_now(&step, err);

	if (ret)
		settle_later(&step);
	return ret;
}

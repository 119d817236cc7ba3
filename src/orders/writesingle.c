/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Submit, cancel and modify: one intent, one call of the writer. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "orders/writecore.h"

/* One order, or one change of an order, on its way. */
struct single {
	struct write write;
	struct check check;
	struct intent intent;
	struct intent earlier; /* that has the key already */
	bool found;
};

static void
single_init(struct single *s)
{
	memset(&s->write, 0, sizeof(s->write));
	check_init(&s->check);
	intent_init(&s->intent);
	intent_init(&s->earlier);
	s->found = false;
}

static void
single_fini(struct single *s)
{
	write_fini(&s->write);
	check_fini(&s->check);
	intent_fini(&s->intent);
	intent_fini(&s->earlier);
}
#define CLEANUP_SINGLE __attribute__((cleanup(single_fini)))

static void
check_fill(struct single *s)
{
	struct check *check = &s->check;
	struct write *write = &s->write;

	check->call = write->call;
	check->operation = write->operation;
	check->mode = write->mode;
	check->account = write->account;
	check->key = write->key;
	check->broker_order_id =
	    json_get_str(write->arguments, "broker_order_id", NULL);
	if (write->operation == OPERATION_CANCEL)
		return;
	check->leg_count = 1;
	check->approval_ids[0] =
	    json_get_str(write->arguments, "approval_id", NULL);
	check->preview_ids[0] =
	    json_get_str(write->arguments, "preview_id", NULL);
	if (write->operation == OPERATION_MODIFY)
		check->changes = write->arguments;
}

/*
 * The order that a cancel or a modify is about, by the id that the broker
 * calls it by now.
 */
static int
take_target(struct single *s, struct err *err)
{
	const struct order_row *target = &s->check.target;
	struct intent *intent = &s->intent;
	int ret = text_set(&intent->broker_order_id,
	    s->check.has_target ? target->broker_order_id
				: s->check.broker_order_id,
	    err);

	if (ret == 0 && s->check.has_target)
		ret = text_set(&intent->handle, target->handle, err);
	if (ret == 0)
		ret = text_set(&intent->client_ref,
		    s->check.has_target ? target->client_ref : NULL, err);
	return ret;
}

/* What was previewed and approved. */
static int
take_preview(struct single *s, struct err *err)
{
	const struct check_leg *leg = &s->check.legs[0];
	struct intent *intent = &s->intent;
	int ret;

	order_fini(&intent->order);
	memset(&intent->order, 0, sizeof(intent->order));
	intent->has_order = false;
	ret = order_copy(&intent->order, &leg->preview.order, err);
	intent->has_order = ret == 0;
	if (ret == 0)
		ret = text_set(&intent->preview_id, leg->preview.id, err);
	return ret ? ret
		   : text_set(&intent->approval_id, leg->approval.id, err);
}

static int
take_context(struct single *s, struct err *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int ret = check_context(&s->check, &text, err);

	return ret ? ret : text_set(&s->intent.context, buf_text(&text), err);
}

/* From the check's facts; a step may run again, so all is set anew. */
static int
intent_fill(struct single *s, struct err *err)
{
	int ret = 0;

	s->intent.recorded_ns = s->check.now_ns;
	s->intent.activity_ns = s->intent.activity_sequence = 0;
	if (s->write.operation != OPERATION_SUBMIT)
		ret = take_target(s, err);
	if (ret == 0 && s->write.operation != OPERATION_CANCEL)
		ret = take_preview(s, err);
	return ret ? ret : take_context(s, err);
}

/* The book that has the order is the one that is asked (ruling 5). */
static int
book_check(const struct single *s, struct err *err)
{
	const struct order_row *target = &s->check.target;

	if (!s->check.has_target || !target->writer ||
	    config_name_equal(target->writer, s->write.writer_name))
		return 0;
	err_set(err, ERR_ORDER_VALIDATION_FAILED,
	    "the order '%s' is in the book of the writer '%s', this process "
	    "writes with '%s'",
	    target->broker_order_id, target->writer, s->write.writer_name);
	err_action(err, "use a process with the writer '%s'", target->writer);
	return err_class(err);
}

static uint32_t
writer_operation(enum order_operation operation)
{
	return operation == OPERATION_CANCEL   ? IAG_WRITER_CANCEL
	       : operation == OPERATION_MODIFY ? IAG_WRITER_MODIFY
					       : IAG_WRITER_SUBMIT;
}

static int
writer_check(const struct single *s, struct err *err)
{
	struct iag_order wire;

	if (!s->write.writer)
		return err_set(err, ERR_INTERNAL_ERROR,
		    "every gate is open, and there is no writer");
	if (s->intent.has_order)
		order_wire(&s->intent.order, s->intent.client_ref, NULL, &wire);
	return writer_accepts(s->write.writer,
	    writer_operation(s->write.operation),
	    s->intent.has_order ? &wire : NULL, err);
}

static int
gate_record(struct single *s, struct journal_txn *txn, struct err *err)
{
	struct check *check = &s->check;
	int ret = 0;

	if (s->write.operation != OPERATION_CANCEL)
		ret = approval_consume(
		    txn, &check->legs[0].approval, s->write.key, err);
	if (ret == 0 && s->write.operation != OPERATION_CANCEL)
		ret = check_reserve(txn, check, 0, &s->intent.activity_ns,
		    &s->intent.activity_sequence, err);
	if (ret == 0)
		ret = intent_put(txn, &s->intent, s->write.hash, err);
	if (ret == 0 && s->write.mode == IAG_MODE_LIVE)
		ret = clock_put(txn, &check->clock, err);
	return ret ? ret : write_record(&s->write, txn, err);
}

/* Gate and record: one transaction (invariants 1, 3, 7). */
static int
gate_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct single *s = arg;
	int ret;

	intent_fini(&s->earlier);
	ret =
	    intent_get(txn, s->write.hash, s->write.key, "", &s->earlier, err);
	s->found = ret == 0;
	if (ret != IAG_NOTFOUND)
		return ret ? ret : IAG_REJECTED;
	ret = check_judge(txn, &s->check, err);
	if (ret == 0)
		ret = check_refuse(&s->check, err);
	if (ret == 0)
		ret = book_check(s, err);
	if (ret == 0 && s->write.operation == OPERATION_SUBMIT)
		ret =
		    write_ref_check(&s->write, txn, s->intent.client_ref, err);
	if (ret == 0)
		ret = intent_fill(s, err);
	if (ret == 0)
		ret = writer_check(s, err);
	return ret ? ret : gate_record(s, txn, err);
}

static int
gate(struct single *s, struct buf *out, struct err *err)
{
	struct write *write = &s->write;
	struct journal *journal = desk_journal(write->call->desk);
	int ret;

	if (write->operation == OPERATION_SUBMIT)
		ret = write_client_ref(write, "", &s->intent.client_ref, err);
	else
		ret = 0;
	if (ret == 0)
		ret = write_intent(write, "", &s->intent, err);
	if (ret)
		return ret;
	/* a cancel must still work when room runs out (ruling 24) */
	ret =
	    write->operation == OPERATION_CANCEL
		? journal_update_reserved(
		      journal, write->call->call, gate_step, s, err)
		: journal_update(journal, write->call->call, gate_step, s, err);
	return s->found ? write_answer(write, &s->earlier, out, err) : ret;
}

static int
call_writer(struct single *s, const struct write_watch *watch,
    struct writer_result *result, struct err *err)
{
	struct instance *writer = s->write.writer;
	struct call *call = s->write.call->call;
	const struct intent *intent = &s->intent;
	struct iag_order wire;
	uint8_t handle[256];
	struct iag_target target;

	write_target(intent, handle, &target);
	if (s->write.operation == OPERATION_CANCEL)
		return writer_cancel(writer, call, watch, &target, result, err);
	order_wire(&intent->order, intent->client_ref, NULL, &wire);
	return s->write.operation == OPERATION_MODIFY
		   ? writer_modify(
			 writer, call, watch, &target, &wire, result, err)
		   : writer_submit(writer, call, watch, &wire, result, err);
}

static int
send(struct single *s, struct buf *out, struct err *err)
{
	CLEANUP_WRITER_RESULT struct writer_result result;
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct write_outcome end = { .intent = &s->intent };
	struct write_watch watch;
	int ret;

	writer_result_init(&result);
	ret = write_watch(&s->write, &watch, &fault);
	if (ret == 0)
		ret = call_writer(s, &watch, &result, &fault);
	write_classify(ret, &result, result.ack_count ? &result.acks[0] : NULL,
	    &fault, &end);
	return write_settle(&s->write, &end, 1, NULL, out, err);
}

static int
write_single(struct order_call *call, enum order_operation operation,
    uint32_t mode, struct json_object *arguments, struct buf *out,
    struct err *err)
{
	CLEANUP_SINGLE struct single s;
	int ret;

	single_init(&s);
	ret = write_begin(&s.write, call, operation, mode, arguments, err);
	if (ret)
		return ret;
	ret = write_replay(&s.write, out, err);
	if (ret != IAG_NOTFOUND)
		return ret;
	check_fill(&s);
	ret = write_look(&s.write, &s.check, err);
	if (ret == 0)
		ret = write_lock(&s.write, err);
	if (ret == 0)
		ret = gate(&s, out, err);
	return ret || s.found ? ret : send(&s, out, err);
}

int
order_submit(struct order_call *call, uint32_t mode,
    struct json_object *arguments, struct buf *out, struct err *err)
{
	return write_single(call, OPERATION_SUBMIT, mode, arguments, out, err);
}

int
order_cancel(struct order_call *call, uint32_t mode,
    struct json_object *arguments, struct buf *out, struct err *err)
{
	return write_single(call, OPERATION_CANCEL, mode, arguments, out, err);
}

int
order_modify(struct order_call *call, uint32_t mode,
    struct json_object *arguments, struct buf *out, struct err *err)
{
	return write_single(call, OPERATION_MODIFY, mode, arguments, out, err);
}

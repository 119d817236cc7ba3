/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* See fake-broker.h. */

#include "fake-broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct fake_broker fake_broker;

void
fake_broker_reset(void)
{
	memset(&fake_broker, 0, sizeof(fake_broker));
	fake_broker.answer_count = 1;
}

/* ---- preview.h, approval.h */

const char *const group_roles[3] = { "parent", "take_profit", "stop_loss" };

int
approval_consume(struct journal_txn *txn, struct approval *approval,
    const char *key, struct err *err)
{
	(void)txn;
	(void)approval;
	(void)key;
	(void)err;
	fake_broker.consumed++;
	return 0;
}

int
approval_release(
    struct journal_txn *txn, const char *id, const char *key, struct err *err)
{
	(void)txn;
	(void)id;
	(void)key;
	(void)err;
	fake_broker.released++;
	return 0;
}

/* ---- check.h */

void
check_init(struct check *check)
{
	memset(check, 0, sizeof(*check));
}

static void
leg_clear(struct check_leg *leg)
{
	order_fini(&leg->preview.order);
	free(leg->preview.group_id);
	memset(leg, 0, sizeof(*leg));
}

void
check_fini(struct check *check)
{
	for (size_t i = 0; i < GROUP_LEGS; i++)
		leg_clear(&check->legs[i]);
	order_row_fini(&check->target);
	verdicts_fini(&check->verdicts);
}

int
check_look(struct check *check, struct err *err)
{
	(void)err;
	check->writer = "refusing";
	journal_account_hash(desk_journal(check->call->desk), check->account,
	    check->account_hash);
	return 0;
}

static struct order
an_order(const struct check *check)
{
	return (struct order){
		.mode = check->mode,
		.side = IAG_SIDE_BUY,
		.type = IAG_TYPE_LIMIT,
		.tif = IAG_TIF_DAY,
		.account = strdup(check->account),
		.contract_id = strdup("265598"),
		.symbol = strdup("AAPL"),
		.asset_class = strdup("stock"),
		.currency = strdup("USD"),
		.quantity = strdup("10"),
		.limit_price = strdup(
		    check->operation == OPERATION_MODIFY ? "2.50" : "1.10"),
	};
}

static void
leg_fill(struct check *check, size_t i)
{
	struct check_leg *leg = &check->legs[i];

	leg_clear(leg);
	leg->preview.order = an_order(check);
	(void)snprintf(leg->preview.id, ID_TEXT_SIZE,
	    "11111111-1111-7111-8111-11111111111%c", (char)('0' + i));
	(void)snprintf(leg->approval.id, ID_TEXT_SIZE,
	    "22222222-2222-7222-8222-22222222222%c", (char)('0' + i));
	if (check->leg_count > 1)
		leg->preview.group_id = strdup("a-group");
}

int
check_judge(struct journal_txn *txn, struct check *check, struct err *err)
{
	int ret;

	check->code = fake_broker.gate;
	check->now_ns = txn_now_ns(txn);
	verdicts_fini(&check->verdicts);
	check->verdicts = (struct verdicts)VERDICTS_INIT;
	verdicts_add(&check->verdicts, "kill_switch", "LIVE_KILL_SWITCH_CLOSED",
	    check->code == ERR_NONE, "open", "closed", "open it");
	for (size_t i = 0; i < check->leg_count; i++)
		leg_fill(check, i);
	if (!check->broker_order_id || !fake_broker.has_target)
		return 0;
	order_row_fini(&check->target);
	ret = order_row_get(txn, check->account_hash, check->broker_order_id,
	    &check->target, err);
	check->has_target = ret == 0;
	return ret == IAG_NOTFOUND ? 0 : ret;
}

int
check_refuse(const struct check *check, struct err *err)
{
	if (check->code == ERR_NONE)
		return 0;
	return verdicts_refuse(&check->verdicts, check->code, err);
}

int
check_reserve(struct journal_txn *txn, const struct check *check, size_t leg,
    uint64_t *ret_ns, uint64_t *ret_sequence, struct err *err)
{
	static const struct activity_order order = { "11.00", "USD", false };

	(void)leg;
	*ret_ns = check->now_ns;
	return activity_reserve(
	    txn, check->account_hash, check->now_ns, &order, ret_sequence, err);
}

int
check_context(const struct check *check, struct buf *out, struct err *err)
{
	(void)check;
	(void)err;
	buf_str(out, "{}");
	return 0;
}

/* ---- killswitch.h */

int
activation_ensure(struct order_call *call, struct err *err)
{
	(void)call;
	(void)err;
	return 0;
}

/* ---- host/writer.h */

void
writer_ack_fini(struct writer_ack *ack)
{
	free(ack->broker_order_id);
	free(ack->client_ref);
	free(ack->broker_status);
	free(ack->filled_quantity);
	free(ack->average_price);
	memset(ack, 0, sizeof(*ack));
}

void
writer_result_init(struct writer_result *result)
{
	memset(result, 0, sizeof(*result));
}

void
writer_result_fini(struct writer_result *result)
{
	for (size_t i = 0; i < WRITER_LEGS; i++)
		writer_ack_fini(&result->acks[i]);
	free(result->changes);
	memset(result, 0, sizeof(*result));
}

int
writer_accepts(struct instance *writer, uint32_t operation,
    const struct iag_order *order, struct err *err)
{
	(void)writer;
	(void)order;
	if (operation == IAG_WRITER_SUBMIT_GROUP && !fake_broker.native)
		return err_set(err, ERR_ORDER_VALIDATION_FAILED, "no brackets");
	return 0;
}

static void
ack_fill(struct writer_ack *ack, const struct fake_answer *answer,
    const char *ref, const char *id)
{
	char text[80];

	ack->status = answer->status ? answer->status : IAG_STATUS_SUBMITTED;
	(void)snprintf(text, sizeof(text), "B-%s", ref ? ref : "x");
	ack->broker_order_id = strdup(id ? id : text);
	ack->client_ref = ref ? strdup(ref) : NULL;
	memcpy(ack->handle, "\x01\xab", 2);
	ack->handle_len = 2;
}

/* The part that all calls share; *ret_go: the broker was reached. */
static int
one_call(const struct write_watch *watch, const struct fake_answer *answer,
    struct writer_result *result, struct err *err)
{
	int ret = 0;

	if (fake_broker.during)
		fake_broker.during(fake_broker.during_arg);
	if (!answer->skips_commit)
		ret = watch->commit(watch->arg, err);
	result->sent = !answer->skips_commit && ret == 0;
	if (ret == 0 && answer->result)
		err_set(err, answer->code, "the fake says no");
	if (ret == 0 && answer->result == 0 && answer->changes) {
		result->changes = calloc(1, sizeof(*result->changes));
		result->changes[0].key = (struct iag_bytes){ "book", 4 };
		result->changes[0].value = (struct iag_bytes){ "1", 1 };
		result->change_count = 1;
	}
	if (answer->goes_on)
		fake_broker.given_up = *watch;
	else
		watch->drop(watch->arg);
	return ret ? ret : answer->result;
}

int
writer_submit(struct instance *writer, struct call *call,
    const struct write_watch *watch, const struct iag_order *order,
    struct writer_result *ret_result, struct err *err)
{
	unsigned n = atomic_fetch_add(&fake_broker.submits, 1);
	const struct fake_answer *answer =
	    &fake_broker.answers[n < fake_broker.answer_count
				     ? n
				     : fake_broker.answer_count - 1];
	int ret;

	(void)writer;
	(void)call;
	(void)snprintf(fake_broker.last_ref, sizeof(fake_broker.last_ref), "%s",
	    order->client_ref);
	ret = one_call(watch, answer, ret_result, err);
	if (ret == 0) {
		ack_fill(&ret_result->acks[0], answer, order->client_ref,
		    answer->id);
		ret_result->ack_count = 1;
	}
	return ret;
}

int
writer_cancel(struct instance *writer, struct call *call,
    const struct write_watch *watch, const struct iag_target *target,
    struct writer_result *ret_result, struct err *err)
{
	unsigned n = atomic_fetch_add(&fake_broker.cancels, 1);
	int ret = one_call(watch, &fake_broker.cancel, ret_result, err);

	(void)writer;
	(void)call;
	if (n < ARRAY_COUNT(fake_broker.cancelled))
		(void)snprintf(fake_broker.cancelled[n],
		    sizeof(fake_broker.cancelled[n]), "%s",
		    target->broker_order_id);
	if (ret == 0) {
		ack_fill(&ret_result->acks[0], &fake_broker.cancel,
		    target->client_ref, target->broker_order_id);
		ret_result->ack_count = 1;
	}
	return ret;
}

int
writer_modify(struct instance *writer, struct call *call,
    const struct write_watch *watch, const struct iag_target *target,
    const struct iag_order *order, struct writer_result *ret_result,
    struct err *err)
{
	int ret = one_call(watch, &fake_broker.modify, ret_result, err);

	(void)writer;
	(void)call;
	atomic_fetch_add(&fake_broker.modifies, 1);
	(void)snprintf(fake_broker.last_ref, sizeof(fake_broker.last_ref), "%s",
	    order->client_ref);
	(void)snprintf(fake_broker.last_limit, sizeof(fake_broker.last_limit),
	    "%s", order->limit_price);
	if (ret == 0) {
		ack_fill(&ret_result->acks[0], &fake_broker.modify,
		    order->client_ref,
		    fake_broker.modify.id ? fake_broker.modify.id
					  : target->broker_order_id);
		ret_result->ack_count = 1;
	}
	return ret;
}

int
writer_submit_group(struct instance *writer, struct call *call,
    const struct write_watch *watch, const struct iag_order *const *orders,
    size_t count, struct writer_result *ret_result, struct err *err)
{
	int ret = one_call(watch, &fake_broker.answers[0], ret_result, err);

	(void)writer;
	(void)call;
	atomic_fetch_add(&fake_broker.groups, 1);
	for (size_t i = 0; i < count; i++) {
		if (ret == 0 || i < fake_broker.placed)
			ack_fill(&ret_result->acks[i], &fake_broker.legs[i],
			    orders[i]->client_ref, NULL);
	}
	ret_result->ack_count = count;
	return ret;
}

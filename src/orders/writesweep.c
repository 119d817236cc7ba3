/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Cancels that no gate holds back: what is left of a half-placed bracket, and
 * the operator's `orders cancel-all` (ruling 11, behaviour.md section 6).
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "journal/outcome.h"
#include "orders/sighting.h"
#include "orders/writecore.h"

/* Each cancel may take so long, whatever is left of the call's own time. */
#define CANCEL_NS (30 * NS_PER_S)

struct record_step {
	struct write *write;
	struct intent *intent;
};

static int
record_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct record_step *step = arg;
	int ret;

	step->intent->recorded_ns = txn_now_ns(txn);
	ret = intent_put(txn, step->intent, step->write->hash, err);
	return ret ? ret : write_record(step->write, txn, err);
}

static int
sweep_record(struct write *write, const struct write_sweep *sweep,
    struct intent *intent, struct err *err)
{
	struct record_step step = { write, intent };
	int ret = write_intent(write, sweep->leg, intent, err);

	if (ret == 0)
		ret = text_set(
		    &intent->broker_order_id, sweep->broker_order_id, err);
	if (ret == 0)
		ret = text_set(&intent->client_ref, sweep->client_ref, err);
	if (ret == 0)
		ret = text_set(&intent->handle, sweep->handle, err);
	return ret ? ret
		   : journal_update_reserved(desk_journal(write->call->desk),
			 NULL, record_step, &step, err);
}

/*
 * Refused, because it has ended already?  Then it is as it should be.  Like
 * write_classify(); ret_seen has to outlive ret_end.
 */
static void
sweep_look(struct write *write, const struct intent *intent, struct call *call,
    struct sighting *ret_seen, struct write_outcome *ret_end)
{
	struct order_call look = *write->call;

	look.call = call;
	sighting_take(&look, write->writer, intent, ret_seen);
	if (ret_seen->kind != SIGHTING_DONE)
		return;
	ret_end->how.state = INTENT_DONE;
	ret_end->how.ack = ret_seen->ack;
	ret_end->how.fault = NULL;
}

static int
sweep_send(struct write *write, const struct write_sweep *sweep,
    struct intent *intent, struct call *call, struct err *err)
{
	CLEANUP_SIGHTING struct sighting seen = { .kind = 0 };
	CLEANUP_WRITER_RESULT struct writer_result result;
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct write_outcome end = { .intent = intent };
	struct write_watch watch;
	struct iag_target target;
	uint8_t handle[256];
	int ret;

	writer_result_init(&result);
	write_target(intent, handle, &target);
	ret = write_watch(write, &watch, &fault);
	if (ret == 0)
		ret = writer_cancel(
		    write->writer, call, &watch, &target, &result, &fault);
	write_classify(ret, &result, result.ack_count ? &result.acks[0] : NULL,
	    &fault, &end);
	if (sweep->looks && end.how.state == INTENT_REFUSED &&
	    !end.how.nothing_sent)
		sweep_look(write, intent, call, &seen, &end);
	if (sweep->ret_absent)
		*sweep->ret_absent =
		    seen.find.answer == IAG_FIND_ABSENT && seen.find.complete;
	ret = write_settle_part(write, &end, 1, err);
	if (ret == 0 && intent->state == INTENT_REFUSED)
		err_move(err, &fault);
	return ret;
}

int
write_cancel_now(struct write *write, const struct write_sweep *sweep,
    enum intent_state *ret_state, struct err *err)
{
	CLEANUP_INTENT struct intent intent;
	struct call *call = call_new(clock_boot_ns() + CANCEL_NS);
	struct write own = *write;
	int ret;

	intent_init(&intent);
	own.operation = OPERATION_CANCEL;
	own.passes_closed = true;
	own.key = sweep->key;
	ret =
	    call ? sweep_record(&own, sweep, &intent, err) : err_no_memory(err);
	if (ret == 0)
		ret = sweep_send(&own, sweep, &intent, call, err);
	call_unref(call);
	if (ret == 0)
		*ret_state = intent.state;
	return ret;
}

/* Those of the account that work, as far as the journal knows. */
struct sweep_list {
	const char *hash; /* of the account */
	struct order_row_list rows;
};

static int
list_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct sweep_list *list = arg;

	order_row_list_fini(&list->rows);
	return order_row_walk_working(
	    txn, list->hash, order_row_list_take, &list->rows, err);
}

/* The writer whose book has it, if this process may write with that one. */
static int
row_open(struct write *write, const struct order_row *row, struct err *err)
{
	const char *fault;
	const char *name =
	    desk_writer_name(write->call->desk, row->mode, &fault);

	write->mode = row->mode;
	write->writer = NULL;
	if (fault)
		return err_set(err, ERR_ORDER_VALIDATION_FAILED,
		    "the writer '%s' may not serve: %s", name, fault);
	if (row->writer && !config_name_equal(name, row->writer))
		return err_set(err, ERR_ORDER_VALIDATION_FAILED,
		    "it is in the book of the writer '%s', this process writes "
		    "with '%s'",
		    row->writer, name);
	write->writer_name = name;
	return desk_writer(
	    write->call->desk, row->mode, name, &write->writer, err);
}

static int
row_cancel(struct write *write, const struct order_row *row,
    enum intent_state *ret_state, bool *ret_absent, struct err *err)
{
	char id[ID_TEXT_SIZE], key[ID_TEXT_SIZE + 4];
	const struct write_sweep sweep = {
		.key = key,
		.leg = "",
		.broker_order_id = row->broker_order_id,
		.client_ref = row->client_ref,
		.handle = row->handle,
		/* exits go with their entry before it is their turn */
		.looks = true,
		.ret_absent = ret_absent,
	};
	int ret = row_open(write, row, err);

	if (ret)
		return ret;
	id_new(id);
	(void)snprintf(key, sizeof(key), "all-%s", id);
	return write_cancel_now(write, &sweep, ret_state, err);
}

/* There is nothing to cancel: how it ended is to be found out. */
static int
absent_add(struct json_object *line, const struct order_row *row)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_printf(&text,
	    "the broker does not have it any more; see how it ended: "
	    "ibkr-agent orders resolve %s --account %s",
	    row->key, row->account);
	return text.failed ? IAG_NOMEM
			   : json_add_str(line, "what_to_do", buf_text(&text));
}

static int
line_build(struct json_object *line, const struct order_row *row,
    enum intent_state state, bool is_absent, const struct err *fault)
{
	int ret = json_add_str(line, "broker_order_id", row->broker_order_id);

	if (ret == 0)
		ret = json_add_str(line, "client_order_id", row->client_ref);
	if (ret == 0)
		ret = json_add_str(line, "mode", order_mode_name(row->mode));
	if (ret == 0)
		ret = json_add_str(line, "outcome", intent_state_name(state));
	if (ret == 0 && fault->code != ERR_NONE)
		ret = json_add_str(
		    line, "error_code", err_kind(fault->code)->name);
	if (ret == 0 && fault->code != ERR_NONE)
		ret = json_add_str(line, "error", err_text(fault));
	return ret || !is_absent || state == INTENT_DONE
		   ? ret
		   : absent_add(line, row);
}

/* One order; its fault is a line of the result and stops nothing. */
static int
sweep_one(struct write *write, const struct order_row *row,
    struct json_object *lines, bool *ret_good, struct err *err)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct json_object *line = json_object_new_object();
	enum intent_state state = INTENT_REFUSED;
	bool is_absent = false;

	if (!line || json_object_array_add(lines, line)) {
		(void)json_object_put(line);
		return err_no_memory(err);
	}
	if (row_cancel(write, row, &state, &is_absent, &fault) && fault.unknown)
		state = INTENT_UNKNOWN;
	*ret_good = state == INTENT_DONE;
	return line_build(line, row, state, is_absent, &fault)
		   ? err_no_memory(err)
		   : 0;
}

static int
sweep_all(struct write *write, const struct order_row_list *rows,
    struct json_object *result, struct err *err)
{
	struct json_object *lines = json_object_new_array();
	int64_t cancelled = 0, failed = 0;
	bool good = false;
	int ret = 0;

	if (json_add(result, "orders", lines) || !lines)
		return err_no_memory(err);
	for (size_t i = 0; i < rows->count && ret == 0; i++) {
		ret = sweep_one(write, &rows->items[i], lines, &good, err);
		cancelled += good;
		failed += !good;
	}
	if (ret == 0 && (json_add_int(result, "accepted", cancelled) ||
			    json_add_int(result, "failed", failed)))
		ret = err_no_memory(err);
	return ret;
}

struct told {
	struct order_call *call;
	const char *reason, *answer;
};

/* The call's record, with the reason that the operator gave. */
static int
told_step(struct journal_txn *txn, void *arg, struct err *err)
{
	CLEANUP_JSON struct json_object *metadata = json_object_new_object();
	const struct told *told = arg;
	struct audit_event event = *told->call->event;

	if (json_add_str(metadata, "reason", told->reason))
		return err_no_memory(err);
	audit_outcome(&event, told->call->success, NULL);
	event.output = (struct iag_bytes){ told->answer, strlen(told->answer) };
	event.metadata = metadata;
	return txn_audit(txn, &event, err);
}

static int
sweep_tell(struct order_call *call, const char *reason, const char *answer,
    struct err *err)
{
	struct told told = { call, reason, answer };
	int ret = journal_update_reserved(
	    desk_journal(call->desk), NULL, told_step, &told, err);

	call->recorded = ret == 0;
	return ret;
}

int
order_cancel_all(struct order_call *call, const char *account,
    const char *reason, struct buf *out, struct err *err)
{
	CLEANUP_JSON struct json_object *result = json_object_new_object();
	CLEANUP_WRITE struct write write = { .call = call, .account = account };
	struct sweep_list list = { .hash = write.hash };
	int ret;

	if (!result || json_add_str(result, "account_id", account) ||
	    json_add_str(result, "reason", reason))
		return err_no_memory(err);
	journal_account_hash(desk_journal(call->desk), account, write.hash);
	ret = write_lock(&write, err);
	if (ret == 0)
		ret = journal_view(
		    desk_journal(call->desk), list_step, &list, err);
	if (ret == 0)
		ret = sweep_all(&write, &list.rows, result, err);
	order_row_list_fini(&list.rows);
	if (ret)
		return ret;
	json_write(out, result, 0);
	return sweep_tell(call, reason, buf_text(out), err);
}

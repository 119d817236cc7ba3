/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The last look before the first byte, and before each yes to a question of
 * the broker: the switch as it is stored now, and the file CLOSED (ruling 11).
 *
 * Threads: plugin threads, one write at a time each.
 * Locks: none; a look owns what it needs and never changes.
 * Order: it may outlive the call, so nothing of the call is in it.
 */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "orders/writecore.h"

/* A yes must be durable before it is given. */
#define RECORD_NS (10 * NS_PER_S)

struct look {
	struct desk *desk;
	struct send_leave *leave; /* until nothing can be sent any more */
	enum order_operation operation;
	uint32_t mode;
	bool passes_closed;
	uint32_t rounds;                  /* of questions, answered with yes */
	char *account, *principal, *kind; /* of the question's record */
};

struct look_step {
	uint32_t mode;
	enum switch_state state;
};

static int
look_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look_step *step = arg;
	struct switch_row row = { .state = SWITCH_CLOSED };
	int ret = desk_switch(txn, step->mode, &row, err);

	step->state = row.state;
	switch_row_fini(&row);
	return ret;
}

/* What cannot be read is closed (invariant 7). */
static enum switch_state
state_now(const struct look *look)
{
	struct look_step step = { look->mode, SWITCH_CLOSED };

	if (desk_is_closed_by_file(desk_config(look->desk)) ||
	    journal_view(desk_journal(look->desk), look_step, &step, NULL))
		return SWITCH_CLOSED;
	return step.state;
}

static int
commit(void *arg, struct err *err)
{
	const struct look *look = arg;
	enum switch_state state;
	enum switch_state needed = look->operation == OPERATION_CANCEL
				       ? SWITCH_CANCEL_ONLY
				       : SWITCH_OPEN;

	if (look->passes_closed)
		return 0;
	state = state_now(look);
	if (state >= needed)
		return 0;
	return err_set(err, ERR_LIVE_KILL_SWITCH_CLOSED,
	    "the %s kill switch became %s before the order was sent",
	    order_mode_name(look->mode), switch_state_name(state));
}

static struct json_object *
ids_json(const char *const *ids, size_t count)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; list && i < count; i++)
		(void)json_object_array_add(
		    list, json_object_new_string(ids[i]));
	return list;
}

static int
answer_record(const struct look *look, const char *const *ids, size_t count,
    struct err *err)
{
	CLEANUP_JSON struct json_object *metadata = json_object_new_object();
	const struct audit_event event = {
		.event_type = "broker_question_answered",
		.principal = look->principal,
		.principal_kind = look->kind,
		.account = look->account,
		.decision = "allow",
		.result_status = "completed",
		.outcome = "done",
		.metadata = metadata,
	};
	struct call *call;
	int ret;

	if (json_add(metadata, "message_ids", ids_json(ids, count)))
		return err_no_memory(err);
	call = call_new(clock_boot_ns() + RECORD_NS);
	if (!call)
		return err_no_memory(err);
	ret = journal_record(desk_journal(look->desk), call, &event, err);
	call_unref(call);
	return ret;
}

/* Yes only to what the operator has listed, every part of it. */
static int
question(void *arg, const char *const *message_ids, const char *const *texts,
    size_t count, struct err *err)
{
	struct look *look = arg;
	const struct config *config = desk_config(look->desk);
	int ret;

	if (look->rounds++ >= config->broker.max_reply_rounds) {
		err_set(err, ERR_BROKER_QUESTION_REFUSED,
		    "the broker asks again ('%s'), and broker.max_reply_rounds "
		    "is %u",
		    count ? message_ids[0] : "no question",
		    (unsigned)config->broker.max_reply_rounds);
		return IAG_REJECTED;
	}
	if (count == 0)
		return err_set(err, ERR_BROKER_QUESTION_REFUSED,
		    "the broker asked a question without a name");
	for (size_t i = 0; i < count; i++) {
		if (config_allows_question(config, message_ids[i],
			look->account, order_mode_name(look->mode)))
			continue;
		err_set(err, ERR_BROKER_QUESTION_REFUSED,
		    "the broker asked '%s' (%s), which broker.questions does "
		    "not allow",
		    message_ids[i], texts && texts[i] ? texts[i] : "no text");
		return IAG_REJECTED;
	}
	ret = commit(arg, err);
	return ret ? IAG_REJECTED
		   : answer_record(look, message_ids, count, err);
}

static void
drop(void *arg)
{
	struct look *look = arg;

	send_leave_unref(look->leave);
	free(look->account);
	free(look->principal);
	free(look->kind);
	free(look);
}

int
write_watch(struct write *write, struct write_watch *ret_watch, struct err *err)
{
	const struct audit_event *event = write->call->event;
	struct look *look = calloc(1, sizeof(*look));

	if (!look)
		return err_no_memory(err);
	look->desk = write->call->desk;
	look->leave = send_leave_ref(write->send);
	look->operation = write->operation;
	look->mode = write->mode;
	look->passes_closed = write->passes_closed;
	look->account = strdup(write->account);
	look->principal = strdup(write->call->principal);
	look->kind =
	    strdup(event->principal_kind ? event->principal_kind : "system");
	if (!look->account || !look->principal || !look->kind) {
		drop(look);
		return err_no_memory(err);
	}
	*ret_watch = (struct write_watch){
		.commit = commit,
		.question = question,
		.drop = drop,
		.arg = look,
	};
	return 0;
}

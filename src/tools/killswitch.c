/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The kill switches as they are in force; whoever cannot know says closed. */

#include "orders/killswitch.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal/switches.h"
#include "orders/order.h"
#include "tools/dispatch.h"
#include "tools/handlers.h"

struct rows {
	struct switch_row live, paper;
};

static void
rows_fini(struct rows *rows)
{
	switch_row_fini(&rows->live);
	switch_row_fini(&rows->paper);
}

static int
read_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct rows *rows = arg;
	int ret;

	rows_fini(rows); /* the step may run again */
	ret = switch_read(txn, SWITCH_LIVE, &rows->live, err);
	return ret ? ret : switch_read(txn, SWITCH_PAPER, &rows->paper, err);
}

static int
row_add(struct json_object *out, const struct switch_row *row)
{
	char time[CLOCK_TEXT_SIZE];
	int ret;

	clock_format(row->changed_ns, time);
	ret = json_add_str(out, "state", switch_state_name(row->state));
	ret |= json_add_str(out, "changed_by", row->changed_by);
	ret |= json_add_str(out, "changed_at", row->changed_ns ? time : NULL);
	ret |= json_add_str(out, "reason", row->reason);
	return ret;
}

static int
closed_add(struct json_object *out, const char *reason)
{
	int ret = json_add_str(out, "state", switch_state_name(SWITCH_CLOSED));

	return ret | json_add_str(out, "reason", reason);
}

static const char by_file[] = "the file CLOSED in the store's folder closes it";

int
switch_handler(struct tool_call *call, struct err *err)
{
	CLEANUP_JSON struct json_object *out = json_object_new_object();
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct json_object *paper = json_object_new_object();
	struct rows rows = { .live.state = SWITCH_CLOSED };
	int ret = json_add_str(out, "mode", order_mode_name(IAG_MODE_LIVE));

	ret |= json_add_str(paper, "mode", order_mode_name(IAG_MODE_PAPER));
	if (journal_view(call->house->journal, read_step, &rows, &fault)) {
		ret |= closed_add(out, "the switch cannot be read");
		ret |= closed_add(paper, "the switch cannot be read");
	} else {
		ret |= row_add(out, &rows.live);
		ret |= row_add(paper, &rows.paper);
	}
	if (desk_is_closed_by_file(call->house->config)) {
		ret |= closed_add(out, by_file);
		ret |= closed_add(paper, by_file);
	}
	ret |= json_add(out, "paper", paper);
	rows_fini(&rows);
	if (ret)
		return err_no_memory(err);
	json_write(call->output, out, 0);
	return 0;
}

static int
switch_set(struct tool_call *call, enum switch_state state, struct err *err)
{
	struct json_object *arguments = call->arguments;
	const struct switch_change change = {
		.mode =
		    order_mode_find(json_get_str(arguments, "mode", "live")),
		.state = state,
		.reason = json_get_str(arguments, "reason", ""),
		.wait = !json_get_bool(arguments, "no_wait", false),
		.is_local = call->is_local,
	};

	if (call->local_fault) {
		err_set(err, call->local_fault->code, "%s",
		    err_text(call->local_fault));
		err_action(err, "%s", err_user_action(call->local_fault));
		return err_class(err);
	}
	return killswitch_set(call->order, &change, call->output, err);
}

int
switch_open_handler(struct tool_call *call, struct err *err)
{
	return switch_set(call, SWITCH_OPEN, err);
}

int
switch_cancel_only_handler(struct tool_call *call, struct err *err)
{
	return switch_set(call, SWITCH_CANCEL_ONLY, err);
}

int
switch_close_handler(struct tool_call *call, struct err *err)
{
	return switch_set(call, SWITCH_CLOSED, err);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Setting a kill switch (ruling 11).  It is in force at its commit, which has
 * a record of its own; the call's record comes once it is known what may
 * still land.
 */

#include "orders/killswitch.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal/outcome.h"
#include "orders/intent.h"

/* The end must be told also when the time for waiting is over. */
#define RECORD_NS (10 * NS_PER_S)

enum { FLIGHT_MAX = 1000 };

struct setting {
	struct order_call *call;
	const struct switch_change *change;
	bool closed_by_file;
	enum switch_state previous;
	bool drained;
	struct buf *out;
};

static const char *
event_of(const struct setting *s)
{
	return s->change->mode == IAG_MODE_LIVE ? "live_kill_switch_changed"
						: "paper_kill_switch_changed";
}

/* Letting more pass than before is for somebody who is here. */
static int
leave_check(const struct setting *s, struct err *err)
{
	const char *mode = order_mode_name(s->change->mode);

	bool opens = s->change->state == SWITCH_OPEN;

	if (s->change->state <= s->previous && !(opens && s->closed_by_file))
		return 0;
	if (s->closed_by_file) {
		err_set(err, ERR_LIVE_KILL_SWITCH_CLOSED,
		    "the file CLOSED in the store's folder closes the switches");
		err_action(err, "remove the file '%s/CLOSED' first",
		    desk_config(s->call->desk)->audit.path);
		return IAG_REJECTED;
	}
	if (s->change->is_local)
		return 0;
	err_set(err, ERR_LIVE_KILL_SWITCH_CLOSED,
	    "from %s to %s the %s switch is set from a terminal, or with an "
	    "operator's credential",
	    switch_state_name(s->previous), switch_state_name(s->change->state),
	    mode);
	err_action(err, "use a terminal, or --operator-credential FILE");
	return IAG_REJECTED;
}

static int
row_put(const struct setting *s, struct journal_txn *txn, struct err *err)
{
	const char *name =
	    s->change->mode == IAG_MODE_LIVE ? SWITCH_LIVE : SWITCH_PAPER;
	const struct switch_row row = {
		.state = s->change->state,
		.changed_by = (char *)s->call->principal,
		.reason = (char *)s->change->reason,
		.changed_ns = txn_now_ns(txn),
	};
	CLEANUP_BUF struct buf value = BUF_INIT;

	switch_format(&value, &row);
	if (value.failed)
		return err_no_memory(err);
	return txn_put(txn, TABLE_SWITCHES,
	    (struct iag_bytes){ name, strlen(name) },
	    (struct iag_bytes){ value.data, value.len }, err);
}

static int
change_record(const struct setting *s, struct journal_txn *txn, struct err *err)
{
	CLEANUP_JSON struct json_object *metadata = json_object_new_object();
	struct audit_event event = *s->call->event;
	int ret = json_add_str(
	    metadata, "state", switch_state_name(s->change->state));

	ret |=
	    json_add_str(metadata, "previous", switch_state_name(s->previous));
	ret |= json_add_str(metadata, "reason", s->change->reason);
	if (ret)
		return err_no_memory(err);
	event.event_id[0] = '\0'; /* the call's own comes at its end */
	event.metadata = metadata;
	audit_outcome(&event, event_of(s), NULL);
	return txn_audit(txn, &event, err);
}

static int
change_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct setting *s = arg;
	struct switch_row row = { .state = SWITCH_CLOSED };
	int ret = desk_switch(txn, s->change->mode, &row, err);

	s->previous = row.state;
	switch_row_fini(&row);
	if (ret == 0)
		ret = leave_check(s, err);
	if (ret == 0)
		ret = row_put(s, txn, err);
	return ret ? ret : change_record(s, txn, err);
}

/* Everybody who was past the gates has left; false: not within the time. */
static bool
is_drained(const struct setting *s)
{
	struct journal *journal = desk_journal(s->call->desk);
	struct store_guard *guard = NULL;

	if (s->change->state == SWITCH_OPEN)
		return true;
	if (!s->change->wait)
		return journal_guard_check(journal, GUARD_SEND, NULL) == 0;
	if (journal_guard_take(
		journal, s->call->call, GUARD_SEND, true, &guard, NULL))
		return false;
	journal_guard_drop(guard);
	return true;
}

/* What may still land: intents that nobody has settled. */
struct flight {
	uint32_t mode;
	struct json_object *rows;
};

static int
flight_add(struct intent *intent, void *arg, struct err *err)
{
	struct flight *flight = arg;
	struct json_object *row;
	char time[CLOCK_TEXT_SIZE];
	int ret;

	if (intent->mode != flight->mode ||
	    json_object_array_length(flight->rows) >= FLIGHT_MAX)
		return 0;
	row = json_object_new_object();
	clock_format(intent->recorded_ns, time);
	ret = json_add_str(row, "account_id", intent->account);
	ret |= json_add_str(row, "idempotency_key", intent->key);
	ret |= json_add_str(
	    row, "operation", order_operation_name(intent->operation));
	ret |= json_add_str(row, "state", intent_state_name(intent->state));
	ret |= json_add_str(row, "client_order_id", intent->client_ref);
	ret |= json_add_str(row, "writer", intent->writer);
	ret |= json_add_str(row, "recorded_at", time);
	if (ret || json_object_array_add(flight->rows, row)) {
		(void)json_object_put(row);
		return err_no_memory(err);
	}
	return 0;
}

/* Whoever closes one in a hurry may think of both. */
static int
other_add(const struct setting *s, struct journal_txn *txn,
    struct json_object *obj, struct err *err)
{
	const struct switch_change *change = s->change;
	uint32_t mode =
	    change->mode == IAG_MODE_LIVE ? IAG_MODE_PAPER : IAG_MODE_LIVE;
	const char *name = order_mode_name(mode);
	struct switch_row row = { .state = SWITCH_CLOSED };
	CLEANUP_BUF struct buf text = BUF_INIT;
	int ret = 0;

	if (change->state != SWITCH_OPEN && !s->closed_by_file)
		ret = desk_switch(txn, mode, &row, err);
	if (ret == 0 && row.state != SWITCH_CLOSED) {
		buf_printf(&text,
		    "the %s switch stays %s: --mode %s is for that one", name,
		    switch_state_name(row.state), name);
		if (text.failed ||
		    json_add_str(obj, "message", buf_text(&text)))
			ret = err_no_memory(err);
	}
	switch_row_fini(&row);
	return ret;
}

static int
result_write(const struct setting *s, struct journal_txn *txn, struct err *err)
{
	const struct switch_change *change = s->change;
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	struct flight flight = { change->mode, json_object_new_array() };
	int ret = json_add_str(obj, "mode", order_mode_name(change->mode));

	ret |= json_add_str(obj, "state", switch_state_name(change->state));
	ret |= json_add_str(obj, "previous", switch_state_name(s->previous));
	ret |= json_add_str(obj, "reason", change->reason);
	ret |= json_add_bool(obj, "drained", s->drained);
	if (json_add(obj, "in_flight", flight.rows) || ret || !flight.rows)
		return err_no_memory(err);
	if (change->state != SWITCH_OPEN)
		ret =
		    intent_walk_unsettled(txn, NULL, flight_add, &flight, err);
	if (ret == 0)
		ret = other_add(s, txn, obj, err);
	if (ret)
		return ret;
	buf_reset(s->out);
	json_write(s->out, obj, 0);
	return s->out->failed ? err_no_memory(err) : 0;
}

static int
end_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct setting *s = arg;
	struct audit_event event = *s->call->event;
	int ret = result_write(s, txn, err);

	if (ret)
		return ret;
	audit_outcome(&event, s->call->success, NULL);
	event.output = (struct iag_bytes){ buf_text(s->out), s->out->len };
	return txn_audit(txn, &event, err);
}

static int
end(struct setting *s, struct err *err)
{
	struct call *call = call_new(clock_boot_ns() + RECORD_NS);
	int ret;

	if (!call)
		return err_no_memory(err);
	ret = journal_update_reserved(
	    desk_journal(s->call->desk), call, end_step, s, err);
	call_unref(call);
	if (ret && err) {
		(void)err_wrap(err, "the %s switch is %s, but this is not told",
		    order_mode_name(s->change->mode),
		    switch_state_name(s->change->state));
		err->unknown = true; /* not refused: it is in force */
	}
	return ret;
}

int
killswitch_set(struct order_call *call, const struct switch_change *change,
    struct buf *out, struct err *err)
{
	struct setting s = {
		.call = call,
		.change = change,
		.closed_by_file =
		    desk_is_closed_by_file(desk_config(call->desk)),
		.out = out,
	};
	int ret = journal_update_reserved(
	    desk_journal(call->desk), call->call, change_step, &s, err);

	if (ret)
		return ret;
	s.drained = is_drained(&s);
	ret = end(&s, err);
	call->recorded = ret == 0;
	return ret;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Passes over a real journal and a writer that is asked and never told. */

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "journal-kit.h"
#include "journal/activity.h"
#include "orders/reconcile.h"
#include "orders/settle.h"
#include "scripted-writer.h"

#define ACCOUNT "DU1234567"
/* Noon in New York, so that a day's end is far. */
#define NOON_NS (UINT64_C(1785340800) * NS_PER_S)

struct world {
	struct kit kit;
	struct desk *desk;
	char hash[HASH_HEX_SIZE];
	/* of the last operation */
	struct json_object *result;
	struct err err;
	int ret;
};

static uint64_t now_ns;

static uint64_t
real_ns(void *arg)
{
	(void)arg;
	return now_ns;
}

static uint64_t
boot_ns(void *arg)
{
	struct timespec now;

	(void)arg;
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static const struct clock_source clock_source = { real_ns, boot_ns, NULL };

static struct desk *
desk_make(struct world *w)
{
	const struct desk_setup setup = {
		.config = w->kit.config,
		.host = w->kit.host,
		.journal = w->kit.journal,
	};
	struct desk *desk;

	assert_int_equal(desk_new(&setup, &desk, NULL), 0);
	return desk;
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	scripted_reset();
	now_ns = NOON_NS;
	clock_set_source(&clock_source);
	kit_init(&w->kit);
	kit_open(&w->kit, JOURNAL_WRITE);
	w->desk = desk_make(w);
	journal_account_hash(w->kit.journal, ACCOUNT, w->hash);
	*state = w;
	return 0;
}

static void
forget(struct world *w)
{
	(void)json_object_put(w->result);
	w->result = NULL;
	err_fini(&w->err);
	w->err = (struct err)ERR_INIT;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	/* whatever happened: nothing was sent, and the evidence holds */
	assert_int_equal(scripted.sends, 0);
	assert_true(kit_verify(&w->kit, AUDIT_VERIFY_STATE).valid);
	forget(w);
	desk_free(w->desk);
	kit_fini(&w->kit);
	clock_set_source(NULL);
	free(w);
	return 0;
}

/* ---- what is there before */

struct spec {
	const char *key, *leg, *owner, *connection, *id, *limit;
	enum order_operation operation;
	enum intent_state state;
	uint32_t mode;
	bool has_activity;
};

static char *
copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static struct order
an_order(const struct spec *spec)
{
	return (struct order){
		.mode = spec->mode,
		.side = IAG_SIDE_BUY,
		.type = IAG_TYPE_LIMIT,
		.tif = IAG_TIF_DAY,
		.account = strdup(ACCOUNT),
		.contract_id = strdup("265598"),
		.symbol = strdup("AAPL"),
		.asset_class = strdup("stock"),
		.currency = strdup("USD"),
		.quantity = strdup("10"),
		.limit_price = strdup(spec->limit ? spec->limit : "1.10"),
	};
}

static int
record(struct journal_txn *txn, struct err *err)
{
	const struct audit_event event = {
		.event_type = "order_intent_recorded",
		.principal = "agent:test",
		.principal_kind = "agent",
		.decision = "allow",
		.result_status = "recorded",
	};

	return txn_audit(txn, &event, err);
}

struct put {
	struct world *w;
	const struct spec *spec;
};

static int
put_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct put *put = arg;
	const struct spec *spec = put->spec;
	CLEANUP_BUF struct buf value = BUF_INIT;
	CLEANUP_INTENT struct intent intent = {
		.state = spec->state,
		.operation = spec->operation,
		.mode = spec->mode,
		.account = strdup(ACCOUNT),
		.key = copy(spec->key),
		.leg = strdup(spec->leg ? spec->leg : ""),
		.owner = strdup(spec->owner ? spec->owner : "nobody"),
		.incarnation = journal_incarnation(put->w->kit.journal),
		.writer = strdup("scripted"),
		.connection =
		    strdup(spec->connection ? spec->connection
					    : desk_connection(put->w->desk)),
		.client_ref = copy(spec->key),
		.broker_order_id = copy(spec->id),
		.recorded_ns = now_ns,
	};
	int ret = 0;

	id_new(intent.id);
	if (spec->operation != OPERATION_CANCEL) {
		intent.order = an_order(spec);
		intent.has_order = true;
	}
	if (spec->has_activity) {
		activity_format(&value, "11.00", "USD");
		intent.activity_ns = now_ns;
		ret = activity_reserve(txn, put->w->hash, now_ns, &value,
		    &intent.activity_sequence, err);
	}
	if (ret == 0)
		ret = intent_put(txn, &intent, put->w->hash, err);
	return ret ? ret : record(txn, err);
}

static void
put_intent(struct world *w, struct spec spec)
{
	struct put put = { w, &spec };

	if (!spec.mode)
		spec.mode = IAG_MODE_PAPER;
	if (!spec.state)
		spec.state = INTENT_RECORDED;
	if (!spec.operation)
		spec.operation = OPERATION_SUBMIT;
	assert_int_equal(
	    journal_update(w->kit.journal, NULL, put_step, &put, NULL), 0);
}

struct row_put {
	struct world *w;
	const char *id;
	uint32_t mode;
};

static int
row_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct row_put *put = arg;
	const struct spec spec = { .mode = put->mode };
	CLEANUP_ORDER_ROW struct order_row row = {
		.account = strdup(ACCOUNT),
		.broker_order_id = strdup(put->id),
		.client_ref = strdup("k1"),
		.key = strdup("k1"),
		.leg = strdup(""),
		.mode = put->mode,
		.writer = strdup("scripted"),
		.connection = strdup(desk_connection(put->w->desk)),
		.status = IAG_STATUS_SUBMITTED,
		.order = an_order(&spec),
		.created_ns = now_ns,
		.updated_ns = now_ns,
	};
	int ret = order_row_put(txn, &row, put->w->hash, err);

	return ret ? ret : record(txn, err);
}

static void
put_row(struct world *w, const char *id)
{
	struct row_put put = { w, id, IAG_MODE_PAPER };

	assert_int_equal(
	    journal_update(w->kit.journal, NULL, row_step, &put, NULL), 0);
}

/* ---- what is there afterwards */

struct look {
	struct world *w;
	const char *key, *leg, *id;
	struct intent intent;
	uint32_t status;
	bool has_switch;
	enum switch_state state;
	uint64_t count;
};

static int
intent_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look *look = arg;

	return intent_get(
	    txn, look->w->hash, look->key, look->leg, &look->intent, err);
}

static enum intent_state
state_of(struct world *w, const char *key, const char *leg)
{
	struct look look = { .w = w, .key = key, .leg = leg };
	enum intent_state state;

	if (journal_view(w->kit.journal, intent_step, &look, NULL))
		return 0;
	state = look.intent.state;
	intent_fini(&look.intent);
	return state;
}

static int
status_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look *look = arg;
	CLEANUP_ORDER_ROW struct order_row row;
	int ret;

	order_row_init(&row);
	ret = order_row_get(txn, look->w->hash, look->id, &row, err);
	look->status = row.status;
	return ret;
}

/* 0: no row */
static uint32_t
status_of(struct world *w, const char *id)
{
	struct look look = { .w = w, .id = id };

	(void)journal_view(w->kit.journal, status_step, &look, NULL);
	return look.status;
}

static int
count_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look *look = arg;
	struct activity_count count;
	int ret;

	activity_count_init(&count);
	ret = activity_count(txn, look->w->hash, 0, 0, "USD", &count, err);
	look->count = count.in_session;
	activity_count_fini(&count);
	return ret;
}

static uint64_t
reserved(struct world *w)
{
	struct look look = { .w = w };

	assert_int_equal(
	    journal_view(w->kit.journal, count_step, &look, NULL), 0);
	return look.count;
}

static int
switch_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct look *look = arg;
	struct switch_row row = { .state = SWITCH_CLOSED };
	int ret = desk_switch(txn, IAG_MODE_PAPER, &row, err);

	look->state = row.state;
	switch_row_fini(&row);
	return ret;
}

static enum switch_state
paper_switch(struct world *w)
{
	struct look look = { .w = w };

	assert_int_equal(
	    journal_view(w->kit.journal, switch_step, &look, NULL), 0);
	return look.state;
}

static bool
is_recorded(struct world *w, const char *type)
{
	const struct audit_range range = {
		.last = UINT64_MAX,
		.event_type = type,
		.limit = 1,
	};
	CLEANUP_BUF struct buf text = BUF_INIT;

	assert_int_equal(audit_tail(w->kit.journal, &range, &text, NULL), 0);
	return strstr(buf_text(&text), type) != NULL;
}

/* ---- operations */

static const struct audit_event the_event = {
	.principal = "local:anna",
	.principal_kind = "operator",
	.tool_name = "ibkr_reconcile",
};

static struct order_call
begin(struct world *w, uint64_t limit_ns)
{
	forget(w);
	return (struct order_call){
		.desk = w->desk,
		.call = call_new(clock_boot_ns() + limit_ns),
		.principal = "local:anna",
		.is_operator = true,
		.flags = &order_flags_none,
		.event = &the_event,
		.success = "orders_reconciled",
	};
}

static void
end(struct world *w, struct order_call *call, struct buf *out)
{
	call_unref(call->call);
	if (w->ret == 0)
		assert_int_equal(json_parse(buf_text(out), out->len,
				     &json_bounds_default, &w->result, NULL),
		    0);
	buf_fini(out);
}

static void
pass(struct world *w)
{
	struct order_call call = begin(w, 20 * NS_PER_S);
	struct buf out = BUF_INIT;

	w->ret = reconcile_pass(&call, NULL, &out, &w->err);
	end(w, &call, &out);
	if (w->ret)
		fail_msg("%s", err_text(&w->err));
}

static int64_t
told(struct world *w, const char *name)
{
	return json_get_int(w->result, name, -1);
}

/* Too little time for a wait, so that no test waits. */
static void
resolve(struct world *w, const char *key, const char *reason)
{
	const struct resolve_request request = {
		.account = ACCOUNT,
		.key = key,
		.accept_absent = reason != NULL,
		.reason = reason,
	};
	struct order_call call = begin(w, 2 * NS_PER_S);
	struct buf out = BUF_INIT;

	w->ret = reconcile_resolve(&call, &request, &out, &w->err);
	end(w, &call, &out);
}

/* ---- intents */

static void
inv2_an_intent_of_a_living_owner_is_left_alone(void **state)
{
	struct world *w = *state;
	struct desk *other = desk_make(w);
	const char *owner;

	assert_int_equal(desk_owner(other, &owner, NULL), 0);
	put_intent(w, (struct spec){ .key = "k1", .owner = owner });
	scripted.answer = IAG_FIND_FOUND;
	pass(w);
	assert_int_equal(told(w, "scanned"), 0);
	assert_int_equal(scripted.finds, 0);
	assert_int_equal(state_of(w, "k1", ""), INTENT_RECORDED);
	resolve(w, "k1", "I know");
	assert_int_equal(w->err.code, ERR_IDEMPOTENCY_IN_FLIGHT);
	assert_int_equal(state_of(w, "k1", ""), INTENT_RECORDED);
	desk_free(other); /* it dies */
	pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_DONE);
}

static void
inv4_what_the_broker_has_becomes_done(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1", .has_activity = true });
	put_intent(w, (struct spec){ .key = "k2", .state = INTENT_UNKNOWN });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_FILLED;
	scripted.filled = "10";
	pass(w);
	assert_int_equal(told(w, "settled"), 2);
	assert_int_equal(told(w, "unknown"), 0);
	assert_int_equal(state_of(w, "k1", ""), INTENT_DONE);
	assert_int_equal(state_of(w, "k2", ""), INTENT_DONE);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
	assert_int_equal(reserved(w), 1);
	assert_true(is_recorded(w, "order_intent_reconciled"));
	pass(w);
	assert_int_equal(told(w, "scanned"), 0);
}

static void
what_the_broker_refused_is_refused(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1", .has_activity = true });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_REFUSED;
	pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_int_equal(reserved(w), 0);
}

static void
inv4_paper_absence_needs_two_reads(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1", .has_activity = true });
	pass(w);
	assert_int_equal(told(w, "unknown"), 1);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	now_ns += ABSENCE_APART_NS - 1;
	pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	assert_int_equal(reserved(w), 1);
	now_ns += 1;
	pass(w);
	assert_int_equal(told(w, "settled"), 1);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_int_equal(reserved(w), 0);
}

static void
inv4_a_trade_stands_against_absence(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1" });
	scripted.trades = "[{\"client_order_id\":\"k1\"}]";
	pass(w);
	now_ns += ABSENCE_APART_NS;
	pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	/* not even the operator's word */
	resolve(w, "k1", "I see nothing");
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_non_null(strstr(err_text(&w->err), "a trade names it"));
	/* nor where the trades cannot be read */
	scripted.trades = NULL;
	resolve(w, "k1", "I see nothing");
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
}

static void
inv4_live_absence_waits_for_the_operator(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1", .mode = IAG_MODE_LIVE });
	pass(w);
	now_ns += ABSENCE_APART_NS;
	pass(w);
	assert_int_equal(told(w, "unknown"), 1);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	resolve(w, "k1", NULL);
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_true(w->err.unknown);
	assert_non_null(strstr(err_user_action(&w->err), "--accept-absent"));
	resolve(w, "k1", "");
	assert_int_equal(w->err.code, ERR_INPUT_INVALID);
	scripted.is_cold = true;
	resolve(w, "k1", "I looked");
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	scripted.is_cold = false;
	resolve(w, "k1", "I looked");
	assert_int_equal(w->ret, 0);
	assert_string_equal(json_get_str(w->result, "state", ""), "refused");
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_true(is_recorded(w, "order_absence_accepted"));
	/* asked once more: told, not done */
	resolve(w, "k1", NULL);
	assert_int_equal(w->ret, 0);
	assert_string_equal(json_get_str(w->result, "state", ""), "refused");
}

static void
inv4_an_accepted_absence_is_not_believed_against_the_broker(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1", .mode = IAG_MODE_LIVE });
	scripted.answer = IAG_FIND_FOUND;
	resolve(w, "k1", "I looked");
	assert_int_equal(w->ret, 0);
	assert_string_equal(json_get_str(w->result, "state", ""), "done");
	assert_int_equal(state_of(w, "k1", ""), INTENT_DONE);
}

static void
inv4_a_late_landing_is_done_and_narrows_the_switch(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1", .has_activity = true });
	pass(w);
	now_ns += ABSENCE_APART_NS;
	pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_int_equal(paper_switch(w), SWITCH_OPEN);
	now_ns += 6 * 24 * 3600 * NS_PER_S;
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_OPEN;
	scripted.orders = "[{\"client_order_id\":\"k1\",\"broker_order_id\":"
			  "\"B-1\",\"status\":\"open\"}]";
	pass(w);
	assert_int_equal(told(w, "late_landings"), 1);
	assert_int_equal(state_of(w, "k1", ""), INTENT_DONE);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_OPEN);
	assert_int_equal(paper_switch(w), SWITCH_CANCEL_ONLY);
	assert_int_equal(reserved(w), 1);
	assert_true(is_recorded(w, "late_landing"));
	pass(w);
	assert_int_equal(told(w, "late_landings"), 0);
}

static void
a_reference_is_watched_for_seven_days(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1" });
	pass(w);
	now_ns += ABSENCE_APART_NS;
	pass(w);
	now_ns += 7 * 24 * 3600 * NS_PER_S;
	scripted.answer = IAG_FIND_FOUND;
	scripted.finds = 0;
	pass(w);
	pass(w);
	assert_int_equal(scripted.finds, 0);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_true(is_recorded(w, "order_watch_ended"));
}

static void
another_connection_is_named_and_not_asked(void **state)
{
	struct world *w = *state;

	put_intent(
	    w, (struct spec){ .key = "k1", .connection = "cp https://other" });
	scripted.answer = IAG_FIND_FOUND;
	pass(w);
	assert_int_equal(scripted.finds, 0);
	assert_int_equal(told(w, "unresolved"), 1);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	resolve(w, "k1", NULL);
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_non_null(strstr(err_text(&w->err), "cp https://other"));
}

static void
a_writer_that_may_not_be_asked_is_named(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1" });
	scripted.fault = "it is not allowed";
	pass(w);
	assert_int_equal(scripted.finds, 0);
	resolve(w, "k1", "I looked");
	assert_int_equal(w->err.code, ERR_ORDER_OUTCOME_UNKNOWN);
	assert_non_null(
	    strstr(err_text(&w->err), "'scripted', which cannot be asked"));
}

static void
a_broker_that_fails_leaves_it_unknown(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1" });
	scripted.answer = 0;
	pass(w);
	assert_int_equal(told(w, "unresolved"), 1);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
	scripted.answer = IAG_FIND_INCONCLUSIVE;
	pass(w);
	assert_int_equal(state_of(w, "k1", ""), INTENT_UNKNOWN);
}

/* ---- changes of orders */

static void
a_cancel_is_seen_in_the_order(void **state)
{
	struct world *w = *state;
	const struct spec cancel = {
		.operation = OPERATION_CANCEL,
		.key = "c1",
		.id = "B-1",
	};

	put_row(w, "B-1");
	scripted.orders = "[{\"client_order_id\":\"k1\",\"broker_order_id\":"
			  "\"B-1\",\"status\":\"cancelled\"}]";
	put_intent(w, cancel);
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_CANCELLED;
	pass(w);
	assert_int_equal(state_of(w, "c1", ""), INTENT_DONE);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
}

static void
a_cancel_of_what_was_filled_is_refused(void **state)
{
	struct world *w = *state;

	put_intent(
	    w, (struct spec){
		   .operation = OPERATION_CANCEL, .key = "c1", .id = "B-1" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_FILLED;
	pass(w);
	assert_int_equal(state_of(w, "c1", ""), INTENT_REFUSED);
}

static void
inv4_an_order_that_works_on_was_not_cancelled(void **state)
{
	struct world *w = *state;

	put_intent(
	    w, (struct spec){
		   .operation = OPERATION_CANCEL, .key = "c1", .id = "B-1" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_OPEN;
	pass(w);
	assert_int_equal(state_of(w, "c1", ""), INTENT_UNKNOWN);
	now_ns += ABSENCE_APART_NS;
	pass(w);
	assert_int_equal(state_of(w, "c1", ""), INTENT_REFUSED);
}

#define LISTED(limit)                                                      \
	"[{\"client_order_id\":\"k1\",\"broker_order_id\":\"B-1\","        \
	"\"status\":\"open\",\"quantity\":\"10\",\"limit_price\":\"" limit \
	"\",\"time_in_force\":\"day\"}]"

static void
put_modify(struct world *w)
{
	put_row(w, "B-1");
	put_intent(w, (struct spec){ .operation = OPERATION_MODIFY,
			  .key = "m1",
			  .id = "B-1",
			  .limit = "2.50" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_OPEN;
}

static void
a_change_is_seen_in_the_prices(void **state)
{
	struct world *w = *state;

	put_modify(w);
	scripted.orders = LISTED("2.5");
	pass(w);
	assert_int_equal(state_of(w, "m1", ""), INTENT_DONE);
}

static void
inv4_an_order_with_its_old_prices_was_not_changed(void **state)
{
	struct world *w = *state;

	put_modify(w);
	scripted.orders = LISTED("1.1");
	pass(w);
	assert_int_equal(state_of(w, "m1", ""), INTENT_UNKNOWN);
	now_ns += ABSENCE_APART_NS;
	pass(w);
	assert_int_equal(state_of(w, "m1", ""), INTENT_REFUSED);
}

static void
prices_that_are_neither_prove_nothing(void **state)
{
	struct world *w = *state;

	put_modify(w);
	scripted.orders = LISTED("9");
	pass(w);
	now_ns += ABSENCE_APART_NS;
	pass(w);
	assert_int_equal(state_of(w, "m1", ""), INTENT_UNKNOWN);
}

static void
a_bracket_follows_its_legs(void **state)
{
	struct world *w = *state;

	put_intent(
	    w, (struct spec){ .key = "g1", .operation = OPERATION_GROUP });
	put_intent(w, (struct spec){ .key = "g1", .leg = "parent" });
	put_intent(w, (struct spec){ .key = "g1", .leg = "take_profit" });
	put_intent(w, (struct spec){ .key = "g1", .leg = "stop_loss" });
	scripted.answer = IAG_FIND_FOUND;
	pass(w);
	assert_int_equal(told(w, "settled"), 3);
	assert_int_equal(state_of(w, "g1", ""), INTENT_DONE);
	assert_int_equal(state_of(w, "g1", "stop_loss"), INTENT_DONE);
}

static void
inv4_a_bracket_is_done_when_a_leg_lands_late(void **state)
{
	struct world *w = *state;

	put_intent(
	    w, (struct spec){ .key = "g1", .operation = OPERATION_GROUP });
	put_intent(w, (struct spec){ .key = "g1", .leg = "parent" });
	pass(w);
	now_ns += ABSENCE_APART_NS;
	pass(w);
	assert_int_equal(state_of(w, "g1", ""), INTENT_REFUSED);
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_OPEN;
	pass(w);
	assert_int_equal(told(w, "late_landings"), 1);
	assert_int_equal(state_of(w, "g1", "parent"), INTENT_DONE);
	assert_int_equal(state_of(w, "g1", ""), INTENT_DONE);
	pass(w);
	assert_int_equal(told(w, "late_landings"), 0);
}

/* ---- somebody else */

static int
refuse_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct world *w = arg;
	CLEANUP_INTENT struct intent intent;
	const struct settlement how = { .state = INTENT_REFUSED };
	int ret;

	intent_init(&intent);
	ret = intent_get(txn, w->hash, "k1", "", &intent, err);
	if (ret == 0)
		ret = settle_apply(w->desk, txn, &intent, &how, err);
	return ret ? ret : record(txn, err);
}

static void
settle_meanwhile(void *arg)
{
	struct world *w = arg;

	assert_int_equal(
	    journal_update(w->kit.journal, NULL, refuse_step, w, NULL), 0);
}

static void
inv4_what_is_settled_meanwhile_stays_so(void **state)
{
	struct world *w = *state;

	put_intent(w, (struct spec){ .key = "k1" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.during = settle_meanwhile;
	scripted.during_arg = w;
	pass(w);
	assert_int_equal(told(w, "settled"), 0);
	assert_int_equal(told(w, "unknown"), 0);
	assert_int_equal(state_of(w, "k1", ""), INTENT_REFUSED);
	assert_int_equal(status_of(w, "B-1"), 0);
}

static void
one_process_reconciles_at_a_time(void **state)
{
	struct world *w = *state;
	struct store_guard *guard;
	struct order_call call = begin(w, 20 * NS_PER_S);
	struct buf out = BUF_INIT;

	put_intent(w, (struct spec){ .key = "k1" });
	assert_int_equal(journal_guard_take(w->kit.journal, call.call,
			     GUARD_RECONCILER, true, &guard, NULL),
	    0);
	call.is_operator = false; /* the reconciler's thread does not wait */
	w->ret = reconcile_pass(&call, NULL, &out, &w->err);
	end(w, &call, &out);
	assert_int_equal(w->ret, 0);
	assert_true(json_get_bool(w->result, "busy", false));
	assert_int_equal(scripted.finds, 0);
	journal_guard_drop(guard);
	pass(w);
	assert_false(json_get_bool(w->result, "busy", true));
	assert_int_equal(scripted.finds, 1);
}

/* ---- orders */

static void
inv4_orders_are_followed_until_they_end(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.orders = LISTED("1.10");
	pass(w);
	assert_int_equal(told(w, "transitions"), 1);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_OPEN);
	pass(w);
	assert_int_equal(told(w, "unchanged"), 1);
	assert_int_equal(told(w, "transitions"), 0);
	scripted.orders = "[{\"broker_order_id\":\"B-1\",\"status\":\"filled\","
			  "\"filled_quantity\":\"10\"}]";
	pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
	assert_true(is_recorded(w, "paper_order_lifecycle_changed"));
	scripted.orders = LISTED("1.10");
	scripted.lists = 0;
	pass(w);
	assert_int_equal(scripted.lists, 0);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
}

static void
a_fill_in_part_is_news(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.orders = LISTED("1.10");
	pass(w);
	scripted.orders = "[{\"broker_order_id\":\"B-1\",\"status\":\"open\","
			  "\"filled_quantity\":\"4\"}]";
	pass(w);
	assert_int_equal(told(w, "transitions"), 1);
	pass(w);
	assert_int_equal(told(w, "transitions"), 0);
}

static void
an_order_that_is_not_listed_is_looked_for(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	pass(w);
	assert_int_equal(told(w, "unresolved"), 1);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_SUBMITTED);
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_CANCELLED;
	pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
}

static void
an_order_with_a_new_id_is_followed_under_it(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.orders = "[{\"client_order_id\":\"k1\",\"broker_order_id\":"
			  "\"B-2\",\"status\":\"open\"}]";
	pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_CANCELLED);
	assert_int_equal(status_of(w, "B-2"), IAG_STATUS_OPEN);
}

static void
what_is_no_id_does_not_end_the_pass(void **state)
{
	struct world *w = *state;

	put_row(w, "B-1");
	scripted.orders = "[{\"client_order_id\":\"k1\",\"broker_order_id\":"
			  "\"\",\"status\":\"filled\"}]";
	pass(w);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_FILLED);
}

static void
a_row_that_is_missing_is_made_again(void **state)
{
	struct world *w = *state;

	put_intent(
	    w, (struct spec){ .key = "k1", .state = INTENT_DONE, .id = "B-1" });
	put_intent(w, (struct spec){ .key = "k2", .state = INTENT_REFUSED });
	scripted.orders = LISTED("1.10");
	pass(w);
	assert_int_equal(told(w, "rebuilt"), 1);
	assert_int_equal(status_of(w, "B-1"), IAG_STATUS_OPEN);
	pass(w);
	assert_int_equal(told(w, "rebuilt"), 0);
}

static void
passes_in_a_row_look_for_missing_rows_once(void **state)
{
	struct world *w = *state;
	struct reconcile_memory memory = { .rows_done = false };
	struct order_call call;
	struct buf out = BUF_INIT;

	for (unsigned i = 0; i < 2; i++) {
		/* the second one appears behind the search */
		put_intent(w, (struct spec){ .key = i ? "k2" : "k1",
				  .state = INTENT_DONE,
				  .id = i ? "B-2" : "B-1" });
		call = begin(w, 20 * NS_PER_S);
		w->ret = reconcile_pass(&call, &memory, &out, &w->err);
		end(w, &call, &out);
		assert_int_equal(told(w, "rebuilt"), i == 0);
		assert_true(memory.rows_done);
	}
	reconcile_memory_fini(&memory);
	pass(w);
	assert_int_equal(told(w, "rebuilt"), 1);
}

/* ---- an adopted store */

static int
adopt_step(struct journal_txn *txn, void *arg, struct err *err)
{
	int ret = txn_put(txn, TABLE_STATE,
	    (struct iag_bytes){ "journal/reconcile", 17 },
	    (struct iag_bytes){ "{}", 2 }, err);

	(void)arg;
	return ret ? ret : record(txn, err);
}

static int
waits_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct iag_bytes value;

	(void)arg;
	return txn_get(txn, TABLE_STATE,
	    (struct iag_bytes){ "journal/reconcile", 17 }, &value, err);
}

static bool
is_waiting(struct world *w)
{
	return journal_view(w->kit.journal, waits_step, NULL, NULL) == 0;
}

static void
an_adopted_store_opens_after_one_complete_pass(void **state)
{
	struct world *w = *state;

	assert_int_equal(
	    journal_update(w->kit.journal, NULL, adopt_step, NULL, NULL), 0);
	put_intent(w, (struct spec){ .key = "k1" });
	scripted.answer = 0;
	pass(w);
	assert_true(is_waiting(w));
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_FILLED;
	pass(w);
	assert_false(is_waiting(w));
	assert_true(is_recorded(w, "store_reconciled"));
}

/* ---- pending */

static void
pending_says_what_may_be_and_what_to_do(void **state)
{
	struct world *w = *state;
	struct order_call call;
	struct buf out = BUF_INIT;
	struct json_object *row;

	put_intent(w, (struct spec){ .key = "k1", .mode = IAG_MODE_LIVE });
	put_intent(w, (struct spec){ .key = "k2", .state = INTENT_DONE });
	call = begin(w, 20 * NS_PER_S);
	w->ret = reconcile_pending(&call, ACCOUNT, &out, &w->err);
	end(w, &call, &out);
	assert_int_equal(
	    json_object_array_length(json_get(w->result, "pending")), 1);
	row = json_object_array_get_idx(json_get(w->result, "pending"), 0);
	assert_string_equal(json_get_str(row, "sender", ""), "gone");
	assert_non_null(
	    strstr(json_get_str(row, "what_to_do", ""), "orders resolve k1"));
	assert_int_equal(scripted.finds, 0);
	call = begin(w, 20 * NS_PER_S);
	w->ret = reconcile_pending(&call, "DU7654321", &out, &w->err);
	end(w, &call, &out);
	assert_int_equal(
	    json_object_array_length(json_get(w->result, "pending")), 0);
}

static void
a_key_that_was_never_used_is_said_so(void **state)
{
	struct world *w = *state;

	resolve(w, "k9", NULL);
	assert_int_equal(w->err.code, ERR_INPUT_INVALID);
	assert_non_null(strstr(err_text(&w->err), "nothing was sent"));
}

/* ---- the thread */

static void
pass_began(void *arg)
{
	(void)sem_post(arg);
}

/* A look that has begun is ended before it stops. */
static void
the_thread_makes_a_pass_and_stops(void **state)
{
	struct world *w = *state;
	struct reconciler *reconciler;
	sem_t began;

	assert_int_equal(sem_init(&began, 0, 0), 0);
	put_intent(w, (struct spec){ .key = "k1" });
	scripted.answer = IAG_FIND_FOUND;
	scripted.status = IAG_STATUS_FILLED;
	scripted.during = pass_began;
	scripted.during_arg = &began;
	assert_int_equal(reconciler_start(w->desk, &reconciler, NULL), 0);
	assert_int_equal(sem_wait(&began), 0);
	reconciler_stop(reconciler);
	assert_int_equal(state_of(w, "k1", ""), INTENT_DONE);
	(void)sem_destroy(&began);
	reconciler_stop(NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(inv2_an_intent_of_a_living_owner_is_left_alone),
		CASE(inv4_what_the_broker_has_becomes_done),
		CASE(what_the_broker_refused_is_refused),
		CASE(inv4_paper_absence_needs_two_reads),
		CASE(inv4_a_trade_stands_against_absence),
		CASE(inv4_live_absence_waits_for_the_operator),
		CASE(
		    inv4_an_accepted_absence_is_not_believed_against_the_broker),
		CASE(inv4_a_late_landing_is_done_and_narrows_the_switch),
		CASE(a_reference_is_watched_for_seven_days),
		CASE(another_connection_is_named_and_not_asked),
		CASE(a_writer_that_may_not_be_asked_is_named),
		CASE(a_broker_that_fails_leaves_it_unknown),
		CASE(a_cancel_is_seen_in_the_order),
		CASE(a_cancel_of_what_was_filled_is_refused),
		CASE(inv4_an_order_that_works_on_was_not_cancelled),
		CASE(a_change_is_seen_in_the_prices),
		CASE(inv4_an_order_with_its_old_prices_was_not_changed),
		CASE(prices_that_are_neither_prove_nothing),
		CASE(a_bracket_follows_its_legs),
		CASE(inv4_a_bracket_is_done_when_a_leg_lands_late),
		CASE(inv4_what_is_settled_meanwhile_stays_so),
		CASE(one_process_reconciles_at_a_time),
		CASE(inv4_orders_are_followed_until_they_end),
		CASE(a_fill_in_part_is_news),
		CASE(an_order_that_is_not_listed_is_looked_for),
		CASE(an_order_with_a_new_id_is_followed_under_it),
		CASE(what_is_no_id_does_not_end_the_pass),
		CASE(a_row_that_is_missing_is_made_again),
		CASE(passes_in_a_row_look_for_missing_rows_once),
		CASE(an_adopted_store_opens_after_one_complete_pass),
		CASE(pending_says_what_may_be_and_what_to_do),
		CASE(a_key_that_was_never_used_is_said_so),
		CASE(the_thread_makes_a_pass_and_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

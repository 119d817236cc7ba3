/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "reconcile-kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "journal/activity.h"
#include "scripted-writer.h"

uint64_t now_ns;

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

struct desk *
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

int
world_setup(void **state)
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

void
world_forget(struct world *w)
{
	(void)json_object_put(w->result);
	w->result = NULL;
	err_fini(&w->err);
	w->err = (struct err)ERR_INIT;
}

int
world_teardown(void **state)
{
	struct world *w = *state;

	/* whatever happened: nothing was sent, and the evidence holds */
	assert_int_equal(scripted.sends, 0);
	assert_true(kit_verify(&w->kit, AUDIT_VERIFY_STATE).valid);
	world_forget(w);
	desk_free(w->desk);
	kit_fini(&w->kit);
	clock_set_source(NULL);
	free(w);
	return 0;
}

/* ---- what is there before */

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

int
put_record(struct journal_txn *txn, struct err *err)
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
	static const struct activity_order reserved = { "11.00", "USD", false };
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
		.atomicity = copy(spec->atomicity),
		.recorded_ns = now_ns,
	};
	int ret = 0;

	id_new(intent.id);
	if (spec->operation != OPERATION_CANCEL) {
		intent.order = an_order(spec);
		intent.has_order = true;
	}
	if (spec->has_activity) {
		intent.activity_ns = now_ns;
		ret = activity_reserve(txn, put->w->hash, now_ns, &reserved,
		    &intent.activity_sequence, err);
	}
	if (ret == 0)
		ret = intent_put(txn, &intent, put->w->hash, err);
	return ret ? ret : put_record(txn, err);
}

void
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
	const char *id, *ref;
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
		.client_ref = strdup(put->ref),
		.key = strdup(put->ref),
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

	return ret ? ret : put_record(txn, err);
}

void
put_row_of(struct world *w, const char *id, const char *ref)
{
	struct row_put put = { w, id, ref, IAG_MODE_PAPER };

	assert_int_equal(
	    journal_update(w->kit.journal, NULL, row_step, &put, NULL), 0);
}

void
put_row(struct world *w, const char *id)
{
	put_row_of(w, id, "k1");
}

void
put_bracket(struct world *w)
{
	put_intent(w, (struct spec){ .key = "g1",
			  .operation = OPERATION_GROUP,
			  .atomicity = "broker_bracket" });
	put_intent(w, (struct spec){ .key = "g1", .leg = "parent" });
	put_intent(w, (struct spec){ .key = "g1", .leg = "take_profit" });
	put_intent(w, (struct spec){ .key = "g1", .leg = "stop_loss" });
}

struct leg_end {
	struct world *w;
	const char *leg;
	struct settlement how;
};

static int
leg_end_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct leg_end *end = arg;
	CLEANUP_INTENT struct intent intent;
	int ret;

	intent_init(&intent);
	ret = intent_get(txn, end->w->hash, "g1", end->leg, &intent, err);
	if (ret == 0)
		ret = settle_apply(end->w->desk, txn, &intent, &end->how, err);
	return ret ? ret : put_record(txn, err);
}

void
leg_settle(struct world *w, const char *leg, enum intent_state state, char *id)
{
	const struct writer_ack ack = {
		.status = IAG_STATUS_OPEN,
		.broker_order_id = id,
	};
	struct leg_end end = { w, leg, { .state = state } };

	if (id)
		end.how.ack = &ack;
	assert_int_equal(
	    journal_update(w->kit.journal, NULL, leg_end_step, &end, NULL), 0);
}

/* ---- what is there afterwards */

struct look {
	struct world *w;
	const char *key, *leg, *id;
	struct intent intent;
	uint32_t status;
	char ref[80];
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

enum intent_state
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
	(void)snprintf(look->ref, sizeof(look->ref), "%s",
	    row.client_ref ? row.client_ref : "");
	return ret;
}

/* 0: no row */
uint32_t
status_of(struct world *w, const char *id)
{
	struct look look = { .w = w, .id = id };

	(void)journal_view(w->kit.journal, status_step, &look, NULL);
	return look.status;
}

bool
row_is_of(struct world *w, const char *id, const char *ref)
{
	struct look look = { .w = w, .id = id };

	(void)journal_view(w->kit.journal, status_step, &look, NULL);
	return strcmp(look.ref, ref) == 0;
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

uint64_t
reserved_count(struct world *w)
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

enum switch_state
paper_switch(struct world *w)
{
	struct look look = { .w = w };

	assert_int_equal(
	    journal_view(w->kit.journal, switch_step, &look, NULL), 0);
	return look.state;
}

bool
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

bool
is_noted(struct world *w, const char *text)
{
	return strstr(json_object_to_json_string(json_get(w->result, "notes")),
		   text) != NULL;
}

/* ---- operations */

static const struct audit_event the_event = {
	.principal = "local:anna",
	.principal_kind = "operator",
	.tool_name = "ibkr_reconcile",
};

struct order_call
call_begin(struct world *w, uint64_t limit_ns)
{
	world_forget(w);
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

void
call_end(struct world *w, struct order_call *call, struct buf *out)
{
	call_unref(call->call);
	if (w->ret == 0)
		assert_int_equal(json_parse(buf_text(out), out->len,
				     &json_bounds_default, &w->result, NULL),
		    0);
	buf_fini(out);
}

void
run_pass(struct world *w)
{
	struct order_call call = call_begin(w, 20 * NS_PER_S);
	struct buf out = BUF_INIT;

	w->ret = reconcile_pass(&call, NULL, &out, &w->err);
	call_end(w, &call, &out);
	if (w->ret)
		fail_msg("%s", err_text(&w->err));
}

int64_t
told(struct world *w, const char *name)
{
	return json_get_int(w->result, name, -1);
}

/* Too little time for a wait, so that no test waits. */
void
run_resolve(struct world *w, const char *key, const char *reason)
{
	const struct resolve_request request = {
		.account = ACCOUNT,
		.key = key,
		.accept_absent = reason != NULL,
		.reason = reason,
	};
	struct order_call call = call_begin(w, 2 * NS_PER_S);
	struct buf out = BUF_INIT;

	w->ret = reconcile_resolve(&call, &request, &out, &w->err);
	call_end(w, &call, &out);
}

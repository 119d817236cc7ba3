/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * `orders resolve KEY`: the broker is asked about one request until its
 * answers prove something or the time is over; where they cannot, the operator
 * may say what is true.  Of one that is settled, the orders that still work as
 * far as the journal knows are looked at.
 */

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "orders/inquiry.h"
#include "orders/lastlook.h"
#include "orders/pass.h"
#include "orders/preview.h"
#include "orders/settlement.h"
#include "orders/settlequeue.h"

/* Time that a last look needs. */
#define LOOK_NS (2 * NS_PER_S)

struct resolve {
	struct order_call *call;
	const struct resolve_request *request;
	char hash[HASH_HEX_SIZE];
	struct intent whole; /* the request's own intent */
	struct intent_list open;
	struct inquiry *inquiries;     /* one for each of open */
	struct order_row_list working; /* its orders, if none is open */
	struct last_look *looks;       /* one for each of working */
};

static void
resolve_fini(struct resolve *resolve)
{
	for (size_t i = 0; resolve->inquiries && i < resolve->open.count; i++)
		inquiry_fini(&resolve->inquiries[i]);
	free(resolve->inquiries);
	for (size_t i = 0; resolve->looks && i < resolve->working.count; i++)
		last_look_fini(&resolve->looks[i]);
	free(resolve->looks);
	intent_fini(&resolve->whole);
	intent_list_fini(&resolve->open);
	order_row_list_fini(&resolve->working);
}
#define CLEANUP_RESOLVE __attribute__((cleanup(resolve_fini)))

static int
open_take(struct intent *intent, void *arg, struct err *err)
{
	struct resolve *resolve = arg;

	/* a bracket follows its legs */
	if (intent->operation == OPERATION_GROUP ||
	    strcmp(intent->key, resolve->request->key) != 0 ||
	    strcmp(intent->account, resolve->request->account) != 0)
		return 0;
	return intent_list_take(intent, &resolve->open, err);
}

/* The order of one leg, if it works as far as the journal knows. */
static int
working_take(struct journal_txn *txn, struct resolve *resolve, const char *leg,
    struct err *err)
{
	CLEANUP_INTENT struct intent intent;
	CLEANUP_ORDER_ROW struct order_row row;
	int ret;

	intent_init(&intent);
	order_row_init(&row);
	ret = intent_get(
	    txn, resolve->hash, resolve->request->key, leg, &intent, err);
	if (ret == 0 &&
	    (intent.operation != OPERATION_SUBMIT ||
		intent.state != INTENT_DONE || !intent.broker_order_id))
		return 0;
	if (ret == 0)
		ret = order_row_get_present(
		    txn, resolve->hash, intent.broker_order_id, &row, err);
	if (ret || order_status_is_terminal(row.status))
		return ret == IAG_NOTFOUND ? 0 : ret;
	return order_row_list_take(&row, &resolve->working, err);
}

static int
working_load(struct journal_txn *txn, struct resolve *resolve, struct err *err)
{
	int ret = 0;

	if (resolve->open.count)
		return 0; /* the requests first */
	if (resolve->whole.operation != OPERATION_GROUP)
		return working_take(txn, resolve, "", err);
	for (size_t i = 0; i < GROUP_LEGS && ret == 0; i++)
		ret = working_take(txn, resolve, group_roles[i], err);
	return ret;
}

static int
load_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct resolve *resolve = arg;
	int ret;

	intent_fini(&resolve->whole);
	intent_list_fini(&resolve->open);
	order_row_list_fini(&resolve->working);
	ret = intent_get(txn, resolve->hash, resolve->request->key, "",
	    &resolve->whole, err);
	if (ret == 0)
		ret = intent_walk_unsettled(
		    txn, resolve->hash, open_take, resolve, err);
	return ret ? ret : working_load(txn, resolve, err);
}

static int
load(struct resolve *resolve, struct err *err)
{
	const struct resolve_request *request = resolve->request;
	struct journal *journal = desk_journal(resolve->call->desk);
	int ret;

	journal_account_hash(journal, request->account, resolve->hash);
	ret = journal_view(journal, load_step, resolve, err);
	if (ret != IAG_NOTFOUND)
		return ret;
	err_set(err, ERR_INPUT_INVALID,
	    "no request of this account has the key '%s': nothing was sent "
	    "under it",
	    request->key);
	err_action(err, "run `ibkr-agent orders pending` for the keys that "
			"there are");
	return err_class(err);
}

static int
request_check(const struct resolve_request *request, struct err *err)
{
	bool has_reason = request->reason && *request->reason;

	if (request->accept_absent && !has_reason)
		return err_set(err, ERR_INPUT_INVALID,
		    "--accept-absent needs --reason: how you know that the "
		    "broker does not have it");
	if (!request->accept_absent && has_reason)
		return err_set(err, ERR_INPUT_INVALID,
		    "--reason goes with --accept-absent");
	return 0;
}

/* ---- asking */

static bool
is_settled(const struct inquiry *q)
{
	return q->end == INQUIRY_SETTLED || q->end == INQUIRY_OVERTAKEN;
}

static int
ask_all(struct resolve *resolve, struct err *err)
{
	struct inquiry *q;
	int ret = 0;

	for (size_t i = 0; i < resolve->open.count && ret == 0; i++) {
		q = &resolve->inquiries[i];
		if (q->call && is_settled(q))
			continue;
		buf_fini(&q->note);
		*q = (struct inquiry){
			.call = resolve->call,
			.intent = &resolve->open.items[i],
			.accept_absent = resolve->request->accept_absent,
			.reason = resolve->request->reason,
		};
		ret = inquiry_run(q, err);
	}
	return ret;
}

/* When all that wait for a second look can have it; 0: none does. */
static uint64_t
again_ns(const struct resolve *resolve)
{
	uint64_t again = 0;

	for (size_t i = 0; i < resolve->open.count; i++) {
		const struct inquiry *q = &resolve->inquiries[i];

		if (q->end == INQUIRY_WAITING && q->again_ns > again)
			again = q->again_ns;
	}
	return again;
}

/* Until a real time, as long as the call has that much left. */
static bool
wait_until(struct call *call, uint64_t real_ns)
{
	uint64_t now_ns = clock_real_ns();
	uint64_t wait_ns = real_ns > now_ns ? real_ns - now_ns : 0;
	struct pollfd fd = { .fd = call_fd(call), .events = POLLIN };

	if (call_is_over(call) ||
	    clock_boot_ns() + wait_ns + LOOK_NS > call_deadline_ns(call))
		return false;
	(void)poll(&fd, 1, (int)(wait_ns / NS_PER_MS) + 1);
	return !call_is_over(call);
}

static int
ask(struct resolve *resolve, struct err *err)
{
	uint64_t again;
	int ret;

	if (!resolve->open.count)
		return 0;
	resolve->inquiries =
	    calloc(resolve->open.count, sizeof(*resolve->inquiries));
	if (!resolve->inquiries)
		return err_no_memory(err);
	ret = ask_all(resolve, err);
	again = ret == 0 ? again_ns(resolve) : 0;
	if (again && wait_until(resolve->call->call, again))
		ret = ask_all(resolve, err);
	return ret;
}

/* Each order that works: how it stands, or that nothing shows it. */
static int
look(struct resolve *resolve, struct err *err)
{
	int ret = 0;

	if (!resolve->working.count)
		return 0;
	resolve->looks =
	    calloc(resolve->working.count, sizeof(*resolve->looks));
	if (!resolve->looks)
		return err_no_memory(err);
	for (size_t i = 0; i < resolve->working.count && ret == 0; i++) {
		resolve->looks[i] = (struct last_look){
			.call = resolve->call,
			.row = &resolve->working.items[i],
			.accept_absent = resolve->request->accept_absent,
			.reason = resolve->request->reason,
		};
		ret = last_look_run(&resolve->looks[i], err);
	}
	return ret;
}

/* ---- the answer */

static int
again_add(struct json_object *obj, const struct inquiry *q)
{
	char time[CLOCK_TEXT_SIZE];

	if (q->end != INQUIRY_WAITING)
		return 0;
	clock_format(q->again_ns + NS_PER_MS - 1, time);
	return json_add_str(obj, "look_again_at", time);
}

static int
inquiry_add(struct json_object *list, const struct inquiry *q)
{
	const struct intent *intent = q->intent;
	struct json_object *obj = json_object_new_object();
	int ret = obj ? json_object_array_add(list, obj) : IAG_NOMEM;

	if (ret) {
		(void)json_object_put(obj);
		return ret;
	}
	if (*intent->leg)
		ret = json_add_str(obj, "leg", intent->leg);
	if (ret == 0)
		ret = json_add_str(
		    obj, "operation", order_operation_name(intent->operation));
	if (ret == 0)
		ret = json_add_str(obj, "client_order_id", intent->client_ref);
	if (ret == 0)
		ret = json_add_str(
		    obj, "broker_order_id", intent->broker_order_id);
	if (ret == 0)
		ret = json_add_str(
		    obj, "state", intent_state_name(intent->state));
	if (ret == 0)
		ret = json_add_str(obj, "inquiry", inquiry_end_name(q->end));
	if (ret == 0)
		ret = again_add(obj, q);
	return ret ? ret
		   : json_add_str(
			 obj, "note", q->note.len ? buf_text(&q->note) : NULL);
}

static int
look_add(struct json_object *list, const struct last_look *look)
{
	const struct order_row *row = look->row;
	struct json_object *obj = json_object_new_object();
	int ret = obj ? json_object_array_add(list, obj) : IAG_NOMEM;

	if (ret) {
		(void)json_object_put(obj);
		return ret;
	}
	if (*row->leg)
		ret = json_add_str(obj, "leg", row->leg);
	if (ret == 0)
		ret =
		    json_add_str(obj, "broker_order_id", row->broker_order_id);
	if (ret == 0)
		ret =
		    json_add_str(obj, "status", order_status_name(row->status));
	if (ret == 0)
		ret =
		    json_add_str(obj, "filled_quantity", row->filled_quantity);
	if (ret == 0)
		ret = json_add_str(obj, "look", last_look_name(look->end));
	return ret ? ret
		   : json_add_str(obj, "note",
			 look->note.len ? buf_text(&look->note) : NULL);
}

static int
looks_add(const struct resolve *resolve, struct json_object *obj)
{
	struct json_object *list;
	int ret = 0;

	if (!resolve->working.count)
		return 0;
	list = json_object_new_array();
	if (json_add(obj, "orders", list) || !list)
		return IAG_NOMEM;
	for (size_t i = 0; i < resolve->working.count && ret == 0; i++)
		ret = look_add(list, &resolve->looks[i]);
	return ret;
}

static int
result_build(const struct resolve *resolve, struct json_object *obj)
{
	const struct intent *whole = &resolve->whole;
	struct json_object *list = json_object_new_array();
	int ret = json_add_str(obj, "account_id", whole->account);

	if (ret == 0)
		ret = json_add_str(obj, "idempotency_key", whole->key);
	if (ret == 0)
		ret = json_add_str(
		    obj, "operation", order_operation_name(whole->operation));
	if (ret == 0)
		ret = json_add_str(obj, "mode", order_mode_name(whole->mode));
	if (ret == 0)
		ret =
		    json_add_str(obj, "state", intent_state_name(whole->state));
	if (ret == 0)
		ret = json_add_str(obj, "client_order_id", whole->client_ref);
	if (ret == 0)
		ret = json_add_str(
		    obj, "broker_order_id", whole->broker_order_id);
	if (ret == 0)
		ret = json_add_str(obj, "writer", whole->writer);
	if (json_add(obj, "requests", list) || !list)
		return IAG_NOMEM;
	for (size_t i = 0; i < resolve->open.count && ret == 0; i++)
		ret = inquiry_add(list, &resolve->inquiries[i]);
	return ret ? ret : looks_add(resolve, obj);
}

static const char *
action_of(const struct inquiry *q)
{
	switch (q->end) {
	case INQUIRY_ELSEWHERE:
		return "run this where that writer is configured";
	case INQUIRY_ABSENT:
		return "if the broker's own screen does not show it either, "
		       "run it again with --accept-absent --reason TEXT";
	case INQUIRY_WAITING:
		return "send nothing in its place; run this again at that "
		       "time, or later";
	default:
		return "send nothing in its place; look at the broker's own "
		       "screen, and run this again";
	}
}

static int
unknown(struct json_object *obj, struct err *err)
{
	CLEANUP_BUF struct buf details = BUF_INIT;

	if (err) {
		err->unknown = true;
		json_write(&details, obj, 0);
		if (!details.failed)
			err_details(err, buf_text(&details));
	}
	return IAG_UNKNOWN;
}

/* Why it is still open: the first that is, and what can be done. */
static int
still_open(const struct inquiry *q, struct json_object *obj, struct err *err)
{
	const struct intent *intent = q->intent;

	if (q->end == INQUIRY_OWNED) {
		err_set(err, ERR_IDEMPOTENCY_IN_FLIGHT,
		    "the request with the key '%s' is on its way", intent->key);
		err_action(err,
		    "wait until it ends; stop the process that sends it if it "
		    "hangs, then resolve it");
	} else {
		err_set(err, ERR_ORDER_OUTCOME_UNKNOWN,
		    "it is still not known whether the broker has the %s with "
		    "the key '%s'%s%s: %s",
		    order_operation_name(intent->operation), intent->key,
		    *intent->leg ? ", " : "", intent->leg,
		    q->note.len ? buf_text(&q->note)
				: "the broker did not say");
		err_action(err, "%s", action_of(q));
	}
	return unknown(obj, err);
}

/* Without the operator's word: what nothing shows waits for it. */
static const struct {
	const char *action; /* NULL: it is as it should be */
	enum err_code code;
	bool with_word; /* a fault only where the word was given */
} look_faults[] = {
	[LAST_LOOK_UNCLEAR] = { "run it again when the broker can be asked; your word counts "
				"only after its own",
	    ERR_ORDER_OUTCOME_UNKNOWN, true },
	[LAST_LOOK_WORKS] = { "cancel it if it is not wanted any more",
	    ERR_ORDER_VALIDATION_FAILED, true },
	[LAST_LOOK_EARLY] = { "run it again at that time, or later",
	    ERR_ORDER_OUTCOME_UNKNOWN, false },
	[LAST_LOOK_UNSHOWN] = { "look at its executions and at the broker's own screen; if "
				"that does not show it as working either, run it again with "
				"--accept-absent --reason TEXT",
	    ERR_ORDER_OUTCOME_UNKNOWN, false },
	[LAST_LOOK_OVERTAKEN] = { "run it again", ERR_ORDER_OUTCOME_UNKNOWN,
	    true },
	[LAST_LOOK_ACCEPTED] = { .action = NULL },
};

/* What was not shown before stays open as long as nobody can be asked. */
static bool
is_still_unshown(const struct last_look *look)
{
	return look->end == LAST_LOOK_UNCLEAR && look->row->unshown_ns;
}

static bool
is_fault(const struct last_look *look)
{
	return look_faults[look->end].action &&
	       (look->accept_absent || is_still_unshown(look) ||
		   !look_faults[look->end].with_word);
}

/* How the order stands is not what was hoped for: 0, or the fault. */
static int
look_judge(
    const struct last_look *look, struct json_object *obj, struct err *err)
{
	const struct order_row *row = look->row;

	if (!is_fault(look))
		return 0;
	(void)err_set(err, look_faults[look->end].code,
	    "the order '%s' of the key '%s'%s%s is '%s' here: %s",
	    row->broker_order_id, row->key, *row->leg ? ", " : "", row->leg,
	    order_status_name(row->status),
	    look->note.len                 ? buf_text(&look->note)
	    : look->end == LAST_LOOK_WORKS ? "the broker says so, too"
					   : "it changed meanwhile");
	err_action(err, "%s", look_faults[look->end].action);
	return look_faults[look->end].code == ERR_ORDER_OUTCOME_UNKNOWN
		   ? unknown(obj, err)
		   : err_class(err);
}

/* All its legs are settled, and one of their orders has not ended yet. */
static int
still_waits(const struct intent *whole, struct err *err)
{
	CLEANUP_ERR struct err why = ERR_INIT;

	(void)settlement_fault_read(whole->error, &why);
	(void)err_set(err, ERR_ORDER_OUTCOME_UNKNOWN,
	    "it is not known yet how the bracket with the key '%s' ends: %s",
	    whole->key, err_text(&why));
	err_action(err, "run `ibkr-agent reconcile` until its orders have "
			"ended, or this again: it says of each order of the "
			"bracket how it stands");
	if (err)
		err->unknown = true;
	return IAG_UNKNOWN;
}

static int
answer(struct resolve *resolve, struct buf *out, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	int ret = 0;

	if (!obj || result_build(resolve, obj))
		return err_no_memory(err);
	for (size_t i = 0; i < resolve->open.count; i++) {
		if (!is_settled(&resolve->inquiries[i]))
			return still_open(&resolve->inquiries[i], obj, err);
	}
	for (size_t i = 0; i < resolve->working.count && ret == 0; i++)
		ret = look_judge(&resolve->looks[i], obj, err);
	if (ret)
		return ret;
	if (resolve->whole.operation == OPERATION_GROUP &&
	    resolve->whole.state == INTENT_UNKNOWN)
		return still_waits(&resolve->whole, err);
	json_write(out, obj, 0);
	return 0;
}

/* As it is after all that; what was freed meanwhile is not there any more. */
static int
reload_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct resolve *resolve = arg;
	CLEANUP_INTENT struct intent now;
	int ret;

	intent_init(&now);
	ret = intent_get(
	    txn, resolve->hash, resolve->request->key, "", &now, err);
	if (ret)
		return ret == IAG_NOTFOUND ? 0 : ret;
	intent_fini(&resolve->whole);
	resolve->whole = now;
	intent_init(&now);
	return 0;
}

int
reconcile_resolve(struct order_call *call,
    const struct resolve_request *request, struct buf *out, struct err *err)
{
	CLEANUP_RESOLVE struct resolve resolve = {
		.call = call,
		.request = request,
	};
	int ret = request_check(request, err);

	(void)settle_queue_retry(call->desk);
	if (ret == 0)
		ret = load(&resolve, err);
	if (ret == 0)
		ret = ask(&resolve, err);
	if (ret == 0)
		ret = look(&resolve, err);
	if (ret == 0)
		ret = journal_view(
		    desk_journal(call->desk), reload_step, &resolve, err);
	return ret ? ret : answer(&resolve, out, err);
}

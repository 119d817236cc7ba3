/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One pass: what could not be settled, rows that are missing, intents that
 * nobody answers for, references that are watched, orders that work.
 */

#include "orders/reconcile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "journal/outcome.h"
#include "orders/inquiry.h"
#include "orders/pass.h"
#include "orders/row.h"
#include "orders/settlequeue.h"

/*
 * So long a question may wait for its turn under the broker's limits; a short
 * pass keeps a quarter of its time.
 */
#define TURN_WAIT_NS (6 * NS_PER_S)
#define NOTES_MAX 100
#define UPDATE_NS (10 * NS_PER_S)
/* An operator waits so long for the pass of another process. */
#define TURN_NS (5 * NS_PER_S)

static const struct iag_bytes reconcile_key = { "journal/reconcile", 17 };

static void __attribute__((format(printf, 2, 0)))
text_add(struct json_object *list, const char *fmt, va_list ap)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (json_object_array_length(list) >= NOTES_MAX)
		return;
	buf_vprintf(&text, fmt, ap);
	if (!text.failed)
		(void)json_object_array_add(
		    list, json_object_new_string(buf_text(&text)));
}

void
pass_note(struct pass *pass, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_add(pass->notes, fmt, ap);
	va_end(ap);
}

void
pass_change(struct pass *pass, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_add(pass->changes, fmt, ap);
	va_end(ap);
}

bool
pass_is_over(const struct pass *pass)
{
	return call_is_over(pass->call->call);
}

bool
pass_is_short(const struct pass *pass, size_t asked)
{
	uint64_t end_ns = call_deadline_ns(pass->call->call);
	uint64_t quarter_ns =
	    end_ns > pass->begun_ns ? (end_ns - pass->begun_ns) / 4 : 0;
	uint64_t kept_ns =
	    quarter_ns < TURN_WAIT_NS ? quarter_ns : TURN_WAIT_NS;

	return pass_is_over(pass) ||
	       (asked > 0 && clock_boot_ns() + kept_ns > end_ns);
}

int
pass_update(struct pass *pass, journal_step *step, void *arg, struct err *err)
{
	struct call *call = call_new(clock_boot_ns() + UPDATE_NS);
	int ret;

	if (!call)
		return err_no_memory(err);
	ret = journal_update_reserved(
	    desk_journal(pass->call->desk), call, step, arg, err);
	call_unref(call);
	return ret;
}

int
pass_record(const struct pass *pass, struct journal_txn *txn,
    const char *event_type, const char *account, struct json_object *metadata,
    struct err *err)
{
	CLEANUP_JSON struct json_object *given = metadata;
	struct audit_event event = *pass->call->event;

	if (!given)
		return err_no_memory(err);
	event.event_id[0] = '\0';
	event.account = account;
	event.output.data = NULL;
	event.metadata = given;
	audit_outcome(&event, event_type, NULL);
	return txn_audit(txn, &event, err);
}

void
intent_list_fini(struct intent_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		intent_fini(&list->items[i]);
	free(list->items);
	*list = (struct intent_list){ .items = NULL };
}

int
intent_list_take(struct intent *intent, void *arg, struct err *err)
{
	struct intent_list *list = arg;
	struct intent *items =
	    row_list_room(list->items, list->count, sizeof(*items));

	if (!items)
		return err_no_memory(err);
	list->items = items;
	list->items[list->count++] = *intent;
	intent_init(intent);
	return 0;
}

static int
unsettled_step(struct journal_txn *txn, void *arg, struct err *err)
{
	intent_list_fini(arg);
	return intent_walk_unsettled(txn, NULL, intent_list_take, arg, err);
}

static void
inquiry_count(struct pass *pass, const struct inquiry *q)
{
	const struct intent *intent = q->intent;

	if (q->end == INQUIRY_OWNED)
		return;
	pass->scanned++;
	if (q->end == INQUIRY_SETTLED)
		pass->settled++;
	else if (q->end != INQUIRY_OVERTAKEN) {
		pass->unknown++;
		pass->unresolved++;
	}
	if (q->end == INQUIRY_SETTLED)
		pass_change(pass, "%s '%s'%s%s is %s",
		    order_operation_name(intent->operation), intent->key,
		    *intent->leg ? ", " : "", intent->leg,
		    intent_state_name(intent->state));
	else if (q->note.len)
		pass_note(pass, "%s '%s'%s%s: %s",
		    order_operation_name(intent->operation), intent->key,
		    *intent->leg ? ", " : "", intent->leg, buf_text(&q->note));
}

/* The key by which intents stand in order. */
static void
intent_place(const struct pass *pass, const struct intent *intent,
    char place[INTENT_KEY_SIZE])
{
	char hash[HASH_HEX_SIZE];

	journal_account_hash(
	    desk_journal(pass->call->desk), intent->account, hash);
	(void)intent_row_key(hash, intent->key, intent->leg, (uint8_t *)place);
}

/*
 * Those that had no turn the last time come first; in an adopted store those
 * behind the last that was asked about.
 */
static size_t
intents_begin(const struct pass *pass, const struct intent_list *list)
{
	char place[INTENT_KEY_SIZE];
	size_t at = 0;

	if (!pass->waits)
		return list->count ? pass->memory->intents_from % list->count
				   : 0;
	for (; at < list->count; at++) {
		intent_place(pass, &list->items[at], place);
		if (strcmp(place, pass->adopted_to) > 0)
			break;
	}
	return at;
}

/* Another one was asked about: in a row from the first, or with a gap. */
static void
adoption_step(
    struct pass *pass, const struct intent *intent, enum inquiry_end end)
{
	pass->is_partial |= end != INQUIRY_OWNED && !inquiry_is_answered(end);
	if (!pass->is_partial)
		intent_place(pass, intent, pass->adopted_to);
}

static int
intents_ask(struct pass *pass, const struct intent_list *list, struct err *err)
{
	size_t from = intents_begin(pass, list);
	int ret = 0;

	pass->memory->intents_from = 0;
	for (size_t i = 0; i < list->count && ret == 0; i++) {
		CLEANUP_INQUIRY struct inquiry q = {
			.call = pass->call,
			.intent = &list->items[(from + i) % list->count],
		};

		/* a bracket follows its legs */
		if (q.intent->operation == OPERATION_GROUP)
			continue;
		if (pass_is_short(pass, i)) {
			pass->is_partial |= from + i < list->count;
			pass->memory->intents_from = from + i;
			pass_note(pass, "the time was over before all were "
					"asked about");
			break;
		}
		ret = inquiry_run(&q, err);
		if (ret == 0)
			inquiry_count(pass, &q);
		if (ret == 0 && pass->waits && from + i < list->count)
			adoption_step(pass, q.intent, q.end);
	}
	return ret;
}

static int
intents_look(struct pass *pass, struct err *err)
{
	struct intent_list list = { .items = NULL };
	int ret = journal_view(
	    desk_journal(pass->call->desk), unsettled_step, &list, err);

	if (ret == 0)
		ret = intents_ask(pass, &list, err);
	intent_list_fini(&list);
	return ret;
}

/* ---- an adopted store (ruling 25) */

/*
 * It waits as long as the row is there, which says how far the passes before
 * came; IAG_NOTFOUND: it does not wait.
 */
static int
adopted_row(struct journal_txn *txn, struct json_object **ret_row,
    const char **ret_asked_to, struct err *err)
{
	int ret = row_get(
	    txn, TABLE_STATE, reconcile_key, ret_row, "the adopted store", err);

	if (ret == 0)
		*ret_asked_to = json_get_str(*ret_row, "asked_to", "");
	return ret;
}

static int
waits_step(struct journal_txn *txn, void *arg, struct err *err)
{
	CLEANUP_JSON struct json_object *row = NULL;
	struct pass *pass = arg;
	const char *asked_to = "";
	int ret = adopted_row(txn, &row, &asked_to, err);

	pass->waits = ret == 0;
	(void)snprintf(
	    pass->adopted_to, sizeof(pass->adopted_to), "%s", asked_to);
	return ret == IAG_NOTFOUND ? 0 : ret;
}

/* So far for now: the next pass goes on behind it. */
static int
advance_step(struct journal_txn *txn, void *arg, struct err *err)
{
	CLEANUP_JSON struct json_object *row = NULL;
	struct pass *pass = arg;
	const char *asked_to;
	int ret = adopted_row(txn, &row, &asked_to, err);

	if (ret || strcmp(asked_to, pass->adopted_to) == 0)
		return ret == IAG_NOTFOUND ? 0 : ret;
	json_object_object_del(row, "asked_to");
	if (json_add_str(row, "asked_to", pass->adopted_to))
		return err_no_memory(err);
	ret = row_put(txn, TABLE_STATE, reconcile_key, row, err);
	return ret ? ret
		   : pass_record(pass, txn, "store_reconcile_advanced", NULL,
			 json_object_new_object(), err);
}

static int
reopen_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct pass *pass = arg;
	int ret = txn_del(txn, TABLE_STATE, reconcile_key, err);

	if (ret)
		return ret == IAG_NOTFOUND ? 0 : ret;
	return pass_record(
	    pass, txn, "store_reconciled", NULL, json_object_new_object(), err);
}

static int
adoption_begin(struct pass *pass, struct err *err)
{
	return journal_view(
	    desk_journal(pass->call->desk), waits_step, pass, err);
}

static int
adoption_end(struct pass *pass, struct err *err)
{
	int ret;

	if (!pass->waits)
		return 0;
	if (pass->is_partial) {
		pass_note(pass,
		    "the store was adopted and takes no new orders until "
		    "reconcile could ask about everything");
		ret = pass_update(pass, advance_step, pass, err);
		return ret == IAG_REJECTED ? 0 : ret;
	}
	ret = pass_update(pass, reopen_step, pass, err);
	if (ret == 0)
		pass_change(pass, "the adopted store takes orders again");
	return ret;
}

/* ---- the pass */

static int
pass_run(struct pass *pass, struct err *err)
{
	int ret = adoption_begin(pass, err);

	if (ret == 0)
		ret = rebuild_rows(pass, err);
	if (ret == 0)
		ret = intents_look(pass, err);
	if (ret == 0 && !pass->memory->skips_watched)
		ret = landing_look(pass, err);
	if (ret == 0)
		ret = follow_orders(pass, err);
	return ret ? ret : adoption_end(pass, err);
}

static int
result_write(struct pass *pass, bool busy, struct buf *out, struct err *err)
{
	CLEANUP_JSON struct json_object *obj = json_object_new_object();
	int ret = obj ? json_add_bool(obj, "busy", busy) : IAG_NOMEM;

	if (ret == 0)
		ret = json_add_int(obj, "scanned", pass->scanned);
	if (ret == 0)
		ret = json_add_int(obj, "settled", pass->settled);
	if (ret == 0)
		ret = json_add_int(obj, "unknown", pass->unknown);
	if (ret == 0)
		ret = json_add_int(obj, "transitions", pass->transitions);
	if (ret == 0)
		ret = json_add_int(obj, "unchanged", pass->unchanged);
	if (ret == 0)
		ret = json_add_int(obj, "unresolved", pass->unresolved);
	if (ret == 0)
		ret = json_add_int(obj, "rebuilt", pass->rebuilt);
	if (ret == 0)
		ret = json_add_int(obj, "late_landings", pass->landed);
	if (ret == 0)
		ret = json_add(obj, "changes", json_object_get(pass->changes));
	if (ret == 0)
		ret = json_add(obj, "notes", json_object_get(pass->notes));
	if (ret)
		return err_no_memory(err);
	json_write(out, obj, 0);
	return 0;
}

/* The reconciler's turn; *ret_turn NULL: another process has it. */
static int
turn_take(
    struct order_call *call, struct store_guard **ret_turn, struct err *err)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	uint64_t now_ns = clock_boot_ns();
	struct call *own =
	    call_new(call->is_operator ? now_ns + TURN_NS : now_ns);
	int ret;

	if (!own)
		return err_no_memory(err);
	ret = journal_guard_take(desk_journal(call->desk), own,
	    GUARD_RECONCILER, true, ret_turn, &fault);
	call_unref(own);
	if (ret == IAG_AGAIN)
		return 0; /* whoever had it may be gone by now: no matter */
	if (ret)
		err_move(err, &fault);
	return ret;
}

void
reconcile_memory_fini(struct reconcile_memory *memory)
{
	buf_fini(&memory->rows_from);
}

int
reconcile_pass(struct order_call *call, struct reconcile_memory *memory,
    struct buf *out, struct err *err)
{
	/* a pass by itself begins somewhere else each time */
	const size_t from = (size_t)(clock_real_ns() / NS_PER_S);
	struct reconcile_memory none = {
		.intents_from = from,
		.watched_from = from,
		.sought_from = from,
	};
	struct pass pass = {
		.call = call,
		.memory = memory ? memory : &none,
		.begun_ns = clock_boot_ns(),
		.notes = json_object_new_array(),
		.changes = json_object_new_array(),
	};
	struct store_guard *turn = NULL;
	int ret = pass.notes && pass.changes ? turn_take(call, &turn, err)
					     : err_no_memory(err);

	if (ret == 0 && turn) {
		(void)settle_queue_retry(call->desk);
		ret = pass_run(&pass, err);
	} else if (ret == 0) {
		pass_note(&pass, "another process is reconciling");
	}
	if (ret == 0)
		ret = result_write(&pass, !turn, out, err);
	journal_guard_drop(turn);
	(void)json_object_put(pass.notes);
	(void)json_object_put(pass.changes);
	reconcile_memory_fini(&none);
	return ret;
}

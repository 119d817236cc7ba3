/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "orders/lastlook.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "orders/departed.h"
#include "orders/inquiry.h"
#include "orders/pass.h"
#include "orders/settlement.h"

static const char *const end_names[] = {
	[LAST_LOOK_UNCLEAR] = "unclear",
	[LAST_LOOK_WORKS] = "works",
	[LAST_LOOK_ENDED] = "ended",
	[LAST_LOOK_EARLY] = "waiting",
	[LAST_LOOK_UNSHOWN] = "absent",
	[LAST_LOOK_ACCEPTED] = "accepted",
	[LAST_LOOK_OVERTAKEN] = "overtaken",
};

const char *
last_look_name(enum last_look_end end)
{
	return end_names[end];
}

void
last_look_fini(struct last_look *look)
{
	buf_fini(&look->note);
}

/* ---- the operator's word */

struct word_step {
	struct pass *pass;
	struct last_look *look;
	const char *filled; /* by the trades; NULL: none is known */
	char hash[HASH_HEX_SIZE];
	bool is_changing;
};

/* Its reference is watched, like that of a request that was not found. */
static int
watch(struct journal_txn *txn, const struct word_step *step,
    const struct order_row *row, struct err *err)
{
	CLEANUP_INTENT struct intent intent;
	int ret;

	intent_init(&intent);
	ret = intent_get(txn, step->hash, row->key, row->leg, &intent, err);
	if (ret || intent.state != INTENT_DONE)
		return ret == IAG_NOTFOUND ? 0 : ret;
	intent.watched_ns = txn_now_ns(txn) + INTENT_WATCH_NS;
	return intent_put(txn, &intent, step->hash, err);
}

static int
word_record(struct journal_txn *txn, const struct word_step *step,
    const struct order_row *row, uint32_t before, struct err *err)
{
	struct json_object *obj = json_object_new_object();
	int ret = json_add_str(obj, "idempotency_key", row->key);

	if (ret == 0 && *row->leg)
		ret = json_add_str(obj, "leg", row->leg);
	if (ret == 0)
		ret = json_add_str(obj, "client_order_id", row->client_ref);
	if (ret == 0)
		ret =
		    json_add_str(obj, "broker_order_id", row->broker_order_id);
	if (ret == 0)
		ret = json_add_str(
		    obj, "previous_status", order_status_name(before));
	if (ret == 0)
		ret = json_add_str(
		    obj, "current_status", order_status_name(row->status));
	if (ret == 0)
		ret =
		    json_add_str(obj, "filled_quantity", row->filled_quantity);
	if (ret == 0)
		ret = json_add_str(obj, "reason", step->look->reason);
	if (ret) {
		(void)json_object_put(obj);
		obj = NULL;
	}
	return pass_record(
	    step->pass, txn, "order_absence_accepted", row->account, obj, err);
}

/* What the list told last, or the trades tell, whichever is more. */
static int
filled_set(struct order_row *row, const char *filled, struct err *err)
{
	CLEANUP_DEC struct dec one, other;

	dec_init(&one);
	dec_init(&other);
	if (!filled || dec_parse(&one, filled, NULL) ||
	    (row->filled_quantity &&
		dec_parse(&other, row->filled_quantity, NULL) == 0 &&
		dec_cmp(&one, &other) < 0))
		return 0;
	return text_set(&row->filled_quantity, filled, err);
}

static int
row_end(
    struct order_row *row, const char *filled, uint64_t now_ns, struct err *err)
{
	int ret = text_set(&row->broker_status, ORDER_HELD_ENDED, err);

	row->status = IAG_STATUS_CANCELLED;
	row->unshown_ns = 0;
	row->updated_ns = now_ns;
	return ret ? ret : filled_set(row, filled, err);
}

/*
 * A change that is open may be at the broker, and what it is about with it;
 * IAG_REJECTED without text: it is settled first.
 */
static int
change_check(struct journal_txn *txn, struct word_step *step,
    const struct order_row *row, struct err *err)
{
	int ret = intent_modifies(txn, step->hash, row->broker_order_id,
	    row->broker_order_id, &step->is_changing, err);

	return ret == 0 && step->is_changing ? IAG_REJECTED : ret;
}

/* What changed since it was looked at is looked at again first. */
static int
word_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct word_step *step = arg;
	const struct order_row *seen = step->look->row;
	CLEANUP_ORDER_ROW struct order_row row;
	uint32_t before;
	int ret;

	step->is_changing = false;
	order_row_init(&row);
	ret = order_row_get(txn, step->hash, seen->broker_order_id, &row, err);
	if (ret)
		return ret == IAG_NOTFOUND ? IAG_REJECTED : ret;
	if (row.updated_ns != seen->updated_ns ||
	    order_status_is_terminal(row.status))
		return IAG_REJECTED;
	before = row.status;
	ret = change_check(txn, step, &row, err);
	if (ret == 0)
		ret = row_end(&row, step->filled, txn_now_ns(txn), err);
	if (ret == 0)
		ret = order_row_put(txn, &row, step->hash, err);
	if (ret == 0)
		ret = watch(txn, step, &row, err);
	/* a bracket may have waited for its end */
	if (ret == 0)
		ret = settlement_group(txn, row.key, row.leg, step->hash, err);
	return ret ? ret : word_record(txn, step, &row, before, err);
}

static void
changing(struct last_look *look)
{
	look->end = LAST_LOOK_UNCLEAR;
	buf_fini(&look->note);
	buf_str(&look->note,
	    "a modify of it is not settled: resolve that first, "
	    "`ibkr-agent orders pending` has its key");
}

static int
accept(struct pass *pass, struct last_look *look, const struct departed *seen,
    struct err *err)
{
	struct word_step step = {
		.pass = pass,
		.look = look,
		.filled = seen->ack.filled_quantity,
	};
	int ret;

	journal_account_hash(
	    desk_journal(look->call->desk), look->row->account, step.hash);
	ret = pass_update(pass, word_step, &step, err);
	look->end = ret ? LAST_LOOK_OVERTAKEN : LAST_LOOK_ACCEPTED;
	if (ret == IAG_REJECTED && step.is_changing)
		changing(look);
	return ret == IAG_REJECTED ? 0 : ret;
}

/* ---- the look */

/* Lists lag behind; the writer says how long a request may be on its way. */
static bool
is_early(struct last_look *look)
{
	CLEANUP_BUF struct buf none = BUF_INIT;
	const struct order_row *row = look->row;
	struct instance *writer = inquiry_writer(
	    look->call, row->mode, row->writer, row->connection, &none);

	look->again_ns =
	    row->updated_ns + (writer ? writer_max_flight_ns(writer) : 0);
	return clock_real_ns() < look->again_ns;
}

static int
unshown(struct pass *pass, struct last_look *look, const struct departed *seen,
    struct err *err)
{
	char time[CLOCK_TEXT_SIZE];

	look->end = LAST_LOOK_UNSHOWN;
	buf_str(&look->note,
	    "the broker does not show it any more, nor how it ended");
	if (!is_early(look))
		return look->accept_absent ? accept(pass, look, seen, err) : 0;
	look->end = LAST_LOOK_EARLY;
	clock_format(look->again_ns + NS_PER_MS - 1, time);
	buf_printf(&look->note,
	    "; its last change is too recent: a look at %s or later counts",
	    time);
	return 0;
}

static int
judge(struct pass *pass, struct last_look *look, const struct departed *seen,
    struct err *err)
{
	switch (seen->end) {
	case DEPARTED_UNSHOWN:
		return unshown(pass, look, seen, err);
	case DEPARTED_TOLD:
		look->end = order_status_is_terminal(seen->ack.status)
				? LAST_LOOK_ENDED
				: LAST_LOOK_WORKS;
		return 0;
	case DEPARTED_UNCLEAR:
		break;
	}
	look->end = LAST_LOOK_UNCLEAR;
	buf_str(&look->note, seen->why.len
				 ? buf_text(&seen->why)
				 : "the broker does not say how it stands");
	return 0;
}

/* It may have another id by now. */
static int
reread(struct last_look *look, struct err *err)
{
	struct journal *journal = desk_journal(look->call->desk);
	CLEANUP_FREE char *id = strdup(look->row->broker_order_id);
	char hash[HASH_HEX_SIZE];

	if (!id)
		return err_no_memory(err);
	journal_account_hash(journal, look->row->account, hash);
	return order_row_look(journal, hash, id, look->row, err);
}

/* An end that the row did not take over; the first note says why. */
static void
compare(struct last_look *look, struct json_object *notes)
{
	const char *why =
	    json_object_get_string(json_object_array_get_idx(notes, 0));

	if (look->end != LAST_LOOK_ENDED ||
	    order_status_is_terminal(look->row->status))
		return;
	look->end = why ? LAST_LOOK_UNCLEAR : LAST_LOOK_OVERTAKEN;
	if (why)
		buf_str(&look->note, why);
}

int
last_look_run(struct last_look *look, struct err *err)
{
	CLEANUP_DEPARTED struct departed seen = { .end = DEPARTED_UNCLEAR };
	CLEANUP_JSON struct json_object *notes = json_object_new_array();
	CLEANUP_JSON struct json_object *changes = json_object_new_array();
	struct reconcile_memory none = { .skips_watched = false };
	struct pass pass = {
		.call = look->call,
		.memory = &none,
		.notes = notes,
		.changes = changes,
	};
	int ret = notes && changes ? follow_order(&pass, look->row, &seen, err)
				   : err_no_memory(err);

	if (ret == 0)
		ret = judge(&pass, look, &seen, err);
	if (ret == 0)
		ret = reread(look, err);
	if (ret == 0)
		compare(look, notes);
	return ret;
}

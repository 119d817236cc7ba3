/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "orders/inquiry.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "base/zone.h"
#include "journal/outcome.h"
#include "orders/listing.h"
#include "orders/sighting.h"
#include "orders/writecore.h"

/* Where the broker's order days begin. */
#define ORDER_DAY_ZONE "America/New_York"
/* How long a settlement may wait for the store. */
#define SETTLE_NS (10 * NS_PER_S)

static const char *const end_names[] = {
	[INQUIRY_OWNED] = "owned",
	[INQUIRY_ELSEWHERE] = "elsewhere",
	[INQUIRY_UNCLEAR] = "unclear",
	[INQUIRY_WAITING] = "waiting",
	[INQUIRY_ABSENT] = "absent",
	[INQUIRY_SETTLED] = "settled",
	[INQUIRY_OVERTAKEN] = "overtaken",
};

const char *
inquiry_end_name(enum inquiry_end end)
{
	return end_names[end];
}

bool
inquiry_is_answered(enum inquiry_end end)
{
	return end != INQUIRY_OWNED && end != INQUIRY_ELSEWHERE &&
	       end != INQUIRY_UNCLEAR;
}

void
inquiry_fini(struct inquiry *inquiry)
{
	buf_fini(&inquiry->note);
}

/* Its owner is dead, or of a store that this one was copied from. */
static int
owner_is_gone(const struct inquiry *q, bool *ret_gone, struct err *err)
{
	struct desk *desk = q->call->desk;

	*ret_gone = true;
	if (q->intent->incarnation != journal_incarnation(desk_journal(desk)))
		return 0;
	return desk_owner_is_gone(desk, q->intent->owner, ret_gone, err);
}

struct instance *
inquiry_writer(struct order_call *call, uint32_t mode, const char *writer,
    const char *connection, struct buf *note)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct instance *instance = NULL;
	const char *why = desk_writer_fault(call->desk, mode, writer);

	if (connection &&
	    strcmp(connection, desk_connection(call->desk)) != 0) {
		buf_printf(note,
		    "it is at the writer '%s' on '%s', this process is "
		    "connected to '%s': reconcile where that is configured",
		    writer, connection, desk_connection(call->desk));
		return NULL;
	}
	if (!why && desk_writer(call->desk, mode, writer, &instance, &fault))
		why = err_text(&fault);
	if (why)
		buf_printf(note,
		    "it needs the writer '%s', which cannot be asked here: %s",
		    writer, why);
	return why ? NULL : instance;
}

/* ---- settling */

/* A first complete look without it. */
struct first_look {
	const char *session; /* NULL: it counts for the operator's word only */
};

struct settle_step {
	struct inquiry *q;
	const struct settlement *how;
	const struct first_look *first; /* to be noted; NULL: none */
	enum intent_state before;       /* a step may run again */
};

static int
record_write(const struct settle_step *step, struct journal_txn *txn,
    enum intent_state before, struct err *err)
{
	CLEANUP_JSON struct json_object *metadata = json_object_new_object();
	const struct inquiry *q = step->q;
	const struct intent *intent = q->intent;
	struct audit_event event = *q->call->event;
	int ret = metadata ? 0 : IAG_NOMEM;

	event.event_id[0] = '\0';
	event.account = intent->account;
	event.output.data = NULL;
	audit_outcome(&event,
	    q->accept_absent && intent->state == INTENT_REFUSED
		? "order_absence_accepted"
		: "order_intent_reconciled",
	    NULL);
	event.outcome = intent->state == INTENT_DONE      ? "done"
			: intent->state == INTENT_REFUSED ? "refused"
							  : "unknown";
	if (ret == 0)
		ret = json_add_str(metadata, "idempotency_key", intent->key);
	if (ret == 0 && *intent->leg)
		ret = json_add_str(metadata, "leg", intent->leg);
	if (ret == 0)
		ret = json_add_str(
		    metadata, "client_order_id", intent->client_ref);
	if (ret == 0)
		ret = json_add_str(
		    metadata, "broker_order_id", intent->broker_order_id);
	if (ret == 0)
		ret = json_add_str(
		    metadata, "previous_state", intent_state_name(before));
	if (ret == 0)
		ret = json_add_str(
		    metadata, "intent_state", intent_state_name(intent->state));
	if (ret == 0)
		ret = json_add_str(metadata, "reason", q->reason);
	if (ret)
		return err_no_memory(err);
	event.metadata = metadata;
	return txn_audit(txn, &event, err);
}

/* The first look without it, for the second one. */
static int
first_look_put(
    const struct settle_step *step, struct journal_txn *txn, struct err *err)
{
	struct intent *intent = step->q->intent;
	char hash[HASH_HEX_SIZE];
	int ret;

	if (!step->first)
		return 0;
	ret = text_set(&intent->absent_session, step->first->session, err);
	intent->absent_ns = step->q->seen_ns;
	journal_account_hash(
	    desk_journal(step->q->call->desk), intent->account, hash);
	return ret ? ret : intent_put(txn, intent, hash, err);
}

static int
settle_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct settle_step *step = arg;
	struct intent *intent = step->q->intent;
	int ret =
	    settle_apply(step->q->call->desk, txn, intent, step->how, err);

	/* nothing new */
	if (ret == 0 && !step->first && step->before == INTENT_UNKNOWN &&
	    intent->state == INTENT_UNKNOWN)
		return IAG_REJECTED;
	if (ret == 0)
		ret = first_look_put(step, txn, err);
	return ret ? ret : record_write(step, txn, step->before, err);
}

static int
settle(struct inquiry *q, const struct settlement *how,
    const struct first_look *first, enum inquiry_end end, struct err *err)
{
	struct settle_step step = { q, how, first, q->intent->state };
	struct call *call = call_new(clock_boot_ns() + SETTLE_NS);
	int ret;

	if (!call)
		return err_no_memory(err);
	ret = journal_update_reserved(
	    desk_journal(q->call->desk), call, settle_step, &step, err);
	call_unref(call);
	q->end = ret == IAG_REJECTED ? INQUIRY_OVERTAKEN : end;
	if (q->intent->state == INTENT_UNKNOWN &&
	    how->state != INTENT_UNKNOWN) {
		q->names_other = true;
		q->end = INQUIRY_UNCLEAR;
	}
	return ret == IAG_REJECTED ? 0 : ret;
}

static int
settle_seen(struct inquiry *q, const struct sighting *sighting, struct err *err)
{
	struct writer_result got = { .sent = true };
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct write_outcome end;

	write_classify(0, &got, sighting->ack, &fault, &end);
	if (sighting->kind == SIGHTING_REFUSED) {
		(void)err_set(&fault, ERR_BROKER_RESPONSE_INVALID, "%s",
		    buf_text(&sighting->why));
		end.how.state = INTENT_REFUSED;
		end.how.fault = &fault;
	}
	return settle(q, &end.how, NULL, INQUIRY_SETTLED, err);
}

/* Nobody answers for it: it is unknown, and says so to whoever asks. */
static int
settle_unknown(struct inquiry *q, const struct first_look *first,
    enum inquiry_end end, struct err *err)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	const struct settlement how = {
		.state = INTENT_UNKNOWN,
		.fault = q->intent->error ? NULL : &fault,
	};

	/* nothing new */
	if (q->intent->state == INTENT_UNKNOWN && !first) {
		q->end = end;
		return 0;
	}
	(void)err_set(&fault, ERR_ORDER_OUTCOME_UNKNOWN,
	    "the process that was sending it is gone");
	return settle(q, &how, first, end, err);
}

static int
settle_absent(struct inquiry *q, struct err *err)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	const struct settlement how = {
		.state = INTENT_REFUSED,
		.fault = &fault,
		.is_watched = q->intent->operation == OPERATION_SUBMIT,
	};

	(void)err_set(&fault, ERR_BROKER_RESPONSE_INVALID, "%s: %s",
	    q->intent->operation == OPERATION_SUBMIT
		? "the broker does not have the order"
		: "the order at the broker is as it was",
	    q->accept_absent ? "the operator has accepted what was read"
			     : "two complete reads say so");
	err_action(&fault, "if it is still wanted, preview it again and use a "
			   "new key");
	return settle(q, &how, NULL, INQUIRY_SETTLED, err);
}

/* ---- absence */

static int
is_same_day(uint64_t one_ns, uint64_t other_ns, bool *ret_same, struct err *err)
{
	uint64_t one, other;
	int ret =
	    zone_session_start(ORDER_DAY_ZONE, "00:00", one_ns, &one, err);

	if (ret == 0)
		ret = zone_session_start(
		    ORDER_DAY_ZONE, "00:00", other_ns, &other, err);
	if (ret == 0)
		*ret_same = one == other;
	return ret;
}

/* What is known besides the read itself. */
static int
absence_fill(struct inquiry *q, struct instance *writer,
    struct absence *absence, struct err *err)
{
	const struct intent *intent = q->intent;
	int ret;

	*absence = (struct absence){
		.recorded_ns = intent->recorded_ns,
		/* nobody noted when the send was over; it was at this look */
		.sent_ns = intent->absent_ns ? intent->absent_ns : q->seen_ns,
		.max_flight_ns = writer_max_flight_ns(writer),
		.first_ns = intent->absent_ns,
		.first_session = intent->absent_session,
		.now_ns = q->seen_ns,
	};
	ret = is_same_day(
	    intent->recorded_ns, absence->now_ns, &absence->same_day, err);
	/* trades say nothing of a cancel, nor of what only simulates */
	if (ret || intent->operation != OPERATION_SUBMIT || intent->simulated)
		return ret;
	return listing_traded(q->call, intent->account, intent->client_ref,
	    intent->broker_order_id, intent->recorded_ns, &absence->in_trades,
	    err);
}

/* Given up by its caller, the call that sends it may still be at it. */
static bool
send_goes_on(const struct inquiry *q)
{
	struct journal *journal = desk_journal(q->call->desk);
	char name[GUARD_NAME_SIZE];

	if (q->intent->incarnation != journal_incarnation(journal))
		return false;
	guard_name_sending(name, q->intent->owner);
	return journal_guard_check(journal, name, NULL) != 0;
}

/* Why a look without it proves nothing, except that it is the first. */
static const char *
doubt_of(const struct absence *absence, const struct writer_find_result *find)
{
	if (absence->in_trades)
		return "it is not among the orders, but a trade names it: "
		       "look at the executions";
	if (!find->complete)
		return "the broker's answer was not complete";
	if (!absence->same_day || !find->session || !find->since_ns ||
	    find->since_ns > absence->recorded_ns)
		return "the broker does not show it, but what it shows does "
		       "not reach back to when it was sent";
	return NULL;
}

/* When another look can prove something. */
static void
again_tell(struct inquiry *q, const struct absence *absence)
{
	char time[CLOCK_TEXT_SIZE];

	q->again_ns = absence_again_ns(absence);
	/* times are told in milliseconds, and never too early */
	clock_format(q->again_ns + NS_PER_MS - 1, time);
	buf_printf(&q->note,
	    "the broker did not show it in a first look; a second one, at %s "
	    "or later, %s",
	    time,
	    q->accept_absent ? "is needed before your word counts"
			     : "may prove that it is not there");
}

/* Live: what is proven waits for the operator's word. */
static int
proven(struct inquiry *q, struct err *err)
{
	if (q->intent->mode == IAG_MODE_PAPER || q->accept_absent)
		return settle_absent(q, err);
	buf_str(&q->note,
	    "two complete reads and the trades are without it; look at the "
	    "broker's own screen, then resolve it with --accept-absent");
	return settle_unknown(q, NULL, INQUIRY_ABSENT, err);
}

/* Noted, so that a later look is the second one. */
static int
first_look(struct inquiry *q, const struct absence *absence,
    const struct writer_find_result *find, struct err *err)
{
	struct absence anew = *absence;
	struct first_look first = { .session = find->session };
	uint64_t now_ns = clock_real_ns();

	/* the second read begins long enough after this one has ended */
	if (now_ns > q->seen_ns)
		q->seen_ns = now_ns;
	anew.first_ns = 0;
	anew.sent_ns = anew.now_ns = q->seen_ns;
	if (absence_judge(&anew, find) != ABSENCE_FIRST)
		first.session = NULL;
	if (first.session || q->accept_absent) {
		again_tell(q, &anew);
		return settle_unknown(q, &first, INQUIRY_WAITING, err);
	}
	buf_str(&q->note, doubt_of(absence, find));
	return settle_unknown(q, &first, INQUIRY_UNCLEAR, err);
}

/* Nothing yet: too early, or one look after another that cannot. */
static int
unproven(struct inquiry *q, const struct absence *absence,
    const struct writer_find_result *find, struct err *err)
{
	const char *doubt = doubt_of(absence, find);

	if (!doubt ||
	    (q->accept_absent && find->complete && !absence->in_trades)) {
		again_tell(q, absence);
		return settle_unknown(q, NULL, INQUIRY_WAITING, err);
	}
	buf_str(&q->note, doubt);
	return settle_unknown(q, NULL, INQUIRY_UNCLEAR, err);
}

static int
judge(struct inquiry *q, struct instance *writer,
    const struct writer_find_result *find, struct err *err)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	enum absence_verdict verdict, word;
	struct absence absence;

	if (q->send_goes_on) {
		buf_str(&q->note,
		    "a call of the process that sent it was given up and goes "
		    "on: wait until it ends, or stop that process");
		return settle_unknown(q, NULL, INQUIRY_UNCLEAR, err);
	}
	if (absence_fill(q, writer, &absence, &fault)) {
		buf_str(&q->note, err_text(&fault));
		return settle_unknown(q, NULL, INQUIRY_UNCLEAR, err);
	}
	verdict = absence_judge(&absence, find);
	word = absence_judge_word(&absence, find->complete);
	/* the first look of all is noted, whatever it is good for */
	if (verdict != ABSENCE_PROVEN &&
	    (q->accept_absent || word == ABSENCE_FIRST))
		verdict = word;
	switch (verdict) {
	case ABSENCE_PROVEN:
		return proven(q, err);
	case ABSENCE_FIRST:
		return first_look(q, &absence, find, err);
	case ABSENCE_UNPROVEN:
		break;
	}
	return unproven(q, &absence, find, err);
}

static int
absent(struct inquiry *q, struct instance *writer,
    const struct writer_find_result *seen, struct err *err)
{
	struct writer_find_result find = *seen; /* borrows */

	find.answer = IAG_FIND_ABSENT;
	return judge(q, writer, &find, err);
}

/*
 * A change that no read can show, as of an order that is gone: the operator
 * may say that it did not take effect.
 */
static bool
is_acceptable(const struct inquiry *q, const struct writer_find_result *find)
{
	return q->accept_absent && q->intent->operation != OPERATION_SUBMIT &&
	       find->complete &&
	       (find->answer == IAG_FIND_FOUND ||
		   find->answer == IAG_FIND_ABSENT);
}

/* ---- what was found has the id of another order */

/* The list may have the reference under an id of its own. */
static int
own_row(struct inquiry *q, const struct listing *listing,
    const struct writer_ack *other, struct err *err)
{
	CLEANUP_ERR struct err fault = ERR_INIT;
	struct writer_result got = { .sent = true };
	struct write_outcome end;
	struct writer_ack ack = { .status = 0 };
	struct json_object *row =
	    listing_find(listing, q->intent->client_ref, NULL);
	const char *id = json_get_str(row, "broker_order_id", NULL);
	int ret;

	if (!id || !other->broker_order_id ||
	    strcmp(id, other->broker_order_id) == 0)
		return IAG_NOTFOUND;
	ret = text_set(&ack.broker_order_id, id, err);
	ack.status = listing_status(row);
	q->names_other = false;
	write_classify(0, &got, &ack, &fault, &end);
	if (ret == 0)
		ret = settle(q, &end.how, NULL, INQUIRY_SETTLED, err);
	writer_ack_fini(&ack);
	return ret ? ret : q->names_other ? IAG_NOTFOUND : 0;
}

/*
 * The reference is in no row of a complete list, and the writer finds another
 * order by it: no read can prove more, and the operator may say that it is
 * not there.
 */
static int
others(struct inquiry *q, struct instance *writer,
    const struct writer_find_result *find, struct err *err)
{
	CLEANUP_LISTING struct listing listing = { .orders = NULL };
	int ret =
	    listing_read(q->call, writer, q->intent->account, &listing, NULL);
	bool is_read = ret == 0 && listing.is_complete;

	if (ret == 0 && q->intent->operation == OPERATION_SUBMIT) {
		ret = own_row(q, &listing, &find->ack, err);
		if (ret != IAG_NOTFOUND)
			return ret;
	}
	if (is_read && q->accept_absent && find->complete)
		return absent(q, writer, find, err);
	q->end = INQUIRY_UNCLEAR;
	buf_str(&q->note, "the broker's answer names another order");
	if (is_read && find->complete)
		buf_str(&q->note,
		    "; if its own screen does not show this one either, "
		    "resolve it with --accept-absent");
	return 0;
}

/* ---- the look itself */

static int
look(struct inquiry *q, struct instance *writer, struct err *err)
{
	CLEANUP_SIGHTING struct sighting sighting = { .kind = 0 };
	int ret;

	q->seen_ns = clock_real_ns();
	/* before the read: what leaves while it is made may be behind it */
	q->send_goes_on = send_goes_on(q);
	sighting_take(q->call, writer, q->intent, &sighting);
	switch (sighting.kind) {
	case SIGHTING_DONE:
	case SIGHTING_REFUSED:
		ret = settle_seen(q, &sighting, err);
		return ret || !q->names_other
			   ? ret
			   : others(q, writer, &sighting.find, err);
	case SIGHTING_ABSENT:
		return absent(q, writer, &sighting.find, err);
	case SIGHTING_UNCLEAR:
		break;
	}
	if (is_acceptable(q, &sighting.find))
		return judge(q, writer, &sighting.find, err);
	buf_str(&q->note, buf_text(&sighting.why));
	return settle_unknown(q, NULL, INQUIRY_UNCLEAR, err);
}

int
inquiry_run(struct inquiry *q, struct err *err)
{
	const struct intent *intent = q->intent;
	struct instance *writer;
	bool gone = true;
	int ret = 0;

	if (intent->state == INTENT_RECORDED)
		ret = owner_is_gone(q, &gone, err);
	if (ret)
		return ret;
	if (!gone) {
		buf_str(&q->note, "the process that sends it is at work");
		q->end = INQUIRY_OWNED;
		return 0;
	}
	writer = inquiry_writer(q->call, intent->mode, intent->writer,
	    intent->connection, &q->note);
	return writer ? look(q, writer, err)
		      : settle_unknown(q, NULL, INQUIRY_ELSEWHERE, err);
}

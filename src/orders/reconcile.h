/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Finding out what became of intents whose sender is gone or whose outcome is
 * unknown, and following orders until they are terminal.  Nothing here ever
 * sends an order (invariants 2 and 4; rulings 3 to 5).
 */

#ifndef IAG_ORDERS_RECONCILE_H
#define IAG_ORDERS_RECONCILE_H

#include "base/clock.h"
#include "host/writer.h"
#include "orders/desk.h"
#include "orders/intent.h"

/* The two reads that prove absence are at least so far apart. */
#define ABSENCE_APART_NS (5 * NS_PER_S)

/*
 * What one look at the broker proves (ruling 4); pure.  Sessions that are not
 * told are not the same one.
 */
struct absence {
	uint64_t recorded_ns;   /* of the intent: reads must reach back to it */
	uint64_t sent_ns;       /* when the send was over, or its owner dead */
	uint64_t max_flight_ns; /* of the writer */
	uint64_t first_ns;      /* first complete read without it; 0: none */
	const char *first_session;
	uint64_t now_ns;
	bool same_day;  /* order day of the send */
	bool in_trades; /* a fill names the reference */
};
enum absence_verdict {
	ABSENCE_UNPROVEN,
	ABSENCE_FIRST, /* note this read and look again after 5 s */
	ABSENCE_PROVEN
};
enum absence_verdict absence_judge(
    const struct absence *absence, const struct writer_find_result *find);
/*
 * The same where the operator says that it is not there: his word stands for
 * the session and the day, not for the second look, nor against a trade.
 */
enum absence_verdict absence_judge_word(
    const struct absence *absence, bool complete);
/* The earliest time at which another look can prove something. */
uint64_t absence_again_ns(const struct absence *absence);

/*
 * What passes in a row remember, so that none does everything again: where the
 * search for missing rows stands, and where the time was over.  NULL for a
 * pass by itself, which looks at everything.
 */
struct reconcile_memory {
	struct buf rows_from; /* the intent to go on with */
	bool rows_done;       /* all have been looked at */
	size_t intents_from;  /* how many had their turn when time was over */
	size_t watched_from;  /* the same for watched references */
	size_t sought_from;   /* and for orders that no list shows */
	/*
	 * This pass leaves watched references alone, and asks no more than the
	 * writer about orders that no list shows, nobody about those that
	 * were found to be shown nowhere.
	 */
	bool skips_watched;
};
void reconcile_memory_fini(struct reconcile_memory *memory);

/*
 * One pass: {busy, scanned, settled, unknown, transitions, unchanged,
 * unresolved, rebuilt, late_landings, changes: [...], notes: [...]}.  One
 * process at a time by GUARD_RECONCILER; if another one holds it, busy is
 * true.  A broker that cannot be asked is a note; an error is the store's.
 */
int reconcile_pass(struct order_call *call, struct reconcile_memory *memory,
    struct buf *out, struct err *err);
/* `orders pending`: unsettled intents, without asking anybody. */
int reconcile_pending(struct order_call *call, const char *account,
    struct buf *out, struct err *err);
/*
 * `orders resolve KEY`: ask the broker about one; accept_absent with a reason
 * settles as refused what two complete reads did not find.  It waits for the
 * second one where the call's time allows, else it says when that is due.
 */
struct resolve_request {
	const char *account;
	const char *key;
	bool accept_absent;
	const char *reason; /* NULL: none */
};
int reconcile_resolve(struct order_call *call,
    const struct resolve_request *request, struct buf *out, struct err *err);

/* The thread of long-lived processes; stop waits for the pass to end. */
struct reconciler;
int reconciler_start(
    struct desk *desk, struct reconciler **ret_reconciler, struct err *err);
void reconciler_stop(struct reconciler *reconciler); /* NULL is fine */

#endif

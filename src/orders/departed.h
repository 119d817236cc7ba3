/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * An order that works as far as the journal knows, and that the broker's list
 * does not show: the list tells of the current day only.  What the broker says
 * of it elsewhere may prove how it ended; that nothing shows it proves nothing.
 */

#ifndef IAG_ORDERS_DEPARTED_H
#define IAG_ORDERS_DEPARTED_H

#include "base/dec.h"
#include "orders/intent.h"
#include "orders/listing.h"

enum departed_end {
	DEPARTED_UNCLEAR, /* somebody did not answer, or not in full */
	DEPARTED_TOLD,    /* the broker says how it stands */
	DEPARTED_UNSHOWN /* all were asked: nothing shows it, or how it ended */
};

/* What was learnt; pure from here. */
struct departed_facts {
	bool list_is_complete; /* the list that is without it */
	bool find_is_absent;   /* find() of the writer, in full */
	bool is_asked;         /* status by id and trades were answered */
	uint32_t status;       /* by its id; 0: not told */
	bool is_filled;        /* trades add up to the whole of it */
};
/* TOLD: the status, too. */
enum departed_end departed_judge(
    const struct departed_facts *facts, uint32_t *ret_status);
/*
 * The sum of the trades of this order, each execution once: rows of
 * `executions_list` that name its reference, or its id and no other reference,
 * of its contract and side.
 */
void departed_sum(struct json_object *executions, const struct order_row *row,
    struct dec *ret_sum);

/* The trades of an account, read once for all that are not listed. */
struct departed_trades {
	uint64_t since_ns;
	bool is_read;
	struct listing executions;
	struct err fault;
};
void departed_trades_fini(struct departed_trades *trades);
#define CLEANUP_DEPARTED_TRADES __attribute__((cleanup(departed_trades_fini)))

struct departed {
	enum departed_end end;
	struct writer_ack ack; /* TOLD: how it stands; UNSHOWN: its fills */
	struct buf why;        /* UNCLEAR */
};
void departed_fini(struct departed *departed);
#define CLEANUP_DEPARTED __attribute__((cleanup(departed_fini)))
/* "if ..., run: ibkr-agent orders resolve KEY ..." */
void departed_action(struct buf *out, const struct order_row *row);
/* trades NULL: what the backend can say was asked not long ago. */
int departed_ask(struct order_call *call, struct instance *writer,
    const struct order_row *row, bool list_is_complete,
    struct departed_trades *trades, struct departed *ret_departed,
    struct err *err);

#endif

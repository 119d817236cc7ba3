/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A last look at an order whose request is settled and that works as far as
 * the journal knows: how it stands, or that nothing shows it any more.  How it
 * ended is then the operator's word, after all that can be asked were asked;
 * its row ends as cancelled, with what is known to be filled, and it is
 * watched like a request that was held to be absent (ruling 4).
 */

#ifndef IAG_ORDERS_LASTLOOK_H
#define IAG_ORDERS_LASTLOOK_H

#include "orders/reconcile.h"

enum last_look_end {
	LAST_LOOK_UNCLEAR,  /* somebody did not answer, or not in full */
	LAST_LOOK_WORKS,    /* the broker says so */
	LAST_LOOK_ENDED,    /* the broker's word */
	LAST_LOOK_EARLY,    /* not shown, and its last change is too recent */
	LAST_LOOK_UNSHOWN,  /* not shown: the operator has the last word */
	LAST_LOOK_ACCEPTED, /* the operator's word */
	LAST_LOOK_OVERTAKEN /* its row changed meanwhile */
};
/* "unclear", ...: for results. */
const char *last_look_name(enum last_look_end end);

struct last_look {
	struct order_call *call;
	struct order_row *row; /* afterwards as it is stored */
	bool accept_absent;
	const char *reason;
	/* Ends up here: */
	enum last_look_end end;
	struct buf note;   /* why, for people; "": nothing to say */
	uint64_t again_ns; /* EARLY: real time of a useful look */
};
void last_look_fini(struct last_look *look);
/* A broker that fails is an end; an error is the store's. */
int last_look_run(struct last_look *look, struct err *err);

#endif

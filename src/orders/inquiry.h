/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * An inquiry: what became of one intent that nobody answers for, asked of the
 * writer whose book it is in, and settled as far as the answer proves it
 * (rulings 3 to 5).  Nothing is sent.
 */

#ifndef IAG_ORDERS_INQUIRY_H
#define IAG_ORDERS_INQUIRY_H

#include "orders/reconcile.h"

enum inquiry_end {
	INQUIRY_OWNED,     /* its sender lives: it settles it itself */
	INQUIRY_ELSEWHERE, /* this process cannot ask; the note says who can */
	INQUIRY_UNCLEAR,   /* no answer, or one that proves nothing */
	INQUIRY_WAITING,   /* not found in one read; a second one is needed */
	INQUIRY_ABSENT,    /* live: proven; the operator has the last word */
	INQUIRY_SETTLED,
	INQUIRY_OVERTAKEN /* somebody else settled it meanwhile */
};
/* "owned", ...: for results. */
const char *inquiry_end_name(enum inquiry_end end);
/* It was asked and answered, whatever the answer was worth. */
bool inquiry_is_answered(enum inquiry_end end);

struct inquiry {
	struct order_call *call;
	struct intent *intent; /* afterwards as it is stored */
	/* The operator's word that what was not found does not exist. */
	bool accept_absent;
	const char *reason;
	/* Ends up here: */
	enum inquiry_end end;
	struct buf note;   /* why, for people; "": nothing to say */
	uint64_t seen_ns;  /* real time of the look; 0: none */
	bool send_goes_on; /* when the look began */
	bool names_other;  /* what was found has the id of another order */
	uint64_t again_ns; /* WAITING: real time of a useful second look */
};
void inquiry_fini(struct inquiry *inquiry);
#define CLEANUP_INQUIRY __attribute__((cleanup(inquiry_fini)))

/*
 * Not for a bracket as a whole, which follows its legs.  A broker that fails
 * is an end, not an error; an error is the store's.
 */
int inquiry_run(struct inquiry *inquiry, struct err *err);

/* Open the writer whose book it is in, by name; why not, in note. */
struct instance *inquiry_writer(struct order_call *call, uint32_t mode,
    const char *writer, const char *connection, struct buf *note);

#endif

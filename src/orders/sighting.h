/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A sighting: what one look at a writer's book shows of the change that an
 * intent asked for.
 */

#ifndef IAG_ORDERS_SIGHTING_H
#define IAG_ORDERS_SIGHTING_H

#include "host/writer.h"
#include "orders/desk.h"
#include "orders/intent.h"

enum sighting_kind {
	SIGHTING_UNCLEAR, /* no answer, or one that can mean both */
	SIGHTING_DONE,    /* it took effect; ack says how it stands */
	SIGHTING_REFUSED, /* it did not, and cannot any more */
	SIGHTING_ABSENT   /* nothing of it is there (yet) */
};

struct sighting {
	enum sighting_kind kind;
	struct writer_find_result find; /* owned */
	const struct writer_ack *ack;   /* into find */
	struct buf why;                 /* UNCLEAR, REFUSED: for people */
};
void sighting_fini(struct sighting *sighting);
#define CLEANUP_SIGHTING __attribute__((cleanup(sighting_fini)))

/* Fills an empty one; whatever fails makes it unclear. */
void sighting_take(struct order_call *call, struct instance *writer,
    const struct intent *intent, struct sighting *sighting);

#endif

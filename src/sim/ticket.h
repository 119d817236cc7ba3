/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Order tickets as clients send them (cpapi.md 10.2), and their checks. */

#ifndef IAG_SIM_TICKET_H
#define IAG_SIM_TICKET_H

#include <stdbool.h>

#include <json-c/json_object.h>

#include "base/buf.h"
#include "sim/book.h"

/* Why a ticket was not taken. */
struct refusal {
	int status; /* 0: it was taken; 200: the broker refuses, in a sentence
		     */
	struct buf text;
};

#define REFUSAL_INIT        \
	{                   \
		.status = 0 \
	}
void refusal_fini(struct refusal *refusal);
#define CLEANUP_REFUSAL __attribute__((cleanup(refusal_fini)))

/*
 * Read a ticket of an account into *order, which order_fini() empties.  False:
 * *refusal says why.  *strangers counts members that nobody knows, which the
 * broker ignores.
 */
bool ticket_parse(struct json_object *ticket, struct account *account,
    struct order *order, struct refusal *refusal, unsigned *strangers);

#endif

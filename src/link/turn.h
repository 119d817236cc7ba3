/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A request's turn: waiting for its buckets and for what is left of a
 * penalty, within the call's deadline.  A request whose turn would come too
 * late is refused at once and takes nothing.
 */

#ifndef IAG_LINK_TURN_H
#define IAG_LINK_TURN_H

#include "host/wire.h"
#include "link/shared.h"

struct turn {
	struct shared *shared;
	const struct wire_request *request;
	bool urgent; /* may use the reserve */
	bool has_own, has_all;
	struct bucket_limit own, all;
	struct bucket_ticket own_ticket, all_ticket;
	int place; /* among the concurrent ones of `own`, -1: none */
	uint64_t until_ns;
};

/*
 * Wait for the turn.  IAG_LIMIT with *ret_retry_ns, IAG_STOPPING, IAG_AGAIN
 * with the reason; then turn_end() is not needed.
 */
int turn_wait(struct turn *turn, struct shared *shared,
    const struct wire_request *request, uint32_t percent,
    uint64_t *ret_retry_ns, struct err *err);
/* The request leaves now. */
void turn_use(struct turn *turn);
/* It is over; left: it had left. */
void turn_end(struct turn *turn, bool left);

#endif

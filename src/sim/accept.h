/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Orders enter the book, or are changed there, and the answer to that. */

#ifndef IAG_SIM_ACCEPT_H
#define IAG_SIM_ACCEPT_H

#include "sim/call.h"
#include "sim/question.h"

/*
 * Ask the next question about a proposal; where none is left, its orders enter
 * the book and are answered.  Takes the proposal.
 */
void order_propose(struct call *call, struct proposal *proposal);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the doctor says of the state that orders are judged by. */

#ifndef IAG_GATEWAY_DOCTORSTATE_H
#define IAG_GATEWAY_DOCTORSTATE_H

#include <stddef.h>

#include "gateway/doctor.h"
#include "journal/journal.h"

/* Of fixed size: it is told from one process to another. */
struct doctor_line {
	char name[16];
	enum doctor_state state;
	char text[300], repair[200];
};

/*
 * Kill switches, and where live trading is configured its configuration, the
 * clock and the checklist of each account.  Returns how many lines were
 * filled.
 */
size_t doctor_look(struct journal *journal, const struct config *config,
    struct doctor_line *lines, size_t max);

#endif

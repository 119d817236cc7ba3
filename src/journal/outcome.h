/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * How a call ended, as its record says it: one place decides what counts as
 * completed, denied, refused and failed (reference.md 4.4).
 */

#ifndef IAG_JOURNAL_OUTCOME_H
#define IAG_JOURNAL_OUTCOME_H

#include "base/err.h"
#include "journal/audit.h"

/*
 * Fill in event_type, decision, result_status, outcome and error_code.
 * success: event type of a good end, needed there; err: NULL or ERR_NONE for
 * a good end.
 */
void audit_outcome(
    struct audit_event *event, const char *success, const struct err *err);

#endif

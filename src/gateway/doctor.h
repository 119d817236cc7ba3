/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The doctor looks at everything that a call needs, one check after the
 * other, changes nothing, and says for each fault how to repair it.
 */

#ifndef IAG_GATEWAY_DOCTOR_H
#define IAG_GATEWAY_DOCTOR_H

#include <stdbool.h>

#include "base/err.h"
#include "config/config.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_NOTE, /* works, but one should know */
	DOCTOR_FAIL
};

/* "ok", "note", "fail" */
const char *doctor_state_name(enum doctor_state state);

struct doctor_check {
	const char *name; /* "config" */
	enum doctor_state state;
	const char *text;   /* what was found */
	const char *repair; /* NULL: nothing to do */
};

/* Called once for each check, in order; the texts end with the call. */
typedef void doctor_report(const struct doctor_check *check, void *arg);

/*
 * config: what the caller could load, or NULL with the reason in fault.  The
 * caller is single-threaded and has no gateway open (the store is read in a
 * child).  is_apart: it is told to somebody who reached the daemon as another
 * user than the store's.  True if no check failed.
 */
bool doctor_run(const struct config *config, const struct err *fault,
    bool is_apart, doctor_report *report, void *arg);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A gateway for the tests of src/mcp: the functions of gateway.h, call.h and
 * of the tool table, defined in the test program, so that a test decides
 * when a call ends and what it gives.
 */

#ifndef IAG_TESTS_FAKE_GATEWAY_H
#define IAG_TESTS_FAKE_GATEWAY_H

#include <stdbool.h>

#include "gateway/gateway.h"

/*
 * Tools of the fake: "ibkr_echo" gives its arguments back, "ibkr_fail" an
 * error with the code BROKER_SESSION_EXPIRED, "ibkr_slow" waits for
 * fake_release() or for its cancellation, "ibkr_audit_tail" one event with
 * the sequence before - 1 up to 7, "ibkr_order_status" its arguments
 * (for account AWAY the error CONFIG_INVALID),
 * "ibkr_kill_switch_status" a state; all others are unknown.
 */
struct fake_counts {
	unsigned prepared; /* gateway_call_new() */
	unsigned started;
	unsigned finished; /* that is what the audit would hold */
	unsigned cancelled;
};

struct gateway *fake_gateway(void);
/* Zero the counts, no call waits any more, none is running. */
void fake_reset(void);
struct fake_counts fake_counts(void);
/* Let every waiting ibkr_slow end. */
void fake_release(void);
/* Block until so many have been started or have finished. */
void fake_wait_started(unsigned count);
void fake_wait_finished(unsigned count);
/* gateway_run() refuses. */
void fake_stop(void);

#endif

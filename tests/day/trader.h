/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A gateway before the simulator, in one process and a time of its own, and
 * the calls of somebody who trades there.
 */

#ifndef IAG_TESTS_DAY_TRADER_H
#define IAG_TESTS_DAY_TRADER_H

#include <stdbool.h>

#include <json-c/json_object.h>

#include "sim/sim.h"

#define ACCOUNT "DU1234567"

/* interval_s: of the reconciler; questions: that may be answered, or "". */
void trader_begin(const struct sim_settings *settings, unsigned interval_s,
    const char *questions);
void trader_end(void);

/*
 * Call a tool or a command of the operator: the result's object or the
 * error's, which is yours; *ret_good says which.
 */
struct json_object *trader_ask(const char *tool, bool *ret_good,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

struct ticket {
	char preview[80], approval[80];
};
/*
 * An approved preview of one AAPL or, with an id, of a change; false: a fault
 * was in the way.
 */
bool trader_approve(
    struct ticket *ret_ticket, const char *price, const char *order_id);
/* The approvals of a bracket's entry, target and stop; false: as above. */
bool trader_approve_bracket(struct ticket ret_legs[3]);
/* A member of an object as text, "" if it is not there. */
void trader_copy(
    char *to, size_t size, struct json_object *from, const char *member);

#endif

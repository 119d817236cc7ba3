/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What goes wrong on demand.  A fault is matched by method and path and
 * spoils the answer, or does not let one be: see ibkr-agent-sim(1).
 */

#ifndef IAG_SIM_FAULT_H
#define IAG_SIM_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json_object.h>

#include "base/buf.h"
#include "base/err.h"
#include "sim/sim.h"

/* Is the request executed, before or after what goes wrong? */
enum fault_execute {
	FAULT_EXECUTE_FIRST,
	FAULT_EXECUTE_LATE,
	FAULT_EXECUTE_NEVER
};

struct fault;

struct faults {
	struct fault **list;
	size_t count;
	uint64_t serial; /* of the last one */
};

/* Add a fault from its JSON object; *ret_id names it from then on. */
int faults_add(struct faults *faults, struct json_object *spec, int64_t *ret_id,
    struct err *err);
void faults_clear(struct faults *faults);
void faults_write(struct buf *out, const struct faults *faults);

/* The fault that this request meets, or NULL; counts the meeting. */
const struct fault *faults_meet(struct faults *faults, const char *method,
    const char *path, uint64_t *seed);

const char *fault_name(const struct fault *fault); /* static */
enum fault_execute fault_execute(const struct fault *fault);
int64_t fault_wait_ms(const struct fault *fault);
/* Is it the answer that is late, rather than lost or spoilt? */
bool fault_is_delay(const struct fault *fault);
/* Do it to a reply, which holds the answer if there was an execution. */
void fault_apply(
    const struct fault *fault, struct sim_reply *reply, uint64_t *seed);

#endif

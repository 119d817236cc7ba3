/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the commands of a sidecar's operator share. */

#ifndef IAG_SIDECAR_COMMAND_H
#define IAG_SIDECAR_COMMAND_H

#include <json-c/json_object.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "journal/journal.h"
#include "sidecar/pairing.h"
#include "sidecar/session.h"
#include "tools/dispatch.h"

/* Where the row of this machine's own identity is; those of others. */
#define SELF_KEY "sidecar/self"
#define IDENTITY_PREFIX "sidecar/identity/"

/* "" where there is none. */
const char *command_argument(const struct tool_call *call, const char *name);
bool command_is_blank(const char *text);
/* Ids that people choose: any that is not blank.  names ends with NULL. */
int command_check_given(
    const struct tool_call *call, const char *const *names, struct err *err);

/* Nothing for time 0. */
int command_add_time(
    struct json_object *obj, const char *key, uint64_t time_ns);
int command_add_pairing(
    struct json_object *obj, const struct pairing *pairing, uint64_t now_ns);
int command_add_session(
    struct json_object *obj, const struct relay_session *session);

/* One transaction that changes, with the record of the call in it. */
int command_run(
    struct tool_call *call, journal_step *step, void *arg, struct err *err);
/* The step's end: its answer, and the record of the call that it is. */
int command_record(
    struct journal_txn *txn, struct tool_call *call, struct err *err);

/* The identity of this machine as it is on record; both NULL: none is. */
struct self {
	char *sidecar_id;
	char *public;
};
void self_fini(struct self *self);
/* A step; arg: struct self, which it fills anew. */
int self_step(struct journal_txn *txn, void *arg, struct err *err);

#endif

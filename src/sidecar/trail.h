/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What both ends put on the record of the relay, and of its sessions. */

#ifndef IAG_SIDECAR_TRAIL_H
#define IAG_SIDECAR_TRAIL_H

#include "journal/audit.h"
#include "sidecar/envelope.h"
#include "sidecar/pairing.h"

/* A record of a session gets so long. */
#define TRAIL_NS (10 * NS_PER_S)

/*
 * One request that crossed, or did not: names, hashes, ids.  fault: NULL or
 * ERR_NONE for a good end.
 */
int trail_relayed(struct journal *journal, const struct envelope *envelope,
    const struct pairing *pairing, const struct err *fault, struct err *err);

/* {pairing_id, remote_instance_id, sidecar_id, relay_session_id}. */
struct json_object *trail_metadata(
    const struct pairing *pairing, const char *relay_session_id);
/* An event of the relay itself, still without its metadata. */
struct audit_event trail_event(const char *type, const struct err *fault);

#endif

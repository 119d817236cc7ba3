/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Sessions of the relay as they are kept: the last one of each pairing. */

#ifndef IAG_SIDECAR_SESSION_H
#define IAG_SIDECAR_SESSION_H

#include "sidecar/capability.h"
#include "sidecar/envelope.h"
#include "sidecar/pairing.h"

enum relay_state {
	RELAY_PLANNED = 1, /* by the operator, for the next connection */
	RELAY_OPEN,
	RELAY_ENDED
};
const char *relay_state_name(uint32_t state);

struct relay_session {
	char relay_session_id[RELAY_ID_SIZE];
	char *sidecar_id;
	char *remote_instance_id;
	uint64_t heartbeat_ns, expires_ns; /* real time */
	uint32_t state;                    /* enum relay_state */
	char capabilities[CAPABILITIES_SIZE];
};
void relay_session_fini(struct relay_session *session);

/* IAG_NOTFOUND without text. */
int relay_session_get(struct journal_txn *txn, const char *pairing_id,
    struct relay_session *ret_session, struct err *err);
int relay_session_put(struct journal_txn *txn, const char *pairing_id,
    const struct relay_session *session, struct err *err);
/* The same, unless the row is by now that of another session. */
int relay_session_keep(struct journal_txn *txn, const char *pairing_id,
    const struct relay_session *session, struct err *err);
/* A new one of the pairing, which has to be usable. */
int relay_session_make(const struct pairing *pairing, enum relay_state state,
    uint64_t now_ns, uint64_t ttl_ns, struct relay_session *ret_session,
    struct err *err);

/*
 * Can it be used now?  SIDECAR_UNAVAILABLE: it has ended, or its heartbeat is
 * in the future or older than timeout_ns; SIDECAR_SESSION_INVALID: expired.
 */
int relay_session_usable(const struct relay_session *session, uint64_t now_ns,
    uint64_t timeout_ns, struct err *err);

#endif

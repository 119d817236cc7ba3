/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/session.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "orders/row.h"

static const char *const state_names[] = {
	[RELAY_PLANNED] = "planned",
	[RELAY_OPEN] = "open",
	[RELAY_ENDED] = "ended",
};

const char *
relay_state_name(uint32_t state)
{
	return state < ARRAY_COUNT(state_names) ? state_names[state] : NULL;
}

static uint32_t
state_find(const char *word)
{
	for (uint32_t i = 1; i < ARRAY_COUNT(state_names); i++) {
		if (strcmp(state_names[i], word) == 0)
			return i;
	}
	return 0;
}

static const struct row_field fields[] = {
	ROW_FIELD(struct relay_session, capabilities, ROW_CHARS),
	ROW_FIELD(struct relay_session, expires_ns, ROW_U64),
	ROW_FIELD(struct relay_session, heartbeat_ns, ROW_U64),
	ROW_FIELD(struct relay_session, relay_session_id, ROW_CHARS),
	ROW_FIELD(struct relay_session, remote_instance_id, ROW_TEXT),
	ROW_FIELD(struct relay_session, sidecar_id, ROW_TEXT),
	ROW_WORDS(struct relay_session, state, relay_state_name, state_find),
	{ .name = NULL },
};

void
relay_session_fini(struct relay_session *session)
{
	row_fini(fields, session);
}

static struct iag_bytes
key_of(const char *pairing_id, char key[160])
{
	int len = snprintf(key, 160, "sidecar/session/%.100s", pairing_id);

	return (struct iag_bytes){ key, (size_t)len };
}

int
relay_session_get(struct journal_txn *txn, const char *pairing_id,
    struct relay_session *ret_session, struct err *err)
{
	struct relay_session session = { .state = 0 };
	char key[160];
	int rc = row_load(txn, TABLE_STATE, key_of(pairing_id, key), fields,
	    &session, NULL, "a relay session", err);

	if (rc)
		relay_session_fini(&session);
	else
		*ret_session = session;
	return rc;
}

int
relay_session_put(struct journal_txn *txn, const char *pairing_id,
    const struct relay_session *session, struct err *err)
{
	char key[160];

	return row_save(txn, TABLE_STATE, key_of(pairing_id, key), fields,
	    session, NULL, err);
}

int
relay_session_keep(struct journal_txn *txn, const char *pairing_id,
    const struct relay_session *session, struct err *err)
{
	struct relay_session stored;
	bool is_same;
	int rc = relay_session_get(txn, pairing_id, &stored, err);

	if (rc)
		return rc == IAG_NOTFOUND ? 0 : rc;
	is_same =
	    strcmp(stored.relay_session_id, session->relay_session_id) == 0;
	relay_session_fini(&stored);
	return is_same ? relay_session_put(txn, pairing_id, session, err) : 0;
}

int
relay_session_make(const struct pairing *pairing, enum relay_state state,
    uint64_t now_ns, uint64_t ttl_ns, struct relay_session *ret_session,
    struct err *err)
{
	struct relay_session session = {
		.heartbeat_ns = now_ns,
		.expires_ns = now_ns + ttl_ns,
		.state = state,
		.capabilities = CAPABILITIES_ALL,
	};
	char id[ID_TEXT_SIZE];
	int rc = pairing_usable(pairing, now_ns, err);

	if (rc)
		return rc;
	id_new(id);
	(void)snprintf(session.relay_session_id,
	    sizeof session.relay_session_id, "relay-%s", id);
	session.sidecar_id = strdup(pairing->sidecar_id);
	session.remote_instance_id = strdup(pairing->remote_instance_id);
	if (!session.sidecar_id || !session.remote_instance_id) {
		relay_session_fini(&session);
		return err_no_memory(err);
	}
	*ret_session = session;
	return 0;
}

int
relay_session_usable(const struct relay_session *session, uint64_t now_ns,
    uint64_t timeout_ns, struct err *err)
{
	if (session->state == RELAY_ENDED)
		return err_set(err, ERR_SIDECAR_UNAVAILABLE,
		    "the sidecar is not connected: its last session has ended");
	if (now_ns >= session->expires_ns)
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "the session has expired");
	if (session->heartbeat_ns > now_ns)
		return err_set(err, ERR_SIDECAR_UNAVAILABLE,
		    "the session's heartbeat is in the future");
	if (session->state == RELAY_OPEN &&
	    now_ns - session->heartbeat_ns > timeout_ns)
		return err_set(err, ERR_SIDECAR_UNAVAILABLE,
		    "the sidecar has been silent for %llu s",
		    (unsigned long long)((now_ns - session->heartbeat_ns) /
					 NS_PER_S));
	return 0;
}

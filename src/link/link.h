/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What backend and writer of an account share: the connection to the
 * broker's gateway, its pacing, and the facts of its session; and the
 * supervisor that keeps the session.
 */

#ifndef IAG_LINK_LINK_H
#define IAG_LINK_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/config.h"
#include "host/host.h"
#include "journal/journal.h"
#include "link/session.h"

struct link;

/*
 * Attach to the state beside the store and become the host's wire.  Nothing
 * is sent and no module is loaded before the first request.  Without
 * broker.base_url there is nothing to connect to: *ret_link is NULL.
 * is_alone: there is no store, share with nobody.
 */
int link_open(const struct config *config, struct host *host, bool is_alone,
    struct link **ret_link, struct err *err);
/* After backend and writers are closed; NULL is fine. */
void link_close(struct link *link);

/*
 * Keep the session with this backend, if it knows how; in the one process
 * that has the store's guard, and in the next one when that ends.  is_brief:
 * the process runs one command, whose answer says what is to be said.
 */
int link_supervise(struct link *link, struct journal *journal,
    struct instance *backend, bool is_brief, struct err *err);
/* Before the backend closes; NULL is fine, twice too. */
void link_rest(struct link *link);

/* How the session stands, for tools and the doctor. */
struct link_status {
	enum session_state state;
	bool supervised;       /* by this process */
	uint64_t rest_ns;      /* of the penalty box */
	uint64_t seen_real_ns; /* 0: never */
	uint64_t ends_ns;      /* the login ends in so long; 0: not told */
	char message[SESSION_MESSAGE];
};
/* false: the state cannot be read now. */
bool link_status(struct link *link, struct link_status *ret_status);
/*
 * Where a call failed for want of a session or a connection: say how the
 * session stands, and what can be done about just that.  NULL is fine.
 */
void link_advise(struct link *link, struct err *err);
/* The same for an answer that makes no sense: broker.base_url may be wrong. */
void link_advise_path(const struct link *link, struct err *err);

/* How near the limits all processes on this connection are. */
struct link_pacing {
	uint64_t rest_ns; /* of the connection's penalty */
	unsigned resting; /* endpoints with a penalty of their own */
	unsigned inside;  /* requests under a limit of concurrent ones */
};
bool link_pacing(struct link *link, struct link_pacing *ret_pacing);

#endif

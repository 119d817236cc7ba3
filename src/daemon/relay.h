/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The relay between an agent's client and the daemon: bytes both ways, and
 * nothing else.  It has no configuration, no store and no secret, so that
 * whoever can run it, or look into it, has gained nothing.
 */

#ifndef IAG_DAEMON_RELAY_H
#define IAG_DAEMON_RELAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* The JSON-RPC code of the line with which the daemon turns a peer away. */
enum { RELAY_REFUSED = -32001 };

/*
 * Copy from in to the daemon at path and from it to out, until either side
 * ends.  0: the client went, and what was running was answered.
 * DAEMON_UNAVAILABLE: there is no daemon, or it ended before the client did,
 * or took nothing for SOCKET_TAKEN_S, which requests that came meanwhile are
 * answered with; AUTH_PEER_UNKNOWN and others: it turned us away.
 */
int relay_run(const char *path, int in, int out, struct err *err);

/* Is this the line of a daemon that turns us away?  Then *err has why. */
bool relay_is_refused(const char *line, size_t len, struct err *err);

#endif

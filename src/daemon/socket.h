/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The socket file: made by the one daemon that serves it, found by the rest. */

#ifndef IAG_DAEMON_SOCKET_H
#define IAG_DAEMON_SOCKET_H

#include <stdbool.h>

#include "base/err.h"

/*
 * So long what was sent may lie unread: a daemon that is being started needs
 * some time, and one that cannot start never takes it.
 */
#define SOCKET_TAKEN_S 20
/* What to do then. */
#define SOCKET_SEE_WHY                                                          \
	"see why in its log (`journalctl -u ibkr-agent.service`), then repeat " \
	"the request"

struct socket_place {
	int fd;      /* listens */
	int lock_fd; /* of PATH.lock, held while it is served; -1: not ours */
	char *path;  /* owned; NULL: somebody else made the socket */
};

/*
 * Listen at path, which everybody may connect to: who may stay is decided by
 * who it is.  A socket that nobody listens at any more is replaced.
 * DAEMON_UNAVAILABLE: a daemon serves it; CONFIG_INVALID: the place.
 */
int socket_listen(
    const char *path, struct socket_place *ret_place, struct err *err);
/* Nobody can connect any more; the file goes, if it was made here. */
void socket_close(struct socket_place *place);

/*
 * A connection to the daemon, or DAEMON_UNAVAILABLE, with the reason; so many
 * others may be before us that it takes SOCKET_TAKEN_S, and no longer.
 */
int socket_connect(const char *path, int *ret_fd, struct err *err);

/*
 * A socket that systemd holds takes connections while no daemon runs, and
 * also while one fails to start over and over.  Whether somebody reads is
 * seen by what the kernel still keeps: has the other side read all of it?
 */
bool socket_is_taken(int fd);

#endif

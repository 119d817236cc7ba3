/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a service manager and a service say to each other: sockets handed
 * over, readiness, the watchdog; sd_listen_fds(3) and sd_notify(3) describe
 * it.  Nothing of it is needed.
 */

#ifndef IAG_DAEMON_SYSTEMD_H
#define IAG_DAEMON_SYSTEMD_H

#include <stdint.h>

#include "base/err.h"

/* Sockets that were handed over; -1: none.  Whoever takes one sets it so. */
struct systemd {
	int socket_fd;        /* a Unix socket */
	int http_fd;          /* for MCP over HTTP */
	int metrics_fd;       /* for probes and metrics */
	uint64_t watchdog_ns; /* a sign of life is due so often; 0: never */
	char *notify;         /* where readiness goes; NULL: nowhere */
};

/*
 * Read the environment, and take out of it what is for this process alone.
 * Sockets that listen on the network are the one for HTTP unless their name
 * (FileDescriptorName=) is metrics.  CONFIG_INVALID: a socket that does not
 * listen, or a second one for the same.
 */
int systemd_take(struct systemd *systemd, struct err *err);
void systemd_fini(struct systemd *systemd);

/* "READY=1"; without a service manager nothing happens. */
void systemd_say(const struct systemd *systemd, const char *state);

#endif

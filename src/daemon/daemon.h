/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The process that lives on: it alone holds store, secrets and configuration,
 * and serves agents and operators of this machine over a Unix socket, agents
 * elsewhere over HTTP, and whoever watches it over a listener of its own.
 */

#ifndef IAG_DAEMON_DAEMON_H
#define IAG_DAEMON_DAEMON_H

#include "base/err.h"
#include "gateway/gateway.h"

struct daemon;

/*
 * Block the signals; before there is any thread, so that all inherit it.
 * SIGTERM and SIGINT stop, SIGHUP reads certificates again.
 */
void daemon_block_signals(void);

/*
 * Open the house (ruling 42: store, reconciler and supervisor start here),
 * and listen.  CONFIG_INVALID: nobody could come in.
 */
int daemon_open(
    struct gateway *gateway, struct daemon **ret_daemon, struct err *err);
/* Where it is reached; NULL: not there. */
struct daemon_places {
	const char *socket, *http, *metrics, *sidecar;
};
void daemon_places(
    const struct daemon *daemon, struct daemon_places *ret_places);
/* Serve until a signal says stop; then answer what runs, and return. */
void daemon_serve(struct daemon *daemon);
void daemon_close(struct daemon *daemon); /* NULL is fine */

#endif

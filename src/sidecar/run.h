/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The sidecar's end: dials out, proves who it is, and reads from the broker
 * of this machine what the gateway asks, until it is told to stop.
 */

#ifndef IAG_SIDECAR_RUN_H
#define IAG_SIDECAR_RUN_H

#include "base/err.h"
#include "gateway/gateway.h"

/*
 * Told of sessions: the id of one that has begun, or NULL and why there is
 * none now.
 */
typedef void sidecar_news(
    void *arg, const char *relay_session_id, const struct err *why);

struct sidecar_setup {
	struct gateway *gateway;
	const char *pairing_id; /* NULL: the newest of this machine */
	int stop_fd;            /* readable: end */
	sidecar_news *news;     /* may be NULL */
	void *arg;
};

/*
 * 0: it was told to stop.  SIDECAR_PAIRING_REQUIRED: there is no pairing, or
 * it was revoked; everything else is tried again.
 */
int sidecar_run(const struct sidecar_setup *setup, struct err *err);

#endif

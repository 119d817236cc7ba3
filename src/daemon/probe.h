/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The listener for those who watch: /healthz (the process lives), /readyz (a
 * call could be served), /metrics (Prometheus).  Plain HTTP, and nothing that
 * a stranger may not know.
 */

#ifndef IAG_DAEMON_PROBE_H
#define IAG_DAEMON_PROBE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "gateway/gateway.h"

struct probe;

struct probe_setup {
	struct gateway *gateway; /* borrowed */
	int fd;                  /* listens, taken; -1: as configured */
	/* On a thread of the gateway's: metrics of the doors; */
	void (*add)(void *arg, struct buf *out);
	/* and whether they could let somebody in, with a line about it. */
	bool (*is_ready)(void *arg, struct buf *out);
	void *arg;
};

int probe_open(
    const struct probe_setup *setup, struct probe **ret_probe, struct err *err);
/* "http://127.0.0.1:9464"; borrowed. */
const char *probe_url(const struct probe *probe);
/* From now on /readyz says no. */
void probe_set_stopping(struct probe *probe);
void probe_close(struct probe *probe); /* NULL is fine */

#endif

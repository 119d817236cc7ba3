/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The gateway's end: listens for sidecars, lets in the one that is paired,
 * and sends it the reads of the backend `sidecar`.
 */

#ifndef IAG_SIDECAR_HUB_H
#define IAG_SIDECAR_HUB_H

#include <stdbool.h>

#include "base/err.h"
#include "gateway/gateway.h"
#include "host/host.h"
#include "tools/tool.h"

struct hub;

/*
 * Listen at sidecar.bind_address.  The gateway is borrowed and its store
 * open.  CONFIG_INVALID: no certificate, or nobody may listen there.
 */
int hub_open(struct gateway *gateway, struct hub **ret_hub, struct err *err);
/* Calls that wait are refused, the sidecar is told; NULL is fine. */
void hub_stop(struct hub *hub);
/* Once nobody is inside; NULL is fine. */
void hub_close(struct hub *hub);
/* "127.0.0.1:8444" */
const char *hub_place(const struct hub *hub);

struct hub_counts {
	bool connected;
	uint64_t sessions, requests, failures;
};
void hub_counts(struct hub *hub, struct hub_counts *ret_counts);

/*
 * Ask the sidecar and wait until deadline_ns of the boot clock, or until
 * cancel_fd is readable.  arguments: JSON text of len bytes.
 */
int hub_query(struct hub *hub, const struct tool *tool, const char *arguments,
    size_t len, uint64_t deadline_ns, int cancel_fd, struct answer *ret_answer,
    struct err *err);

#endif

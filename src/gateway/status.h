/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* How a gateway stands, for those who watch it. */

#ifndef IAG_GATEWAY_STATUS_H
#define IAG_GATEWAY_STATUS_H

#include <stdbool.h>

#include "base/buf.h"
#include "gateway/gateway.h"

/*
 * Could a call be served?  Opens what is not open, as a call would, and
 * appends one line for each part, "store: ok".  Without names and paths: a
 * probe is anybody.
 */
bool status_is_ready(struct gateway *gateway, struct buf *out);

/*
 * All metrics as Prometheus text: what calls did, session, pacing, journal,
 * queues.  Opens nothing.
 */
void status_metrics(struct gateway *gateway, struct buf *out);

#endif

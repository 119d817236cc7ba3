/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What goes between the asks of a gateway and the sidecar that is live:
 * requests, answers, and word of those that were given up.
 */

#ifndef IAG_SIDECAR_TRAFFIC_H
#define IAG_SIDECAR_TRAFFIC_H

#include "sidecar/ask.h"
#include "sidecar/guest.h"

/* What is queued, and what was given up.  Not 0: the session is no good. */
int traffic_send(struct asks *asks, struct guest *guest, struct err *err);
/* The envelope of an answer has come; then what is inside. */
int traffic_response(struct asks *asks, struct guest *guest,
    const struct frame *frame, struct err *err);
int traffic_message(struct asks *asks, struct guest *guest,
    const struct buf *text, struct err *err);

#endif

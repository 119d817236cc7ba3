/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The reads that a gateway asks of its sidecar, within one session. */

#ifndef IAG_SIDECAR_READING_H
#define IAG_SIDECAR_READING_H

#include "gateway/gateway.h"
#include "sidecar/channel.h"
#include "sidecar/envelope.h"
#include "sidecar/pairing.h"

struct readings;

/* pairing is copied. */
int readings_new(struct gateway *gateway, const struct pairing *pairing,
    struct readings **ret_readings, struct err *err);
/* Cancels what runs and waits for it; NULL is fine. */
void readings_free(struct readings *readings);
/* Readable: readings_send() has something to send. */
int readings_fd(const struct readings *readings);

/* An envelope has come; its text is copied. */
int readings_expect(struct readings *readings, const struct envelope *envelope,
    const char *text, size_t len, struct err *err);
/*
 * What was inside has come: held to its envelope, to the tool table and to
 * the scopes of this machine, then read.  Not 0: the session is no good; a
 * read that is refused is answered like one that failed.
 */
int readings_start(struct readings *readings, const struct channel *channel,
    const struct buf *text, struct err *err);
/* Nobody waits for that one any more: it ends, and says so. */
void readings_cancel(struct readings *readings, const char *request_id);
/* Put the answers that are there.  1: the channel has room for no more. */
int readings_send(
    struct readings *readings, struct channel *channel, struct err *err);

#endif

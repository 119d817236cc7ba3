/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a guest says, frame by frame: hello or join, then heartbeats.  A
 * signature is looked at before anything else is said about a pairing, so
 * that a stranger learns nothing.
 */

#ifndef IAG_SIDECAR_GREETING_H
#define IAG_SIDECAR_GREETING_H

#include <json-c/json_object.h>

#include "sidecar/guest.h"

/* For one that goes. */
#define GREETING_LEAVE_NS (2 * NS_PER_S)

/* Each for one type of frame; not 0: refuse the guest. */
int greeting_hello(
    struct guest *guest, const struct frame *frame, struct err *err);
int greeting_join(
    struct guest *guest, const struct frame *frame, struct err *err);
int greeting_beat(
    struct guest *guest, const struct frame *frame, struct err *err);

/* What a signed body says of when, and to which challenge. */
int greeting_check_fresh(
    const struct guest *guest, struct json_object *body, struct err *err);
int greeting_add_now(struct json_object *body);
uint64_t greeting_skew_ns(const struct guest *guest);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * subscriptions/listen: streams that tell when a resource has changed.  The
 * kill switch and orders that the gateway knows can be watched; what changed
 * them, in this process or another, does not matter, since the journal is
 * looked at about once a second.
 */

#ifndef IAG_HTTP_WATCH_H
#define IAG_HTTP_WATCH_H

#include "http/door.h"

/* The gateway's registry, and this method; NULL: no memory. */
struct registry *watch_registry_new(void);
void watch_registry_free(struct registry *registry); /* NULL is fine */

/* Look what has changed; from the ward, about once a second. */
void watch_tick(struct http *http);
/* The server stops: every stream ends with its answer. */
void watch_end_all(struct http *http);
/* The client has left; exchange->lock is held.  true: the caller unrefs. */
bool watch_drop(struct exchange *exchange);
void watch_free(struct watch *watch); /* NULL is fine */

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* One message as an event of a stream (text/event-stream). */

#ifndef IAG_HTTP_EVENT_H
#define IAG_HTTP_EVENT_H

#include <stddef.h>

#include "base/buf.h"

/*
 * Whatever is in data, it is one event, whose reader gets data with each end
 * of a line as one newline, without the last one.
 */
void event_write(struct buf *out, const char *data, size_t len);

#endif

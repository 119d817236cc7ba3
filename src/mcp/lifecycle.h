/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* How a client learns whom it talks to, in either era. */

#ifndef IAG_MCP_LIFECYCLE_H
#define IAG_MCP_LIFECYCLE_H

#include "mcp/session.h"

/* What the gateway's registry says of itself. */
extern const char lifecycle_hello[];
/* The same where resources can be watched. */
extern const char lifecycle_hello_subscribe[];
void lifecycle_instruct(struct session *session, struct buf *out);

void lifecycle_discover(
    struct session *session, struct request *request, struct buf *out);
void lifecycle_initialize(
    struct session *session, struct request *request, struct buf *out);
void lifecycle_ping(
    struct session *session, struct request *request, struct buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* resources/list, resources/templates/list and resources/read. */

#ifndef IAG_MCP_RESOURCES_H
#define IAG_MCP_RESOURCES_H

#include "mcp/session.h"

void resources_list(
    struct session *session, struct request *request, struct buf *out);
void resources_templates(
    struct session *session, struct request *request, struct buf *out);
void resources_read(
    struct session *session, struct request *request, struct buf *out);

#endif

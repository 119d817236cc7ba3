/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* prompts/list and prompts/get. */

#ifndef IAG_MCP_PROMPTS_H
#define IAG_MCP_PROMPTS_H

#include "mcp/session.h"

void prompts_list(
    struct session *session, struct request *request, struct buf *out);
void prompts_get(
    struct session *session, struct request *request, struct buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* tools/list and tools/call. */

#ifndef IAG_MCP_TOOLS_H
#define IAG_MCP_TOOLS_H

#include "mcp/session.h"

void tools_list(
    struct session *session, struct request *request, struct buf *out);
void tools_call(
    struct session *session, struct request *request, struct buf *out);

/*
 * Lists have one page, so any cursor is a bad one: answers the error and
 * returns false.
 */
bool tools_check_cursor(struct request *request, struct buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Approvals that the client's user is shown first (modern era): the result
 * says what to ask, and the client calls again with the answer.
 */

#ifndef IAG_MCP_FORMS_H
#define IAG_MCP_FORMS_H

#include "mcp/session.h"

/* true: the call is made here.  name and arguments as they were checked. */
bool forms_call(struct session *session, struct request *request,
    const char *name, struct json_object *arguments, struct buf *out);

#endif

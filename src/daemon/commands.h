/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the socket serves: all that MCP clients are served, and one method for
 * the command line, which has flags that no tool has and operations that no
 * client is shown.  Who may do what is decided by the peer's principal; an
 * agent gets through it nothing that tools/call does not give.
 *
 *   -> {"method":"ibkr-agent/call","params":{"name":"ibkr_orders_pending",
 *       "arguments":{},"request_id":"...","flags":{"preview":true,
 *       "paper":false,"live":false,"acknowledged":false},"local":true,
 *       "credential":"..."}}
 *   <- {"result":{"isError":false,"result":{...}}}
 */

#ifndef IAG_DAEMON_COMMANDS_H
#define IAG_DAEMON_COMMANDS_H

#include "mcp/registry.h"

#define COMMANDS_CALL "ibkr-agent/call"

extern const struct registry registry_socket;

#endif

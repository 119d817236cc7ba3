/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Which of the two protocol generations a request speaks.  A request says so
 * itself; nothing is inferred from the connection or from earlier requests.
 */

#ifndef IAG_MCP_ERA_H
#define IAG_MCP_ERA_H

#include <stdbool.h>

#include "mcp/message.h"

#define ERA_MODERN_VERSION "2026-07-28"
#define ERA_LEGACY_VERSION "2025-11-25" /* the newest of that era */

#define ERA_META_VERSION "io.modelcontextprotocol/protocolVersion"
#define ERA_META_CAPABILITIES "io.modelcontextprotocol/clientCapabilities"
#define ERA_META_CLIENT "io.modelcontextprotocol/clientInfo"
#define ERA_META_SERVER "io.modelcontextprotocol/serverInfo"

enum era { ERA_LEGACY = 0x1, ERA_MODERN = 0x2 };

enum era_fault {
	ERA_FAULT_NONE,
	ERA_FAULT_VERSION_MISSING,     /* or not a string: -32602 */
	ERA_FAULT_VERSION_UNSUPPORTED, /* -32022 */
	ERA_FAULT_CAPABILITIES_MISSING /* or not an object: -32602 */
};

/* *ret_era is written also when there is a fault (then it is modern). */
enum era_fault era_select(const struct message *message, enum era *ret_era);

/*
 * The version that `initialize` answers: the one asked for where it is a
 * supported one of the legacy era, else the newest of that era.
 */
const char *era_negotiate(const char *requested);

/* Is it a version of the legacy era? */
bool era_is_legacy_version(const char *version);

#endif

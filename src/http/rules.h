/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the headers of a request to the endpoint must say. */

#ifndef IAG_HTTP_RULES_H
#define IAG_HTTP_RULES_H

#include <stdbool.h>

#include "config/config.h"
#include "mcp/era.h"
#include "mcp/message.h"

/*
 * Host names an address, this machine or the resource's host: a page whose
 * own name was made to point here gets in by none of them.
 */
bool rules_host(const char *host, const char *resource_host);
/*
 * No Origin, one of the listed, the resource's own, or, where is_local, one
 * of this machine.
 */
bool rules_origin(const char *origin, const char *resource,
    const struct config_list *allowed, bool is_local);

/* "application/json", with or without parameters. */
bool rules_is_json(const char *content_type);

enum { RULES_JSON = 0x1, RULES_STREAM = 0x2 };
/* What the client can read; no header: both. */
unsigned rules_accept(const char *accept);

struct rules_head {
	const char *version; /* MCP-Protocol-Version, or NULL; and so on */
	const char *method;  /* Mcp-Method */
	const char *name;    /* Mcp-Name */
};
/*
 * 0, or the code of the error with its text in err: the headers contradict
 * the message.  era: of the message.  What session_judge() refuses counts
 * before this, but for a modern header over a message that says nothing.
 */
int rules_message(const struct rules_head *head, const struct message *message,
    enum era era, struct err *err);

/* The header and the message name two versions, whether or not supported. */
bool rules_is_split(
    const struct rules_head *head, const struct message *message);

/* The HTTP status of a JSON-RPC answer that came before any tool. */
unsigned rules_status(int code, enum era era);

/*
 * The value of Mcp-Name or Mcp-Param-*: as it is, or what stands between
 * `=?base64?` and `?=`.  false: not what it says to be.  Appends to out.
 */
bool rules_decode(const char *value, struct buf *out);

#endif

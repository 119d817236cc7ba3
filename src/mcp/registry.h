/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a session serves: its methods, what a client is told of them, and how
 * a call is made.  The protocol core is given one and knows no other.
 */

#ifndef IAG_MCP_REGISTRY_H
#define IAG_MCP_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "mcp/era.h"
#include "tools/dispatch.h"

struct gateway;
struct session;
struct request;

struct method {
	const char *name;
	unsigned eras; /* of enum era */
	void (*handle)(
	    struct session *session, struct request *request, struct buf *out);
	bool is_call; /* needs a task */
};

struct registry {
	const struct method *methods; /* the whole surface */
	size_t method_count;
	const struct registry *base; /* whose methods it has too, or NULL */
	/* members `"capabilities":{...}` and the like, by era */
	const char *hello_legacy, *hello_modern;
	/* The value of "instructions" for this client; NULL: none, or above. */
	void (*instruct)(struct session *session, struct buf *out);
	/* One call, on a thread that may wait; always gives a result. */
	int (*call)(struct gateway *gateway, const struct tool_request *request,
	    struct tool_result *ret_result);
	/* What a client answered to a request of ours; NULL: nobody asks. */
	void (*take_response)(const struct message *message);
};

/* The tools, resources and prompts of the gateway. */
extern const struct registry registry_gateway;

/* NULL: there is no such method in that era. */
const struct method *registry_find(
    const struct registry *registry, const char *name, enum era era);

#endif

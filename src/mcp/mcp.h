/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The Model Context Protocol over a byte stream, both eras at once: modern
 * 2026-07-28 and legacy 2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05.
 */

#ifndef IAG_MCP_MCP_H
#define IAG_MCP_MCP_H

#include "base/err.h"
#include "gateway/gateway.h"
#include "mcp/registry.h"
#include "tools/principal.h"

/*
 * Serve messages from in until its end (EOF), a read error, or until stop_fd
 * becomes readable (-1: none); answers go to out, one per line.  Returns
 * after the calls that were running have been answered or cancelled.
 */
int mcp_serve(const struct registry *registry, struct gateway *gateway,
    const struct principal *principal, int in, int out, int stop_fd,
    struct err *err);

/* The same where calls that run may go on for a while after the stop. */
struct mcp_stream {
	int in, out, stop_fd;
	uint64_t drain_ns;
	/* the gateway has other peers: none may keep its workers */
	bool is_shared;
};
int mcp_serve_stream(const struct registry *registry, struct gateway *gateway,
    const struct principal *principal, const struct mcp_stream *stream,
    struct err *err);

#endif

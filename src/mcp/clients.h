/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What to write into the configuration of a named MCP client. */

#ifndef IAG_MCP_CLIENTS_H
#define IAG_MCP_CLIENTS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct mcp_client {
	const char *name;  /* "claude-code" */
	const char *title; /* "Claude Code" */
	const char *file;  /* where the snippet goes */
	/* Which text goes round command and arguments. */
	enum mcp_client_form {
		MCP_CLIENT_SERVERS,  /* {"mcpServers":{...}} */
		MCP_CLIENT_VSCODE,   /* {"servers":{...}} with a type */
		MCP_CLIENT_CONTINUE, /* YAML */
		MCP_CLIENT_CODEX,    /* TOML */
		MCP_CLIENT_COMMAND   /* a shell command */
	} form;
};

extern const struct mcp_client mcp_client_table[];
extern const size_t mcp_client_count;

/*
 * Append the snippet for the client; binary and config are absolute paths of
 * the program and of its configuration (NULL: it runs without).
 * INPUT_INVALID names the known clients, or says which path cannot be
 * written.
 */
int mcp_client_config(const char *client, const char *binary,
    const char *config, struct buf *out, struct err *err);

#endif

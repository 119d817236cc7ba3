/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What to write into the configuration of a named MCP client: how to start
 * the program, or where a gateway on the network is.
 */

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
	/* How it is told of a server on the network; no key: over a bridge. */
	const char *url_key;  /* "url" */
	const char *url_type; /* value of "type", or NULL */
	/* How it names an environment variable: text in front and behind. */
	const char *env_before, *env_after;
};

/* Where the server is: url, or else the program. */
struct mcp_target {
	const char *binary; /* absolute path */
	const char *config; /* absolute path; NULL: it runs without */
	const char *via;    /* Unix socket of a daemon: its relay; or NULL */
	const char *url;    /* https, or http on this machine; or NULL */
	/* Variable with a bearer token; NULL: OAuth, or none is needed. */
	const char *token_env;
};

extern const struct mcp_client mcp_client_table[];
extern const size_t mcp_client_count;

/*
 * Append the snippet for the client.  INPUT_INVALID names the known clients,
 * or says which path, address or variable cannot be written.
 */
int mcp_client_config(const char *client, const struct mcp_target *target,
    struct buf *out, struct err *err);

#endif

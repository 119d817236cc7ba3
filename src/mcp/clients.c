/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The snippets differ in their wrapping only; what is wrapped is the
 * command and its arguments.
 */

#include "mcp/clients.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

const struct mcp_client mcp_client_table[] = {
	{ "claude-code", "Claude Code", "run in a shell", MCP_CLIENT_COMMAND },
	{ "claude-desktop", "Claude Desktop", "claude_desktop_config.json",
	    MCP_CLIENT_SERVERS },
	{ "codex", "Codex", "~/.codex/config.toml", MCP_CLIENT_CODEX },
	{ "continue", "Continue", ".continue/mcpServers/ibkr-agent.yaml",
	    MCP_CLIENT_CONTINUE },
	{ "cursor", "Cursor", "~/.cursor/mcp.json", MCP_CLIENT_SERVERS },
	{ "gemini-cli", "Gemini CLI", "~/.gemini/settings.json",
	    MCP_CLIENT_SERVERS },
	{ "generic", "any MCP client that reads mcpServers", "mcp.json",
	    MCP_CLIENT_SERVERS },
	{ "vscode", "Visual Studio Code", ".vscode/mcp.json",
	    MCP_CLIENT_VSCODE },
};
const size_t mcp_client_count = ARRAY_COUNT(mcp_client_table);

static const struct mcp_client *
client_find(const char *name)
{
	for (size_t i = 0; i < mcp_client_count; i++) {
		if (strcmp(mcp_client_table[i].name, name) == 0)
			return &mcp_client_table[i];
	}
	return NULL;
}

static int
client_refuse(const char *name, struct err *err)
{
	CLEANUP_BUF struct buf names = BUF_INIT;

	for (size_t i = 0; i < mcp_client_count; i++)
		buf_printf(&names, "%s%s", i == 0 ? "" : ", ",
		    mcp_client_table[i].name);
	return err_set(err, ERR_INPUT_INVALID,
	    "unknown client '%s': expected one of %s", name, buf_text(&names));
}

#define MCP_ARGS_JSON "[\"mcp\", \"serve\", \"--transport\", \"stdio\"]"

/* In single quotes for a shell. */
static void
client_write_shell(struct buf *out, const char *text)
{
	buf_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_str(out, "'\\''");
		else
			buf_char(out, *text);
	}
	buf_char(out, '\'');
}

/* quoted: the program as a JSON string, which YAML and TOML read alike. */
static void
client_write(struct buf *out, enum mcp_client_form form, const char *binary,
    const char *quoted)
{
	switch (form) {
	case MCP_CLIENT_COMMAND:
		buf_str(out, "claude mcp add ibkr-agent -- ");
		client_write_shell(out, binary);
		buf_str(out, " mcp serve --transport stdio\n");
		break;
	case MCP_CLIENT_SERVERS:
		buf_printf(out,
		    "{\n  \"mcpServers\": {\n    \"ibkr-agent\": {\n"
		    "      \"command\": %s,\n"
		    "      \"args\": " MCP_ARGS_JSON "\n    }\n  }\n}\n",
		    quoted);
		break;
	case MCP_CLIENT_VSCODE:
		buf_printf(out,
		    "{\n  \"servers\": {\n    \"ibkr-agent\": {\n"
		    "      \"type\": \"stdio\",\n      \"command\": %s,\n"
		    "      \"args\": " MCP_ARGS_JSON "\n    }\n  }\n}\n",
		    quoted);
		break;
	case MCP_CLIENT_CONTINUE:
		buf_printf(out,
		    "name: IBKR agent gateway\nversion: 1.0.0\nschema: v1\n"
		    "mcpServers:\n  - name: ibkr-agent\n    type: stdio\n"
		    "    command: %s\n    args: " MCP_ARGS_JSON "\n",
		    quoted);
		break;
	case MCP_CLIENT_CODEX:
		buf_printf(out,
		    "[mcp_servers.ibkr-agent]\ncommand = %s\n"
		    "args = " MCP_ARGS_JSON "\n",
		    quoted);
		break;
	}
}

int
mcp_client_config(
    const char *client, const char *binary, struct buf *out, struct err *err)
{
	CLEANUP_BUF struct buf quoted = BUF_INIT;
	const struct mcp_client *found = client_find(client);

	if (!found)
		return client_refuse(client, err);
	for (const char *c = binary; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return err_set(err, ERR_INPUT_INVALID,
			    "the path of the program holds a control "
			    "character, which no client takes");
	}
	json_write_string(&quoted, binary, strlen(binary));
	client_write(out, found->form, binary, buf_text(&quoted));
	if (quoted.failed || out->failed)
		return err_set(err, ERR_OUT_OF_MEMORY, "no memory");
	return 0;
}

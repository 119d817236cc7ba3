/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The snippets differ in their wrapping only; what is wrapped is the
 * command and its arguments.
 */

#include "mcp/clients.h"

#include <stdbool.h>
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

/* What a client is to run, in the two forms that snippets need. */
struct snippet {
	const char *binary, *config; /* config: NULL for none */
	struct buf quoted;           /* the program as a JSON string */
	struct buf args;             /* a JSON array */
};

static void
snippet_make(struct snippet *snippet)
{
	struct buf *args = &snippet->args;

	json_write_string(
	    &snippet->quoted, snippet->binary, strlen(snippet->binary));
	buf_char(args, '[');
	if (snippet->config) {
		buf_str(args, "\"--config\", ");
		json_write_string(
		    args, snippet->config, strlen(snippet->config));
		buf_str(args, ", ");
	}
	buf_str(args, "\"mcp\", \"serve\", \"--transport\", \"stdio\"]");
}

static void
client_write_command(struct buf *out, const struct snippet *snippet)
{
	buf_str(out, "claude mcp add ibkr-agent -- ");
	client_write_shell(out, snippet->binary);
	if (snippet->config) {
		buf_str(out, " --config ");
		client_write_shell(out, snippet->config);
	}
	buf_str(out, " mcp serve --transport stdio\n");
}

/* YAML and TOML read JSON's strings and arrays of strings alike. */
static void
client_write(
    struct buf *out, enum mcp_client_form form, const struct snippet *snippet)
{
	const char *quoted = buf_text(&snippet->quoted);
	const char *args = buf_text(&snippet->args);

	switch (form) {
	case MCP_CLIENT_COMMAND:
		client_write_command(out, snippet);
		break;
	case MCP_CLIENT_SERVERS:
		buf_printf(out,
		    "{\n  \"mcpServers\": {\n    \"ibkr-agent\": {\n"
		    "      \"command\": %s,\n"
		    "      \"args\": %s\n    }\n  }\n}\n",
		    quoted, args);
		break;
	case MCP_CLIENT_VSCODE:
		buf_printf(out,
		    "{\n  \"servers\": {\n    \"ibkr-agent\": {\n"
		    "      \"type\": \"stdio\",\n      \"command\": %s,\n"
		    "      \"args\": %s\n    }\n  }\n}\n",
		    quoted, args);
		break;
	case MCP_CLIENT_CONTINUE:
		buf_printf(out,
		    "name: IBKR agent gateway\nversion: 1.0.0\nschema: v1\n"
		    "mcpServers:\n  - name: ibkr-agent\n    type: stdio\n"
		    "    command: %s\n    args: %s\n",
		    quoted, args);
		break;
	case MCP_CLIENT_CODEX:
		buf_printf(out,
		    "[mcp_servers.ibkr-agent]\ncommand = %s\nargs = %s\n",
		    quoted, args);
		break;
	}
}

static int
check_path(const char *what, const char *path, struct err *err)
{
	for (; path && *path; path++)
		if ((unsigned char)*path < ' ' || *path == 0x7f)
			return err_set(err, ERR_INPUT_INVALID,
			    "the path of the %s holds a control character, "
			    "which no client takes",
			    what);
	return 0;
}

int
mcp_client_config(const char *client, const char *binary, const char *config,
    struct buf *out, struct err *err)
{
	const struct mcp_client *found = client_find(client);
	struct snippet snippet = { .binary = binary, .config = config };
	bool failed;

	if (!found)
		return client_refuse(client, err);
	if (check_path("program", binary, err) ||
	    check_path("configuration", config, err))
		return IAG_INVAL;
	snippet_make(&snippet);
	client_write(out, found->form, &snippet);
	failed = snippet.quoted.failed || snippet.args.failed || out->failed;
	buf_fini(&snippet.quoted);
	buf_fini(&snippet.args);
	return failed ? err_set(err, ERR_OUT_OF_MEMORY, "no memory") : 0;
}

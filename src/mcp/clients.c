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
	{ "claude-code", "Claude Code", "run in a shell", MCP_CLIENT_COMMAND,
	    "url", "http", "${", "}" },
	{ "claude-desktop", "Claude Desktop", "claude_desktop_config.json",
	    MCP_CLIENT_SERVERS, NULL, NULL, "${", "}" },
	{ "codex", "Codex", "~/.codex/config.toml", MCP_CLIENT_CODEX, "url",
	    NULL, "", "" },
	{ "continue", "Continue", ".continue/mcpServers/ibkr-agent.yaml",
	    MCP_CLIENT_CONTINUE, "url", "streamable-http", "${{ secrets.",
	    " }}" },
	{ "cursor", "Cursor", "~/.cursor/mcp.json", MCP_CLIENT_SERVERS, "url",
	    NULL, "${env:", "}" },
	{ "gemini-cli", "Gemini CLI", "~/.gemini/settings.json",
	    MCP_CLIENT_SERVERS, "httpUrl", NULL, "${", "}" },
	{ "generic", "any MCP client that reads mcpServers", "mcp.json",
	    MCP_CLIENT_SERVERS, "url", "http", "${", "}" },
	{ "vscode", "Visual Studio Code", ".vscode/mcp.json", MCP_CLIENT_VSCODE,
	    "url", "http", "${env:", "}" },
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

/* What a client is to run or to reach, in the forms that snippets need. */
struct snippet {
	const struct mcp_client *client;
	const struct mcp_target *target;
	struct buf quoted; /* program or address as a JSON string */
	struct buf args;   /* a JSON array */
	struct buf token;  /* "Bearer ..." as a JSON string, or empty */
};

static void
write_quoted(struct buf *out, const char *text)
{
	json_write_string(out, text, strlen(text));
}

/* Arguments that serve, each with the mark in front. */
static void
write_argument(struct buf *args, const char *text)
{
	buf_str(args, args->len > 1 ? ", " : "");
	write_quoted(args, text);
}

static void
snippet_run(struct snippet *snippet)
{
	const struct mcp_target *target = snippet->target;
	struct buf *args = &snippet->args;

	write_quoted(&snippet->quoted, target->binary);
	buf_char(args, '[');
	if (target->config && !target->via) {
		write_argument(args, "--config");
		write_argument(args, target->config);
	}
	write_argument(args, "mcp");
	write_argument(args, "serve");
	write_argument(args, target->via ? "--via" : "--transport");
	write_argument(args, target->via ? target->via : "stdio");
	buf_char(args, ']');
}

static void
snippet_token(struct snippet *snippet)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	if (!snippet->target->token_env)
		return;
	buf_printf(&text, "Bearer %s%s%s", snippet->client->env_before,
	    snippet->target->token_env, snippet->client->env_after);
	write_quoted(&snippet->token, buf_text(&text));
}

/* A client that knows no servers on the network runs mcp-remote. */
static void
snippet_bridge(struct snippet *snippet)
{
	const struct mcp_target *target = snippet->target;
	struct buf *args = &snippet->args;
	CLEANUP_BUF struct buf header = BUF_INIT;

	buf_str(&snippet->quoted, "\"npx\"");
	buf_str(args, "[\"-y\", \"mcp-remote\"");
	write_argument(args, target->url);
	if (strncmp(target->url, "http:", 5) == 0)
		write_argument(args, "--allow-http");
	if (target->token_env) {
		buf_printf(
		    &header, "Authorization:Bearer ${%s}", target->token_env);
		write_argument(args, "--header");
		write_argument(args, buf_text(&header));
	}
	buf_char(args, ']');
}

static void
snippet_make(struct snippet *snippet)
{
	if (!snippet->target->url) {
		snippet_run(snippet);
	} else if (!snippet->client->url_key) {
		snippet_bridge(snippet);
	} else {
		write_quoted(&snippet->quoted, snippet->target->url);
		snippet_token(snippet);
	}
}

static void
snippet_fini(struct snippet *snippet)
{
	buf_fini(&snippet->quoted);
	buf_fini(&snippet->args);
	buf_fini(&snippet->token);
}

static void
write_command(struct buf *out, const struct snippet *snippet)
{
	const struct mcp_target *target = snippet->target;

	buf_str(out, "claude mcp add ibkr-agent -- ");
	client_write_shell(out, target->binary);
	if (target->config && !target->via) {
		buf_str(out, " --config ");
		client_write_shell(out, target->config);
	}
	if (target->via) {
		buf_str(out, " mcp serve --via ");
		client_write_shell(out, target->via);
		buf_char(out, '\n');
	} else {
		buf_str(out, " mcp serve --transport stdio\n");
	}
}

/* The variable stays a name, so that the token is in no file. */
static void
write_command_url(struct buf *out, const struct snippet *snippet)
{
	CLEANUP_BUF struct buf header = BUF_INIT;

	buf_str(out, "claude mcp add --transport http ibkr-agent ");
	client_write_shell(out, snippet->target->url);
	if (snippet->target->token_env) {
		buf_printf(&header, "Authorization: Bearer ${%s}",
		    snippet->target->token_env);
		buf_str(out, " --header ");
		client_write_shell(out, buf_text(&header));
	}
	buf_char(out, '\n');
}

/* The members of the server's entry in JSON. */
static void
write_entry(struct buf *out, const struct snippet *snippet)
{
	const struct mcp_client *client = snippet->client;
	const char *type = snippet->target->url ? client->url_type : "stdio";

	if (type && (snippet->target->url || client->form == MCP_CLIENT_VSCODE))
		buf_printf(out, "      \"type\": \"%s\",\n", type);
	if (snippet->args.len > 0) {
		buf_printf(out, "      \"command\": %s,\n      \"args\": %s\n",
		    buf_text(&snippet->quoted), buf_text(&snippet->args));
		return;
	}
	buf_printf(out, "      \"%s\": %s", client->url_key,
	    buf_text(&snippet->quoted));
	if (snippet->token.len > 0)
		buf_printf(out, ",\n      \"headers\": {\"Authorization\": %s}",
		    buf_text(&snippet->token));
	buf_char(out, '\n');
}

static void
write_servers(struct buf *out, const struct snippet *snippet)
{
	buf_printf(out, "{\n  \"%s\": {\n    \"ibkr-agent\": {\n",
	    snippet->client->form == MCP_CLIENT_VSCODE ? "servers"
						       : "mcpServers");
	write_entry(out, snippet);
	buf_str(out, "    }\n  }\n}\n");
}

/* YAML and TOML read JSON's strings and arrays of strings alike. */
static void
write_continue(struct buf *out, const struct snippet *snippet)
{
	const char *quoted = buf_text(&snippet->quoted);

	buf_printf(out,
	    "name: IBKR agent gateway\nversion: 1.0.0\nschema: v1\n"
	    "mcpServers:\n  - name: ibkr-agent\n    type: %s\n",
	    snippet->target->url ? snippet->client->url_type : "stdio");
	if (!snippet->target->url)
		buf_printf(out, "    command: %s\n    args: %s\n", quoted,
		    buf_text(&snippet->args));
	else
		buf_printf(out, "    url: %s\n", quoted);
	if (snippet->token.len > 0)
		buf_printf(out,
		    "    requestOptions:\n      headers:\n"
		    "        Authorization: %s\n",
		    buf_text(&snippet->token));
}

static void
write_codex(struct buf *out, const struct snippet *snippet)
{
	const char *quoted = buf_text(&snippet->quoted);

	buf_str(out, "[mcp_servers.ibkr-agent]\n");
	if (!snippet->target->url)
		buf_printf(out, "command = %s\nargs = %s\n", quoted,
		    buf_text(&snippet->args));
	else
		buf_printf(out, "url = %s\n", quoted);
	if (snippet->token.len > 0)
		buf_printf(out, "bearer_token_env_var = \"%s\"\n",
		    snippet->target->token_env);
}

static void
client_write(struct buf *out, const struct snippet *snippet)
{
	switch (snippet->client->form) {
	case MCP_CLIENT_COMMAND:
		if (snippet->target->url)
			write_command_url(out, snippet);
		else
			write_command(out, snippet);
		break;
	case MCP_CLIENT_SERVERS:
	case MCP_CLIENT_VSCODE:
		write_servers(out, snippet);
		break;
	case MCP_CLIENT_CONTINUE:
		write_continue(out, snippet);
		break;
	case MCP_CLIENT_CODEX:
		write_codex(out, snippet);
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

/* A token or an order may not cross a network in the clear. */
static bool
is_local_url(const char *url)
{
	static const char *const hosts[] = { "http://127.0.0.1", "http://[::1]",
		"http://localhost" };

	for (size_t i = 0; i < ARRAY_COUNT(hosts); i++) {
		size_t len = strlen(hosts[i]);

		if (strncmp(url, hosts[i], len) == 0 &&
		    strchr(":/", url[len])) /* the end, too */
			return true;
	}
	return false;
}

static int
check_url(const char *url, struct err *err)
{
	if (!url)
		return 0;
	for (const char *c = url; *c; c++) {
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f ||
		    *c == '@')
			return err_set(err, ERR_INPUT_INVALID,
			    "--url: an address has no blanks, control or "
			    "non-ASCII characters, no user and no '@'");
	}
	if ((strncmp(url, "https://", 8) == 0 && url[8]) || is_local_url(url))
		return 0;
	return err_set(err, ERR_INPUT_INVALID,
	    "--url: expected https://HOST/mcp, or http:// with 127.0.0.1, "
	    "[::1] or localhost, got '%s'",
	    url);
}

static int
check_variable(const char *name, struct err *err)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz_";
	static const char more[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz_0123456789";

	if (!name || (*name && strchr(letters, *name) &&
			 name[strspn(name, more)] == '\0'))
		return 0;
	/* it may be the token itself: not shown */
	return err_set(err, ERR_INPUT_INVALID,
	    "--token-env: expected the name of an environment variable, "
	    "letters, digits and _");
}

static int
check_target(const struct mcp_target *target, struct err *err)
{
	int r = check_path("program", target->binary, err);

	if (r == 0)
		r = check_path("configuration", target->config, err);
	if (r == 0)
		r = check_path("socket", target->via, err);
	if (r == 0)
		r = check_url(target->url, err);
	if (r == 0)
		r = check_variable(target->token_env, err);
	if (r == 0 && target->token_env && !target->url)
		r = err_set(err, ERR_INPUT_INVALID,
		    "--token-env goes with --url: a program that the client "
		    "starts needs no token");
	if (r == 0 && target->via && target->url)
		r = err_set(err, ERR_INPUT_INVALID,
		    "--via and --url are two ways to one gateway: give one");
	return r;
}

int
mcp_client_config(const char *client, const struct mcp_target *target,
    struct buf *out, struct err *err)
{
	struct snippet snippet = { .client = client_find(client),
		.target = target };
	bool failed;
	int r;

	if (!snippet.client)
		return client_refuse(client, err);
	r = check_target(target, err);
	if (r)
		return r;
	snippet_make(&snippet);
	client_write(out, &snippet);
	failed = snippet.quoted.failed || snippet.args.failed ||
		 snippet.token.failed || out->failed;
	snippet_fini(&snippet);
	return failed ? err_no_memory(err) : 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The commands.  The table of the operator's commands is below; behind it
 * stand the tools, one command each.  It is put together once, at first use,
 * by the only thread that there is then, and kept to the end of the process.
 */

#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "cli/cli.h"
#include "cli/orderflags.h"
#include "mcp/clients.h"
#include "mcp/providers.h"
#include "sidecar/operations.h"

const struct option global_options[] = {
	{ "--config", "FILE", "configuration file", OPTION_FILE, NULL, NULL },
	{ "--json", NULL, "print JSON, errors too", 0, NULL, NULL },
	{ "--via", "SOCKET", "let the daemon at SOCKET do it", OPTION_FILE,
	    NULL, NULL },
	{ "--request-id", "ID", "put ID into the audit record", 0, NULL, NULL },
	{ "--help", NULL, "show help and exit", 0, NULL, NULL },
	{ "--version", NULL, "show the version and exit", 0, NULL, NULL },
	{ "--verbose", NULL, "with --version: how it was built", 0, NULL,
	    NULL },
	{ NULL, NULL, NULL, 0, NULL, NULL },
};

#define STORE_OPTION                                     \
	{                                                \
		"--store", "PATH",                       \
		    "read this store instead, strictly " \
		    "read-only",                         \
		    OPTION_FILE, NULL, NULL              \
	}
#define END_OPTION                              \
	{                                       \
		NULL, NULL, NULL, 0, NULL, NULL \
	}

static const struct option audit_tail_options[] = {
	{ "--limit", "N", "newest records to show, 1 to 500 (100)", 0, NULL,
	    NULL },
	STORE_OPTION,
	END_OPTION,
};

static const struct option audit_export_options[] = {
	{ "--out", "FILE",
	    "write the records to FILE and the manifest to "
	    "FILE.manifest; otherwise to standard output",
	    OPTION_FILE, NULL, NULL },
	{ "--first", "N", "first sequence", 0, NULL, NULL },
	{ "--last", "N", "last sequence", 0, NULL, NULL },
	{ "--since", "TIME", "records not older (RFC 3339)", 0, NULL, NULL },
	{ "--until", "TIME", "records not newer (RFC 3339)", 0, NULL, NULL },
	{ "--type", "TYPE", "records of this event type", 0, NULL, NULL },
	{ "--account", "ID", "records of this account", 0, NULL, NULL },
	{ "--limit", "N", "at most so many records", 0, NULL, NULL },
	END_OPTION,
};

static const struct option audit_verify_options[] = {
	{ "--first", "N", "first sequence to check", 0, NULL, NULL },
	{ "--last", "N", "last sequence to check", 0, NULL, NULL },
	{ "--state", NULL, "check every state row too", 0, NULL, NULL },
	{ "--checkpoint", "FILE", "the chain must go through this checkpoint",
	    OPTION_FILE, NULL, NULL },
	{ "--file", "FILE",
	    "check an export and its FILE.manifest instead, "
	    "without a store",
	    OPTION_FILE, NULL, NULL },
	STORE_OPTION,
	{ "--timeout", "SECONDS", "give up after so long (600)", 0, NULL,
	    NULL },
	END_OPTION,
};

static const struct option audit_purge_options[] = {
	{ "--before", "TIME", "only records older than TIME (RFC 3339)", 0,
	    NULL, NULL },
	{ "--dry-run", NULL, "count, change nothing", 0, NULL, NULL },
	END_OPTION,
};

static const struct option audit_checkpoint_options[] = {
	{ "--out", "FILE", "write it to FILE", OPTION_FILE, NULL, NULL },
	END_OPTION,
};

static const struct option audit_rotate_options[] = {
	{ "--new-secret-env", "NAME",
	    "environment variable that holds the "
	    "new secret",
	    0, NULL, NULL },
	{ "--new-secret-file", "FILE", "file (0600) that holds the new secret",
	    OPTION_FILE, NULL, NULL },
	END_OPTION,
};

static const struct option mcp_serve_options[] = {
	{ "--transport", "NAME", "how clients connect (stdio)", 0, "stdio http",
	    NULL },
	{ "--enable-remote-mcp", NULL, "needed with --transport http", 0, NULL,
	    NULL },
	{ "--bind", "ADDRESS:PORT",
	    "where to listen, in place of remote_mcp.bind_address", 0, NULL,
	    NULL },
	{ "--without-auth", NULL,
	    "ask nobody for a token: on a loopback address, for reading "
	    "only",
	    0, NULL, NULL },
	{ "--describe", NULL, "say what would be served, serve nothing", 0,
	    NULL, NULL },
	OPTION_LIVE_BROKER,
	OPTION_OPEN_LIVE_KILL_SWITCH,
	END_OPTION,
};

/* The choices are put in from the table of clients. */
static struct option mcp_client_options[] = {
	{ "--client", "NAME", "the MCP client, such as claude-code",
	    OPTION_REQUIRED, NULL, NULL },
	{ "--url", "URL", "a gateway on the network instead", 0, NULL, NULL },
	{ "--token-env", "NAME",
	    "with --url: the client's environment "
	    "variable with a bearer token; without it the client signs in",
	    0, NULL, NULL },
	END_OPTION,
};

static const struct option plugins_check_options[] = {
	{ "--child", NULL,
	    "run the checks in this process, print one JSON "
	    "line for each; the command starts itself so",
	    0, NULL, NULL },
	END_OPTION,
};

/* The choices are put in from the table of providers. */
static struct option provider_options[] = {
	{ "--target", "NAME", "whose tools, such as openai", OPTION_REQUIRED,
	    NULL, NULL },
	END_OPTION,
};

static const struct option store_adopt_options[] = {
	{ "--reason", "TEXT", "why, for the record", OPTION_REQUIRED, NULL,
	    NULL },
	END_OPTION,
};

static const struct option switch_credential_options[] = {
	{ "--out", "FILE", "write it to FILE (0600), which may not exist",
	    OPTION_REQUIRED | OPTION_FILE, NULL, NULL },
	END_OPTION,
};

static const struct option doctor_options[] = {
	{ "--apart", NULL,
	    "the caller came to the daemon as another user; the daemon "
	    "starts the command so",
	    0, NULL, NULL },
	END_OPTION,
};

static const struct option serve_options[] = {
	OPTION_LIVE_BROKER,
	END_OPTION,
};

static const struct option sidecar_run_options[] = {
	{ "--pairing-id", "ID", "under this pairing (the newest one)", 0, NULL,
	    NULL },
	END_OPTION,
};

static const struct option no_options[] = { END_OPTION };

#define COMMAND(path, summary, operand, options, run)                          \
	{                                                                      \
		path, summary, operand, false, false, NULL, options, run, NULL \
	}
#define COMMAND_OPERAND(path, summary, operand, options, run)                 \
	{                                                                     \
		path, summary, operand, true, false, NULL, options, run, NULL \
	}

/* What only says no takes whatever it is given. */
#define COMMAND_REFUSED(path, summary)                               \
	{                                                            \
		path, summary, NULL, false, false, NULL, no_options, \
		    run_write_refusal, NULL, true                    \
	}

static const struct command operator_commands[] = {
	COMMAND("audit tail", "show the newest audit records", NULL,
	    audit_tail_options, run_audit_tail),
	COMMAND("audit export", "write audit records and a manifest", NULL,
	    audit_export_options, run_audit_export),
	COMMAND("audit verify", "check the audit chain", NULL,
	    audit_verify_options, run_audit_verify),
	COMMAND("audit purge", "remove exported records past retention", NULL,
	    audit_purge_options, run_audit_purge),
	COMMAND("audit checkpoint", "write down where the chain stands", NULL,
	    audit_checkpoint_options, run_audit_checkpoint),
	COMMAND("audit rotate-key", "go on under a new secret", NULL,
	    audit_rotate_options, run_audit_rotate_key),
	COMMAND_OPERAND("completion", "print completion for a shell",
	    "bash|zsh|fish", no_options, run_completion),
	COMMAND("config check", "check the configuration, list every fault",
	    NULL, no_options, run_config_check),
	COMMAND("config show", "show the effective configuration", NULL,
	    no_options, run_config_show),
	COMMAND("config schema", "print a JSON Schema for editors", NULL,
	    no_options, run_config_schema),
	COMMAND("doctor", "check everything, say how to repair it", NULL,
	    doctor_options, run_doctor),
	COMMAND("kill-switch credential",
	    "make an operator's credential, for where no terminal is", NULL,
	    switch_credential_options, run_switch_credential),
	COMMAND("mcp serve", "serve MCP clients", NULL, mcp_serve_options,
	    run_mcp_serve),
	COMMAND("mcp client-config", "print the settings of an MCP client",
	    NULL, mcp_client_options, run_mcp_client_config),
	COMMAND_REFUSED(
	    "orders approve", "always refused: use approvals create"),
	COMMAND_REFUSED(
	    "orders modify", "always refused: use the paper and live tools"),
	COMMAND("plugins list", "list the plugins that are found", NULL,
	    no_options, run_plugins_list),
	COMMAND_OPERAND("plugins show", "describe a plugin", "NAME", no_options,
	    run_plugins_show),
	COMMAND_OPERAND("plugins check", "run the contract kit on a plugin",
	    "FILE", plugins_check_options, run_plugins_check),
	COMMAND("providers export",
	    "print the tools as a provider of models takes them", NULL,
	    provider_options, run_providers_export),
	COMMAND("providers list", "list the providers and their limits", NULL,
	    no_options, run_providers_list),
	COMMAND("serve", "serve this machine's agents and operators", NULL,
	    serve_options, run_serve),
	COMMAND("sidecar run", "relay reads for a remote gateway", NULL,
	    sidecar_run_options, run_sidecar),
	COMMAND("store status", "show identity, size and readers", NULL,
	    no_options, run_store_status),
	COMMAND("store adopt", "take over a copied or restored store", NULL,
	    store_adopt_options, run_store_adopt),
};

/* Where the argument stands without its option. */
static const struct {
	const char *path, *field, *name;
} operand_fields[] = {
	{ "approvals revoke", "approval_id", "APPROVAL" },
	{ "approvals show", "approval_id", "APPROVAL" },
	{ "contracts resolve", "symbol", "SYMBOL" },
	{ "contracts search", "query", "QUERY" },
	{ "live checklist acknowledge", "items", "ITEM..." },
	{ "live checklist revoke", "items", "ITEM..." },
	{ "orders resolve", "idempotency_key", "KEY" },
};

static struct command *commands;
static size_t commands_count;

/* account_id -> --account, broker_order_id -> --broker-order-id */
static char *
option_name(const struct field *field)
{
	const char *name =
	    strcmp(field->name, "account_id") == 0 ? "account" : field->name;
	size_t len = strlen(name);
	char *option = malloc(len + 3);
	size_t i;

	if (!option)
		abort();
	option[0] = option[1] = '-';
	for (i = 0; i <= len; i++)
		option[i + 2] = name[i] == '_' ? '-' : name[i];
	return option;
}

static const char *
placeholder(const struct field *field)
{
	switch (field->type) {
	case FIELD_BOOLEAN:
		return NULL;
	case FIELD_DECIMAL:
		return "DECIMAL";
	case FIELD_TIME:
		return "TIME";
	case FIELD_DATE:
		return "DATE";
	case FIELD_INTEGER:
		return "N";
	case FIELD_CHOICE:
		return "WORD";
	case FIELD_ARRAY:
		return "LIST";
	default:
		return strcmp(field->name + strcspn(field->name, "_"), "_id") ==
			       0
			   ? "ID"
			   : "TEXT";
	}
}

/* The name of a tool's operand; NULL: an option leads to the field. */
static const char *
operand_name(const struct tool *tool, const struct field *field)
{
	size_t i;

	for (i = 0; i < ARRAY_COUNT(operand_fields); i++)
		if (strcmp(operand_fields[i].path, tool->command) == 0 &&
		    strcmp(operand_fields[i].field, field->name) == 0)
			return operand_fields[i].name;
	return NULL;
}

/* The options of a tool's command; its operand goes into *command. */
static struct option *
tool_options(const struct tool *tool, struct command *command)
{
	const struct field *field;
	const struct option *flag;
	struct option *options;
	size_t count = 0;

	for (field = tool->input; field && field->name; field++)
		count++;
	for (flag = order_flags_of(tool); flag->name; flag++)
		count++;
	options = calloc(count + 1, sizeof(*options));
	if (!options)
		abort();
	count = 0;
	for (field = tool->input; field && field->name; field++) {
		const char *preset = tool_preset(tool, field);
		bool needed = field->flags & FIELD_REQUIRED && !preset;

		if (operand_name(tool, field)) {
			command->operand = operand_name(tool, field);
			command->operand_needed = needed;
			command->operand_many = field->type == FIELD_ARRAY;
			command->operand_field = field;
			continue;
		}
		options[count++] = (struct option){
			.name = option_name(field),
			.value = placeholder(field),
			.help = field->description,
			.flags = needed ? OPTION_REQUIRED : 0,
			.choices = field->choices,
			.field = field,
			.preset = preset,
		};
	}
	for (flag = order_flags_of(tool); flag->name; flag++)
		options[count++] = *flag;
	return options;
}

static bool
is_operator_command(const char *path)
{
	size_t i;

	for (i = 0; i < ARRAY_COUNT(operator_commands); i++)
		if (strcmp(operator_commands[i].path, path) == 0)
			return true;
	return false;
}

static int
compare_paths(const void *a, const void *b)
{
	const struct command *one = a, *other = b;

	return strcmp(one->path, other->path);
}

static void
commands_add(const struct tool *tools, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const struct tool *tool = &tools[i];
		struct command command = {
			.path = tool->command,
			.summary = tool->title,
			.run = run_tool,
			.tool = tool,
		};

		if (is_operator_command(tool->command))
			continue;
		command.options = tool_options(tool, &command);
		commands[commands_count++] = command;
	}
}

/* Kept to the end of the process, as the table is. */
static const char *
client_names(void)
{
	struct buf names = BUF_INIT;
	size_t i;

	for (i = 0; i < mcp_client_count; i++)
		buf_printf(
		    &names, "%s%s", i > 0 ? " " : "", mcp_client_table[i].name);
	if (names.failed)
		abort();
	return buf_take(&names);
}

static const char *
provider_names(void)
{
	struct buf names = BUF_INIT;

	for (size_t i = 0; i < provider_count; i++)
		buf_printf(
		    &names, "%s%s", i > 0 ? " " : "", provider_table[i].name);
	if (names.failed)
		abort();
	return buf_take(&names);
}

static void
commands_make(void)
{
	size_t total = ARRAY_COUNT(operator_commands) + tool_count +
		       operation_count + sidecar_operation_count;

	if (commands)
		return;
	commands = calloc(total, sizeof(*commands));
	if (!commands)
		abort();
	mcp_client_options[0].choices = client_names();
	provider_options[0].choices = provider_names();
	memcpy(commands, operator_commands, sizeof(operator_commands));
	commands_count = ARRAY_COUNT(operator_commands);
	commands_add(tool_table, tool_count);
	commands_add(operation_table, operation_count);
	commands_add(sidecar_operations, sidecar_operation_count);
	qsort(commands, commands_count, sizeof(*commands), compare_paths);
}

size_t
command_count(void)
{
	commands_make();
	return commands_count;
}

const struct command *
command_at(size_t i)
{
	commands_make();
	return &commands[i];
}

const struct command *
command_find(const char *path)
{
	size_t i;

	for (i = 0; i < command_count(); i++)
		if (strcmp(commands[i].path, path) == 0)
			return &commands[i];
	return NULL;
}

bool
command_is_group(const char *path)
{
	size_t len = strlen(path);
	size_t i;

	for (i = 0; i < command_count(); i++)
		if (strncmp(commands[i].path, path, len) == 0 &&
		    commands[i].path[len] == ' ')
			return true;
	return false;
}

const struct option *
command_option(const struct command *command, const char *name)
{
	const struct option *option;

	for (option = command ? command->options : NULL; option && option->name;
	     option++)
		if (strcmp(option->name, name) == 0)
			return option;
	for (option = global_options; option->name; option++)
		if (strcmp(option->name, name) == 0)
			return option;
	return NULL;
}

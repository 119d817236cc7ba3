/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Help, made from the command table. */

#include "cli/help.h"

#include <string.h>

#define COLUMN 28 /* where explanations begin */
#define WIDTH 80

/* text from column indent on, wrapped at WIDTH. */
static void
add_wrapped(struct buf *out, const char *text, size_t indent)
{
	size_t column = indent;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (column > indent && column + 1 + word > WIDTH) {
			buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			buf_char(out, ' ');
			column++;
		}
		buf_add(out, text, word);
		column += word;
		text += word;
		text += strspn(text, " ");
	}
	buf_char(out, '\n');
}

static void
add_line(struct buf *out, const char *left, const char *text)
{
	size_t used = strlen(left) + 2;

	buf_printf(out, "  %s", left);
	if (used + 2 > COLUMN)
		buf_printf(out, "\n%*s", COLUMN, "");
	else
		buf_printf(out, "%*s", (int)(COLUMN - used), "");
	add_wrapped(out, text, COLUMN);
}

/* Help, and the words that a choice allows. */
static void
add_option(struct buf *out, const struct option *option)
{
	struct buf left CLEANUP_BUF = BUF_INIT;
	struct buf text CLEANUP_BUF = BUF_INIT;

	buf_str(&left, option->name);
	if (option->value)
		buf_printf(&left, " %s", option->value);
	buf_str(&text, option->help);
	if (option->choices)
		buf_printf(&text, " [%s]", option->choices);
	if (option->flags & OPTION_REQUIRED)
		buf_str(&text, " (required)");
	if (option->preset)
		buf_printf(&text, " (%s)", option->preset);
	add_line(out, buf_text(&left), buf_text(&text));
}

static void
add_options(struct buf *out, const char *title, const struct option *option)
{
	if (!option || !option->name)
		return;
	buf_printf(out, "\n%s:\n", title);
	for (; option->name; option++)
		add_option(out, option);
}

static void
add_usage(struct buf *out, const struct command *command)
{
	struct buf usage CLEANUP_BUF = BUF_INIT;
	const struct option *option;

	buf_str(&usage, command->path);
	for (option = command->options; option && option->name; option++)
		if (option->flags & OPTION_REQUIRED)
			buf_printf(
			    &usage, " %s %s", option->name, option->value);
	if (command->operand)
		buf_printf(&usage, command->operand_needed ? " %s" : " [%s]",
		    command->operand);
	buf_str(&usage, " [OPTION]...");
	buf_str(out, "Usage: ibkr-agent ");
	add_wrapped(out, buf_text(&usage), strlen("Usage: ibkr-agent "));
}

/* Commands whose paths go on after that of this one. */
static void
add_longer(struct buf *out, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < command_count(); i++) {
		const struct command *command = command_at(i);

		if (len == 0 || (strncmp(command->path, path, len) == 0 &&
				    command->path[len] == ' '))
			add_line(out, command->path, command->summary);
	}
}

static void
help_command(struct buf *out, const struct command *command)
{
	add_usage(out, command);
	buf_char(out, '\n');
	add_wrapped(out,
	    command->tool ? command->tool->description : command->summary, 0);
	if (command->operand_field) {
		buf_str(out, "\nOperand:\n");
		add_line(
		    out, command->operand, command->operand_field->description);
	}
	if (command->tool && !command->tool->scope)
		buf_str(out, "\nFor the operator alone.\n");
	else if (command->tool)
		buf_printf(out, "\nTool %s, scope %s.\n", command->tool->name,
		    command->tool->scope);
	if (command_is_group(command->path)) {
		buf_str(out, "\nCommands:\n");
		add_longer(out, command->path);
	}
	add_options(out, "Options", command->options);
	add_options(out, "Global options", global_options);
}

static void
help_group(struct buf *out, const char *path)
{
	size_t len = strlen(path);

	buf_printf(out, "Usage: ibkr-agent %s%sCOMMAND [OPTION]...\n\n", path,
	    len > 0 ? " " : "");
	if (len == 0)
		buf_str(out, "A gateway between agents, an operator and an "
			     "Interactive Brokers account.\n\n");
	buf_str(out, "Commands:\n");
	add_longer(out, path);
	add_options(out, "Global options", global_options);
	if (len == 0)
		buf_str(out, "\nibkr-agent COMMAND --help explains a command; "
			     "ibkr-agent(1) all of them.\n");
}

void
help_print(struct buf *out, const struct command *command, const char *path)
{
	if (command)
		help_command(out, command);
	else
		help_group(out, path);
}

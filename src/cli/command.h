/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The command table: the operator's commands are written down in command.c,
 * those of the tools are made from the tool table.  Parsing, help, completion
 * and the manual's test all read this table.
 */

#ifndef IAG_CLI_COMMAND_H
#define IAG_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "tools/tool.h"

struct cli;

enum {
	OPTION_REQUIRED = 0x1,
	OPTION_FILE = 0x2 /* completion offers file names */
};

/* One option; names are matched exactly, never by prefix. */
struct option {
	const char *name;  /* "--limit" */
	const char *value; /* placeholder "N"; NULL: a flag */
	const char *help;
	unsigned flags;
	const char *choices;       /* words parted by one space, or NULL */
	const struct field *field; /* the tool's argument behind it */
	const char *preset;        /* the value if it is not given, or NULL */
};

struct command {
	const char *path; /* "audit tail" */
	const char *summary;
	/* Placeholder of the operands, NULL: there are none. */
	const char *operand;
	bool operand_needed, operand_many;
	const struct field *operand_field;
	const struct option *options; /* ends with a NULL name */
	/* Does the work, prints; returns 0 or the class of *err. */
	int (*run)(struct cli *cli, struct err *err);
	const struct tool *tool; /* of a tool's command, else NULL */
	bool takes_all;          /* any option or operand; none is looked at */
};

/* Options that every command has. */
extern const struct option global_options[];

/* All commands, operator's and tools', sorted by path. */
size_t command_count(void);
const struct command *command_at(size_t i);
/* The command of exactly this path, or NULL. */
const struct command *command_find(const char *path);
/* True if some command's path goes on after these words. */
bool command_is_group(const char *path);
/* The option of a command or a global one; name with its dashes. */
const struct option *command_option(
    const struct command *command, const char *name);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The command line as it was given: which command, which options, which
 * operands.  Own parser, because getopt_long() takes unambiguous prefixes, so
 * that a later option could change what an old script means.
 */

#ifndef IAG_CLI_ARGS_H
#define IAG_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cli/command.h"

struct arg {
	const struct option *option;
	const char *value; /* NULL: a flag; borrowed from argv */
};

struct args {
	const struct command *command; /* NULL: none was named */
	char *group;                   /* words before --help: "audit" */
	struct arg *options;           /* as given, globals among them */
	size_t option_count;
	const char **operands;
	size_t operand_count;
	bool json, help, version, verbose;
};

/*
 * Reads argv[1] and on.  INPUT_INVALID with the nearest known word and the
 * help to ask for.  With --help nothing is required.
 */
int args_parse(
    struct args *args, int argc, char *const argv[], struct err *err);
void args_fini(struct args *args);

/* Is --json among the options?  For errors of the parser itself. */
bool args_has_json(int argc, char *const argv[]);
/* The last value given, or NULL. */
const char *args_value(const struct args *args, const char *option);
bool args_has(const struct args *args, const char *option);

#endif

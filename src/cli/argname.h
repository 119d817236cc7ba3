/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the arguments of a tool are called on its command line. */

#ifndef IAG_CLI_ARGNAME_H
#define IAG_CLI_ARGNAME_H

#include "base/buf.h"
#include "cli/command.h"

/*
 * The text of an error with the command's options and operands in the place of
 * the tool's arguments: "argument 'order_type': ..." is "option
 * '--order-type': ...".
 */
void argument_names(
    const struct command *command, const char *text, struct buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What --help prints. */

#ifndef IAG_CLI_HELP_H
#define IAG_CLI_HELP_H

#include "base/buf.h"
#include "cli/command.h"

/* path: words of a group, "" for the program; a command's own wins. */
void help_print(
    struct buf *out, const struct command *command, const char *path);

#endif

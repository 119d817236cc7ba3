/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Commands through the daemon: --via SOCKET, or $IBKR_AGENT_SOCKET where no
 * --config is given.  Then this process reads no configuration and opens no
 * store: it says to the daemon what it was told, and prints what comes back.
 */

#ifndef IAG_CLI_VIA_H
#define IAG_CLI_VIA_H

#include "cli/cli.h"
#include "tools/dispatch.h"

bool via_is_on(const struct cli *cli);

/* Does it go through the daemon at all?  It may still refuse options. */
bool via_takes(const struct command *command);

/* The command, as far as it goes through the daemon; else INPUT_INVALID. */
int via_run(struct cli *cli, struct err *err);

/*
 * One call, of request's name, arguments, flags and id.  0: there is a result,
 * which may be an error.  tool NULL: nobody knows that name.
 */
int via_call(struct cli *cli, const struct tool_request *request,
    const struct tool *tool, struct tool_result *ret_result, struct err *err);

#endif

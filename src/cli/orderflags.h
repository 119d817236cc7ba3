/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Flags of commands that write orders (reference.md 1.2, ruling 40).  They
 * only narrow what the configuration allows; some of an older gateway are
 * taken, do nothing, and say so.
 */

#ifndef IAG_CLI_ORDERFLAGS_H
#define IAG_CLI_ORDERFLAGS_H

#include "cli/command.h"

/* Of a tool's command; ends with a NULL name; never NULL. */
const struct option *order_flags_of(const struct tool *tool);
/* Of `mcp serve` and others that stand in the command table. */
#define OPTION_LIVE_BROKER                                                  \
	{                                                                   \
		"--live-broker", "NAME",                                    \
		    "writer of live orders instead of the configured one; " \
		    "live_trading.allowed_writers must have it",            \
		    0, NULL, NULL                                           \
	}
#define OPTION_OPEN_LIVE_KILL_SWITCH                        \
	{                                                   \
		"--open-live-kill-switch", NULL,            \
		    "no effect: the switch is stored, see " \
		    "ibkr-agent kill-switch",               \
		    0, NULL, NULL                           \
	}

/* A line on standard error for each flag given that does nothing. */
void order_flags_say(const struct cli *cli);

#endif

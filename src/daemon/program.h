/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Commands of the operator that look at the daemon's own surroundings
 * (configuration, plugins, store): the daemon runs its program once more, as
 * itself, and hands over what that one says.  Only commands that change
 * nothing, and none of their options, so that no file is named.
 */

#ifndef IAG_DAEMON_PROGRAM_H
#define IAG_DAEMON_PROGRAM_H

#include <stdbool.h>

#include "tools/tool.h"

/* The operation; no client is shown it, and only operators may call it. */
#define PROGRAM_OPERATION "ibkr_daemon_run"
extern const struct tool program_operation;

/* May the command with this path be run so? */
bool program_may_run(const char *path);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Commands in texts for people, as they have to be typed here: with the
 * configuration or the daemon's socket that this one was given.
 */

#ifndef IAG_CLI_RUNNABLE_H
#define IAG_CLI_RUNNABLE_H

#include <json-c/json_object.h>

#include "base/buf.h"
#include "cli/cli.h"

/* Append text, `--config FILE` or `--via SOCKET` behind each program's name. */
void runnable_add(const struct cli *cli, struct buf *out, const char *text);
/* The same for the members `what_to_do` of a result and of its rows. */
int runnable_tree(const struct cli *cli, struct json_object *tree);

#endif

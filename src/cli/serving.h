/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What commands that serve until they are told to stop have in common. */

#ifndef IAG_CLI_SERVING_H
#define IAG_CLI_SERVING_H

#include "cli/cli.h"

/*
 * Readable at SIGTERM and SIGINT; called before any thread is made, so that
 * all inherit the mask.  A peer that went away is an error of write() from
 * then on.  -1 with the reason.
 */
int serving_stop_fd(struct err *err);
/* The next signal, or -1 if none is there. */
int serving_signal(int stop_fd);
/* Until there is one. */
void serving_wait(int stop_fd);

/* --describe: what would be served; where: NULL: no address. */
int serving_describe(struct cli *cli, const char *transport, const char *where,
    uint64_t scopes, struct err *err);

/* `mcp serve --transport http` */
int run_mcp_http(struct cli *cli, struct err *err);

#endif

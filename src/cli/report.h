/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* How a command says that it failed. */

#ifndef IAG_CLI_REPORT_H
#define IAG_CLI_REPORT_H

#include "base/err.h"
#include "cli/cli.h"

/* Write the error to stderr; returns the exit code of its error code. */
int report_error(const struct cli *cli, const struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#ifndef IAG_CLI_VERSION_H
#define IAG_CLI_VERSION_H

#include <stdbool.h>

#include "base/buf.h"

/* --version, with verbose how it was built and what it runs with */
void version_print(struct buf *out, bool verbose, bool json);

#endif

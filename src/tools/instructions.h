/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the server says of itself to a model: what it can do for this client. */

#ifndef IAG_TOOLS_INSTRUCTIONS_H
#define IAG_TOOLS_INSTRUCTIONS_H

#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"

/* Clients cut it at about 2 KB. */
enum { INSTRUCTIONS_MAX = 2048 };

/* By the configuration and the scopes of the client. */
void instructions_write(
    struct buf *out, const struct config *config, uint64_t scopes);

#endif

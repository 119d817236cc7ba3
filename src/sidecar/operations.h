/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The operator's commands of the relay, as rows like those of tools. */

#ifndef IAG_SIDECAR_OPERATIONS_H
#define IAG_SIDECAR_OPERATIONS_H

#include "tools/tool.h"

extern const struct tool sidecar_operations[];
extern const size_t sidecar_operation_count;

#endif

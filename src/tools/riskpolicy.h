/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* A risk policy, read by its id. */

#ifndef IAG_TOOLS_RISKPOLICY_H
#define IAG_TOOLS_RISKPOLICY_H

#include "tools/tool.h"

/*
 * Called like a tool and recorded like one, but in no table: no client calls
 * it by name, only as the resource ibkr://policy/{id}.
 */
extern const struct tool risk_policy_row;

int risk_policy_handler(struct tool_call *call, struct err *err);

#endif

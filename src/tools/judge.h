/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * For the contract kit: what an operation is asked with, and whether a plugin
 * has answered what a caller could be shown.
 */

#ifndef IAG_TOOLS_JUDGE_H
#define IAG_TOOLS_JUDGE_H

#include "host/check.h"

extern const struct plugin_judge tools_judge;

#endif

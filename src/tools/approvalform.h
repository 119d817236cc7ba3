/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * `ibkr_approvals_create` for a client whose user can be asked: a row of its
 * own, which a door calls in place of the tool's.
 */

#ifndef IAG_TOOLS_APPROVALFORM_H
#define IAG_TOOLS_APPROVALFORM_H

#include "tools/tool.h"

/*
 * Its arguments and two of the door's: `request_state` and `answer` (yes, no).
 * The result is the tool's, or has `form` and `request_state`.
 */
extern const struct tool approval_form_row;

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the rows of operations.c do. */

#ifndef IAG_SIDECAR_COMMANDS_H
#define IAG_SIDECAR_COMMANDS_H

#include "base/err.h"
#include "tools/tool.h"

int sidecar_identity_create(struct tool_call *call, struct err *err);
int sidecar_pairing_create(struct tool_call *call, struct err *err);
int sidecar_pairing_join(struct tool_call *call, struct err *err);
int sidecar_pairing_confirm(struct tool_call *call, struct err *err);
int sidecar_pairing_revoke(struct tool_call *call, struct err *err);
int sidecar_session_create(struct tool_call *call, struct err *err);
int sidecar_relay_accept(struct tool_call *call, struct err *err);
int sidecar_status(struct tool_call *call, struct err *err);

#endif

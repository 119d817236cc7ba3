/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The tool reference out of the table: a manual page and a guide. */

#ifndef IAG_TOOLS_MANUAL_H
#define IAG_TOOLS_MANUAL_H

#include "base/buf.h"

/* ibkr-agent-tools(7), the whole page in mdoc. */
void tool_reference_manual(struct buf *out);
/* docs/tools.md */
void tool_reference_guide(struct buf *out);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Short guides for agents, readable as ibkr://docs/NAME: what to do when the
 * gateway says no.
 */

#ifndef IAG_MCP_RUNBOOK_H
#define IAG_MCP_RUNBOOK_H

#include <stddef.h>

#include "tools/tool.h"

struct runbook {
	const char *name; /* "session" */
	const char *title;
	const char *description;
	const char *text; /* Markdown */
};

extern const struct runbook runbook_table[];
extern const size_t runbook_count;

/*
 * Reading one, called like a tool and recorded like one, but by no name that
 * a client could give: only as ibkr://docs/NAME.
 */
extern const struct tool runbook_row;

/* NULL: there is none. */
const struct runbook *runbook_find(const char *name);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Short guides for agents, readable as ibkr://docs/NAME: what to do when the
 * gateway says no.
 */

#ifndef IAG_MCP_RUNBOOK_H
#define IAG_MCP_RUNBOOK_H

#include <stddef.h>

struct runbook {
	const char *name; /* "session" */
	const char *title;
	const char *description;
	const char *text; /* Markdown */
};

extern const struct runbook runbook_table[];
extern const size_t runbook_count;

/* NULL: there is none. */
const struct runbook *runbook_find(const char *name);

#endif

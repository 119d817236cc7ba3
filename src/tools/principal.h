/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Who makes a call: a name that the audit shows, a kind, and scopes. */

#ifndef IAG_TOOLS_PRINCIPAL_H
#define IAG_TOOLS_PRINCIPAL_H

#include <stdbool.h>
#include <stdint.h>

enum principal_kind {
	PRINCIPAL_AGENT,
	PRINCIPAL_OPERATOR,
	PRINCIPAL_SYSTEM /* the gateway itself: reconciler, supervisor */
};

struct principal {
	const char *name; /* "local:alice", "agent:local-agent" */
	enum principal_kind kind;
	uint64_t scopes; /* bits of scope.h */
	/* The kernel says that it is another user than the store's, not root.
	 */
	bool is_apart;
};

/* "agent", "operator", "system" */
const char *principal_kind_name(enum principal_kind kind);

#endif

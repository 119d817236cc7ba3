/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The thread that keeps the session: it does what session_plan_at() says,
 * by the backend's session callback, in one process of those on a store.
 */

#ifndef IAG_LINK_SUPERVISOR_H
#define IAG_LINK_SUPERVISOR_H

#include <stdbool.h>

#include "link/link.h"

/* Does this process supervise now? */
bool supervisor_is_on(struct link *link);

#endif

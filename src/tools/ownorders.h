/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Asking the journal, and the writers that it names, for an account's orders.
 */

#ifndef IAG_TOOLS_OWNORDERS_H
#define IAG_TOOLS_OWNORDERS_H

#include "tools/dispatch.h"
#include "tools/merge.h"

/*
 * Orders of the call's account that work, or changed between from_ns and
 * to_ns.  Writers are asked only about what may have changed since.  One that
 * cannot be asked makes own->complete false; only a call that is over, or a
 * journal that cannot be read, is an error.
 */
int own_orders_load(const struct tool_call *call, uint64_t from_ns,
    uint64_t to_ns, struct own_orders *ret_own, struct err *err);
/* The one with that id or client reference, if there is one. */
int own_orders_find(const struct tool_call *call, const char *id,
    struct own_orders *ret_own, struct err *err);

#endif

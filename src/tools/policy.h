/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The market data policy (reference.md 9.4): what may be shown of quotes
 * that are delayed, old or of unknown age, on every path that carries them.
 */

#ifndef IAG_TOOLS_POLICY_H
#define IAG_TOOLS_POLICY_H

#include <stdint.h>

#include <json-c/json_object.h>

#include "base/err.h"
#include "config/config.h"
#include "host/host.h"
#include "tools/tool.h"

/* A source time this far ahead of ours counts as none (ruling 10). */
#define POLICY_AHEAD_NS UINT64_C(2000000000)
/* A delayed feed runs behind by up to 20 minutes without being stale. */
#define POLICY_DELAY_NS UINT64_C(1200000000000)

/*
 * Settle the quality of a backend's result before it is checked: fill in
 * source and receipt time from the reply, recompute staleness_seconds, turn
 * old `live` or `delayed` data into `stale`, add warnings.  Fails with
 * MARKET_DATA_DELAYED, _STALE, _UNAVAILABLE or _INCOMPLETE where the
 * configuration does not let it be shown.
 */
int policy_apply(const struct config *config, const struct tool *tool,
    const struct answer *answer, uint64_t now_ns, struct json_object *result,
    struct err *err);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A backend reads from the broker and can change nothing there.  It answers
 * operations: the names and their arguments and answers are those of the
 * read tools in the tool reference, which the host checks on both sides, so
 * a new read never touches this ABI.
 */

#ifndef IBKR_AGENT_BACKEND_H
#define IBKR_AGENT_BACKEND_H

#include "ibkr-agent/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

struct iag_backend_ops {
	uint32_t struct_size;
	uint32_t reserved; /* 0 */

	/*
	 * The operations that this backend knows, for example
	 * "market_snapshot"; the host asks for no other.
	 */
	const char *const *operations;
	size_t operation_count;

	/*
	 * Answer one operation: arguments is a JSON object of len bytes (NUL
	 * behind it) that the host has checked.  Answer with exactly one
	 * host->reply() and return 0, or return the result of host->fail().
	 * Results: IAG_AUTH for a missing or ended login, IAG_AGAIN when the
	 * broker cannot be reached, IAG_LIMIT with retry_after for pacing,
	 * IAG_NOTFOUND, IAG_NOTSUP, IAG_STOPPING.  Values that the broker
	 * did not give are left out, never written as zero.
	 */
	int32_t (*query)(struct iag_ctx *ctx, void *instance,
	    const char *operation, const char *arguments, size_t len);

	/*
	 * Since 1.1; NULL: a backend without a session.  One step
	 * (IAG_SESSION_STEP_*) of the host's supervisor: ask the broker, tell
	 * what it said with host->session_set() and return 0, or the result
	 * of host->fail().
	 */
	int32_t (*session)(struct iag_ctx *ctx, void *instance, uint32_t step);
};

#ifdef __cplusplus
}
#endif

#endif

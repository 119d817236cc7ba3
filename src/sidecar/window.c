/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/window.h"

#include "base/clock.h"

int
window_time(const char *what, uint64_t time_ns, uint64_t now_ns,
    uint64_t skew_ns, struct err *err)
{
	uint64_t apart = time_ns > now_ns ? time_ns - now_ns : now_ns - time_ns;
	int rc;

	if (apart <= skew_ns)
		return 0;
	rc = err_set(err, ERR_SIDECAR_SESSION_INVALID,
	    "the clocks of gateway and sidecar differ: %s is %llu s %s, and "
	    "sidecar.clock_skew_seconds is %llu",
	    what, (unsigned long long)(apart / NS_PER_S),
	    time_ns > now_ns ? "in the future" : "old",
	    (unsigned long long)(skew_ns / NS_PER_S));
	err_action(err, "set the clocks of both machines");
	return rc;
}

int
window_take(const char *what, uint64_t *last, int64_t number, struct err *err)
{
	if (number <= 0 || (uint64_t)number <= *last)
		return err_set(err, ERR_SIDECAR_SESSION_INVALID,
		    "%s %lld came after %llu: a replay", what,
		    (long long)number, (unsigned long long)*last);
	*last = (uint64_t)number;
	return 0;
}

bool
budget_take(struct budget *budget, unsigned max, uint64_t now_ns)
{
	if (now_ns - budget->start_ns >= 60 * NS_PER_S)
		*budget = (struct budget){ .start_ns = now_ns };
	if (budget->used >= max)
		return false;
	budget->used++;
	return true;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "daemon/visits.h"

#include <stddef.h>

#include "base/clock.h"

#define PAUSE_NS (60 * NS_PER_S)

/* The place of a user; the one due the longest ago is given up for a new. */
static struct visits_user *
place_of(struct visits *visits, uint32_t uid)
{
	struct visits_user *oldest = &visits->users[0];

	for (size_t i = 0; i < VISITS_USERS; i++) {
		struct visits_user *user = &visits->users[i];

		if (user->due_ns > 0 && user->uid == uid)
			return user;
		if (user->due_ns < oldest->due_ns)
			oldest = user;
	}
	*oldest = (struct visits_user){ .uid = uid, .due_ns = 1 };
	return oldest;
}

unsigned
visits_note(struct visits *visits, uint32_t uid, bool refused, uint64_t now_ns)
{
	struct visits_user *user = place_of(visits, uid);
	unsigned count;

	if (!refused) {
		count = !user->is_known;
		user->is_known = true;
		return count;
	}
	if (now_ns >= visits->until_ns) {
		visits->until_ns = now_ns + PAUSE_NS;
		visits->recorded = 0;
	}
	user->refused++;
	if (now_ns < user->due_ns || visits->recorded >= VISITS_RECORDS)
		return 0;
	visits->recorded++;
	count = user->refused;
	user->refused = 0;
	user->due_ns = now_ns + PAUSE_NS;
	return count;
}

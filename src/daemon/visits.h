/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Which visits go on the record: the first that a user made, and those that
 * were refused, once a minute with their number, so that nobody can fill the
 * store by knocking; nor by doing so under many numbers, of which a user has
 * 65536 in a namespace of his own: so many records of refusals in a minute.
 */

#ifndef IAG_DAEMON_VISITS_H
#define IAG_DAEMON_VISITS_H

#include <stdbool.h>
#include <stdint.h>

enum { VISITS_USERS = 64, VISITS_RECORDS = 64 };

struct visits {
	struct visits_user {
		uint64_t due_ns; /* of the next record of refusals; 0: free */
		uint32_t uid;
		uint32_t refused; /* since the last record */
		bool is_known;    /* came in before */
	} users[VISITS_USERS];
	uint64_t until_ns; /* of this minute */
	unsigned recorded; /* refusals, in it */
};

/*
 * A user has come in, or was refused, at this boot time.  0: nothing to
 * record, else for how many visits a record is due.
 */
unsigned visits_note(
    struct visits *visits, uint32_t uid, bool refused, uint64_t now_ns);

#endif

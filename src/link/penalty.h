/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What is remembered of the broker's 429: an endpoint rests for a minute,
 * longer each time, and after the third within a quarter of an hour the
 * whole connection does, as the broker blocks an address then.  Pure, like
 * bucket.h.  Kept in both clocks, so that it outlives a reboot.
 */

#ifndef IAG_LINK_PENALTY_H
#define IAG_LINK_PENALTY_H

#include <stdbool.h>
#include <stdint.h>

struct penalty {
	uint64_t key;           /* of the endpoint; 0: free */
	uint64_t until_ns;      /* boot time; 0: none */
	uint64_t until_real_ns; /* the same moment */
	uint64_t since_ns;      /* boot time of the first strike */
	uint64_t strikes;       /* without a good answer in between */
};

/*
 * A 429 came.  wanted_ns: what its Retry-After says, 0: nothing.  The time
 * to rest.
 */
uint64_t penalty_strike(struct penalty *penalty, uint64_t wanted_ns,
    uint64_t now_ns, uint64_t real_ns);
/* The same in the memory of the whole connection, for its third strike. */
uint64_t penalty_strike_all(
    struct penalty *all, uint64_t now_ns, uint64_t real_ns);
/* An answer that was no 429. */
void penalty_forgive(struct penalty *penalty, uint64_t now_ns);
/* How long to rest still; 0: not. */
uint64_t penalty_left_ns(const struct penalty *penalty, uint64_t now_ns);
/* Boot time began anew; what is left of the rest stays. */
void penalty_reboot(struct penalty *penalty, uint64_t now_ns, uint64_t real_ns);
bool penalty_is_sound(const struct penalty *penalty, uint64_t now_ns);

#endif

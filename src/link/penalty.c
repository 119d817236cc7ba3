/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The arithmetic of penalties; penalty.h says what holds. */

#include "link/penalty.h"

#include "base/clock.h"

#define REST_NS (60 * NS_PER_S)      /* after the first 429 */
#define REST_MAX_NS (900 * NS_PER_S) /* the broker's own block */
#define WANTED_MAX_NS (3600 * NS_PER_S)
#define MEMORY_NS (900 * NS_PER_S) /* strikes further apart do not add up */
#define STRIKES_OF_ALL 3

static void
rest(struct penalty *penalty, uint64_t ns, uint64_t now_ns, uint64_t real_ns)
{
	if (penalty->until_ns >= now_ns + ns)
		return;
	penalty->until_ns = now_ns + ns;
	penalty->until_real_ns = real_ns + ns;
}

static void
count_strike(struct penalty *penalty, uint64_t now_ns)
{
	if (penalty->strikes == 0 || penalty->since_ns + MEMORY_NS < now_ns) {
		penalty->strikes = 0;
		penalty->since_ns = now_ns;
	}
	penalty->strikes++;
}

uint64_t
penalty_strike(struct penalty *penalty, uint64_t wanted_ns, uint64_t now_ns,
    uint64_t real_ns)
{
	uint64_t ns = REST_NS;

	/* requests that were on their way together are one strike */
	if (penalty_left_ns(penalty, now_ns) == 0)
		count_strike(penalty, now_ns);
	for (uint64_t i = 1; i < penalty->strikes && ns < REST_MAX_NS; i++)
		ns *= 2;
	if (ns > REST_MAX_NS)
		ns = REST_MAX_NS;
	if (wanted_ns > WANTED_MAX_NS)
		wanted_ns = WANTED_MAX_NS;
	rest(penalty, ns > wanted_ns ? ns : wanted_ns, now_ns, real_ns);
	return penalty_left_ns(penalty, now_ns);
}

uint64_t
penalty_strike_all(struct penalty *all, uint64_t now_ns, uint64_t real_ns)
{
	count_strike(all, now_ns);
	if (all->strikes >= STRIKES_OF_ALL) {
		rest(all, REST_MAX_NS, now_ns, real_ns);
		all->strikes = 0;
	}
	return penalty_left_ns(all, now_ns);
}

void
penalty_forgive(struct penalty *penalty, uint64_t now_ns)
{
	if (penalty_left_ns(penalty, now_ns) == 0)
		penalty->strikes = 0;
}

uint64_t
penalty_left_ns(const struct penalty *penalty, uint64_t now_ns)
{
	return penalty->until_ns > now_ns ? penalty->until_ns - now_ns : 0;
}

void
penalty_reboot(struct penalty *penalty, uint64_t now_ns, uint64_t real_ns)
{
	uint64_t left_ns = penalty->until_real_ns > real_ns
			       ? penalty->until_real_ns - real_ns
			       : 0;

	if (left_ns > WANTED_MAX_NS)
		left_ns = REST_MAX_NS;
	penalty->until_ns = left_ns ? now_ns + left_ns : 0;
	penalty->since_ns = now_ns;
}

bool
penalty_is_sound(const struct penalty *penalty, uint64_t now_ns)
{
	return penalty->until_ns <= now_ns + WANTED_MAX_NS &&
	       penalty->since_ns <= now_ns && penalty->strikes < 1000000;
}

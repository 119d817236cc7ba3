/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Absence (ruling 4).  An answer that does not name the order proves little:
 * the read may have been cold, cut, of another session or day, or earlier than
 * the order's arrival.  Every doubt is UNPROVEN.
 */

#include <string.h>

#include "base/clock.h"
#include "orders/reconcile.h"

static bool
is_same_session(const char *first, const char *second)
{
	return first && second && strcmp(first, second) == 0;
}

/* What a read must be to count at all. */
static bool
read_counts(
    const struct absence *absence, const struct writer_find_result *find)
{
	return find->answer == IAG_FIND_ABSENT && find->complete &&
	       find->session && find->since_ns &&
	       find->since_ns <= absence->recorded_ns && absence->same_day &&
	       !absence->in_trades;
}

static bool
has_passed(uint64_t from_ns, uint64_t now_ns, uint64_t span_ns)
{
	return now_ns >= from_ns && now_ns - from_ns >= span_ns;
}

/* There was none, or the clock went back behind it. */
static bool
is_first(const struct absence *absence)
{
	return !absence->first_ns || absence->first_ns > absence->now_ns;
}

/* Far enough from the first look, and nothing can be on its way any more. */
static enum absence_verdict
second_judge(const struct absence *absence)
{
	return has_passed(
		   absence->first_ns, absence->now_ns, ABSENCE_APART_NS) &&
		       has_passed(absence->sent_ns, absence->now_ns,
			   absence->max_flight_ns)
		   ? ABSENCE_PROVEN
		   : ABSENCE_UNPROVEN;
}

enum absence_verdict
absence_judge(
    const struct absence *absence, const struct writer_find_result *find)
{
	if (!read_counts(absence, find))
		return ABSENCE_UNPROVEN;
	/* another session: begin again */
	if (is_first(absence) ||
	    !is_same_session(absence->first_session, find->session))
		return ABSENCE_FIRST;
	return second_judge(absence);
}

enum absence_verdict
absence_judge_word(const struct absence *absence, bool complete)
{
	if (!complete || absence->in_trades)
		return ABSENCE_UNPROVEN;
	return is_first(absence) ? ABSENCE_FIRST : second_judge(absence);
}

uint64_t
absence_again_ns(const struct absence *absence)
{
	uint64_t first_ns =
	    is_first(absence) ? absence->now_ns : absence->first_ns;
	uint64_t apart_ns = first_ns + ABSENCE_APART_NS;
	uint64_t landed_ns = absence->sent_ns + absence->max_flight_ns;

	return apart_ns > landed_ns ? apart_ns : landed_ns;
}

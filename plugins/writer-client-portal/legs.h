/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Which leg of an answer is which order of a group.  The answer's order is not
 * that of the request, exits have no reference, and what failed names nothing
 * at all.
 */

#ifndef CPW_LEGS_H
#define CPW_LEGS_H

#include "answer.h"
#include "ibkr-agent/writer.h"

/* What the broker says of an order by itself; "" where it says nothing. */
struct leg_order {
	char type[40];
	char side[8];
};

/* Is this one of the broker's words for IAG_TYPE_*? */
int leg_is_type(uint32_t type, const char *word);
/* Must the broker be asked what this leg is? */
int leg_is_dark(const struct answer_leg *leg, const char *entry_ref);

enum legs_kind {
	LEGS_ALL = 1, /* each order has its leg */
	LEGS_SOME,    /* each has, or was refused */
	/*
	 * The entry was refused, and its exits are there; which is which may
	 * be open, and then they have the places that are left.
	 */
	LEGS_ORPHANS,
	LEGS_UNSURE, /* anything may have been placed */
};
/*
 * told has what was asked about each leg; ret_at, of count places, the leg of
 * each order, the entry's first; NULL: it has none, or is not sure.
 */
enum legs_kind legs_place(const struct answer *answer,
    const struct leg_order *told, const struct iag_order *const *orders,
    size_t count, const struct answer_leg **ret_at);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "legs.h"

#include <string.h>

int
leg_is_type(uint32_t type, const char *word)
{
	static const char *const words[][3] = {
		[IAG_TYPE_LIMIT] = { "LIMIT", "Limit", "LMT" },
		[IAG_TYPE_STOP] = { "STOP", "Stop", "STP" },
		[IAG_TYPE_STOP_LIMIT] = { "STOP_LIMIT", "Stop Limit",
		    "STP LMT" },
		[IAG_TYPE_TRAILING_STOP] = { "TRAILING_STOP", "Trailing Stop",
		    "TRAIL" },
	};

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(words[type][i], word) == 0)
			return 1;
	}
	return 0;
}

/* "B", "BUY", "Sell": the first letter says it; 0: it is not told. */
static uint32_t
side_of(const char *side)
{
	switch (*side) {
	case 'B':
	case 'b':
		return IAG_SIDE_BUY;
	case 'S':
	case 's':
		return IAG_SIDE_SELL;
	default:
		return 0;
	}
}

static int
is_entry(const struct answer_leg *leg, const char *entry_ref)
{
	return strcmp(leg->ref, entry_ref) == 0;
}

int
leg_is_dark(const struct answer_leg *leg, const char *entry_ref)
{
	return !leg->failed && !is_entry(leg, entry_ref);
}

/* An exit: it has a parent, or is on the other side. */
static int
is_exit(const struct answer_leg *leg, const struct leg_order *told,
    const struct iag_order *entry)
{
	uint32_t side = side_of(told->side);

	if (is_entry(leg, entry->client_ref))
		return 0;
	return *leg->parent || (side && side != entry->side);
}

static int
fits(const struct answer_leg *leg, const struct leg_order *told,
    const struct iag_order *const *orders, size_t i)
{
	const struct iag_order *entry = orders[0];

	if (i > 0)
		return is_exit(leg, told, entry) &&
		       leg_is_type(orders[i]->type, told->type);
	if (is_entry(leg, entry->client_ref))
		return 1;
	return !*leg->ref && !*leg->parent &&
	       side_of(told->side) == entry->side &&
	       leg_is_type(entry->type, told->type);
}

/* 1 if it has a place of its own. */
static int
leg_place(const struct answer_leg *leg, const struct leg_order *told,
    const struct iag_order *const *orders, size_t count,
    const struct answer_leg **ret_at)
{
	size_t at = 0, fitting = 0;

	for (size_t i = 0; i < count; i++) {
		if (!fits(leg, told, orders, i))
			continue;
		fitting++;
		at = i;
	}
	if (fitting != 1 || ret_at[at])
		return 0;
	ret_at[at] = leg;
	return 1;
}

static int
has_place(const struct answer_leg *leg, size_t count,
    const struct answer_leg *const *at)
{
	for (size_t i = 0; i < count; i++) {
		if (at[i] == leg)
			return 1;
	}
	return 0;
}

/* Each exit that has no place of its own gets one that is left. */
static void
rest_place(
    const struct answer *answer, size_t count, const struct answer_leg **ret_at)
{
	size_t at = 1;

	for (size_t i = 0; i < answer->leg_count; i++) {
		const struct answer_leg *leg = &answer->legs[i];

		if (leg->failed || has_place(leg, count, ret_at))
			continue;
		while (at < count && ret_at[at])
			at++;
		if (at < count)
			ret_at[at] = leg;
	}
}

enum legs_kind
legs_place(const struct answer *answer, const struct leg_order *told,
    const struct iag_order *const *orders, size_t count,
    const struct answer_leg **ret_at)
{
	size_t placed = 0, exits = 0, failed = 0;

	for (size_t i = 0; i < count; i++)
		ret_at[i] = NULL;
	for (size_t i = 0; i < answer->leg_count; i++) {
		const struct answer_leg *leg = &answer->legs[i];

		if (leg->failed) {
			failed++;
			continue;
		}
		placed += leg_place(leg, &told[i], orders, count, ret_at);
		exits += is_exit(leg, &told[i], orders[0]);
	}
	/* of an order that is not told of, nothing is known */
	if (answer->leg_count != count)
		return LEGS_UNSURE;
	if (placed + failed == count)
		return failed ? LEGS_SOME : LEGS_ALL;
	if (!failed || exits + failed != count)
		return LEGS_UNSURE;
	rest_place(answer, count, ret_at);
	return LEGS_ORPHANS;
}

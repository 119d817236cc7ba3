/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* /portfolio/{account}/positions/{page}: 100 rows to a page. */

#ifndef CPGW_MAP_POSITION_H
#define CPGW_MAP_POSITION_H

#include "map.h"

#define POSITION_PAGE 100u

/* What of a page of the broker is wanted, and what it was like. */
struct position_page {
	const char *account;
	uint32_t skip, take;
	uint32_t ret_count; /* rows of the broker's page */
	int ret_cold;       /* not enriched yet: a later read says more */
};

/* Append the wanted rows to the list that is open in map->out. */
int32_t map_positions(
    struct map *map, const struct reply *reply, struct position_page *page);

#endif

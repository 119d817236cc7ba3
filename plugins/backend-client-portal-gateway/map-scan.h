/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* /iserver/scanner/run. */

#ifndef CPGW_MAP_SCAN_H
#define CPGW_MAP_SCAN_H

#include "map.h"

struct scan_want {
	const char *code, *instrument, *location;
	size_t limit;
};
int32_t map_scan(
    struct map *map, const struct reply *reply, const struct scan_want *want);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* /iserver/account/trades. */

#ifndef CPGW_MAP_TRADE_H
#define CPGW_MAP_TRADE_H

#include "map.h"

struct trade_want {
	const char *account;
	uint64_t from_ns; /* 0: all */
	size_t limit;
};

/*
 * The first read is an empty list: it fails with MAP_RETRY unless warm says
 * that it is not the first.
 */
int32_t map_trades(struct map *map, const struct reply *reply,
    const struct trade_want *want, int warm);

#endif

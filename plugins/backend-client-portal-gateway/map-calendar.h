/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Trading hours and holidays, by the calendar of one contract. */

#ifndef CPGW_MAP_CALENDAR_H
#define CPGW_MAP_CALENDAR_H

#include "map.h"

/* /contract/trading-schedule: six days around today, in seconds. */
int32_t map_hours(struct map *map, const struct reply *reply,
    const char *exchange, uint64_t now_ns);
/* /trsrv/secdef/schedule; year 0: all that it tells. */
int32_t map_holidays(struct map *map, const struct reply *reply,
    const char *exchange, int64_t year);
/* /trsrv/all-conids: some contract that is traded there. */
int32_t map_any_contract(struct map *map, const struct reply *reply,
    char ret_id[16], char ret_symbol[40]);

#endif

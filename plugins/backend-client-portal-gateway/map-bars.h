/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* /iserver/marketdata/history. */

#ifndef CPGW_MAP_BARS_H
#define CPGW_MAP_BARS_H

#include "map.h"

/*
 * Does the broker know this span and size?  What it does not know it
 * replaces without a word, so it is never sent.  NULL: yes, or why not.
 */
const char *bars_refusal(const char *duration, const char *size);

/* currency: "" if not known.  Bars of another size than asked for fail. */
int32_t map_bars(struct map *map, const struct reply *reply,
    const char *contract, const char *size, const char *currency);

#endif

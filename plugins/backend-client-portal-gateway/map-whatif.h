/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* /iserver/account/{account}/orders/whatif: what an order would do. */

#ifndef CPGW_MAP_WHATIF_H
#define CPGW_MAP_WHATIF_H

#include "map.h"

/*
 * The answer of order_whatif: commission and margin_impact (the change of the
 * initial margin), each with its currency, warnings, and refusal: why the
 * broker would not take the order at all.
 */
int32_t map_whatif(struct map *map, const struct reply *reply);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* /iserver/account/{account}/orders/whatif: what an order would do. */

#ifndef CPGW_MAP_WHATIF_H
#define CPGW_MAP_WHATIF_H

#include "map.h"

/*
 * {amount, commission, total, currency, commission_currency, and of equity,
 * initial_margin, maintenance_margin: {current, change, after}, warnings}.
 * What the broker would refuse fails with IAG_REJECTED and its text.
 */
int32_t map_whatif(struct map *map, const struct reply *reply);

#endif

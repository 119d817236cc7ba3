/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Quotes and greeks: rows of field codes. */

#ifndef CPGW_MAP_MARKET_H
#define CPGW_MAP_MARKET_H

#include "map.h"

/* The field codes that each of them asks for, as the query has them. */
#define QUOTE_FIELDS "31,7059,84,88,86,85,87,7762,7741,6509"
#define GREEK_FIELDS "7308,7309,7310,7311,7633,6509"

/*
 * A first read only subscribes: as long as no asked field is there, and while
 * last is not set also when no field is there but the availability, they
 * fail with MAP_RETRY.  currency: "" if not known.
 */
int32_t map_quote(struct map *map, const struct reply *reply,
    const char *contract, const char *currency, int last);
int32_t map_greeks(
    struct map *map, const struct reply *reply, const char *contract, int last);

/* Figures of a company, of which older documents of the broker tell. */
#define FUNDAMENTAL_FIELDS                                             \
	"7280,7281,7282,7286,7287,7288,7289,7290,7291,7293,7294,7671," \
	"7672,7718,7051,6509"
int32_t map_fundamentals(struct map *map, const struct reply *reply,
    const char *symbol, const char *contract, int last);

/* /iserver/exchangerate. */
int32_t map_rate(struct map *map, const struct reply *reply, const char *base,
    const char *quote);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Contracts: a search finds ids and names, their definitions (secdef) have
 * the currency and the kind, info-and-rules has the steps of prices.
 */

#ifndef CPGW_MAP_CONTRACT_H
#define CPGW_MAP_CONTRACT_H

#include "map.h"

#define CANDIDATE_MAX 100

/* The ids that a search found, best first. */
struct candidates {
	char ids[CANDIDATE_MAX][16];
	size_t count;
	int cut;      /* there were more */
	int nameless; /* some had no id (issuers of bonds) or no list */
};

/* What a caller narrows the search by; NULL: not. */
struct narrowing {
	const char *symbol; /* exactly this ticker, whatever the case */
	const char *class, *currency, *exchange;
};

/* /iserver/secdef/search. */
int32_t map_search(
    struct map *map, const struct reply *reply, struct candidates *ret_found);
/* The same answer: the first stock with this ticker. */
int32_t map_stock(struct map *map, const struct reply *reply,
    const char *symbol, char ret_id[16]);
/* /trsrv/futures. */
int32_t map_futures(
    struct map *map, const struct reply *reply, struct candidates *ret_found);
/* /iserver/currency/pairs, of which the symbol is "EUR.USD". */
int32_t map_pairs(struct map *map, const struct reply *reply,
    const char *symbol, struct candidates *ret_found);

/* /trsrv/secdef of the candidates: the answer of contracts_search. */
int32_t map_definitions(struct map *map, const struct reply *reply,
    const struct narrowing *narrowing, size_t limit,
    const struct candidates *candidates);
/*
 * The answer of contract_resolve: from the same, the one that fits, in an
 * object that stays open for what info-and-rules adds.
 */
int32_t map_resolve(struct map *map, const struct reply *reply,
    const struct narrowing *narrowing, const struct candidates *candidates,
    char ret_id[16]);
int32_t map_rules(struct map *map, const struct reply *reply, const char *id);

/* The currency of one contract in its definition; "" if not told. */
int32_t map_currency(struct map *map, const struct reply *reply, const char *id,
    char ret_currency[8]);

#endif

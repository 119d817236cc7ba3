/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Option chains.  The broker gives them in three steps, of which each works
 * only behind the one before: search, strikes of a month, contracts of a
 * strike.
 */

#ifndef CPGW_MAP_OPTION_H
#define CPGW_MAP_OPTION_H

#include "map.h"
#include "scalar.h"

#define STRIKE_MAX 400

/* The underlying, from the search. */
struct option_root {
	char id[16];
	char months[800]; /* "JAN26;FEB26" */
};
int32_t map_option_root(struct map *map, const struct reply *reply,
    const char *symbol, struct option_root *ret_root);

/* What a caller wants of the chain; NULL: whatever. */
struct chain_want {
	const char *symbol;
	const char *expiration; /* YYYY-MM-DD */
	const char *right;      /* "call" or "put" */
	const char *strike_min, *strike_max;
};

/* "2026-06-19" is in "JUN26". */
void option_month(const char *date, char ret_month[6]);

/* One strike of a month, and which rights it has. */
struct strike {
	char price[SCALAR_SIZE];
	int call, put;
};
struct strikes {
	struct strike list[STRIKE_MAX];
	size_t count;
	int cut;
};
/* Those within what is wanted, lowest first. */
int32_t map_strikes(struct map *map, const struct reply *reply,
    const struct chain_want *want, struct strikes *ret_strikes);

/* Append the contracts of one strike to the entries that are open. */
int32_t map_option_rows(struct map *map, const struct reply *reply,
    const struct chain_want *want, size_t limit, char ret_currency[8]);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The contracts that the simulated broker knows. */

#ifndef IAG_SIM_CONTRACT_H
#define IAG_SIM_CONTRACT_H

#include <stddef.h>
#include <stdint.h>

struct contract {
	int64_t conid;
	const char *symbol;
	const char *name;     /* of the company */
	const char *type;     /* "STK" */
	const char *exchange; /* where an order goes: "SMART" */
	const char *listing;
	const char *currency;
	int64_t increment, size_increment;
	int64_t multiplier; /* 0: none is named */
	int magnifier;
	int64_t underlying; /* conid, 0: none */
	int expiry;         /* YYYYMMDD, 0: none */
	int64_t strike;
	const char *right; /* "C", "P" or NULL */
	const char *sector;
};

const struct contract *contract_find(int64_t conid);
/* "265598" or "265598@NASDAQ"; NULL: unknown, or no conid. */
const struct contract *contract_parse(const char *text);
/* All of them, in the order of the table; NULL past the end. */
const struct contract *contract_at(size_t index);
/* Those that only fill pages of positions; NULL past the end. */
const struct contract *contract_filler(size_t index);
#define CONTRACT_FILLERS 300

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The scopes: what a principal may ask for.  One table; everything else
 * (configuration, tools, tokens) refers to its entries by name or bit.
 */

#ifndef IAG_CONFIG_SCOPE_H
#define IAG_CONFIG_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum scope_tier {
	SCOPE_TIER_READ,
	SCOPE_TIER_PREVIEW,
	SCOPE_TIER_PAPER,
	SCOPE_TIER_LIVE,
	SCOPE_TIER_OPERATOR /* ibkr:operator, HTTP tokens only */
};

struct scope {
	const char *name; /* "ibkr:health:read" */
	enum scope_tier tier;
};

extern const struct scope scope_table[];
extern const size_t scope_count;

/* A set of scopes is a uint64_t with one bit per entry of the table. */

/* The bit of a scope name; 0 if there is none. */
uint64_t scope_bit(const char *name);
/* All scopes of the table but ibkr:operator. */
uint64_t scope_all(void);

/*
 * AUTH_MISSING_SCOPE for what, which needs a scope that is not among granted;
 * text and details name both sides.  Returns the class.
 */
int scope_refuse(
    const char *what, const char *scope, uint64_t granted, struct err *err);

#endif

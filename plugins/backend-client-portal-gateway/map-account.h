/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Accounts: which there are, what is in them, what they gained. */

#ifndef CPGW_MAP_ACCOUNT_H
#define CPGW_MAP_ACCOUNT_H

#include "map.h"

/* What /iserver/accounts says of the login. */
struct login {
	int paper;         /* isPaper; -1: not told */
	char selected[40]; /* "" if not told */
	char types[200];   /* "STK,CFD,…" */
};
#define LOGIN_NONE          \
	{                   \
		.paper = -1 \
	}

int32_t map_login(
    struct map *map, const struct reply *reply, struct login *ret_login);

/*
 * The answer of account_mode from what map_login() has just read; not 0:
 * written.  0: the broker does not say there whether the account is paper, or
 * does not name it.
 */
int map_mode(struct map *map, const char *account, const struct login *login);

/* /portfolio/accounts; /portfolio/{account}/meta. */
int32_t map_accounts(
    struct map *map, const struct reply *reply, const struct login *login);
int32_t map_metadata(struct map *map, const struct reply *reply,
    const char *account, const struct login *login);
/* /iserver/account/{account}/summary. */
int32_t map_summary(
    struct map *map, const struct reply *reply, const char *account);

/*
 * /iserver/account/pnl/partitioned.  The first read is empty: it fails with
 * MAP_RETRY.  It is about the selected account alone.
 */
int32_t map_pnl_daily(
    struct map *map, const struct reply *reply, const char *account);
int32_t map_pnl_realtime(
    struct map *map, const struct reply *reply, const char *account);

/*
 * portfolio_snapshot comes from three answers: each adds members to the
 * object that is open in map->out.
 */
int32_t map_totals(struct map *map, const struct reply *reply);
int32_t map_ledger(struct map *map, const struct reply *reply);
int32_t map_allocation(struct map *map, const struct reply *reply);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The table of endpoints: method, path and what must have happened before,
 * and the function that answers.
 */

#ifndef IAG_SIM_ROUTE_H
#define IAG_SIM_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

struct call;

/* What an endpoint needs; without it, it is answered before its handler. */
#define NEED_OUTER 0x1u     /* a login */
#define NEED_BROKER 0x2u    /* an established brokerage session */
#define NEED_PRIMED 0x4u    /* /iserver/accounts in that session */
#define NEED_PORTFOLIO 0x8u /* /portfolio/accounts in that login */
#define NEED_ACCOUNT 0x10u  /* the first {} is an account of the login */
#define NEED_BODY 0x20u     /* a JSON object */

#define NEED_TRADING (NEED_OUTER | NEED_BROKER | NEED_PRIMED)

struct route {
	const char *methods; /* "GET POST" */
	const char *pattern; /* {}: one segment, a last *: any rest */
	unsigned needs;
	void (*handle)(struct call *call);
};

struct family {
	const struct route *rows;
	size_t count;
};

/* Defined beside their handlers. */
extern const struct family session_family, account_family, portfolio_family;
extern const struct family contract_family, schedule_family, market_family;
extern const struct family history_family, scanner_family, analyst_family;
extern const struct family news_family;
extern const struct family order_family, reply_family, trade_family;
extern const struct family control_family, observe_family;

bool route_matches(const char *pattern, const char *path);
/*
 * The route of a path: *ret_known tells whether the path is known with some
 * method.  NULL: none, or not with this method.
 */
const struct route *route_find(const struct family *const *families,
    size_t count, const char *method, const char *path, bool *ret_known);

#endif

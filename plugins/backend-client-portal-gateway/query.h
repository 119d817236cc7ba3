/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One query on its way: its arguments, requests to the broker, the answer.
 * What is declared here is all that the backend can send.
 */

#ifndef CPGW_QUERY_H
#define CPGW_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "ibkr-agent/backend.h"
#include "map-account.h"
#include "map.h"

struct text;

/* The routes, in the order of the table in route.c. */
enum route_name {
	ROUTE_STATUS,
	ROUTE_TICKLE,
	ROUTE_OPEN,
	ROUTE_LOGIN,
	ROUTE_ACCOUNTS,
	ROUTE_META,
	ROUTE_TOTALS,
	ROUTE_LEDGER,
	ROUTE_ALLOCATION,
	ROUTE_POSITIONS,
	ROUTE_SUMMARY,
	ROUTE_PNL,
	ROUTE_SEARCH,
	ROUTE_STRIKES,
	ROUTE_OPTION,
	ROUTE_DEFINITIONS,
	ROUTE_FUTURES,
	ROUTE_ALL_CONTRACTS,
	ROUTE_SCHEDULE,
	ROUTE_HOURS,
	ROUTE_RULES,
	ROUTE_PAIRS,
	ROUTE_RATE,
	ROUTE_SNAPSHOT,
	ROUTE_UNSUBSCRIBE,
	ROUTE_HISTORY,
	ROUTE_SCANNER,
	ROUTE_NEWS,
	ROUTE_ORDERS,
	ROUTE_ORDER,
	ROUTE_TRADES,
	ROUTE_WHATIF,
	ROUTE_COUNT
};
extern const struct iag_route routes[ROUTE_COUNT];
enum { BUCKET_COUNT = 9 };
extern const struct iag_bucket buckets[BUCKET_COUNT];

struct memory; /* what an instance remembers: memory.h */

struct query {
	const struct iag_host *host;
	struct iag_ctx *ctx;
	struct memory *memory;
	struct node_tree arguments;
	struct text *out;
	struct map map;
	const void *want; /* of the operation */
	unsigned attempt; /* of the read that is being mapped, from 0 */
	int primed;       /* the accounts were asked for by this query */
};

/* A string of the arguments, or NULL; lives as long as the query. */
const char *query_str(struct query *q, const char *key);
int64_t query_int(const struct query *q, const char *key, int64_t other);
int query_bool(const struct query *q, const char *key);
/* An RFC 3339 time of the arguments in ns; 0: not given. */
uint64_t query_time(struct query *q, const char *key);
/* Text as the host keeps it for the query; NULL: no memory. */
const char *query_intern(struct query *q, const char *text);

#define ASK_QUERY_MAX 16

/* A request: what fills the {holes} of the path, and the query pairs. */
struct ask {
	enum route_name route;
	const char *holes[2];
	const char *query[ASK_QUERY_MAX]; /* name, value, ...; a NULL value
					     leaves the pair out */
	const char *body;                 /* of a POST; NULL: {} */
};

/* One exchange; 0 and what came, or the result of a failure already said. */
int32_t query_ask(
    struct query *q, const struct ask *ask, struct reply *ret_reply);

/* How often a first read is repeated, and after how long. */
struct patience {
	unsigned tries;
	uint64_t pause_ns;
};
#define PATIENCE_NONE ((struct patience){ .tries = 0 })

/* A mapping for this query; last: no other read will follow. */
typedef int32_t query_map(struct query *q, const struct reply *reply, int last);
/*
 * Ask until the mapping has what it needs, with the accounts asked for in
 * between if the broker wants that.  0, or the failure, not yet said.
 */
int32_t query_read(struct query *q, const struct ask *ask,
    struct patience patience, query_map *map);
/* Say the failure that the mapping had; returns result. */
int32_t query_fail(struct query *q, int32_t result);
/* The same for one that is already said (MAP_SAID) or not. */
int32_t query_end(struct query *q, int32_t result);
/* The three of them together: the whole of most operations. */
int32_t query_answer(struct query *q, const struct ask *ask,
    struct patience patience, query_map *map);

/* /iserver/accounts alone. */
int32_t query_login(struct query *q, struct login *ret_login);
/*
 * Ask for the accounts, which the broker wants to be the first read of a
 * session.  The second does it if nobody has; the third contents itself with
 * the portfolio's where there is only the outer session.
 */
int32_t query_prime(struct query *q);
int32_t query_primed(struct query *q);
int32_t query_portfolio(struct query *q);
/* Note that both kinds of accounts were asked for. */
void query_note_primed(struct query *q);

/* A market data line for this contract, at the cost of the oldest one. */
void query_line(struct query *q, const char *contract);
/* The currency of a contract; "" if the broker does not tell. */
void query_currency(struct query *q, const char *contract, char currency[8]);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What is bid and asked, and which rows a session has subscribed to. */

#ifndef IAG_SIM_MARKET_H
#define IAG_SIM_MARKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json_object.h>

#include "base/err.h"
#include "sim/contract.h"

/* Prices of -1 are not there. */
#define NO_PRICE INT64_C(-1)

struct quote {
	const struct contract *contract;
	int64_t bid, ask, last, prior;
	int64_t bid_size, ask_size, last_size, volume;
	char availability[8]; /* 6509 */
	char flag;            /* in front of the last price: C, H or 0 */
	int64_t updated_ms;
	unsigned subscribed; /* serial of the brokerage session, 0: in none */
	int64_t subscribed_ms;
};

struct market {
	struct quote *list;
	size_t count;
};

int market_init(struct market *market); /* -1: no memory */
void market_fini(struct market *market);
/* NULL: nothing is quoted. */
struct quote *market_find(struct market *market, const struct contract *of);
/* The same, made where there is none; NULL: no memory. */
struct quote *market_get(struct market *market, const struct contract *of);
/* The price by which a position is valued; NO_PRICE: none. */
int64_t market_mark(const struct market *market, const struct contract *of);

/*
 * Set members of a quote from {"bid": "199.50", "ask_size": 300, ...};
 * numbers or strings, null for "not there".
 */
int quote_set(struct quote *quote, struct json_object *spec, int64_t now_ms,
    struct err *err);

#endif

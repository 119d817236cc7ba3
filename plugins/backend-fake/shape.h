/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the arguments make of an answer: filters, pages, the search, bars.
 * Each shape changes the answer's tree and may take IAG_REPLY_COMPLETE from
 * the flags.
 */

#ifndef FAKE_SHAPE_H
#define FAKE_SHAPE_H

#include <stdint.h>

#include <json-c/json_object.h>

struct shaping {
	struct json_object *arguments;
	struct json_object *answer;
	uint64_t now_ns;
	uint32_t flags; /* IAG_REPLY_* */
};

typedef int shape_fn(struct shaping *shaping); /* -1: no memory */

shape_fn shape_positions, shape_orders, shape_history, shape_executions,
    shape_transfers, shape_chain, shape_scanner, shape_news, shape_holidays,
    shape_bars;

/*
 * Contracts that fit the arguments, best first.  exact: `symbol` must be the
 * ticker; otherwise `query` may be part of a ticker or name.  all: object of
 * contract id -> contract.  A new array, or NULL.
 */
struct json_object *shape_search(
    struct json_object *all, struct json_object *arguments, int exact);

const char *shape_str(struct json_object *obj, const char *key);
int64_t shape_int(struct json_object *obj, const char *key, int64_t def);

#endif

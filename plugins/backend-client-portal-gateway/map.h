/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What every mapping is made of: an answer of the broker goes in, the answer
 * of an operation comes out, nothing else happens.  HTTP 200 is not success:
 * an answer is judged by its status, its form and what stands in it.
 */

#ifndef CPGW_MAP_H
#define CPGW_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "node.h"

struct text;

/* An answer of the broker as it came. */
struct reply {
	uint32_t status;
	const char *body; /* a NUL behind it is not needed */
	size_t len;
	uint64_t receipt_ns; /* real time */
};

#define MAP_WHY_SIZE 320

/* Why a mapping failed, besides its result. */
#define MAP_ASK_ACCOUNTS 0x1u /* /iserver/accounts has to be asked first */
#define MAP_RETRY 0x2u        /* a first read that may work the next time */
#define MAP_ABSENT 0x4u       /* the broker knows no such thing */

struct map {
	struct text *out; /* the answer's JSON; appended to */
	uint32_t flags;   /* IAG_REPLY_* */
	uint64_t source_ns;
	/* rows that came, and those that could not be shown */
	uint32_t rows, dropped;
	uint32_t room; /* rows that the list still takes */

	/* of a failure */
	const char *code;
	uint32_t hints; /* MAP_* */
	uint64_t retry_ns;
	char why[MAP_WHY_SIZE];

	struct node_tree tree;
	const struct node *root;
};

void map_init(struct map *map, struct text *out);
void map_fini(struct map *map);

/* Kinds of answers that an operation can read, as bits. */
#define MAP_ARRAY (1u << NODE_ARRAY)
#define MAP_OBJECT (1u << NODE_OBJECT)

/* 0 and map->root, or an IAG_* result with code, hints and why. */
int32_t map_open(struct map *map, const struct reply *reply, unsigned want);
/* Set why and return result; code NULL: the default of the result. */
int32_t map_fail(struct map *map, int32_t result, const char *code,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* BROKER_RESPONSE_INVALID. */
int32_t map_invalid(struct map *map, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Rows: each is written to map->out and taken back when it turns out not to
 * hold what a row must have, or when the list is full.  map_rows_end() fails if
 * rows came and none could be shown: that would be a list that only looks
 * empty.
 */
void map_list_open(struct map *map, const char *key, uint32_t most);
size_t map_row_begin(struct map *map);
void map_row_end(struct map *map, size_t mark, int holds);
int32_t map_rows_end(struct map *map, const char *what);

/* A text of the broker as one plain line, without quotes and escapes. */
void map_line(const struct node *text, char *buffer, size_t size);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The broker's JSON, read without losing a digit: every value keeps its own
 * text, so that a price is never a float and an id never wraps around.  The
 * values lie in one array in the order of the text; they borrow from it.
 *
 * Tolerated, because it happens: a byte order mark, raw control characters,
 * bytes that are no UTF-8, NaN and Infinity (read as null).  Everything else
 * that is no JSON is refused whole.
 */

#ifndef CPGW_NODE_H
#define CPGW_NODE_H

#include <stddef.h>
#include <stdint.h>

enum node_type {
	NODE_NULL = 1,
	NODE_FALSE,
	NODE_TRUE,
	NODE_NUMBER,
	NODE_STRING,
	NODE_ARRAY,
	NODE_OBJECT,
};

struct node {
	const char *at; /* a string's text begins behind its quote */
	uint32_t len;   /* of a number's or string's text, still escaped */
	uint32_t skip;  /* from here to the value behind this one */
	uint32_t count; /* elements, or members */
	uint8_t type;
	uint8_t plain; /* a string that holds nothing to escape */
};

struct node_tree {
	struct node *nodes;
	uint32_t count, cap;
};

#define NODE_DEPTH_MAX 64
#define NODE_COUNT_MAX 400000

/* 0 and the root in tree->nodes[0], or -1 and what is wrong. */
int node_parse(
    struct node_tree *tree, const char *text, size_t len, const char **ret_why);
void node_fini(struct node_tree *tree);

/* NULL reads as nothing everywhere below. */
int node_is(const struct node *node, enum node_type type);
/* The member of an object; NULL: absent, null, or no object. */
const struct node *node_get(const struct node *object, const char *key);
/* The first element of an array, or the first key of an object. */
const struct node *node_first(const struct node *list);
static inline const struct node *
node_next(const struct node *node)
{
	return node + node->skip;
}

/*
 * The text of a string or number, unescaped, in size bytes; NULL if it is
 * neither, holds a NUL, or does not fit.
 */
const char *node_text(const struct node *node, char *buffer, size_t size);
/* Is it a string that says just this? */
int node_equals(const struct node *node, const char *text);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the broker does with an order that a test has announced: it asks, and
 * it refuses, in the shapes of cpapi.md 10.4.
 */

#ifndef IAG_SIM_REACTION_H
#define IAG_SIM_REACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json_object.h>

#include "base/err.h"
#include "sim/book.h"

enum reaction_shape {
	SHAPE_NONE,
	SHAPE_ERROR,   /* an object with an error */
	SHAPE_FAILED,  /* an element with order_id -1 */
	SHAPE_PROMPT,  /* an advanced reject */
	SHAPE_INACTIVE /* accepted, and dead */
};

struct reaction {
	char *coid, *account; /* NULL: any */
	int64_t conid;        /* 0: any */
	int64_t leg;          /* of a bracket, from 0; -1: any */
	bool modify;          /* it is about changes, not about new orders */
	int64_t nth, times, seen, fired;
	struct json_object *questions; /* rounds of messages, or NULL */
	enum reaction_shape shape;
	char *text;
};

struct reactions {
	struct reaction *list;
	size_t count;
};

int reactions_add(
    struct reactions *reactions, struct json_object *spec, struct err *err);
void reactions_clear(struct reactions *reactions);
/* The first that an order meets, or NULL; counts the meeting. */
const struct reaction *reactions_meet(struct reactions *reactions,
    const struct order *order, int64_t leg, bool modify);

#endif

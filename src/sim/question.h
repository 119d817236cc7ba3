/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The questions that the broker asks before it takes an order. */

#ifndef IAG_SIM_QUESTION_H
#define IAG_SIM_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json_object.h>

#include "base/buf.h"
#include "sim/book.h"
#include "sim/market.h"
#include "sim/reaction.h"

#define LEGS_MAX 20

/* Orders that have been read and not yet accepted, and what stands before. */
struct proposal {
	char id[37]; /* of the question that was asked last */
	struct order legs[LEGS_MAX];
	enum reaction_shape shapes[LEGS_MAX];
	char *texts[LEGS_MAX];
	size_t count;
	int64_t modifies;           /* id of the order, 0: the orders are new */
	struct json_object *rounds; /* what is asked; NULL: nothing */
	size_t round;
	int64_t asked_ms;
	struct proposal *next;
};

struct questions {
	struct proposal *pending;
	char suppressed[64][16]; /* message ids */
	size_t suppressed_count;
	unsigned session; /* the brokerage session in which they are so */
	unsigned suppressions, answers;
	int64_t stale_ms; /* after which a question is forgotten */
};

void questions_fini(struct questions *questions);
void proposal_free(struct proposal *proposal);

/* What the broker would ask about an order by itself, as rounds or NULL. */
struct json_object *question_rounds(
    const struct order *order, struct market *market);

/*
 * Ask the next question of a proposal that has one left: true, the answer is
 * in *out and the proposal kept.  False: nothing is left to ask.
 */
bool question_ask(struct questions *questions, struct proposal *proposal,
    struct buf *out, uint64_t *seed, int64_t now_ms);
/* Take the proposal of a question that was asked: NULL: unknown or stale. */
struct proposal *question_take(
    struct questions *questions, const char *id, int64_t now_ms);

bool question_suppress(struct questions *questions, const char *id);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the broker's answer to an order means.  Only what proves that nothing
 * happened is a refusal; whatever cannot be read may have happened.
 */

#ifndef CPW_ANSWER_H
#define CPW_ANSWER_H

#include <stddef.h>
#include <stdint.h>

/* What was sent. */
enum answer_to {
	ANSWER_TO_ORDER,  /* new orders, or a change of one */
	ANSWER_TO_REPLY,  /* yes to a question */
	ANSWER_TO_CANCEL, /* of an order */
};

enum answer_kind {
	ANSWER_UNKNOWN = 1, /* it may have been executed */
	ANSWER_REFUSED,     /* it was not */
	ANSWER_LOGIN,       /* nobody is logged in */
	ANSWER_QUESTION,    /* nothing happens before it is answered */
	ANSWER_ORDERS,      /* legs, some of which may have failed */
	ANSWER_CANCELLED,   /* the cancel is asked for, or done */
};

enum { ANSWER_LEGS = 8, ANSWER_TEXTS = 8 };

struct answer_leg {
	char order_id[40];
	char ref[72];    /* the order's own reference; "" if not told */
	char parent[72]; /* that of its parent */
	char status[40]; /* the broker's word */
	char text[200];
	int failed;
};

struct answer {
	enum answer_kind kind;
	const char *code; /* stable code of a failure; NULL: the default */
	char why[360];
	int is_done; /* of a cancel: the order is cancelled already */
	struct answer_leg legs[ANSWER_LEGS];
	size_t leg_count;
	char question[80];
	char ids[ANSWER_TEXTS][40];
	char texts[ANSWER_TEXTS][400];
	size_t text_count;
};

void answer_read(struct answer *answer, enum answer_to to, uint32_t status,
    const char *body, size_t len);

/* IAG_STATUS_* of a word of the broker; 0: it proves nothing. */
uint32_t answer_status(const char *word);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Verdicts: what each rule said of one order.  Every rule that was looked at
 * leaves one, passed or not, so that `policy explain` and the refusals of a
 * caller are the same list, whole or filtered.
 */

#ifndef IAG_ORDERS_VERDICT_H
#define IAG_ORDERS_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct verdict {
	const char *rule; /* static: "max_notional", "kill_switch", ... */
	const char *code; /* static: "LIVE_NOTIONAL_LIMIT_REFUSED", ... */
	bool passed;
	char *limit;  /* what is allowed, for people; owned; NULL: none */
	char *actual; /* what came; owned; NULL: nothing */
	char *fix;    /* what would pass; owned; NULL where passed */
};

struct verdicts {
	struct verdict *items;
	size_t count;
	bool failed; /* out of memory: counts as refused */
};
#define VERDICTS_INIT         \
	{                     \
		.items = NULL \
	}
void verdicts_fini(struct verdicts *verdicts);
#define CLEANUP_VERDICTS __attribute__((cleanup(verdicts_fini)))

/*
 * Add one; limit, actual and fix are copied and may be NULL.  Rule and code
 * must be static.
 */
void verdicts_add(struct verdicts *verdicts, const char *rule, const char *code,
    bool passed, const char *limit, const char *actual, const char *fix);
/* All of from behind those of verdicts; from is empty afterwards. */
void verdicts_append(struct verdicts *verdicts, struct verdicts *from);
/* The first that did not pass; NULL: all did (and memory sufficed). */
const struct verdict *verdicts_first(const struct verdicts *verdicts);
bool verdicts_pass(const struct verdicts *verdicts);

/*
 * The refusals `[{code, rule, limit, actual, fix}]` of behaviour.md section 3;
 * with all: every verdict, and a member passed.
 */
void verdicts_write(struct buf *out, const struct verdicts *verdicts, bool all);
/* What each rule saw, `[[rule, actual]]`: for orders that all let pass. */
void verdicts_write_seen(struct buf *out, const struct verdicts *verdicts);
/*
 * Fail with code, the first refusal in the text, all of them in the error's
 * refusals; returns the class.
 */
int verdicts_refuse(
    const struct verdicts *verdicts, enum err_code code, struct err *err);

#endif

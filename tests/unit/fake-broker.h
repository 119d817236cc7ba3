/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a write has around it, scripted: the writer's calls, the gates and the
 * approvals.  Definitions here stand in front of those of libcore.
 */

#ifndef IAG_TESTS_UNIT_FAKE_BROKER_H
#define IAG_TESTS_UNIT_FAKE_BROKER_H

#include <stdatomic.h>

#include "base/err.h"
#include "host/writer.h"
#include "orders/check.h"

/* How the writer answers one call. */
struct fake_answer {
	int result;         /* 0, IAG_UNKNOWN, IAG_REJECTED, ... */
	enum err_code code; /* of a failure */
	bool skips_commit;  /* fails before the point of no return */
	uint32_t status;    /* of the ack; 0: submitted */
	const char *id;     /* of the ack; NULL: as usual */
	bool changes;       /* one change of its state comes with it */
	bool goes_on;       /* given up; its watch is left in given_up */
};

struct fake_broker {
	/* submit, in the order of the calls; the last one repeats */
	struct fake_answer answers[4];
	size_t answer_count;
	struct fake_answer cancel, modify;
	bool native; /* has brackets of its own */
	struct fake_answer legs[3];
	size_t placed; /* legs that a group that fails has acknowledged */
	/* Runs within a call of the writer, before its commit. */
	void (*during)(void *arg);
	void *during_arg;
	/* What check_judge() says. */
	enum err_code gate;
	bool has_target;
	struct write_watch given_up;
	/* What happened. */
	atomic_uint submits, cancels, modifies, groups;
	unsigned consumed, released;
	char cancelled[4][64];
	char last_ref[64];
	char last_limit[32];
};
extern struct fake_broker fake_broker;
void fake_broker_reset(void);

#endif

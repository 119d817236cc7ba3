/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What came and how it was answered: a log for tests to look at. */

#ifndef IAG_SIM_TRAFFIC_H
#define IAG_SIM_TRAFFIC_H

#include <stdint.h>

#include "base/buf.h"

#define TRAFFIC_KEPT 8192
#define TRAFFIC_BODY 2048 /* bytes of a body that are kept */

struct visit {
	uint64_t number; /* from 1 */
	int64_t at_ms;
	char method[12];
	char *target;
	char *body;        /* NULL: none */
	int status;        /* 0: not answered (yet) */
	const char *fault; /* static; NULL: none */
};

struct traffic {
	struct visit visits[TRAFFIC_KEPT]; /* a ring */
	uint64_t count;
};

void traffic_fini(struct traffic *traffic);
/* The number of the visit. */
uint64_t traffic_add(struct traffic *traffic, const char *method,
    const char *target, const char *body, size_t body_len, int64_t now_ms);
void traffic_end(
    struct traffic *traffic, uint64_t number, int status, const char *fault);
/* Those behind number `since`. */
void traffic_write(
    struct buf *out, const struct traffic *traffic, uint64_t since);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* One request on its way through the simulator, and what handlers ask of it. */

#ifndef IAG_SIM_CALL_H
#define IAG_SIM_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "sim/known.h"
#include "sim/sim.h"

#define CALL_PATH 512
#define CALL_SEGMENTS 4
#define CALL_PARAMS 16

struct call_param {
	char *name, *value; /* into call->text */
};

struct call {
	struct sim *sim;
	const struct sim_request *request;
	struct sim_reply *reply;
	int64_t now_ms;
	char path[CALL_PATH]; /* decoded, what the route was found by */
	char *text;           /* of the query, decoded */
	struct call_param params[CALL_PARAMS];
	size_t param_count;
	char *segments[CALL_SEGMENTS]; /* what {} matched, owned */
	struct json_object *body;      /* NULL: none, or no JSON */
};

/*
 * Take the target apart.  False: it is too long or badly encoded.  The call
 * can be given to call_fini() either way.
 */
bool call_init(struct call *call, struct sim *sim,
    const struct sim_request *request, struct sim_reply *reply);
void call_fini(struct call *call);
/* Fill the segments from the pattern that has matched. */
bool call_split(struct call *call, const char *pattern, const char *path);

/* Borrowed; NULL: not given. */
const char *call_param(const struct call *call, const char *name);
bool call_has_param(
    const struct call *call, const char *name, const char *word);

/* 200 and a body, see pack.h. */
void call_pack(struct call *call, const char *template, ...);
void call_known(struct call *call, enum known known);
/* {"error": text} with any status, and a statusCode unless it is 200. */
void call_error(struct call *call, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif

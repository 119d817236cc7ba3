/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Control requests with times, in a file: quotes that move, faults, logins. */

#ifndef IAG_SIM_SCRIPT_H
#define IAG_SIM_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json_object.h>

#include "base/err.h"

struct script {
	struct json_object *steps; /* sorted by time; NULL: none */
	size_t next;
	int64_t start_ms;
};

/* Takes the place of an earlier script; times count from now. */
int script_load(struct script *script, const char *text, size_t len,
    int64_t now_ms, struct err *err);
void script_fini(struct script *script);
/*
 * The next step that is due: its method, path and body (borrowed, NULL: none).
 * False: nothing is due.
 */
bool script_take(struct script *script, int64_t now_ms, const char **ret_method,
    const char **ret_path, struct json_object **ret_body);

#endif

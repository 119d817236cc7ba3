/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Scripts: see script.h.
 *
 *	[{"at_ms": 500, "path": "/sim/quotes", "body": {...}}, ...]
 */

#include "sim/script.h"

#include <string.h>

#include "base/json.h"

#define LATEST_MS INT64_C(316224000000) /* ten years */

static int
check_step(struct json_object *step, size_t i, int64_t *at_ms, struct err *err)
{
	const char *path = json_get_str(step, "path", "");
	int64_t ms = json_get_int(step, "at_ms", -1);

	if (strncmp(path, "/sim/", 5) != 0)
		return err_set(err, ERR_INPUT_INVALID,
		    "step %zu: path: expected one that begins with /sim/, got "
		    "'%s'",
		    i, path);
	if (ms < *at_ms || ms > LATEST_MS)
		return err_set(err, ERR_INPUT_INVALID,
		    "step %zu: at_ms: expected a number, not less than that of "
		    "the step before",
		    i);
	*at_ms = ms;
	return 0;
}

int
script_load(struct script *script, const char *text, size_t len, int64_t now_ms,
    struct err *err)
{
	struct json_object *steps = NULL;
	int64_t at_ms = 0;

	if (json_parse(text, len, &json_bounds_default, &steps, err))
		return err_class(err);
	if (!json_object_is_type(steps, json_type_array)) {
		(void)json_object_put(steps);
		return err_set(
		    err, ERR_INPUT_INVALID, "expected a list of steps");
	}
	for (size_t i = 0; i < json_object_array_length(steps); i++)
		if (check_step(
			json_object_array_get_idx(steps, i), i, &at_ms, err)) {
			(void)json_object_put(steps);
			return err_class(err);
		}
	script_fini(script);
	script->steps = steps;
	script->start_ms = now_ms;
	return 0;
}

void
script_fini(struct script *script)
{
	(void)json_object_put(script->steps);
	script->steps = NULL;
	script->next = 0;
}

bool
script_take(struct script *script, int64_t now_ms, const char **ret_method,
    const char **ret_path, struct json_object **ret_body)
{
	struct json_object *step;

	if (!script->steps ||
	    script->next == json_object_array_length(script->steps))
		return false;
	step = json_object_array_get_idx(script->steps, script->next);
	if (now_ms < script->start_ms + json_get_int(step, "at_ms", 0))
		return false;
	script->next++;
	*ret_method = json_get_str(step, "method", "POST");
	*ret_path = json_get_str(step, "path", "");
	*ret_body = json_get(step, "body");
	return true;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Faults: see fault.h.  Each effect is a row: what it does to an answer, and
 * whether the request is executed unless the fault says otherwise.
 */

#include "sim/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/nearest.h"
#include "sim/known.h"
#include "sim/pack.h"
#include "sim/route.h"
#include "sim/seed.h"
#include "sim/spoil.h"

#define FAULTS_MAX 1000
#define OVERSIZE (INT64_C(4) << 20)
#define OVERSIZE_MAX (INT64_C(1) << 30)
#define WAIT_MAX_MS 3600000

struct effect {
	const char *name;
	enum fault_execute execute;
	void (*apply)(
	    const struct fault *fault, struct sim_reply *reply, uint64_t *seed);
};

struct fault {
	int64_t id;
	const struct effect *effect;
	enum fault_execute execute;
	char *method; /* NULL: any */
	char *path;   /* pattern */
	int64_t nth, times, percent;
	int64_t seen, fired;
	int64_t ms;
	int64_t status, bytes;
	const struct known_answer *answer;
	char *body, *member;
};

static void
do_nothing(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	(void)fault;
	(void)reply;
	(void)seed;
}

static void
do_hang(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	(void)fault;
	(void)seed;
	reply->wire = SIM_WIRE_HANG;
}

static void
do_close(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	(void)fault;
	(void)seed;
	reply->wire = SIM_WIRE_CLOSE;
}

static void
put_body(
    struct sim_reply *reply, int status, const char *type, const char *body)
{
	reply->status = status;
	reply->type = type;
	buf_reset(&reply->body);
	buf_str(&reply->body, body);
}

static void
do_status(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	(void)seed;
	put_body(reply, (int)fault->status, fault->body ? TYPE_JSON : NULL,
	    fault->body ? fault->body : "");
}

static void
do_answer(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	(void)seed;
	put_body(reply, fault->answer->status, fault->answer->type,
	    fault->body ? fault->body : fault->answer->body);
}

static void
do_html(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	(void)seed;
	put_body(reply, fault->status ? (int)fault->status : 200, TYPE_HTML,
	    fault->body ? fault->body
			: "<!DOCTYPE html>\n<html><body>Please log in"
			  "</body></html>\n");
}

static void
do_body(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	(void)seed;
	buf_reset(&reply->body);
	buf_str(&reply->body, fault->body ? fault->body : "");
	if (fault->status)
		reply->status = (int)fault->status;
}

static void
do_redirect(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	const char *to = "https://api.ibkr.com/sso/Login?forwardTo=22&RL=1";

	(void)seed;
	put_body(reply, fault->status ? (int)fault->status : 302, NULL, "");
	(void)snprintf(reply->location, sizeof reply->location, "%s",
	    fault->body ? fault->body : to);
}

static void
do_truncate(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	(void)seed;
	reply->cut =
	    fault->bytes >= 0 ? (size_t)fault->bytes : reply->body.len / 2;
}

static void
do_oversize(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	(void)seed;
	reply->pad = (size_t)(fault->bytes >= 0 ? fault->bytes : OVERSIZE);
}

static void
do_gzip(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	(void)fault;
	(void)seed;
	spoil_gzip(&reply->body);
	reply->gzip = true;
}

static void
do_garbage(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	(void)fault;
	buf_reset(&reply->body);
	for (int i = 0; i < 64; i++)
		buf_char(&reply->body, (char)seed_next(seed));
}

static void
do_strings(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	spoil_json(&reply->body, SPOIL_STRINGS, fault->member, seed);
}

static void
do_numbers(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	spoil_json(&reply->body, SPOIL_NUMBERS, fault->member, seed);
}

static void
do_nulls(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	spoil_json(&reply->body, SPOIL_NULLS, fault->member, seed);
}

static void
do_missing(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	spoil_json(&reply->body, SPOIL_MISSING, fault->member, seed);
}

static void
do_extra(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	spoil_json(&reply->body, SPOIL_EXTRA, fault->member, seed);
}

static const struct effect effects[] = {
	{ "delay", FAULT_EXECUTE_FIRST, do_nothing },
	{ "hang", FAULT_EXECUTE_NEVER, do_hang },
	{ "close", FAULT_EXECUTE_NEVER, do_close },
	{ "status", FAULT_EXECUTE_NEVER, do_status },
	{ "answer", FAULT_EXECUTE_NEVER, do_answer },
	{ "redirect", FAULT_EXECUTE_NEVER, do_redirect },
	{ "html", FAULT_EXECUTE_FIRST, do_html },
	{ "body", FAULT_EXECUTE_FIRST, do_body },
	{ "truncate", FAULT_EXECUTE_FIRST, do_truncate },
	{ "oversize", FAULT_EXECUTE_FIRST, do_oversize },
	{ "gzip", FAULT_EXECUTE_FIRST, do_gzip },
	{ "garbage", FAULT_EXECUTE_FIRST, do_garbage },
	{ "strings", FAULT_EXECUTE_FIRST, do_strings },
	{ "numbers", FAULT_EXECUTE_FIRST, do_numbers },
	{ "nulls", FAULT_EXECUTE_FIRST, do_nulls },
	{ "missing", FAULT_EXECUTE_FIRST, do_missing },
	{ "extra", FAULT_EXECUTE_FIRST, do_extra },
};

static const char *const executes[] = { "first", "late", "never" };

static void
fault_free(struct fault *fault)
{
	if (!fault)
		return;
	free(fault->method);
	free(fault->path);
	free(fault->body);
	free(fault->member);
	free(fault);
}

static int
take_effect(struct fault *fault, struct json_object *spec, struct err *err)
{
	const char *name = json_get_str(spec, "effect", "");
	const char *execute = json_get_str(spec, "execute", NULL);
	struct nearest nearest = NEAREST_INIT(name);
	struct buf near CLEANUP_BUF = BUF_INIT;

	for (size_t i = 0; i < ARRAY_COUNT(effects); i++) {
		if (strcmp(effects[i].name, name) == 0)
			fault->effect = &effects[i];
		nearest_add(&nearest, effects[i].name);
	}
	nearest_write(&nearest, &near);
	if (!fault->effect)
		return err_set(err, ERR_INPUT_INVALID,
		    "no effect has the name '%s'%s", name, buf_text(&near));
	fault->execute = fault->effect->execute;
	for (size_t i = 0; execute && i < ARRAY_COUNT(executes); i++)
		if (strcmp(executes[i], execute) == 0) {
			fault->execute = (enum fault_execute)i;
			return 0;
		}
	if (execute)
		return err_set(err, ERR_INPUT_INVALID,
		    "execute: expected first, late or never, got '%s'",
		    execute);
	return 0;
}

static int
take_answer(struct fault *fault, struct json_object *spec, struct err *err)
{
	const char *name = json_get_str(spec, "answer", NULL);

	if (fault->effect->apply != do_answer)
		return 0;
	fault->answer = name ? known_find(name) : NULL;
	if (!fault->answer)
		return err_set(err, ERR_INPUT_INVALID,
		    "answer: no known answer has the name '%s'",
		    name ? name : "");
	return 0;
}

static const struct range {
	const char *name;
	int64_t least, most, otherwise;
	size_t at;
} ranges[] = {
	{ "nth", 1, INT32_MAX, 1, offsetof(struct fault, nth) },
	{ "times", 0, INT32_MAX, 1, offsetof(struct fault, times) },
	{ "percent", 0, 100, 100, offsetof(struct fault, percent) },
	{ "ms", 0, WAIT_MAX_MS, 0, offsetof(struct fault, ms) },
	{ "status", 200, 599, 0, offsetof(struct fault, status) },
	{ "bytes", 0, OVERSIZE_MAX, -1, offsetof(struct fault, bytes) },
};

static int
take_ranges(struct fault *fault, struct json_object *spec, struct err *err)
{
	for (size_t i = 0; i < ARRAY_COUNT(ranges); i++) {
		const struct range *range = &ranges[i];
		struct json_object *value = json_get(spec, range->name);
		int64_t *to = (int64_t *)(void *)((char *)fault + range->at);

		*to = json_get_int(spec, range->name, range->otherwise);
		if (value && (!json_object_is_type(value, json_type_int) ||
				 *to < range->least || *to > range->most))
			return err_set(err, ERR_INPUT_INVALID,
			    "%s: expected %lld..%lld, got '%s'", range->name,
			    (long long)range->least, (long long)range->most,
			    json_object_get_string(value));
	}
	if (fault->effect->apply == do_status && !fault->status)
		fault->status = 503;
	if (json_get(spec, "percent") && !json_get(spec, "times"))
		fault->times = 0;
	return 0;
}

static int
take_texts(struct fault *fault, struct json_object *spec, struct err *err)
{
	const char *method = json_get_str(spec, "method", NULL);
	const char *member = json_get_str(spec, "member", NULL);
	struct json_object *body = json_get(spec, "body");

	fault->path = strdup(json_get_str(spec, "path", "*"));
	fault->method = method ? strdup(method) : NULL;
	fault->member = member ? strdup(member) : NULL;
	fault->body = body ? strdup(json_object_get_string(body)) : NULL;
	if (!fault->path || (method && !fault->method) ||
	    (member && !fault->member) || (body && !fault->body))
		return err_no_memory(err);
	return 0;
}

int
faults_add(struct faults *faults, struct json_object *spec, int64_t *ret_id,
    struct err *err)
{
	struct fault *fault;
	struct fault **list;

	if (faults->count == FAULTS_MAX)
		return err_set(err, ERR_INPUT_INVALID,
		    "there are %d faults already: DELETE /sim/faults",
		    FAULTS_MAX);
	fault = calloc(1, sizeof *fault);
	list = reallocarray(
	    faults->list, faults->count + 1, sizeof(struct fault *));
	if (list)
		faults->list = list;
	if (!fault || !list) {
		free(fault);
		return err_no_memory(err);
	}
	if (take_effect(fault, spec, err) || take_answer(fault, spec, err) ||
	    take_ranges(fault, spec, err) || take_texts(fault, spec, err)) {
		fault_free(fault);
		return err_class(err);
	}
	*ret_id = fault->id = (int64_t)++faults->serial;
	list[faults->count++] = fault;
	return 0;
}

void
faults_clear(struct faults *faults)
{
	for (size_t i = 0; i < faults->count; i++)
		fault_free(faults->list[i]);
	free(faults->list);
	faults->list = NULL;
	faults->count = 0;
}

void
faults_write(struct buf *out, const struct faults *faults)
{
	buf_str(out, "{\"faults\":[");
	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *fault = faults->list[i];

		pack_item(out, "{'id':%l,'method':%s,'path':%s,'effect':%s,",
		    fault->id, fault->method, fault->path, fault->effect->name);
		pack(out, "'execute':%s,'seen':%l,'fired':%l}",
		    executes[fault->execute], fault->seen, fault->fired);
	}
	buf_str(out, "]}");
}

static bool
matches(const struct fault *fault, const char *method, const char *path)
{
	return (!fault->method || strcmp(fault->method, method) == 0) &&
	       route_matches(fault->path, path);
}

const struct fault *
faults_meet(
    struct faults *faults, const char *method, const char *path, uint64_t *seed)
{
	const struct fault *met = NULL;

	for (size_t i = 0; i < faults->count; i++) {
		struct fault *fault = faults->list[i];

		if (!matches(fault, method, path))
			continue;
		fault->seen++;
		if (met || fault->seen < fault->nth ||
		    (fault->times > 0 && fault->fired >= fault->times) ||
		    (fault->percent < 100 &&
			(int64_t)(seed_next(seed) % 100) >= fault->percent))
			continue;
		fault->fired++;
		met = fault;
	}
	return met;
}

const char *
fault_name(const struct fault *fault)
{
	return fault->effect->name;
}

enum fault_execute
fault_execute(const struct fault *fault)
{
	return fault->execute;
}

int64_t
fault_wait_ms(const struct fault *fault)
{
	return fault->ms;
}

bool
fault_is_delay(const struct fault *fault)
{
	return fault->effect->apply == do_nothing;
}

void
fault_apply(const struct fault *fault, struct sim_reply *reply, uint64_t *seed)
{
	reply->wait_ms = fault->ms;
	fault->effect->apply(fault, reply, seed);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* A simulator for unit tests: see sim-kit.h. */

#include "sim-kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

struct sim_settings
sim_kit_settings(void)
{
	return (struct sim_settings){ .state = SIM_STATE_READY,
		.manual_clock = true,
		.start_ms = SIM_KIT_START_MS,
		.seed = 1 };
}

void
sim_kit_init_with(struct sim_kit *kit, const struct sim_settings *with)
{
	memset(kit, 0, sizeof *kit);
	sim_reply_init(&kit->reply);
	assert_int_equal(sim_new(with, &kit->sim, NULL), 0);
}

void
sim_kit_init(struct sim_kit *kit)
{
	struct sim_settings settings = sim_kit_settings();

	sim_kit_init_with(kit, &settings);
	assert_int_equal(
	    sim_kit_ask(kit, "GET", "/iserver/accounts", NULL), 200);
}

static void
forget(struct sim_kit *kit)
{
	(void)json_object_put(kit->json);
	kit->json = NULL;
	sim_done(kit->sim, &kit->reply);
	sim_reply_fini(&kit->reply);
	sim_reply_init(&kit->reply);
}

void
sim_kit_fini(struct sim_kit *kit)
{
	forget(kit);
	sim_free(kit->sim);
}

static int
request(struct sim_kit *kit, const char *method, const char *target,
    const char *body)
{
	struct sim_request ask = { .method = method,
		.target = target,
		.body = body ? body : "",
		.body_len = body ? strlen(body) : 0,
		.has_length = body != NULL,
		.has_agent = true };

	forget(kit);
	sim_handle(kit->sim, &ask, &kit->reply);
	if (kit->reply.late)
		sim_resume(kit->sim, &kit->reply);
	(void)json_parse(buf_text(&kit->reply.body), kit->reply.body.len,
	    &json_bounds_default, &kit->json, NULL);
	return kit->reply.status;
}

int
sim_kit_ask(
    struct sim_kit *kit, const char *method, const char *path, const char *body)
{
	struct buf target CLEANUP_BUF = BUF_INIT;

	buf_printf(&target, "/v1/api%s", path);
	return request(kit, method, buf_text(&target), body);
}

void
sim_kit_control(struct sim_kit *kit, const char *noun, const char *body)
{
	struct buf target CLEANUP_BUF = BUF_INIT;

	buf_printf(&target, "/sim/%s", noun);
	if (request(kit, "POST", buf_text(&target), body) != 200)
		fail_msg("/sim/%s: %s", noun, buf_text(&kit->reply.body));
}

void
sim_kit_see(struct sim_kit *kit, const char *noun)
{
	struct buf target CLEANUP_BUF = BUF_INIT;

	buf_printf(&target, "/sim/%s", noun);
	assert_int_equal(request(kit, "GET", buf_text(&target), NULL), 200);
}

void
sim_kit_advance(struct sim_kit *kit, int64_t ms)
{
	struct buf body CLEANUP_BUF = BUF_INIT;

	buf_printf(&body, "{\"advance_ms\":%lld}", (long long)ms);
	sim_kit_control(kit, "clock", buf_text(&body));
}

const char *
sim_kit_get(const struct sim_kit *kit, const char *path)
{
	struct json_object *at = kit->json;

	while (at && *path) {
		size_t len = strcspn(path, ".");
		char *key CLEANUP_FREE = strndup(path, len);

		assert_non_null(key);
		if (json_object_is_type(at, json_type_array))
			at = json_object_array_get_idx(
			    at, (size_t)strtoul(key, NULL, 10));
		else
			at = json_get(at, key);
		path += len + (path[len] == '.');
	}
	return at ? json_object_get_string(at) : NULL;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * For tests of tools: a house with the fake backend as it is built and the
 * journal of fake-journal.h, and calls through the one dispatch.
 */

#ifndef IAG_TESTS_UNIT_WORLD_H
#define IAG_TESTS_UNIT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json_tokener.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "config/scope.h"
#include "fake-journal.h"
#include "tools/dispatch.h"

#define P1 "DU1234567"

struct world {
	struct config *config;
	struct host *host;
	struct instance *backend;
	struct tool_house house;
	struct principal principal;
	/* of the last call */
	struct tool_result result;
	struct json_object *json;
	int ret;
};

static inline void
world_open(struct world *w, const struct instance_option *options, size_t count)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	char *items[] = { getenv("IAG_TEST_PLUGINDIR"), NULL };
	struct config_list dirs = { items, 1 };
	struct plugin *plugin = NULL;

	memset(w, 0, sizeof(*w));
	fake_journal_reset();
	fake.now_ns = clock_real_ns();
	w->config = config_new();
	assert_non_null(w->config);
	free(w->config->broker.backend);
	w->config->broker.backend = strdup("fake");
	w->host = host_new(&dirs, w->config);
	assert_non_null(w->host);
	if (host_load(
		w->host, host_kind_find("backend"), "fake", &plugin, &err) ||
	    instance_open(
		w->host, plugin, "backend", options, count, &w->backend, &err))
		fail_msg("%s", err_text(&err));
	w->house = (struct tool_house){
		.config = w->config,
		.host = w->host,
		.backend = w->backend,
		.journal = fake_journal(),
	};
	w->principal = (struct principal){
		.name = "agent:test",
		.kind = PRINCIPAL_AGENT,
		.scopes = scope_all(),
	};
	tool_result_init(&w->result);
}

static inline void
world_forget(struct world *w)
{
	tool_result_fini(&w->result);
	json_object_put(w->json);
	w->json = NULL;
}

static inline void
world_close(struct world *w)
{
	world_forget(w);
	instance_close(w->backend);
	assert_true(host_free(w->host));
	config_free(w->config);
	fake_journal_reset();
}

/* One call; its result is parsed into w->json. */
static inline void
ask(struct world *w, const char *tool, const char *arguments)
{
	CLEANUP_JSON struct json_object *args = NULL;
	struct call *call = call_new(clock_boot_ns() + 20 * NS_PER_S);
	struct tool_request request = {
		.name = tool,
		.principal = &w->principal,
		.call = call,
	};

	world_forget(w);
	if (arguments)
		args = json_tokener_parse(arguments);
	request.arguments = args;
	w->ret = tool_dispatch(&w->house, &request, &w->result);
	call_unref(call);
	assert_int_equal(w->result.is_error, w->ret != 0);
	assert_int_equal(
	    0, json_parse(buf_text(&w->result.json), w->result.json.len,
		   &json_bounds_default, &w->json, NULL));
	assert_true(json_object_is_type(w->json, json_type_object));
}

static inline void
good(struct world *w, const char *tool, const char *arguments)
{
	ask(w, tool, arguments);
	if (w->ret)
		fail_msg("%s %s: %s", tool, arguments ? arguments : "",
		    buf_text(&w->result.json));
}

static inline void
bad(struct world *w, const char *tool, const char *arguments, const char *code)
{
	ask(w, tool, arguments);
	if (!w->ret || strcmp(json_get_str(w->json, "code", ""), code) != 0)
		fail_msg("%s %s: expected %s, got %s", tool,
		    arguments ? arguments : "", code,
		    buf_text(&w->result.json));
}

static inline void
has(struct world *w, const char *part)
{
	if (!strstr(buf_text(&w->result.json), part))
		fail_msg("'%s' is not in %s", part, buf_text(&w->result.json));
}

static inline void
has_not(struct world *w, const char *part)
{
	if (strstr(buf_text(&w->result.json), part))
		fail_msg("'%s' is in %s", part, buf_text(&w->result.json));
}

/* The path "a.0.b" of the last result as text; "" if it is not there. */
static inline const char *
at(struct world *w, const char *path)
{
	struct json_object *obj = w->json;
	char part[64];

	while (*path && obj) {
		size_t len = strcspn(path, ".");

		(void)snprintf(part, sizeof(part), "%.*s", (int)len, path);
		obj = json_object_is_type(obj, json_type_array)
			  ? json_object_array_get_idx(
				obj, strtoul(part, NULL, 10))
			  : json_get(obj, part);
		path += len + (path[len] == '.');
	}
	return obj ? json_object_get_string(obj) : "";
}

static inline size_t
count(struct world *w, const char *list)
{
	return json_object_array_length(json_get(w->json, list));
}

#endif

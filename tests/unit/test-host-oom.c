/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Memory runs out at the first allocation of a host's life, at the second,
 * and so on, on whichever thread that is: the call fails with an error, or
 * gives a sound answer, and the host can be taken down.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "host/host.h"
#include "ibkr-agent/plugin.h"
#include "shortage.h"

#define MOST 2000 /* allocations of one life; far more than there are */

static char plug_dir[4096];

static void
query(struct instance *probe, const char *operation)
{
	struct call *call = call_new(clock_boot_ns() + 20 * NS_PER_S);
	struct answer answer = { .json = NULL };
	CLEANUP_ERR struct err err = ERR_INIT;

	if (!call)
		return;
	if (backend_query(probe, call, operation, "{}", &answer, &err) == 0)
		assert_string_equal("{}", answer.json);
	else
		assert_int_not_equal(ERR_NONE, err.code);
	answer_fini(&answer);
	call_unref(call);
}

/* One life of a host; the plugin is in memory already. */
static void
live_once(void)
{
	static const struct instance_option options[] = {
		{ "guests", "2" },
		{ "colour", "green" },
	};
	char *items[] = { plug_dir, NULL };
	struct config_list dirs = { items, 1 };
	struct host *host = host_new(&dirs, NULL);
	struct instance *probe = NULL;
	struct plugin *plugin = NULL;
	CLEANUP_ERR struct err err = ERR_INIT;

	if (!host)
		return;
	if (host_load(host, IAG_KIND_BACKEND, "probe", &plugin, &err) == 0 &&
	    instance_open(host, plugin, "backend", options,
		ARRAY_COUNT(options), &probe, &err) == 0) {
		query(probe, "echo");
		query(probe, "silent");
		query(probe, "raw");
		query(probe, "limit");
		(void)instance_health(probe, NULL, &err);
	}
	/* Taking down needs no memory. */
	assert_true(host_free(host));
}

static void
test_shortage_of_memory_at_any_point_is_survived(void **state)
{
	int at;

	(void)state;
	live_once();
	if (!shortage_works())
		skip();
	for (at = 1; at < MOST; at++) {
		shortage_begin(at);
		live_once();
		if (!shortage_end())
			break;
	}
	assert_true(at > 20);
	assert_true(at < MOST);
}

static int
find_folder(void **state)
{
	const char *build = getenv("IAG_TEST_BUILDDIR");

	(void)state;
	(void)snprintf(plug_dir, sizeof plug_dir, "%s/tests/plug/.libs",
	    build ? build : ".");
	/* Not ours to change when another user has built it. */
	(void)chmod(plug_dir, 0755);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_shortage_of_memory_at_any_point_is_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, find_folder, NULL);
}

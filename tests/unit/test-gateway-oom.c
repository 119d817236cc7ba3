/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Memory runs out at the first allocation of a gateway's first call, at the
 * second, and so on: the call fails with an error or is answered, and once
 * there is memory again the next one is answered.
 */

#include "gateway/gateway.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "gateway-kit.h"
#include "shortage.h"

#define MOST 5000 /* allocations of one opening; far more than there are */

/* A clock that the test moves: what failed is not tried again at once. */
static _Atomic uint64_t jump_ns;

static uint64_t
read_clock(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t
jumped_real_ns(void *arg)
{
	(void)arg;
	return read_clock(CLOCK_REALTIME);
}

static uint64_t
jumped_boot_ns(void *arg)
{
	(void)arg;
	return read_clock(CLOCK_BOOTTIME) + jump_ns;
}

static const struct clock_source jumping = { jumped_real_ns, jumped_boot_ns,
	NULL };

static void
replace(char **member, char *text)
{
	assert_non_null(text);
	free(*member);
	*member = text;
}

/* Over the probe: the fake broker's parser does not survive a shortage. */
static struct config *
probe_config(const char *directory)
{
	const char *build = getenv("IAG_TEST_BUILDDIR");
	struct config *config = kit_config(directory);
	struct config_list *path = &config->plugins.path;
	char *folder = NULL;

	assert_true(
	    asprintf(&folder, "%s/tests/plug/.libs", build ? build : ".") > 0);
	/* not ours to change when another user has built it */
	(void)chmod(folder, 0755);
	path->items =
	    reallocarray(path->items, path->count + 1, sizeof(*path->items));
	assert_non_null(path->items);
	path->items[path->count++] = folder;
	replace(&config->broker.backend, strdup("probe"));
	return config;
}

/* One life of a gateway; true: memory ran out in it. */
static bool
live_once(const char *directory, int number)
{
	struct gateway *gateway = kit_gateway(probe_config(directory));
	const struct tool_house *house = NULL;
	struct err err CLEANUP_ERR = ERR_INIT;
	bool failed;
	int rc;

	shortage_begin(number);
	rc = gateway_ready(gateway, &house, &err);
	failed = shortage_end();
	if (rc)
		assert_int_not_equal(err.code, ERR_NONE);
	jump_ns += NS_PER_S;
	err_fini(&err);
	if (gateway_ready(gateway, &house, &err) || !house->backend)
		fail_msg("after allocation %d: %s", number,
		    house ? "no backend" : err_text(&err));
	assert_true(gateway_free(gateway));
	return failed;
}

static void
test_a_shortage_while_opening_passes(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	int number = 1;

	(void)state;
	clock_set_source(&jumping);
	log_setup(LOG_LEVEL_ERROR, LOG_FORM_AUTO);
	/* makes the store, and loads the plugins into memory */
	(void)live_once(directory, INT32_MAX);
	if (!shortage_works())
		skip();
	while (number < MOST && live_once(directory, number))
		number++;
	clock_set_source(NULL);
	assert_true(number > 20);
	assert_true(number < MOST);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_shortage_while_opening_passes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

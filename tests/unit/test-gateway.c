/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* The assembly: opened at the first call, by many at once, again and again. */

#include "gateway/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "gateway-kit.h"

#define THREADS 32

static bool
exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/* One call that must succeed. */
static void
expect_ok(struct gateway *gateway, const char *tool, const char *arguments)
{
	enum err_code code;
	char *text CLEANUP_FREE =
	    kit_call(gateway, NULL, tool, arguments, &code);

	if (code != ERR_NONE)
		fail_msg("%s: %s", tool, text);
}

static enum err_code
code_of(struct gateway *gateway, const char *tool)
{
	enum err_code code;
	char *text CLEANUP_FREE = kit_call(gateway, NULL, tool, NULL, &code);

	assert_non_null(text);
	return code;
}

static void
test_inv9_a_gateway_that_was_only_made_has_touched_nothing(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct config *config = kit_config(directory);
	char *store CLEANUP_FREE = strdup(config->audit.path);
	struct gateway *gateway = kit_gateway(config);

	(void)state;
	assert_false(exists(store));
	assert_true(gateway_free(gateway));
	assert_false(exists(store));
}

static void
test_the_first_call_opens_the_store(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct gateway *gateway = kit_gateway(kit_config(directory));

	(void)state;
	expect_ok(gateway, "ibkr_health", NULL);
	assert_true(exists(gateway_config(gateway)->audit.path));
	expect_ok(gateway, "ibkr_accounts_list", "{}");
	assert_true(gateway_free(gateway));
}

struct caller {
	pthread_t thread;
	pthread_barrier_t *barrier;
	struct gateway *gateway;
	enum err_code code;
};

static void *
caller_main(void *arg)
{
	struct caller *caller = arg;

	pthread_barrier_wait(caller->barrier);
	caller->code = code_of(caller->gateway, "ibkr_accounts_list");
	return NULL;
}

static void
test_many_first_calls_at_once_all_succeed(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct gateway *gateway = kit_gateway(kit_config(directory));
	struct caller callers[THREADS];
	pthread_barrier_t barrier;
	unsigned i;

	(void)state;
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (i = 0; i < THREADS; i++) {
		callers[i].barrier = &barrier;
		callers[i].gateway = gateway;
		assert_int_equal(pthread_create(&callers[i].thread, NULL,
				     caller_main, &callers[i]),
		    0);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(callers[i].thread, NULL);
		assert_int_equal(callers[i].code, ERR_NONE);
	}
	pthread_barrier_destroy(&barrier);
	assert_true(gateway_free(gateway));
}

static void
test_a_cancelled_call_is_answered_at_once(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct config *config = kit_config(directory);
	struct gateway *gateway;
	struct call *call;
	enum err_code code;
	char *text CLEANUP_FREE = NULL;

	(void)state;
	kit_option(config, "delay_ms", "20000");
	gateway = kit_gateway(config);
	call = gateway_call_new(gateway, NULL);
	call_cancel(call);
	text = kit_call(gateway, call, "ibkr_accounts_list", NULL, &code);
	assert_int_equal(code, ERR_CALL_CANCELLED);
	call_unref(call);
	assert_true(gateway_free(gateway));
}

struct slow {
	struct gateway *gateway;
	atomic_int code;
};

static void
slow_job(void *arg)
{
	struct slow *slow = arg;

	slow->code = code_of(slow->gateway, "ibkr_accounts_list");
}

static void
test_freeing_cancels_what_runs_and_waits_for_it(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct config *config = kit_config(directory);
	struct slow slow[8];
	uint64_t begin = clock_boot_ns();
	struct gateway *gateway;
	unsigned i;

	(void)state;
	kit_option(config, "delay_ms", "20000");
	gateway = kit_gateway(config);
	expect_ok(gateway, "ibkr_health", NULL);
	for (i = 0; i < ARRAY_COUNT(slow); i++) {
		slow[i].gateway = gateway;
		slow[i].code = ERR_NONE;
		assert_int_equal(gateway_run(gateway, slow_job, &slow[i]), 0);
	}
	assert_true(gateway_free(gateway));
	for (i = 0; i < ARRAY_COUNT(slow); i++)
		assert_int_equal(slow[i].code, ERR_CALL_CANCELLED);
	assert_true(clock_boot_ns() - begin < 15 * NS_PER_S);
}

struct hall {
	atomic_bool is_open, was_reached;
};

static void
hall_wait(void *arg)
{
	struct hall *hall = arg;

	while (!hall->is_open)
		(void)usleep(1000);
}

static void
hall_reach(void *arg)
{
	struct hall *hall = arg;

	hall->was_reached = true;
}

static void
test_no_more_calls_run_beside_the_workers_than_are_lent(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct gateway *gateway = kit_gateway(kit_config(directory));

	(void)state;
	for (unsigned i = 0; i < GATEWAY_LENT_MAX; i++)
		assert_true(gateway_lend(gateway));
	assert_false(gateway_lend(gateway));
	gateway_take_back(gateway);
	assert_true(gateway_lend(gateway));
	assert_false(gateway_lend(gateway));
	assert_true(gateway_free(gateway));
}

static void
test_operators_do_not_wait_behind_agents(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct gateway *gateway = kit_gateway(kit_config(directory));
	struct hall hall = { false, false };

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(gateway_run(gateway, hall_wait, &hall), 0);
	assert_int_equal(gateway_run_reserved(gateway, hall_reach, &hall), 0);
	for (unsigned i = 0; i < 5000 && !hall.was_reached; i++)
		(void)usleep(1000);
	assert_true(hall.was_reached);
	hall.is_open = true;
	assert_true(gateway_free(gateway));
}

/* A clock that the test moves. */
static uint64_t jump_ns;

static uint64_t
jumped_real_ns(void *arg)
{
	struct timespec now;

	(void)arg;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t
jumped_boot_ns(void *arg)
{
	struct timespec now;

	(void)arg;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec +
	       jump_ns;
}

static const struct clock_source jumping = { jumped_real_ns, jumped_boot_ns,
	NULL };

static void
test_a_store_that_was_away_is_tried_again(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct config *config = kit_config(directory);
	struct gateway *gateway;
	int fd;

	(void)state;
	clock_set_source(&jumping);
	/* a file where the directory of the store should be */
	fd = open(config->audit.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	gateway = kit_gateway(config);
	assert_int_not_equal(code_of(gateway, "ibkr_health"), ERR_NONE);
	assert_int_not_equal(code_of(gateway, "ibkr_health"), ERR_NONE);
	assert_int_equal(unlink(gateway_config(gateway)->audit.path), 0);
	jump_ns += NS_PER_S;
	expect_ok(gateway, "ibkr_health", NULL);
	assert_true(gateway_free(gateway));
	clock_set_source(NULL);
}

static void
test_inv8_an_agent_sees_no_path_of_this_machine(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct config *config = kit_config(directory);
	struct principal principal = {
		.name = "agent:test",
		.kind = PRINCIPAL_AGENT,
		.scopes = UINT64_MAX,
	};
	struct tool_request request = {
		.name = "ibkr_health",
		.principal = &principal,
	};
	struct tool_result result;
	struct gateway *gateway;
	int fd;

	(void)state;
	fd = open(config->audit.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	gateway = kit_gateway(config);
	assert_true(gateway_call(gateway, &request, &result) < 0);
	assert_null(strstr(buf_text(&result.json), directory));
	assert_null(strstr(err_text(&result.err), directory));
	assert_non_null(strstr(buf_text(&result.json), "not a directory"));
	tool_result_fini(&result);
	/* who has to repair it is told where it is */
	principal.kind = PRINCIPAL_OPERATOR;
	assert_true(gateway_call(gateway, &request, &result) < 0);
	assert_non_null(strstr(err_text(&result.err), directory));
	tool_result_fini(&result);
	assert_true(gateway_free(gateway));
}

/* A copy that appears all at once, under its own name. */
static void
copy_plugin(const char *directory, const char *name)
{
	struct buf from CLEANUP_BUF = BUF_INIT;
	struct buf to CLEANUP_BUF = BUF_INIT;
	char bytes[4096];
	FILE *in, *out;
	size_t len;

	buf_printf(&from, "%s/%s", getenv("IAG_TEST_PLUGINDIR"), name);
	buf_printf(&to, "%s/%s", directory, name);
	in = fopen(buf_text(&from), "re");
	out = fopen(buf_text(&to), "we");
	assert_non_null(in);
	assert_non_null(out);
	while ((len = fread(bytes, 1, sizeof(bytes), in)) > 0)
		assert_int_equal(fwrite(bytes, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(fclose(in), 0);
	assert_int_equal(chmod(buf_text(&to), 0600), 0);
}

static void
test_a_backend_that_was_away_is_tried_again(void **state)
{
	char *directory CLEANUP_FREE = kit_directory();
	struct config *config = kit_config(directory);
	struct gateway *gateway;

	(void)state;
	clock_set_source(&jumping);
	free(config->plugins.path.items[0]);
	config->plugins.path.items[0] = strdup(directory);
	/* a name that is not installed anywhere either */
	free(config->broker.backend);
	config->broker.backend = strdup("fake");
	copy_plugin(directory, "store-lmdb.so");
	gateway = kit_gateway(config);
	expect_ok(gateway, "ibkr_health", NULL);
	if (code_of(gateway, "ibkr_accounts_list") == ERR_NONE) {
		/* an installed backend-fake.so was found */
		assert_true(gateway_free(gateway));
		clock_set_source(NULL);
		skip();
	}
	copy_plugin(directory, "backend-fake.so");
	jump_ns += NS_PER_S;
	expect_ok(gateway, "ibkr_accounts_list", NULL);
	assert_true(gateway_free(gateway));
	clock_set_source(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_inv9_a_gateway_that_was_only_made_has_touched_nothing),
		cmocka_unit_test(test_the_first_call_opens_the_store),
		cmocka_unit_test(test_many_first_calls_at_once_all_succeed),
		cmocka_unit_test(test_a_cancelled_call_is_answered_at_once),
		cmocka_unit_test(
		    test_freeing_cancels_what_runs_and_waits_for_it),
		cmocka_unit_test(
		    test_no_more_calls_run_beside_the_workers_than_are_lent),
		cmocka_unit_test(test_operators_do_not_wait_behind_agents),
		cmocka_unit_test(test_a_store_that_was_away_is_tried_again),
		cmocka_unit_test(
		    test_inv8_an_agent_sees_no_path_of_this_machine),
		cmocka_unit_test(test_a_backend_that_was_away_is_tried_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

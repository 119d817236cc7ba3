/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Calls through the host into the probe backends: answers, errors, deadlines,
 * cancellation, thread models, stuck callbacks.
 */

#include <fcntl.h>
#include <sched.h>
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
#include "host/pool.h"
#include "ibkr-agent/plugin.h"

#define MS NS_PER_MS

static char plug_dir[4096];

static struct host *
new_host(void)
{
	char *items[] = { plug_dir, NULL };
	struct config_list dirs = { items, 1 };
	struct host *host = host_new(&dirs, NULL);

	assert_non_null(host);
	return host;
}

static struct instance *
open_probe(struct host *host, const char *name,
    const struct instance_option *options, size_t count)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct plugin *plugin = NULL;
	struct instance *instance = NULL;

	if (host_load(host, IAG_KIND_BACKEND, name, &plugin, &err) < 0)
		fail_msg("%s", err_text(&err));
	if (instance_open(
		host, plugin, "backend", options, count, &instance, &err) < 0)
		fail_msg("%s", err_text(&err));
	return instance;
}

static struct call *
call_for(uint64_t ns)
{
	struct call *call = call_new(clock_boot_ns() + ns);

	assert_non_null(call);
	return call;
}

static void
test_answer_comes_back_with_what_is_known_about_it(void **state)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct host *host = new_host();
	struct instance *probe = open_probe(host, "probe", NULL, 0);
	struct call *call = call_for(10 * NS_PER_S);
	struct answer answer = { .json = NULL };

	(void)state;
	assert_int_equal(0,
	    backend_query(probe, call, "echo", "{\"a\":[1]}", &answer, &err));
	assert_string_equal("{\"a\":[1]}", answer.json);
	assert_int_equal(9, answer.len);
	assert_int_equal(IAG_REPLY_COMPLETE | IAG_REPLY_DELAYED, answer.flags);
	assert_int_equal(7, answer.source_ns);
	assert_true(answer.receipt_ns > 0);
	answer_fini(&answer);
	assert_int_equal(1, instance_counter(probe, "starts"));
	assert_int_equal(1, instance_counter(probe, "echoes"));
	call_unref(call);
	assert_true(host_free(host));
}

static void
test_broken_answers_name_the_plugin_and_the_fault(void **state)
{
	static const char *const cases[][2] = {
		{ "twice", "it answered twice" },
		{ "nothing", "without an answer" },
		{ "raw", "not JSON" },
		{ "huge", "1048577 bytes" },
	};
	struct host *host = new_host();
	struct instance *probe = open_probe(host, "probe", NULL, 0);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_COUNT(cases); i++) {
		CLEANUP_ERR struct err err = ERR_INIT;
		struct call *call = call_for(10 * NS_PER_S);
		struct answer answer = { .json = NULL };

		assert_true(backend_query(probe, call, cases[i][0], NULL,
				&answer, &err) < 0);
		assert_int_equal(ERR_BROKER_RESPONSE_INVALID, err.code);
		assert_non_null(strstr(err_text(&err), "'probe'"));
		assert_non_null(strstr(err_text(&err), cases[i][1]));
		assert_null(answer.json);
		call_unref(call);
	}
	assert_true(host_free(host));
}

static void
test_errors_of_a_plugin_arrive_with_code_and_text(void **state)
{
	static const struct {
		const char *operation;
		int class;
		enum err_code code;
		const char *text;
	} cases[] = {
		{ "silent", IAG_AUTH, ERR_NONE, "did not say why" },
		{ "seven", IAG_INTERNAL, ERR_INTERNAL_ERROR, "returned 7" },
		{ "limit", IAG_LIMIT, ERR_BROKER_RATE_LIMITED,
		    "slow down, 42" },
		{ "odd_code", IAG_NOTFOUND, ERR_NONE,
		    "line one line ?[31mtwo ? (code 'NO_SUCH_CODE')" },
		{ "odd_class", IAG_INTERNAL, ERR_INTERNAL_ERROR,
		    "nobody knows this" },
	};
	struct host *host = new_host();
	struct instance *probe = open_probe(host, "probe", NULL, 0);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_COUNT(cases); i++) {
		CLEANUP_ERR struct err err = ERR_INIT;
		struct call *call = call_for(10 * NS_PER_S);
		struct answer answer = { .json = NULL };
		enum err_code code = cases[i].code == ERR_NONE
					 ? err_code_of_class(cases[i].class)
					 : cases[i].code;

		(void)backend_query(
		    probe, call, cases[i].operation, NULL, &answer, &err);
		assert_int_equal(code, err.code);
		if (!strstr(err_text(&err), cases[i].text))
			fail_msg("%s: %s", cases[i].operation, err_text(&err));
		if (cases[i].class == IAG_LIMIT)
			assert_int_equal(1500000000, err.retry_after_ns);
		call_unref(call);
	}
	assert_true(host_free(host));
}

static void
test_operation_that_the_backend_lacks_is_refused(void **state)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct host *host = new_host();
	struct instance *probe = open_probe(host, "probe", NULL, 0);
	struct call *call = call_for(10 * NS_PER_S);
	struct answer answer = { .json = NULL };

	(void)state;
	assert_false(backend_has(probe, "fly"));
	assert_true(backend_has(probe, "echo"));
	assert_true(backend_query(probe, call, "fly", NULL, &answer, &err) < 0);
	assert_int_equal(ERR_BROKER_CAPABILITY_UNAVAILABLE, err.code);
	call_unref(call);
	assert_true(host_free(host));
}

static void
test_deadline_reaches_the_plugin(void **state)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct host *host = new_host();
	struct instance *probe = open_probe(host, "probe", NULL, 0);
	struct call *call = call_for(30 * MS);
	struct answer answer = { .json = NULL };

	(void)state;
	assert_int_equal(IAG_STOPPING,
	    backend_query(probe, call, "wait", NULL, &answer, &err));
	assert_int_equal(ERR_CALL_TIMED_OUT, err.code);
	assert_true(clock_boot_ns() >= call_deadline_ns(call));
	call_unref(call);
	assert_true(host_free(host));
}

static void *
cancel_it(void *arg)
{
	call_cancel(arg);
	return NULL;
}

static void
test_cancellation_reaches_the_plugin(void **state)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct host *host = new_host();
	struct instance *probe = open_probe(host, "probe", NULL, 0);
	struct call *call = call_for(60 * NS_PER_S);
	struct answer answer = { .json = NULL };
	pthread_t thread;

	(void)state;
	assert_int_equal(0, pthread_create(&thread, NULL, cancel_it, call));
	assert_int_equal(IAG_STOPPING,
	    backend_query(probe, call, "wait", NULL, &answer, &err));
	assert_int_equal(ERR_CALL_CANCELLED, err.code);
	(void)pthread_join(thread, NULL);
	assert_false(instance_is_stuck(probe));
	call_unref(call);
	assert_true(host_free(host));
}

static void
hang_and_come_back(const char *name)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct host *host = new_host();
	struct call *call = call_for(50 * MS);
	struct answer answer = { .json = NULL };
	struct instance_option options[1] = { { "gate_fd", NULL } };
	struct instance *probe;
	char text[16];
	int gate[2];

	assert_int_equal(0, pipe(gate));
	(void)snprintf(text, sizeof text, "%d", gate[0]);
	options[0].value = text;
	probe = open_probe(host, name, options, 1);
	assert_int_equal(IAG_STOPPING,
	    backend_query(probe, call, "hang", NULL, &answer, &err));
	assert_int_equal(ERR_CALL_TIMED_OUT, err.code);
	assert_true(instance_is_stuck(probe));
	assert_true(instance_health(probe, NULL, &err) < 0);
	assert_non_null(strstr(err_text(&err), "'hang'"));
	call_unref(call);
	/* It comes back: its late answer is dropped, and calls work. */
	assert_int_equal(1, write(gate[1], "x", 1));
	call = call_for(10 * NS_PER_S);
	assert_int_equal(
	    0, backend_query(probe, call, "echo", "{}", &answer, &err));
	assert_string_equal("{}", answer.json);
	answer_fini(&answer);
	call_unref(call);
	assert_true(host_free(host));
	(void)close(gate[0]);
	(void)close(gate[1]);
}

static void
test_overrun_is_answered_at_the_deadline_and_heals(void **state)
{
	(void)state;
	hang_and_come_back("probe");
	hang_and_come_back("probe-serial");
	hang_and_come_back("probe_single");
}

/* It would meet the end of the process, and of its library, otherwise. */
static void
test_a_threads_end_is_waited_for(void **state)
{
	struct host *host = new_host();
	struct call *call = call_for(10 * NS_PER_S);
	struct answer answer = { .json = NULL };
	struct instance_option options[1] = { { "gate_fd", NULL } };
	struct instance *probe;
	char text[16], byte;
	int gate[2];

	(void)state;
	assert_int_equal(0, pipe2(gate, O_NONBLOCK));
	(void)snprintf(text, sizeof text, "%d", gate[1]);
	options[0].value = text;
	probe = open_probe(host, "probe", options, 1);
	assert_int_equal(
	    0, backend_query(probe, call, "linger", NULL, &answer, NULL));
	answer_fini(&answer);
	call_unref(call);
	assert_true(host_free(host));
	assert_int_equal(1, read(gate[0], &byte, 1));
	(void)close(gate[0]);
	(void)close(gate[1]);
}

static void
test_stuck_callback_outlives_the_host(void **state)
{
	struct host *host = new_host();
	struct call *call = call_for(20 * MS);
	struct answer answer = { .json = NULL };
	struct instance_option options[1] = { { "gate_fd", NULL } };
	struct instance *probe;
	char text[16];
	int gate[2];

	(void)state;
	assert_int_equal(0, pipe(gate));
	(void)snprintf(text, sizeof text, "%d", gate[0]);
	options[0].value = text;
	probe = open_probe(host, "probe", options, 1);
	assert_int_equal(IAG_STOPPING,
	    backend_query(probe, call, "hang", NULL, &answer, NULL));
	call_unref(call);
	assert_false(host_free(host));
}

struct guest {
	struct instance *probe;
	pthread_t thread;
	int r;
	long most;
};

static void *
visit(void *arg)
{
	struct guest *guest = arg;
	struct call *call = call_for(60 * NS_PER_S);
	struct answer answer = { .json = NULL };

	guest->r =
	    backend_query(guest->probe, call, "meet", NULL, &answer, NULL);
	if (guest->r == 0)
		guest->most = strtol(answer.json + 8, NULL, 10);
	answer_fini(&answer);
	call_unref(call);
	return NULL;
}

/* The most callbacks that were seen inside at once. */
static long
meet(const char *name, const char *wanted, struct guest *guests, size_t count,
    unsigned instances)
{
	struct host *host = new_host();
	struct instance_option option = { "guests", wanted };
	struct instance *probes[2];
	long most = 0;
	unsigned n;
	size_t i;

	for (n = 0; n < instances; n++)
		probes[n] = open_probe(host, name, &option, 1);
	for (i = 0; i < count; i++) {
		guests[i].probe = probes[i % instances];
		assert_int_equal(0,
		    pthread_create(&guests[i].thread, NULL, visit, &guests[i]));
	}
	for (i = 0; i < count; i++) {
		(void)pthread_join(guests[i].thread, NULL);
		assert_int_equal(0, guests[i].r);
		if (guests[i].most > most)
			most = guests[i].most;
	}
	assert_true(host_free(host));
	return most;
}

static void
test_sixty_four_calls_of_a_parallel_backend_run_at_once(void **state)
{
	struct guest guests[64] = { { .probe = NULL } };

	(void)state;
	assert_int_equal(64, meet("probe", "64", guests, 64, 1));
}

static void
test_serial_backends_see_one_call_at_once(void **state)
{
	struct guest guests[8] = { { .probe = NULL } };

	(void)state;
	assert_int_equal(1, meet("probe-serial", "1", guests, 8, 1));
	assert_int_equal(1, meet("probe-single", "1", guests, 8, 2));
}

static void
test_instances_of_a_serial_backend_run_side_by_side(void **state)
{
	struct guest guests[2] = { { .probe = NULL } };

	(void)state;
	assert_int_equal(2, meet("probe-serial", "2", guests, 2, 2));
}

#define RUSH_ROUNDS 150

struct rusher {
	struct instance *probe;
	pthread_t thread;
	unsigned seed;
	unsigned odd; /* outcomes that there may not be */
};

/* Calls that are answered, time out or are cancelled, as it happens. */
static void *
rush(void *arg)
{
	struct rusher *rusher = arg;
	unsigned round;

	for (round = 0; round < RUSH_ROUNDS; round++) {
		unsigned dice = (unsigned)rand_r(&rusher->seed);
		struct call *call =
		    call_for(dice % 3 * 500 * (NS_PER_MS / 1000));
		struct answer answer = { .json = NULL };
		CLEANUP_ERR struct err err = ERR_INIT;
		pthread_t killer;
		bool kills = dice % 5 == 0 && pthread_create(&killer, NULL,
						  cancel_it, call) == 0;

		if (backend_query(rusher->probe, call,
			dice % 2 ? "echo" : "wait", "{}", &answer, &err) < 0 &&
		    err.code != ERR_CALL_TIMED_OUT &&
		    err.code != ERR_CALL_CANCELLED)
			rusher->odd++;
		if (kills)
			(void)pthread_join(killer, NULL);
		answer_fini(&answer);
		call_unref(call);
	}
	return NULL;
}

static void
test_calls_in_a_rush_all_end_well(void **state)
{
	static const char *const names[] = { "probe", "probe-serial",
		"probe-single" };
	struct rusher rushers[24] = { { .probe = NULL } };
	struct host *host = new_host();
	struct instance *probes[ARRAY_COUNT(names)];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_COUNT(names); i++)
		probes[i] = open_probe(host, names[i], NULL, 0);
	for (i = 0; i < ARRAY_COUNT(rushers); i++) {
		rushers[i].probe = probes[i % ARRAY_COUNT(names)];
		rushers[i].seed = (unsigned)i + 1;
		assert_int_equal(0, pthread_create(&rushers[i].thread, NULL,
					rush, &rushers[i]));
	}
	for (i = 0; i < ARRAY_COUNT(rushers); i++) {
		(void)pthread_join(rushers[i].thread, NULL);
		assert_int_equal(0, rushers[i].odd);
	}
	/* Closing waits for what was abandoned: nothing is lost. */
	assert_true(host_free(host));
}

static void
test_every_fault_of_the_options_is_told(void **state)
{
	static const struct instance_option options[] = {
		{ "ill", "perhaps" },
		{ "guests", "65" },
		{ "ratio", "1.01" },
		{ "colour", "blue" },
		{ "token", "hunter2-is-not-shown" },
		{ "shape", "round" },
	};
	static const char *const parts[] = { "'perhaps'",
		"expected 1..64, got '65'", "expected 0..1, got '1.01'",
		"expected one of 'red green', got 'blue'", "'env:NAME'",
		"option 'shape': there is no such option" };
	CLEANUP_ERR struct err err = ERR_INIT;
	struct host *host = new_host();
	struct plugin *plugin = NULL;
	struct instance *instance = NULL;
	size_t i;

	(void)state;
	assert_int_equal(
	    0, host_load(host, IAG_KIND_BACKEND, "probe", &plugin, &err));
	assert_true(instance_open(host, plugin, "backend", options,
			ARRAY_COUNT(options), &instance, &err) < 0);
	assert_int_equal(ERR_CONFIG_INVALID, err.code);
	for (i = 0; i < ARRAY_COUNT(parts); i++)
		if (!strstr(err_text(&err), parts[i]))
			fail_msg(
			    "'%s' is not in: %s", parts[i], err_text(&err));
	assert_null(strstr(err_text(&err), "hunter2"));
	assert_true(host_free(host));
}

static void
test_open_that_fails_says_why(void **state)
{
	static const struct instance_option option = { "refuse_open",
		"not today" };
	CLEANUP_ERR struct err err = ERR_INIT;
	struct host *host = new_host();
	struct plugin *plugin = NULL;
	struct instance *instance = NULL;

	(void)state;
	assert_int_equal(
	    0, host_load(host, IAG_KIND_BACKEND, "probe", &plugin, &err));
	assert_int_equal(IAG_INVAL, instance_open(host, plugin, "backend",
					&option, 1, &instance, &err));
	assert_string_equal("backend 'probe': not today", err_text(&err));
	assert_true(host_free(host));
}

static void
test_a_failure_is_one_also_to_who_does_not_ask_why(void **state)
{
	static const struct instance_option option = { "refuse_open",
		"not today" };
	struct host *host = new_host();
	struct plugin *plugin = NULL;
	struct instance *instance = NULL;

	(void)state;
	assert_int_equal(
	    0, host_load(host, IAG_KIND_BACKEND, "probe", &plugin, NULL));
	assert_int_equal(IAG_INVAL, instance_open(host, plugin, "backend",
					&option, 1, &instance, NULL));
	assert_null(instance);
	plugin = NULL;
	assert_int_equal(IAG_NOTFOUND,
	    host_load_file(host, "/nowhere/backend-probe.so", &plugin, NULL));
	assert_null(plugin);
	assert_true(host_free(host));
}

static void
test_thread_of_a_plugin_ends_when_its_instance_stops(void **state)
{
	static const struct instance_option option = { "ticker", "true" };
	struct host *host = new_host();
	struct instance *probe = open_probe(host, "probe", &option, 1);
	uint64_t until_ns = clock_boot_ns() + 30 * NS_PER_S;

	(void)state;
	while (
	    instance_counter(probe, "ticks") < 3 && clock_boot_ns() < until_ns)
		(void)sched_yield();
	assert_true(instance_counter(probe, "ticks") >= 3);
	assert_true(instance_counter(probe, "hint_tick") >= 2);
	/* stop() waits for the thread: without a wake-up it would not end. */
	instance_close(probe);
	assert_true(host_free(host));
}

static void
test_health_is_the_plugins_own(void **state)
{
	static const struct instance_option option = { "ill", "true" };
	CLEANUP_ERR struct err err = ERR_INIT;
	struct host *host = new_host();
	struct instance *well = open_probe(host, "probe", NULL, 0);
	struct instance *ill = open_probe(host, "probe", &option, 1);

	(void)state;
	assert_int_equal(0, instance_health(well, NULL, &err));
	assert_int_equal(IAG_AUTH, instance_health(ill, NULL, &err));
	assert_int_equal(ERR_BROKER_SESSION_REQUIRED, err.code);
	assert_string_equal("nobody is logged in", err_text(&err));
	assert_true(host_free(host));
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
		    test_answer_comes_back_with_what_is_known_about_it),
		cmocka_unit_test(
		    test_broken_answers_name_the_plugin_and_the_fault),
		cmocka_unit_test(
		    test_errors_of_a_plugin_arrive_with_code_and_text),
		cmocka_unit_test(
		    test_operation_that_the_backend_lacks_is_refused),
		cmocka_unit_test(test_deadline_reaches_the_plugin),
		cmocka_unit_test(test_cancellation_reaches_the_plugin),
		cmocka_unit_test(
		    test_overrun_is_answered_at_the_deadline_and_heals),
		cmocka_unit_test(
		    test_sixty_four_calls_of_a_parallel_backend_run_at_once),
		cmocka_unit_test(test_serial_backends_see_one_call_at_once),
		cmocka_unit_test(
		    test_instances_of_a_serial_backend_run_side_by_side),
		cmocka_unit_test(test_calls_in_a_rush_all_end_well),
		cmocka_unit_test(test_every_fault_of_the_options_is_told),
		cmocka_unit_test(test_open_that_fails_says_why),
		cmocka_unit_test(
		    test_a_failure_is_one_also_to_who_does_not_ask_why),
		cmocka_unit_test(test_health_is_the_plugins_own),
		cmocka_unit_test(
		    test_thread_of_a_plugin_ends_when_its_instance_stops),
		cmocka_unit_test(test_a_threads_end_is_waited_for),
		cmocka_unit_test(test_stuck_callback_outlives_the_host),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, find_folder, NULL);
}

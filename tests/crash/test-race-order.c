/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Many at once: processes with many threads each write orders over one store,
 * at a broker in a process of its own.  One key, one approval, one limit, one
 * kill switch: whatever wins, it wins once.
 */

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../unit/gateway-kit.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "config/config.h"
#include "orders-kit.h"

#define PROCESSES 4
#define THREADS 16
#define CALLERS (PROCESSES * THREADS)

/* What the callers of all processes share. */
struct race {
	pthread_barrier_t start;
	char keys[CALLERS][32];
	char approvals[CALLERS][ORDERS_ID];
	_Atomic uint32_t outcomes[3]; /* done, refused, unknown */
	_Atomic uint32_t codes[256];  /* of what failed */
};
enum { DONE, REFUSED, UNKNOWN };

struct caller {
	pthread_t thread;
	struct race *race;
	struct gateway *gateway;
	unsigned index;
};

static struct race *
race_new(void)
{
	struct race *race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t attr;

	assert_true(race != MAP_FAILED);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&race->start, &attr, CALLERS);
	return race;
}

static void *
call(void *arg)
{
	struct caller *caller = arg;
	struct race *race = caller->race;
	char arguments[512];
	enum err_code code;
	char *text CLEANUP_FREE = NULL;

	(void)snprintf(arguments, sizeof(arguments),
	    "{\"account_id\":\"" ORDERS_PAPER "\",\"approval_id\":\"%s\","
	    "\"idempotency_key\":\"%s\"}",
	    race->approvals[caller->index], race->keys[caller->index]);
	pthread_barrier_wait(&race->start);
	text = kit_call(
	    caller->gateway, NULL, "ibkr_paper_order_submit", arguments, &code);
	if (code == ERR_NONE)
		atomic_fetch_add(&race->outcomes[DONE], 1);
	else
		atomic_fetch_add(
		    &race->outcomes[strstr(text, "\"outcome\":\"unknown\"")
					? UNKNOWN
					: REFUSED],
		    1);
	atomic_fetch_add(&race->codes[code], 1);
	return NULL;
}

/* One process of the race; ends. */
static _Noreturn void
run_process(struct race *race, const char *path, unsigned first)
{
	struct caller callers[THREADS];
	struct config *config;
	struct gateway *gateway;

	if (config_load(path, &config, NULL, NULL))
		_exit(3);
	gateway = kit_gateway(config);
	for (unsigned i = 0; i < THREADS; i++) {
		callers[i] = (struct caller){
			.race = race, .gateway = gateway, .index = first + i
		};
		if (pthread_create(&callers[i].thread, NULL, call, &callers[i]))
			_exit(4);
	}
	for (unsigned i = 0; i < THREADS; i++)
		(void)pthread_join(callers[i].thread, NULL);
	_exit(gateway_free(gateway) ? 0 : 5);
}

static void
run_race(struct race *race, const struct orders_kit *kit)
{
	pid_t pids[PROCESSES];
	int status;

	for (unsigned i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			run_process(race, kit->config, i * THREADS);
	}
	for (unsigned i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

static uint32_t
count_at_broker(const struct orders_kit *kit)
{
	struct venue_request request = { .verb = VENUE_COUNT };
	struct venue_reply reply;

	assert_int_equal(venue_ask(kit->socket, &request, &reply), 0);
	return reply.count;
}

static void
name_keys(struct race *race, bool all_the_same)
{
	for (unsigned i = 0; i < CALLERS; i++)
		(void)snprintf(race->keys[i], sizeof(race->keys[i]), "key-%u",
		    all_the_same ? 0 : i);
}

/* count 1: all use the same one. */
static void
make_approvals(struct race *race, unsigned count)
{
	char preview[ORDERS_ID];

	for (unsigned i = 0; i < CALLERS; i++) {
		if (i < count)
			orders_approved(
			    ORDERS_PAPER, "1", preview, race->approvals[i]);
		else
			memcpy(
			    race->approvals[i], race->approvals[0], ORDERS_ID);
	}
}

static void
race_end(struct race *race, struct orders_kit *kit)
{
	struct orders_args args;

	orders_args(&args, "audit", "verify", "--state", NULL);
	(void)json_object_put(orders_must(&args));
	(void)munmap(race, sizeof(*race));
	orders_kit_fini(kit);
}

static void
test_inv2_one_key_is_sent_once(void **state)
{
	struct orders_kit kit;
	struct race *race = race_new();

	(void)state;
	orders_kit_init(&kit, 1000);
	name_keys(race, true);
	make_approvals(race, 1);
	run_race(race, &kit);
	assert_int_equal(count_at_broker(&kit), 1);
	assert_int_equal(venue_find(kit.socket, "key-0").submits, 1);
	/* who comes second is told the same, or that it is on its way */
	assert_true(race->outcomes[DONE] >= 1);
	assert_int_equal(race->outcomes[REFUSED], 0);
	assert_int_equal(
	    race->outcomes[UNKNOWN], race->codes[ERR_IDEMPOTENCY_IN_FLIGHT]);
	race_end(race, &kit);
}

static void
test_inv3_one_approval_serves_one_key(void **state)
{
	struct orders_kit kit;
	struct race *race = race_new();

	(void)state;
	orders_kit_init(&kit, 1000);
	name_keys(race, false);
	make_approvals(race, 1);
	run_race(race, &kit);
	assert_int_equal(count_at_broker(&kit), 1);
	assert_int_equal(race->outcomes[DONE], 1);
	assert_int_equal(race->outcomes[REFUSED], CALLERS - 1);
	race_end(race, &kit);
}

static void
test_a_limit_is_not_exceeded_by_one(void **state)
{
	struct orders_kit kit;
	struct race *race = race_new();

	(void)state;
	orders_kit_init(&kit, 5);
	name_keys(race, false);
	make_approvals(race, CALLERS);
	run_race(race, &kit);
	assert_int_equal(count_at_broker(&kit), 5);
	assert_int_equal(race->outcomes[DONE], 5);
	assert_int_equal(race->outcomes[REFUSED], CALLERS - 5);
	race_end(race, &kit);
}

/* While they are at it, the switch is closed: nothing comes afterwards. */
static void
test_inv7_nothing_is_sent_after_a_drained_close(void **state)
{
	struct orders_kit kit;
	struct race *race = race_new();
	struct orders_args args;
	uint32_t at_close;
	pid_t racing;
	int status;

	(void)state;
	orders_kit_init(&kit, 1000);
	name_keys(race, false);
	make_approvals(race, CALLERS);
	racing = fork();
	assert_true(racing >= 0);
	if (racing == 0) {
		run_race(race, &kit);
		_exit(0);
	}
	while (count_at_broker(&kit) == 0)
		continue;
	orders_args(&args, "kill-switch", "close", "--mode", "paper",
	    "--reason", "race", NULL);
	(void)json_object_put(orders_must(&args));
	at_close = count_at_broker(&kit);
	assert_int_equal(waitpid(racing, &status, 0), racing);
	assert_int_equal(status, 0);
	assert_int_equal(count_at_broker(&kit), at_close);
	assert_int_equal(race->outcomes[DONE], at_close);
	assert_int_equal(race->outcomes[REFUSED], CALLERS - at_close);
	race_end(race, &kit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inv2_one_key_is_sent_once),
		cmocka_unit_test(test_inv3_one_approval_serves_one_key),
		cmocka_unit_test(test_a_limit_is_not_exceeded_by_one),
		cmocka_unit_test(
		    test_inv7_nothing_is_sent_after_a_drained_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* Workers: made as needed, reused, never more than WORKERS_MAX. */

#include "gateway/workers.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ibkr-agent/types.h"

/* Jobs that wait at a gate until the test opens it. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool open;
	unsigned inside, most, done;
	pthread_t last;
};

#define GATE_INIT                                                              \
	{                                                                      \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0, \
		    0, 0, 0                                                    \
	}

static void
job_wait(void *arg)
{
	struct gate *gate = arg;
	LOCK_SCOPE(&gate->lock);

	if (++gate->inside > gate->most)
		gate->most = gate->inside;
	pthread_cond_broadcast(&gate->changed);
	while (!gate->open)
		pthread_cond_wait(&gate->changed, &gate->lock);
	gate->inside--;
	gate->done++;
	gate->last = pthread_self();
	pthread_cond_broadcast(&gate->changed);
}

static void
gate_wait_inside(struct gate *gate, unsigned inside)
{
	LOCK_SCOPE(&gate->lock);

	while (gate->inside < inside)
		pthread_cond_wait(&gate->changed, &gate->lock);
}

static void
gate_wait_done(struct gate *gate, unsigned done)
{
	LOCK_SCOPE(&gate->lock);

	while (gate->done < done)
		pthread_cond_wait(&gate->changed, &gate->lock);
}

static void
gate_open(struct gate *gate)
{
	LOCK_SCOPE(&gate->lock);

	gate->open = true;
	pthread_cond_broadcast(&gate->changed);
}

static void
test_as_many_jobs_run_at_once_as_there_are_workers(void **state)
{
	struct workers *workers = workers_new();
	struct gate gate = GATE_INIT;
	unsigned i;

	(void)state;
	assert_non_null(workers);
	for (i = 0; i < WORKERS_MAX + 20; i++)
		assert_int_equal(workers_run(workers, job_wait, &gate), 0);
	gate_wait_inside(&gate, WORKERS_MAX);
	gate_open(&gate);
	workers_free(workers);
	assert_int_equal(gate.most, WORKERS_MAX);
	assert_int_equal(gate.done, WORKERS_MAX + 20);
}

static void
test_jobs_accepted_before_the_stop_still_run(void **state)
{
	struct workers *workers = workers_new();
	struct gate gate = GATE_INIT;
	unsigned i;

	(void)state;
	for (i = 0; i < 2 * WORKERS_MAX; i++)
		assert_int_equal(workers_run(workers, job_wait, &gate), 0);
	workers_stop(workers);
	assert_int_equal(workers_run(workers, job_wait, &gate), IAG_STOPPING);
	gate_open(&gate);
	workers_free(workers);
	assert_int_equal(gate.done, 2 * WORKERS_MAX);
}

static void
test_one_job_after_the_other_needs_few_threads(void **state)
{
	struct workers *workers = workers_new();
	struct gate gate = GATE_INIT;
	pthread_t seen[200];
	unsigned i, k, distinct = 0;

	(void)state;
	gate.open = true;
	for (i = 0; i < ARRAY_COUNT(seen); i++) {
		assert_int_equal(workers_run(workers, job_wait, &gate), 0);
		gate_wait_done(&gate, i + 1);
		seen[i] = gate.last;
	}
	workers_free(workers);
	for (i = 0; i < ARRAY_COUNT(seen); i++) {
		for (k = 0; k < i && seen[k] != seen[i]; k++)
			;
		distinct += k == i;
	}
	/* a worker may not have come back to the idle ones in time */
	assert_in_range(distinct, 1, 20);
}

static void
test_a_pool_without_jobs_ends(void **state)
{
	(void)state;
	workers_free(workers_new());
	workers_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_as_many_jobs_run_at_once_as_there_are_workers),
		cmocka_unit_test(test_jobs_accepted_before_the_stop_still_run),
		cmocka_unit_test(
		    test_one_job_after_the_other_needs_few_threads),
		cmocka_unit_test(test_a_pool_without_jobs_ends),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

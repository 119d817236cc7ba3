/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* UUIDv7: layout, order also when the clock misbehaves, many threads. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/id.h"

static uint64_t now_ns;

static uint64_t
test_now(void *arg)
{
	(void)arg;
	return now_ns;
}

static const struct clock_source source = { test_now, test_now, NULL };

static void
test_an_id_carries_time_version_and_variant(void **state)
{
	char id[ID_TEXT_SIZE];

	(void)state;
	/* the example of RFC 9562 appendix A.6: 2022-02-22T14:22:22-05:00 */
	now_ns = UINT64_C(1645557742000) * NS_PER_MS;
	clock_set_source(&source);
	id_new(id);
	clock_set_source(NULL);
	assert_int_equal(strlen(id), 36);
	assert_memory_equal(id, "017f22e2-79b0-7", 15);
	assert_non_null(strchr("89ab", id[19]));
	assert_true(id_is_uuid(id));
}

static void
test_ids_grow_while_the_clock_stands_still(void **state)
{
	char last[ID_TEXT_SIZE], id[ID_TEXT_SIZE];

	(void)state;
	now_ns = UINT64_C(1785231000000) * NS_PER_MS;
	clock_set_source(&source);
	id_new(last);
	/* more than the counter has room for */
	for (unsigned i = 0; i < 10000; i++) {
		id_new(id);
		assert_true(strcmp(last, id) < 0);
		memcpy(last, id, sizeof last);
	}
	clock_set_source(NULL);
}

static void
test_ids_grow_when_the_clock_steps_back(void **state)
{
	char before[ID_TEXT_SIZE], after[ID_TEXT_SIZE];

	(void)state;
	now_ns = UINT64_C(1885231000000) * NS_PER_MS;
	clock_set_source(&source);
	id_new(before);
	now_ns -= 3600 * NS_PER_S;
	id_new(after);
	clock_set_source(NULL);
	assert_true(strcmp(before, after) < 0);
}

#define THREADS 4
#define EACH 2000

static char made[THREADS * EACH][ID_TEXT_SIZE];

static void *
make_many(void *arg)
{
	char(*to)[ID_TEXT_SIZE] = arg;

	for (unsigned i = 0; i < EACH; i++)
		id_new(to[i]);
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, ID_TEXT_SIZE);
}

static void
test_threads_never_make_the_same_id(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make_many,
				     made[(size_t)i * EACH]),
		    0);
	for (unsigned i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		for (unsigned k = 1; k < EACH; k++)
			assert_true(strcmp(made[i * EACH + k - 1],
					made[i * EACH + k]) < 0);
	}
	qsort(made, THREADS * EACH, ID_TEXT_SIZE, compare);
	for (unsigned i = 1; i < THREADS * EACH; i++)
		assert_true(strcmp(made[i - 1], made[i]) < 0);
}

static void
test_only_the_form_of_a_uuid_is_one(void **state)
{
	(void)state;
	assert_true(id_is_uuid("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"));
	assert_true(id_is_uuid("00000000-0000-0000-0000-000000000000"));
	assert_false(id_is_uuid(""));
	assert_false(id_is_uuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398"));
	assert_false(id_is_uuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398ff"));
	assert_false(id_is_uuid("017f22e279b0-7cc3-98c4-dc0c0c07398f0-"));
	assert_false(id_is_uuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398g"));
	assert_false(id_is_uuid("{17f22e2-79b0-7cc3-98c4-dc0c0c07398f"));
	assert_false(id_is_uuid("017f22e2-79b0-7cc3-98c4"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_id_carries_time_version_and_variant),
		cmocka_unit_test(test_ids_grow_while_the_clock_stands_still),
		cmocka_unit_test(test_ids_grow_when_the_clock_steps_back),
		cmocka_unit_test(test_threads_never_make_the_same_id),
		cmocka_unit_test(test_only_the_form_of_a_uuid_is_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The mapped file: shared by processes, rebuilt when it is not sound, and
 * good again after a process died in the middle of a change.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "link/shared.h"

static const uint8_t identity[HASH_SIZE] = { 1, 2, 3 };
static char path[4096];

static int
set_up(void **state)
{
	const char *dir = getenv("TMPDIR");

	(void)state;
	(void)snprintf(
	    path, sizeof path, "%s/link-%d", dir ? dir : "/tmp", (int)getpid());
	(void)unlink(path);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return 0;
}

static struct shared *
attach(void)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct shared *shared = NULL;

	if (shared_open(path, identity, &shared, &err))
		fail_msg("%s", err_text(&err));
	return shared;
}

static struct shared_state *
lock(struct shared *shared)
{
	struct shared_state *state = shared_lock(shared);

	assert_non_null(state);
	return state;
}

/* The exit status of a child that runs `run`. */
static int
in_child(int (*run)(void))
{
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0)
		_exit(run());
	assert_int_equal(child, waitpid(child, &status, 0));
	return status;
}

static const struct bucket_limit five = { .window_ns = 3600 * NS_PER_S,
	.tokens = 5 };

static int
take_two(void)
{
	struct shared *shared = NULL;
	struct shared_state *state;

	if (shared_open(path, identity, &shared, NULL))
		return 1;
	state = shared_lock(shared);
	if (!state)
		return 2;
	for (int i = 0; i < 2; i++)
		(void)bucket_take(shared_bucket(state, "all", 1), &five, false,
		    clock_boot_ns());
	shared_unlock(shared);
	shared_close(shared);
	return 0;
}

static void
test_two_processes_share_one_bucket(void **state)
{
	struct shared *shared = attach();
	struct shared_state *locked = lock(shared);
	uint64_t now = clock_boot_ns();

	(void)state;
	for (int i = 0; i < 2; i++)
		(void)bucket_take(
		    shared_bucket(locked, "all", now), &five, false, now);
	shared_unlock(shared);
	assert_int_equal(0, in_child(take_two));
	locked = lock(shared);
	assert_int_equal(4, shared_bucket(locked, "all", now)->open.taken);
	shared_unlock(shared);
	/* and again, with nobody attached in between */
	shared_close(shared);
	assert_int_equal(0, in_child(take_two));
	shared = attach();
	locked = lock(shared);
	assert_int_equal(6, shared_bucket(locked, "all", now)->open.taken);
	assert_true(bucket_next_ns(shared_bucket(locked, "all", now), &five,
			false, now) > now + 3000 * NS_PER_S);
	shared_unlock(shared);
	shared_close(shared);
}

static int
die_inside(void)
{
	struct shared *shared = NULL;
	struct shared_state *state;

	if (shared_open(path, identity, &shared, NULL))
		return 1;
	state = shared_lock(shared);
	if (!state)
		return 2;
	memset(state->buckets, 0xa5, sizeof state->buckets);
	(void)kill(getpid(), SIGKILL);
	return 3;
}

static void
test_a_death_inside_a_change_is_repaired(void **state)
{
	struct shared *shared = attach();
	struct shared_state *locked;
	int status = in_child(die_inside);

	(void)state;
	assert_true(WIFSIGNALED(status));
	locked = lock(shared);
	for (size_t i = 0; i < SHARED_BUCKETS; i++)
		assert_true(
		    bucket_is_sound(&locked->buckets[i], clock_boot_ns()));
	shared_unlock(shared);
	locked = lock(shared);
	shared_unlock(shared);
	shared_close(shared);
}

static void
write_file(const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal((ssize_t)len, write(fd, data, len));
	assert_int_equal(0, close(fd));
}

/* Whatever the bytes are: it opens, and every part of it is sound. */
static void
expect_sound(void)
{
	struct shared *shared = attach();
	struct shared_state *locked = lock(shared);
	uint64_t now = clock_boot_ns();

	assert_true(session_is_sound(&locked->session, now));
	assert_true(penalty_is_sound(&locked->all, now));
	for (size_t i = 0; i < SHARED_BUCKETS; i++)
		assert_true(bucket_is_sound(&locked->buckets[i], now));
	for (size_t i = 0; i < SHARED_PENALTIES; i++)
		assert_true(penalty_is_sound(&locked->penalties[i], now));
	(void)shared_bucket(locked, "orders", now);
	(void)shared_penalty(locked, "/orders", now);
	shared_unlock(shared);
	shared_close(shared);
}

static void
test_a_file_of_any_bytes_is_made_sound(void **state)
{
	static unsigned char noise[400000];
	static const size_t sizes[] = { 0, 1, 4096, sizeof noise };
	unsigned seed = 1;
	struct stat st;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
		for (size_t j = 0; j < sizes[i]; j++)
			noise[j] = (unsigned char)rand_r(&seed);
		write_file(noise, sizes[i]);
		expect_sound();
	}
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0600, st.st_mode & 0777);
}

/* The header stays, and everything behind it is flipped here and there. */
static void
test_flipped_bytes_are_made_sound(void **state)
{
	unsigned seed = 2;
	struct stat st;

	(void)state;
	expect_sound();
	assert_int_equal(0, stat(path, &st));
	for (int i = 0; i < 300; i++) {
		int fd = open(path, O_RDWR);

		assert_true(fd >= 0);
		for (int j = 0; j < 40; j++) {
			unsigned char byte = (unsigned char)rand_r(&seed);
			off_t at = 16 + rand_r(&seed) % (st.st_size - 16);

			assert_int_equal(1, pwrite(fd, &byte, 1, at));
		}
		assert_int_equal(0, close(fd));
		expect_sound();
	}
}

static void
test_another_connections_file_is_not_believed(void **state)
{
	static const uint8_t other[HASH_SIZE] = { 9 };
	struct shared *shared = attach();
	struct shared_state *locked = lock(shared);
	struct shared *second = NULL;
	CLEANUP_ERR struct err err = ERR_INIT;

	(void)state;
	(void)bucket_take(
	    shared_bucket(locked, "all", 1), &five, false, clock_boot_ns());
	shared_unlock(shared);
	/* in use by the first one: refused */
	assert_true(shared_open(path, other, &second, &err) < 0);
	assert_int_equal(ERR_JOURNAL_UNAVAILABLE, err.code);
	shared_close(shared);
	/* in nobody's use: made anew */
	assert_int_equal(0, shared_open(path, other, &second, NULL));
	locked = lock(second);
	assert_int_equal(0, shared_bucket(locked, "all", 1)->open.taken);
	shared_unlock(second);
	shared_close(second);
}

static void
test_a_link_in_place_of_the_file_is_not_followed(void **state)
{
	CLEANUP_ERR struct err err = ERR_INIT;
	struct shared *shared = NULL;

	(void)state;
	assert_int_equal(0, symlink("/dev/null", path));
	assert_true(shared_open(path, identity, &shared, &err) < 0);
}

static void
test_full_tables_give_up_what_was_unused_longest(void **state)
{
	struct shared *shared = attach();
	struct shared_state *locked = lock(shared);
	uint64_t now = 10;
	char name[20];

	(void)state;
	for (int i = 0; i < 3 * SHARED_BUCKETS; i++) {
		(void)snprintf(name, sizeof name, "bucket_%d", i);
		shared_bucket(locked, name, now)->used_ns = now;
		now++;
	}
	assert_int_equal(now - 1, shared_bucket(locked, name, 1)->used_ns);
	assert_int_equal(1, shared_bucket(locked, "bucket_0", 1)->used_ns);
	shared_unlock(shared);
	shared_close(shared);
}

static int
ring(void)
{
	struct shared *shared = NULL;

	if (shared_open(path, identity, &shared, NULL))
		return 1;
	shared_ring(shared);
	shared_close(shared);
	return 0;
}

static void
test_the_bell_is_heard_in_other_processes(void **state)
{
	struct shared *shared = attach();
	uint32_t seen = shared_rings(shared);

	(void)state;
	assert_int_equal(0, in_child(ring));
	/* it has rung already: no wait */
	shared_wait(shared, seen, 3600 * NS_PER_S);
	assert_true(shared_rings(shared) != seen);
	shared_close(shared);
}

static void
test_private_memory_needs_no_file(void **state)
{
	struct shared *shared = NULL;

	(void)state;
	assert_int_equal(0, shared_open(NULL, identity, &shared, NULL));
	(void)lock(shared);
	shared_unlock(shared);
	shared_close(shared);
	shared_close(NULL);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_two_processes_share_one_bucket),
		CASE(test_a_death_inside_a_change_is_repaired),
		CASE(test_a_file_of_any_bytes_is_made_sound),
		CASE(test_flipped_bytes_are_made_sound),
		CASE(test_another_connections_file_is_not_believed),
		CASE(test_a_link_in_place_of_the_file_is_not_followed),
		CASE(test_full_tables_give_up_what_was_unused_longest),
		CASE(test_the_bell_is_heard_in_other_processes),
		CASE(test_private_memory_needs_no_file),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

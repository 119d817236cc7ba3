/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * kill -9 at every step of a commit.  This program stands in front of the
 * system calls with which LMDB writes: the child counts them and kills itself
 * at, or half-way through, the n-th.  Afterwards everything that was
 * acknowledged is there, at most the one record in flight besides, and the
 * chain and all state verify.  IAG_TEST_LONG=1 goes through all steps of
 * several commits, else a sample.
 */

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../unit/journal-kit.h"
#include "base/cleanup.h"
#include "journal/core.h"

/* Seen by liblmdb before libc's own; see tests/crash/local.mk. */
#define IN_FRONT __attribute__((visibility("default")))
static unsigned steps;     /* counted since armed */
static unsigned kill_at;   /* 0: not armed */
static bool kill_half_way; /* write half of it first */
static bool kill_after;    /* do it, then die */

static void
die(void)
{
	(void)kill(getpid(), SIGKILL);
	for (;;)
		(void)pause();
}

static bool
is_the_one(void)
{
	return kill_at != 0 &&
	       __atomic_add_fetch(&steps, 1, __ATOMIC_SEQ_CST) == kill_at;
}

IN_FRONT ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	bool now = is_the_one();
	ssize_t n;

	if (now && !kill_half_way && !kill_after)
		die();
	n = syscall(
	    SYS_pwrite64, fd, data, now && kill_half_way ? len / 2 : len, at);
	if (now)
		die();
	return n;
}

IN_FRONT ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	bool now = is_the_one();
	ssize_t n;

	if (now && !kill_half_way && !kill_after)
		die();
	n = syscall(SYS_writev, fd, parts,
	    now && kill_half_way ? (count + 1) / 2 : count);
	if (now)
		die();
	return n;
}

IN_FRONT int
fdatasync(int fd)
{
	bool now = is_the_one();
	int rc;

	if (now && !kill_after)
		die();
	rc = (int)syscall(SYS_fdatasync, fd);
	if (now)
		die();
	return rc;
}

struct ack {
	unsigned tries; /* steps that were begun */
	unsigned count; /* that were acknowledged */
};

static int
put_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct audit_event event = { .event_type = "test_put" };
	char key[16];
	int rc;

	(void)snprintf(key, sizeof(key), "%u", *(unsigned *)arg);
	rc = txn_put(
	    txn, TABLE_INTENTS, bytes_str(key), bytes_str("value"), err);
	return rc < 0 ? rc : txn_audit(txn, &event, err);
}

static void *
write_main(void *arg)
{
	struct kit *kit = arg;

	for (unsigned i = 100; i < 104; i++)
		(void)journal_update(kit->journal, NULL, put_step, &i, NULL);
	return NULL;
}

/* Writes until killed; says on the pipe what it begins and what is done. */
static void
child_main(const struct kit *parent, int out, unsigned at, unsigned mode)
{
	struct kit kit;
	pthread_t other;

	kit_init(&kit);
	(void)rmdir(kit.base);
	memcpy(kit.path, parent->path, sizeof(kit.path));
	kit_open(&kit, JOURNAL_WRITE);
	kill_half_way = mode == 1;
	kill_after = mode == 2;
	kill_at = at;
	if (mode == 3) /* a batch of several steps */
		(void)pthread_create(&other, NULL, write_main, &kit);
	for (unsigned i = 0; i < 4; i++) {
		(void)syscall(SYS_write, out, "b", 1);
		if (journal_update(kit.journal, NULL, put_step, &i, NULL) < 0)
			_exit(1);
		(void)syscall(SYS_write, out, "a", 1);
	}
	if (mode == 3)
		(void)pthread_join(other, NULL);
	kill_at = 0;
	kit_close(&kit);
	_exit(0);
}

/* true: it was killed; false: it came to its end. */
static bool
run_child(const struct kit *kit, unsigned at, unsigned mode, struct ack *ack)
{
	int ends[2], status;
	char c;
	pid_t pid;

	*ack = (struct ack){ 0, 0 };
	assert_int_equal(0, pipe(ends));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(ends[0]);
		child_main(kit, ends[1], at, mode);
	}
	(void)close(ends[1]);
	while (read(ends[0], &c, 1) == 1) {
		ack->tries += c == 'b';
		ack->count += c == 'a';
	}
	(void)close(ends[0]);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	if (WIFSIGNALED(status)) {
		assert_int_equal(SIGKILL, WTERMSIG(status));
		return true;
	}
	assert_int_equal(0, status);
	return false;
}

static int
count_visit(
    struct iag_bytes key, struct iag_bytes value, void *arg, struct err *err)
{
	(void)value;
	(void)err;
	if (key.len == 1)
		(*(unsigned *)arg)++;
	return 0;
}

static int
count_step(struct journal_txn *txn, void *arg, struct err *err)
{
	return txn_walk(
	    txn, TABLE_INTENTS, bytes_of("", 0), false, count_visit, arg, err);
}

static void
check_store(struct kit *kit, const struct ack *ack)
{
	struct audit_verdict verdict;
	unsigned rows = 0;

	kit_open(kit, JOURNAL_WRITE);
	verdict = kit_verify(kit, AUDIT_VERIFY_STATE);
	if (!verdict.valid)
		fail_msg("%s", verdict.reason);
	assert_int_equal(
	    0, journal_view(kit->journal, count_step, &rows, &kit->err));
	assert_true(rows >= ack->count);
	assert_true(rows <= ack->tries);
	kit_records(kit, 1); /* and it goes on */
	kit_close(kit);
}

static void
kill_through(unsigned mode)
{
	unsigned stride = getenv("IAG_TEST_LONG") ? 1 : 3;
	struct kit kit;
	unsigned at;
	bool killed = true;

	for (at = 1; killed; at += stride) {
		struct ack ack;

		kit_init(&kit);
		killed = run_child(&kit, at, mode, &ack);
		check_store(&kit, &ack);
		kit_fini(&kit);
		assert_true(at < 1000);
	}
	/* the steps are seen at all: four commits have two flushes each */
	assert_true(at > 8);
}

static void
test_inv5_killed_before_each_step_of_a_commit(void **state)
{
	(void)state;
	kill_through(0);
}

static void
test_inv5_killed_in_the_middle_of_each_write(void **state)
{
	(void)state;
	kill_through(1);
}

static void
test_inv5_killed_after_each_step_of_a_commit(void **state)
{
	(void)state;
	kill_through(2);
}

static void
test_inv5_killed_while_two_threads_share_commits(void **state)
{
	(void)state;
	kill_through(3);
}

/* The same store again and again, as a service that is restarted. */
static void
test_inv5_killed_over_and_over(void **state)
{
	unsigned rounds = getenv("IAG_TEST_LONG") ? 300 : 20;
	struct audit_verdict verdict;
	struct kit kit;
	unsigned least = 1;

	(void)state;
	kit_init(&kit);
	for (unsigned i = 0; i < rounds; i++) {
		struct ack ack;

		(void)run_child(&kit, 1 + i * 7 % 23, i % 4, &ack);
		least += ack.count;
	}
	kit_open(&kit, JOURNAL_WRITE);
	verdict = kit_verify(&kit, AUDIT_VERIFY_STATE);
	assert_true(verdict.valid);
	assert_true(verdict.scanned >= least);
	kit_fini(&kit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inv5_killed_before_each_step_of_a_commit),
		cmocka_unit_test(test_inv5_killed_in_the_middle_of_each_write),
		cmocka_unit_test(test_inv5_killed_after_each_step_of_a_commit),
		cmocka_unit_test(
		    test_inv5_killed_while_two_threads_share_commits),
		cmocka_unit_test(test_inv5_killed_over_and_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

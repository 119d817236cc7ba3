/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Ruling 30: after a flipped byte either every live record reads as before
 * or the fault is reported.  The bytes of a small store are changed one at a
 * time and read in a child, since LMDB may run into a bad pointer; a child
 * that dies is a fault that is reported.  IAG_TEST_LONG=1 takes every byte
 * with two changes each, else a sample.
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
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../unit/journal-kit.h"
#include "base/cleanup.h"
#include "journal/core.h"

/* Between the child that reads and the parent that counts. */
struct shared {
	size_t next; /* the flip that comes now */
	size_t same;
	size_t reported;
	size_t wrong;
	size_t wrong_at[16];
};

struct flips {
	struct kit kit; /* path: the copy that is damaged */
	char data[600]; /* its data file */
	size_t size;
	size_t count; /* of flips */
	size_t stride;
	bool bits; /* each bit of the first bytes of the meta pages */
	unsigned seed;
	struct shared *shared;
	struct buf expected;
};

static int
row_step(struct journal_txn *txn, void *arg, struct err *err)
{
	struct buf *out = arg;
	struct iag_bytes value;
	int rc = txn_get(txn, TABLE_ORDERS, bytes_str("order"), &value, err);

	if (rc == 0)
		buf_add(out, value.data, value.len);
	return rc;
}

/* All that is live, as text; false: a fault was reported. */
static bool
read_all(struct kit *kit, struct buf *out)
{
	const struct audit_range range = { .last = UINT64_MAX, .limit = 500 };
	struct audit_verdict verdict = { .valid = false };
	CLEANUP_ERR struct err err = ERR_INIT;
	bool fine =
	    kit_try(kit, JOURNAL_READ_ONLY) == 0 &&
	    audit_verify(kit->journal, 0, UINT64_MAX, AUDIT_VERIFY_STATE, NULL,
		NULL, NULL, &verdict, &err) == 0 &&
	    verdict.valid && audit_tail(kit->journal, &range, out, &err) == 0 &&
	    journal_view(kit->journal, row_step, out, &err) == 0;

	kit_close(kit);
	return fine;
}

static int
put_step(struct journal_txn *txn, void *arg, struct err *err)
{
	const struct audit_event event = { .event_type = "test_put" };
	int rc = txn_put(txn, TABLE_ORDERS, bytes_str("order"),
	    bytes_str((const char *)arg), err);

	return rc < 0 ? rc : txn_audit(txn, &event, err);
}

static void
make_store(struct flips *flips)
{
	static char one[] = "one", two[] = "two";
	struct kit *kit = &flips->kit;
	char copy[sizeof(kit->path)];
	struct stat st;

	kit_open(kit, JOURNAL_WRITE);
	kit_records(kit, 2);
	assert_int_equal(
	    0, journal_update(kit->journal, NULL, put_step, one, &kit->err));
	kit_records(kit, 2);
	assert_int_equal(
	    0, journal_update(kit->journal, NULL, put_step, two, &kit->err));
	kit_close(kit);
	/* at home, so that the commit counter is looked at: in place */
	(void)snprintf(copy, sizeof(copy), "%.500s/kept", kit->base);
	kit_copy(kit->path, copy);
	(void)snprintf(
	    flips->data, sizeof(flips->data), "%s/data.mdb", kit->path);
	assert_int_equal(0, stat(flips->data, &st));
	flips->size = (size_t)st.st_size;
	assert_true(read_all(kit, &flips->expected));
}

#define META_BYTES 160u
#define PAGE_BYTES 4096u

static size_t
place(const struct flips *flips, size_t number)
{
	if (flips->bits)
		return number / 8 % META_BYTES +
		       number / 8 / META_BYTES * PAGE_BYTES;
	return number * flips->stride % flips->size;
}

static void
flip(const struct flips *flips, size_t number, int fd)
{
	size_t at = place(flips, number);
	unsigned char byte;

	assert_int_equal(1, pread(fd, &byte, 1, (off_t)at));
	if (flips->bits)
		byte ^= 1u << number % 8;
	else
		byte ^=
		    (number + flips->seed) % 2 ? 0xff : 1u << number / 2 % 8;
	assert_int_equal(1, pwrite(fd, &byte, 1, (off_t)at));
}

static void
judge(struct flips *flips, size_t number)
{
	struct shared *shared = flips->shared;
	struct buf out CLEANUP_BUF = BUF_INIT;

	if (!read_all(&flips->kit, &out)) {
		shared->reported++;
	} else if (out.len == flips->expected.len &&
		   memcmp(out.data, flips->expected.data, out.len) == 0) {
		shared->same++;
	} else if (shared->wrong++ < ARRAY_COUNT(shared->wrong_at)) {
		shared->wrong_at[shared->wrong - 1] = place(flips, number);
	}
}

static void
child_main(struct flips *flips, int fd)
{
	while (flips->shared->next < flips->count) {
		size_t number = flips->shared->next;

		(void)alarm(10); /* a page that points to itself */
		flip(flips, number, fd);
		judge(flips, number);
		flip(flips, number, fd);
		flips->shared->next++;
	}
	_exit(0);
}

static void
run(struct flips *flips)
{
	CLEANUP_CLOSE int fd = open(flips->data, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	flips->shared->next = 0;
	while (flips->shared->next < flips->count) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0) {
			int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

			(void)dup2(null, STDERR_FILENO);
			(void)signal(SIGSEGV, SIG_DFL); /* cmocka's */
			(void)signal(SIGBUS, SIG_DFL);
			(void)signal(SIGFPE, SIG_DFL);
			(void)signal(SIGABRT, SIG_DFL);
			child_main(flips, fd);
		}
		assert_int_equal(pid, waitpid(pid, &status, 0));
		if (status == 0)
			break;
		/* died while reading this flip */
		flip(flips, flips->shared->next, fd);
		flips->shared->reported++;
		flips->shared->next++;
	}
}

static void
test_inv6_no_flipped_byte_changes_what_is_read(void **state)
{
	const char *all = getenv("IAG_TEST_LONG");
	const char *slow = getenv("IAG_TEST_WRAPPER"); /* valgrind */
	struct flips flips = { .stride = all ? 1 : slow ? 997 : 11 };
	struct shared *shared = mmap(NULL, sizeof(*shared),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(shared != MAP_FAILED);
	kit_init(&flips.kit);
	make_store(&flips);
	flips.shared = shared;
	flips.count = flips.size / flips.stride;
	run(&flips);
	flips.seed = 1;
	if (all)
		run(&flips);
	flips.bits = true;
	flips.count = slow ? 64 : (size_t)2 * 8 * META_BYTES;
	run(&flips);
	print_message("# %zu bytes: %zu same, %zu reported\n", flips.size,
	    shared->same, shared->reported);
	if (shared->wrong)
		fail_msg("%zu changes went unnoticed, the first at byte %zu, "
			 "%zu, %zu",
		    shared->wrong, shared->wrong_at[0], shared->wrong_at[1],
		    shared->wrong_at[2]);
	assert_true(slow || shared->reported > 0);
	assert_true(shared->same > 0);
	buf_fini(&flips.expected);
	kit_fini(&flips.kit);
	(void)munmap(shared, sizeof(*shared));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_inv6_no_flipped_byte_changes_what_is_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

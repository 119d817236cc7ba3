/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The birth of a store: what has been reported as durable is still there
 * after a loss of power, which takes the directories above the file as well.
 * The calls that flush are caught here: the dynamic linker finds those of the
 * program before those of libc.
 */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include <cmocka.h>

#include "base/clock.h"
#include "journal-kit.h"

#define FLUSHES 64

#define SEEN_BY_PLUGINS __attribute__((visibility("default")))

static struct stat flushed[FLUSHES];
static unsigned flush_count;
static unsigned syncfs_count;
static int fsync_errno;

/* The data file, and what has been written to it. */
static ino_t watched; /* 0: none */
static bool loose;    /* something is not on the disk yet */
static unsigned flushes;
static unsigned sealed; /* writes that are on the disk when they return */

static bool
is_watched(int fd)
{
	struct stat st;

	return watched && fstat(fd, &st) == 0 && st.st_ino == watched;
}

static void
note_write(int fd)
{
	if (!is_watched(fd))
		return;
	if (fcntl(fd, F_GETFL) & O_DSYNC)
		sealed++;
	else
		loose = true;
}

static void
note_flush(int fd)
{
	if (!is_watched(fd))
		return;
	loose = false;
	flushes++;
}

SEEN_BY_PLUGINS ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	note_write(fd);
	return syscall(SYS_pwrite64, fd, data, len, at);
}

SEEN_BY_PLUGINS ssize_t
writev(int fd, const struct iovec *pieces, int count)
{
	note_write(fd);
	return syscall(SYS_writev, fd, pieces, count);
}

SEEN_BY_PLUGINS int
fdatasync(int fd)
{
	note_flush(fd);
	return (int)syscall(SYS_fdatasync, fd);
}

SEEN_BY_PLUGINS int
fsync(int fd)
{
	note_flush(fd);
	if (flush_count < FLUSHES && fstat(fd, &flushed[flush_count]) == 0)
		flush_count++;
	if (fsync_errno) {
		errno = fsync_errno;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

SEEN_BY_PLUGINS int
syncfs(int fd)
{
	(void)fd;
	syncfs_count++;
	return 0;
}

static void
forget_flushes(void)
{
	flush_count = 0;
	syncfs_count = 0;
	fsync_errno = 0;
	watched = 0;
	loose = false;
	flushes = 0;
	sealed = 0;
}

static bool
was_flushed(const char *path)
{
	struct stat st;

	assert_int_equal(0, stat(path, &st));
	for (unsigned i = 0; i < flush_count; i++)
		if (flushed[i].st_dev == st.st_dev &&
		    flushed[i].st_ino == st.st_ino)
			return true;
	return false;
}

static int
setup(void **state)
{
	struct kit *kit = malloc(sizeof(*kit));

	assert_non_null(kit);
	kit_init(kit);
	forget_flushes();
	*state = kit;
	return 0;
}

static int
teardown(void **state)
{
	struct kit *kit = *state;

	forget_flushes();
	kit_fini(kit);
	free(kit);
	return 0;
}

static void
open_store(struct kit *kit)
{
	if (kit_store(kit, false) < 0)
		fail_msg("%s", err_text(&kit->err));
}

static void
test_a_new_store_flushes_the_directories_that_lead_to_it(void **state)
{
	struct kit *kit = *state;
	char between[600];

	(void)snprintf(between, sizeof(between), "%s/a", kit->base);
	(void)snprintf(kit->path, sizeof(kit->path), "%.400s/a/b", kit->base);
	open_store(kit);
	assert_true(was_flushed(kit->path));
	assert_true(was_flushed(between));
	assert_true(was_flushed(kit->base));
	assert_int_equal(0, syncfs_count);
}

static void
test_an_old_store_has_nothing_to_flush(void **state)
{
	struct kit *kit = *state;

	open_store(kit);
	kit_close(kit);
	forget_flushes();
	open_store(kit);
	assert_false(was_flushed(kit->path));
	assert_false(was_flushed(kit->base));
}

static void
test_a_birth_that_is_not_durable_is_none(void **state)
{
	struct kit *kit = *state;

	fsync_errno = EIO;
	assert_true(kit_store(kit, false) < 0);
	assert_int_equal(ERR_JOURNAL_UNAVAILABLE, kit->err.code);
	forget_flushes();
	open_store(kit);
	assert_true(was_flushed(kit->base));
}

static void
test_a_file_system_that_flushes_no_directories_holds_a_store(void **state)
{
	struct kit *kit = *state;

	fsync_errno = EINVAL;
	open_store(kit);
}

/* Root may read every directory; without these it is as any other user. */
static void
drop_privileges(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

	memset(none, 0, sizeof(none));
	if (syscall(SYS_capset, &header, none) != 0)
		_exit(3);
}

static void
test_a_parent_that_cannot_be_read_does_not_hinder(void **state)
{
	struct kit *kit = *state;
	int status;
	pid_t pid;

	/* the owner may enter and write, but not read: as 0711 to others */
	assert_int_equal(0, chmod(kit->base, 0311));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		drop_privileges();
		if (open(kit->base, O_RDONLY | O_CLOEXEC) >= 0)
			_exit(4);
		if (kit_store(kit, false) < 0) {
			(void)fprintf(stderr, "# %s\n", err_text(&kit->err));
			_exit(5);
		}
		_exit(was_flushed(kit->path) && syncfs_count == 1 ? 0 : 6);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, chmod(kit->base, 0700));
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
}

/* Keys of orders were in it: without them an order could be sent again. */
static void
test_what_was_a_store_is_no_new_one(void **state)
{
	struct kit *kit = *state;
	char path[600];

	kit_open(kit, JOURNAL_WRITE);
	kit_close(kit);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", kit->path);
	assert_int_equal(0, truncate(path, 0));
	assert_int_equal(IAG_CORRUPT, kit_store(kit, false));
	assert_int_equal(ERR_JOURNAL_CORRUPT, kit->err.code);
	assert_non_null(strstr(err_text(&kit->err), "is empty"));
	assert_int_equal(IAG_CORRUPT, kit_store(kit, true));
	assert_int_equal(0, unlink(path));
	assert_int_equal(IAG_CORRUPT, kit_store(kit, false));
	assert_non_null(strstr(err_text(&kit->err), "is gone"));
	assert_int_equal(-1, access(path, F_OK));
}

static void
test_inv5_a_record_is_on_the_disk_when_it_is_reported(void **state)
{
	struct kit *kit = *state;
	char path[600];
	struct stat st;

	kit_open(kit, JOURNAL_WRITE);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", kit->path);
	assert_int_equal(0, stat(path, &st));
	watched = st.st_ino;
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(0, kit_record(kit, "ibkr_health"));
		assert_false(loose);
		assert_int_equal(i, flushes);
		assert_int_equal(i, sealed);
	}
}

/* A clock on which each look takes a second. */
static uint64_t looks;

static uint64_t
hasty_ns(void *arg)
{
	(void)arg;
	return __atomic_add_fetch(&looks, 1, __ATOMIC_RELAXED) * NS_PER_S;
}

static void
test_a_birth_that_gets_no_turn_to_write_ends(void **state)
{
	static const struct clock_source hasty = { hasty_ns, hasty_ns, NULL };
	struct kit *kit = *state;
	struct instance *other;
	struct store_txn *txn = NULL;
	int rc;

	open_store(kit);
	other = kit->store;
	kit->store = NULL;
	assert_int_equal(
	    0, store_begin(other, NULL, IAG_STORE_WRITE, &txn, &kit->err));
	clock_set_source(&hasty);
	rc = kit_try(kit, JOURNAL_WRITE);
	clock_set_source(NULL);
	assert_int_equal(IAG_AGAIN, rc);
	assert_int_equal(ERR_JOURNAL_UNAVAILABLE, kit->err.code);
	store_abort(txn);
	kit_open(kit, JOURNAL_WRITE);
	kit_close(kit);
	instance_close(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_a_new_store_flushes_the_directories_that_lead_to_it),
		TEST(test_an_old_store_has_nothing_to_flush),
		TEST(test_a_birth_that_is_not_durable_is_none),
		TEST(
		    test_a_file_system_that_flushes_no_directories_holds_a_store),
		TEST(test_a_parent_that_cannot_be_read_does_not_hinder),
		TEST(test_a_birth_that_gets_no_turn_to_write_ends),
		TEST(test_what_was_a_store_is_no_new_one),
		TEST(test_inv5_a_record_is_on_the_disk_when_it_is_reported),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The LMDB store plugin: what the store's contract says, and the traps of
 * LMDB that it has to keep away from everybody.
 */

#include <dirent.h>
#include <errno.h>
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
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "journal-kit.h"
#include "journal/bytes.h"

#define TABLE 7u

static int
setup(void **state)
{
	struct kit *kit = malloc(sizeof(*kit));

	assert_non_null(kit);
	kit_init(kit);
	*state = kit;
	return 0;
}

static int
teardown(void **state)
{
	struct kit *kit = *state;

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

/* A second instance on the same path beside kit->store. */
static struct instance *
open_second(struct kit *kit)
{
	struct instance *first = kit->store;
	struct instance *second;

	open_store(kit);
	second = kit->store;
	kit->store = first;
	return second;
}

static struct store_txn *
begin(struct instance *store, uint32_t mode)
{
	struct store_txn *txn = NULL;
	CLEANUP_ERR struct err err = ERR_INIT;

	if (store_begin(store, NULL, mode, &txn, &err) < 0)
		fail_msg("%s", err_text(&err));
	return txn;
}

static int
begin_within(struct instance *store, uint64_t ns, struct store_txn **ret_txn)
{
	struct call *call = call_new(clock_boot_ns() + ns);
	int rc = store_begin(store, call, IAG_STORE_WRITE, ret_txn, NULL);

	call_unref(call);
	return rc;
}

static void
put(struct instance *store, const char *key, const char *value)
{
	struct store_txn *txn = begin(store, IAG_STORE_WRITE);

	assert_int_equal(0,
	    store_put(txn, TABLE, bytes_str(key), bytes_str(value), 0, NULL));
	assert_int_equal(0, store_commit(txn, NULL));
}

static bool
has(struct instance *store, const char *key, const char *value)
{
	struct store_txn *txn = begin(store, IAG_STORE_READ);
	struct iag_bytes got;
	int rc = store_get(txn, TABLE, bytes_str(key), &got, NULL);
	bool same = rc == 0 && got.len == strlen(value) &&
		    memcmp(got.data, value, got.len) == 0;

	store_abort(txn);
	return same;
}

/* Run work in a forked process that has opened nothing of its parent's. */
static int
in_child(void (*work)(struct kit *kit, int out), const struct kit *parent,
    pid_t *ret_pid)
{
	int ends[2];
	char c = 0;
	pid_t pid;

	assert_int_equal(0, pipe(ends));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct kit kit;

		(void)close(ends[0]);
		/* a test that fails leaves it: it would hold stdout open */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		kit_init(&kit);
		(void)rmdir(kit.base);
		memcpy(kit.path, parent->path, sizeof(kit.path));
		work(&kit, ends[1]);
		_exit(0);
	}
	(void)close(ends[1]);
	*ret_pid = pid;
	/* until the child says that it is ready, or has ended */
	if (read(ends[0], &c, 1) != 1)
		c = 0;
	(void)close(ends[0]);
	return c;
}

static void
end_child(pid_t pid)
{
	int status;

	(void)kill(pid, SIGKILL);
	assert_int_equal(pid, waitpid(pid, &status, 0));
}

static void
tell(int out, char c)
{
	assert_int_equal(1, write(out, &c, 1));
}

static void
hold_write(struct kit *kit, int out)
{
	open_store(kit);
	(void)begin(kit->store, IAG_STORE_WRITE);
	tell(out, 'x');
	for (;;)
		(void)pause();
}

static void
try_write(struct kit *kit, int out)
{
	struct store_txn *txn = NULL;
	int rc;

	open_store(kit);
	rc = begin_within(kit->store, 100 * NS_PER_MS, &txn);
	tell(out, rc == 0 ? 'y' : rc == IAG_AGAIN ? 'n' : '?');
}

/* A write transaction in a thread of its own, until told to end it. */
struct holder {
	struct instance *store;
	pthread_t thread;
	int begun[2];
	int end[2];
};

static void *
hold_main(void *arg)
{
	struct holder *holder = arg;
	struct store_txn *txn = begin(holder->store, IAG_STORE_WRITE);
	char c;

	tell(holder->begun[1], 'x');
	assert_int_equal(1, read(holder->end[0], &c, 1));
	store_abort(txn);
	return NULL;
}

static void
hold(struct holder *holder, struct instance *store)
{
	char c;

	holder->store = store;
	assert_int_equal(0, pipe(holder->begun));
	assert_int_equal(0, pipe(holder->end));
	assert_int_equal(
	    0, pthread_create(&holder->thread, NULL, hold_main, holder));
	assert_int_equal(1, read(holder->begun[0], &c, 1));
}

static void
let_go(struct holder *holder)
{
	tell(holder->end[1], 'x');
	(void)pthread_join(holder->thread, NULL);
	for (unsigned i = 0; i < 2; i++) {
		(void)close(holder->begun[i]);
		(void)close(holder->end[i]);
	}
}

/* In LMDB itself, opening twice and closing one drops the lock. */
static void
test_closing_one_of_two_instances_keeps_the_lock(void **state)
{
	struct kit *kit = *state;
	struct instance *second;
	struct holder holder;
	pid_t pid;

	open_store(kit);
	second = open_second(kit);
	hold(&holder, kit->store);
	instance_close(second);
	assert_int_equal('n', in_child(try_write, kit, &pid));
	end_child(pid);
	let_go(&holder);
	assert_int_equal('y', in_child(try_write, kit, &pid));
	end_child(pid);
}

static void
test_a_second_write_in_one_thread_does_not_wait_for_itself(void **state)
{
	struct kit *kit = *state;
	struct store_txn *txn, *other = NULL;

	open_store(kit);
	txn = begin(kit->store, IAG_STORE_WRITE);
	assert_int_equal(
	    IAG_AGAIN, begin_within(kit->store, 20 * NS_PER_MS, &other));
	store_abort(txn);
	assert_int_equal(0, begin_within(kit->store, 20 * NS_PER_MS, &other));
	store_abort(other);
}

static void
test_a_killed_writer_frees_the_lock_and_leaves_nothing(void **state)
{
	struct kit *kit = *state;
	struct store_txn *txn = NULL;
	pid_t pid;

	open_store(kit);
	put(kit->store, "before", "1");
	assert_int_equal('x', in_child(hold_write, kit, &pid));
	assert_int_equal(
	    IAG_AGAIN, begin_within(kit->store, 20 * NS_PER_MS, &txn));
	end_child(pid);
	assert_int_equal(0, begin_within(kit->store, NS_PER_S, &txn));
	store_abort(txn);
	assert_true(has(kit->store, "before", "1"));
}

static void
hold_read(struct kit *kit, int out)
{
	open_store(kit);
	(void)begin(kit->store, IAG_STORE_READ);
	tell(out, 'x');
	for (;;)
		(void)pause();
}

static off_t
data_size(const struct kit *kit)
{
	char path[600];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/data.mdb", kit->path);
	assert_int_equal(0, stat(path, &st));
	return st.st_size;
}

/* A reader that was killed pins pages until somebody looks. */
static void
test_a_killed_reader_does_not_make_the_file_grow(void **state)
{
	struct kit *kit = *state;
	char value[3000];
	pid_t pid;

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	open_store(kit);
	put(kit->store, "key", value);
	assert_int_equal('x', in_child(hold_read, kit, &pid));
	end_child(pid);
	kit_close(kit);
	open_store(kit);
	for (unsigned i = 0; i < 200; i++)
		put(kit->store, "key", value);
	assert_true(data_size(kit) < 400000);
}

static void
test_no_descriptor_of_the_store_survives_exec(void **state)
{
	struct kit *kit = *state;
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	unsigned found = 0;

	open_store(kit);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char path[64], target[1024];
		ssize_t len;
		int fd = (int)strtol(entry->d_name, NULL, 10);

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		len = readlink(path, target, sizeof(target) - 1);
		if (len < 0 ||
		    strncmp(target, kit->path, strlen(kit->path)) != 0)
			continue;
		found++;
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	(void)closedir(dir);
	assert_true(found >= 3);
}

static void
test_a_forked_child_is_refused(void **state)
{
	struct kit *kit = *state;
	int status;
	pid_t pid;

	open_store(kit);
	pid = fork();
	if (pid == 0) {
		struct store_txn *txn = NULL;

		_exit(store_begin(kit->store, NULL, IAG_STORE_READ, &txn,
			  NULL) == IAG_INTERNAL
			  ? 0
			  : 1);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
	put(kit->store, "key", "1");
}

static void
copy_plugin(const char *to)
{
	const char *dir = getenv("IAG_TEST_PLUGINDIR");
	char from[4096], chunk[65536];
	ssize_t n;

	(void)snprintf(from, sizeof(from), "%s/store-lmdb.so",
	    dir ? dir : "stage/plugins-1");
	CLEANUP_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC);
	CLEANUP_CLOSE int out =
	    open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, chunk, sizeof(chunk))) > 0)
		assert_int_equal(n, write(out, chunk, (size_t)n));
}

static void
test_a_second_copy_of_the_plugin_is_refused(void **state)
{
	struct kit *kit = *state;
	const struct instance_option options[] = { { "path", kit->path } };
	char dir[600], file[640];
	char *items[] = { dir, NULL };
	struct config_list dirs = { items, 1 };
	struct plugin *plugin = NULL;
	struct instance *other = NULL;
	struct host *host;

	(void)snprintf(dir, sizeof(dir), "%s/plugins", kit->base);
	(void)snprintf(file, sizeof(file), "%s/store-lmdb.so", dir);
	assert_int_equal(0, mkdir(dir, 0755));
	copy_plugin(file);
	host = host_new(&dirs, kit->config);
	if (host_load(host, IAG_KIND_STORE, "lmdb", &plugin, &kit->err) < 0)
		fail_msg("%s", err_text(&kit->err));
	open_store(kit);
	assert_int_equal(IAG_AGAIN, instance_open(host, plugin, "store",
					options, 1, &other, &kit->err));
	assert_non_null(strstr(err_text(&kit->err), "another copy"));
	put(kit->store, "key", "1");
	assert_true(host_free(host));
}

static void
test_a_replaced_data_file_is_refused(void **state)
{
	struct kit *kit = *state;
	struct instance *first;
	char copy[sizeof(kit->path)], from[640], to[640];

	open_store(kit);
	put(kit->store, "key", "1");
	(void)snprintf(copy, sizeof(copy), "%.500s/copy", kit->base);
	kit_copy(kit->path, copy);
	(void)snprintf(from, sizeof(from), "%s/data.mdb", copy);
	(void)snprintf(to, sizeof(to), "%s/data.mdb", kit->path);
	assert_int_equal(0, rename(from, to));
	first = STEAL(kit->store);
	assert_int_equal(IAG_AGAIN, kit_store(kit, false));
	assert_non_null(strstr(err_text(&kit->err), "was replaced"));
	kit->store = first;
}

static void
test_a_cut_file_is_refused(void **state)
{
	struct kit *kit = *state;
	char path[600];

	open_store(kit);
	put(kit->store, "key", "1");
	kit_close(kit);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", kit->path);
	assert_int_equal(0, truncate(path, data_size(kit) - 4096));
	assert_int_equal(IAG_CORRUPT, kit_store(kit, false));
	assert_int_equal(ERR_JOURNAL_CORRUPT, kit->err.code);
	assert_int_equal(IAG_CORRUPT, kit_store(kit, true));
}

static void
test_the_directory_is_private(void **state)
{
	struct kit *kit = *state;
	struct stat st;
	char path[600];

	open_store(kit);
	assert_int_equal(0, stat(kit->path, &st));
	assert_int_equal(0700, st.st_mode & 07777);
	(void)snprintf(path, sizeof(path), "%s/data.mdb", kit->path);
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0600, st.st_mode & 07777);
	kit_close(kit);
	assert_int_equal(0, chmod(kit->path, 0770));
	assert_int_equal(IAG_AGAIN, kit_store(kit, false));
	assert_non_null(strstr(err_text(&kit->err), "chmod 700"));
}

static void
test_a_full_map_refuses_and_keeps_what_is_there(void **state)
{
	struct kit *kit = *state;
	char *value = malloc(200000);
	struct store_txn *txn;
	unsigned char number = 0;
	int rc;

	assert_non_null(value);
	memset(value, 'v', 200000);
	kit->map_mib = "1";
	open_store(kit);
	put(kit->store, "key", "1");
	txn = begin(kit->store, IAG_STORE_WRITE);
	do
		rc = store_put(txn, TABLE, bytes_of(&number, 1),
		    bytes_of(value, 200000), 0, NULL);
	while (rc == 0 && ++number < 100);
	assert_int_equal(IAG_LIMIT, rc);
	store_abort(txn);
	assert_true(has(kit->store, "key", "1"));
	put(kit->store, "key", "2");
	free(value);
}

/* RLIMIT_FSIZE stands in for a full disk. */
static void
fill_disk(struct kit *kit, int out)
{
	struct rlimit limit;
	struct store_txn *txn;
	char *value = calloc(1, 500000);
	int rc;

	(void)signal(SIGXFSZ, SIG_IGN);
	open_store(kit);
	put(kit->store, "key", "1");
	limit =
	    (struct rlimit){ (rlim_t)data_size(kit) + 100000, RLIM_INFINITY };
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
	txn = begin(kit->store, IAG_STORE_WRITE);
	rc = store_put(
	    txn, TABLE, bytes_str("big"), bytes_of(value, 500000), 0, NULL);
	if (rc == 0)
		rc = store_commit(txn, NULL);
	else
		store_abort(txn);
	if (rc != IAG_LIMIT)
		_exit(1);
	limit.rlim_cur = RLIM_INFINITY;
	assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
	if (!has(kit->store, "key", "1") || has(kit->store, "big", ""))
		_exit(1);
	put(kit->store, "key", "2");
	free(value);
	kit_close(kit);
	tell(out, 'x');
}

static void
test_a_full_disk_applies_nothing_and_can_be_repeated(void **state)
{
	struct kit *kit = *state;
	pid_t pid;
	int status;

	assert_int_equal('x', in_child(fill_disk, kit, &pid));
	assert_int_equal(pid, waitpid(pid, &status, 0));
	assert_int_equal(0, status);
	open_store(kit);
	assert_true(has(kit->store, "key", "2"));
}

/* Names, sizes, times and bytes of all files under the store. */
static void
describe(const char *path, struct buf *out)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	uint64_t sum = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char file[1024];
		struct stat st;

		if (entry->d_name[0] == '.' && strlen(entry->d_name) < 3)
			continue;
		(void)snprintf(
		    file, sizeof(file), "%s/%s", path, entry->d_name);
		assert_int_equal(0, lstat(file, &st));
		/* order of a directory is not defined: add up */
		for (const char *c = entry->d_name; *c; c++)
			sum = sum * 31 + (unsigned char)*c;
		sum += (uint64_t)st.st_size + (uint64_t)st.st_mtim.tv_nsec +
		       (uint64_t)st.st_mtim.tv_sec + (uint64_t)st.st_ino;
		if (S_ISDIR(st.st_mode))
			describe(file, out);
	}
	(void)closedir(dir);
	buf_printf(out, "%s %llu\n", path, (unsigned long long)sum);
}

static void
test_reading_changes_no_byte_and_no_time(void **state)
{
	struct kit *kit = *state;
	struct buf before CLEANUP_BUF = BUF_INIT;
	struct buf after CLEANUP_BUF = BUF_INIT;
	struct store_txn *txn = NULL;

	open_store(kit);
	put(kit->store, "key", "1");
	kit_close(kit);
	describe(kit->path, &before);
	assert_int_equal(0, kit_store(kit, true));
	assert_true(has(kit->store, "key", "1"));
	assert_int_equal(IAG_NOTSUP,
	    store_begin(kit->store, NULL, IAG_STORE_WRITE, &txn, NULL));
	kit_close(kit);
	describe(kit->path, &after);
	assert_string_equal(buf_text(&before), buf_text(&after));
}

static void
test_reading_a_copy_without_lock_file_makes_none(void **state)
{
	struct kit *kit = *state;
	char copy[sizeof(kit->path)], lock[640];

	open_store(kit);
	put(kit->store, "key", "1");
	kit_close(kit);
	(void)snprintf(copy, sizeof(copy), "%.500s/copy", kit->base);
	kit_copy(kit->path, copy);
	memcpy(kit->path, copy, sizeof(copy));
	assert_int_equal(0, kit_store(kit, true));
	assert_true(has(kit->store, "key", "1"));
	(void)snprintf(lock, sizeof(lock), "%s/lock.mdb", copy);
	assert_int_equal(-1, access(lock, F_OK));
}

static void
write_on(struct kit *kit, int out)
{
	char value[16];

	open_store(kit);
	put(kit->store, "a", "0");
	put(kit->store, "b", "0");
	tell(out, 'x');
	for (unsigned i = 0;; i++) {
		struct store_txn *txn = begin(kit->store, IAG_STORE_WRITE);

		(void)snprintf(value, sizeof(value), "%u", i);
		(void)store_put(
		    txn, TABLE, bytes_str("a"), bytes_str(value), 0, NULL);
		(void)store_put(
		    txn, TABLE, bytes_str("b"), bytes_str(value), 0, NULL);
		assert_int_equal(0, store_commit(txn, NULL));
	}
}

/* A snapshot is whole, or the reader is told that it was overtaken. */
static void
test_reading_beside_a_live_writer_is_consistent(void **state)
{
	struct kit *kit = *state;
	unsigned whole = 0;
	pid_t pid;

	assert_int_equal('x', in_child(write_on, kit, &pid));
	assert_int_equal(0, kit_store(kit, true));
	for (unsigned i = 0; i < 2000; i++) {
		struct store_txn *txn = begin(kit->store, IAG_STORE_READ);
		struct iag_bytes a, b;
		char first[16] = "";

		if (store_get(txn, TABLE, bytes_str("a"), &a, NULL) == 0) {
			assert_true(a.len < sizeof(first));
			memcpy(first, a.data, a.len);
			if (store_get(txn, TABLE, bytes_str("b"), &b, NULL) ==
			    0) {
				assert_int_equal(strlen(first), b.len);
				assert_memory_equal(first, b.data, b.len);
				whole++;
			}
		}
		store_abort(txn);
	}
	assert_true(whole > 1000);
	kit_close(kit);
	end_child(pid);
}

static void
hold_guard(struct kit *kit, int out)
{
	struct store_guard *guard = NULL;

	open_store(kit);
	assert_int_equal(0, store_guard_take(kit->store, NULL, "account:x",
				IAG_STORE_EXCLUSIVE, &guard, NULL));
	tell(out, 'x');
	for (;;)
		(void)pause();
}

static int
guard_within(
    struct kit *kit, uint64_t ns, uint32_t mode, struct store_guard **ret_guard)
{
	struct call *call = call_new(clock_boot_ns() + ns);
	int rc = store_guard_take(
	    kit->store, call, "account:x", mode, ret_guard, NULL);

	call_unref(call);
	return rc;
}

static void
test_a_guard_ends_with_its_process(void **state)
{
	struct kit *kit = *state;
	struct store_guard *guard = NULL;
	pid_t pid;

	open_store(kit);
	assert_int_equal(0, store_guard_check(kit->store, "account:x", NULL));
	assert_int_equal('x', in_child(hold_guard, kit, &pid));
	assert_int_equal(
	    IAG_AGAIN, store_guard_check(kit->store, "account:x", NULL));
	assert_int_equal(IAG_AGAIN,
	    guard_within(kit, 20 * NS_PER_MS, IAG_STORE_EXCLUSIVE, &guard));
	assert_int_equal(IAG_AGAIN,
	    guard_within(kit, 20 * NS_PER_MS, IAG_STORE_SHARED, &guard));
	end_child(pid);
	assert_int_equal(0, store_guard_check(kit->store, "account:x", NULL));
	assert_int_equal(
	    0, guard_within(kit, NS_PER_S, IAG_STORE_EXCLUSIVE, &guard));
	store_guard_drop(guard);
}

static void
test_guards_exclude_within_one_process(void **state)
{
	struct kit *kit = *state;
	struct store_guard *a = NULL, *b = NULL, *c = NULL;

	open_store(kit);
	assert_int_equal(0, guard_within(kit, NS_PER_S, IAG_STORE_SHARED, &a));
	assert_int_equal(0, guard_within(kit, NS_PER_S, IAG_STORE_SHARED, &b));
	assert_int_equal(IAG_AGAIN,
	    guard_within(kit, 10 * NS_PER_MS, IAG_STORE_EXCLUSIVE, &c));
	store_guard_drop(a);
	store_guard_drop(b);
	assert_int_equal(
	    0, guard_within(kit, NS_PER_S, IAG_STORE_EXCLUSIVE, &c));
	assert_int_equal(
	    IAG_AGAIN, guard_within(kit, 10 * NS_PER_MS, IAG_STORE_SHARED, &a));
	store_guard_drop(c);
}

struct contender {
	struct kit *kit;
	pthread_t thread;
};

static unsigned inside;
static unsigned most;

static void *
contend(void *arg)
{
	struct contender *contender = arg;

	for (unsigned i = 0; i < 50; i++) {
		struct store_guard *guard = NULL;
		unsigned now;

		if (guard_within(contender->kit, 20 * NS_PER_S,
			IAG_STORE_EXCLUSIVE, &guard) < 0)
			return contender;
		now = __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
		if (now > 1)
			__atomic_store_n(&most, now, __ATOMIC_SEQ_CST);
		(void)sched_yield();
		(void)__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
		store_guard_drop(guard);
	}
	return NULL;
}

/* Whoever drops a guard removes its file; nobody may lock a ghost. */
static void
test_one_holder_at_a_time_while_files_come_and_go(void **state)
{
	struct kit *kit = *state;
	struct contender contenders[4];

	open_store(kit);
	for (unsigned i = 0; i < ARRAY_COUNT(contenders); i++) {
		contenders[i].kit = kit;
		assert_int_equal(0, pthread_create(&contenders[i].thread, NULL,
					contend, &contenders[i]));
	}
	for (unsigned i = 0; i < ARRAY_COUNT(contenders); i++) {
		void *failed;

		(void)pthread_join(contenders[i].thread, &failed);
		assert_null(failed);
	}
	assert_int_equal(0, most);
}

enum { VISITS = 10 };

static int go[2]; /* a pipe */

/* One that wants the guard again and again, from outside. */
static void
visit_guard(struct kit *kit, int out)
{
	struct store_guard *guard = NULL;
	char c;

	open_store(kit);
	tell(out, 'x');
	if (read(go[0], &c, 1) != 1)
		_exit(1);
	for (unsigned i = 0; i < VISITS; i++) {
		if (guard_within(
			kit, 60 * NS_PER_S, IAG_STORE_EXCLUSIVE, &guard) < 0)
			_exit(1);
		store_guard_drop(guard);
	}
}

struct queue {
	struct kit *kit;
	bool ended; /* atomic, as the next */
	unsigned turns;
};

/* A write that holds the guard, and another one at once. */
static void *
write_under_guard(void *arg)
{
	struct queue *queue = arg;

	while (!__atomic_load_n(&queue->ended, __ATOMIC_RELAXED)) {
		struct store_guard *guard = NULL;

		if (guard_within(queue->kit, 60 * NS_PER_S, IAG_STORE_EXCLUSIVE,
			&guard) < 0)
			return queue;
		put(queue->kit->store, "k", "v");
		(void)__atomic_add_fetch(&queue->turns, 1, __ATOMIC_RELAXED);
		store_guard_drop(guard);
	}
	return NULL;
}

/* An operator's command does not wait behind the queue of a daemon. */
static void
test_who_comes_back_at_once_lets_another_process_go_first(void **state)
{
	struct queue queue = { .kit = *state };
	pthread_t thread;
	void *failed;
	int status;
	pid_t pid;

	open_store(queue.kit);
	assert_int_equal(0, pipe(go));
	assert_int_equal('x', in_child(visit_guard, queue.kit, &pid));
	assert_int_equal(
	    0, pthread_create(&thread, NULL, write_under_guard, &queue));
	while (__atomic_load_n(&queue.turns, __ATOMIC_RELAXED) == 0)
		(void)sched_yield();
	tell(go[1], 'x');
	__atomic_store_n(&queue.turns, 0, __ATOMIC_RELAXED);
	assert_int_equal(pid, waitpid(pid, &status, 0));
	__atomic_store_n(&queue.ended, true, __ATOMIC_RELAXED);
	(void)pthread_join(thread, &failed);
	assert_null(failed);
	(void)close(go[0]);
	(void)close(go[1]);
	assert_int_equal(0, status);
	/* in turn: about one each; who only tries again waits for many */
	print_message("# %u turns for %d\n", queue.turns, VISITS);
	assert_true(queue.turns < 10 * VISITS);
}

static bool
has_guard_file(const struct kit *kit, const char *name)
{
	char path[600];

	(void)snprintf(path, sizeof path, "%s/guards/%s", kit->path, name);
	return access(path, F_OK) == 0;
}

static void
test_opening_sweeps_guards_that_nobody_holds(void **state)
{
	struct kit *kit = *state;
	char path[600];
	pid_t killed, alive;
	int fd;

	/* children first: they would keep this process's claim alive */
	assert_int_equal('x', in_child(hold_guard, kit, &killed));
	end_child(killed);
	assert_true(has_guard_file(kit, "account:x"));
	(void)snprintf(path, sizeof path, "%s/guards/owner:y", kit->path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(1, write(fd, "?", 1));
	(void)close(fd);
	open_store(kit);
	assert_false(has_guard_file(kit, "account:x"));
	assert_true(has_guard_file(kit, "owner:y")); /* not ours */
	kit_close(kit);
	assert_int_equal('x', in_child(hold_guard, kit, &alive));
	open_store(kit);
	assert_true(has_guard_file(kit, "account:x"));
	assert_int_equal(
	    IAG_AGAIN, store_guard_check(kit->store, "account:x", NULL));
	end_child(alive);
}

static void
test_guard_names_stay_in_their_directory(void **state)
{
	static const char *const names[] = { "", ".", "..", ".writer", "a/b",
		"A", "a b" };
	struct kit *kit = *state;
	struct store_guard *guard = NULL;

	open_store(kit);
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		assert_int_equal(
		    IAG_INVAL, store_guard_take(kit->store, NULL, names[i],
				   IAG_STORE_EXCLUSIVE, &guard, NULL));
}

static void
expect_steps(struct store_txn *txn, const char *from, bool inclusive,
    bool backward, const char *keys)
{
	struct store_cursor *cursor = NULL;
	struct iag_bytes key, value;

	assert_int_equal(0, store_cursor_open(txn, TABLE, bytes_str(from),
				inclusive, backward, &cursor, NULL));
	for (; *keys; keys++) {
		assert_int_equal(
		    0, store_cursor_step(cursor, &key, &value, NULL));
		assert_int_equal(*keys, *(const char *)key.data);
	}
	assert_int_equal(
	    IAG_NOTFOUND, store_cursor_step(cursor, &key, &value, NULL));
	store_cursor_close(cursor);
}

static void
test_cursors_go_both_ways_from_anywhere(void **state)
{
	struct kit *kit = *state;
	struct store_txn *txn;

	open_store(kit);
	txn = begin(kit->store, IAG_STORE_READ);
	expect_steps(txn, "", true, false, "");
	expect_steps(txn, "", true, true, "");
	store_abort(txn);
	put(kit->store, "b", "1");
	put(kit->store, "d", "1");
	put(kit->store, "f", "1");
	txn = begin(kit->store, IAG_STORE_READ);
	expect_steps(txn, "", true, false, "bdf");
	expect_steps(txn, "", true, true, "fdb");
	expect_steps(txn, "d", true, false, "df");
	expect_steps(txn, "d", false, false, "f");
	expect_steps(txn, "d", true, true, "db");
	expect_steps(txn, "d", false, true, "b");
	expect_steps(txn, "c", true, false, "df");
	expect_steps(txn, "c", true, true, "b");
	expect_steps(txn, "z", true, true, "fdb");
	expect_steps(txn, "z", true, false, "");
	expect_steps(txn, "a", true, true, "");
	store_abort(txn);
}

static void
test_keys_and_values_at_their_bounds(void **state)
{
	struct kit *kit = *state;
	char *value = calloc(1, IAG_STORE_VALUE_LEN);
	char key[IAG_STORE_KEY_LEN];
	struct store_txn *txn;
	struct iag_bytes got;

	assert_non_null(value);
	memset(key, 'k', sizeof(key));
	open_store(kit);
	txn = begin(kit->store, IAG_STORE_WRITE);
	assert_int_equal(0, store_put(txn, TABLE, bytes_of(key, sizeof(key)),
				bytes_of(value, IAG_STORE_VALUE_LEN), 0, NULL));
	assert_int_equal(0,
	    store_put(txn, TABLE, bytes_of(key, 1), bytes_of("", 0), 0, NULL));
	assert_int_equal(0, store_commit(txn, NULL));
	txn = begin(kit->store, IAG_STORE_READ);
	assert_int_equal(
	    0, store_get(txn, TABLE, bytes_of(key, sizeof(key)), &got, NULL));
	assert_int_equal(IAG_STORE_VALUE_LEN, got.len);
	assert_int_equal(
	    0, store_get(txn, TABLE, bytes_of(key, 1), &got, NULL));
	assert_int_equal(0, got.len);
	store_abort(txn);
	free(value);
}

/* Eight-byte keys are appended where they can be. */
static void
test_sequences_sort_whatever_order_they_come_in(void **state)
{
	static const uint64_t numbers[] = { 5, 6, 9, 2, 7, 1, 300, 256, 9 };
	struct kit *kit = *state;
	struct store_cursor *cursor = NULL;
	struct store_txn *txn;
	struct iag_bytes k, v;
	uint64_t before = 0;
	unsigned count = 0;
	uint8_t key[8];

	open_store(kit);
	txn = begin(kit->store, IAG_STORE_WRITE);
	for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
		put_u64(key, numbers[i]);
		assert_int_equal(i == 8 ? IAG_REJECTED : 0,
		    store_put(txn, TABLE, bytes_of(key, 8), bytes_of(&i, 1),
			IAG_STORE_NO_OVERWRITE, NULL));
	}
	put_u64(key, 2);
	assert_int_equal(0,
	    store_put(txn, TABLE, bytes_of(key, 8), bytes_str("new"), 0, NULL));
	assert_int_equal(0, store_commit(txn, NULL));
	txn = begin(kit->store, IAG_STORE_READ);
	assert_int_equal(0, store_cursor_open(txn, TABLE, bytes_of("", 0), true,
				false, &cursor, NULL));
	while (store_cursor_step(cursor, &k, &v, NULL) == 0) {
		assert_true(get_u64(k.data) > before);
		before = get_u64(k.data);
		count++;
		if (before == 2)
			assert_int_equal(3, v.len);
	}
	assert_int_equal(8, count);
	store_cursor_close(cursor);
	store_abort(txn);
}

static void
test_a_nested_step_takes_back_only_its_own(void **state)
{
	struct kit *kit = *state;
	struct store_txn *txn, *child = NULL;

	open_store(kit);
	txn = begin(kit->store, IAG_STORE_WRITE);
	assert_int_equal(0, store_nested(txn, &child, NULL));
	(void)store_put(child, TABLE, bytes_str("a"), bytes_str("1"), 0, NULL);
	assert_int_equal(0, store_commit(child, NULL));
	assert_int_equal(0, store_nested(txn, &child, NULL));
	(void)store_put(child, TABLE, bytes_str("b"), bytes_str("1"), 0, NULL);
	store_abort(child);
	assert_int_equal(0, store_commit(txn, NULL));
	assert_true(has(kit->store, "a", "1"));
	assert_false(has(kit->store, "b", "1"));
}

static void
test_change_grows_with_every_commit(void **state)
{
	struct kit *kit = *state;
	uint64_t before, after;

	open_store(kit);
	assert_int_equal(0, store_change(kit->store, &before, NULL));
	store_abort(begin(kit->store, IAG_STORE_WRITE));
	assert_int_equal(0, store_change(kit->store, &after, NULL));
	assert_int_equal(before, after);
	put(kit->store, "a", "1");
	assert_int_equal(0, store_change(kit->store, &after, NULL));
	assert_int_equal(before + 1, after);
}

/* Three MiB, which no map of one MiB shows. */
static void
write_much(struct kit *kit, int out)
{
	static char value[IAG_STORE_VALUE_LEN + 1];
	const char *const keys[] = { "a", "b", "c" };

	memset(value, 'x', sizeof(value) - 1);
	open_store(kit);
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		put(kit->store, keys[i], value);
	tell(out, 'x');
	for (;;)
		(void)pause();
}

static void
test_a_map_that_others_outgrew_is_followed(void **state)
{
	struct kit *kit = *state;
	struct iag_store_room room = { .struct_size = sizeof(room) };
	uint64_t before = 0, after = 0;
	pid_t pid;

	kit->map_mib = "1";
	open_store(kit);
	assert_int_equal(0, store_change(kit->store, &before, &kit->err));
	assert_int_equal('x', in_child(write_much, kit, &pid));
	if (store_change(kit->store, &after, &kit->err) < 0)
		fail_msg("%s", err_text(&kit->err));
	assert_true(after >= before + 3);
	assert_int_equal(0, store_room(kit->store, &room, &kit->err));
	assert_true(room.used_bytes > UINT64_C(3) << 20);
	assert_true(room.limit_bytes > room.used_bytes);
	end_child(pid);
	put(kit->store, "d", "1");
	assert_true(has(kit->store, "d", "1"));
}

static void
test_a_backup_is_a_store(void **state)
{
	struct kit *kit = *state;
	char copy[sizeof(kit->path)], file[640];

	open_store(kit);
	put(kit->store, "a", "1");
	(void)snprintf(copy, sizeof(copy), "%.500s/copy", kit->base);
	(void)snprintf(file, sizeof(file), "%s/data.mdb", copy);
	assert_int_equal(0, mkdir(copy, 0700));
	CLEANUP_CLOSE int fd =
	    open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_equal(0, store_backup(kit->store, fd, &kit->err));
	kit_close(kit);
	memcpy(kit->path, copy, sizeof(copy));
	assert_int_equal(0, kit_store(kit, true));
	assert_true(has(kit->store, "a", "1"));
}

static void
test_room_and_identity_tell_where_it_stands(void **state)
{
	struct kit *kit = *state;
	struct iag_store_room room = { .struct_size = sizeof(room) };
	struct store_identity identity;
	struct stat st;
	char path[600];

	open_store(kit);
	assert_int_equal(0, store_room(kit->store, &room, &kit->err));
	/* 64 GiB, but less where address space is short */
	assert_true(room.limit_bytes >= UINT64_C(1) << 30);
	assert_true(room.limit_bytes <= UINT64_C(64) << 30);
	assert_true(room.used_bytes > 0 && room.used_bytes < 1000000);
	assert_int_equal(0, store_identify(kit->store, &identity, &kit->err));
	(void)snprintf(path, sizeof(path), "%s/data.mdb", kit->path);
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(st.st_ino, identity.inode);
	assert_int_equal(st.st_dev, identity.device);
	assert_true(strlen(identity.machine) > 0);
	store_identity_fini(&identity);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_closing_one_of_two_instances_keeps_the_lock),
		TEST(
		    test_a_second_write_in_one_thread_does_not_wait_for_itself),
		TEST(test_a_killed_writer_frees_the_lock_and_leaves_nothing),
		TEST(test_a_killed_reader_does_not_make_the_file_grow),
		TEST(test_no_descriptor_of_the_store_survives_exec),
		TEST(test_a_forked_child_is_refused),
		TEST(test_a_second_copy_of_the_plugin_is_refused),
		TEST(test_a_replaced_data_file_is_refused),
		TEST(test_a_cut_file_is_refused),
		TEST(test_the_directory_is_private),
		TEST(test_a_full_map_refuses_and_keeps_what_is_there),
		TEST(test_a_full_disk_applies_nothing_and_can_be_repeated),
		TEST(test_reading_changes_no_byte_and_no_time),
		TEST(test_reading_a_copy_without_lock_file_makes_none),
		TEST(test_reading_beside_a_live_writer_is_consistent),
		TEST(test_a_guard_ends_with_its_process),
		TEST(test_guards_exclude_within_one_process),
		TEST(test_one_holder_at_a_time_while_files_come_and_go),
		TEST(test_who_comes_back_at_once_lets_another_process_go_first),
		TEST(test_opening_sweeps_guards_that_nobody_holds),
		TEST(test_guard_names_stay_in_their_directory),
		TEST(test_cursors_go_both_ways_from_anywhere),
		TEST(test_keys_and_values_at_their_bounds),
		TEST(test_sequences_sort_whatever_order_they_come_in),
		TEST(test_a_nested_step_takes_back_only_its_own),
		TEST(test_change_grows_with_every_commit),
		TEST(test_a_map_that_others_outgrew_is_followed),
		TEST(test_a_backup_is_a_store),
		TEST(test_room_and_identity_tell_where_it_stands),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

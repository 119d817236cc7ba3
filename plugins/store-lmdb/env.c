/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Environments: the process-wide list of open data files, and how one is
 * opened for writing, for reading beside live writers, and for reading a
 * store that nobody uses without changing a byte of it.
 *
 * Threads: any.  list_mutex guards the list and is held while opening, so
 * that two openings of one file meet; env->mutex is taken after it.
 */

#include "lmdb-store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define READERS 510u
#define MINUTE_NS UINT64_C(60000000000)
#define MAP_LEAST ((size_t)1 << 30)
#define PID_BITS 22 /* the largest pid_max of Linux is 2^22 */
#define SHORT_BYTES UINT64_C(1048576)
#define LOW_BYTES UINT64_C(134217728)

static pthread_mutex_t list_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct environment *list;

static char *
join(const char *dir, const char *name)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return NULL;
	return path;
}

static int
stat_in(const char *dir, const char *name, struct stat *ret_stat)
{
	char *path = join(dir, name);
	int rc = path ? stat(path, ret_stat) : -1;

	free(path);
	return rc;
}

static int32_t
unavailable(struct iag_ctx *ctx, const char *path, const char *why)
{
	return host->fail(
	    ctx, IAG_AGAIN, "JOURNAL_UNAVAILABLE", "store '%s': %s", path, why);
}

/*
 * A second copy of this plugin in the process would not see the list above,
 * so each environment also locks a byte that stands for this process.
 */
static int32_t
claim_process(struct iag_ctx *ctx, struct environment *env, const char *path)
{
	struct stat ns = { .st_ino = 0 };
	off_t at;

	(void)stat("/proc/self/ns/pid", &ns);
	at = (off_t)(((uint64_t)ns.st_ino & 0x3fffffff) << PID_BITS) +
	     (off_t)getpid();
	if (lock_byte(env->process_fd, F_OFD_SETLK, F_WRLCK, at) != 0)
		return unavailable(ctx, path,
		    "this process has it open through another copy of the "
		    "store plugin");
	return IAG_OK;
}

/*
 * The mark of a store whose tables were made.  A data file that is empty or
 * gone is no new store then: it held the keys by which no order is sent twice.
 */
#define MADE ".made"

static int32_t
check_made(struct iag_ctx *ctx, const char *path)
{
	struct stat made, data;
	const char *what = "is empty";

	if (stat_in(path, "guards/" MADE, &made) != 0)
		return IAG_OK;
	if (stat_in(path, "data.mdb", &data) == 0) {
		if (data.st_size > 0)
			return IAG_OK;
	} else if (errno == ENOENT) {
		what = "is gone";
	} else {
		return IAG_OK; /* opening says why */
	}
	return host->fail(ctx, IAG_CORRUPT, "JOURNAL_CORRUPT",
	    "store '%s': its data file %s; put a backup there, or name "
	    "another folder to begin a new store",
	    path, what);
}

static int
open_lock_file(int dir, const char *name)
{
	return openat(
	    dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static int32_t
open_locks(struct iag_ctx *ctx, struct environment *env, const char *path)
{
	int32_t result;

	env->guards_fd = directory_guards(ctx, path);
	if (env->guards_fd < 0)
		return env->guards_fd;
	env->process_fd = open_lock_file(env->guards_fd, ".process");
	env->writer_fd = open_lock_file(env->guards_fd, ".writer");
	env->waiting_fd = open_lock_file(env->guards_fd, ".waiting");
	if (env->process_fd < 0 || env->writer_fd < 0 || env->waiting_fd < 0)
		return unavailable(ctx, path, strerror(errno));
	result = claim_process(ctx, env, path);
	if (result == IAG_OK)
		guard_sweep(env->guards_fd);
	return result;
}

static void
close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

static void
env_free(struct environment *env)
{
	if (!env)
		return;
	if (env->mdb && env->pid == getpid())
		mdb_env_close(env->mdb);
	close_fd(env->process_fd);
	close_fd(env->writer_fd);
	close_fd(env->waiting_fd);
	close_fd(env->guards_fd);
	(void)pthread_mutex_destroy(&env->mutex);
	free(env);
}

static struct environment *
env_new(bool read_only)
{
	struct environment *env = calloc(1, sizeof(*env));

	if (!env)
		return NULL;
	env->refs = 1;
	env->pid = getpid();
	env->read_only = read_only;
	env->guards_fd = env->process_fd = -1;
	env->writer_fd = env->waiting_fd = -1;
	(void)pthread_mutex_init(&env->mutex, NULL);
	return env;
}

/*
 * Does a process use the store now?  LMDB's users hold byte 0 of the lock
 * file; asking needs no write access and leaves no trace.
 */
static bool
is_live(const char *dir)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1
	};
	char *path = join(dir, "lock.mdb");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	bool live;

	free(path);
	if (fd < 0)
		return false;
	live = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	(void)close(fd);
	return live;
}

static int
open_sized(struct environment *env, const struct store *store, unsigned flags,
    size_t map_size)
{
	int rc = mdb_env_create(&env->mdb);

	if (rc == 0)
		rc = mdb_env_set_mapsize(env->mdb, map_size);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(env->mdb, IAG_STORE_TABLES);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(env->mdb, READERS);
	if (rc == 0)
		rc = mdb_env_open(
		    env->mdb, store->path, MDB_NOTLS | flags, 0600);
	if (rc != 0 && env->mdb) {
		mdb_env_close(env->mdb);
		env->mdb = NULL;
	}
	return rc;
}

/*
 * Where address space is limited (RLIMIT_AS, valgrind) the map is smaller
 * than asked for: a store that ends earlier is better than none.
 */
static int
open_mdb(struct environment *env, const struct store *store, unsigned flags)
{
	size_t map_size = store->map_size;
	int rc = open_sized(env, store, flags, map_size);

	while ((rc == ENOMEM || rc == EINVAL) && map_size > MAP_LEAST) {
		map_size /= 4;
		rc = open_sized(env, store, flags, map_size);
	}
	return rc;
}

/* Beside live writers with their lock file, else without touching any. */
static int
open_reading(struct environment *env, const struct store *store)
{
	int rc = EACCES;

	if (is_live(store->path))
		rc = open_mdb(env, store, MDB_RDONLY);
	if (rc == EACCES || rc == EROFS || rc == EPERM) {
		env->lockless = true;
		rc = open_mdb(env, store, MDB_RDONLY | MDB_NOLOCK);
	}
	return rc;
}

/* LMDB would run into SIGBUS behind the end of a file that was cut. */
static int32_t
check_length(struct iag_ctx *ctx, struct environment *env, const char *path)
{
	MDB_envinfo info;
	MDB_stat stat_page;
	struct stat st;
	int fd, rc;

	rc = mdb_env_get_fd(env->mdb, &fd);
	if (rc == 0)
		rc = mdb_env_info(env->mdb, &info);
	if (rc == 0)
		rc = mdb_env_stat(env->mdb, &stat_page);
	if (rc == 0 && fstat(fd, &st) != 0)
		rc = errno;
	if (rc != 0)
		return fault(ctx, rc, "look at the data file");
	env->device = st.st_dev;
	env->inode = st.st_ino;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return fault(ctx, errno, "set close-on-exec");
	if (info.me_last_txnid > 0 &&
	    (uint64_t)st.st_size <
		((uint64_t)info.me_last_pgno + 1) * stat_page.ms_psize)
		return host->fail(ctx, IAG_CORRUPT, "JOURNAL_CORRUPT",
		    "store '%s': the data file was cut: %lld bytes where "
		    "%llu belong",
		    path, (long long)st.st_size,
		    ((unsigned long long)info.me_last_pgno + 1) *
			stat_page.ms_psize);
	return IAG_OK;
}

/*
 * LMDB keeps two meta pages, writes them in turn, and believes the one with
 * the higher transaction number.  Their numbers therefore differ by one; if
 * they do not, one is damaged, and LMDB would quietly show the older state.
 */
#define META_MAGIC 0xbeefc0deu
#define META_VERSION 1u
#define META_AT 16u   /* behind the page header: magic and version */
#define META_TXN 144u /* the transaction number */

static bool
read_meta(int fd, off_t page, uint64_t *ret_txn)
{
	uint32_t mark[2];

	return pread(fd, mark, sizeof(mark), page + (off_t)META_AT) ==
		   (ssize_t)sizeof(mark) &&
	       mark[0] == META_MAGIC && mark[1] == META_VERSION &&
	       pread(fd, ret_txn, sizeof(*ret_txn), page + (off_t)META_TXN) ==
		   (ssize_t)sizeof(*ret_txn);
}

static bool
metas_agree(int fd, off_t page_size)
{
	uint64_t even = 0, odd = 0;

	if (!read_meta(fd, 0, &even) || !read_meta(fd, page_size, &odd))
		return false;
	if (even == 0 && odd == 0)
		return true; /* nothing was ever committed */
	return even % 2 == 0 && odd % 2 == 1 &&
	       (even + 1 == odd || odd + 1 == even);
}

static int32_t
check_metas(struct iag_ctx *ctx, struct environment *env, const char *path)
{
	MDB_stat stat_page;
	bool agree = false;
	int fd;
	int rc = mdb_env_get_fd(env->mdb, &fd);

	if (rc == 0)
		rc = mdb_env_stat(env->mdb, &stat_page);
	if (rc != 0)
		return fault(ctx, rc, "look at the meta pages");
	/* other processes may commit between the two looks */
	for (unsigned i = 0; i < 16 && !agree; i++)
		agree = metas_agree(fd, (off_t)stat_page.ms_psize);
	if (agree)
		return IAG_OK;
	return host->fail(ctx, IAG_CORRUPT, "JOURNAL_CORRUPT",
	    "store '%s': its two meta pages do not belong together", path);
}

/* Open the handles of the tables that are there; count them. */
static int
open_tables(
    struct environment *env, MDB_txn *mdb, unsigned flags, unsigned *ret_count)
{
	unsigned found = 0;
	char name[8];
	int rc = 0;

	for (unsigned i = 1; i <= IAG_STORE_TABLES; i++) {
		(void)snprintf(name, sizeof(name), "t%02u", i);
		rc = mdb_dbi_open(mdb, name, flags, &env->tables[i]);
		if (rc == MDB_NOTFOUND)
			continue;
		if (rc != 0)
			return rc;
		env->has_table[i] = true;
		found++;
	}
	*ret_count = found;
	return 0;
}

static int
open_tables_in(struct environment *env, bool write, unsigned *ret_count)
{
	MDB_txn *mdb;
	int rc = mdb_txn_begin(env->mdb, NULL, write ? 0 : MDB_RDONLY, &mdb);

	if (rc != 0)
		return rc;
	rc = open_tables(env, mdb, write ? MDB_CREATE : 0, ret_count);
	if (rc == 0)
		return mdb_txn_commit(mdb);
	mdb_txn_abort(mdb);
	return rc;
}

/*
 * LMDB flushes its file but no directory, so that a new store could vanish
 * with the records in it.  Its tables are made last: whoever finds them knows
 * that the way to them is on the disk.
 */
static int
make_tables(struct environment *env, const char *path)
{
	unsigned found = 0;
	int rc = directory_flush(path);

	return rc == 0 ? open_tables_in(env, true, &found) : rc;
}

static void
mark_made(const struct environment *env)
{
	close_fd(open_lock_file(env->guards_fd, MADE));
}

static int32_t
prepare_tables(struct iag_ctx *ctx, struct environment *env, const char *path)
{
	unsigned found = 0;
	int32_t result;
	int rc = open_tables_in(env, false, &found);

	if (rc != 0)
		return fault(ctx, rc, "open the tables");
	if (env->read_only)
		return IAG_OK;
	if (found == IAG_STORE_TABLES) {
		mark_made(env);
		return IAG_OK;
	}
	result = env_write_lock(ctx, env);
	if (result != IAG_OK)
		return result;
	rc = make_tables(env, path);
	env_write_unlock(env);
	if (rc != 0)
		return fault(ctx, rc, "make the tables");
	mark_made(env);
	return IAG_OK;
}

static int32_t
env_open(
    struct iag_ctx *ctx, const struct store *store, struct environment *env)
{
	struct stat lock;
	int32_t result = check_made(ctx, store->path);
	int rc;

	if (result == IAG_OK && !env->read_only)
		result = open_locks(ctx, env, store->path);
	if (result != IAG_OK)
		return result;
	rc =
	    env->read_only ? open_reading(env, store) : open_mdb(env, store, 0);
	if (rc == ENOENT)
		return host->fail(ctx, IAG_AGAIN, "JOURNAL_UNAVAILABLE",
		    "there is no store in '%s'", store->path);
	if (rc != 0)
		return host->fail(ctx,
		    rc == MDB_INVALID || rc == MDB_CORRUPTED ||
			    rc == MDB_VERSION_MISMATCH
			? IAG_CORRUPT
			: IAG_AGAIN,
		    rc == MDB_INVALID || rc == MDB_CORRUPTED ||
			    rc == MDB_VERSION_MISMATCH
			? "JOURNAL_CORRUPT"
			: "JOURNAL_UNAVAILABLE",
		    "store '%s': %s", store->path, mdb_strerror(rc));
	if (!env->lockless && stat_in(store->path, "lock.mdb", &lock) == 0) {
		env->lock_device = lock.st_dev;
		env->lock_inode = lock.st_ino;
	}
	result = check_length(ctx, env, store->path);
	if (result == IAG_OK)
		result = check_metas(ctx, env, store->path);
	if (result == IAG_OK)
		result = prepare_tables(ctx, env, store->path);
	return result;
}

/*
 * The open environment of the same data file.  The same lock file with
 * another data file means that the file was replaced under this process.
 */
static int32_t
find_open(struct iag_ctx *ctx, const struct store *store,
    struct environment **ret_env)
{
	struct stat data = { .st_ino = 0 }, lock = { .st_ino = 0 };
	bool has_lock = stat_in(store->path, "lock.mdb", &lock) == 0;

	if (stat_in(store->path, "data.mdb", &data) != 0)
		data.st_ino = 0;
	for (struct environment *env = list; env; env = env->next) {
		if (env->pid != getpid())
			continue; /* the parent's: not open in this process */
		if (data.st_ino && env->inode == data.st_ino &&
		    env->device == data.st_dev) {
			*ret_env = env;
			return IAG_OK;
		}
		if (has_lock && env->lock_inode == lock.st_ino &&
		    env->lock_device == lock.st_dev)
			return unavailable(ctx, store->path,
			    "the data file was replaced while this process "
			    "has it open; start the program again");
	}
	*ret_env = NULL;
	return IAG_OK;
}

static int32_t
get_locked(struct iag_ctx *ctx, const struct store *store,
    struct environment **ret_env)
{
	struct environment *env = NULL;
	int32_t result = find_open(ctx, store, &env);

	if (result != IAG_OK)
		return result;
	if (env && env->read_only && !store->read_only)
		return unavailable(ctx, store->path,
		    "this process has it open for reading only");
	if (env) {
		env->refs++;
		*ret_env = env;
		return IAG_OK;
	}
	env = env_new(store->read_only);
	if (!env)
		return IAG_NOMEM;
	result = env_open(ctx, store, env);
	if (result != IAG_OK) {
		env_free(env);
		return result;
	}
	env->next = list;
	list = env;
	*ret_env = env;
	return IAG_OK;
}

int32_t
env_get(struct iag_ctx *ctx, const struct store *store,
    struct environment **ret_env)
{
	int32_t result;

	(void)pthread_mutex_lock(&list_mutex);
	result = get_locked(ctx, store, ret_env);
	(void)pthread_mutex_unlock(&list_mutex);
	if (result == IAG_OK)
		env_check_readers(ctx, *ret_env);
	return result;
}

void
env_put(struct environment *env)
{
	struct environment **at = &list;

	(void)pthread_mutex_lock(&list_mutex);
	if (--env->refs == 0) {
		while (*at && *at != env)
			at = &(*at)->next;
		if (*at)
			*at = env->next;
		env_free(env);
	}
	(void)pthread_mutex_unlock(&list_mutex);
}

void
env_check_readers(struct iag_ctx *ctx, struct environment *env)
{
	uint64_t now = host->boot_ns(ctx);
	bool due;
	int dead;

	if (env->read_only)
		return;
	(void)pthread_mutex_lock(&env->mutex);
	due = env->checked_ns == 0 || now - env->checked_ns >= MINUTE_NS;
	if (due)
		env->checked_ns = now ? now : 1;
	(void)pthread_mutex_unlock(&env->mutex);
	if (due)
		(void)mdb_reader_check(env->mdb, &dead);
}

static int
disk_bytes(const struct environment *env, uint64_t *ret_bytes)
{
	struct statvfs fs;
	int fd;

	if (mdb_env_get_fd(env->mdb, &fd) != 0 || fstatvfs(fd, &fs) != 0)
		return -1;
	*ret_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 0;
}

bool
env_is_short(const struct environment *env)
{
	struct rlimit limit;
	struct stat st;
	uint64_t bytes;
	int fd;

	if (disk_bytes(env, &bytes) == 0 && bytes < SHORT_BYTES)
		return true;
	return mdb_env_get_fd(env->mdb, &fd) == 0 && fstat(fd, &st) == 0 &&
	       getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	       limit.rlim_cur != RLIM_INFINITY &&
	       (uint64_t)st.st_size + SHORT_BYTES > limit.rlim_cur;
}

/* Pages inside the file that the next commits may use again. */
static uint64_t
free_pages(MDB_txn *mdb)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	uint64_t pages = 0;
	size_t count;

	if (mdb_cursor_open(mdb, 0, &cursor) == 0) {
		while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0 &&
		       value.mv_size >= sizeof(count)) {
			memcpy(&count, value.mv_data, sizeof(count));
			pages += count;
		}
		mdb_cursor_close(cursor);
	}
	return pages;
}

static int
find_room(const struct environment *env, MDB_txn *mdb,
    struct iag_store_room *ret_room)
{
	MDB_envinfo info;
	MDB_stat stat_page;
	uint64_t disk = UINT64_MAX;
	int rc = mdb_env_info(env->mdb, &info);

	if (rc == 0)
		rc = mdb_env_stat(env->mdb, &stat_page);
	if (rc != 0)
		return rc;
	(void)disk_bytes(env, &disk);
	ret_room->readers = (uint32_t)info.me_numreaders;
	ret_room->limit_bytes = info.me_mapsize;
	ret_room->used_bytes =
	    ((uint64_t)info.me_last_pgno + 1) * stat_page.ms_psize;
	/*
	 * The exact figure costs a walk, so only where it decides: also when
	 * another process, whose map is larger, has gone past the end of ours.
	 */
	if (ret_room->used_bytes + LOW_BYTES > ret_room->limit_bytes)
		ret_room->used_bytes -= free_pages(mdb) * stat_page.ms_psize;
	ret_room->disk_bytes = disk;
	return 0;
}

int32_t
env_room(struct iag_ctx *ctx, struct environment *env,
    struct iag_store_room *ret_room)
{
	MDB_txn *look;
	int32_t result = txn_look(ctx, env, &look);
	int rc;

	if (result != IAG_OK)
		return result;
	rc = find_room(env, look, ret_room);
	txn_look_end(env, look);
	return rc == 0 ? IAG_OK : fault(ctx, rc, "look at the room");
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Guards: OFD locks on guards/NAME.  Every guard opens the file anew, so two
 * holders in one process exclude each other as two processes do.  Files stay
 * behind, because to make and remove them costs more than all else here; who
 * opens the store sweeps those that nobody holds, therefore a lock counts only
 * if the name still leads to the locked file.
 *
 * A lock of a file can only be tried again and again, so whoever comes back
 * at once would have it for ever: those that wait share a second byte of the
 * file, and a newcomer that sees it steps back for a moment.
 */

#include "lmdb-store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_LEN 120
#define STEP_BACK_COUNT 8u
#define STEP_BACK_SHARED 50u /* times as often */

enum { HELD, WAITED }; /* bytes of the file */

struct guard {
	int fd;
	int dir;
	struct environment *env; /* outlives guards */
	struct turn *turn;       /* of an exclusive one */
	bool exclusive;
	char name[NAME_LEN + 1];
};

static int32_t
check_name(struct iag_ctx *ctx, const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_LEN || name[0] == '.' ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789:._-") != len)
		return host->fail(ctx, IAG_INVAL, "INTERNAL_ERROR",
		    "guard name: expected 1 to 120 of [a-z0-9:._-], not "
		    "beginning with '.'");
	return IAG_OK;
}

static bool
is_same_file(int dir, const char *name, int fd)
{
	struct stat named, held;

	return fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(fd, &held) == 0 && named.st_dev == held.st_dev &&
	       named.st_ino == held.st_ino;
}

static int
guard_open(struct guard *guard)
{
	guard->fd = openat(guard->dir, guard->name,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return guard->fd < 0 ? errno : 0;
}

static void
guard_close(struct guard *guard)
{
	if (guard->fd >= 0)
		(void)close(guard->fd);
	guard->fd = -1;
}

/* 0, EAGAIN if somebody holds it, or another errno. */
static int
try_once(struct guard *guard)
{
	int rc = guard->fd < 0 ? guard_open(guard) : 0;

	if (rc == 0)
		rc = lock_byte(guard->fd, F_OFD_SETLK,
		    guard->exclusive ? F_WRLCK : F_RDLCK, HELD);
	if (rc == EACCES)
		rc = EAGAIN;
	if (rc == 0 && !is_same_file(guard->dir, guard->name, guard->fd)) {
		guard_close(guard);
		rc = EAGAIN;
	}
	return rc;
}

static int32_t
is_held(struct iag_ctx *ctx, const struct guard *guard)
{
	return host->fail(ctx, IAG_AGAIN, "JOURNAL_UNAVAILABLE",
	    "guard '%s' is held by another process or call", guard->name);
}

/*
 * Let those go first who wait for it already, as long as it takes them to
 * look again; one that waits and was stopped costs no more than that.
 */
static void
step_back(struct iag_ctx *ctx, struct guard *guard)
{
	/* those that share would keep one out for ever that wants it alone */
	unsigned count = guard->exclusive ? STEP_BACK_COUNT
					  : STEP_BACK_SHARED * STEP_BACK_COUNT;

	for (unsigned i = 0; i < count; i++) {
		if (guard->fd < 0 && guard_open(guard) != 0)
			return;
		if (lock_byte(guard->fd, F_OFD_GETLK, F_WRLCK, WAITED) == 0 ||
		    lock_pause(ctx, 0) != IAG_OK)
			return;
	}
}

static void
set_waiting(struct guard *guard, bool waits)
{
	if (guard->fd >= 0)
		(void)lock_byte(
		    guard->fd, F_OFD_SETLK, waits ? F_RDLCK : F_UNLCK, WAITED);
}

static int32_t
wait_for_file(struct iag_ctx *ctx, struct guard *guard)
{
	step_back(ctx, guard);
	for (unsigned i = 0;; i++) {
		int rc = try_once(guard);

		if (rc == 0 && i > 0)
			set_waiting(guard, false);
		if (rc == 0)
			return IAG_OK;
		if (rc != EAGAIN)
			return fault(ctx, rc, "take a guard");
		set_waiting(guard, true);
		if (lock_pause(ctx, i) != IAG_OK)
			return is_held(ctx, guard);
	}
}

static int32_t
wait_for(struct iag_ctx *ctx, struct guard *guard)
{
	int32_t result = IAG_OK;

	if (guard->exclusive)
		result = turn_take(ctx, guard->env, guard->name, &guard->turn);
	if (result != IAG_OK)
		return result == IAG_AGAIN ? is_held(ctx, guard) : result;
	result = wait_for_file(ctx, guard);
	if (result != IAG_OK) {
		guard_close(guard);
		turn_give(guard->env, guard->turn);
	}
	return result;
}

int32_t
store_guard(struct iag_ctx *ctx, void *instance, const char *name,
    uint32_t mode, void **ret_guard)
{
	struct store *store = instance;
	struct guard *guard;
	int32_t result = check_name(ctx, name);

	if (result != IAG_OK)
		return result;
	if (store->read_only)
		return host->fail(ctx, IAG_NOTSUP, "JOURNAL_UNAVAILABLE",
		    "the store is open for reading only");
	guard = calloc(1, sizeof(*guard));
	if (!guard)
		return IAG_NOMEM;
	guard->fd = -1;
	guard->env = store->env;
	guard->dir = store->env->guards_fd;
	guard->exclusive = mode == IAG_STORE_EXCLUSIVE;
	memcpy(guard->name, name, strlen(name) + 1);
	result = wait_for(ctx, guard);
	if (result != IAG_OK) {
		free(guard);
		return result;
	}
	*ret_guard = guard;
	return IAG_OK;
}

int32_t
store_guard_check(struct iag_ctx *ctx, void *instance, const char *name)
{
	struct store *store = instance;
	int32_t result = check_name(ctx, name);
	int fd, rc;

	if (result != IAG_OK)
		return result;
	if (store->read_only)
		return host->fail(ctx, IAG_NOTSUP, "JOURNAL_UNAVAILABLE",
		    "the store is open for reading only");
	fd = openat(
	    store->env->guards_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return IAG_OK;
	if (fd < 0)
		return fault(ctx, errno, "look at a guard");
	rc = lock_byte(fd, F_OFD_GETLK, F_WRLCK, HELD);
	(void)close(fd);
	if (rc == EAGAIN)
		return IAG_AGAIN;
	return rc == 0 ? IAG_OK : fault(ctx, rc, "look at a guard");
}

void
store_unguard(struct iag_ctx *ctx, void *held)
{
	struct guard *guard = held;

	(void)ctx;
	(void)close(guard->fd);
	turn_give(guard->env, guard->turn);
	free(guard);
}

/* As who takes the guard exclusively, does not wait, and gives it up. */
static void
sweep_one(int dir, const char *name)
{
	struct stat st;
	int fd =
	    openat(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return;
	/* a guard holds no bytes: what does is not ours */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0 &&
	    lock_byte(fd, F_OFD_SETLK, F_WRLCK, HELD) == 0 &&
	    is_same_file(dir, name, fd))
		(void)unlinkat(dir, name, 0);
	(void)close(fd);
}

void
guard_sweep(int guards_fd)
{
	/* a description of its own, since reading moves its position */
	int fd = openat(guards_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		/* those with a point are locks of the store itself */
		if (entry->d_name[0] != '.')
			sweep_one(guards_fd, entry->d_name);
	}
	(void)closedir(dir);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The turn to write.  LMDB's write mutex has no time limit, and a thread that
 * asks for it twice waits for itself, so that a lock of our own stands in
 * front: an OFD lock (it ends with the process, and other descriptors of the
 * file do not disturb it) that is tried, never waited for.
 *
 * Threads: any; env->mutex guards writing, polite and waiting and is never
 * held while sleeping.
 */

#include "lmdb-store.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#define PAUSE_SHORT_NS 250000u /* about half a commit */
#define PAUSE_LONG_NS 1000000u
#define PAUSE_SHORT_COUNT 400u

int
lock_byte(int fd, int command, short type, off_t at)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = at,
		.l_len = 1,
	};

	if (fcntl(fd, command, &lock) != 0)
		return errno;
	if (command == F_OFD_GETLK && lock.l_type != F_UNLCK)
		return EAGAIN;
	return 0;
}

int32_t
lock_pause(struct iag_ctx *ctx, unsigned attempt)
{
	uint64_t ns =
	    attempt < PAUSE_SHORT_COUNT ? PAUSE_SHORT_NS : PAUSE_LONG_NS;
	uint64_t now = host->boot_ns(ctx);
	uint64_t deadline = host->deadline_ns(ctx);

	if (now >= deadline || host->stopping(ctx))
		return IAG_AGAIN;
	if (deadline - now < ns)
		ns = deadline - now;
	return host->sleep_ns(ctx, ns) == IAG_OK ? IAG_OK : IAG_AGAIN;
}

static bool
try_once(struct environment *env)
{
	bool got = false;

	(void)pthread_mutex_lock(&env->mutex);
	if (!env->writing &&
	    lock_byte(env->writer_fd, F_OFD_SETLK, F_WRLCK, 0) == 0) {
		env->writing = true;
		got = true;
	}
	(void)pthread_mutex_unlock(&env->mutex);
	return got;
}

/* Others see that this process waits, and step back once after a commit. */
static void
set_waiting(struct environment *env, bool waits)
{
	(void)pthread_mutex_lock(&env->mutex);
	if (waits && env->waiting++ == 0)
		(void)lock_byte(env->waiting_fd, F_OFD_SETLK, F_RDLCK, 0);
	if (!waits && --env->waiting == 0)
		(void)lock_byte(env->waiting_fd, F_OFD_SETLK, F_UNLCK, 0);
	(void)pthread_mutex_unlock(&env->mutex);
}

static bool
should_step_back(struct environment *env)
{
	bool polite;

	(void)pthread_mutex_lock(&env->mutex);
	polite = env->polite;
	env->polite = false;
	(void)pthread_mutex_unlock(&env->mutex);
	return polite &&
	       lock_byte(env->waiting_fd, F_OFD_GETLK, F_WRLCK, 0) != 0;
}

int32_t
env_write_lock(struct iag_ctx *ctx, struct environment *env)
{
	int32_t result = IAG_OK;
	bool got = false;

	if (should_step_back(env)) {
		(void)lock_pause(ctx, 0);
		(void)lock_pause(ctx, 0);
	}
	if (try_once(env))
		return IAG_OK;
	set_waiting(env, true);
	for (unsigned i = 0; result == IAG_OK && !got; i++) {
		result = lock_pause(ctx, i);
		if (result == IAG_OK)
			got = try_once(env);
	}
	set_waiting(env, false);
	if (!got)
		return host->fail(ctx, IAG_AGAIN, "JOURNAL_UNAVAILABLE",
		    "another writer holds the store's lock");
	return IAG_OK;
}

void
env_write_unlock(struct environment *env)
{
	(void)pthread_mutex_lock(&env->mutex);
	(void)lock_byte(env->writer_fd, F_OFD_SETLK, F_UNLCK, 0);
	env->writing = false;
	env->polite = true;
	(void)pthread_mutex_unlock(&env->mutex);
}

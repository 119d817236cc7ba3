/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The mapped file.  Attached processes hold an OFD lock on it for reading;
 * who gets the one for writing is alone, and makes it sound before others
 * come.
 *
 * Threads: any; the mutex in the map guards the state, rings is atomic.
 */

#include "link/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define MAGIC "iaglink1"
#define LOCK_S 1
#define ATTACH_TRIES 200 /* of 10 ms */

struct map {
	char magic[8];
	uint32_t size; /* of struct map */
	_Atomic uint32_t rings;
	uint8_t identity[HASH_SIZE];
	uint8_t boot[HASH_SIZE]; /* of which start of the machine */
	pthread_mutex_t lock;
	struct shared_state state;
};

struct shared {
	int fd;
	struct map *map;
};

/* ---- names to places */

static uint64_t
key_of(const char *name)
{
	uint64_t key = UINT64_C(14695981039346656037); /* FNV-1a */

	for (; *name; name++)
		key = (key ^ (unsigned char)*name) * UINT64_C(1099511628211);
	return key ? key : 1;
}

struct bucket *
shared_bucket(struct shared_state *state, const char *name, uint64_t now_ns)
{
	uint64_t key = key_of(name);
	struct bucket *oldest = &state->buckets[0];

	for (size_t i = 0; i < SHARED_BUCKETS; i++) {
		struct bucket *bucket = &state->buckets[i];

		if (bucket->key == key)
			return bucket;
		if (oldest->key &&
		    (!bucket->key || bucket->used_ns < oldest->used_ns))
			oldest = bucket;
	}
	*oldest = (struct bucket){ .key = key, .used_ns = now_ns };
	return oldest;
}

struct penalty *
shared_penalty(struct shared_state *state, const char *name, uint64_t now_ns)
{
	uint64_t key = key_of(name);
	struct penalty *least = &state->penalties[0];

	for (size_t i = 0; i < SHARED_PENALTIES; i++) {
		struct penalty *penalty = &state->penalties[i];

		if (penalty->key == key)
			return penalty;
		if (least->key &&
		    (!penalty->key || penalty->until_ns < least->until_ns))
			least = penalty;
	}
	(void)now_ns;
	*least = (struct penalty){ .key = key };
	return least;
}

/* ---- soundness */

static void
repair_penalty(
    struct penalty *penalty, bool fresh, uint64_t now_ns, uint64_t real_ns)
{
	if (fresh)
		penalty_reboot(penalty, now_ns, real_ns);
	if (!penalty_is_sound(penalty, now_ns))
		*penalty = (struct penalty){ .key = penalty->key };
}

void
shared_repair(
    struct shared_state *state, bool fresh, uint64_t now_ns, uint64_t real_ns)
{
	repair_penalty(&state->all, fresh, now_ns, real_ns);
	for (size_t i = 0; i < SHARED_PENALTIES; i++)
		repair_penalty(&state->penalties[i], fresh, now_ns, real_ns);
	for (size_t i = 0; i < SHARED_BUCKETS; i++)
		if (fresh || !bucket_is_sound(&state->buckets[i], now_ns))
			state->buckets[i] = (struct bucket){ .key = 0 };
	if (fresh || !session_is_sound(&state->session, now_ns))
		session_init(&state->session, real_ns);
}

/* ---- the file */

static int
take_lock(int fd, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_SETLK, &lock);
}

static int
make_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t kind;
	int r;

	memset(lock, 0, sizeof *lock);
	r = pthread_mutexattr_init(&kind);
	if (r)
		return r;
	r = pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
	if (r == 0)
		r = pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
	if (r == 0)
		r = pthread_mutex_init(lock, &kind);
	(void)pthread_mutexattr_destroy(&kind);
	return r;
}

static bool
is_ours(const struct map *map, const uint8_t identity[HASH_SIZE])
{
	return memcmp(map->magic, MAGIC, sizeof map->magic) == 0 &&
	       map->size == sizeof *map && hash_equal(map->identity, identity);
}

/* With nobody else attached. */
static int
make_sound(struct map *map, const uint8_t identity[HASH_SIZE])
{
	const char *start = clock_boot_id();
	uint8_t boot[HASH_SIZE];

	hash_sha256(start, strlen(start), boot);
	if (!is_ours(map, identity)) {
		memset(map, 0, sizeof *map);
		memcpy(map->magic, MAGIC, sizeof map->magic);
		map->size = sizeof *map;
		memcpy(map->identity, identity, HASH_SIZE);
	}
	shared_repair(&map->state, !hash_equal(map->boot, boot),
	    clock_boot_ns(), clock_real_ns());
	memcpy(map->boot, boot, HASH_SIZE);
	return make_lock(&map->lock);
}

static int
map_file(int fd, struct map **ret_map)
{
	struct stat st;
	void *at;

	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
		errno = EPERM;
		return -1;
	}
	if (st.st_size != (off_t)sizeof **ret_map)
		return 1;
	at = mmap(
	    NULL, sizeof **ret_map, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -1;
	*ret_map = at;
	return 0;
}

/* 0; 1: somebody makes it sound right now; -1 with errno. */
static int
attach(int fd, const uint8_t identity[HASH_SIZE], struct map **ret_map)
{
	bool alone = take_lock(fd, F_WRLCK) == 0;
	int r;

	if (!alone && take_lock(fd, F_RDLCK) < 0)
		return errno == EAGAIN || errno == EACCES ? 1 : -1;
	/* the blocks are there, so that a full disk ends no process */
	if (alone && (ftruncate(fd, sizeof **ret_map) < 0 ||
			 posix_fallocate(fd, 0, sizeof **ret_map) != 0))
		return -1;
	r = map_file(fd, ret_map);
	if (r)
		return r;
	if (alone && (errno = make_sound(*ret_map, identity)))
		return -1;
	if (alone && take_lock(fd, F_RDLCK) < 0)
		return -1;
	if (is_ours(*ret_map, identity))
		return 0;
	errno = EILSEQ;
	return -1;
}

static int
open_private(const uint8_t identity[HASH_SIZE], struct map **ret_map)
{
	void *at = mmap(NULL, sizeof **ret_map, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return -1;
	*ret_map = at;
	errno = make_sound(at, identity);
	return errno ? -1 : 0;
}

static int
open_file(
    struct shared *shared, const char *path, const uint8_t identity[HASH_SIZE])
{
	const struct timespec pause = { .tv_nsec = 10 * NS_PER_MS };
	int r = 1;

	shared->fd = open(
	    path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (shared->fd < 0)
		return -1;
	for (int i = 0; r == 1 && i < ATTACH_TRIES; i++) {
		r = attach(shared->fd, identity, &shared->map);
		if (r == 1)
			(void)nanosleep(&pause, NULL);
	}
	if (r == 1)
		errno = ETIMEDOUT;
	return r == 0 ? 0 : -1;
}

int
shared_open(const char *path, const uint8_t identity[HASH_SIZE],
    struct shared **ret_shared, struct err *err)
{
	struct shared *shared = calloc(1, sizeof *shared);
	int r;

	if (!shared)
		return err_no_memory(err);
	shared->fd = -1;
	r = path ? open_file(shared, path, identity)
		 : open_private(identity, &shared->map);
	if (r == 0) {
		*ret_shared = shared;
		return 0;
	}
	r = err_set(err, ERR_JOURNAL_UNAVAILABLE,
	    "the file for pacing '%s' cannot be used: %s", path ? path : "",
	    strerror(errno));
	shared_close(shared);
	return r;
}

void
shared_close(struct shared *shared)
{
	if (!shared)
		return;
	if (shared->map)
		(void)munmap(shared->map, sizeof *shared->map);
	if (shared->fd >= 0)
		(void)close(shared->fd);
	free(shared);
}

/* As pthread_mutex_lock(), for at most LOCK_S. */
static int
lock_in_time(pthread_mutex_t *lock)
{
	struct timespec until;
	int r = pthread_mutex_trylock(lock);

	if (r != EBUSY)
		return r;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LOCK_S;
	return pthread_mutex_timedlock(lock, &until);
}

struct shared_state *
shared_lock(struct shared *shared)
{
	pthread_mutex_t *lock = &shared->map->lock;
	int r = lock_in_time(lock);

	if (r == EOWNERDEAD) {
		/* its owner died in the middle of a change */
		shared_repair(&shared->map->state, false, clock_boot_ns(),
		    clock_real_ns());
		r = pthread_mutex_consistent(lock);
	}
	return r ? NULL : &shared->map->state;
}

void
shared_unlock(struct shared *shared)
{
	(void)pthread_mutex_unlock(&shared->map->lock);
}

static long
futex(_Atomic uint32_t *word, int operation, uint32_t value,
    const struct timespec *timeout)
{
	return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

void
shared_ring(struct shared *shared)
{
	(void)atomic_fetch_add(&shared->map->rings, 1);
	(void)futex(&shared->map->rings, FUTEX_WAKE, INT32_MAX, NULL);
}

uint32_t
shared_rings(const struct shared *shared)
{
	return atomic_load(&shared->map->rings);
}

void
shared_wait(struct shared *shared, uint32_t seen, uint64_t ns)
{
	const struct timespec timeout = {
		.tv_sec = (time_t)(ns / NS_PER_S),
		.tv_nsec = (long)(ns % NS_PER_S),
	};

	(void)futex(&shared->map->rings, FUTEX_WAIT, seen, &timeout);
}

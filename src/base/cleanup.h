/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Scope-bound clean-up for gcc and clang: declare first, initialise at the
 * declaration, hand ownership out with STEAL().
 */

#ifndef IAG_BASE_CLEANUP_H
#define IAG_BASE_CLEANUP_H

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(fn) __attribute__((cleanup(fn)))

static inline void
cleanup_free_p(void *p)
{
	free(*(void **)p);
}

static inline void
cleanup_close_p(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void
cleanup_unlock_p(pthread_mutex_t **m)
{
	if (*m)
		(void)pthread_mutex_unlock(*m);
}

static inline pthread_mutex_t *
cleanup_lock(pthread_mutex_t *m)
{
	(void)pthread_mutex_lock(m);
	return m;
}

#define CLEANUP_FREE CLEANUP(cleanup_free_p)
#define CLEANUP_CLOSE CLEANUP(cleanup_close_p)

/* Hold mutex m (a pointer) until the end of the enclosing scope. */
#define LOCK_SCOPE(m)                                                        \
	pthread_mutex_t *LOCK_SCOPE_NAME(__LINE__) CLEANUP(cleanup_unlock_p) \
	    __attribute__((unused)) = cleanup_lock(m)
#define LOCK_SCOPE_NAME(line) LOCK_SCOPE_PASTE(line)
#define LOCK_SCOPE_PASTE(line) lock_scope_##line

/* Take the value of a pointer out of a cleanup variable. */
#define STEAL(p)                               \
	__extension__({                        \
		__typeof__(p) steal_tmp = (p); \
		(p) = NULL;                    \
		steal_tmp;                     \
	})

/* The same of a descriptor; the read is for analysers, blind to CLEANUP. */
#define STEAL_FD(fd)                           \
	__extension__({                        \
		const int steal_fd_tmp = (fd); \
		(fd) = -1;                     \
		(void)(fd);                    \
		steal_fd_tmp;                  \
	})

#define ARRAY_COUNT(a) (sizeof(a) / sizeof(*(a)))

#endif

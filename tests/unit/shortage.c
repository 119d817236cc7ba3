/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "shortage.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAVE_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define HAVE_OWN_MALLOC 0
#endif
#endif
#ifndef HAVE_OWN_MALLOC
#ifdef __GLIBC__
#define HAVE_OWN_MALLOC 1
#else
#define HAVE_OWN_MALLOC 0
#endif
#endif

#define NEVER INT32_MAX

static atomic_int countdown = NEVER; /* allocations until one fails */
static atomic_bool failed;

#if HAVE_OWN_MALLOC
#define SHOWN __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static bool
runs_out(void)
{
	if (atomic_load(&countdown) == NEVER)
		return false;
	if (atomic_fetch_sub(&countdown, 1) != 1)
		return false;
	atomic_store(&failed, true);
	errno = ENOMEM; /* the C library insists on it */
	return true;
}

SHOWN void *
malloc(size_t size)
{
	return runs_out() ? NULL : __libc_malloc(size);
}

SHOWN void *
calloc(size_t count, size_t size)
{
	return runs_out() ? NULL : __libc_calloc(count, size);
}

SHOWN void *
realloc(void *old, size_t size)
{
	return runs_out() ? NULL : __libc_realloc(old, size);
}
#endif

void
shortage_begin(int number)
{
	atomic_store(&failed, false);
	atomic_store(&countdown, number);
}

bool
shortage_end(void)
{
	atomic_store(&countdown, NEVER);
	return atomic_load(&failed);
}

/* valgrind puts its own malloc() also in front of ours */
bool
shortage_works(void)
{
	/* not inlined here, since elsewhere it is not either */
	void *(*volatile allocate)(size_t) = malloc;
	void *volatile memory;
	bool works;

	if (!HAVE_OWN_MALLOC)
		return false;
	shortage_begin(1);
	memory = allocate(1);
	(void)shortage_end();
	works = !memory;
	free(memory);
	return works;
}

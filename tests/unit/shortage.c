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
static atomic_bool counting;
static atomic_long live; /* allocated minus freed while counting */

#if HAVE_OWN_MALLOC
#define SHOWN __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *memory);

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

static void
count(const void *memory, int blocks)
{
	if (memory && atomic_load(&counting))
		(void)atomic_fetch_add(&live, blocks);
}

static void *
counted(void *memory)
{
	count(memory, 1);
	return memory;
}

SHOWN void *
malloc(size_t size)
{
	return runs_out() ? NULL : counted(__libc_malloc(size));
}

SHOWN void *
calloc(size_t number, size_t size)
{
	return runs_out() ? NULL : counted(__libc_calloc(number, size));
}

SHOWN void *
realloc(void *old, size_t size)
{
	if (runs_out())
		return NULL;
	return old ? __libc_realloc(old, size)
		   : counted(__libc_realloc(NULL, size));
}

SHOWN void
free(void *memory)
{
	count(memory, -1);
	__libc_free(memory);
}
#endif

void
shortage_begin(int number)
{
	atomic_store(&failed, false);
	atomic_store(&live, 0);
	atomic_store(&counting, true);
	atomic_store(&countdown, number);
}

bool
shortage_end(void)
{
	atomic_store(&countdown, NEVER);
	atomic_store(&counting, false);
	return atomic_load(&failed);
}

long
shortage_left(void)
{
	return atomic_load(&live);
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

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Memory runs out at the first allocation of a host's life, at the second,
 * and so on, on whichever thread that is: the call fails with an error, or
 * gives a sound answer, and the host can be taken down.  The program's own
 * malloc() stands in front of the C library's.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "host/host.h"
#include "ibkr-agent/plugin.h"

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
#define MOST 2000 /* allocations of one life; far more than there are */

static atomic_int countdown = NEVER; /* allocations until one fails */
static atomic_bool failed;
static char plug_dir[4096];

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

/* valgrind puts its own malloc() also in front of ours */
static bool
shortage_works(void)
{
	/* not inlined here, since elsewhere it is not either */
	void *(*volatile allocate)(size_t) = malloc;
	void *volatile memory;
	bool works;

	if (!HAVE_OWN_MALLOC)
		return false;
	atomic_store(&countdown, 1);
	memory = allocate(1);
	atomic_store(&countdown, NEVER);
	works = !memory;
	free(memory);
	return works;
}

static void
query(struct instance *probe, const char *operation)
{
	struct call *call = call_new(clock_boot_ns() + 20 * NS_PER_S);
	struct answer answer = { .json = NULL };
	CLEANUP_ERR struct err err = ERR_INIT;

	if (!call)
		return;
	if (backend_query(probe, call, operation, "{}", &answer, &err) == 0)
		assert_string_equal("{}", answer.json);
	else
		assert_int_not_equal(ERR_NONE, err.code);
	answer_fini(&answer);
	call_unref(call);
}

/* One life of a host; the plugin is in memory already. */
static void
live_once(void)
{
	static const struct instance_option options[] = {
		{ "guests", "2" },
		{ "colour", "green" },
	};
	char *items[] = { plug_dir, NULL };
	struct config_list dirs = { items, 1 };
	struct host *host = host_new(&dirs, NULL);
	struct instance *probe = NULL;
	struct plugin *plugin = NULL;
	CLEANUP_ERR struct err err = ERR_INIT;

	if (!host)
		return;
	if (host_load(host, IAG_KIND_BACKEND, "probe", &plugin, &err) == 0 &&
	    instance_open(host, plugin, "backend", options,
		ARRAY_COUNT(options), &probe, &err) == 0) {
		query(probe, "echo");
		query(probe, "silent");
		query(probe, "raw");
		query(probe, "limit");
		(void)instance_health(probe, NULL, &err);
	}
	/* Taking down needs no memory. */
	assert_true(host_free(host));
}

static void
test_shortage_of_memory_at_any_point_is_survived(void **state)
{
	int at;

	(void)state;
	live_once();
	if (!shortage_works())
		skip();
	for (at = 1; at < MOST; at++) {
		atomic_store(&failed, false);
		atomic_store(&countdown, at);
		live_once();
		atomic_store(&countdown, NEVER);
		if (!atomic_load(&failed))
			break;
	}
	assert_true(at > 20);
	assert_true(at < MOST);
}

static int
find_folder(void **state)
{
	const char *build = getenv("IAG_TEST_BUILDDIR");

	(void)state;
	(void)snprintf(plug_dir, sizeof plug_dir, "%s/tests/plug/.libs",
	    build ? build : ".");
	/* Not ours to change when another user has built it. */
	(void)chmod(plug_dir, 0755);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_shortage_of_memory_at_any_point_is_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, find_folder, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The contract kit for stores, as several threads and processes see them:
 * guards, and write transactions that exclude each other.  The peer process
 * is forked before the plugin is loaded, so that each has a store of its own
 * on the same path.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "host/kitstore.h"

#define SHORT_NS (50 * NS_PER_MS)
#define LONG_NS (10 * NS_PER_S)

/* The result of taking a guard within ns; *ret_guard: NULL if not got. */
static int
take(struct instance *store, const char *name, uint32_t mode, uint64_t ns,
    struct store_guard **ret_guard)
{
	struct call *call = call_new(clock_boot_ns() + ns);
	int r;

	*ret_guard = NULL;
	if (!call)
		return IAG_NOMEM;
	r = store_guard_take(store, call, name, mode, ret_guard, NULL);
	call_unref(call);
	return r;
}

static void
expect_result(struct kit *kit, int found, int expected, const char *what)
{
	(void)kit_expect(kit, found == expected, "%s returned %d, expected %s",
	    what, found, expected ? err_class_name(expected) : "0");
}

struct waiter {
	struct instance *store;
	struct store_guard *guard;
	pthread_t thread;
	int r;
};

static void *
wait_for_guard(void *arg)
{
	struct waiter *waiter = arg;

	waiter->r = take(waiter->store, "account:a", IAG_STORE_EXCLUSIVE,
	    LONG_NS, &waiter->guard);
	store_guard_drop(waiter->guard);
	return NULL;
}

static void
check_exclusive(struct kit *kit, struct instance *store)
{
	struct waiter waiter = { .store = store };
	struct store_guard *guard;
	struct store_guard *other;

	expect_result(kit, store_guard_check(store, "account:a", NULL), 0,
	    "guard_check of a free guard");
	expect_result(kit,
	    take(store, "account:a", IAG_STORE_EXCLUSIVE, LONG_NS, &guard), 0,
	    "guard");
	expect_result(kit, store_guard_check(store, "account:a", NULL),
	    IAG_AGAIN, "guard_check of a held guard");
	expect_result(kit,
	    take(store, "account:a", IAG_STORE_EXCLUSIVE, SHORT_NS, &other),
	    IAG_AGAIN, "a second exclusive guard");
	store_guard_drop(other);
	expect_result(kit,
	    take(store, "account:a", IAG_STORE_SHARED, SHORT_NS, &other),
	    IAG_AGAIN, "a shared guard beside an exclusive one");
	store_guard_drop(other);
	expect_result(kit,
	    take(store, "account:b", IAG_STORE_EXCLUSIVE, SHORT_NS, &other), 0,
	    "a guard of another name");
	store_guard_drop(other);
	if (pthread_create(&waiter.thread, NULL, wait_for_guard, &waiter) ==
	    0) {
		store_guard_drop(guard);
		(void)pthread_join(waiter.thread, NULL);
		expect_result(
		    kit, waiter.r, 0, "a guard that became free in time");
	} else {
		store_guard_drop(guard);
	}
	expect_result(kit, store_guard_check(store, "account:a", NULL), 0,
	    "guard_check after the last unguard");
}

static void
check_shared(struct kit *kit, struct instance *store)
{
	struct store_guard *one;
	struct store_guard *two;
	struct store_guard *other;

	expect_result(kit,
	    take(store, "send.lock", IAG_STORE_SHARED, LONG_NS, &one), 0,
	    "a shared guard");
	expect_result(kit,
	    take(store, "send.lock", IAG_STORE_SHARED, LONG_NS, &two), 0,
	    "a second shared guard");
	store_guard_drop(one);
	expect_result(kit,
	    take(store, "send.lock", IAG_STORE_EXCLUSIVE, SHORT_NS, &other),
	    IAG_AGAIN, "an exclusive guard beside a shared one");
	store_guard_drop(other);
	store_guard_drop(two);
	expect_result(kit,
	    take(store, "send.lock", IAG_STORE_EXCLUSIVE, LONG_NS, &other), 0,
	    "an exclusive guard after the shared ones");
	store_guard_drop(other);
}

void
kit_check_guards(struct kit *kit)
{
	struct instance *store;

	kit_begin(kit, "guards");
	store = kit_open_store(kit);
	if (store) {
		check_exclusive(kit, store);
		check_shared(kit, store);
		(void)kit_close(kit);
	}
	(void)kit_end(kit);
}

/* A process that opens the store, does one thing, and waits to be killed. */
struct peer {
	pid_t pid;
	int ready; /* 'y' once the thing is done, or 'n' and why not */
};

static void
peer_main(struct kit *kit, bool (*act)(struct kit *kit), int ready)
{
	char answer[sizeof kit->fault + 1];

	/* Its lines are nobody's: the parent tells what went wrong. */
	kit->fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	kit_begin(kit, "peer");
	if (!act(kit) && !kit->failed)
		(void)kit_expect(kit, false, "a guard was not to be had");
	(void)snprintf(
	    answer, sizeof answer, "%c%s", kit->failed ? 'n' : 'y', kit->fault);
	if (write(ready, answer, strlen(answer)) > 0)
		for (;;)
			(void)pause();
	_exit(1);
}

static bool
peer_start(struct kit *kit, bool (*act)(struct kit *kit), struct peer *peer)
{
	int ends[2];

	if (!kit_expect(kit, pipe2(ends, O_CLOEXEC) == 0, "no pipe"))
		return false;
	peer->pid = fork();
	if (peer->pid == 0) {
		(void)close(ends[0]);
		peer_main(kit, act, ends[1]);
	}
	(void)close(ends[1]);
	peer->ready = ends[0];
	return kit_expect(kit, peer->pid > 0, "no process");
}

static bool
peer_is_ready(struct kit *kit, struct peer *peer)
{
	char answer[sizeof kit->fault + 1];
	ssize_t n = read(peer->ready, answer, sizeof answer - 1);

	answer[n > 0 ? n : 0] = '\0';
	return kit_expect(kit, answer[0] == 'y',
	    "another process could not use the store: %s",
	    answer[0] ? answer + 1 : "it ended");
}

static void
peer_kill(struct peer *peer)
{
	(void)kill(peer->pid, SIGKILL);
	(void)waitpid(peer->pid, NULL, 0);
	(void)close(peer->ready);
}

static bool
hold_guard(struct kit *kit)
{
	struct instance *store = kit_open_store(kit);
	struct store_guard *guard;

	return store &&
	       take(store, "owners/x", IAG_STORE_EXCLUSIVE, LONG_NS, &guard) ==
		   IAG_INVAL &&
	       take(store, "owners:x", IAG_STORE_EXCLUSIVE, LONG_NS, &guard) ==
		   0;
}

void
kit_check_guard_peer(struct kit *kit)
{
	struct instance *store = NULL;
	struct store_guard *guard;
	struct peer peer;

	kit_begin(kit, "guards_of_processes");
	if (!peer_start(kit, hold_guard, &peer)) {
		(void)kit_end(kit);
		return;
	}
	if (peer_is_ready(kit, &peer))
		store = kit_open_store(kit);
	if (store) {
		expect_result(kit, store_guard_check(store, "owners:x", NULL),
		    IAG_AGAIN, "guard_check of another process's guard");
		expect_result(kit,
		    take(store, "owners:x", IAG_STORE_EXCLUSIVE, SHORT_NS,
			&guard),
		    IAG_AGAIN, "a guard that another process holds");
		store_guard_drop(guard);
	}
	peer_kill(&peer);
	if (store) {
		expect_result(kit,
		    take(store, "owners:x", IAG_STORE_EXCLUSIVE, LONG_NS,
			&guard),
		    0, "a guard whose process was killed");
		store_guard_drop(guard);
		expect_result(kit, store_guard_check(store, "owners:x", NULL),
		    0, "guard_check after its end");
		(void)kit_close(kit);
	}
	(void)kit_end(kit);
}

static bool
hold_write(struct kit *kit)
{
	struct instance *store = kit_open_store(kit);
	struct store_txn *txn =
	    store ? kit_store_begin(kit, store, IAG_STORE_WRITE) : NULL;

	if (!txn)
		return false;
	kit_store_put(kit, txn, 10, "never", "committed");
	return true;
}

static int
begin_within(struct instance *store, uint64_t ns, struct store_txn **ret_txn)
{
	struct call *call = call_new(clock_boot_ns() + ns);
	int r;

	*ret_txn = NULL;
	if (!call)
		return IAG_NOMEM;
	r = store_begin(store, call, IAG_STORE_WRITE, ret_txn, NULL);
	call_unref(call);
	return r;
}

void
kit_check_write_peer(struct kit *kit)
{
	struct instance *store = NULL;
	struct store_txn *txn;
	struct peer peer;

	kit_begin(kit, "writers_of_processes");
	if (!peer_start(kit, hold_write, &peer)) {
		(void)kit_end(kit);
		return;
	}
	if (peer_is_ready(kit, &peer))
		store = kit_open_store(kit);
	if (store) {
		expect_result(kit, begin_within(store, SHORT_NS, &txn),
		    IAG_AGAIN, "begin beside another process's writer");
		store_abort(txn);
	}
	peer_kill(&peer);
	if (store) {
		expect_result(kit, begin_within(store, LONG_NS, &txn), 0,
		    "begin after the other writer was killed");
		if (txn) {
			kit_store_expect(kit, txn, 10, "never", NULL);
			kit_store_put(kit, txn, 10, "after", "it");
			kit_store_commit(kit, txn);
		}
		(void)kit_close(kit);
	}
	(void)kit_end(kit);
}

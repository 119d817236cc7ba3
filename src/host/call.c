/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Calls.  Nothing here waits: whoever waits for the end of a call watches
 * it and keeps a lock and a condition of its own.
 *
 * Any thread enters.  call->lock guards the watches and the descriptor; the
 * flag is atomic, so that asking costs nothing.
 * Lock order: call->lock, then whatever a watch takes.
 */

#include "host/call.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/clock.h"

struct call {
	atomic_uint refs;
	atomic_bool cancelled;
	uint64_t deadline_ns;
	pthread_mutex_t lock;
	struct call_watch *watches;
	int fd;
};

struct call *
call_new(uint64_t deadline_ns)
{
	struct call *call = calloc(1, sizeof *call);

	if (!call)
		return NULL;
	atomic_init(&call->refs, 1);
	atomic_init(&call->cancelled, false);
	call->deadline_ns = deadline_ns;
	call->fd = -1;
	(void)pthread_mutex_init(&call->lock, NULL);
	return call;
}

struct call *
call_ref(struct call *call)
{
	atomic_fetch_add(&call->refs, 1);
	return call;
}

void
call_unref(struct call *call)
{
	if (!call || atomic_fetch_sub(&call->refs, 1) != 1)
		return;
	if (call->fd >= 0)
		(void)close(call->fd);
	(void)pthread_mutex_destroy(&call->lock);
	free(call);
}

void
call_cancel(struct call *call)
{
	LOCK_SCOPE(&call->lock);
	struct call_watch *watch;

	if (atomic_exchange(&call->cancelled, true))
		return;
	if (call->fd >= 0)
		(void)eventfd_write(call->fd, 1);
	for (watch = call->watches; watch; watch = watch->next)
		watch->wake(watch);
}

bool
call_is_cancelled(const struct call *call)
{
	return atomic_load(&call->cancelled);
}

bool
call_is_over(const struct call *call)
{
	return call_is_cancelled(call) ||
	       (call->deadline_ns != UINT64_MAX &&
		   clock_boot_ns() >= call->deadline_ns);
}

uint64_t
call_deadline_ns(const struct call *call)
{
	return call->deadline_ns;
}

int
call_fd(struct call *call)
{
	LOCK_SCOPE(&call->lock);

	if (call->fd < 0)
		call->fd = eventfd(atomic_load(&call->cancelled) ? 1 : 0,
		    EFD_CLOEXEC | EFD_NONBLOCK);
	return call->fd;
}

void
call_add_watch(struct call *call, struct call_watch *watch)
{
	LOCK_SCOPE(&call->lock);

	watch->prev = NULL;
	watch->next = call->watches;
	if (watch->next)
		watch->next->prev = watch;
	call->watches = watch;
	if (atomic_load(&call->cancelled))
		watch->wake(watch);
}

void
call_drop_watch(struct call *call, struct call_watch *watch)
{
	LOCK_SCOPE(&call->lock);

	if (watch->prev)
		watch->prev->next = watch->next;
	else
		call->watches = watch->next;
	if (watch->next)
		watch->next->prev = watch->prev;
}

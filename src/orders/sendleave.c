/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * See sendleave.h.
 *
 * Threads: callers, and plugin threads that end.
 * Locks: one for all leaves, held while a guard is dropped, so that none is
 * after its store was closed.
 */

#include "orders/sendleave.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define GUARD_NS NS_PER_S

struct send_leave {
	struct send_leave *next;
	struct desk *desk;
	unsigned refs;
	bool is_forgotten;
	struct store_guard *guard;
	struct store_guard *sending; /* NULL: its caller is there */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct send_leave *leaves; /* guarded by lock, with all in it */

int
send_leave_take(struct desk *desk, struct call *call,
    struct send_leave **ret_leave, struct err *err)
{
	struct send_leave *leave = calloc(1, sizeof(*leave));
	int ret;

	if (!leave)
		return err_no_memory(err);
	leave->desk = desk;
	leave->refs = 1;
	ret = journal_guard_take(
	    desk_journal(desk), call, GUARD_SEND, false, &leave->guard, err);
	if (ret) {
		free(leave);
		return ret;
	}
	LOCK_SCOPE(&lock);
	leave->next = leaves;
	leaves = leave;
	*ret_leave = leave;
	return 0;
}

struct send_leave *
send_leave_ref(struct send_leave *leave)
{
	LOCK_SCOPE(&lock);

	if (leave)
		leave->refs++;
	return leave;
}

static void
take_out(struct send_leave *leave)
{
	struct send_leave **at = &leaves;

	while (*at != leave)
		at = &(*at)->next;
	*at = leave->next;
}

void
send_leave_unref(struct send_leave *leave)
{
	LOCK_SCOPE(&lock);

	if (!leave || --leave->refs || leave->is_forgotten)
		return;
	take_out(leave);
	journal_guard_drop(leave->sending);
	journal_guard_drop(leave->guard);
	free(leave);
}

/* It goes on without its caller, and nobody was told. */
static bool
is_untold(const struct send_leave *leave)
{
	LOCK_SCOPE(&lock);

	return leave->refs > 1 && !leave->sending;
}

/* NULL: it could not be had; then max_flight alone stands for it. */
static struct store_guard *
sending_guard(struct desk *desk)
{
	struct call *call = call_new(clock_boot_ns() + GUARD_NS);
	struct store_guard *guard = NULL;
	char name[GUARD_NAME_SIZE];
	const char *owner;

	if (call && desk_owner(desk, &owner, NULL) == 0) {
		guard_name_sending(name, owner);
		(void)journal_guard_take(
		    desk_journal(desk), call, name, false, &guard, NULL);
	}
	call_unref(call);
	return guard;
}

void
send_leave_tell(struct send_leave *leave)
{
	struct store_guard *sending;

	if (!leave || !is_untold(leave))
		return;
	sending = sending_guard(leave->desk);
	LOCK_SCOPE(&lock);
	leave->sending = sending;
}

void
send_leave_return(struct send_leave *leave)
{
	send_leave_tell(leave);
	send_leave_unref(leave);
}

void
send_leave_forget(const struct desk *desk)
{
	LOCK_SCOPE(&lock);

	for (struct send_leave *leave = leaves; leave; leave = leave->next)
		leave->is_forgotten |= leave->desk == desk;
}

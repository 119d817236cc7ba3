/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * One call on its way through the house: deadline and cancellation.  Made at
 * the door, passed down by pointer, counted, because an abandoned plugin
 * callback may outlive the caller.
 */

#ifndef IAG_HOST_CALL_H
#define IAG_HOST_CALL_H

#include <stdbool.h>
#include <stdint.h>

struct call;

/* deadline_ns on the boot clock, UINT64_MAX for none; NULL: no memory. */
struct call *call_new(uint64_t deadline_ns);
struct call *call_ref(struct call *call);
void call_unref(struct call *call); /* NULL is fine */

/* Safe from any thread, any number of times; wakes whoever waits. */
void call_cancel(struct call *call);
bool call_is_cancelled(const struct call *call);
/* Cancelled, or past the deadline. */
bool call_is_over(const struct call *call);
uint64_t call_deadline_ns(const struct call *call);
/* Readable once cancelled (not at the deadline); made at first use, -1. */
int call_fd(struct call *call);

/*
 * Be told of the cancellation: wake() runs once, on the thread that cancels
 * (at once if that has happened already), with the call's lock held, so it
 * may take locks of its own but call nothing of this file.  After
 * call_drop_watch() has returned it is not running and will not run.
 */
struct call_watch {
	void (*wake)(struct call_watch *watch);
	struct call_watch *prev;
	struct call_watch *next;
};
void call_add_watch(struct call *call, struct call_watch *watch);
void call_drop_watch(struct call *call, struct call_watch *watch);

#endif

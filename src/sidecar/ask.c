/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

#include "sidecar/ask.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

static void
wake(int fd)
{
	uint64_t one = 1;

	(void)!write(fd, &one, sizeof one);
}

int
asks_init(struct asks *asks, struct err *err)
{
	(void)pthread_mutex_init(&asks->lock, NULL);
	asks->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return asks->wake_fd < 0
		   ? err_set(err, ERR_INTERNAL_ERROR, "cannot make an eventfd")
		   : 0;
}

void
asks_fini(struct asks *asks)
{
	if (asks->wake_fd >= 0)
		(void)close(asks->wake_fd);
	(void)pthread_mutex_destroy(&asks->lock);
}

void
asks_wake(struct asks *asks)
{
	wake(asks->wake_fd);
}

void
asks_shut(struct asks *asks)
{
	LOCK_SCOPE(&asks->lock);

	asks->is_shut = true;
}

void
ask_end(struct ask *ask)
{
	ask->state = ASK_DONE;
	wake(ask->done_fd);
}

void
asks_fail(struct asks *asks, const struct err *why)
{
	LOCK_SCOPE(&asks->lock);

	for (struct ask *ask = asks->list; ask; ask = ask->next) {
		if (ask->state != ASK_SENT)
			continue;
		(void)err_set(&ask->err, ERR_SIDECAR_UNAVAILABLE,
		    "the session with the sidecar ended before it answered: "
		    "%s",
		    err_text(why));
		ask_end(ask);
	}
}

struct ask *
ask_find(struct asks *asks, const char *request_id)
{
	struct ask *ask = asks->list;

	while (ask && (ask->state != ASK_SENT ||
			  strcmp(ask->envelope.request_id, request_id) != 0))
		ask = ask->next;
	return ask;
}

void
asks_refuse(struct asks *asks)
{
	LOCK_SCOPE(&asks->lock);

	for (struct ask *ask = asks->list; ask; ask = ask->next) {
		if (ask->state != ASK_QUEUED)
			continue;
		(void)err_set(&ask->err, ERR_SIDECAR_UNAVAILABLE,
		    "no sidecar is connected");
		ask_end(ask);
	}
}

int
ask_join(struct asks *asks, struct ask *ask, struct err *err)
{
	LOCK_SCOPE(&asks->lock);

	if (asks->is_shut)
		return err_set(
		    err, ERR_SIDECAR_UNAVAILABLE, "the gateway is stopping");
	if (asks->count >= ASKS_MAX)
		return err_set(err, ERR_SIDECAR_UNAVAILABLE,
		    "%d requests wait for the sidecar already", (int)ASKS_MAX);
	ask->next = asks->list;
	asks->list = ask;
	asks->count++;
	asks->requests++;
	return 0;
}

/* The sidecar is told; what is more than a session can have is let go. */
static void
give_up(struct asks *asks, const struct ask *ask)
{
	struct given_up *one;

	if (asks->given_up_count >= ASKS_MAX)
		return;
	one = &asks->given_up[asks->given_up_count++];
	memcpy(
	    one->request_id, ask->envelope.request_id, sizeof one->request_id);
	memcpy(one->relay_session_id, ask->envelope.relay_session_id,
	    sizeof one->relay_session_id);
	asks_wake(asks);
}

void
ask_leave(struct asks *asks, struct ask *ask, bool failed)
{
	LOCK_SCOPE(&asks->lock);
	struct ask **at = &asks->list;

	while (*at != ask)
		at = &(*at)->next;
	*at = ask->next;
	asks->count--;
	if (ask->state == ASK_SENT)
		give_up(asks, ask);
	asks->failures += failed || ask->err.code != ERR_NONE;
}

static bool
ask_is_done(struct asks *asks, const struct ask *ask)
{
	LOCK_SCOPE(&asks->lock);

	return ask->state == ASK_DONE;
}

int
ask_wait(struct asks *asks, struct ask *ask, uint64_t deadline_ns,
    int cancel_fd, struct err *err)
{
	struct pollfd fds[] = { { .fd = ask->done_fd, .events = POLLIN },
		{ .fd = cancel_fd, .events = POLLIN } };

	asks_wake(asks);
	while (!ask_is_done(asks, ask)) {
		uint64_t now_ns = clock_boot_ns();
		uint64_t left_ns =
		    deadline_ns > now_ns ? deadline_ns - now_ns : 0;

		/* cancel_fd is readable at the deadline, too */
		if (left_ns == 0)
			return err_set(err, ERR_CALL_TIMED_OUT,
			    "the sidecar did not answer in time");
		if (fds[1].revents)
			return err_set(
			    err, ERR_CALL_CANCELLED, "the call was cancelled");
		if (left_ns > 60 * NS_PER_S)
			left_ns = 60 * NS_PER_S;
		(void)poll(
		    fds, ARRAY_COUNT(fds), (int)(left_ns / NS_PER_MS) + 1);
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Threads: one waits for signals while the calling thread is inside a call;
 * nothing is shared but the call, which is counted, and descriptors that are
 * closed after the thread has been joined.
 */

#include "cli/interrupt.h"

#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/thread.h"

static void
signal_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
}

void
interrupt_block(void)
{
	sigset_t set;

	signal_set(&set);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* As if the signal had never been blocked. */
static void
die_by(uint32_t number)
{
	sigset_t set;

	signal_set(&set);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	(void)raise((int)number);
}

static void *
watch(void *arg)
{
	struct interrupt *interrupt = arg;
	struct pollfd fds[] = {
		{ .fd = interrupt->signal_fd, .events = POLLIN },
		{ .fd = interrupt->stop_fd, .events = POLLIN },
	};
	struct signalfd_siginfo info;

	while (poll(fds, ARRAY_COUNT(fds), -1) >= 0 && !fds[1].revents) {
		if (read(interrupt->signal_fd, &info, sizeof(info)) !=
		    (ssize_t)sizeof(info))
			continue;
		if (call_is_cancelled(interrupt->call))
			die_by(info.ssi_signo);
		(void)fputs("ibkr-agent: cancelling; once more to leave an "
			    "order to `ibkr-agent orders pending`\n",
		    stderr);
		call_cancel(interrupt->call);
	}
	return NULL;
}

void
interrupt_start(struct interrupt *interrupt, struct call *call)
{
	sigset_t set;

	signal_set(&set);
	*interrupt = (struct interrupt){
		.call = call_ref(call),
		.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
		.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	interrupt->runs =
	    interrupt->signal_fd >= 0 && interrupt->stop_fd >= 0 &&
	    thread_start(&interrupt->thread, 0, watch, interrupt) == 0;
}

void
interrupt_stop(struct interrupt *interrupt)
{
	uint64_t one = 1;

	if (interrupt->runs) {
		(void)!write(interrupt->stop_fd, &one, sizeof(one));
		(void)pthread_join(interrupt->thread, NULL);
	}
	if (interrupt->signal_fd >= 0)
		(void)close(interrupt->signal_fd);
	if (interrupt->stop_fd >= 0)
		(void)close(interrupt->stop_fd);
	call_unref(interrupt->call);
}

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * SIGINT and SIGTERM while a command changes something at the broker: the
 * first one cancels the call, so that what became of the order is settled and
 * told; the second one ends the process.
 */

#ifndef IAG_CLI_INTERRUPT_H
#define IAG_CLI_INTERRUPT_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "host/call.h"

struct interrupt {
	struct call *call; /* counted */
	int signal_fd, stop_fd;
	pthread_t thread;
	bool runs;
};

/*
 * Block the signals; before any thread is made, so that all inherit it.
 * Nothing else happens where that cannot be done: a signal then ends the
 * process, as it does everywhere.
 */
void interrupt_block(void);
/* Cancel call at the first signal from now on. */
void interrupt_start(struct interrupt *interrupt, struct call *call);
/* Signals have no effect any more: the answer is at hand. */
void interrupt_stop(struct interrupt *interrupt);

#endif

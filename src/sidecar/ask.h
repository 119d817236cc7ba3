/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * Reads that wait for the sidecar.  Threads of the host come with asks, which
 * stand on their stacks, and wait; the hub's thread sends and answers them.
 * asks->lock guards the list, what is in it, and the counts.
 */

#ifndef IAG_SIDECAR_ASK_H
#define IAG_SIDECAR_ASK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sidecar/envelope.h"
#include "sidecar/pairing.h"
#include "tools/tool.h"

enum { ASKS_MAX = 64 };

enum ask_state { ASK_QUEUED, ASK_SENT, ASK_DONE };

struct ask {
	struct ask *next;
	enum ask_state state;
	int done_fd;
	const struct tool *tool;
	const char *arguments; /* JSON */
	size_t len;
	struct envelope envelope; /* once it is sent */
	struct pairing pairing;   /* ids of the session that had it */
	bool is_answered;
	struct envelope answer_envelope; /* as it came outside */
	char *answer_text;
	struct parcel answer;
	struct err err;
};

/* One that was sent and that nobody waits for any more. */
struct given_up {
	char request_id[ID_TEXT_SIZE];
	char relay_session_id[RELAY_ID_SIZE];
};

struct asks {
	int wake_fd; /* readable: there is something to send */
	pthread_mutex_t lock;
	bool is_shut;
	struct ask *list;
	unsigned count;
	/* no session has more of them that were sent */
	struct given_up given_up[ASKS_MAX];
	unsigned given_up_count;
	uint64_t requests, failures;
};

int asks_init(struct asks *asks, struct err *err);
void asks_fini(struct asks *asks);
void asks_wake(struct asks *asks);
/* Nobody joins any more. */
void asks_shut(struct asks *asks);

/* The host's threads. */
int ask_join(struct asks *asks, struct ask *ask, struct err *err);
/* Until deadline_ns of the boot clock, or until cancel_fd is readable. */
int ask_wait(struct asks *asks, struct ask *ask, uint64_t deadline_ns,
    int cancel_fd, struct err *err);
void ask_leave(struct asks *asks, struct ask *ask, bool failed);

/* The hub's thread.  The session is over: what it had was lost. */
void asks_fail(struct asks *asks, const struct err *why);
/* Nobody is there to be asked. */
void asks_refuse(struct asks *asks);
/* The lock is held.  Of those that were sent; NULL: whoever asked has gone. */
struct ask *ask_find(struct asks *asks, const char *request_id);
void ask_end(struct ask *ask);

#endif

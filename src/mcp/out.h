/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The one way out: whole lines, one after the other, from any thread, to a
 * descriptor or to a function.  A
 * peer that does not read blocks the senders, but not past the point where
 * the server is told to stop or the peer has closed its own side.  Senders that
 * have other peers, too, are not blocked: what is not read waits (is_queue).
 */

#ifndef IAG_MCP_OUT_H
#define IAG_MCP_OUT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Takes a line in place of a descriptor; false: nobody reads any more. */
typedef bool out_take_fn(void *arg, struct buf *line);

struct out {
	pthread_mutex_t lock;
	out_take_fn *take; /* NULL: fd */
	void *arg;
	int fd;
	int in;      /* the peer's other direction: a hang-up ends patience */
	int stop_fd; /* readable: do not wait any more; -1: none */
	int halt_fd; /* made readable by out_close() */
	struct buf rest; /* what waits, from rest_at */
	size_t rest_at;
	bool is_queue;  /* set before anything is sent, on a socket */
	bool is_behind; /* atomic; something waits for out_flush() */
	bool is_own;    /* fd was opened here */
	bool is_socket;
	bool is_closed;
};

/* Descriptors are borrowed. */
int out_init(struct out *out, int fd, int in, int stop_fd, struct err *err);
/* take() may be called by any thread, by one at a time. */
void out_init_taker(struct out *out, out_take_fn *take, void *arg);
void out_fini(struct out *out);

/*
 * false: nobody reads any more; nothing more will be sent.  The line may be
 * taken over: it has no contents that count afterwards.
 */
bool out_send(struct out *out, struct buf *line);

/*
 * Does something wait for the peer?  Then out_flush() is due each time that
 * fd can be written; it does not wait.
 */
bool out_is_behind(struct out *out);
void out_flush(struct out *out);

/* Later lines are dropped, and senders that wait give up. */
void out_close(struct out *out);
bool out_is_closed(struct out *out);

#endif

/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The ward over connections: how many there may be, how long each may stay
 * in what it does, and which peer has hung up while its answer is made.  One
 * thread; it ends connections by shutdown(2), and their owner notices.
 */

#ifndef IAG_HTTP_WARD_H
#define IAG_HTTP_WARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/err.h"

enum ward_phase {
	WARD_FRESH,   /* nothing was asked yet */
	WARD_IDLE,    /* kept between two requests */
	WARD_READING, /* from the request line to the end of the body */
	WARD_WORKING, /* the answer is being made */
	WARD_SENDING, /* the answer goes out */
	WARD_STREAM,  /* it goes on for as long as both want */
	WARD_PHASE_COUNT
};

struct ward_limits {
	unsigned connections;
	unsigned per_address;               /* 0: no such limit */
	uint64_t stay_ns[WARD_PHASE_COUNT]; /* 0: no end */
};

struct ward;
struct ward_entry; /* one connection */

struct ward_calls {
	/* Keep the request until gone() is called with it. */
	void (*hold)(void *arg, void *request);
	/* The peer of a connection in WARD_WORKING or WARD_STREAM hung up. */
	void (*gone)(void *arg, void *request);
	/* Has what a stream sends been waiting for too long? */
	bool (*is_stalled)(void *arg, void *request, uint64_t now_ns);
	void (*tick)(void *arg); /* about once in a second */
};

/*
 * On the ward's thread or that of ward_phase(); hold() and is_stalled() under
 * the ward's lock.
 */
int ward_start(const struct ward_limits *limits, const struct ward_calls *calls,
    void *arg, struct ward **ret_ward, struct err *err);
/* No more ticks, no more ends by time. */
void ward_stop(struct ward *ward);
void ward_free(struct ward *ward); /* after ward_stop() and every entry */

/*
 * May one more come from there?  is_exempt: the limit for one address does
 * not count.  When all places are taken, the connection that has been idle
 * for the longest time is ended; a few beyond the limit are let in, so that
 * they can be told.
 */
bool ward_admits(
    struct ward *ward, const struct address *address, bool is_exempt);
/*
 * What ward_admits() says holds only here.  NULL: no room after all, or no
 * memory, and fd is shut down.  fd stays open until ward_leave().
 */
struct ward_entry *ward_enter(
    struct ward *ward, int fd, const struct address *address, bool is_exempt);
void ward_leave(struct ward *ward, struct ward_entry *entry);

/* request: what gone() is told of; only in WARD_WORKING and WARD_STREAM. */
void ward_phase(struct ward *ward, struct ward_entry *entry,
    enum ward_phase phase, void *request);
/* Is it one beyond the limit? */
bool ward_is_extra(const struct ward_entry *entry);
/* What ward_start() was given as arg. */
void *ward_owner(const struct ward_entry *entry);
/* End those that do nothing at the moment. */
void ward_end_idle(struct ward *ward);
unsigned ward_count(struct ward *ward);

#endif

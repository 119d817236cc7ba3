/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A broker in a process of its own, for tests that kill the gateway: its book
 * stays whatever happens to the sender, and it counts every request that
 * reached it, so that an order which was sent twice is seen.  One request and
 * one reply a connection, over a SOCK_SEQPACKET socket of the file system.
 */

#ifndef IAG_TESTS_CRASH_VENUE_H
#define IAG_TESTS_CRASH_VENUE_H

#include <stdint.h>
#include <sys/types.h>

enum venue_verb {
	VENUE_SUBMIT = 1,
	VENUE_CANCEL,
	VENUE_MODIFY,
	VENUE_FIND,
	VENUE_COUNT, /* of the orders in the book */
	VENUE_ROW    /* the order at index count, if there is one */
};

enum venue_answer {
	VENUE_DONE = 1,
	VENUE_TWICE, /* the reference is in the book already */
	VENUE_ABSENT
};

#define VENUE_TEXT 80
#define VENUE_LEGS 3

struct venue_order {
	char ref[VENUE_TEXT];
	char account[VENUE_TEXT];
	char quantity[VENUE_TEXT];
	char price[VENUE_TEXT];
};

struct venue_request {
	uint32_t verb;
	uint32_t count; /* orders of a submit; they come into the book at
			   once or not at all */
	struct venue_order orders[VENUE_LEGS];
};

struct venue_reply {
	uint32_t answer;
	uint32_t submits;  /* how often this reference was submitted */
	uint32_t cancels;  /* ... and cancelled */
	uint32_t modifies; /* ... and modified */
	uint32_t is_cancelled;
	uint32_t count; /* VENUE_COUNT */
	struct venue_order order;
};

/* Start the process; it lives until venue_stop(). */
pid_t venue_start(const char *socket_path);
void venue_stop(pid_t pid);

/* One exchange; 0, or -1 with errno. */
int venue_ask(const char *socket_path, const struct venue_request *request,
    struct venue_reply *ret_reply);
/* VENUE_FIND of a reference. */
struct venue_reply venue_find(const char *socket_path, const char *ref);

#endif

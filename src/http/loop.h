/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/* What the two halves of the listener share: the loops, and their answers. */

#ifndef IAG_HTTP_LOOP_H
#define IAG_HTTP_LOOP_H

#include <pthread.h>
#include <sys/types.h>

#include <microhttpd.h>

#include "http/guard.h"
#include "http/listener.h"
#include "http/ward.h"

struct listener {
	struct listener_calls calls;
	void *arg;
	struct certificate *certificate;
	struct MHD_Daemon *daemon;
	struct ward *ward;
	unsigned max_connections;
	size_t body_max;
	size_t bodies_max;
	uint64_t send_ns; /* for a peer to read what waits */
	char address[ADDRESS_TEXT_SIZE + 8];
	pthread_mutex_t lock;
	pthread_cond_t quiet; /* with lock: running became 0 */
	struct listener_request *requests;
	struct listener_request *spare; /* by next */
	unsigned spare_count;
	unsigned running; /* taken, and not over */
	uint64_t accepted;
	size_t bodies; /* atomic; bytes of all bodies */
	bool is_quiet; /* no more requests on the same connection */
	bool is_cut;   /* nothing is answered any more */
};

enum { LISTENER_HEADERS_MAX = 64 };

struct listener_request {
	struct listener *listener;
	struct listener_request *next, *prev; /* with the listener's lock */
	struct MHD_Connection *connection;    /* its loop's; or suspended */
	struct ward_entry *entry;             /* its loop's */
	unsigned ref_count;                   /* atomic */
	/* written by the loop before take() */
	const char *method;
	/* the target, then values of headers, each with a NUL behind it */
	struct buf text;
	size_t headers[HEADERS_KNOWN]; /* where in text, and 1; 0: none */
	size_t header_count;
	struct buf body;
	size_t body_max;
	size_t skipped; /* bytes of a body that nobody wants */
	struct address peer;
	void *context;
	bool is_begun; /* head() was called */
	bool is_taken;
	bool is_too_large;
	pthread_mutex_t lock;
	/* with lock */
	struct MHD_Response *response; /* to be queued */
	struct buf answer;             /* its body, for as long as this lives */
	unsigned status;
	bool is_answered;
	bool is_suspended;
	bool is_over; /* the connection does not know it any more */
	bool is_cut;  /* close instead of an answer */
	bool is_stream;
	bool is_ended;
	struct buf out; /* of the stream, from out_at */
	size_t out_at;
	uint64_t waits_ns; /* since when out has something; 0: it has not */
};

/* Queue what there is to answer with; false: nothing yet. */
bool request_queue(
    struct listener_request *request, enum MHD_Result *ret_result);
/* Close its connection instead of an answer, now or when it is asked. */
void request_cut(struct listener_request *request);
/* The peer is not there any more: a stream ends, an answer will not. */
void request_hang_up(struct listener_request *request);
struct listener_request *request_new(void); /* NULL: no memory */
void request_free(struct listener_request *request);
/*
 * As a new one, with its memory, but no part of it that is more than max;
 * nothing of what was asked, tokens least of all, stays in it.
 */
void request_clear(struct listener_request *request, size_t max);

#endif

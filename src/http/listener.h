/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * HTTP requests in, answers out: all that the house knows of the library
 * behind it.  A request comes whole (method, target, headers, body, peer) and
 * is answered once, at once or later and from any thread, by a body or by a
 * stream.  What the library would let pass is refused here (guard.h).
 */

#ifndef IAG_HTTP_LISTENER_H
#define IAG_HTTP_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/buf.h"
#include "base/err.h"
#include "http/guard.h"

struct listener;
struct listener_request;
struct certificate;

struct listener_header {
	const char *name;
	const char *value;
};

struct listener_answer {
	unsigned status;
	const char *type; /* Content-Type; NULL: without a body */
	const struct listener_header *headers; /* more of them */
	size_t header_count;
	struct buf *body; /* taken; NULL: none */
	bool is_last;     /* the connection is closed behind it */
};

struct listener_calls {
	/*
	 * The head is there, a body may follow (loop).  Whoever answers here
	 * will not see take(): a body is read and forgotten.
	 */
	void (*head)(void *arg, struct listener_request *request);
	/* All is there: answer, now or later (loop: do not wait in it). */
	void (*take)(void *arg, struct listener_request *request);
	/* The client has gone before its answer, or in its stream. */
	void (*gone)(void *arg, struct listener_request *request);
	/* The request is over; context is what was set, if any. */
	void (*forget)(void *arg, void *context);
	/* May a peer connect at all?  is_exempt: not counted by address. */
	bool (*admit)(
	    void *arg, const struct address *peer, bool *ret_is_exempt);
	void (*tick)(void *arg); /* about once a second, no thread of yours */
};

struct listener_setup {
	const struct listener_calls *calls; /* take() at least */
	void *arg;
	int fd; /* listens; taken, on failure as well */
	struct certificate *certificate; /* borrowed; NULL: no TLS */
	unsigned max_connections;
	unsigned max_per_address; /* 0: no such limit */
	size_t body_max;          /* of one request */
	size_t bodies_max;        /* of all that are being read */
	uint64_t request_ns;      /* for a request to come in */
	uint64_t idle_ns;         /* between two of them */
};

int listener_start(const struct listener_setup *setup,
    struct listener **ret_listener, struct err *err);
/* The address that it has, "127.0.0.1:8080". */
void listener_address(
    const struct listener *listener, char text[ADDRESS_TEXT_SIZE + 8]);
unsigned listener_open(struct listener *listener);    /* connections now */
unsigned listener_running(struct listener *listener); /* requests now */
uint64_t listener_accepted(struct listener *listener);
/* Accept nothing more; connections end with the answer they wait for. */
void listener_quiesce(struct listener *listener);
/* Until no request runs, at most that long; false: some do. */
bool listener_wait(struct listener *listener, uint64_t timeout_ns);
/* Cut what is still open.  Later answers are dropped. */
void listener_stop(struct listener *listener);
void listener_free(struct listener *listener);

/* Of a request: borrowed while it lives. */
const char *listener_method(const struct listener_request *request);
/* Without its query; as it was sent, and never with a '%'. */
const char *listener_path(const struct listener_request *request);
/*
 * NULL: there is none.  Of Accept and X-Forwarded-For all lines, in their
 * order, with a comma between.
 */
const char *listener_header(
    const struct listener_request *request, enum header header);
const struct buf *listener_body(const struct listener_request *request);
const struct address *listener_peer(const struct listener_request *request);

void listener_set_context(struct listener_request *request, void *context);
void *listener_context(const struct listener_request *request);
/* In head(): take less of a body than of others. */
void listener_limit_body(struct listener_request *request, size_t max);
/* Keeps the request beyond take(); whoever answers later needs it. */
struct listener_request *listener_ref(struct listener_request *request);
void listener_unref(struct listener_request *request);

/* Memory that an earlier answer had, for the body of this one. */
struct buf listener_memory(struct listener_request *request);
/* Once for each request; a second one is dropped. */
void listener_answer(
    struct listener_request *request, const struct listener_answer *answer);
/* `{"error":error,"message":message}`; is_last: and close. */
void listener_refuse(struct listener_request *request, unsigned status,
    const char *error, const char *message, bool is_last);
/* An answer without an end; body: what comes first. */
void listener_stream(
    struct listener_request *request, const struct listener_answer *answer);
/* false: nobody reads it any more. */
bool listener_write(
    struct listener_request *request, const char *data, size_t len);
void listener_end(struct listener_request *request);

#endif

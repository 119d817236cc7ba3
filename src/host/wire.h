/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What the services http, session_set and session_get ask of the account's
 * connection.  The connection is set by host_set_wire(); a host without one
 * answers NOTSUP.
 */

#ifndef IAG_HOST_WIRE_H
#define IAG_HOST_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ibkr-agent/plugin.h"

/* A request that the host has found to be declared. */
struct wire_request {
	const struct iag_http_request *http; /* of full size */
	const struct iag_bucket *all;        /* of every request; NULL: none */
	const struct iag_bucket *own;        /* of its route; NULL: none */
	struct iag_ctx *ctx; /* deadline, cancellation, sleep: by services */
	const struct iag_host *services;
	/* WRITE: the point of no return, with the services' own text */
	int32_t (*commit)(struct iag_ctx *ctx);
};

/* What came back; what was sent stays with `sent` also in failures. */
struct wire_answer {
	uint32_t status;
	char *content_type; /* owned; NULL: not given */
	char *body;         /* owned, NUL behind it */
	size_t len;
	uint64_t receipt_ns;
	uint64_t date_ns;
	uint64_t retry_after_ns; /* also of a failure with IAG_LIMIT */
};
void wire_answer_fini(struct wire_answer *answer);

struct host;

struct host_wire {
	void *arg;
	/*
	 * 0: an answer came.  Else a result as plugin.h says for http; *err
	 * has code and text, or none when commit() has said why.
	 */
	int32_t (*exchange)(void *arg, const struct wire_request *request,
	    struct wire_answer *ret_answer, struct err *err);
	int32_t (*session_set)(
	    void *arg, const struct iag_session *session, struct err *err);
	/* ret_session->message is the caller's, to be freed. */
	int32_t (*session_get)(
	    void *arg, struct iag_session *ret_session, struct err *err);
};

/*
 * From now on host->http goes there; zero: nowhere.  Set while no callback
 * that uses it runs.
 */
void host_set_wire(struct host *host, const struct host_wire *wire);

int32_t service_http(struct iag_ctx *ctx,
    const struct iag_http_request *request,
    struct iag_http_response *ret_response);
int32_t service_session_set(
    struct iag_ctx *ctx, const struct iag_session *session);
int32_t service_session_get(
    struct iag_ctx *ctx, struct iag_session *ret_session);

#endif

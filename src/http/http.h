/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * The HTTP door: Streamable HTTP for both eras of MCP at one endpoint, and
 * the metadata of RFC 9728.  Every request says who it is from; a request is
 * answered, and nothing of it is kept.
 */

#ifndef IAG_HTTP_HTTP_H
#define IAG_HTTP_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/auth.h"
#include "base/err.h"
#include "gateway/gateway.h"
#include "tools/principal.h"

struct http;
struct registry;

/*
 * Authentication as the configuration has it; its records go into the
 * gateway's journal.
 */
int http_open_auth(
    struct gateway *gateway, struct auth **ret_auth, struct err *err);

/* All borrowed until http_close(), but listen_fd. */
struct http_setup {
	const struct registry *registry; /* NULL: that of the gateway */
	struct gateway *gateway;
	/* NULL: nobody is asked; only on a loopback address, as principal. */
	struct auth *auth;
	struct principal principal; /* who everybody is without auth */
	const char *bind;           /* --bind; NULL: as configured */
	int listen_fd; /* a socket that listens already, taken; -1: none */
};

/*
 * Listen and serve, on threads of the door's own.  CONFIG_INVALID: the
 * address, the certificate; INTERNAL_ERROR: it cannot listen there.
 * listen_fd is taken on failure, too.
 */
int http_open(
    const struct http_setup *setup, struct http **ret_http, struct err *err);

/* Where it listens: "https://127.0.0.1:8080/mcp"; borrowed. */
const char *http_url(const struct http *http);

/* What the door has done since it was opened, for /metrics. */
struct http_counts {
	uint64_t connections; /* accepted */
	uint64_t requests;    /* answered, whatever with */
	uint64_t refused;     /* of these with 4xx or 5xx */
	unsigned open;        /* connections now */
	unsigned running;     /* requests now */
};
void http_counts(struct http *http, struct http_counts *ret_counts);

/*
 * Accept nothing more; requests that run are answered, at most that long,
 * then their calls are cancelled.  Streams end at once.
 */
void http_stop(struct http *http, uint64_t drain_ns);
/*
 * After http_stop(); closes what is still open.  NULL is fine.  false: a
 * request is stuck in it, for which auth has to stay.
 */
bool http_close(struct http *http);

#endif

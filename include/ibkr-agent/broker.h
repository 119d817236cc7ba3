/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * What a backend and a writer say to the broker over HTTP, by host->http:
 * the connection, its TLS, pacing and penalty box are the host's, and one
 * account's backend and writer share them, in every process on the store.
 * A plugin declares what it may send (routes) and how fast (buckets); what is
 * not declared cannot be sent.
 */

#ifndef IBKR_AGENT_BROKER_H
#define IBKR_AGENT_BROKER_H

#include "ibkr-agent/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a request does; a route and its requests have exactly one of these. */
#define IAG_HTTP_READ 0x1u    /* changes nothing */
#define IAG_HTTP_WRITE 0x2u   /* an order: of writers only */
#define IAG_HTTP_SESSION 0x4u /* opens, keeps or asks for the session */
/* With WRITE: a cancel, which may use what buckets keep in reserve. */
#define IAG_HTTP_URGENT 0x8u
/* With SESSION: begins a brokerage session.  The host notes when it leaves. */
#define IAG_HTTP_OPENING 0x10u

/*
 * One kind of request that a plugin may send.  pattern: segments below
 * broker.base_url, `{name}` for any one, as in "/orders/{order}/status".
 * bucket: the name of one of the plugin's buckets, or NULL.
 */
struct iag_route {
	const char *method; /* "GET", "POST"; of writers also "DELETE" */
	const char *pattern;
	const char *bucket;
	uint32_t flags;    /* IAG_HTTP_* */
	uint32_t reserved; /* 0 */
};

/*
 * A limit of the broker: at most `tokens` requests in any window_ns, at most
 * `concurrent` at once (0: any number).  A token comes back window_ns after
 * it was taken; tokens 0: no such limit.  `reserve` of the tokens are kept
 * for requests with SESSION or URGENT.  A bucket named "all" holds every
 * request.  Buckets of one name are one, also across plugins and processes.
 */
struct iag_bucket {
	const char *name; /* [a-z][a-z0-9_]* */
	uint64_t window_ns;
	uint32_t tokens; /* at most 64 */
	uint32_t concurrent;
	uint32_t reserve;  /* less than tokens */
	uint32_t reserved; /* 0 */
};

/*
 * One request.  path is what the pattern of the route became: segments
 * filled in and percent-encoded.  Query values are encoded by the host.
 */
struct iag_http_request {
	uint32_t struct_size;
	uint32_t flags; /* those of the route */
	const char *method;
	const char *pattern;
	const char *path;
	const char *const *query; /* name, value, name, value, ... */
	size_t query_count;       /* strings in query: twice the pairs */
	struct iag_bytes body;    /* of a POST; empty: none but its length */
	const char *content_type; /* NULL: application/json */
	uint64_t timeout_ns;      /* of the exchange; 0: as the host likes */
};

/* The answer; strings and bytes are interned. */
struct iag_http_response {
	uint32_t struct_size;
	uint32_t status;          /* 200, ...; redirects are not followed */
	const char *content_type; /* "" if not given */
	struct iag_bytes body;    /* as it came, at most 4 MiB; NUL behind */
	uint64_t receipt_ns;      /* real time when it was complete */
	uint64_t date_ns;         /* of its Date header; 0: not given */
	uint64_t retry_after_ns;  /* with 429: not before; 0: now */
};

/* Facts about the session of a connection. */
#define IAG_SESSION_LOGIN 0x01u /* somebody has logged in at the gateway */
#define IAG_SESSION_AUTHENTICATED 0x02u
#define IAG_SESSION_CONNECTED 0x04u
#define IAG_SESSION_ESTABLISHED 0x08u
#define IAG_SESSION_COMPETING 0x10u /* another login has the session */
#define IAG_SESSION_PRIMED 0x20u    /* the accounts were asked for in it */
#define IAG_SESSION_READY 0x40u     /* the host's own verdict */

/*
 * What is known of the session.  Given to the host: `known` says which facts
 * were told, `facts` which of these hold; one that does not hold takes those
 * that rest on it away.  READY, epoch and seen_ns are the host's.
 */
struct iag_session {
	uint32_t struct_size;
	uint32_t known;
	uint32_t facts;
	uint32_t reserved;
	uint64_t epoch;      /* another number: another brokerage session */
	uint64_t seen_ns;    /* real time of the last fact; 0: never */
	uint64_t expires_ns; /* the login ends in so long; 0: not told */
	const char *message; /* of the broker, for people; NULL: none */
};

/* Steps of iag_backend_ops.session: what the host asks for. */
#define IAG_SESSION_STEP_STATUS 1  /* ask how the session stands */
#define IAG_SESSION_STEP_KEEP 2    /* keep it alive (tickle), and the same */
#define IAG_SESSION_STEP_OPEN 3    /* open it, not taking it from another */
#define IAG_SESSION_STEP_COMPETE 4 /* open it, taking it over */
#define IAG_SESSION_STEP_PRIME 5   /* ask for the accounts */

#ifdef __cplusplus
}
#endif

#endif

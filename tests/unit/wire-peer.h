/* SPDX-License-Identifier: MIT */
/* Copyright (C) 2026 the ibkr-agent-gateway authors */

/*
 * A gateway for tests of single exchanges: it listens on loopback, writes
 * down every request and does what a script says with it.
 */

#ifndef IAG_TEST_WIRE_PEER_H
#define IAG_TEST_WIRE_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer;

/* The certificate of a peer over TLS; self-signed, an authority of its own. */
struct peer_cert {
	const char *name; /* in its SAN */
	bool expired;
	bool only_tls12;
};

/* What becomes of one request. */
struct peer_reply {
	const char *text; /* sent as it is; NULL: nothing */
	size_t filler;    /* bytes of 'x' behind it */
	bool hangs;       /* then nothing more until the client goes */
	bool closes;      /* then the connection is closed */
};

/* cert NULL: without TLS. */
struct peer *peer_start(const struct peer_cert *cert);
void peer_stop(struct peer *peer);

/* From now on: the first request gets the first reply, the last one stays. */
void peer_script(
    struct peer *peer, const struct peer_reply *replies, size_t count);

/* "http://127.0.0.1:PORT/v1/api", https with TLS (and localhost). */
const char *peer_url(const struct peer *peer);
/* A file (PEM) with the certificate, in TMPDIR. */
const char *peer_ca_file(const struct peer *peer);
/* SHA-256 of its public key. */
const uint8_t *peer_pin(const struct peer *peer);

/* Requests that were read so far, whole. */
unsigned peer_count(struct peer *peer);
/* Head and body of one; and the number of the connection that it came on. */
const char *peer_request(struct peer *peer, unsigned at);
unsigned peer_connection(struct peer *peer, unsigned at);
/* Until so many requests were read. */
void peer_wait(struct peer *peer, unsigned count);

#endif
